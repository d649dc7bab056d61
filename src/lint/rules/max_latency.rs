//! # max-latency (W0618)
//!
//! A limit of the slowest of more than 100 requests.
//!
//! ## Why it matters
//!
//! It is one request, and the more there are, the slower it is: the check fails more often when the
//! same test runs longer. p99 or `percentile(…, 99.9%)` does not depend on how many there are.
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
//!   phase steady { workload = hello, requests = 1000, concurrency = 4 }
//!   expect quick: steady.ttft.max <= 2s
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
//!   phase steady { workload = hello, requests = 1000, concurrency = 4 }
//!   expect quick: steady.ttft.p99 <= 2s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, statistic, warning};

const RULE: Rule = ("W0618", "max-latency");

/// Of so many a percentile says as much.
const MANY: u64 = 100;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for speed in view.checked_speeds() {
        let Some((of, metric, Stat::Named("max"))) = statistic(speed.query) else {
            continue;
        };
        let loads = view.loads(of);
        let requests: u64 = loads
            .iter()
            .filter_map(|(load, _)| load.load.requests)
            .sum();
        if requests > MANY {
            let message = format!("one of {requests} requests decides this");
            let one = warning(RULE, speed.span, message)
                .help(format!("check a percentile: {}.{metric}.p99", of.phase));
            found.push(match view.word(speed.span, "max") {
                Some(word) => one.fix("check a percentile", word, "p99", false),
                None => one,
            });
        }
    }
    found
}
