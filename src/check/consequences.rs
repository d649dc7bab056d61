//! What a mistake in the syntax may have caused: of a broken part only the root is told, and what
//! is wrong elsewhere all the same.

use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Sources, Span};
use std::collections::HashSet;

/// What a lost brace looks like further on: things at the wrong place, missing, or not known.
const OF_STRUCTURE: [codes::Rule; 12] = [
    codes::UNKNOWN_BLOCK,
    codes::UNKNOWN_ATTRIBUTE,
    codes::UNKNOWN_NAME,
    codes::UNKNOWN_FIELD,
    codes::UNKNOWN_METRIC,
    codes::UNKNOWN_OPTION,
    codes::DUPLICATE,
    codes::SHADOWED,
    codes::MISPLACED,
    codes::MISSING_ATTRIBUTE,
    codes::EMPTY_MATRIX,
    codes::CONTRADICTION,
];

/// Drops what a mistake in the syntax of the same file may be the cause of.
pub fn without_consequences(sources: &Sources, found: &mut Vec<Diagnostic>) {
    let is_syntax = |d: &Diagnostic| d.code.starts_with("E01");
    // a bracket or a body that is missing moves everything around it
    let lost = |d: &Diagnostic| {
        d.code == codes::MISSING_BODY.0
            || d.code == codes::UNCLOSED.0
                && sources
                    .text(d.span())
                    .starts_with(['{', '}', '[', ']', '(', ')', '/'])
    };
    let torn: HashSet<FileId> = (found.iter().filter(|d| lost(d)))
        .map(|d| d.span().file)
        .collect();
    // on the lines where that came out, or a text did not end, nothing means what it meant
    let unclosed = |d: &&Diagnostic| d.code == codes::UNCLOSED.0 || d.code == codes::MISSING_BODY.0;
    let lines: HashSet<(FileId, usize)> = (found.iter().filter(unclosed))
        .flat_map(|d| &d.labels)
        .map(|label| (label.span.file, sources.line_col(label.span).0))
        .collect();
    let broken: Vec<Span> = (found.iter().filter(|d| is_syntax(d)))
        .map(Diagnostic::span)
        .collect();
    found.retain(|d| {
        let span = d.span();
        let of_structure = OF_STRUCTURE.iter().any(|rule| rule.0 == d.code);
        is_syntax(d)
            || !(torn.contains(&span.file) && of_structure
                || !lines.is_empty() && lines.contains(&(span.file, sources.line_col(span).0))
                || broken.iter().any(|part| meet(*part, span)))
    });
}

/// Whether two places share text, or one stands inside the other.
fn meet(a: Span, b: Span) -> bool {
    a.file == b.file && a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str, found: &[(codes::Rule, &str)]) -> Vec<&'static str> {
        let mut sources = Sources::default();
        let file = sources.add("it.scn", None, text);
        let place = |part: &str| {
            let at = text.find(part).unwrap();
            Span::new(file, at, at + part.len())
        };
        let mut found: Vec<Diagnostic> = (found.iter())
            .map(|(rule, part)| Diagnostic::error(*rule, place(part), ""))
            .collect();
        without_consequences(&sources, &mut found);
        found.iter().map(|d| d.code).collect()
    }

    #[test]
    fn what_a_lost_brace_may_have_caused_is_not_said() {
        let found = [
            (codes::UNCLOSED, "{"),
            (codes::MISSING_ATTRIBUTE, "scenario"),
            (codes::TYPE_MISMATCH, "a"),
            (codes::UNKNOWN_UNIT, "sec"),
        ];
        assert_eq!(left("scenario a {\n 5 sec", &found), ["E0102", "E0211"]);
    }

    #[test]
    fn a_string_that_is_not_closed_moves_nothing() {
        let found = [(codes::UNCLOSED, "\""), (codes::UNKNOWN_NAME, "other")];
        assert_eq!(
            left("let a = \"\nlet b = other", &found),
            ["E0102", "E0203"]
        );
    }

    #[test]
    fn what_stands_on_broken_text_is_not_said_again() {
        let found = [
            (codes::FOREIGN_FORM, "None"),
            (codes::TYPE_MISMATCH, "None"),
            (codes::TYPE_MISMATCH, "3"),
        ];
        assert_eq!(left("a = None, b = 3", &found), ["E0104", "E0301"]);
    }
}
