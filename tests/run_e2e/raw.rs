//! A server that the test plays: it knows a few paths, and remembers what it was asked.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// What was asked: `POST /reset_prefix_cache`.
type Asked = Arc<Mutex<Vec<String>>>;

pub struct Raw {
    pub url: String,
    asked: Asked,
    bodies: Arc<Mutex<Vec<String>>>,
}

/// A good answer as a stream, and one event after the other.
pub const STREAM: &str = concat!(
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" there\"},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n",
    "data: [DONE]\n\n",
);

/// Reads one request, and says its first line. None where the connection has ended.
pub fn read_request(reader: &mut impl BufRead) -> Option<String> {
    read_whole(reader).map(|(first, _)| first)
}

/// Reads one request: its first line and its body.
fn read_whole(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut first = String::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if first.is_empty() {
            first = line.trim().trim_end_matches(" HTTP/1.1").to_string();
        } else if line.trim().is_empty() {
            break;
        } else if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, String::from_utf8(body).ok()?))
}

/// The bytes of an answer that leaves the connection open.
pub fn answer(status: u16, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

impl Raw {
    /// Answers every path as `respond` says: status, type and body.
    pub fn start(
        respond: impl Fn(&str) -> (u16, &'static str, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (asked, bodies) = (Asked::default(), Asked::default());
        let (respond, log, kept) = (Arc::new(respond), asked.clone(), bodies.clone());
        std::thread::spawn(move || {
            for socket in listener.incoming().filter_map(Result::ok) {
                let (respond, log, kept) = (respond.clone(), log.clone(), kept.clone());
                std::thread::spawn(move || {
                    let mut writer = socket.try_clone().unwrap();
                    let mut reader = BufReader::new(socket);
                    while let Some((request, body)) = read_whole(&mut reader) {
                        kept.lock().unwrap().push(body);
                        log.lock().unwrap().push(request.clone());
                        let (status, kind, body) = respond(&request);
                        if writer.write_all(&answer(status, kind, &body)).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { url, asked, bodies }
    }

    /// The JSON bodies of all requests since the last call.
    pub fn bodies(&self) -> Vec<serde_json::Value> {
        let bodies = std::mem::take(&mut *self.bodies.lock().unwrap());
        let json = bodies.iter().filter(|body| !body.is_empty());
        json.map(|body| serde_json::from_str(body).unwrap())
            .collect()
    }

    pub fn asked(&self, request: &str) -> usize {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .filter(|one| *one == request)
            .count()
    }
}
