//! # baseline-of-itself (W0666)
//!
//! A check that compares a case with `at(…)`, in the case that `at` names: there it compares a
//! figure with itself, and cannot hold.
//!
//! ## Why it matters
//!
//! Nothing is 1.5 times itself, so the case that the others are compared with always fails.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { workers = [1, 2] }
//!   server sut { engine = engines.builtin, options { max_concurrent = workers } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect scales: steady.request_rate >= 1.5 * at(workers = 1).steady.request_rate
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
//!   matrix { workers = [1, 2] }
//!   server sut { engine = engines.builtin, options { max_concurrent = workers } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect scales: steady.request_rate >= 1.5 * at(workers = 1).steady.request_rate
//!     when workers > 1
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Query;
use crate::lint::ratio::Ratio;
use crate::lint::view::{View, warning};
use crate::syntax::ast::BinaryOp;
use crate::units::number;

const RULE: Rule = ("W0666", "baseline-of-itself");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let certain = view.ratios().filter(|ratio| ratio.certain);
    certain
        .filter(|ratio| of_itself(view, ratio))
        .filter_map(never_holds)
        .collect()
}

/// Whether both sides are the same figure of the case at hand, one of them through `at`.
fn of_itself(view: &View<'_>, ratio: &Ratio) -> bool {
    let sides = [&ratio.left.figure, &ratio.right.figure];
    let here = |case: Option<&str>| case.is_none_or(|id| id == view.case.id);
    // what a server holds more than before may be less than nothing
    let amount = matches!(
        sides[0].query,
        Query::Scalar { .. } | Query::Statistic { .. } | Query::Percentile { .. }
    );
    amount
        && sides[0].query == sides[1].query
        && sides.iter().all(|side| here(side.case.as_deref()))
        && sides.iter().any(|side| side.case.is_some())
}

fn never_holds(ratio: &Ratio) -> Option<Diagnostic> {
    let factor = ratio.factor();
    let holds = match ratio.op {
        BinaryOp::GreaterEqual => factor <= 1.0,
        BinaryOp::Greater => factor < 1.0,
        BinaryOp::LessEqual => factor >= 1.0,
        BinaryOp::Less => factor > 1.0,
        BinaryOp::Equal => factor == 1.0,
        _ => true,
    };
    let times = match factor == 1.0 {
        true => "itself".to_string(),
        false => format!("{} times itself", number(factor, 4)),
    };
    let message = format!("a figure is compared with {times}, which never holds");
    (!holds).then(|| {
        warning(RULE, ratio.span, message).help(
            "leave out the case that the others are compared with by a `when` behind the check, such as `when workers > 1`",
        )
    })
}
