//! A scenario's matrix: axes multiply, an axis may read those above it, `exclude when` removes.

use super::unmeasured::Launched;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Params, Scope, Value};
use crate::resolve::{Flat, ModuleId};
use crate::source::{Sources, Span};
use crate::syntax::ast::Expr;
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::Arc;

/// More rows than anyone runs: a mistake, and no reason to fill the memory.
const MOST_ROWS: usize = 10_000;

/// More axes than anyone tells apart.
const MOST_AXES: usize = 64;

type Row = IndexMap<String, Value>;

/// The rows of the matrix; one empty row where there is none. `scope` gives the names that the
/// expressions of a row see, `launched` its servers, for exclusions that ask whether they fit.
pub(super) fn rows(
    eval: &Evaluator<'_>,
    params: &Params,
    scenario: &Flat,
    scope: &dyn Fn(&Row) -> Scope,
    launched: &dyn Fn(&Row) -> Launched,
) -> Vec<Row> {
    let Some(matrix) = scenario.child("matrix") else {
        return vec![Row::new()];
    };
    if matrix.attrs.len() > MOST_AXES {
        let message = format!("this matrix has more than {MOST_AXES} axes");
        eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, matrix.head(), message).help(
                "let an axis be of records: `layout = [{ tp = 1, dp = 2 }, { tp = 2, dp = 1 }]`",
            ),
        );
        return Vec::new();
    }
    let mut rows = vec![Row::new()];
    let mut removed = vec![false; matrix.excludes.len()];
    for (name, axis) in &matrix.attrs {
        let mut next = Vec::new();
        for row in &rows {
            let inner = scope(row).in_module(axis.module);
            let values = match eval.eval(&axis.expr, &inner) {
                Value::List(values) => values,
                Value::Error => return Vec::new(),
                other if other.is_measured() => {
                    let message = format!("the axis `{name}` must be known before the run");
                    eval.report(
                        Diagnostic::error(codes::NOT_CONSTANT, axis.expr.span, message).help(
                            "measured values are for checks, reports and lets that these use",
                        ),
                    );
                    return Vec::new();
                }
                other => {
                    let message = format!(
                        "the axis `{name}` is a list of values, this is {}",
                        other.describe()
                    );
                    eval.report(
                        Diagnostic::error(codes::TYPE_MISMATCH, axis.expr.span, message)
                            .help("put it in brackets: [ … ]"),
                    );
                    return Vec::new();
                }
            };
            if values.is_empty() {
                let message =
                    format!("the axis `{name}` has no values, so the scenario has no cases");
                eval.report(
                    Diagnostic::error(codes::EMPTY_MATRIX, axis.expr.span, message)
                        .help("give it at least one value, or remove the axis"),
                );
                return Vec::new();
            }
            for value in values.iter() {
                if let Value::Error = value {
                    return Vec::new();
                }
                if value.is_measured() {
                    let message =
                        format!("a value of the axis `{name}` is not known before the run");
                    eval.report(
                        Diagnostic::error(codes::NOT_CONSTANT, axis.expr.span, message).help(
                            "measured values are for checks, reports and lets that these use",
                        ),
                    );
                    return Vec::new();
                }
                let mut row = row.clone();
                row.insert(name.clone(), value.clone());
                next.push(row);
            }
            if next.len() > MOST_ROWS {
                let message = format!("this matrix has more than {MOST_ROWS} rows");
                eval.report(
                    Diagnostic::error(codes::OUT_OF_RANGE, matrix.head(), message)
                        .help("remove axes or values"),
                );
                return Vec::new();
            }
        }
        rows = next;
    }
    let asks = |(expr, module): &(Arc<Expr>, ModuleId)| {
        eval.calls(expr, &scope(&Row::new()).in_module(*module), "fit")
    };
    let fits = matrix.excludes.iter().any(asks);
    rows.retain(|row| {
        if !fits {
            return !excluded(eval, matrix, row, scope, &mut removed);
        }
        let launched = launched(row);
        let own = Evaluator::new(eval.program, params, &launched);
        let out = excluded(&own, matrix, row, scope, &mut removed);
        own.take_found().into_iter().for_each(|d| eval.report(d));
        !out
    });
    for ((expr, _), removed) in matrix.excludes.iter().zip(&removed) {
        if !removed && !rows.is_empty() {
            let message = "this exclusion removes no row";
            eval.report(without(
                &eval.program.sources,
                expr.span,
                Diagnostic::warning(codes::USELESS_EXCLUDE, expr.span, message)
                    .help("delete it, or mend its condition"),
            ));
        }
    }
    if rows.is_empty() {
        let message = "every row of this matrix is excluded, so the scenario has no cases";
        eval.report(
            Diagnostic::error(codes::EMPTY_MATRIX, matrix.head(), message)
                .help("mend the conditions of `exclude when`, or add values"),
        );
    }
    let mut seen: HashMap<String, Vec<&Row>> = HashMap::new();
    for row in &rows {
        let shown = |value: &Value| value.shown().unwrap_or_default();
        let text: Vec<String> = row
            .iter()
            .map(|(k, v)| format!("{k}={}", shown(v)))
            .collect();
        let text = text.join(",");
        let alike = seen.entry(text.clone()).or_default();
        if alike.contains(&row) {
            let message = format!("the row {text} stands in the matrix twice");
            eval.report(
                Diagnostic::error(codes::DUPLICATE_CASE, matrix.head(), message)
                    .help("remove the repeated value"),
            );
            return Vec::new();
        }
        alike.push(row);
    }
    rows
}

fn excluded(
    eval: &Evaluator<'_>,
    matrix: &Flat,
    row: &Row,
    scope: &dyn Fn(&Row) -> Scope,
    removed: &mut [bool],
) -> bool {
    let inner = scope(row);
    let mut out = false;
    for ((expr, module), removed) in matrix.excludes.iter().zip(removed) {
        match eval.eval(expr, &inner.in_module(*module)) {
            Value::Bool(true) => {
                *removed = true;
                out = true;
            }
            Value::Bool(false) => {}
            // what cannot be told is reported; it removes nothing and is not useless either
            Value::Error => *removed = true,
            other => {
                *removed = true;
                let message = format!("a condition is true or false, this is {}", other.describe());
                let found = Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message);
                eval.report(match other {
                    Value::Unavailable(why) => found.help(format!("it is not known: {why}")),
                    _ => found,
                });
            }
        }
    }
    out
}

/// With the repair that takes the whole `exclude when …` out, where it has its line to itself.
fn without(sources: &Sources, condition: Span, found: Diagnostic) -> Diagnostic {
    let before = &sources.get(condition.file).text[..condition.start as usize];
    let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
    let whole = line.trim_start();
    let words: Vec<&str> = whole.split_whitespace().collect();
    if words != ["exclude", "when"] {
        return found;
    }
    let start = condition.start as usize - whole.len();
    match sources.removal(Span::new(condition.file, start, condition.end as usize)) {
        Some(line) => found.fix("delete it", line, "", false),
        None => found,
    }
}
