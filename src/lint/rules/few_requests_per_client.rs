//! # few-requests-per-client (W0601)
//!
//! A closed loop that sends fewer than ten requests for each of its clients, and whose latency or
//! rate is checked.
//!
//! ## Why it matters
//!
//! While the clients start, and while the last of them finish, the server has less to do than the
//! concurrency says. With few requests per client that is most of the phase.
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
//!   phase steady { workload = hello, requests = 40, concurrency = 16 }
//!   expect quick: steady.ttft.p50 <= 800ms
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
//!   phase steady { workload = hello, requests = 400, concurrency = 16 }
//!   expect quick: steady.ttft.p50 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;

const RULE: Rule = ("W0601", "few-requests-per-client");

/// Requests per client.
const FEWEST: u64 = 10;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let rates = ["request_rate", "output_throughput", "total_throughput"];
    let scalars = view.comparisons().filter_map(|c| c.scalar());
    let rated = scalars.filter(|(_, m)| rates.contains(m)).map(|(of, _)| of);
    let read = view.latency_limits().map(|(_, of)| of).chain(rated);
    let mut found = Vec::new();
    for (load, block) in read.flat_map(|of| view.loads(of)) {
        let Pace::Closed { concurrency, .. } = load.load.pace else {
            continue;
        };
        let Some(requests) = load.load.requests else {
            continue;
        };
        if concurrency > 1 && requests < concurrency.saturating_mul(FEWEST) {
            let message = format!(
                "{requests} requests of {concurrency} clients: mostly they start and finish"
            );
            found.push(
                warning(RULE, place(block, "requests"), message)
                    .label(place(block, "concurrency"), "the clients")
                    .help(format!(
                        "ask for at least {} requests",
                        concurrency * FEWEST
                    )),
            );
        }
    }
    found
}
