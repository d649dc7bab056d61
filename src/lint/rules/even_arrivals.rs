//! # even-arrivals (W0622)
//!
//! A tail of latency that is checked under arrivals at constant distances.
//!
//! ## Why it matters
//!
//! Real requests come in bunches, and queues are made by bunches. At constant distances a server
//! looks better than it will be; leave `arrival` out, or say `poisson()`.
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
//!   phase steady { workload = hello, rate = 10 req/s, arrival = constant(), duration = 30s }
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
//!   phase steady { workload = hello, rate = 10 req/s, arrival = poisson(), duration = 30s }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, place, statistic, value, warning};
use crate::load::spec::{Arrival, Pace};

const RULE: Rule = ("W0622", "even-arrivals");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for speed in view.checked_speeds() {
        if !matches!(statistic(speed.query), Some((_, _, Stat::Percentile(p))) if p >= 0.9) {
            continue;
        }
        for (load, block) in view.loads(speed.of) {
            if let Pace::Open {
                arrival: Arrival::Constant,
                ..
            } = load.load.pace
            {
                let place = place(block, "arrival");
                let one = warning(RULE, place, "no two of these requests come at once")
                    .label(
                        speed.span,
                        "so this tail is better than that of real traffic",
                    )
                    .help("say `arrival = poisson()`");
                found.push(match value(block, "arrival") {
                    Some(at) => one.fix("let them come at random", at, "poisson()", false),
                    None => one,
                });
            }
        }
    }
    found
}
