//! # few-requests-per-client (W0601)
//!
//! A closed loop that sends fewer than ten requests for each of its clients, and whose latency or
//! rate is checked or ranked.
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
use crate::eval::{Query, Stretch};
use crate::lint::view::{LATENCIES, RATES, View, place, warning};
use crate::load::spec::Pace;

const RULE: Rule = ("W0601", "few-requests-per-client");

/// Requests per client.
const FEWEST: u64 = 10;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let scalars = view.comparisons().filter_map(|c| c.scalar());
    let rated = scalars.filter(|(_, m)| RATES.contains(m)).map(|(of, _)| of);
    // a table shows what it was asked for, and a rank decides by it
    let ranked = view.shown().filter(|shown| shown.rank.is_some());
    let ranked = ranked.filter_map(|shown| timed(&shown.figure.query));
    let read = view.latency_limits().map(|(_, of)| of);
    let read: Vec<&Stretch> = read.chain(rated).chain(ranked).collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    for (load, block) in read.into_iter().flat_map(|of| view.loads(of)) {
        let Pace::Closed { concurrency, .. } = load.load.pace else {
            continue;
        };
        let Some(requests) = load.load.requests else {
            continue;
        };
        // fewer requests than clients is said as such
        let few = concurrency..concurrency.saturating_mul(FEWEST);
        if concurrency > 1 && few.contains(&requests) {
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

/// The phase of a figure that depends on how many requests are under way.
fn timed(query: &Query) -> Option<&Stretch> {
    match query {
        Query::Statistic { of, metric, stat } if *stat.as_ref() != *"count" => {
            LATENCIES.contains(metric).then_some(of)
        }
        Query::Percentile { of, metric, .. } => LATENCIES.contains(metric).then_some(of),
        Query::Scalar { of, metric } => RATES.contains(metric).then_some(of),
        _ => None,
    }
}
