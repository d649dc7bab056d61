//! # when-never-holds (W0667)
//!
//! A `when` of a check, or of a phase, that reads an axis of the matrix and holds in none of its
//! cases.
//!
//! ## Why it matters
//!
//! The check is skipped everywhere, which no run calls a failure: it looks as if it were judged.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { clients = [1, 8] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 20 * clients, concurrency = clients }
//!   expect answered: steady.success_rate == 100%
//!   expect quick:    steady.ttft.p50 <= 50ms when clients > 8
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
//!   matrix { clients = [1, 8] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 20 * clients, concurrency = clients }
//!   expect answered: steady.success_rate == 100%
//!   expect quick:    steady.ttft.p50 <= 50ms when clients >= 8
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Evaluator, Params, Scope, Value};
use crate::lint::view::warning;
use crate::resolve::{Flat, FlatAttr, Program};
use crate::scenario::{Case, Thunk, Unmeasured};
use crate::syntax::ast::Expr;
use std::collections::HashSet;
use std::sync::Arc;

const RULE: Rule = ("W0667", "when-never-holds");

pub fn check(program: &Program, params: &Params, flat: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    // one that builds on this may have another matrix
    let base = program.is_base(flat.module, flat.title());
    let (Some(matrix), Some(first)) = (flat.child("matrix"), cases.first()) else {
        return Vec::new();
    };
    let Some(any) = cases.iter().flat_map(|case| &case.checks).next() else {
        return Vec::new();
    };
    let scope = &any.expr.scope;
    if base || flat.incomplete {
        return Vec::new();
    }
    let unmeasured = Unmeasured::of(first);
    let eval = Evaluator::new(program, params, &unmeasured);
    let fixed = |expr: &Expr, scope: &Scope| {
        let rests = eval.rests(expr, scope);
        // with other values or another file it may hold
        !rests.outside && !eval.calls(expr, scope, "data")
    };
    type Axis<'f> = (&'f String, &'f Arc<FlatAttr>);
    let axes = |expr: &Expr, scope: &Scope| {
        let read = eval.names_of_case(expr, scope);
        let all = matrix.attrs.iter();
        let read = all.filter(|(name, _)| read.contains(*name) || read.contains("case"));
        read.collect::<Vec<Axis<'_>>>()
    };
    let never = |expr: &Expr, scope: &Scope, what: &str| {
        let axes = axes(expr, scope);
        let known = |(_, axis): &Axis<'_>| fixed(&axis.expr, &scope.in_module(axis.module));
        if axes.is_empty() || !fixed(expr, scope) || !axes.iter().all(known) {
            return None;
        }
        let text = program.sources.text(expr.span);
        let message = format!(
            "`{text}` holds in none of the {} cases, so {what}",
            cases.len()
        );
        let help = axes.iter().map(|(name, _)| values(name, cases));
        let help = help.collect::<Vec<_>>().join("; ");
        Some(warning(RULE, expr.span, message).help(help))
    };
    let mut found = Vec::new();
    // by their names: one that reads other cases stands in only one of those in which it is the same
    let mut held = HashSet::new();
    for case in cases {
        let unmeasured = Unmeasured::of(case);
        let eval = Evaluator::new(program, params, &unmeasured);
        let holds =
            |when: &Thunk| !matches!(eval.eval(&when.expr, &when.scope), Value::Bool(false));
        for check in &case.checks {
            if !held.contains(check.name.as_str()) && check.when.as_ref().is_none_or(holds) {
                held.insert(check.name.as_str());
            }
        }
    }
    // `when false` in the place of a check of the base turns it off, and reads no axis
    for check in cases.iter().flat_map(|case| &case.checks) {
        if let Some(when) = &check.when
            && held.insert(check.name.as_str())
        {
            found.extend(never(&when.expr, &when.scope, "this check is never judged"));
        }
    }
    for block in flat.children_of("phase") {
        let skipped = |case: &Case| {
            let mut phases = case.phases.iter();
            phases.any(|phase| phase.name == block.title() && phase.skipped.is_some())
        };
        if let Some(when) = block.attrs.get("when")
            && cases.iter().all(skipped)
        {
            let scope = scope.in_module(when.module);
            found.extend(never(&when.expr, &scope, "this phase never runs"));
        }
    }
    found
}

/// So many values of an axis are listed.
const LISTED: usize = 8;

/// `clients is 1 or 8`
fn values(axis: &str, cases: &[Case]) -> String {
    let mut seen: Vec<String> = Vec::new();
    for value in cases.iter().filter_map(|case| case.axes.get(axis)) {
        let text = value.text.clone();
        if !seen.contains(&text) {
            seen.push(text);
        }
    }
    let more = if seen.len() > LISTED { ", …" } else { "" };
    seen.truncate(LISTED);
    format!("`{axis}` is one of {}{more}", seen.join(", "))
}
