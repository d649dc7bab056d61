//! # no-warmup (W0602)
//!
//! A latency that is checked in the first load that a server on GPUs gets.
//!
//! ## Why it matters
//!
//! Its first requests compile kernels, record graphs, and allocate. They are slower by far, and
//! they are the tail that is checked.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload report {
//!   rows   = range(200)
//!   prompt = "Report ${row} on the harbour."
//!   output = 64
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase steady { workload = report, requests = 200, concurrency = 4 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload report {
//!   rows   = range(200)
//!   prompt = "Report ${row} on the harbour."
//!   output = 64
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase warmup { workload = report, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = report, requests = 200, concurrency = 4 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, warning};

const RULE: Rule = ("W0602", "no-warmup");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, of) in view.latency_limits() {
        let Some((_, block)) = view.phase(&of.phase) else {
            continue;
        };
        let cold =
            |server: &str| view.starts_on_gpus(server) && !view.loaded_before(&of.phase, server);
        if view.loads(of).iter().any(|(load, _)| cold(&load.server)) {
            let message = format!("`{}` is the first load that the server gets", of.phase);
            found.push(
                warning(RULE, block.head(), message)
                    .label(limit.span, "its latency is checked")
                    .help(
                        "put a warm-up before it: phase warmup { workload = …, requests = 20, \
                         measured = false }",
                    ),
            );
        }
    }
    found
}
