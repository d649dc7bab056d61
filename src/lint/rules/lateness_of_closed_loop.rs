//! # lateness-of-closed-loop (W0607)
//!
//! A limit of the lateness of a closed loop.
//!
//! ## Why it matters
//!
//! A request of a closed loop is due when its client sends it, so it is never late. The check holds
//! whatever happens.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect on_time: steady.lateness.p90 <= 50ms
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
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, rate = 20 req/s, duration = 30s }
//!   expect on_time: steady.lateness.p90 <= 50ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, statistic, warning};
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;

const RULE: Rule = ("W0607", "lateness-of-closed-loop");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (query, span) in view.checked() {
        let Some((of, "lateness", _)) = statistic(query) else {
            continue;
        };
        let loads = view.loads(of);
        let closed = |load: &LoadSpec| matches!(load.load.pace, Pace::Closed { .. });
        if !loads.is_empty() && loads.iter().all(|(load, _)| closed(load)) {
            let message = format!(
                "`{}` is a closed loop, whose requests are never late",
                of.phase
            );
            found.push(
                warning(RULE, span, message)
                    .help("check lateness of a load with a `rate`, or drop this"),
            );
        }
    }
    found
}
