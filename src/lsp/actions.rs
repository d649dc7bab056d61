//! Repairs that findings bring with them, and formatting.

use super::Linted;
use super::text::Lines;
use crate::diagnostics::{Diagnostic, concealed};
use crate::source::{FileId, Span};
use crate::syntax::format::format;
use serde_json::{Value, json};

/// A repair of a finding in a file; edits that reach into other files are not offered.
pub struct Repair {
    pub title: String,
    pub edits: Vec<Value>,
    /// Nothing else can have been meant.
    pub safe: bool,
}

/// The repairs of findings that touch a part of a file.
pub fn repairs(linted: &Linted, file: FileId, within: Span, lines: &Lines<'_>) -> Vec<Repair> {
    let touches = |found: &Diagnostic| {
        let span = found.span();
        span.file == file && span.start <= within.end && within.start <= span.end
    };
    let found = concealed(&linted.program.sources, &linted.found);
    let mut out = Vec::new();
    for fix in found
        .iter()
        .filter(|found| touches(found))
        .flat_map(|found| &found.fixes)
    {
        if fix.edits.iter().any(|(span, _)| span.file != file) {
            continue;
        }
        let edits = fix
            .edits
            .iter()
            .map(|(span, text)| json!({ "range": lines.range(*span), "newText": text }));
        let new = fix.edits.first().map_or("", |(_, text)| text.trim());
        out.push(Repair {
            title: match new {
                "" => fix.title.clone(),
                new => format!("{}: `{new}`", fix.title),
            },
            edits: edits.collect(),
            safe: fix.safe,
        });
    }
    out
}

/// The edits that write a text in the one style; none where it has mistakes of syntax, or is.
pub fn formatted(text: &str) -> Vec<Value> {
    match format(FileId(0), text) {
        Ok(new) if new != text => {
            vec![json!({ "range": Lines::new(text).whole(), "newText": new })]
        }
        _ => Vec::new(),
    }
}
