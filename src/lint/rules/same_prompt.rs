//! # same-prompt (W0611)
//!
//! A time to the first token that is checked on a server on GPUs which gets one and the same prompt
//! again and again, and whose options say nothing of caching.
//!
//! ## Why it matters
//!
//! Engines keep the prefixes that they have seen. From the second request on nothing is computed
//! but the last token, and the check is one of the cache.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase warmup { workload = hello, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
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
use crate::lint::view::{View, place, warning};

const RULE: Rule = ("W0611", "same-prompt");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, of) in view.latency_limits() {
        if !matches!(limit.statistic(), Some((_, "ttft" | "ttfa", _))) {
            continue;
        }
        for (load, block) in view.loads(of) {
            let server = view.server(&load.server);
            let said = server.is_some_and(|s| s.options.keys().any(|name| name.contains("cach")));
            let requests = &load.workload.requests;
            // random words are never the same
            let one = requests.len() == 1 && requests[0].input.is_none();
            if one && !said && view.starts_on_gpus(&load.server) && load.load.requests != Some(1) {
                let name = &load.workload.name;
                let message = format!("every request of `{name}` has the same prompt");
                found.push(
                    warning(RULE, place(block, "workload"), message)
                        .label(limit.span, "from the second on, this is the prefix cache's")
                        .help(
                            "give the workload rows, and let `row` stand first in its prompt; or \
                             say in the server's options whether prefixes are cached",
                        ),
                );
            }
        }
    }
    found
}
