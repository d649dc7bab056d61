//! Names with letters that names do not have: said once, instead of what follows from it.

use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use std::ops::Range;

/// Objections to the parts of one such name, and to what is left of its line, become one.
pub(super) fn foreign(text: &str, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut out: Vec<Diagnostic> = Vec::with_capacity(found.len());
    let mut said: Option<Range<usize>> = None;
    for diagnostic in found {
        let span = diagnostic.span();
        let start = span.start as usize;
        if diagnostic.code == codes::SYNTAX.0 {
            if said.as_ref().is_some_and(|line| line.contains(&start)) {
                continue;
            }
            if let Some(name) = name_at(text, start) {
                let end = text[name.end..]
                    .find('\n')
                    .map_or(text.len(), |more| name.end + more);
                said = Some(name.start..end);
                out.push(object(span, &name));
                continue;
            }
        }
        out.push(diagnostic);
    }
    out
}

fn object(at: Span, name: &Range<usize>) -> Diagnostic {
    let span = Span::new(at.file, name.start, name.end);
    let message = "names are written in ASCII letters, digits and `_`";
    Diagnostic::error(codes::SYNTAX, span, message)
        .says("not a name")
        .help("write another name; a text may hold any letters")
}

/// The word around this place, where it stands as a name does and has a letter beyond ASCII.
fn name_at(text: &str, start: usize) -> Option<Range<usize>> {
    let of_word = |c: char| c.is_alphanumeric() || c == '_';
    let begin = text.get(..start)?.trim_end_matches(of_word).len();
    let end = text[start..]
        .find(|c: char| !of_word(c))
        .map_or(text.len(), |more| start + more);
    let foreign = !text[begin..end].is_ascii();
    // behind a `=` or a bracket it may be a text without its quotes
    let line = text[..begin].rfind('\n').map_or(0, |at| at + 1);
    let before = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ' ' | '\t' | '{');
    let named = text[line..begin].chars().all(before);
    (foreign && named).then_some(begin..end)
}
