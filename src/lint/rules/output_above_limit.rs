//! # output-above-limit (W0609)
//!
//! A check that wants longer answers than the workload's `output` lets them be.
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
use crate::lint::view::Stat;
use crate::lint::view::{View, warning};

const RULE: Rule = ("W0609", "output-above-limit");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "output", stat)) = limit.statistic() else {
            continue;
        };
        let loads = view.loads(of);
        let requests = loads.iter().flat_map(|(load, _)| &load.workload.requests);
        // one without a limit may be as long as it likes
        let most: Option<Vec<f64>> = requests.map(|r| r.max_tokens.as_ref()?.most()).collect();
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
