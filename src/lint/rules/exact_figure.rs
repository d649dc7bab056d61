//! # exact-figure (W0711)
//!
//! A check that a measured time, amount of data or rate is one value exactly, or is not.
//!
//! ## Why it matters
//!
//! A clock has many digits: a measured time is never 20 ms to the last of them, so the check always
//! fails, or with `!=` always holds. Counts and shares may be exact.
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
//!   expect quick: steady.ttft.p50 == 20ms
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
//!   expect quick: steady.ttft.p50 <= 25ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Query;
use crate::lint::view::{View, warning};
use crate::syntax::ast::BinaryOp;

const RULE: Rule = ("W0711", "exact-figure");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let exact = view.comparisons().filter(|comparison| {
        let query = &comparison.figure.query;
        let dimension = query.dimension();
        // of growth another rule speaks; a series may be 0 for as long as nothing happens
        let none = comparison.limit == 0.0 && query.series().is_some();
        matches!(comparison.op, BinaryOp::Equal | BinaryOp::NotEqual)
            && !dimension.is_none()
            && !dimension.is_count()
            && !none
            && !matches!(query, Query::Growth { .. })
    });
    let found = exact.map(|comparison| {
        let figure = view.text(comparison.figure.span);
        let (message, help) = match comparison.op {
            BinaryOp::Equal => (
                format!("`{figure}` is measured, and never exactly one value"),
                "say a limit, `<=` or `>=`, or both",
            ),
            _ => (
                format!("`{figure}` is measured, and always another value than this"),
                "say a limit that it may or may not keep, with `<=` or `>=`",
            ),
        };
        warning(RULE, comparison.span, message).help(help)
    });
    found.collect()
}
