//! # output-above-limit (W0609)
//!
//! A check, or an `accept`, that wants longer answers than the workload's `output` lets them be. A
//! text that is looked for has at least a token for each of its words, several texts one for each two
//! of them, and no token has more than 64 characters.
//!
//! ## Why it matters
//!
//! No answer is longer than `output`, so it cannot hold.
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
//!   expect long: steady.output.p50 >= 64 tok
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
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect long: steady.output.p50 >= 8 tok
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{Stat, View, keep, place, warning};
use crate::load::random::Random;

const RULE: Rule = ("W0609", "output-above-limit");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = accepts(view);
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "output", stat)) = limit.statistic() else {
            continue;
        };
        let loads = view.loads(of);
        let asks = loads.iter().map(|(load, _)| &load.workload.asks);
        // one without a limit may be as long as it likes
        let most: Option<Vec<f64>> = asks.map(|a| a.max_tokens.as_ref()?.most()).collect();
        let most = most.and_then(|all| all.into_iter().reduce(f64::max));
        if let Some(most) = most
            && limit.limit > most
            && !matches!(stat, Stat::Named("count" | "stddev"))
        {
            let message = format!("answers of `{}` have at most {most} tokens", of.phase);
            found.push(
                warning(RULE, limit.limit_span, message)
                    .help("raise `output` in the workload, or lower this"),
            );
        }
    }
    found
}

/// Answers that cannot be accepted, since they are cut before they have said what is looked for.
fn accepts(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (phase, block) in view.phases() {
        for load in &phase.loads {
            let workload = &load.workload;
            let most = workload.asks.max_tokens.as_ref();
            let (Some(most), Some(accept)) = (most.and_then(Random::most), &workload.accept) else {
                continue;
            };
            let mut wanted =
                (0..workload.requests.len()).filter_map(|row| view.wanted(workload, row));
            let Some(wanted) = wanted.find(|wanted| wanted.tokens as f64 > most) else {
                continue;
            };
            let wants = match wanted.words as f64 > most {
                true => format!("{} words of one", wanted.words),
                false => format!("at least {} of one", wanted.tokens),
            };
            let message = format!(
                "answers of `{}` have at most {most} tokens, and this wants {wants}",
                workload.name
            );
            keep(
                &mut found,
                warning(RULE, accept.expr.span, message)
                    .label(place(block, "workload"), "asked here")
                    .help("raise `output` in the workload, or look for less"),
            );
        }
    }
    found
}
