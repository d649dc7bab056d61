//! # cold-batch (W0619)
//!
//! A closed loop on a server on GPUs, whose latency is checked, with more clients than any load
//! before it.
//!
//! ## Why it matters
//!
//! An engine compiles and records graphs for each size of batch when it first sees it. A warm-up
//! with fewer clients leaves that to what is measured.
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
//!   phase warmup { workload = report, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = report, requests = 400, concurrency = 32 }
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
//!   phase warmup { workload = report, requests = 64, concurrency = 32, measured = false }
//!   phase steady { workload = report, requests = 400, concurrency = 32 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;

const RULE: Rule = ("W0619", "cold-batch");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let clients = |load: &LoadSpec| match load.load.pace {
        Pace::Closed { concurrency, .. } => Some(concurrency),
        Pace::Batch => load.load.requests,
        Pace::Open { .. } => None,
    };
    let mut found = Vec::new();
    for (limit, of) in view.latency_limits() {
        for (load, block) in view.loads(of) {
            let before = view.loaded_before(&of.phase, &load.server);
            let before: Option<Vec<u64>> = before
                .iter()
                .flat_map(|phase| phase.loads.iter().map(clients))
                .collect();
            let most = before.and_then(|all| all.into_iter().max());
            if let (Some(most), Some(now)) = (most, clients(load))
                && now > most
                && view.starts_on_gpus(&load.server)
            {
                let message = format!("the server has seen no more than {most} requests at once");
                found.push(
                    warning(RULE, place(block, "concurrency"), message)
                        .label(limit.span, "checked here")
                        .help(format!("warm up with `concurrency = {now}`")),
                );
            }
        }
    }
    found
}
