//! # reads-infeasible (W0649)
//!
//! A check that reads a case which cannot work, and which `infeasible = "skip"` leaves out.
//!
//! ## Why it matters
//!
//! Nothing is measured of a case that does not run, so the check has no data, and a check without
//! data never passes: the scenario ends without success, after all the others were measured.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//! use std.gpus
//! use std.models
//!
//! workload chat { input = uniform(100 tok, 400 tok), output = 200 tok }
//! cluster box { node here { gpu = gpus.h200, gpus = 8 } }
//!
//! scenario scaling {
//!   infeasible = "skip"
//!   matrix { tp = [1, 2, 4] }
//!   server sut {
//!     engine  = engines.vllm
//!     model   = models.llama_3_1_70b
//!     cluster = box
//!     layout  { tp = tp }
//!   }
//!   phase warmup { workload = chat, requests = 16, concurrency = 8, measured = false }
//!   phase steady { workload = chat, requests = 400, concurrency = 8, seed = 1 }
//!   expect scales: at(tp = 4).steady.output_throughput >= 1.5 * at(tp = 1).steady.output_throughput
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//! use std.gpus
//! use std.models
//!
//! workload chat { input = uniform(100 tok, 400 tok), output = 200 tok }
//! cluster box { node here { gpu = gpus.h200, gpus = 8 } }
//!
//! scenario scaling {
//!   infeasible = "skip"
//!   matrix { tp = [1, 2, 4] }
//!   server sut {
//!     engine  = engines.vllm
//!     model   = models.llama_3_1_70b
//!     cluster = box
//!     layout  { tp = tp }
//!   }
//!   phase warmup { workload = chat, requests = 16, concurrency = 8, measured = false }
//!   phase steady { workload = chat, requests = 400, concurrency = 8, seed = 1 }
//!   expect scales: at(tp = 4).steady.output_throughput >= 1.5 * at(tp = 2).steady.output_throughput
//!   expect alone:  not at(tp = 1).feasible because "its weights are larger than one GPU"
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::warning;
use crate::resolve::Flat;
use crate::scenario::Case;
use std::collections::{HashMap, HashSet};

const RULE: Rule = ("W0649", "reads-infeasible");

pub fn check(_: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    let never: HashMap<&str, &str> = cases
        .iter()
        .filter_map(|case| Some((case.id.as_str(), case.infeasible.as_deref()?)))
        .collect();
    let mut found = Vec::new();
    if never.is_empty() {
        return found;
    }
    let mut said = HashSet::new();
    let run = cases.iter().filter(|case| case.infeasible.is_none());
    for check in run.flat_map(|case| &case.checks) {
        let reads = check.across.iter().flat_map(|across| &across.reads);
        let Some((id, why)) = reads
            .filter_map(|(id, _)| never.get_key_value(&**id))
            .next()
        else {
            continue;
        };
        if !said.insert(check.span) {
            continue;
        }
        let message = format!("this reads the case {id}, which cannot run: there will be no data");
        found.push(warning(RULE, check.span, message).help(*why).help(format!(
            "compare cases that can; or add `when at({}).feasible`",
            id.replace('=', " = ").replace(',', ", ")
        )));
    }
    found
}
