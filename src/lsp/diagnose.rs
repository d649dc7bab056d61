//! Findings as editors show them, for open documents and the files that they use.

use super::Linted;
use super::protocol::notification;
use super::server::{ByFile, Open, uri_of};
use super::text::Lines;
use crate::diagnostics::{Diagnostic, Severity, codes, concealed};
use crate::source::{FileId, Sources, Span};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What editors show now, by file.
#[derive(Default)]
pub struct Published(ByFile);

impl Published {
    /// What is to be sent after these documents were linted. Where several documents use a file,
    /// it has the findings of all of them, each once.
    pub fn update(&mut self, open: &BTreeMap<String, Open>, linted: &[String]) -> Vec<Value> {
        let mut now: ByFile = HashMap::new();
        for document in open.values() {
            let Some(linted) = &document.linted else {
                continue;
            };
            for (uri, found) in by_file(linted, open) {
                let known = now.entry(uri).or_default();
                for one in found {
                    if !known.contains(&one) {
                        known.push(one);
                    }
                }
            }
        }
        let uris: BTreeSet<&String> = self.0.keys().chain(now.keys()).chain(linted).collect();
        let mut messages = Vec::new();
        for uri in uris {
            let found = now.get(uri).cloned().unwrap_or_default();
            let before = self.0.get(uri).cloned().unwrap_or_default();
            if found == before && !linted.contains(uri) {
                continue;
            }
            let mut params = json!({ "uri": uri, "diagnostics": found });
            if let Some(open) = open.get(uri) {
                params["version"] = json!(open.document.version);
            }
            messages.push(notification("textDocument/publishDiagnostics", params));
        }
        now.retain(|_, found| !found.is_empty());
        self.0 = now;
        messages
    }
}

fn by_file(linted: &Linted, open: &BTreeMap<String, Open>) -> ByFile {
    let sources = &linted.program.sources;
    let mut lines: HashMap<FileId, Lines<'_>> = HashMap::new();
    let mut uris: HashMap<FileId, String> = HashMap::new();
    let mut out: ByFile = HashMap::new();
    for found in concealed(sources, &linted.found) {
        let Some(span) = place(sources, &found) else {
            continue;
        };
        let mut location = |span: Span| {
            let file = sources.get(span.file);
            let path = file.path.as_deref()?;
            let uri = uris.entry(span.file).or_insert_with(|| uri_of(path, open));
            let lines = lines
                .entry(span.file)
                .or_insert_with(|| Lines::new(&file.text));
            Some((uri.clone(), json!(lines.range(span))))
        };
        let Some((uri, range)) = location(span) else {
            continue;
        };
        let related = found.labels.iter().filter(|label| !label.primary);
        let related = related.filter_map(|label| {
            let (uri, range) = location(label.span)?;
            let text = if label.text.is_empty() {
                "here"
            } else {
                &label.text
            };
            Some(json!({ "location": { "uri": uri, "range": range }, "message": text }))
        });
        let related: Vec<Value> = related.collect();
        let mut one = json!({
            "range": range,
            "severity": match found.severity {
                Severity::Error => 1,
                Severity::Warning => 2,
                Severity::Note => 3,
            },
            "code": found.code,
            "source": "scn",
            "message": message(&found),
        });
        if !related.is_empty() {
            one["relatedInformation"] = Value::Array(related);
        }
        if found.code == codes::UNUSED.0 {
            // shown faded
            one["tags"] = json!([1]);
        }
        out.entry(uri).or_default().push(one);
    }
    out
}

/// The place that it is about; where that is in the library, the first in a file of the user.
fn place(sources: &Sources, found: &Diagnostic) -> Option<Span> {
    let others = found.labels.iter().map(|label| label.span);
    let mut places = std::iter::once(found.span()).chain(others);
    places.find(|span| sources.get(span.file).path.is_some())
}

/// What is wrong, what the place is, and what to do.
fn message(found: &Diagnostic) -> String {
    let mut text = format!("{} [{}]", found.message, found.rule);
    let says = found.labels.iter().find(|label| label.primary);
    if let Some(says) = says.filter(|label| !label.text.is_empty()) {
        text.push_str(&format!("\nhere: {}", says.text));
    }
    for help in &found.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    text
}
