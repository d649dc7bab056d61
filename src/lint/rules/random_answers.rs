//! # random-answers (W0608)
//!
//! A check of accepted answers (`accept_rate`, `failures.wrong_answer`, or that nothing fails) of a
//! workload whose answers are random: its `temperature` is above 0; or it says none, and the engine
//! samples then; or the model's weights, or the prompts, are random. Where nothing is said of a
//! temperature, only an `accept` that looks for certain words is meant.
//!
//! ## Why it matters
//!
//! The same server passes today and fails tomorrow. Without a `temperature`, vLLM and SGLang take 1
//! and llama.cpp 0.8, unless the model's own generation config says another; none of them takes 0.
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
use crate::lint::wanted::looks_for_words;
use crate::scenario::{LoadSpec, ServerSpec};
use crate::units::number;

const RULE: Rule = ("W0608", "random-answers");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons() {
        let Some(of) = of_answers(limit) else {
            continue;
        };
        for (load, block) in view.loads(of) {
            let random = || random(load, view.server(&load.server)?);
            if let Some((why, help)) = random() {
                let message = format!("the answers of `{}` are random: {why}", load.workload.name);
                found.push(
                    warning(RULE, limit.span, message)
                        .label(block.head(), "asked here")
                        .help(help),
                );
            }
        }
    }
    found
}

/// Why the judged answers of a load are random, and what to do.
fn random(load: &LoadSpec, server: &ServerSpec) -> Option<(String, &'static str)> {
    let workload = &load.workload;
    let accept = workload.accept.as_ref()?;
    let zero = "say `temperature = 0` in the workload";
    let body = workload.body.get("temperature");
    let body = body.or_else(|| server.body.get("temperature"));
    let stated = body.map_or(workload.asks.temperature, |value| value.as_f64());
    if stated.is_some_and(|t| t > 0.0) {
        return Some(("its temperature is above 0".into(), zero));
    }
    if !looks_for_words(&accept.expr) {
        return None;
    }
    if server.random_weights {
        let why = format!("`{}` has random weights", server.name);
        return Some((
            why,
            "judge how long answers are, or load the model's own weights",
        ));
    }
    let temperature = server.temperature?;
    if workload.asks.input.is_some() {
        let why = "its prompts are random words".to_string();
        return Some((
            why,
            "ask for what is looked for: `prompt` in place of `input`",
        ));
    }
    (stated.is_none() && temperature > 0.0).then(|| {
        let why = format!(
            "it says no temperature, and {} takes {} then, or what the model's generation config says",
            server.engine,
            number(temperature, 3)
        );
        (why, zero)
    })
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
