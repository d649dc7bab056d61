//! # timeout-below-phases (W0612)
//!
//! A scenario whose `timeout` is shorter than what its phases take: by their own durations, by the
//! rate at which their requests are due, by the time that their clients think, or by its `estimate`.
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
use crate::load::spec::Pace;
use crate::scenario::{LoadSpec, PhaseSpec};

const RULE: Rule = ("W0612", "timeout-below-phases");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let sum: f64 = view.phases().map(|(phase, _)| least(phase)).sum();
    let timeout = view.case.timeout.as_secs_f64();
    if sum <= timeout {
        return estimated(view, timeout).into_iter().collect();
    }
    let message = format!("the phases take at least {sum:.0} s, and the timeout is {timeout:.0} s");
    let found = warning(RULE, place(view.flat, "timeout"), message);
    vec![found.help("raise `timeout`, or shorten the phases")]
}

/// A scenario that is said to take longer than it may.
fn estimated(view: &View<'_>, timeout: f64) -> Option<Diagnostic> {
    let estimate = view.case.estimate?.as_secs_f64();
    let message =
        format!("the scenario's estimate is {estimate:.0} s, and the timeout is {timeout:.0} s");
    let found = warning(RULE, place(view.flat, "estimate"), message);
    let found = found.label(place(view.flat, "timeout"), "the timeout");
    (estimate > timeout).then(|| found.help("raise `timeout`, or say what it takes"))
}

/// What a phase takes at the least, in seconds: quiet, and loads that a clock paces.
fn least(phase: &PhaseSpec) -> f64 {
    let quiet = phase.idle.map(|idle| idle.as_secs_f64());
    let loads = phase.loads.iter().map(paced);
    let round = quiet.unwrap_or_else(|| loads.fold(0.0, f64::max));
    let pauses = phase.pause.as_secs_f64() * phase.repeat.saturating_sub(1) as f64;
    round * phase.repeat as f64 + pauses
}

/// How long a load goes on if every answer came at once, in seconds; what is drawn at random, by
/// its mean.
fn paced(load: &LoadSpec) -> f64 {
    let load = &load.load;
    let whole = load.duration.map(|duration| duration.as_secs_f64());
    let Some(requests) = load.requests.map(|requests| requests as f64) else {
        return whole.unwrap_or(0.0);
    };
    let due = match &load.pace {
        Pace::Open {
            rate_per_s, ramp, ..
        } if ramp.is_none() && *rate_per_s > 0.0 => (requests - 1.0) / rate_per_s,
        // each client thinks between its requests
        Pace::Closed { concurrency, think } if *concurrency > 0 => {
            (requests / *concurrency as f64 - 1.0) * think.mean()
        }
        _ => 0.0,
    };
    whole.map_or(due, |whole| due.min(whole)).max(0.0)
}
