//! # idle-clients (W0665)
//!
//! A closed loop that sends fewer requests than it has clients, in a warm-up too.
//!
//! ## Why it matters
//!
//! Clients that get no request send none: the concurrency is never reached. A warm-up of this sort
//! warms up the server for less load than the phases after it put on it.
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
//!   phase warmup { workload = hello, requests = 4, concurrency = 32, measured = false }
//!   phase steady { workload = hello, requests = 400, concurrency = 32 }
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
//!   phase warmup { workload = hello, requests = 64, concurrency = 32, measured = false }
//!   phase steady { workload = hello, requests = 400, concurrency = 32 }
//!   expect quick: steady.ttft.p50 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Stretch;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;

const RULE: Rule = ("W0665", "idle-clients");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (phase, _) in view.phases() {
        let whole = Stretch {
            phase: phase.name.as_str().into(),
            load: None,
        };
        for (load, block) in view.loads(&whole) {
            let Pace::Closed { concurrency, .. } = load.load.pace else {
                continue;
            };
            // what nobody wrote is the default of one client
            let Some(requests) = load.load.requests.filter(|n| *n < concurrency) else {
                continue;
            };
            let message = format!(
                "fewer requests ({requests}) than clients ({concurrency}): some of them send none"
            );
            found.push(
                warning(RULE, place(block, "requests"), message)
                    .label(place(block, "concurrency"), "the clients")
                    .help(format!(
                        "ask for {concurrency} requests or more, or for fewer clients"
                    )),
            );
        }
    }
    found
}
