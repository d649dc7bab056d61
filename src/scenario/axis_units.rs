//! An axis whose values lack their unit: that is one mistake, where they are written, and not one of
//! each expression that reads it.

use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::resolve::{Flat, Program};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use indexmap::IndexMap;

const MESSAGE: &str = "the values of the axis";

/// So many uses are shown.
const SHOWN: usize = 5;

/// Says at an axis what was found missing where it is used. What is found elsewhere stays.
pub(super) fn at_the_axis(program: &Program, flat: &Flat, found: &mut Vec<Diagnostic>) {
    let Some(matrix) = flat.child("matrix") else {
        return;
    };
    let mut uses: IndexMap<&str, Vec<Diagnostic>> = IndexMap::new();
    let mut rest = Vec::with_capacity(found.len());
    for one in std::mem::take(found) {
        let missing = one.code == codes::MISSING_UNIT.0 && one.severity == Severity::Error;
        match axis_of(program.sources.text(one.span()), matrix).filter(|_| missing) {
            Some(axis) => uses.entry(axis).or_default().push(one),
            None => rest.push(one),
        }
    }
    *found = rest;
    for (axis, uses) in uses {
        found.push(missing(matrix, axis, &uses));
    }
}

/// Leaves the first uses of each, once nothing more is looked for at the others.
pub fn few_uses(found: &mut [Diagnostic]) {
    for one in found.iter_mut().filter(|d| d.message.starts_with(MESSAGE)) {
        let more = one.labels.len().saturating_sub(1 + SHOWN);
        if more > 0 && one.code == codes::MISSING_UNIT.0 {
            one.labels.truncate(1 + SHOWN);
            let help = format!("they are used so in {more} more places");
            one.help.insert(0, help);
        }
    }
}

/// The axis of bare numbers that an expression reads, and nothing else: `limit`, `2 * limit`.
fn axis_of<'a>(text: &str, matrix: &'a Flat) -> Option<&'a str> {
    if text.len() > 100 {
        return None;
    }
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = text.split(|c| !part(c));
    let name = words.find(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))?;
    let (axis, attr) = matrix.attrs.get_key_value(name)?;
    let alone = words.all(|word| word == name || word.chars().all(|c| c.is_ascii_digit()));
    (alone && is_bare(&attr.expr)).then_some(axis)
}

/// Whether it is written as numbers without units.
fn is_bare(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number { unit, .. } => unit.is_none(),
        ExprKind::List(items) => !items.is_empty() && items.iter().all(is_bare),
        _ => false,
    }
}

fn missing(matrix: &Flat, axis: &str, uses: &[Diagnostic]) -> Diagnostic {
    let attr = &matrix.attrs[axis];
    let message = format!("{MESSAGE} `{axis}` need their unit");
    let mut found =
        Diagnostic::error(codes::MISSING_UNIT, attr.expr.span, message).says("bare numbers");
    let mut places: Vec<(Span, &str)> = (uses.iter())
        .map(|one| (one.span(), one.message.as_str()))
        .collect();
    places.sort_unstable();
    places.dedup_by_key(|(span, _)| *span);
    for (span, message) in places {
        found = found.label(span, message);
    }
    found.help("write the unit with each value, where they stand")
}
