//! What a run tells while it goes on. The run only says what happens; what becomes of it on a
//! screen, in a log file or nowhere is decided by who listens.

mod listener;
mod live;
mod plain;
mod said;
mod screen;
mod view;

use crate::plan;
use crate::report::model::Verdict;
use crate::scenario::PhaseSpec;
use crate::stop::StopLevel;
use console::Term;
use listener::Listener;
use said::Detail;
use std::path::PathBuf;

/// Something that happened. Texts may hold what a server wrote: listeners strip escapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    RunStarted {
        /// Those of them that cannot work, and do not run.
        left_out: usize,
        cases: usize,
        launches: usize,
        folder: PathBuf,
    },
    /// A server is started, or asked, where it runs already. `number` is of the plan's launches;
    /// `again`: one of the same launch was started before. `command` is as people read it, without
    /// secrets; of one that runs already its URL.
    LaunchStarting {
        number: u32,
        again: bool,
        server: String,
        engine: String,
        command: String,
        runs_already: bool,
    },
    /// Said every few seconds until the server is ready, with the last line of its log.
    LaunchWaiting {
        number: u32,
        server: String,
        waited_s: f64,
        log: Option<String>,
    },
    /// `after_s` from its start, as in the results; none for a server that ran already.
    LaunchReady {
        number: u32,
        server: String,
        after_s: Option<f64>,
    },
    /// The case that it was started for ends with the same as its error.
    LaunchFailed {
        number: u32,
        server: String,
        message: String,
    },
    /// A server is asked to end.
    LaunchStopping { number: u32, server: String },
    /// A line of a server's log, without secrets.
    ServerSaid { server: String, line: String },
    /// `index` counts the cases in the order in which they run, from 0.
    CaseStarted {
        index: usize,
        scenario: String,
        id: String,
    },
    /// `words` as of [`crate::plan::phase_words`]; what is planned is over all rounds and loads.
    PhaseStarted {
        name: String,
        words: String,
        planned_requests: Option<u64>,
        planned_s: Option<f64>,
    },
    /// Said about every second while a phase runs; at any pace, listeners choose what to show.
    PhaseTick(Reading),
    /// The phase waits for something other than answers: `the memory of sut to settle`, or a time
    /// that passes: `idle`. Said again and again; holds until the next tick or the phase's end.
    Waiting {
        what: String,
        waited_s: f64,
        limit: Limit,
        /// Bytes of the servers' processes; none where they are not measured.
        memory: Option<f64>,
    },
    /// `summary` in words: `200 requests, 12.1 req/s, TTFT p50 45 ms`.
    PhaseEnded {
        name: String,
        seconds: f64,
        summary: String,
    },
    CaseEnded {
        scenario: String,
        id: String,
        verdict: Verdict,
        seconds: f64,
        checks: Vec<CheckLine>,
    },
    /// The user asked to stop.
    Interrupting { level: StopLevel },
    /// A remark that a reader must know.
    Note { text: String },
    /// Something failed in the world; shown also where only errors are.
    Error { text: String },
    /// Nothing follows. When this returns, the terminal is as it was and all was written.
    RunEnded,
}

impl Event {
    /// The start of a phase, with what its spec plans.
    pub fn phase_started(phase: &PhaseSpec) -> Self {
        Self::PhaseStarted {
            name: phase.name.clone(),
            words: plan::phase_words(phase),
            planned_requests: plan::planned_requests(phase),
            planned_s: plan::planned_seconds(phase),
        }
    }
}

/// How long it is waited, in seconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Until what is waited for is there, or so long.
    AtMost(f64),
    Exactly(f64),
}

/// How a phase goes. Counts are of the phase so far, over all its rounds and loads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// From 1, and how many there are; none where the phase runs its load once.
    pub round: Option<(u64, u64)>,
    /// Answered or failed.
    pub done: u64,
    pub failed: u64,
    pub in_flight: u64,
    /// Set once nothing more is sent in this round and the last answers are awaited: after how
    /// many seconds they have come or timed out, at the latest.
    pub drained_in: Option<f64>,
    /// Requests per second of late; none before it can be told.
    pub rate: Option<f64>,
    /// Seconds; none before the first token.
    pub ttft_p50: Option<f64>,
    pub ttft_p95: Option<f64>,
    /// Bytes of the servers' processes; none where they are not measured.
    pub memory: Option<f64>,
    /// Bytes on GPUs; none where there are none.
    pub gpu_memory: Option<f64>,
}

/// A check of a case that has ended.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckLine {
    pub name: String,
    pub verdict: Verdict,
    /// Whether a failure is only a warning.
    pub warn: bool,
    /// `ttft.p95 = 812 ms, must be at most 800 ms (stress)`
    pub why: String,
}

/// A listener. Called from any thread, and returns at once, whatever its terminal does, except
/// for [`Event::RunEnded`].
pub trait Progress: Send + Sync {
    fn event(&self, event: Event);
}

/// Listens to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: Event) {}
}

/// The listener for this process's stderr: two moving lines below what has happened, on a
/// terminal; plain lines where there is none or it cannot move its cursor (`TERM=dumb`).
///
/// `quiet` leaves errors only; `verbose` adds commands in full, the server's log lines and
/// checks that passed. Colour is left out where stderr is no terminal, and where `NO_COLOR` is
/// set, whatever `color` says.
pub fn terminal(quiet: bool, verbose: bool, color: bool) -> Box<dyn Progress> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let term = Term::stderr();
    let able = term.is_term() && !dumb;
    let moves = able && !quiet;
    let detail = Detail {
        quiet,
        verbose,
        color: color && able && !no_color,
        moves,
    };
    let out = std::io::stderr();
    if !moves {
        return Box::new(Listener::new(plain::Plain::new(out, detail)));
    }
    // an unknown width is a narrow one: a line that wraps cannot be taken back
    let width = move || {
        term.size_checked()
            .map_or(60, |(_, columns)| usize::from(columns))
    };
    Box::new(Listener::new(screen::Screen::new(
        out,
        Box::new(width),
        detail,
    )))
}

#[cfg(test)]
mod tests;
