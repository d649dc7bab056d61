//! A scenario's matrix: axes multiply, an axis may read those above it, `exclude when` removes.

use super::unmeasured::Launched;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Params, Scope, Value};
use crate::meter;
use crate::resolve::{Flat, FlatAttr, ModuleId};
use crate::source::{Sources, Span};
use crate::syntax::ast::Expr;
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// More rows than anyone runs: a mistake, and no reason to fill the memory.
const MOST_ROWS: usize = 10_000;

/// More axes than anyone tells apart.
const MOST_AXES: usize = 64;

type Row = IndexMap<String, Value>;

/// The rows of a matrix.
pub(super) struct Rows {
    pub rows: Vec<Row>,
    /// The axes of which not all values are known, after a mistake: then the rows are what is right
    /// of it, so that the scenario can be looked at all the same. A value that is wrong is `Error`.
    pub unknown: HashSet<String>,
}

impl Rows {
    /// The first row alone, where all of them come to more than `most` parts of the scenario.
    pub fn within(mut self, most: usize, eval: &Evaluator<'_>, scenario: &Flat) -> Self {
        let (cases, size) = (self.rows.len(), scenario.size());
        let Some(matrix) = scenario.child("matrix").filter(|_| cases * size > most) else {
            return self;
        };
        let message = format!("{cases} cases of {size} attributes, checks and blocks are too many");
        eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, matrix.head(), message)
                .says(format!("more than {most} in all"))
                .help("remove axes or values, or make several scenarios of it"),
        );
        self.rows.truncate(1);
        self.unknown.extend(matrix.attrs.keys().cloned());
        self
    }
}

/// The rows of the matrix; one empty row where there is none. `scope` gives the names that the
/// expressions of a row see, `launched` its servers, for exclusions that ask whether they fit.
pub(super) fn rows(
    eval: &Evaluator<'_>,
    params: &Params,
    scenario: &Flat,
    scope: &dyn Fn(&Row) -> Scope,
    launched: &dyn Fn(&Row) -> Launched,
) -> Rows {
    let mut out = Rows {
        rows: vec![Row::new()],
        unknown: HashSet::new(),
    };
    let Some(matrix) = scenario.child("matrix") else {
        return out;
    };
    if matrix.attrs.len() > MOST_AXES {
        let message = format!("this matrix has more than {MOST_AXES} axes");
        eval.report(
            Diagnostic::error(codes::OUT_OF_RANGE, matrix.head(), message).help(
                "let an axis be of records: `layout = [{ tp = 1, dp = 2 }, { tp = 2, dp = 1 }]`",
            ),
        );
        return Rows::unknown(matrix);
    }
    for (name, axis) in &matrix.attrs {
        let mut next = Vec::new();
        for row in &out.rows {
            let inner = scope(row).in_module(axis.module);
            let (values, whole) = values(eval, name, axis, &inner);
            if !whole {
                out.unknown.insert(name.clone());
            }
            for value in values {
                let mut row = row.clone();
                row.insert(name.clone(), value);
                next.push(row);
            }
            if next.len() > MOST_ROWS || meter::nearly() {
                let (message, help) = match next.len() > MOST_ROWS {
                    true => (
                        format!("this matrix has more than {MOST_ROWS} rows"),
                        "remove axes or values".to_string(),
                    ),
                    false => (
                        "the values of this matrix take too much memory".to_string(),
                        format!("{}: remove axes or values", meter::help()),
                    ),
                };
                let found = Diagnostic::error(codes::OUT_OF_RANGE, matrix.head(), message);
                eval.report(found.help(help));
                return Rows::unknown(matrix);
            }
        }
        out.rows = next;
    }
    let alike = repeated(&out.rows);
    let asks = |(expr, module): &(Arc<Expr>, ModuleId)| {
        eval.calls(expr, &scope(&Row::new()).in_module(*module), "fit")
    };
    let fits = matrix.excludes.iter().any(asks);
    let mut removed = vec![false; matrix.excludes.len()];
    out.rows.retain(|row| {
        if !fits {
            return !excluded(eval, matrix, row, scope, &mut removed);
        }
        let launched = launched(row);
        let own = Evaluator::new(eval.program, params, &launched);
        let excluded = excluded(&own, matrix, row, scope, &mut removed);
        own.take_found().into_iter().for_each(|d| eval.report(d));
        !excluded
    });
    for ((expr, _), removed) in matrix.excludes.iter().zip(&removed) {
        if !removed && out.unknown.is_empty() {
            let message = "this exclusion removes no row";
            eval.report(without(
                &eval.program.sources,
                expr.span,
                Diagnostic::warning(codes::USELESS_EXCLUDE, expr.span, message)
                    .help("delete it, or mend its condition"),
            ));
        }
    }
    let kept = repeated(&out.rows);
    let none = out.rows.is_empty();
    // one is enough: the others come from the same value
    if let Some((_, text)) = if none { &alike } else { &kept }.first() {
        let message = format!("the row {text} stands in the matrix twice");
        eval.report(
            Diagnostic::error(codes::DUPLICATE_CASE, matrix.head(), message)
                .help("remove the repeated value"),
        );
    }
    if none {
        let message = "every row of this matrix is excluded, so the scenario has no cases";
        eval.report(
            Diagnostic::error(codes::EMPTY_MATRIX, matrix.head(), message)
                .help("mend the conditions of `exclude when`, or add values"),
        );
        return Rows::unknown(matrix);
    }
    let repeated: HashSet<usize> = kept.into_iter().map(|(at, _)| at).collect();
    let mut at = 0;
    out.rows.retain(|_| {
        at += 1;
        !repeated.contains(&(at - 1))
    });
    out
}

impl Rows {
    /// One row, of which nothing is known.
    fn unknown(matrix: &Flat) -> Self {
        let row = matrix.attrs.keys().map(|name| (name.clone(), Value::Error));
        Self {
            rows: vec![row.collect()],
            unknown: matrix.attrs.keys().cloned().collect(),
        }
    }
}

/// The values of an axis, and whether all of them are known; what is wrong is reported, and where
/// none is left, one stands for them that is.
fn values(eval: &Evaluator<'_>, name: &str, axis: &FlatAttr, scope: &Scope) -> (Vec<Value>, bool) {
    let span = axis.expr.span;
    let wrong = |rule, message: String, help: &str| {
        eval.report(Diagnostic::error(rule, span, message).help(help));
        (vec![Value::Error], false)
    };
    let values = match eval.known(&format!("the axis `{name}`"), &axis.expr, scope) {
        Value::List(values) => values,
        Value::Error => return (vec![Value::Error], false),
        other => {
            let message = format!(
                "the axis `{name}` is a list of values, this is {}",
                other.describe()
            );
            return wrong(codes::TYPE_MISMATCH, message, "put it in brackets: [ … ]");
        }
    };
    if values.is_empty() {
        let message = format!("the axis `{name}` has no values, so the scenario has no cases");
        let help = "give it at least one value, or remove the axis";
        return wrong(codes::EMPTY_MATRIX, message, help);
    }
    let known = values.iter().filter(|value| !matches!(value, Value::Error));
    let known: Vec<Value> = known.cloned().collect();
    match known.is_empty() {
        true => (vec![Value::Error], false),
        false => {
            let whole = known.len() == values.len();
            (known, whole)
        }
    }
}

/// The rows that stand there a second time, by their places and as they read.
fn repeated(rows: &[Row]) -> Vec<(usize, String)> {
    let mut seen: HashMap<String, Vec<&Row>> = HashMap::new();
    let mut out = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        // what is wrong is the same in every row
        let known = row.iter().filter(|(_, v)| !matches!(v, Value::Error));
        let text: Vec<String> = known
            .map(|(k, v)| format!("{k}={}", v.shown().unwrap_or_default()))
            .collect();
        let text = text.join(",");
        let alike = seen.entry(text.clone()).or_default();
        let same = |other: &&Row| {
            let pair =
                |(a, b): (&Value, &Value)| a == b || matches!((a, b), (Value::Error, Value::Error));
            row.len() == other.len() && row.values().zip(other.values()).all(pair)
        };
        if alike.iter().any(same) {
            out.push((at, text));
        } else {
            alike.push(row);
        }
    }
    out
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
        let scope = inner.in_module(*module);
        let value = match eval.eval(expr, &scope) {
            Value::Unknown(_) => eval.known("`exclude when`", expr, &scope),
            value => value,
        };
        match value {
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
    let docs = before[..start].trim_end_matches([' ', '\t']).lines().rev();
    let docs = docs.take_while(|line| {
        let line = line.trim_start();
        line.starts_with("##") && !line.starts_with("###")
    });
    let item = Span::new(condition.file, start, condition.end as usize);
    match sources.removal_with(item, docs.count()) {
        Some(line) => found.fix("delete it", line, "", false),
        None => found,
    }
}
