//! # timeout-below-phases (W0612)
//!
//! A scenario whose `timeout` is shorter than what its phases take by their own durations.
//!
//! ## Why it matters
//!
//! It can only time out.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   timeout = 5min
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, concurrency = 4, duration = 10min }
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   timeout = 30min
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, concurrency = 4, duration = 10min }
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::scenario::{LoadSpec, PhaseSpec};

const RULE: Rule = ("W0612", "timeout-below-phases");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    // what surely passes: quiet, and loads that only their time ends
    let least = |phase: &PhaseSpec| {
        let timed = |load: &LoadSpec| load.load.duration.filter(|_| load.load.requests.is_none());
        let load = phase.loads.iter().filter_map(timed).max();
        let round = phase.idle.or(load).unwrap_or_default();
        round.as_secs_f64() * phase.repeat as f64
    };
    let sum: f64 = view.phases().map(|(phase, _)| least(phase)).sum();
    let timeout = view.case.timeout.as_secs_f64();
    if sum <= timeout {
        return Vec::new();
    }
    let message = format!("the phases take at least {sum:.0} s, and the timeout is {timeout:.0} s");
    let found = warning(RULE, place(view.flat, "timeout"), message);
    vec![found.help("raise `timeout`, or shorten the phases")]
}
