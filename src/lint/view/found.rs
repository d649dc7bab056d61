//! Where a finding is, and how it is kept.

use crate::diagnostics::{Diagnostic, Label};
use crate::resolve::Flat;
use crate::source::Span;

/// Where an attribute of a block is written, or the block's head.
pub fn place(flat: &Flat, name: &str) -> Span {
    let written = flat.attrs.get(name);
    written.map_or(flat.head(), |attr| attr.name.span.to(attr.expr.span))
}

/// Where the value of an attribute is written, if it is.
pub fn value(flat: &Flat, name: &str) -> Option<Span> {
    flat.attrs.get(name).map(|attr| attr.expr.span)
}

/// So many findings back one of the same place is looked for, and so many other places are shown.
const LOOKED_BACK: usize = 64;
const MOST_LABELS: usize = 16;

/// Keeps a finding: what was said of its place already gets its other places.
pub fn keep(found: &mut Vec<Diagnostic>, one: Diagnostic) {
    let same = |d: &&mut Diagnostic| d.span() == one.span() && d.message == one.message;
    // those of one place come one after another, nearly
    match found.iter_mut().rev().take(LOOKED_BACK).find(same) {
        Some(before) => {
            let known = |label: &Label| before.labels.iter().any(|l| l.span == label.span);
            let new: Vec<Label> = one.labels.into_iter().filter(|l| !known(l)).collect();
            let room = MOST_LABELS.saturating_sub(before.labels.len());
            before.labels.extend(new.into_iter().take(room));
        }
        None => found.push(one),
    }
}

/// A finding of a rule: its place, and what is wrong there.
pub fn warning(
    rule: (&'static str, &'static str),
    span: Span,
    message: impl Into<String>,
) -> Diagnostic {
    Diagnostic::warning(rule, span, message)
}
