//! One phase: its rounds of load, its quiet, and what was measured in it.

mod care;
mod load;

use super::Shared;
use super::quiesce::{self, Quieting};
use super::recorder::Recorder;
use super::server::Live;
use crate::load::record::Record;
use crate::measure::case::{PhaseData, Round};
use crate::plan::phase_words;
use crate::probe::sampler::Sampler;
use crate::report::model::WorldError;
use crate::run::progress::Event;
use crate::scenario::PhaseSpec;
use crate::stop::{Stop, StopLevel};
pub(super) use care::DIED;
use std::sync::Arc;
use std::time::Duration;

/// A server with its sampler, for the length of a case.
pub struct Watched<'a> {
    pub live: &'a Live,
    /// The series that are to settle in a quiet end.
    pub rests: Vec<String>,
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
            open_loop: spec.is_open_loop(),
            judged: spec.is_judged(),
            rounds: Vec::new(),
            records: Vec::new(),
            notes: Vec::new(),
            client_delay: None,
            replicas: None,
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
        data.notes.extend(oddities(&data.records));
        self.recorder.flush(&spec.name);
        if let Some(error) = &error {
            data.not_run = Some(error.message.clone());
        } else if self.stop.level() > StopLevel::Run {
            data.interrupted = true;
            let why = self.shared.limits.ended();
            data.not_run = Some(why.unwrap_or("the run was interrupted").into());
        }
        self.shared.progress.event(Event::PhaseEnded {
            name: spec.name.clone(),
            seconds: data.end - data.start,
            summary: ended(&data.records),
        });
        PhaseEnd { data, error }
    }

    async fn rounds(&self, spec: &PhaseSpec, data: &mut PhaseData) -> Result<(), WorldError> {
        let prepared: Result<Vec<load::Prepared>, WorldError> =
            spec.loads.iter().map(|load| self.prepare(load)).collect();
        let prepared = prepared?;
        for round in 0..spec.repeat {
            if self.stop.level() > StopLevel::Run {
                break;
            }
            if round > 0 {
                self.wait(spec.pause, "pause").await?;
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
                ..Round::default()
            };
            let quiet = match loaded {
                Ok(()) => self.quiet(spec, data).await,
                Err(problem) => Err(problem),
            };
            if let Ok(Some((watched, quiet))) = quiet {
                this.watched = Some(watched);
                this.quiet = Some(quiet);
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

    /// Drains, flushes, settles and idles, as the phase says. Since when it was watched whether
    /// memory settles, and the quiet stretch.
    async fn quiet(
        &self,
        spec: &PhaseSpec,
        data: &mut PhaseData,
    ) -> Result<Option<(f64, (f64, f64))>, WorldError> {
        self.aftermath().await?;
        if self.stop.level() > StopLevel::Run {
            return Ok(None);
        }
        if spec.quiesce {
            self.flush(data).await;
        }
        let mut found = None;
        if spec.quiesce || spec.idle.is_some() {
            let begun = self.shared.clock.now();
            let quieting = Quieting {
                shared: self.shared,
                servers: self.servers,
                sample: self.sample,
                stop: self.stop,
                begun,
                waits: spec.quiesce,
                idle: spec.idle,
            };
            let quiet = quieting
                .wait(self.wait(spec.idle.unwrap_or_default(), "idle"))
                .await?;
            found = Some((begun, (quiet.from, quiet.to)));
            data.notes.extend(quiet.notes);
        }
        self.alive()?;
        Ok(found)
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
}

/// What was odd about requests that are counted like the others.
fn oddities(records: &[Record]) -> Vec<String> {
    let note = |odd: fn(&Record) -> bool, one: &str, many: &str, what: &str| match records
        .iter()
        .filter(|record| odd(record))
        .count()
    {
        0 => None,
        1 => Some(format!("1 {one} {what}")),
        n => Some(format!("{n} {many} {what}")),
    };
    let resent = note(
        |record| record.resent,
        "request was",
        "requests were",
        "sent again because the server had closed the kept connection; `keep_alive = false` in \
         the `api` block of its engine avoids it",
    );
    let unmarked = note(
        |record| record.unmarked,
        "answer",
        "answers",
        "ended whole but without [DONE]; an engine that sends none says `done_marker = false` in \
         its `api` block",
    );
    resent.into_iter().chain(unmarked).collect()
}

fn ended(records: &[Record]) -> String {
    let answered = records.iter().filter(|record| record.answered()).count();
    match records.len() {
        0 => "done".into(),
        all if all == answered => format!("{all} requests answered"),
        all => format!("{answered} of {all} requests answered"),
    }
}
