//! What can be said of a text before anything is evaluated: kinds and attributes against the
//! schema, and names against what is in scope.

mod consequences;
mod names;
mod shape;
mod unused;

pub use consequences::without_consequences;
pub use names::modules_of;
pub use shape::{is_binding_word, is_child, is_whole, meant_kind, nameless, unknown_kind};

use crate::diagnostics::Diagnostic;
use crate::resolve::Program;

/// Checks all files that users wrote: the root files, and those that they use.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    let mut found = shape::check(program);
    found.extend(names::check(program));
    found.extend(unused::check(program));
    found
}

/// The nearest of the candidates by edit distance, where one is near enough to be meant.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let limit = match text.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        n => n / 3,
    };
    candidates
        .map(|candidate| {
            let (a, b) = (text.to_lowercase(), candidate.to_lowercase());
            let distance = strsim::damerau_levenshtein(&a, &b);
            // one is the other with more behind it: `req` for `requests`
            let begins = a.len() >= 3 && (b.starts_with(&a) || a.starts_with(&b) && b.len() >= 3);
            (
                if begins {
                    distance.min(limit)
                } else {
                    distance
                },
                candidate,
            )
        })
        .filter(|(distance, candidate)| *distance <= limit && *candidate != text)
        .min()
        .map(|(_, candidate)| candidate)
}
