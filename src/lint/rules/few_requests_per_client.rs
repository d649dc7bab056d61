//! # few-requests-per-client (W0601)
//!
//! A closed loop that sends fewer than ten requests for each of its clients, and whose latency or
//! rate is checked, ranked or shown by a report's columns. Clients that think do so by the time that
//! the load has.
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
use crate::eval::Stretch;
use crate::lint::view::{View, place, warning};
use crate::load::random::Random;
use crate::load::spec::{Load, Pace};
use crate::resolve::Flat;
use crate::units::number;
use std::collections::HashSet;

const RULE: Rule = ("W0601", "few-requests-per-client");

/// Requests per client.
const FEWEST: u64 = 10;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let read: HashSet<&Stretch> = view.speeds().map(|speed| speed.of).collect();
    let mut read: Vec<&Stretch> = read.into_iter().collect();
    read.sort_by_key(|of| (view.phase_place(&of.phase), of.load.clone()));
    let mut found: Vec<Diagnostic> = Vec::new();
    for (load, block) in read.into_iter().flat_map(|of| view.loads(of)) {
        let Pace::Closed { concurrency, think } = &load.load.pace else {
            continue;
        };
        let concurrency = *concurrency;
        let Some(requests) = load.load.requests else {
            found.extend(thinking(&load.load, concurrency, think, block));
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

/// A load that a time ends, whose clients think for most of it.
fn thinking(load: &Load, concurrency: u64, think: &Random, block: &Flat) -> Option<Diagnostic> {
    let duration = load.duration?.as_secs_f64();
    let (mean, clients) = (think.mean(), concurrency > 1);
    // an answer takes a time too
    let each = (duration / mean).floor() + 1.0;
    if mean <= 0.0 || !clients || each >= FEWEST as f64 {
        return None;
    }
    let message = format!(
        "each of {concurrency} clients sends {each} requests at most: mostly they start and finish"
    );
    let found = warning(RULE, place(block, "duration"), message).label(
        place(block, "think"),
        "between an answer and the next request",
    );
    let needed = mean * FEWEST as f64;
    Some(found.help(format!(
        "let the phase last for at least {} s, or let them think less",
        number(needed, 6)
    )))
}
