//! Every request, at places all over the corpora, of texts that are right and wrong.

use crate::client::{Client, Seeded, edited, part};
use crate::corpus_support::{root, scenarios, scn};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The files of some corpora with their texts, in order.
fn files(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let corpus = root().join("tests/corpus");
    let folders = folders.iter().map(|folder| corpus.join(folder));
    let files = folders.flat_map(|folder| {
        let mut files = scenarios(&folder);
        // those of folders of their own need what lies beside them
        files.retain(|file| file.parent() == Some(&folder));
        files
    });
    let texts = files.filter_map(|path| Some((path.clone(), std::fs::read_to_string(&path).ok()?)));
    let mut texts: Vec<_> = texts.collect();
    texts.sort();
    texts
}

/// How many UTF-16 units each line of a text has.
fn widths(text: &str) -> Vec<u64> {
    let text = text.replace("\r\n", "\n");
    let lines = text.split(['\n', '\r']);
    lines
        .map(|line| line.encode_utf16().count() as u64)
        .collect()
}

/// Panics where a range of an answer about this document does not lie in it.
fn inside(answer: &Value, uri: &str, widths: &[u64], said: &str) {
    match answer {
        Value::Object(fields) => {
            let elsewhere = fields.get("uri").is_some_and(|other| other != uri);
            if elsewhere {
                return;
            }
            for (name, value) in fields {
                if name == "changes" && value.get(uri).is_none() {
                    continue;
                }
                let (start, end) = (&value["start"], &value["end"]);
                if !start.is_null() && !end.is_null() {
                    let place = |at: &Value| {
                        let line = at["line"].as_u64().unwrap();
                        let character = at["character"].as_u64().unwrap();
                        let width = widths.get(usize::try_from(line).unwrap());
                        assert!(
                            width.is_some_and(|w| character <= *w),
                            "{at} in {said}: {answer}"
                        );
                        (line, character)
                    };
                    assert!(place(start) <= place(end), "{said}: {answer}");
                }
                inside(value, uri, widths, said);
            }
        }
        Value::Array(all) => all.iter().for_each(|one| inside(one, uri, widths, said)),
        _ => {}
    }
}

fn document(client: &Client, name: &str) -> Value {
    json!({ "textDocument": { "uri": client.uri(name) } })
}

fn close(client: &mut Client, name: &str) {
    let closed = document(client, name);
    client.notify("textDocument/didClose", closed);
}

/// Over all of a document.
fn over(client: &Client, name: &str, widths: &[u64]) -> Value {
    let mut params = document(client, name);
    let last = widths.len() - 1;
    params["range"] = json!({
        "start": { "line": 0, "character": 0 },
        "end": { "line": last, "character": widths[last] },
    });
    params["context"] = json!({ "diagnostics": [] });
    params["options"] = json!({ "tabSize": 2, "insertSpaces": true });
    params
}

/// Where no repair and no name is asked for: no fault, and places that are in the text.
#[test]
fn no_place_of_the_corpus_is_a_fault() {
    let mut client = Client::ready();
    let mut random = Seeded(7);
    let methods = [
        "hover",
        "completion",
        "definition",
        "references",
        "prepareRename",
        "rename",
    ];
    for (path, text) in files(&["lint", "syntax", "format"])
        .iter()
        .skip(3)
        .step_by(6)
    {
        let name = path.to_str().unwrap();
        client.open(name, text);
        let uri = client.uri(name);
        let widths = widths(text);
        for _ in 0..3 {
            let line = random.below(widths.len());
            let place = (line as u32, random.below(widths[line] as usize + 2) as u32);
            for method in methods {
                let mut params = client.at(name, place);
                params["newName"] = json!("some_other_name");
                params["context"] = json!({ "includeDeclaration": true });
                let answer = client.ask(&format!("textDocument/{method}"), params);
                let said = format!("{method} at {place:?} of {name}");
                // only a name may be refused
                let refused = answer["error"]["code"] == -32803;
                assert!(
                    answer.get("error").is_none() || refused && method.ends_with("ename"),
                    "{said}: {answer}"
                );
                inside(&answer["result"], &uri, &widths, &said);
            }
        }
        let whole = over(&client, name, &widths);
        for method in ["codeAction", "inlayHint", "documentSymbol"] {
            let answer = client.ok(&format!("textDocument/{method}"), whole.clone());
            inside(&answer, &uri, &widths, &format!("{method} of {name}"));
        }
        let edits = client.ok("textDocument/formatting", whole);
        inside(&edits, &uri, &widths, &format!("formatting of {name}"));
        let done = scn(root(), &["fmt", "--stdin", "-q"], text);
        let formatted = String::from_utf8(done.stdout).unwrap();
        let expected = match done.status.success() {
            true => &formatted,
            false => text,
        };
        assert_eq!(edited(text, &edits), *expected, "{name}");
        close(&mut client, name);
    }
}

/// Findings without their places.
fn words(found: &[Value]) -> Vec<String> {
    let one = |one: &Value| format!("{} {}", one["code"], one["message"]);
    let mut all: Vec<String> = found.iter().map(one).collect();
    all.sort();
    all
}

/// Where a word begins in each line.
fn words_of(text: &str) -> Vec<(u32, u32)> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = Vec::new();
    for (line, row) in text.lines().enumerate() {
        let (mut units, mut before) = (0, ' ');
        for c in row.chars() {
            if is_word(c) && !is_word(before) {
                out.push((line as u32, units));
            }
            (units, before) = (units + c.len_utf16() as u32, c);
        }
    }
    out
}

/// A name is changed wherever it is meant, and nowhere else: what is found is what was.
#[test]
fn names_of_the_corpus_are_renamed() {
    const NEW: &str = "qzqz_renamed";
    const TRIES: usize = 8;
    let mut client = Client::ready();
    let mut random = Seeded(11);
    let mut renamed = 0;
    for (path, text) in files(&["lint"]).iter().skip(1).step_by(3) {
        let name = path.to_str().unwrap();
        if text.starts_with("# args: ") {
            continue;
        }
        client.open(name, text);
        let before = client.findings(name, Some(1));
        let mut version = 1;
        if before.iter().any(|one| one["severity"] == 1) {
            close(&mut client, name);
            continue;
        }
        let before = words(&before);
        let uri = client.uri(name);
        let places = words_of(text);
        let mut tried = BTreeSet::new();
        for _ in 0..TRIES {
            let place = places[random.below(places.len())];
            let mut params = client.at(name, place);
            let old = client.ask("textDocument/prepareRename", params.clone());
            let Some(range) = old["result"].get("range") else {
                continue;
            };
            let old = part(text, range);
            assert_eq!(
                old,
                old.trim_matches(|c: char| !c.is_alphanumeric() && c != '_'),
                "{name}"
            );
            if !tried.insert(old.clone()) {
                continue;
            }
            // `{city}` in a text is no name, and is told of where there is one
            if text.contains(&format!("{{{old}}}")) {
                continue;
            }
            params["newName"] = json!(NEW);
            let edits = client.ask("textDocument/rename", params);
            // it is said where a base of scenarios reads what those define that extend it
            if edits["error"]["message"] == format!("with `{NEW}` `{old}` is not defined here") {
                continue;
            }
            let edits = &edits["result"];
            let new = edited(text, &edits["changes"][&uri]);
            assert_eq!(new.replace(NEW, &old), *text, "{name}: `{old}`");
            version += 1;
            client.change(name, version, &new);
            let after = client.findings(name, Some(version));
            let mut after = words(&after);
            after
                .iter_mut()
                .for_each(|one| *one = one.replace(NEW, &old));
            after.sort();
            assert_eq!(after, before, "{name}: `{old}` at {place:?}\n{new}");
            version += 1;
            client.change(name, version, text);
            client.findings(name, Some(version));
            renamed += 1;
        }
        close(&mut client, name);
    }
    assert!(renamed > 40, "{renamed}");
}

/// Taken one after another, the quick fixes that are sure come to what `--fix` makes.
#[test]
fn quick_fixes_come_to_what_fix_makes() {
    let mut client = Client::ready();
    let mut compared = 0;
    for (path, text) in files(&["lint", "fix", "syntax"]).into_iter().step_by(2) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if text.starts_with("# args: ") || name.ends_with(".fixed.scn") {
            continue;
        }
        client.write(name, &text);
        // how brackets are read depends on which of several was mended first
        let found = scn(
            client.folder.path(),
            &["lint", "--format", "concise", name],
            "",
        );
        if String::from_utf8_lossy(&found.stdout)
            .matches("[E0102]")
            .count()
            > 4
        {
            continue;
        }
        client.open(name, &text);
        let uri = client.uri(name);
        let mut now = text.clone();
        for version in 2.. {
            assert!(version < 100, "{name}: no end:\n{now}");
            let all = over(&client, name, &widths(&now));
            let actions = client.ok("textDocument/codeAction", all);
            let mut actions = actions.as_array().unwrap().iter();
            let Some(sure) = actions.find(|one| one["isPreferred"] == true) else {
                break;
            };
            now = edited(&now, &sure["edit"]["changes"][&uri]);
            client.change(name, version, &now);
        }
        close(&mut client, name);
        if now != text {
            let done = scn(client.folder.path(), &["lint", "--fix", name], "");
            let report = String::from_utf8(done.stderr).unwrap();
            // what leads to a new error is left to a person
            if !report.contains("left out") {
                assert_eq!(
                    now,
                    std::fs::read_to_string(client.path(name)).unwrap(),
                    "{name}"
                );
                compared += 1;
            }
        }
        std::fs::remove_file(client.path(name)).unwrap();
    }
    assert!(compared >= 12, "{compared}");
}
