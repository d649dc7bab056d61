//! # rank-of-one (W0641)
//!
//! A rank whose `within` names so many axes that no case is left to compare with.
//!
//! ## Why it matters
//!
//! Cases are compared where they agree in what `within` names. If no two agree, each of them is
//! the first of its group, and the rank says nothing.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   rank best { highest = steady.output_throughput, within = [clients] }
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
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   rank best { highest = steady.output_throughput }
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{place, warning};
use crate::report::model::Figure;
use crate::resolve::Flat;
use crate::scenario::Case;
use crate::syntax::ast::ExprKind;
use std::collections::HashMap;

const RULE: Rule = ("W0641", "rank-of-one");

pub fn check(flat: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    let Some(first) = cases.first().filter(|_| cases.len() > 1) else {
        return Vec::new();
    };
    let blocks = flat.children_of("rank");
    let blocks: HashMap<&str, _> = blocks.map(|block| (block.title(), block)).collect();
    let mut found = Vec::new();
    for rank in &first.ranks {
        let axes = rank.within.iter().map(|(_, thunk)| match &thunk.expr.kind {
            ExprKind::Name(name) if first.axes.contains_key(name) => Some(name.as_str()),
            _ => None,
        });
        // what is worked out of axes may be the same in several cases
        let Some(axes) = axes.collect::<Option<Vec<&str>>>() else {
            continue;
        };
        let Some(left) = alone(&axes, cases) else {
            continue;
        };
        let Some(block) = blocks.get(rank.name.as_str()) else {
            continue;
        };
        let message = format!(
            "no two of the {} cases agree in {left}: each is the first of its own",
            cases.len()
        );
        found.push(
            warning(RULE, place(block, "within"), message)
                .help("name the axes that may not be compared, and leave out the one that is to be ranked; without `within` all cases are compared"),
        );
    }
    found
}

/// The axes, as a sentence names them, where no two cases have the same values of them.
fn alone(axes: &[&str], cases: &[Case]) -> Option<String> {
    let key = |case: &Case| -> Vec<Option<String>> {
        let of = |axis: &&str| Some(shown(case.axes.get(*axis)?));
        axes.iter().map(of).collect()
    };
    let mut keys: Vec<_> = cases.iter().map(key).collect();
    keys.sort_unstable();
    let apart = keys.windows(2).all(|pair| pair[0] != pair[1]);
    let names: Vec<String> = axes.iter().map(|axis| format!("`{axis}`")).collect();
    (apart && !axes.is_empty()).then(|| names.join(" and "))
}

fn shown(figure: &Figure) -> String {
    format!("{figure:?}")
}
