//! # early-end (W0610)
//!
//! A check, or an `accept`, that wants answers as long as the workload's `output`, of a model that
//! may stop before.
//!
//! ## Why it matters
//!
//! `output` is a limit. A model ends when it has said what it had to say, unless `ignore_eos` makes it go on.
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
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect whole: steady.output.min >= 16 tok
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16, ignore_eos = true }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect whole: steady.output.min >= 16 tok
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, keep, place, warning};
use crate::load::random::Random;

const RULE: Rule = ("W0610", "early-end");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = accepts(view);
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "output", stat)) = limit.statistic() else {
            continue;
        };
        for (load, block) in view.loads(of) {
            let asks = &load.workload.asks;
            let most = asks.max_tokens.as_ref();
            let exact = most.is_some_and(|most| asks_for_all(limit.limit, stat, most));
            if exact && !asks.ignore_eos {
                let name = &load.workload.name;
                let message = format!("answers of `{name}` may end before their limit");
                found.push(
                    warning(RULE, limit.span, message)
                        .label(block.head(), "asked here")
                        .help("say `ignore_eos = true` in the workload, where the engine knows it"),
                );
            }
        }
    }
    found
}

/// Answers that are accepted only where they have been cut: `finish_reason == "length"`.
fn accepts(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (phase, block) in view.phases() {
        for load in &phase.loads {
            let workload = &load.workload;
            let cut = |row| view.wanted(workload, row).is_some_and(|wanted| wanted.cut);
            let mut rows = 0..workload.requests.len();
            let early = !workload.asks.ignore_eos && rows.any(cut);
            if let (true, Some(accept)) = (early, &workload.accept) {
                let message = format!("answers of `{}` may end before their limit", workload.name);
                keep(
                    &mut found,
                    warning(RULE, accept.expr.span, message)
                        .label(place(block, "workload"), "asked here")
                        .help("say `ignore_eos = true` in the workload, where the engine knows it"),
                );
            }
        }
    }
    found
}

/// Whether a statistic of answers reaches the limit only if they are as long as they may be.
fn asks_for_all(limit: f64, stat: Stat<'_>, most: &Random) -> bool {
    match (most.fixed(), stat) {
        (_, Stat::Named("count" | "stddev")) => false,
        (Some(fixed), _) => fixed == limit,
        (None, Stat::Named("min")) => limit == most.least(),
        (None, _) => limit >= most.mean() && most.most().is_none_or(|end| limit <= end),
    }
}
