//! Starts the real binary and talks plain HTTP/1.1 to it.
#![allow(dead_code, reason = "every test file uses its own part")]

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

pub const CHAT: &str = "/v1/chat/completions";
pub const COMPLETIONS: &str = "/v1/completions";

/// A server on a free port, killed when it goes out of scope.
pub struct Server {
    pub child: Child,
    pub address: String,
    /// What it serves.
    model: String,
}

impl Server {
    pub fn start(arguments: &[&str]) -> Self {
        Self::try_start(arguments).expect("a start line with the address")
    }

    /// None where the process ends, or says something else first.
    pub fn try_start(arguments: &[&str]) -> Option<Self> {
        let any_port: &[&str] = match arguments.contains(&"--port") {
            true => &[],
            false => &["--port", "0"],
        };
        let mut child = Command::new(env!("CARGO_BIN_EXE_scn"))
            .arg("serve")
            .args(any_port)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("piped");
        let _ = BufReader::new(stdout).read_line(&mut line);
        let address = line
            .split_once("http://")
            .and_then(|(_, rest)| rest.split_whitespace().next())
            .map(str::to_string);
        let Some(address) = address else {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        };
        let given = arguments.iter().skip_while(|word| **word != "--model");
        let model = given.copied().nth(1).unwrap_or("builtin").to_string();
        Some(Self {
            child,
            address,
            model,
        })
    }

    pub fn pid(&self) -> nix::unistd::Pid {
        nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).expect("a pid"))
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        nix::sys::signal::kill(self.pid(), signal).expect("our child");
    }

    /// Waits for the end of the process; gives up after ten seconds.
    pub fn wait(&mut self) -> ExitStatus {
        let status = poll(|| self.child.try_wait().expect("our child"));
        status.expect("the server ends")
    }

    pub fn stderr(&mut self) -> ChildStderr {
        self.child.stderr.take().expect("piped")
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).expect("the server listens");
        let limit = Some(Duration::from_secs(20));
        stream.set_read_timeout(limit).expect("a limit");
        stream
    }

    /// Sends a request, without waiting for its answer.
    pub fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = self.connect();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
        .expect("sent");
        stream
    }

    pub fn get(&self, path: &str) -> Answer {
        Answer::read(self.send("GET", path, "", ""))
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        Answer::read(self.send("POST", path, "", &body.to_string()))
    }

    /// The value of a metric; `labels` are those beside the engine's and the model's.
    pub fn metric(&self, name: &str, labels: &str) -> f64 {
        let model = &self.model;
        let line = format!("vllm:{name}{{engine=\"0\",model_name=\"{model}\"{labels}}} ");
        let text = self.get("/metrics").body;
        let value = text.lines().find_map(|l| l.strip_prefix(&line));
        let value = value.unwrap_or_else(|| panic!("{line} is not in\n{text}"));
        value.parse().expect("a number")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again until there is something, for at most ten seconds.
pub fn poll<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// One response, read to the end of its connection.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
    /// False where the connection ended before the body did.
    pub complete: bool,
}

impl Answer {
    pub fn read(mut stream: TcpStream) -> Self {
        let mut bytes = Vec::new();
        // A connection that is reset still leaves what came before.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8(bytes).expect("UTF-8");
        let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        let chunked = head
            .to_lowercase()
            .contains("\r\ntransfer-encoding: chunked");
        let (body, complete) = match chunked {
            true => dechunk(rest),
            false => (rest.to_string(), !text.is_empty()),
        };
        Self {
            status: status.unwrap_or_else(|| panic!("no status line in {text:?}")),
            head: head.to_string(),
            body,
            complete,
        }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.body))
    }

    /// The data of every event; the end marker and comments are left out.
    pub fn events(&self) -> Vec<Value> {
        let data = self.body.lines().filter_map(|l| l.strip_prefix("data: "));
        data.filter(|data| *data != "[DONE]")
            .map(|data| serde_json::from_str(data).unwrap_or_else(|e| panic!("{e}: {data}")))
            .collect()
    }

    /// The events that carry tokens.
    pub fn tokens(&self) -> Vec<Value> {
        let carries = |event: &Value| {
            let choice = &event["choices"][0];
            choice["text"].is_string()
                || choice["delta"]["content"]
                    .as_str()
                    .is_some_and(|c| !c.is_empty())
        };
        self.events().into_iter().filter(carries).collect()
    }
}

fn dechunk(mut rest: &str) -> (String, bool) {
    let mut body = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a chunk's size");
        if size == 0 {
            return (body, true);
        }
        let Some(chunk) = after.get(..size) else {
            body.push_str(after);
            break;
        };
        body.push_str(chunk);
        rest = after[size..].strip_prefix("\r\n").unwrap_or("");
    }
    (body, false)
}

/// A chat request with further fields.
pub fn chat(more: Value) -> Value {
    merged(
        serde_json::json!({ "model": "builtin",
            "messages": [{ "role": "user", "content": "how are you" }] }),
        more,
    )
}

/// A streaming chat request for so many tokens.
pub fn stream(tokens: u64) -> Value {
    chat(serde_json::json!({ "stream": true, "max_tokens": tokens }))
}

pub fn merged(mut body: Value, more: Value) -> Value {
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    body
}

/// Numbers and ids that change from run to run, masked.
pub fn masked(text: &str) -> String {
    let mask = |text: &str, pattern: &str, with: &str| {
        let pattern = regex::Regex::new(pattern).expect("a pattern");
        pattern.replace_all(text, with).into_owned()
    };
    let version = concat!("scn-builtin-", env!("CARGO_PKG_VERSION"));
    let text = text.replace(version, "scn-builtin-VERSION");
    let text = mask(&text, r#"_ns":\d{6,}"#, "_ns\":N");
    let text = mask(&text, r#"cmpl-[0-9a-f]{32}"#, "cmpl-ID");
    mask(&text, r#""created":\d{10}"#, "\"created\":T")
}
