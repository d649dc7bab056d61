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
use crate::lint::view::{End, View, Within, warning};
use crate::scenario::Start;

const RULE: Rule = ("W0620", "cold-baseline");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for grown in view.grown() {
        let Within::Between(from, _) = grown.window else {
            continue;
        };
        let server = &grown.series.server;
        let launched = view.server(server);
        if !launched.is_some_and(|s| matches!(s.start, Start::Launch { .. })) {
            continue;
        }
        let counts = "what its first requests take counts as growth";
        match from {
            End::Phase(name) => {
                let Some((phase, block)) = view.phase(name) else {
                    continue;
                };
                if phase.loads.is_empty() && !view.loaded_before(name, server) {
                    let message = format!("before `{name}` the server has answered nothing");
                    found.push(
                        warning(RULE, grown.span, message)
                            .label(block.head(), counts)
                            .help("put a warm-up before it"),
                    );
                }
            }
            End::First => {
                let message = "the first sample is of a server that has answered nothing";
                found.push(warning(RULE, grown.span, message).says(counts).help(
                    "read what it holds after a warm-up: growth(…, from = baseline, to = cooldown)",
                ));
            }
            End::Last => {}
        }
    }
    found
}
