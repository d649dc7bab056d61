//! A client that speaks the protocol to the real program over its standard streams.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// The longest that anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    child: Child,
    input: Option<ChildStdin>,
    incoming: Receiver<Value>,
    /// What came while something else was waited for.
    kept: VecDeque<Value>,
    pub folder: tempfile::TempDir,
    next_id: u64,
}

impl Client {
    /// Starts the program in a folder of its own; nothing is said yet.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_scn"))
            .arg("lsp")
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", folder.path().join(".cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, incoming) = channel();
        std::thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    break;
                }
            }
        });
        Self {
            input: child.stdin.take(),
            child,
            incoming,
            kept: VecDeque::new(),
            folder,
            next_id: 0,
        }
    }

    /// The same, with the handshake done for its folder.
    pub fn ready() -> Self {
        Self::pausing(20)
    }

    /// The same, where nothing is linted before typing pauses for so many milliseconds.
    pub fn pausing(pause_ms: u64) -> Self {
        let mut client = Self::start();
        let folder = client.uri("");
        let options = json!({ "pause_ms": pause_ms });
        client.ok(
            "initialize",
            json!({
                "processId": null, "capabilities": {}, "initializationOptions": options,
                "workspaceFolders": [{ "uri": folder, "name": "pack" }],
            }),
        );
        client.notify("initialized", json!({}));
        client
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(name)
    }

    pub fn uri(&self, name: &str) -> String {
        url::Url::from_file_path(self.path(name)).unwrap().into()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).unwrap();
        input.flush().unwrap();
    }

    pub fn send(&mut self, message: &Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// The next message for which `wanted` holds; others are kept for later.
    pub fn wait(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.kept.iter().position(&wanted) {
            return self.kept.remove(at).unwrap();
        }
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let message = self.incoming.recv_timeout(left);
            let message = message.unwrap_or_else(|_| panic!("nothing came; kept: {:?}", self.kept));
            if wanted(&message) {
                return message;
            }
            self.kept.push_back(message);
        }
    }

    /// The whole answer to a request.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next_id += 1;
        let id = self.next_id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.wait(|message| message["id"] == id && message.get("method").is_none())
    }

    /// The result of a request that has one.
    pub fn ok(&mut self, method: &str, params: Value) -> Value {
        let mut answer = self.ask(method, params);
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].take()
    }

    /// The same as the type that the protocol's own description gives it.
    pub fn typed<T: DeserializeOwned>(&mut self, method: &str, params: Value) -> T {
        let result = self.ok(method, params);
        let shown = result.to_string();
        serde_json::from_value(result).unwrap_or_else(|error| panic!("{method}: {error}: {shown}"))
    }

    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "scn", "version": 1, "text": text });
        self.notify("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the whole text.
    pub fn change(&mut self, name: &str, version: i64, text: &str) {
        self.changes(name, version, json!([{ "text": text }]));
    }

    pub fn changes(&mut self, name: &str, version: i64, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.notify("textDocument/didChange", params);
    }

    /// The findings that are shown of this version; of a file that is not open, the next ones.
    pub fn findings(&mut self, name: &str, version: Option<i64>) -> Vec<Value> {
        let uri = self.uri(name);
        let message = self.wait(|message| {
            let params = &message["params"];
            message["method"] == "textDocument/publishDiagnostics"
                && params["uri"] == uri
                && params["version"].as_i64() == version
        });
        let found = message["params"]["diagnostics"].as_array().unwrap();
        for one in found {
            let typed: Result<gen_lsp_types::Diagnostic, _> = serde_json::from_value(one.clone());
            typed.unwrap_or_else(|error| panic!("{error}: {one}"));
        }
        found.clone()
    }

    /// The parameters of a request about a place.
    pub fn at(&self, name: &str, (line, character): (u32, u32)) -> Value {
        json!({
            "textDocument": { "uri": self.uri(name) },
            "position": { "line": line, "character": character },
        })
    }

    /// Opens a text and asks about the place in it that `|` stands at.
    pub fn ask_at(&mut self, method: &str, name: &str, marked: &str) -> Value {
        let (text, place) = cursor(marked);
        self.open(name, &text);
        let params = self.at(name, place);
        self.ok(method, params)
    }

    /// Ends the program's input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// How the program ended; it must by itself.
    pub fn ended(&mut self) -> ExitStatus {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < until, "it still runs");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // a test that failed leaves nothing behind
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length?];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).unwrap())
}

/// The text without its `|`, and the line and UTF-16 column where that stood.
pub fn cursor(marked: &str) -> (String, (u32, u32)) {
    let (before, after) = marked.split_once('|').expect("a `|`");
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap().encode_utf16().count();
    (format!("{before}{after}"), (line as u32, column as u32))
}

/// The part of a text that a range of the protocol means.
pub fn part(text: &str, range: &Value) -> String {
    let at = |place: &Value| {
        let line = place["line"].as_u64().unwrap() as usize;
        let ends = |(at, c): &(usize, char)| match c {
            '\n' => true,
            '\r' => !text[at + 1..].starts_with('\n'),
            _ => false,
        };
        let mut starts = text.char_indices().filter(ends).map(|(at, _)| at + 1);
        let start = if line == 0 {
            0
        } else {
            starts.nth(line - 1).unwrap()
        };
        let units: Vec<u16> = text[start..].encode_utf16().collect();
        let column = place["character"].as_u64().unwrap() as usize;
        start + String::from_utf16(&units[..column]).unwrap().len()
    };
    text[at(&range["start"])..at(&range["end"])].to_string()
}

/// A text with edits made, none of which overlap.
pub fn edited(text: &str, edits: &Value) -> String {
    let mut edits: Vec<&Value> = edits.as_array().unwrap().iter().collect();
    let key = |edit: &Value| {
        let start = &edit["range"]["start"];
        (start["line"].as_u64(), start["character"].as_u64())
    };
    edits.sort_by_key(|edit| std::cmp::Reverse(key(edit)));
    let mut text = text.to_string();
    for edit in edits {
        let from_start = json!({
            "start": { "line": 0, "character": 0 }, "end": edit["range"]["start"],
        });
        let start = part(&text, &from_start).len();
        let end = start + part(&text, &edit["range"]).len();
        text.replace_range(start..end, edit["newText"].as_str().unwrap());
    }
    text
}

/// Numbers that are the same every time.
pub struct Seeded(pub u64);

impl Seeded {
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % end.max(1) as u64).unwrap()
    }
}
