//! How soon an editor has the findings of a file of a large pack after a change to it: the real
//! program over its streams, without the pause that it waits for while somebody types. Run with
//! `cargo bench --bench lsp`.

mod support;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;
use support::pack::{SCENARIOS, scenario};
use support::{Samples, pack, table};

const CHANGES: i64 = 200;

struct Client {
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    /// The next message that the wanted holds for.
    fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut header = String::new();
            self.output.read_line(&mut header).unwrap();
            let length = header.trim_end().strip_prefix("Content-Length: ").unwrap();
            let mut body = vec![0; length.parse::<usize>().unwrap() + 2];
            self.output.read_exact(&mut body).unwrap();
            let message: Value = serde_json::from_slice(&body[2..]).unwrap();
            if wanted(&message) {
                return message;
            }
        }
    }

    /// Sends a text, and waits for what is found in it.
    fn change(&mut self, uri: &str, version: i64, text: &str) -> usize {
        self.send(&json!({
            "jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
                "textDocument": { "uri": uri, "version": version },
                "contentChanges": [{ "text": text }],
            },
        }));
        let shown = self.wait(|message| message["params"]["version"] == version);
        shown["params"]["diagnostics"].as_array().unwrap().len()
    }
}

/// The first place of some words, which are in the text.
fn place(text: &str, words: &str) -> Value {
    let before = &text[..text.find(words).unwrap()];
    let column = before.rsplit('\n').next().unwrap().len();
    json!({ "line": before.matches('\n').count(), "character": column })
}

fn main() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path();
    let lines = pack::write(folder);
    let mut child = Command::new(env!("CARGO_BIN_EXE_scn"))
        .arg("lsp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut client = Client {
        input: child.stdin.take().unwrap(),
        output: BufReader::new(child.stdout.take().unwrap()),
    };
    let root = String::from(url::Url::from_file_path(folder).unwrap());
    client.send(&json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "rootUri": root, "capabilities": {}, "initializationOptions": { "pause_ms": 0 },
        },
    }));
    client.wait(|message| message["id"] == 1);
    let uri = String::from(url::Url::from_file_path(folder.join("s7.scn")).unwrap());
    let text = scenario(7);
    client.send(&json!({
        "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {
            "textDocument": { "uri": uri, "languageId": "scn", "version": 1, "text": text },
        },
    }));
    client.wait(|message| message["params"]["version"] == 1);
    let (mut right, mut wrong, mut completions) = (Vec::new(), Vec::new(), Vec::new());
    for version in 2..CHANGES + 2 {
        let bad = version % 2 == 0;
        // never a text that was there before
        let new = text.replace("The 7th", &format!("The {version}th"));
        let new = match bad {
            true => new.replace("common.limit", "common.limits"),
            false => new,
        };
        let started = Instant::now();
        let found = client.change(&uri, version, &new);
        let times = if bad { &mut wrong } else { &mut right };
        times.push(started.elapsed().as_secs_f64());
        assert_eq!(found > 0, bad);
        let started = Instant::now();
        let id = 1000 + version;
        client.send(&json!({
            "jsonrpc": "2.0", "id": id, "method": "textDocument/completion", "params": {
                "textDocument": { "uri": uri }, "position": place(&new, "requests  "),
            },
        }));
        let list = client.wait(|message| message["id"] == id);
        assert!(
            list["result"]["items"]
                .as_array()
                .is_some_and(|all| all.len() > 5)
        );
        completions.push(started.elapsed().as_secs_f64());
    }
    let started = Instant::now();
    client.send(&json!({
        "jsonrpc": "2.0", "id": 2, "method": "textDocument/references", "params": {
            "textDocument": { "uri": uri }, "position": place(&text, "limit\n"),
            "context": { "includeDeclaration": true },
        },
    }));
    let all = client.wait(|message| message["id"] == 2);
    let places = all["result"].as_array().map_or(0, Vec::len);
    // where it is defined, and one in each file
    assert_eq!(places, SCENARIOS + 1);
    let references = started.elapsed().as_secs_f64();
    let rows = [
        ("findings after a change, none found", right),
        ("findings after a change, one found", wrong),
        ("completion", completions),
    ]
    .map(|(name, times)| vec![name.to_owned(), Samples::new(times).range(1e3, 2)]);
    table(
        &format!("one file of {SCENARIOS} ({lines} lines) in an editor: median (min to max)"),
        &["answer", "ms"],
        &rows,
    );
    println!(
        "  references in all of the files, the first time: {places} places, {:.0} ms",
        references * 1e3
    );
    let large = String::from(url::Url::from_file_path(folder.join("large.scn")).unwrap());
    for count in [4000, 8000, 16_000] {
        let text: String = (0..count).map(|n| format!("let x{n} = {n}\n")).collect();
        client.send(&json!({
            "jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {
                "textDocument": { "uri": large, "languageId": "scn", "version": count, "text": text },
            },
        }));
        client.wait(|message| message["params"]["version"] == count);
        let started = Instant::now();
        client.send(&json!({
            "jsonrpc": "2.0", "id": count, "method": "textDocument/completion", "params": {
                "textDocument": { "uri": large }, "position": { "line": 1, "character": 9 },
            },
        }));
        let list = client.wait(|message| message["id"] == count);
        println!(
            "  completion in a file of {count} lines: {} offered, {:.0} ms",
            list["result"]["items"].as_array().map_or(0, Vec::len),
            started.elapsed().as_secs_f64() * 1e3
        );
    }
    drop(client);
    child.wait().unwrap();
}
