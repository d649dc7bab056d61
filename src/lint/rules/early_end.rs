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
use crate::lint::view::{Stat, View, warning};
use crate::load::random::Random;

const RULE: Rule = ("W0610", "early-end");

const HELP: &str = "say `ignore_eos = true` in the workload, where the engine knows it";

fn message(workload: &str) -> String {
    format!("answers of `{workload}` may end before their limit")
}

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    // answers that are accepted only where they have been cut: `finish_reason == "length"`
    let mut found = view.accepts(RULE, HELP, |workload, wanted| {
        (!workload.asks.ignore_eos && wanted()?.cut).then(|| message(&workload.name))
    });
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "output", stat)) = limit.statistic() else {
            continue;
        };
        for (load, block) in view.loads(of) {
            let asks = &load.workload.asks;
            let most = asks.max_tokens.as_ref();
            let exact = most.is_some_and(|most| asks_for_all(limit.limit, stat, most));
            if exact && !asks.ignore_eos {
                found.push(
                    warning(RULE, limit.span, message(&load.workload.name))
                        .label(block.head(), "asked here")
                        .help(HELP),
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
