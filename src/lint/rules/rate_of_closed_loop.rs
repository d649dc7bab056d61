//! # rate-of-closed-loop (W0606)
//!
//! A closed loop that has to reach a request rate and to keep a tail of latency at once.
//!
//! ## Why it matters
//!
//! Its clients wait for slow answers before they ask again: when the server stalls they ask less,
//! and the requests that real users would have sent are missing from the tail. Ask for the rate
//! with `rate` instead.
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
//!   expect busy:  steady.request_rate >= 20 req/s
//!   expect quick: steady.ttft.p95 <= 800ms
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
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, statistic, warning};
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;
use std::collections::HashMap;

const RULE: Rule = ("W0606", "rate-of-closed-loop");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let mut tails = HashMap::new();
    for speed in view.checked_speeds() {
        if matches!(statistic(speed.query), Some((_, _, Stat::Percentile(p))) if p >= 0.9) {
            tails.entry(&speed.of.phase).or_insert(speed.span);
        }
    }
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "request_rate")) = limit.scalar() else {
            continue;
        };
        let closed = |load: &LoadSpec| matches!(load.load.pace, Pace::Closed { .. });
        let loads = view.loads(of);
        if let Some(tail) = tails.get(&of.phase)
            && !loads.is_empty()
            && loads.iter().all(|(load, _)| closed(load))
        {
            let message = format!(
                "the clients of `{}` ask less when the server is slow",
                of.phase
            );
            found.push(
                warning(RULE, limit.span, message)
                    .label(
                        *tail,
                        "this tail is without the requests that they did not send",
                    )
                    .help("send at that rate: `rate = …` in place of `concurrency`"),
            );
        }
    }
    found
}
