//! # cold-baseline (W0620)
//!
//! A limit of memory growth from before the first request that a server gets.
//!
//! ## Why it matters
//!
//! A server takes what it needs for its work when it first works: buffers, compiled code, threads.
//! That is no leak, and it hides one of its size.
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
//!   phase before { quiesce = true, idle = 5s }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.memory, from = before, to = after) <= 20MB
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
//!   phase before { quiesce = true, idle = 5s }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.memory, from = before, to = after) <= 20MB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Query, Window};
use crate::lint::view::{View, warning};
use crate::scenario::Start;

const RULE: Rule = ("W0620", "cold-baseline");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, _, window) in view.growth_limits() {
        let (Window::Between { from, .. }, Query::Growth { series, .. }) =
            (window, &limit.figure.query)
        else {
            continue;
        };
        let Some((phase, block)) = view.phase(from) else {
            continue;
        };
        let launched = view.server(&series.server);
        let launched = launched.is_some_and(|s| matches!(s.start, Start::Launch { .. }));
        if launched && phase.loads.is_empty() && !view.loaded_before(from, &series.server) {
            let message = format!("before `{from}` the server has answered nothing");
            found.push(
                warning(RULE, limit.span, message)
                    .label(
                        block.head(),
                        "what its first requests take counts as growth",
                    )
                    .help("put a warm-up before it"),
            );
        }
    }
    found
}
