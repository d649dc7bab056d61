//! What is shown while a text is written.

use crate::client::{Client, cursor, edited, part};
use crate::corpus_support::root;
use serde_json::{Value, json};
use std::process::Command;

fn codes(found: &[Value]) -> Vec<&str> {
    found
        .iter()
        .map(|one| one["code"].as_str().unwrap())
        .collect()
}

#[test]
fn findings_follow_the_text_as_it_is_typed() {
    let mut client = Client::ready();
    let text = "let a = \"🦀ü\" + wrong\nlet b = 1\n";
    client.open("a.scn", text);
    let found = client.findings("a.scn", Some(1));
    assert_eq!(codes(&found), ["E0203"], "{found:?}");
    assert_eq!(part(text, &found[0]["range"]), "wrong");
    assert_eq!(found[0]["range"]["start"]["character"], 16);
    // only the word is replaced, by its place in UTF-16
    let range = found[0]["range"].clone();
    client.changes("a.scn", 2, json!([{ "range": range, "text": "\"x\"" }]));
    assert_eq!(client.findings("a.scn", Some(2)), [] as [Value; 0]);
    // two changes at once: each sees what the one before it left
    let insert = |line: u32, text: &str| {
        let at = json!({ "line": line, "character": 0 });
        json!({ "range": { "start": at, "end": at }, "text": text })
    };
    client.changes(
        "a.scn",
        3,
        json!([insert(1, "let c = b\n"), insert(2, "let d = e\n")]),
    );
    let found = client.findings("a.scn", Some(3));
    assert_eq!(codes(&found), ["E0203"]);
    assert_eq!(
        found[0]["range"]["start"],
        json!({ "line": 2, "character": 8 })
    );
    let closed = json!({ "textDocument": { "uri": client.uri("a.scn") } });
    client.notify("textDocument/didClose", closed);
    assert_eq!(client.findings("a.scn", None), [] as [Value; 0]);
}

#[test]
fn files_that_are_used_are_read_as_they_are_in_the_editor() {
    let mut client = Client::ready();
    client.write("common.scn", "let known = 1\nlet broken = nothing\n");
    client.open("a.scn", "use \"./common.scn\"\nlet a = common.fresh\n");
    assert_eq!(codes(&client.findings("a.scn", Some(1))), ["E0203"]);
    assert_eq!(codes(&client.findings("common.scn", None)), ["E0203"]);
    // unsaved, and what uses it is told
    client.open("common.scn", "let known = 1\nlet fresh = 2\n");
    assert_eq!(client.findings("common.scn", Some(1)), [] as [Value; 0]);
    assert_eq!(client.findings("a.scn", Some(1)), [] as [Value; 0]);
}

#[test]
fn of_many_quick_changes_the_last_is_shown() {
    let mut client = Client::ready();
    client.open("a.scn", "let a = 1\n");
    client.findings("a.scn", Some(1));
    for version in 2..=60 {
        client.change("a.scn", version, &format!("let a = missing_{version}\n"));
    }
    let mut shown = vec![];
    loop {
        let message = client.wait(|message| message["method"] == "textDocument/publishDiagnostics");
        let version = message["params"]["version"].as_i64().unwrap();
        let text = message["params"]["diagnostics"][0]["message"]
            .as_str()
            .unwrap();
        // never findings of one text under the number of another
        assert!(text.contains(&format!("missing_{version}")), "{message}");
        shown.push(version);
        if version == 60 {
            break;
        }
    }
    assert!(shown.is_sorted(), "{shown:?}");
}

#[test]
fn an_editor_is_told_what_lint_finds() {
    let mut client = Client::ready();
    let folder = root().join("tests/corpus/lint");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "scn"))
        .collect();
    files.sort();
    let mut several = 0;
    for path in files.iter().step_by(9) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let Ok(text) = std::fs::read_to_string(path) else {
            continue;
        };
        client.write(name, &text);
        client.open(name, &text);
        let mut shown: Vec<(String, String)> = client
            .findings(name, Some(1))
            .iter()
            .map(|one| {
                (
                    one["code"].as_str().unwrap().into(),
                    part(&text, &one["range"]),
                )
            })
            .collect();
        let lint = Command::new(env!("CARGO_BIN_EXE_scn"))
            .args(["lint", name, "--json", "-"])
            .current_dir(client.folder.path())
            .output()
            .unwrap();
        let lint: Value = serde_json::from_slice(&lint.stdout).unwrap();
        let lint = lint
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["file"] == name);
        let place = |one: &Value, line: &str, column: &str| {
            let line = one[line].as_u64().unwrap() as usize;
            let start: usize = text
                .split_inclusive('\n')
                .take(line - 1)
                .map(str::len)
                .sum();
            let column = one[column].as_u64().unwrap() as usize;
            let rest = text[start..].char_indices().map(|(at, _)| at);
            start + rest.chain([text.len() - start]).nth(column - 1).unwrap()
        };
        let mut found: Vec<(String, String)> = lint
            .map(|one| {
                let start = place(one, "line", "column");
                let end = place(one, "end_line", "end_column");
                (
                    one["code"].as_str().unwrap().into(),
                    text[start..end].into(),
                )
            })
            .collect();
        found.sort();
        // what two documents say of one place is shown once
        found.dedup();
        shown.sort();
        shown.dedup();
        assert_eq!(shown, found, "{name}");
        several += usize::from(!found.is_empty());
    }
    assert!(several > 10, "{several} files with findings");
}

#[test]
fn a_repair_mends_what_it_says() {
    let mut client = Client::ready();
    let text = "workload w { prompt = \"hi\", outptu = 3 }\n";
    client.open("a.scn", text);
    let found = client.findings("a.scn", Some(1));
    let range = found[0]["range"].clone();
    let uri = client.uri("a.scn");
    let params = json!({
        "textDocument": { "uri": uri }, "range": range, "context": { "diagnostics": [] },
    });
    let actions: Vec<gen_lsp_types::CodeAction> =
        client.typed("textDocument/codeAction", params.clone());
    assert_eq!(actions.len(), 1, "{found:?}");
    let actions = client.ok("textDocument/codeAction", params.clone());
    let mended = edited(text, &actions[0]["edit"]["changes"][&uri]);
    assert_eq!(mended, text.replace("outptu", "output"));
    let mut other = params.clone();
    other["context"]["only"] = json!(["source.organizeImports"]);
    assert_eq!(client.ok("textDocument/codeAction", other), json!([]));
    let elsewhere = json!({ "line": 1, "character": 0 });
    let params = json!({
        "textDocument": { "uri": uri }, "context": { "diagnostics": [] },
        "range": { "start": elsewhere, "end": elsewhere },
    });
    assert_eq!(client.ok("textDocument/codeAction", params), json!([]));
}

#[test]
fn formatting_is_that_of_fmt() {
    let mut client = Client::ready();
    let ask = |client: &mut Client, name: &str, text: &str| {
        client.open(name, text);
        let uri = client.uri(name);
        let options = json!({ "tabSize": 8, "insertSpaces": false });
        let params = json!({ "textDocument": { "uri": uri }, "options": options });
        client.ok("textDocument/formatting", params)
    };
    let text = "# 🦀\nlet   a=1\nmodel m{path=\"ü\"}\n";
    let edits = ask(&mut client, "a.scn", text);
    let formatted = edited(text, &edits);
    assert_eq!(formatted, "# 🦀\nlet a = 1\nmodel m { path = \"ü\" }\n");
    assert_eq!(ask(&mut client, "b.scn", &formatted), json!([]));
    assert_eq!(ask(&mut client, "c.scn", "let a = [\n"), json!([]));
}

#[test]
fn cases_are_counted_behind_their_matrix() {
    let mut client = Client::ready();
    let text = std::fs::read_to_string(root().join("scenarios/quickstart.scn")).unwrap();
    client.open("a.scn", &text);
    let lines = text.lines().count();
    let range = json!({
        "start": { "line": 0, "character": 0 }, "end": { "line": lines, "character": 0 },
    });
    let params = json!({ "textDocument": { "uri": client.uri("a.scn") }, "range": range });
    let hints: Vec<gen_lsp_types::InlayHint> =
        client.typed("textDocument/inlayHint", params.clone());
    assert_eq!(hints.len(), 1);
    let hints = client.ok("textDocument/inlayHint", params);
    assert_eq!(hints[0]["label"], "2 cases");
    let before = text.split("matrix").next().unwrap();
    let (_, place) = cursor(&format!("{before}matrix|"));
    assert_eq!(
        hints[0]["position"],
        json!({ "line": place.0, "character": place.1 })
    );
}

#[test]
fn hostile_texts_are_survived() {
    let mut client = Client::ready();
    for (name, text) in [
        ("a.scn", "[".repeat(1 << 20)),
        ("b.scn", format!("let a = {}", "[".repeat(1 << 20))),
        ("c.scn", "\u{FEFF}let a = \0\r\n\r\r\n\u{2028}".to_string()),
        ("d.scn", String::new()),
    ] {
        client.open(name, &text);
        assert!(!client.findings(name, Some(1)).is_empty(), "{name}");
        for method in ["hover", "completion", "definition"] {
            let place = client.at(name, (0, 500));
            client.ok(&format!("textDocument/{method}"), place);
        }
        client.change(name, 2, "let a = 1\n");
        assert_eq!(client.findings(name, Some(2)), [] as [Value; 0], "{name}");
    }
}
