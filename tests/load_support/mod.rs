//! A hand-written HTTP server on 127.0.0.1 that sends exactly the bytes a test says, when it
//! says so.
#![allow(dead_code, reason = "each test binary uses its part")]

use scn::load::record::{FailureClass, Outcome, Record};
use scn::load::spec::{Api, AudioPart, Part, Protocol, Request, Target};
use serde_json::Value;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// One request that came in, and the connection it came on.
pub struct Call {
    pub stream: TcpStream,
    pub head: String,
    pub body: Value,
    /// From 0, over all connections.
    pub number: usize,
}

pub struct Server {
    pub url: String,
    pub connections: Arc<AtomicUsize>,
    pub calls: Arc<AtomicUsize>,
}

/// Serves for as long as the test's runtime lives. A handler that gives the stream back keeps
/// the connection.
pub async fn serve<F, Fut>(handler: F) -> Server
where
    F: Fn(Call) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Option<TcpStream>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (connections, calls) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = Server {
        url,
        connections: connections.clone(),
        calls: calls.clone(),
    };
    let handler = Arc::new(handler);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            connections.fetch_add(1, SeqCst);
            let (handler, calls) = (handler.clone(), calls.clone());
            tokio::spawn(async move {
                let mut stream = stream;
                while let Some((head, body)) = read_request(&mut stream).await {
                    let number = calls.fetch_add(1, SeqCst);
                    let call = Call {
                        stream,
                        head,
                        body,
                        number,
                    };
                    match handler(call).await {
                        Some(back) => stream = back,
                        None => return,
                    }
                }
            });
        }
    });
    server
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).to_lowercase();
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |n| n.trim().parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let body = &bytes[head_end + 4..];
    Some((head, serde_json::from_slice(body).unwrap_or(Value::Null)))
}

/// What a server does, in order; after the last step it keeps the connection.
#[derive(Debug, Clone)]
pub enum Step {
    Send(Vec<u8>),
    Wait(u64),
    Close,
    Reset,
    /// Holds the connection open until the client drops it.
    Hang,
}

pub fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

pub async fn play(mut stream: TcpStream, steps: &[Step]) -> Option<TcpStream> {
    for step in steps {
        match step {
            Step::Send(bytes) => stream.write_all(bytes).await.ok()?,
            Step::Wait(ms) => tokio::time::sleep(Duration::from_millis(*ms)).await,
            Step::Close => return None,
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return None;
            }
            Step::Hang => {
                let mut sink = Vec::new();
                let _ = stream.read_to_end(&mut sink).await;
                return None;
            }
        }
    }
    Some(stream)
}

/// A server that does the same on every request.
pub async fn always(steps: Vec<Step>) -> Server {
    let steps = Arc::new(steps);
    serve(move |call| {
        let steps = steps.clone();
        async move { play(call.stream, &steps).await }
    })
    .await
}

pub const SSE: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n";
pub const ROLE: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n";
pub const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
pub const USAGE: &str =
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\n";
pub const DONE: &str = "data: [DONE]\n\n";
/// The end of a chunked body.
pub const LAST: &str = "0\r\n\r\n";

pub fn token(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

/// One chunk of a chunked body.
pub fn chunk(text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [format!("{:x}\r\n", text.len()).as_bytes(), text, b"\r\n"].concat()
}

/// A whole good stream in one piece.
pub fn good() -> Vec<u8> {
    let events = [ROLE, &token("a"), &token("b"), STOP, USAGE, DONE].concat();
    [SSE.as_bytes(), &chunk(events), LAST.as_bytes()].concat()
}

/// A response with a length.
pub fn whole(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

pub fn target(url: &str) -> Target {
    Target {
        base_url: url.into(),
        model: "tiny".into(),
        api: Api {
            protocol: Protocol::OpenaiChat,
            path: "/v1/chat/completions".into(),
            max_tokens_field: "max_tokens".into(),
            stream_usage: true,
            ignore_eos: true,
            audio: AudioPart::InputAudio,
            done_marker: true,
            keep_alive: true,
        },
        headers: vec![("Authorization".into(), "Bearer sk-very-secret".into())],
        ca_file: None,
        body: serde_json::Map::new(),
    }
}

pub fn request() -> Request {
    Request {
        row: 4,
        system: None,
        content: vec![Part::Text("hi".into())],
        max_tokens: Some(2),
        temperature: None,
        ignore_eos: false,
        stream: true,
        extra: Default::default(),
    }
}

#[track_caller]
pub fn failure(record: &Record) -> (FailureClass, &str) {
    match &record.outcome {
        Outcome::Ok => panic!("it passed: {record:?}"),
        Outcome::Failed(failure) => (failure.class, &failure.detail),
    }
}
