//! # mean-latency (W0617)
//!
//! A limit of a mean latency where no percentile of the same figure is checked.
//!
//! ## Why it matters
//!
//! A mean stays low while some users wait for seconds. What they feel is in p95 or p99.
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
//!   expect quick: steady.ttft.mean <= 800ms
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
//!   expect quick: steady.ttft.mean <= 800ms
//!   expect tail:  steady.ttft.p95 <= 2s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Stretch;
use crate::lint::view::{Stat, View, statistic, warning};
use std::collections::HashSet;

const RULE: Rule = ("W0617", "mean-latency");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    // where a percentile is checked, or the slowest
    let tails: HashSet<(&Stretch, &str)> = view
        .checked_speeds()
        .filter_map(|speed| match statistic(speed.query)? {
            (of, metric, Stat::Percentile(_) | Stat::Named("max")) => Some((of, metric)),
            _ => None,
        })
        .collect();
    for (limit, of) in view.latency_limits() {
        let Some((_, metric, Stat::Named("mean"))) = limit.statistic() else {
            continue;
        };
        let tail = tails.contains(&(of, metric));
        if !tail {
            found.push(
                warning(RULE, limit.span, "a mean hides the requests that were slow").help(
                    format!("check a percentile too: {}.{metric}.p95 <= …", of.phase),
                ),
            );
        }
    }
    found
}
