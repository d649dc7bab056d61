//! Scenarios without phases: bases that never run. What is wrong in one whoever extends it is said
//! of it alone; what it lacks, those may have who extend it.

use super::case;
use super::compile::{all_cases, runs};
use super::locals::Locals;
use super::matrix;
use super::shared::Shared;
use crate::check::names_of;
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::eval::{Evaluator, Nothing, Params};
use crate::resolve::{DefinitionKind, Flat, Program};
use crate::source::Span;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;

/// What no scenario that builds on it can mend but by saying it anew.
const BY_ITSELF: [codes::Rule; 16] = [
    codes::UNKNOWN_NAME,
    codes::UNKNOWN_FIELD,
    codes::UNKNOWN_METRIC,
    codes::UNKNOWN_UNIT,
    codes::UNKNOWN_OPTION,
    codes::TYPE_MISMATCH,
    codes::DIMENSIONS,
    codes::MISSING_UNIT,
    codes::BAD_ARGUMENT,
    codes::NOT_CONSTANT,
    codes::OUT_OF_RANGE,
    codes::BAD_CHOICE,
    codes::ARITHMETIC,
    codes::MISSING_FILE,
    codes::CYCLE,
    codes::EMPTY_MATRIX,
];

/// What is wrong in the bases of the users' files, but for what is said at the same place already.
pub fn bases(program: &Program, params: &Params, said: &[Diagnostic]) -> Vec<Diagnostic> {
    let said: HashSet<(&str, Span)> = said.iter().map(|d| (d.code, d.span())).collect();
    let mut out = Vec::new();
    let shared: Rc<Shared> = Rc::default();
    for id in program.user_modules() {
        for definition in program.module(id).names.values() {
            if let DefinitionKind::Block(flat) = &definition.kind
                && flat.kind.text == "scenario"
                && !runs(flat)
            {
                out.extend(base(program, params, flat, &shared));
            }
        }
    }
    let known = |d: &Diagnostic| BY_ITSELF.iter().any(|rule| rule.0 == d.code);
    out.retain(|d| {
        d.severity == Severity::Error && known(d) && !said.contains(&(d.code, d.span()))
    });
    out
}

fn base(
    program: &Program,
    params: &Params,
    flat: &Arc<Flat>,
    shared: &Rc<Shared>,
) -> Vec<Diagnostic> {
    let mut locals = Locals::of(program, flat);
    shared.next_scenario();
    locals.shared = shared.clone();
    let constant = Evaluator::new(program, params, &Nothing);
    let launched = |axes: &_| case::launched(&locals, params, flat, axes);
    let scope = |axes: &_| locals.scope(axes, None);
    let mut rows = matrix::rows(&constant, params, flat, &scope, &launched).rows;
    // its other cases are those of who extends it
    rows.truncate(1);
    let mut out = constant.take_found();
    let mut secrets = Vec::new();
    if let Some(axes) = rows.first().cloned() {
        let (mut case, found) = case::lower(&locals, params, flat, &axes, &mut secrets);
        out.extend(found);
        case.cases = Arc::new(all_cases(flat, rows, std::slice::from_ref(&case)));
        let measured = case::measured(&locals, params, flat, &axes, &mut case, &mut secrets);
        out.extend(measured);
    }
    let set = set_anew(flat);
    let within = |outer: &Span, inner: Span| {
        outer.file == inner.file && outer.start <= inner.start && inner.end <= outer.end
    };
    out.retain(|d| !set.iter().any(|part| within(part, d.span())));
    out
}

/// The expressions of a base that read its `let`s: a scenario that extends it may set those anew.
fn set_anew(flat: &Flat) -> Vec<Span> {
    let lets: HashSet<&str> = flat.lets.keys().map(String::as_str).collect();
    let mut out = Vec::new();
    if !lets.is_empty() {
        parts(flat, &lets, &mut out);
    }
    out
}

fn parts(flat: &Flat, lets: &HashSet<&str>, out: &mut Vec<Span>) {
    let attrs = flat.attrs.values().chain(flat.lets.values());
    let attrs = attrs.map(|attr| &attr.expr);
    let checks = flat.checks.iter();
    let checks = checks.flat_map(|check| std::iter::once(&check.expr).chain(&check.when));
    let excludes = flat.excludes.iter().map(|(expr, _)| expr);
    let reads = attrs.chain(checks).chain(excludes);
    let reads = reads.filter(|expr| !names_of(expr).is_disjoint(lets));
    out.extend(reads.map(|expr| expr.span));
    flat.children.iter().for_each(|one| parts(one, lets, out));
}
