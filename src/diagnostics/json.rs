//! Diagnostics as JSON.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};

use super::{Diagnostic, Fix, Label, by_place, concealed};
use crate::source::{Sources, Span};

/// An array with one object for each finding, in the order given. Lines and columns
/// count from 1, columns in characters; an end is the place just after the last one.
pub fn to_json<'a>(sources: &'a Sources, found: &[Diagnostic]) -> Array<'a> {
    let found = concealed(sources, found);
    Array { sources, found }
}

/// The same, by file and place.
pub fn by_file<'a>(sources: &'a Sources, found: &[Diagnostic]) -> Array<'a> {
    let found = by_place(sources, found);
    Array { sources, found }
}

/// Findings, each of which becomes JSON when it is written: of very many there is no tree of values.
pub struct Array<'a> {
    sources: &'a Sources,
    found: Vec<Diagnostic>,
}

impl Serialize for Array<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_seq(self.found.iter().map(|d| diagnostic(self.sources, d)))
    }
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
