//! The client over real sockets: what each kind of answer becomes in a record.

mod connections;

#[path = "../load_support/mod.rs"]
mod load_support;

use load_support::*;
use scn::clock::Clock;
use scn::load::answer::Limits;
use scn::load::client::{Client, ClientError};
use scn::load::record::{FailureClass, Outcome, Record, TokenSource};
use scn::load::spec::{Protocol, Request, Target};
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::AsyncReadExt;

async fn ask_with(target: Target, request: Request, timeout: Duration) -> Record {
    let client = Client::new(&target).unwrap();
    let clock = Clock::start();
    let record = Record {
        index: 7,
        due: clock.now(),
        ..Record::default()
    };
    client.send(&request, record, clock, timeout).await
}

/// Asks a server that plays these steps.
async fn ask(steps: Vec<Step>) -> Record {
    let server = always(steps).await;
    ask_with(target(&server.url), request(), Duration::from_secs(20)).await
}

#[track_caller]
fn fails_as(record: &Record, class: FailureClass, says: &[&str]) {
    let (got, detail) = failure(record);
    assert_eq!(got, class, "{detail}");
    for text in says {
        assert!(detail.contains(text), "`{text}` is not in: {detail}");
    }
    assert!(!detail.contains("secret"), "{detail}");
    assert!(detail.chars().count() <= 300, "{detail}");
    assert!(record.end > 0.0);
}

#[tokio::test]
async fn a_compressed_answer_is_named_as_such() {
    let head =
        "content-type: text/event-stream\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\n";
    for status in ["200 OK", "500 Internal Server Error"] {
        let answer = [
            format!("HTTP/1.1 {status}\r\n{head}").as_bytes(),
            b"\x1f\x8b\x08\0",
        ]
        .concat();
        let record = ask(vec![send(answer)]).await;
        let class = match status {
            "200 OK" => FailureClass::BadAnswer,
            _ => FailureClass::Status,
        };
        let says = ["Content-Encoding: gzip", "turn compression off"];
        fails_as(&record, class, &says);
    }
    let same = String::from_utf8(good()).unwrap();
    let same = same.replacen("\r\n", "\r\ncontent-encoding: identity\r\n", 1);
    assert_eq!(ask(vec![send(same)]).await.outcome, Outcome::Ok);
}

/// The server sends each piece once the client has seen the one before it, and notes the moments
/// in between: what is seen of a piece lies between two of them, however busy the machine is.
#[tokio::test]
async fn a_good_stream_with_its_times() {
    let clock = Clock::start();
    let (see, seen) = tokio::sync::mpsc::unbounded_channel();
    let seen = Arc::new(tokio::sync::Mutex::new(seen));
    let moments = Arc::new(Mutex::new(Vec::new()));
    let (note, pieces) = (moments.clone(), seen.clone());
    let server = serve(move |call| {
        let (note, pieces) = (note.clone(), pieces.clone());
        async move {
            let mut stream = call.stream;
            let role = [SSE.as_bytes(), &chunk(ROLE)].concat();
            for piece in [role, chunk(token("a")), chunk(token("b"))] {
                note.lock().unwrap().push(clock.now());
                stream = play(stream, &[send(piece)]).await?;
                pieces.lock().await.recv().await?;
            }
            note.lock().unwrap().push(clock.now());
            let end = [STOP, USAGE, DONE].concat();
            play(stream, &[send(chunk(end)), send(LAST)]).await
        }
    })
    .await;
    let client = Client::new(&target(&server.url)).unwrap();
    let client = client.with_tap(Arc::new(move |_, _, _: &bytes::Bytes| {
        let _ = see.send(());
    }));
    let record = Record {
        index: 7,
        due: clock.now(),
        ..Record::default()
    };
    let patience = Duration::from_secs(20);
    let record = client.send(&request(), record, clock, patience).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!((record.index, record.row), (7, 4));
    assert_eq!(record.answer, "ab");
    assert_eq!(record.status, Some(200));
    assert_eq!(record.token_source, TokenSource::Usage);
    assert_eq!(record.completion_tokens, Some(2));
    let (sent, headers) = (record.sent.unwrap(), record.headers.unwrap());
    let (first, last) = (record.first_token.unwrap(), record.last_token.unwrap());
    let [asked, role, a, b] = *moments.lock().unwrap().as_slice() else {
        panic!("{moments:?}")
    };
    // the role's chunk, which came before `role`, is no token
    let order = [
        record.due, sent, asked, headers, role, first, a, last, b, record.end,
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(record.chunks, [first, last]);
}

#[tokio::test]
async fn what_goes_over_the_wire() {
    let seen = Arc::new(Mutex::new(None));
    let note = seen.clone();
    let server = serve(move |call| {
        *note.lock().unwrap() = Some((call.head.clone(), call.body.clone()));
        async move { play(call.stream, &[send(good())]).await }
    })
    .await;
    let record = ask_with(target(&server.url), request(), Duration::from_secs(20)).await;
    assert_eq!(record.outcome, Outcome::Ok);
    let (head, body) = seen.lock().unwrap().take().unwrap();
    assert!(
        head.starts_with("post /v1/chat/completions http/1.1"),
        "{head}"
    );
    assert!(head.contains("content-type: application/json"), "{head}");
    assert!(
        head.contains("authorization: bearer sk-very-secret"),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(body["messages"][0]["content"], "hi");
    assert_eq!(body["stream_options"]["include_usage"], true);
}

#[tokio::test]
async fn every_byte_in_a_write_of_its_own() {
    let answer = token("日本 \\u00e4");
    let events = [": ping\r\n\r\n", ROLE, &answer, STOP, USAGE, DONE].concat();
    let mut steps = vec![send(SSE)];
    for byte in events.as_bytes() {
        steps.push(send(chunk([*byte])));
        if *byte == b'\n' {
            steps.push(Step::Wait(1));
        }
    }
    steps.push(send(LAST));
    let record = ask(steps).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "日本 ä");
    assert_eq!(record.chunks.len(), 1);
}

#[tokio::test]
async fn without_usage_the_counts_are_missing() {
    let events = [&token("a"), STOP, DONE].concat();
    let record = ask(vec![send(SSE), send(chunk(events)), send(LAST)]).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.token_source, TokenSource::Missing);
    assert_eq!(record.completion_tokens, None);
}

#[tokio::test]
async fn a_plain_answer_has_no_first_token() {
    let body = r#"{"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1}}"#;
    let server = always(vec![send(whole("200 OK", "application/json", body))]).await;
    let plain = Request {
        stream: false,
        ..request()
    };
    let record = ask_with(target(&server.url), plain, Duration::from_secs(20)).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "hi");
    assert_eq!(record.first_token, None);
    assert_eq!(record.completion_tokens, Some(1));
}

#[tokio::test]
async fn the_marker_ends_the_answer_though_the_body_stays_open() {
    let events = [&token("a"), STOP, DONE].concat();
    let record = ask(vec![send(SSE), send(chunk(events)), Step::Hang]).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(Some(record.end), record.last_token, "all came in one piece");
}

#[tokio::test]
async fn no_server_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let record = ask_with(target(&url), request(), Duration::from_secs(20)).await;
    fails_as(
        &record,
        FailureClass::Connect,
        &["no connection", &url, "refused"],
    );
    assert_eq!((record.sent, record.headers), (None, None));
}

#[tokio::test]
async fn broken_before_the_answer() {
    for step in [Step::Close, Step::Reset] {
        let record = ask(vec![step]).await;
        fails_as(&record, FailureClass::Connect, &["before an answer began"]);
        assert!(record.sent.is_some());
    }
}

#[tokio::test]
async fn not_even_http() {
    let record = ask(vec![send("SSH-2.0-OpenSSH_9.6\r\n\r\n"), Step::Close]).await;
    fails_as(&record, FailureClass::BadAnswer, &["not HTTP"]);
}

#[tokio::test]
async fn a_status_with_its_body() {
    let body = "\x1b[31mCUDA out of memory\x1b[0m\n for Bearer sk-very-secret";
    let response = whole("500 Internal Server Error", "text/plain", body);
    let record = ask(vec![send(response)]).await;
    let says = ["500 Internal Server Error: CUDA out of memory for ***"];
    fails_as(&record, FailureClass::Status, &says);
    assert_eq!(record.status, Some(500));
    let long = whole(
        "503 Service Unavailable",
        "text/plain",
        &"x".repeat(100_000),
    );
    fails_as(
        &ask(vec![send(long)]).await,
        FailureClass::Status,
        &["503", "xxx"],
    );
    let head = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 100\r\n\r\nslow down";
    let record = ask(vec![send(head), Step::Close]).await;
    fails_as(&record, FailureClass::Status, &["429", "slow down"]);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let response =
        "HTTP/1.1 307 Temporary Redirect\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
    let server = always(vec![send(response)]).await;
    let record = ask_with(target(&server.url), request(), Duration::from_secs(20)).await;
    fails_as(&record, FailureClass::Status, &["307", "/elsewhere"]);
    assert_eq!(server.calls.load(SeqCst), 1);
}

#[tokio::test]
async fn a_page_instead_of_events() {
    let page = "<!DOCTYPE html><html><body>It works!</body></html>";
    let record = ask(vec![send(whole("200 OK", "text/html", page))]).await;
    fails_as(
        &record,
        FailureClass::BadAnswer,
        &["text/html", "It works!"],
    );
    let record = ask(vec![send(whole("200 OK", "text/event-stream", page))]).await;
    fails_as(
        &record,
        FailureClass::BadAnswer,
        &["no events", "It works!"],
    );
    let json = whole(
        "200 OK",
        "application/json",
        r#"{"object":"error","message":"no"}"#,
    );
    fails_as(
        &ask(vec![send(json)]).await,
        FailureClass::BadAnswer,
        &["application/json", "no"],
    );
}

#[tokio::test]
async fn an_empty_stream() {
    let record = ask(vec![send(SSE), send(LAST)]).await;
    fails_as(&record, FailureClass::BadAnswer, &["no events", "(empty)"]);
    let record = ask(vec![
        send(SSE),
        send(chunk([ROLE, STOP, DONE].concat())),
        send(LAST),
    ])
    .await;
    fails_as(&record, FailureClass::BadAnswer, &["no token came"]);
}

#[tokio::test]
async fn an_error_in_the_stream() {
    let error = "data: {\"error\":{\"message\":\"engine died\",\"type\":\"x\",\"code\":500}}\n\n";
    let events = [&token("a"), error, DONE].concat();
    let record = ask(vec![send(SSE), send(chunk(events)), send(LAST)]).await;
    fails_as(&record, FailureClass::BadAnswer, &["engine died"]);
    assert_eq!(record.answer, "a");
}

#[tokio::test]
async fn cut_streams() {
    let begun = [SSE.as_bytes(), &chunk(token("a"))].concat();
    let cases = [
        vec![send(&begun), Step::Wait(20), Step::Close],
        vec![send(&begun), Step::Wait(20), Step::Reset],
        vec![send(&begun), Step::Wait(20), send(LAST)],
        vec![send(&begun), send(chunk(STOP)), Step::Wait(20), Step::Close],
        vec![send(&begun), send(chunk("data: {\"cho")), send(LAST)],
    ];
    for steps in cases {
        let record = ask(steps.clone()).await;
        fails_as(&record, FailureClass::CutStream, &["after 1 chunk"]);
        assert!(record.first_token.is_some(), "{steps:?}");
        assert_eq!(record.answer, "a");
    }
}

#[tokio::test]
async fn a_whole_body_without_the_marker_is_an_answer() {
    let events = [&token("a"), STOP, USAGE].concat();
    let record = ask(vec![send(SSE), send(chunk(&events)), send(LAST)]).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert!(record.unmarked);
    let close = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
    let record = ask(vec![send(close), send(&events), Step::Close]).await;
    fails_as(&record, FailureClass::CutStream, &["closed without [DONE]"]);
}

#[tokio::test]
async fn an_api_without_the_marker_ends_with_its_body() {
    let close = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    let steps = vec![send(close), send([&token("a"), STOP].concat()), Step::Close];
    let server = always(steps).await;
    let mut target = target(&server.url);
    target.api.done_marker = false;
    let record = ask_with(target, request(), Duration::from_secs(20)).await;
    assert_eq!(record.outcome, Outcome::Ok);
}

#[tokio::test]
async fn timeouts_keep_what_had_come() {
    let short = Duration::from_millis(200);
    let server = always(vec![Step::Hang]).await;
    let record = ask_with(target(&server.url), request(), short).await;
    fails_as(
        &record,
        FailureClass::Timeout,
        &["0.2 s", "before an answer began"],
    );
    assert!(record.end - record.sent.unwrap() >= 0.19);

    // Pings alone keep nothing alive.
    let mut steps = vec![send(SSE), send(chunk(token("a")))];
    steps.extend(std::iter::repeat_n([Step::Wait(10), send(chunk(": ping\n\n"))], 500).flatten());
    let server = always(steps).await;
    let record = ask_with(target(&server.url), request(), short).await;
    fails_as(&record, FailureClass::Timeout, &["after 1 chunk"]);
    assert_eq!(record.answer, "a");
}

#[tokio::test]
async fn a_body_that_never_ends_is_bounded() {
    let server = serve(|call| async move {
        let mut stream = play(call.stream, &[send(SSE)]).await?;
        loop {
            stream = play(stream, &[send(chunk(token("aaaaaaaaaa").repeat(100)))]).await?;
        }
    })
    .await;
    let limits = Limits {
        text: 100_000,
        ..Limits::default()
    };
    let client = Client::new(&target(&server.url))
        .unwrap()
        .with_limits(limits);
    let clock = Clock::start();
    let timeout = Duration::from_secs(60);
    let record = client
        .send(&request(), Record::default(), clock, timeout)
        .await;
    fails_as(&record, FailureClass::BadAnswer, &["100000 bytes"]);
}

#[tokio::test]
async fn what_the_api_does_not_know_is_never_sent() {
    let server = always(vec![send(good())]).await;
    let mut target = target(&server.url);
    target.api.ignore_eos = false;
    let eager = Request {
        ignore_eos: true,
        ..request()
    };
    let client = Client::new(&target).unwrap();
    let error = client.prepare(&eager).unwrap_err().to_string();
    assert!(error.contains("/v1/chat/completions") && error.contains("ignore_eos"));
    let record = ask_with(target, eager, Duration::from_secs(20)).await;
    fails_as(
        &record,
        FailureClass::Cancelled,
        &["not sent", "ignore_eos"],
    );
    assert_eq!(server.calls.load(SeqCst), 0);
}

#[tokio::test]
async fn completions_too() {
    let events =
        "data: {\"choices\":[{\"text\":\"x\",\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n";
    let server = always(vec![send(SSE), send(chunk(events)), send(LAST)]).await;
    let mut target = target(&server.url);
    target.api.protocol = Protocol::OpenaiCompletions;
    let record = ask_with(target, request(), Duration::from_secs(20)).await;
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "x");
    assert_eq!(record.finish_reason.as_deref(), Some("length"));
}

#[tokio::test]
async fn models_and_their_failures() {
    let list = r#"{"object":"list","data":[{"id":"b","object":"model"},{"id":"a"}]}"#;
    let server = always(vec![send(whole("200 OK", "application/json", list))]).await;
    let client = Client::new(&target(&server.url)).unwrap();
    assert_eq!(client.models().await.unwrap(), ["b", "a"]);
    for (response, says) in [
        (whole("500 Oops", "text/plain", "no sk-very-secret"), "500"),
        (whole("200 OK", "text/html", "<html>"), "<html>"),
    ] {
        let server = always(vec![send(response)]).await;
        let client = Client::new(&target(&server.url)).unwrap();
        let error = client.models().await.unwrap_err().to_string();
        assert!(
            error.contains(says) && error.contains("/v1/models"),
            "{error}"
        );
        assert!(!error.contains("secret"), "{error}");
    }
}

#[test]
fn clients_that_cannot_be() {
    let refused = |change: fn(&mut Target)| {
        let mut target = target("http://127.0.0.1:1");
        change(&mut target);
        let error = Client::new(&target).expect_err("it was accepted");
        assert!(!error.to_string().contains("secret"), "{error}");
        error
    };
    let url = refused(|t| t.base_url = "ftp://me:secret@host".into());
    assert!(matches!(url, ClientError::Url { .. }), "{url}");
    let url = refused(|t| t.base_url = "http://".into());
    assert!(matches!(url, ClientError::Url { .. }), "{url}");
    let url = refused(|t| t.base_url = "http://host/?key=secret".into());
    assert!(matches!(url, ClientError::Url { .. }), "{url}");
    let url = refused(|t| t.api.path = "v1".into());
    assert!(matches!(url, ClientError::Url { .. }), "{url}");
    let header = refused(|t| t.headers[0].1 = "secret\n".into());
    assert!(header.to_string().contains("Authorization"), "{header}");
    let file = refused(|t| t.ca_file = Some("/nowhere/ca.pem".into()));
    assert!(file.to_string().contains("/nowhere/ca.pem"), "{file}");
    let file = refused(|t| t.ca_file = Some("Cargo.toml".into()));
    assert!(matches!(file, ClientError::CaFile { .. }), "{file}");
    let client = Client::new(&target("http://127.0.0.1:1")).unwrap();
    assert!(!format!("{client:?}").contains("secret"));
}
