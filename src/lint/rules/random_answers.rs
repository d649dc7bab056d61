//! # random-answers (W0608)
//!
//! A check of accepted answers of a workload whose `temperature` is above 0: of `accept_rate`, of
//! `failures.wrong_answer`, or that nothing fails.
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
use crate::eval::{Query, Stretch};
use crate::lint::view::{Comparison, View, warning};

const RULE: Rule = ("W0608", "random-answers");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons() {
        let Some(of) = of_answers(limit) else {
            continue;
        };
        for (load, block) in view.loads(of) {
            if load.workload.accepts() && load.workload.asks.temperature.is_some_and(|t| t > 0.0) {
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

/// The phase, where what is compared counts right answers.
fn of_answers(limit: &Comparison) -> Option<&Stretch> {
    match &limit.figure.query {
        Query::Scalar { of, metric } => match *metric {
            "accept_rate" => Some(of),
            // wrong answers fail: not one may
            "failed" => (limit.limit == 0.0).then_some(of),
            "success_rate" => (limit.at_least() && limit.limit >= 1.0).then_some(of),
            _ => None,
        },
        Query::Failures { of, class } => (class.as_ref() == "wrong_answer").then_some(of),
        _ => None,
    }
}
