//! # random-answers (W0608)
//!
//! A check of accepted answers of a workload whose `temperature` is above 0.
//!
//! ## Why it matters
//!
//! Answers are drawn at random then: the same server passes today and fails tomorrow.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello {
//!   prompt      = "Say hello."
//!   output      = 16
//!   temperature = 0.8
//!   accept      = contains_any(answer, ["hello"])
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect right: steady.accept_rate >= 95%
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello {
//!   prompt      = "Say hello."
//!   output      = 16
//!   temperature = 0
//!   accept      = contains_any(answer, ["hello"])
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect right: steady.accept_rate >= 95%
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, warning};
use crate::scenario::RequestSpec;

const RULE: Rule = ("W0608", "random-answers");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons() {
        let Some((of, "accept_rate")) = limit.scalar() else {
            continue;
        };
        for (load, block) in view.loads(of) {
            let hot = |r: &RequestSpec| r.temperature.is_some_and(|t| t > 0.0);
            if load.workload.accepts && load.workload.requests.iter().any(hot) {
                let name = &load.workload.name;
                let message =
                    format!("the answers of `{name}` are random: its temperature is above 0");
                found.push(
                    warning(RULE, limit.span, message)
                        .label(block.head(), "asked here")
                        .help("say `temperature = 0` in the workload"),
                );
            }
        }
    }
    found
}
