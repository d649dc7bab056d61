//! The loads of one round of a phase, all at once.

use super::Stage;
use super::care::{Pace, TICK};
use crate::load::client::Client;
use crate::load::delay::{Meter, RunDelay};
use crate::load::drive::{EndedBy, LoadEnd, RequestSource, drive};
use crate::load::live::{Live as LiveLoad, LiveReading};
use crate::load::record::Record;
use crate::load::seed;
use crate::load::spec::Load;
use crate::measure::case::PhaseData;
use crate::probe::Unavailable;
use crate::report::model::WorldError;
use crate::run::{error, requests};
use crate::scenario::{LoadSpec, PhaseSpec, WorkloadSpec};
use crate::stop::{StopLevel, stop_pair};
use std::sync::Arc;

/// What a load of the phase is made of.
pub(super) struct Prepared {
    load: Load,
    client: Arc<Client>,
    source: Arc<requests::Requests>,
    seeded: bool,
    workload: Arc<WorkloadSpec>,
    live: Arc<LiveLoad>,
}

/// Once nothing more is sent: when the last of what is in flight has ended or timed out, on the
/// run's clock, at the latest. `start` is the round's, and `before` what was sent before it.
fn drained_by(
    load: &Load,
    live: &LiveReading,
    (start, before): (f64, u64),
    now: f64,
) -> Option<f64> {
    let all = load
        .requests
        .is_some_and(|most| live.started - before >= most);
    let limit = load.duration.map(|limit| start + limit.as_secs_f64());
    if !all && limit.is_none_or(|limit| now < limit) {
        return None;
    }
    let timed_out = live.last_start + load.timeout.as_secs_f64();
    let over = match all {
        true => live.last_start,
        false => limit.unwrap_or(now),
    };
    let drained = load.drain.map(|drain| over + drain.as_secs_f64());
    Some(drained.map_or(timed_out, |drained| drained.min(timed_out)))
}

impl Stage<'_> {
    pub(super) fn prepare(&self, spec: &LoadSpec) -> Result<Prepared, WorldError> {
        let live = self
            .servers
            .iter()
            .map(|s| s.live)
            .find(|live| live.spec.name == spec.server);
        let live = live.ok_or_else(|| {
            error::other(
                "no_server",
                format!("there is no server `{}`", spec.server),
                None,
            )
        })?;
        let client = live.client(Some(&spec.workload.api))?;
        let source = requests::prepare(&spec.workload)?;
        // what one request cannot say, none of the load can
        let source = Arc::new(source);
        let first = requests::Round::new(source.clone(), &spec.load).request(0);
        if let Err(why) = client.prepare(&first) {
            let message = format!(
                "the workload `{}` cannot be sent: {why}",
                spec.workload.name
            );
            return Err(error::other(
                "bad_request",
                message,
                Some("mend the workload; nothing of this phase was sent"),
            ));
        }
        Ok(Prepared {
            load: spec.load.clone(),
            client: Arc::new(client),
            source,
            seeded: spec.seeded,
            workload: spec.workload.clone(),
            live: Arc::new(LiveLoad::new()),
        })
    }

    /// All loads of one round, at once; looks after the servers meanwhile.
    pub(super) async fn load(
        &self,
        spec: &PhaseSpec,
        round: u64,
        prepared: &[Prepared],
        data: &mut PhaseData,
    ) -> Result<(), WorldError> {
        let (stopper, stop) = stop_pair();
        let meter = Meter::start();
        let before: Vec<u64> = prepared
            .iter()
            .map(|one| one.live.reading().started)
            .collect();
        let tasks: Vec<_> = prepared
            .iter()
            .map(|one| {
                let mut load = one.load.clone();
                let (phase, name) = (spec.name.clone(), load.name.clone());
                // each load and each repetition draws its own arrivals
                let written = load.seed;
                load.seed = seed::of_load(written, round, &phase, name.as_deref());
                load.lengths_seed = match one.seeded {
                    true => seed::of_lengths(written, round),
                    false => load.seed,
                };
                let (recorder, workload) = (self.recorder.clone(), one.workload.clone());
                let take = move |mut record: Record| {
                    record.round = u32::try_from(round).unwrap_or(u32::MAX);
                    record.load.clone_from(&name);
                    recorder.take(&phase, &workload, record);
                };
                let source = Arc::new(requests::Round::new(one.source.clone(), &load));
                let (client, live) = (one.client.clone(), one.live.clone());
                let (clock, stop) = (self.shared.clock, stop.clone());
                tokio::spawn(async move {
                    drive(&load, client, source, clock, stop, live, Arc::new(take)).await
                })
            })
            .collect();
        let live: Vec<Arc<LiveLoad>> = prepared.iter().map(|one| one.live.clone()).collect();
        let rounds = (spec.repeat > 1).then_some((round + 1, spec.repeat));
        let start = self.shared.clock.now();
        let drained_by = || -> Option<Vec<f64>> {
            let now = self.shared.clock.now();
            let each = prepared.iter().zip(&before).map(|(one, before)| {
                drained_by(&one.load, &one.live.reading(), (start, *before), now)
            });
            each.collect()
        };
        let mut pace = Pace::default();
        let all = futures_util::future::join_all(tasks);
        tokio::pin!(all);
        let mut problem = None;
        let mut ending = false;
        let mut asked = self.stop.clone();
        let ends = loop {
            tokio::select! {
                ends = &mut all => break ends,
                () = self.one_ends(), if !ending => {}
                () = asked.reached(StopLevel::Finish), if !ending => {}
                () = tokio::time::sleep(TICK) => self.tick(&live, rounds, drained_by(), &mut pace),
            }
            if !ending {
                problem = self.alive().err();
                ending = problem.is_some() || self.stop.level() > StopLevel::Run;
            }
            if ending {
                stopper.raise(StopLevel::Finish);
            }
        };
        keep_delay(data, meter.stop());
        // nothing is in flight any more, whatever comes next
        self.tick(&live, rounds, Some(Vec::new()), &mut pace);
        for end in ends {
            match end {
                Ok(end) => {
                    note(&end, data);
                    if let Some(delay) = end.pacer_delay {
                        keep_delay(data, delay);
                    }
                }
                Err(panic) => {
                    return Err(error::other(
                        "internal",
                        format!("a load broke off: {panic}"),
                        None,
                    ));
                }
            }
        }
        problem.map_or(Ok(()), Err)
    }
}

/// `1 request`, `was`
fn counted(requests: u64) -> (String, &'static str) {
    match requests {
        1 => ("1 request".into(), "was"),
        many => (format!("{many} requests"), "were"),
    }
}

/// What a reader must know of how a load ended.
fn note(end: &LoadEnd, data: &mut PhaseData) {
    if end.dropped > 0 {
        let (many, were) = counted(end.dropped);
        data.notes.push(format!(
            "{many} {were} due but never sent, because the run was stopped"
        ));
    }
    if end.stopped_by == EndedBy::Drain && end.cancelled > 0 {
        let (many, were) = counted(end.cancelled);
        data.notes.push(format!(
            "{many} {were} still unanswered when the drain was over"
        ));
    }
}

/// Adds what the client's threads waited for a core; what is not known of one is not known of all.
fn keep_delay(data: &mut PhaseData, delay: Result<RunDelay, String>) {
    let delay = delay.map_err(Unavailable);
    data.client_delay = Some(match (data.client_delay.take(), delay) {
        (None, delay) => delay,
        (Some(before), delay) => before.and_then(|before| Ok(before + delay?)),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::spec::Pace;
    use std::time::Duration;

    #[test]
    fn what_is_in_flight_at_the_end_times_out_or_is_drained() {
        let seconds = |n| Some(Duration::from_secs(n));
        let load = |requests, duration, drain| Load {
            name: None,
            pace: Pace::Closed {
                concurrency: 2,
                think: Duration::ZERO.into(),
            },
            requests,
            duration,
            drain,
            timeout: Duration::from_secs(60),
            seed: 0,
            lengths_seed: 0,
        };
        // a second round from 100 s on; 10 were sent in the first
        let by = |load: &Load, started, now| {
            let live = LiveReading {
                started,
                last_start: 102.5,
                ..LiveReading::default()
            };
            drained_by(load, &live, (100.0, 10), now)
        };
        let timed = load(None, seconds(3), None);
        assert_eq!(by(&timed, 20, 102.9), None, "it still sends");
        assert_eq!(by(&timed, 20, 103.1), Some(162.5));
        assert_eq!(
            by(&load(None, seconds(3), seconds(5)), 20, 104.0),
            Some(108.0)
        );
        let counted = load(Some(10), None, None);
        assert_eq!(by(&counted, 19, 103.0), None, "of this round one is left");
        assert_eq!(by(&counted, 20, 103.0), Some(162.5));
    }
}
