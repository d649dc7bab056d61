//! Looks after the servers while a phase goes on, and shows how far it is.

use super::Stage;
use crate::load::live::Live as LiveLoad;
use crate::report::model::WorldError;
use crate::run::error;
use crate::run::progress::{Event, Limit, Reading};
use crate::stop::StopLevel;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// How often progress is shown and servers are looked after.
pub(super) const TICK: Duration = Duration::from_millis(250);

/// The kind of error where a server ended by itself.
pub(in crate::run) const DIED: &str = "server_died";

/// How long the end of a server may take to be seen after its connections broke.
const AFTERMATH: Duration = Duration::from_millis(500);

impl Stage<'_> {
    /// Looks after the servers once a load is over: one that died in its last moments broke
    /// connections, and its end may be seen a moment later than theirs.
    pub(super) async fn aftermath(&self) -> Result<(), WorldError> {
        let watched = self.servers.iter().any(|server| server.live.is_watched());
        if watched && self.recorder.broken() {
            let _ = tokio::time::timeout(AFTERMATH, self.one_ends()).await;
        }
        self.alive()
    }

    /// Resolves when one of the servers whose process is known has ended.
    pub(super) async fn one_ends(&self) {
        let ends: Vec<_> = self
            .servers
            .iter()
            .map(|server| Box::pin(server.live.end()))
            .collect();
        if ends.is_empty() {
            return std::future::pending().await;
        }
        futures_util::future::select_all(ends).await;
    }

    /// Waits, and looks after the servers meanwhile. `what` is waited for: `idle`.
    pub(super) async fn wait(&self, duration: Duration, what: &str) -> Result<(), WorldError> {
        let from = self.shared.clock.now();
        let all = duration.as_secs_f64();
        loop {
            let waited = self.shared.clock.now() - from;
            if waited >= all || self.stop.level() > StopLevel::Run {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_secs_f64(all - waited).min(TICK)).await;
            self.shared.progress.event(Event::Waiting {
                what: what.into(),
                waited_s: self.shared.clock.now() - from,
                limit: Limit::Exactly(all),
                memory: self.memory().0,
            });
            self.alive()?;
        }
    }

    /// The same error, with all that the server had written when it ended.
    pub(super) async fn last_words(&self, error: WorldError) -> WorldError {
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
    pub(super) fn alive(&self) -> Result<(), WorldError> {
        for server in self.servers {
            if let Some(how) = server.live.ended() {
                let running = server.live.running.as_ref();
                let tail = running
                    .map(|r| r.server.log_tail(20))
                    .filter(|tail| !tail.is_empty());
                let help = match running {
                    Some(_) => error::SEE_LOG,
                    None => error::NOT_OURS,
                };
                return Err(WorldError {
                    log_tail: tail.map(|tail| tail.join("\n")),
                    ..error::other(
                        DIED,
                        format!("the server `{}` {how}", server.live.spec.name),
                        Some(help),
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

    /// Says how it goes. `drained_by`: nothing more is sent, and by when each load's requests have
    /// ended.
    pub(super) fn tick(
        &self,
        live: &[Arc<LiveLoad>],
        round: Option<(u64, u64)>,
        drained_by: Option<Vec<f64>>,
        pace: &mut Pace,
    ) {
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
        let drained_by = drained_by.filter(|_| sums.in_flight > 0);
        sums.drained_in = drained_by.map(|ends| {
            let last = ends.into_iter().fold(0.0, f64::max);
            (last - self.shared.clock.now()).max(0.0)
        });
        (sums.memory, sums.gpu_memory) = self.memory();
        sums.rate = pace.of(self.shared.clock.now(), sums.done);
        self.shared.progress.event(Event::PhaseTick(sums));
    }

    /// What the servers hold, and what is in use on their GPUs; bytes.
    fn memory(&self) -> (Option<f64>, Option<f64>) {
        let mut memory = None;
        // servers may share GPUs
        let mut gpus = BTreeMap::new();
        for server in self.servers {
            memory = sum(memory, server.sampler.latest().memory);
            gpus.extend(server.sampler.latest_gpus());
        }
        (memory, (!gpus.is_empty()).then(|| gpus.values().sum()))
    }
}

/// The pace of late, from the counts at earlier ticks.
#[derive(Default)]
pub(super) struct Pace(VecDeque<(f64, u64)>);

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
