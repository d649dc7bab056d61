//! # redundant-percentile (W0623)
//!
//! A limit of a percentile where a higher one has the same limit or a lower.
//!
//! ## Why it matters
//!
//! The higher one fails first, so the other says nothing. Most often the two limits were confused.
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
//!   expect quick: steady.ttft.p50 <= 1s
//!   expect tail:  steady.ttft.p95 <= 500ms
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
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect quick: steady.ttft.p50 <= 500ms
//!   expect tail:  steady.ttft.p95 <= 1s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, warning};

const RULE: Rule = ("W0623", "redundant-percentile");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (low, of) in view.latency_limits() {
        let Some((_, metric, Stat::Percentile(share))) = low.statistic() else {
            continue;
        };
        let stricter = view.latency_limits().find(|(high, phase)| {
            let higher = matches!(
                high.statistic(),
                Some((_, m, Stat::Percentile(p))) if m == metric && p > share
            );
            higher && *phase == of && high.limit <= low.limit
        });
        if let Some((high, _)) = stricter {
            found.push(
                warning(RULE, low.span, "this holds whenever a stricter check does")
                    .label(
                        high.span,
                        "a higher percentile, with a limit that is no higher",
                    )
                    .help("were the limits confused? A higher percentile has a higher limit"),
            );
        }
    }
    found
}
