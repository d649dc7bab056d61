//! # limit-above-timeout (W0613)
//!
//! A limit of the latency of whole requests that is above the `timeout` of one.
//!
//! ## Why it matters
//!
//! A request that takes as long has failed by then, and failed requests have no latency: the check
//! holds whatever happens.
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
//!   phase steady { workload = hello, requests = 100, timeout = 10s }
//!   expect quick: steady.e2e.p95 <= 30s
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
//!   phase steady { workload = hello, requests = 100, timeout = 60s }
//!   expect quick: steady.e2e.p95 <= 30s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};

const RULE: Rule = ("W0613", "limit-above-timeout");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, of) in view.latency_limits() {
        let of_request = matches!(limit.statistic(), Some((_, "ttft" | "ttfa" | "e2e", _)));
        let Some((phase, _)) = view.phase(&of.phase).filter(|_| of_request) else {
            continue;
        };
        // an open loop's latency counts from when a request was due, its timeout from the send
        if phase.is_open_loop() {
            continue;
        }
        for (load, block) in view.loads(of) {
            let timeout = load.load.timeout.as_secs_f64();
            if limit.limit > timeout {
                let message = format!("a request is given up after {timeout} s");
                found.push(
                    warning(RULE, limit.limit_span, message)
                        .label(place(block, "timeout"), "by the `timeout` of its load")
                        .help("lower the limit, or raise the timeout above it"),
                );
            }
        }
    }
    found
}
