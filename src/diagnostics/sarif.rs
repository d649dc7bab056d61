//! Diagnostics as SARIF 2.1.0, which code scanning services read.

use super::rules::rule;
use super::{Diagnostic, Fix, by_place};
use crate::source::{Sources, Span};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// One run with a result for each finding, by file and place, and with the rules that these name.
pub fn to_sarif<'a>(sources: &'a Sources, found: &[Diagnostic]) -> Log<'a> {
    let found = by_place(sources, found);
    let mut rules: Vec<(&'static str, &str)> = found.iter().map(|d| (d.code, d.rule)).collect();
    rules.sort_unstable();
    rules.dedup();
    let tool = json!({ "driver": {
        "name": "scn",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules.iter().map(|(code, name)| descriptor(code, name)).collect::<Vec<_>>(),
    }});
    let codes = rules.into_iter().map(|(code, _)| code).collect();
    let results = Results {
        sources,
        found,
        codes,
    };
    Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool,
            column_kind: "unicodeCodePoints",
            results,
        }],
    }
}

/// A file of SARIF.
#[derive(Serialize)]
pub struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Value,
    column_kind: &'static str,
    results: Results<'a>,
}

/// Findings, each of which becomes a result when it is written.
struct Results<'a> {
    sources: &'a Sources,
    found: Vec<Diagnostic>,
    codes: Vec<&'static str>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let index = |code: &str| self.codes.iter().position(|known| *known == code);
        let all = self.found.iter();
        out.collect_seq(all.map(|d| result(self.sources, d, index(d.code))))
    }
}

fn descriptor(code: &str, name: &str) -> Value {
    let mut out = json!({ "id": code, "name": name });
    if let Some(known) = rule(code) {
        out["shortDescription"] = json!({ "text": known.summary() });
        out["help"] = json!({ "text": known.page, "markdown": known.page });
        out["defaultConfiguration"] = json!({ "level": known.level.word() });
    }
    out
}

fn result(sources: &Sources, d: &Diagnostic, index: Option<usize>) -> Value {
    let text: Vec<String> = std::iter::once(d.message.clone())
        .chain(d.help.iter().map(|help| format!("help: {help}")))
        .collect();
    let mut out = json!({
        "ruleId": d.code,
        "level": d.severity.word(),
        "message": { "text": text.join("\n") },
        "locations": [{ "physicalLocation": place(sources, d.span()) }],
    });
    if let Some(index) = index {
        out["ruleIndex"] = json!(index);
    }
    let others = d.labels.iter().filter(|label| !label.primary);
    let related: Vec<Value> = others
        .map(|label| {
            let mut one = json!({ "physicalLocation": place(sources, label.span) });
            if !label.text.is_empty() {
                one["message"] = json!({ "text": label.text });
            }
            one
        })
        .collect();
    if !related.is_empty() {
        out["relatedLocations"] = json!(related);
    }
    if !d.fixes.is_empty() {
        out["fixes"] = d.fixes.iter().map(|f| fix(sources, f)).collect();
    }
    out
}

fn fix(sources: &Sources, fix: &Fix) -> Value {
    let mut changes: Vec<(crate::source::FileId, Vec<Value>)> = Vec::new();
    for (span, text) in &fix.edits {
        let one = json!({
            "deletedRegion": region(sources, *span),
            "insertedContent": { "text": text },
        });
        match changes.iter_mut().find(|(file, _)| *file == span.file) {
            Some((_, of_file)) => of_file.push(one),
            None => changes.push((span.file, vec![one])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(file, replacements)| {
            let uri = uri(&sources.get(file).name);
            json!({ "artifactLocation": { "uri": uri }, "replacements": replacements })
        })
        .collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

fn place(sources: &Sources, span: Span) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&sources.get(span.file).name) },
        "region": region(sources, span),
    })
}

fn region(sources: &Sources, span: Span) -> Value {
    let (line, column) = sources.line_col(span);
    let (end_line, end_column) = sources.line_col(Span {
        start: span.end,
        ..span
    });
    json!({
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    })
}

/// A path as a URI; a relative one stays relative.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn paths_are_uris() {
        assert_eq!(uri("a b/c:d.scn"), "a%20b/c%3Ad.scn");
        assert_eq!(uri("/x/ä.scn"), "file:///x/%C3%A4.scn");
    }
}
