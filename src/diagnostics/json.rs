//! Diagnostics as JSON.

use serde_json::{Value, json};

use super::{Diagnostic, Fix, Label, by_place, concealed};
use crate::source::{Sources, Span};

/// An array with one object for each finding, in the order given. Lines and columns
/// count from 1, columns in characters; an end is the place just after the last one.
pub fn to_json(sources: &Sources, found: &[Diagnostic]) -> Value {
    concealed(sources, found)
        .iter()
        .map(|d| diagnostic(sources, d))
        .collect()
}

/// The same, by file and place.
pub fn by_file(sources: &Sources, found: &[Diagnostic]) -> Value {
    let found = by_place(sources, found);
    found.iter().map(|d| diagnostic(sources, d)).collect()
}

fn diagnostic(sources: &Sources, found: &Diagnostic) -> Value {
    let span = found.span();
    let mut object = json!({
        "severity": found.severity,
        "code": found.code,
        "rule": found.rule,
        "message": found.message,
    });
    place(&mut object, sources, span);
    object["labels"] = found.labels.iter().map(|l| label(sources, l)).collect();
    object["help"] = json!(found.help);
    object["fixes"] = found.fixes.iter().map(|f| fix(sources, f)).collect();
    object
}

fn place(object: &mut Value, sources: &Sources, span: Span) {
    let (line, column) = sources.line_col(span);
    let (end_line, end_column) = sources.line_col(Span {
        start: span.end,
        ..span
    });
    object["file"] = json!(sources.get(span.file).name);
    object["line"] = json!(line);
    object["column"] = json!(column);
    object["end_line"] = json!(end_line);
    object["end_column"] = json!(end_column);
}

fn label(sources: &Sources, label: &Label) -> Value {
    let mut object = json!({ "text": label.text, "primary": label.primary });
    place(&mut object, sources, label.span);
    object
}

fn fix(sources: &Sources, fix: &Fix) -> Value {
    let edits: Value = fix
        .edits
        .iter()
        .map(|(span, text)| {
            let mut object = json!({ "text": text, "start": span.start, "end": span.end });
            place(&mut object, sources, *span);
            object
        })
        .collect();
    json!({ "title": fix.title, "safe": fix.safe, "edits": edits })
}
