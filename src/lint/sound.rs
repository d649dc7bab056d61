//! Scenarios that no error touches: what is wrong elsewhere hides nothing that is to be said of
//! them.

use crate::diagnostics::{Diagnostic, Severity};
use crate::resolve::{DefinitionKind, Flat, Program};
use crate::source::Span;
use std::collections::HashSet;
use std::sync::Arc;

/// A block of a file that others read only where they build on it.
struct Apart<'a> {
    span: Span,
    title: &'a str,
    /// Others build on it.
    base: bool,
}

/// Those of the scenarios that have no error and build on none that has one. An error that stands
/// in no scenario and in no suite may be of any of them.
pub fn sound(program: &Program, scenarios: &[Arc<Flat>], found: &[Diagnostic]) -> Vec<Arc<Flat>> {
    let mut errors = (found.iter())
        .filter(|d| d.severity == Severity::Error)
        .peekable();
    if errors.peek().is_none() {
        return scenarios.to_vec();
    }
    let blocks = apart(program);
    let mut touched = HashSet::new();
    for error in errors {
        let span = error.span();
        let begins =
            |block: &Apart<'_>| (block.span.file, block.span.start) <= (span.file, span.start);
        let before = blocks[..blocks.partition_point(begins)].last();
        match before.filter(|b| b.span.file == span.file && b.span.end >= span.end) {
            Some(block) if block.base => return Vec::new(),
            Some(block) => touched.insert(block.title),
            None => return Vec::new(),
        };
    }
    let whole = |flat: &&Arc<Flat>| !touched.contains(flat.title());
    scenarios.iter().filter(whole).cloned().collect()
}

/// The scenarios and suites of all files, in order of their places.
fn apart(program: &Program) -> Vec<Apart<'_>> {
    let mut out = Vec::new();
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            if let DefinitionKind::Block(flat) = &definition.kind
                && matches!(flat.kind.text.as_str(), "scenario" | "suite")
            {
                out.push(Apart {
                    span: flat.span,
                    title: flat.title(),
                    base: program.is_base(id, name),
                });
            }
        }
    }
    out.sort_by_key(|block| (block.span.file, block.span.start));
    out
}
