//! What happens during a run, for whoever shows it.

use crate::report::model::Verdict;
use crate::stop::StopLevel;
use std::path::PathBuf;

/// Something that happened. The display decides what of it is shown.
#[derive(Debug, Clone)]
pub enum Event {
    RunStarted {
        cases: usize,
        launches: usize,
        folder: PathBuf,
    },
    LaunchStarting {
        number: u32,
        server: String,
        engine: String,
        log: PathBuf,
    },
    LaunchReady {
        server: String,
        after_s: f64,
    },
    CaseStarted {
        index: usize,
        scenario: String,
        id: String,
    },
    PhaseStarted {
        name: String,
        words: String,
        planned_requests: Option<u64>,
        planned_s: Option<f64>,
    },
    PhaseTick(Tick),
    Waiting {
        what: String,
    },
    PhaseEnded {
        name: String,
        summary: String,
    },
    CaseEnded {
        scenario: String,
        id: String,
        verdict: Verdict,
        why: Option<String>,
    },
    Note {
        text: String,
    },
    Interrupting {
        level: StopLevel,
    },
    RunEnded,
}

/// The figures of a phase so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tick {
    pub done: u64,
    pub failed: u64,
    pub in_flight: u64,
    /// Output tokens that servers have reported.
    pub tokens: u64,
    /// Median of the latest times to first token, in seconds.
    pub ttft: Option<f64>,
    /// Bytes, of all servers.
    pub memory: Option<f64>,
    /// Bytes.
    pub gpu_memory: Option<f64>,
}

/// Shows events, or not.
pub trait Progress: Send + Sync {
    fn event(&self, event: Event);
}

struct Lines;
impl Progress for Lines {
    fn event(&self, event: Event) {
        if !matches!(event, Event::PhaseTick(_)) {
            eprintln!("{event:?}");
        }
    }
}

pub fn terminal(_quiet: bool, _verbose: bool, _color: bool) -> Box<dyn Progress> {
    Box::new(Lines)
}
