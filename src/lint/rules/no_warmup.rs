//! # no-warmup (W0602)
//!
//! A latency or a throughput that is checked, that cases are ranked by, or that a report's columns
//! show, in the first load that a server on GPUs gets: alone, or in what is worked out of it.
//!
//! ## Why it matters
//!
//! Its first requests compile kernels, record graphs, and allocate. They are slower by far: they
//! are the tail that is checked, and part of the time that a rate is taken over.
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
use crate::lint::view::{View, keep, warning};

const RULE: Rule = ("W0602", "no-warmup");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = Vec::new();
    for speed in view.speeds() {
        let of = speed.of;
        let Some((_, block)) = view.phase(&of.phase) else {
            continue;
        };
        let cold =
            |server: &str| view.starts_on_gpus(server) && !view.loaded_before(&of.phase, server);
        if view.loads(of).iter().any(|(load, _)| cold(&load.server)) {
            let message = format!("`{}` is the first load that the server gets", of.phase);
            keep(
                &mut found,
                warning(RULE, block.head(), message)
                    .label(speed.span, speed.read())
                    .help(
                        "put a warm-up before it: phase warmup { workload = …, requests = 20, \
                         measured = false }",
                    ),
            );
        }
    }
    found
}
