//! # output-above-limit (W0609)
//!
//! A check, or an `accept`, that wants longer answers than the workload's `output` lets them be. A
//! text that is looked for has at least a token for each of its words, several texts one for each two
//! of them (for each three, where they have three letters or share one), and no token has more than
//! 64 characters.
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
use crate::lint::view::{Stat, View, warning};
use crate::lint::wanted::Wanted;
use crate::scenario::WorkloadSpec;

const RULE: Rule = ("W0609", "output-above-limit");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let help = "raise `output` in the workload, or look for less";
    let mut found = view.accepts(RULE, help, cut);
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

/// Of an answer that cannot be accepted, since it is cut before it has said what is looked for.
fn cut(workload: &WorkloadSpec, wanted: &dyn Fn() -> Option<Wanted>) -> Option<String> {
    let most = workload.asks.max_tokens.as_ref()?.most()?;
    let wanted = wanted()?;
    if wanted.tokens as f64 <= most {
        return None;
    }
    let wants = match wanted.words as f64 > most {
        true => format!("{} words of one", wanted.words),
        false => format!("at least {} of one", wanted.tokens),
    };
    let name = &workload.name;
    Some(format!(
        "answers of `{name}` have at most {most} tokens, and this wants {wants}"
    ))
}
