//! One phase: its rounds of load, its quiet, and what was measured in it.

use super::recorder::Recorder;
use super::server::Live;
use super::{Shared, error, quiesce, requests};
use crate::load::client::Client;
use crate::load::drive::{EndedBy, LoadEnd, RequestSource, drive};
use crate::load::live::Live as LiveLoad;
use crate::load::record::Record;
use crate::load::spec::Load;
use crate::measure::case::{PhaseData, Round};
use crate::plan::phase_words;
use crate::probe::sampler::Sampler;
use crate::report::model::WorldError;
use crate::run::progress::{Event, Reading};
use crate::scenario::{LoadSpec, PhaseSpec, WorkloadSpec};
use crate::stop::{Stop, StopLevel, stop_pair};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// How often progress is shown and servers are looked after.
const TICK: Duration = Duration::from_millis(250);

/// The kind of error where a server ended by itself.
const DIED: &str = "server_died";

/// How long the end of a server may take to be seen after its connections broke.
const AFTERMATH: Duration = Duration::from_millis(500);

/// A server with its sampler, for the length of a case.
pub struct Watched<'a> {
    pub live: &'a Live,
    pub sampler: Arc<Sampler>,
}

/// What a phase needs of its case.
pub struct Stage<'a> {
    pub shared: &'a Arc<Shared>,
    pub servers: &'a [Watched<'a>],
    pub recorder: &'a Arc<Recorder>,
    pub sample: Duration,
    /// On the run's clock: when the case must have ended.
    pub deadline: f64,
    pub stop: &'a Stop,
}

/// A phase that ran, wholly or not; and what went wrong.
pub struct PhaseEnd {
    pub data: PhaseData,
    pub error: Option<WorldError>,
}

/// What a load of the phase is made of.
struct Prepared {
    load: Load,
    client: Arc<Client>,
    source: Arc<requests::Requests>,
    workload: Arc<WorkloadSpec>,
    live: Arc<LiveLoad>,
}

impl Stage<'_> {
    /// Runs the phase.
    pub async fn run(&self, spec: &PhaseSpec) -> PhaseEnd {
        let clock = self.shared.clock;
        if spec.skipped.is_none() {
            self.scrape().await;
        }
        let mut data = PhaseData {
            name: spec.name.clone(),
            doc: spec.doc.clone(),
            measured: spec.measured,
            skipped: spec.skipped.clone(),
            not_run: None,
            interrupted: false,
            start: clock.now(),
            end: clock.now(),
            load_names: spec
                .loads
                .iter()
                .filter_map(|load| load.load.name.clone())
                .collect(),
            load_text: phase_words(spec),
            rounds: Vec::new(),
            records: Vec::new(),
            notes: Vec::new(),
        };
        if spec.skipped.is_some() {
            return PhaseEnd { data, error: None };
        }
        let started = serde_json::json!({ "phase": spec.name, "start": data.start });
        self.shared.log("phase_started", started);
        self.shared.progress.event(Event::phase_started(spec));
        let error = match self.rounds(spec, &mut data).await {
            Err(error) if error.kind == DIED => Some(self.last_words(error).await),
            other => other.err(),
        };
        // counters of a phase that was cut short decide nothing
        if error.is_none() && self.stop.level() == StopLevel::Run {
            self.scrape().await;
        }
        data.end = clock.now();
        data.records.extend(self.recorder.drain());
        self.recorder.flush(&spec.name);
        if let Some(error) = &error {
            data.not_run = Some(error.message.clone());
        } else if self.stop.level() > StopLevel::Run {
            data.interrupted = true;
            data.not_run = Some("the run was interrupted".into());
        }
        self.shared.progress.event(Event::PhaseEnded {
            name: spec.name.clone(),
            seconds: data.end - data.start,
            summary: ended(&data.records),
        });
        PhaseEnd { data, error }
    }

    async fn rounds(&self, spec: &PhaseSpec, data: &mut PhaseData) -> Result<(), WorldError> {
        let prepared: Result<Vec<Prepared>, WorldError> =
            spec.loads.iter().map(|load| self.prepare(load)).collect();
        let prepared = prepared?;
        for round in 0..spec.repeat {
            if self.stop.level() > StopLevel::Run {
                break;
            }
            if round > 0 {
                self.wait(spec.pause, &[]).await?;
            }
            if spec.flush {
                self.flush(data).await;
            }
            let start = self.shared.clock.now();
            let loaded = match prepared.is_empty() {
                true => Ok(()),
                false => self.load(spec, round, &prepared, data).await,
            };
            let mut this = Round {
                start,
                end: self.shared.clock.now(),
                quiet: None,
            };
            let quiet = match loaded {
                Ok(()) => self.quiet(spec, data).await,
                Err(problem) => Err(problem),
            };
            if let Ok(Some(from)) = quiet {
                this.quiet = Some((from, self.shared.clock.now()));
            }
            // also where it broke off: what was measured until then is kept
            data.rounds.push(this);
            let ended = serde_json::json!({ "phase": spec.name, "measured": this });
            self.shared.log("round_ended", ended);
            quiet?;
            if self.stop.level() > StopLevel::Run {
                break;
            }
            if spec.quiesce || round + 1 == spec.repeat {
                self.checkpoint().await;
            }
        }
        Ok(())
    }

    /// Drains, flushes, settles and idles, as the phase says; the start of the quiet stretch.
    async fn quiet(
        &self,
        spec: &PhaseSpec,
        data: &mut PhaseData,
    ) -> Result<Option<f64>, WorldError> {
        let mut from = None;
        self.aftermath().await?;
        if self.stop.level() > StopLevel::Run {
            return Ok(None);
        }
        if spec.quiesce {
            self.flush(data).await;
            for server in self.servers {
                let (since, notes) = quiesce::settle(
                    self.shared,
                    server.live,
                    &server.sampler,
                    self.sample,
                    self.stop,
                )
                .await;
                from = Some(from.map_or(since, |other: f64| other.max(since)));
                data.notes.extend(notes);
            }
        }
        if let Some(idle) = spec.idle {
            from.get_or_insert(self.shared.clock.now());
            self.wait(idle, &[]).await?;
        }
        self.alive()?;
        Ok(from)
    }

    async fn flush(&self, data: &mut PhaseData) {
        for server in self.servers {
            for problem in quiesce::flush(server.live, self.stop).await {
                if !data.notes.contains(&problem) {
                    data.notes.push(problem);
                }
            }
        }
    }

    /// Proportional memory, now; reading it blocks for a while.
    async fn checkpoint(&self) {
        for server in self.servers {
            let sampler = server.sampler.clone();
            let _ = tokio::task::spawn_blocking(move || sampler.checkpoint()).await;
        }
    }

    /// Reads the engines' metrics, now: counters are compared between a phase's ends.
    async fn scrape(&self) {
        let scrapes = self.servers.iter().map(|server| {
            let sampler = server.sampler.clone();
            tokio::task::spawn_blocking(move || sampler.scrape())
        });
        let mut stop = self.stop.clone();
        tokio::select! {
            _ = futures_util::future::join_all(scrapes) => {}
            () = stop.reached(StopLevel::Finish) => {}
        }
    }

    fn prepare(&self, spec: &LoadSpec) -> Result<Prepared, WorldError> {
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
        if let Err(why) = client.prepare(&source.request(0)) {
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
            source: Arc::new(source),
            workload: Arc::new(spec.workload.clone()),
            live: Arc::new(LiveLoad::new()),
        })
    }

    /// All loads of one round, at once; looks after the servers meanwhile.
    async fn load(
        &self,
        spec: &PhaseSpec,
        round: u64,
        prepared: &[Prepared],
        data: &mut PhaseData,
    ) -> Result<(), WorldError> {
        let (stopper, stop) = stop_pair();
        let tasks: Vec<_> = prepared
            .iter()
            .map(|one| {
                let mut load = one.load.clone();
                // each repetition draws its own arrivals
                load.seed = load.seed.wrapping_add(round);
                let (phase, name) = (spec.name.clone(), load.name.clone());
                let (recorder, workload) = (self.recorder.clone(), one.workload.clone());
                let take = move |mut record: Record| {
                    record.round = u32::try_from(round).unwrap_or(u32::MAX);
                    record.load.clone_from(&name);
                    recorder.take(&phase, &workload, record);
                };
                let (client, source, live) =
                    (one.client.clone(), one.source.clone(), one.live.clone());
                let (clock, stop) = (self.shared.clock, stop.clone());
                tokio::spawn(async move {
                    drive(&load, client, source, clock, stop, live, Arc::new(take)).await
                })
            })
            .collect();
        let live: Vec<Arc<LiveLoad>> = prepared.iter().map(|one| one.live.clone()).collect();
        let rounds = (spec.repeat > 1).then_some((round + 1, spec.repeat));
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
                () = tokio::time::sleep(TICK) => self.tick(&live, rounds, &mut pace),
            }
            if !ending {
                problem = self.alive().err();
                ending = problem.is_some() || self.stop.level() > StopLevel::Run;
            }
            if ending {
                stopper.raise(StopLevel::Finish);
            }
        };
        for end in ends {
            match end {
                Ok(end) => note(&end, data),
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

    /// Looks after the servers once a load is over: one that died in its last moments broke
    /// connections, and its end may be seen a moment later than theirs.
    async fn aftermath(&self) -> Result<(), WorldError> {
        let ours = self
            .servers
            .iter()
            .any(|server| server.live.running.is_some());
        if ours && self.recorder.broken() {
            let _ = tokio::time::timeout(AFTERMATH, self.one_ends()).await;
        }
        self.alive()
    }

    /// Resolves when one of the servers that scn started has ended.
    async fn one_ends(&self) {
        let running = self
            .servers
            .iter()
            .filter_map(|server| server.live.running.as_ref());
        let ends: Vec<_> = running
            .map(|running| Box::pin(running.server.ended()))
            .collect();
        if ends.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(ends).await;
    }

    /// Waits, and looks after the servers meanwhile.
    async fn wait(&self, duration: Duration, live: &[Arc<LiveLoad>]) -> Result<(), WorldError> {
        let until = self.shared.clock.now() + duration.as_secs_f64();
        let mut pace = Pace::default();
        loop {
            let left = until - self.shared.clock.now();
            if left <= 0.0 || self.stop.level() > StopLevel::Run {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs_f64(left).min(TICK)).await;
            self.tick(live, None, &mut pace);
            self.alive()?;
        }
    }

    /// The same error, with all that the server had written when it ended.
    async fn last_words(&self, error: WorldError) -> WorldError {
        for running in self
            .servers
            .iter()
            .filter_map(|server| server.live.running.as_ref())
        {
            if running.server.exited().is_some() {
                running.server.settle_log().await;
            }
        }
        self.alive().err().unwrap_or(error)
    }

    /// Whether every server still runs, the time is not over and the disk takes what is written.
    fn alive(&self) -> Result<(), WorldError> {
        for server in self.servers {
            if let Some(how) = server.live.ended() {
                let running = server.live.running.as_ref();
                let tail = running
                    .map(|r| r.server.log_tail(20))
                    .filter(|tail| !tail.is_empty());
                return Err(WorldError {
                    log_tail: tail.map(|tail| tail.join("\n")),
                    ..error::other(
                        DIED,
                        format!("the server `{}` {how}", server.live.spec.name),
                        Some(error::SEE_LOG),
                    )
                });
            }
        }
        if self.shared.clock.now() > self.deadline {
            return Err(error::other(
                "case_timeout",
                "the case took longer than its `timeout`",
                Some("raise `timeout` in the scenario, or send fewer requests"),
            ));
        }
        match self.shared.take_problem() {
            Some(problem) => Err(problem),
            None => Ok(()),
        }
    }

    fn tick(&self, live: &[Arc<LiveLoad>], round: Option<(u64, u64)>, pace: &mut Pace) {
        let mut sums = Reading {
            round,
            ..Reading::default()
        };
        for reading in live.iter().map(|one| one.reading()) {
            sums.done += reading.ok + reading.failed;
            sums.failed += reading.failed;
            sums.in_flight += reading.in_flight;
            sums.ttft_p50 = most(sums.ttft_p50, reading.ttft_recent_median);
            sums.ttft_p95 = most(sums.ttft_p95, reading.ttft_recent_p95);
        }
        for latest in self.servers.iter().map(|server| server.sampler.latest()) {
            sums.memory = sum(sums.memory, latest.memory);
            // every server's sampler sees all GPUs
            sums.gpu_memory = most(sums.gpu_memory, latest.gpu_memory);
        }
        sums.rate = pace.of(self.shared.clock.now(), sums.done);
        self.shared.progress.event(Event::PhaseTick(sums));
    }
}

/// The pace of late, from the counts at earlier ticks.
#[derive(Default)]
struct Pace(VecDeque<(f64, u64)>);

impl Pace {
    /// Over about the last two seconds.
    const TICKS: usize = 8;

    fn of(&mut self, now: f64, done: u64) -> Option<f64> {
        self.0.push_back((now, done));
        if self.0.len() > Self::TICKS {
            self.0.pop_front();
        }
        let (then, before) = *self.0.front()?;
        (now > then && done >= before).then(|| (done - before) as f64 / (now - then))
    }
}

fn sum(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.map_or(b, |a| Some(a + b.unwrap_or(0.0)))
}

fn most(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    a.map_or(b, |a| Some(b.map_or(a, |b| a.max(b))))
}

/// What a reader must know of how a load ended.
fn note(end: &LoadEnd, data: &mut PhaseData) {
    if end.dropped > 0 {
        data.notes.push(format!(
            "{} requests were due but never sent, because the run was stopped",
            end.dropped
        ));
    }
    if end.stopped_by == EndedBy::Drain && end.cancelled > 0 {
        data.notes.push(format!(
            "{} requests were still unanswered when the drain was over",
            end.cancelled
        ));
    }
}

fn ended(records: &[Record]) -> String {
    let answered = records.iter().filter(|record| record.answered()).count();
    match records.len() {
        0 => "done".into(),
        all if all == answered => format!("{all} requests answered"),
        all => format!("{answered} of {all} requests answered"),
    }
}
