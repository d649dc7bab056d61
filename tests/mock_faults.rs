//! Everything the built-in engine can do wrong on purpose, one by one.

mod mock_support;

use mock_support::{Answer, CHAT, COMPLETIONS, Server, chat, merged, poll, stream};
use serde_json::json;
use std::io::Read;
use std::time::{Duration, Instant};

fn fast(fault: &[&str]) -> Server {
    Server::start(&[&["--ttft", "2ms", "--itl", "1ms"], fault].concat())
}

#[test]
fn some_requests_are_refused() {
    let server = fast(&["--fail-rate", "50%", "--fail-status", "503"]);
    let answers: Vec<_> = (0..40).map(|_| server.post(CHAT, &stream(2))).collect();
    let refused: Vec<_> = answers.iter().filter(|a| a.status == 503).collect();
    assert!((5..=35).contains(&refused.len()), "{}", refused.len());
    assert!(
        answers
            .iter()
            .all(|answer| [200, 503].contains(&answer.status))
    );
    assert_eq!(refused[0].json()["error"]["code"], 503);
    let answered = server.metric("request_success_total", ",finished_reason=\"length\"");
    assert_eq!(answered, 40.0 - refused.len() as f64);
}

#[test]
fn the_same_seed_refuses_the_same_requests() {
    let refused = |seed| -> Vec<bool> {
        let server = fast(&["--fail-rate", "50%", "--seed", seed]);
        (0..30)
            .map(|_| server.post(CHAT, &stream(1)).status == 500)
            .collect()
    };
    assert_eq!(refused("5"), refused("5"));
    assert_ne!(refused("5"), refused("6"));
}

#[test]
fn connections_break_in_the_middle() {
    let server = fast(&["--cut-rate", "100%"]);
    for _ in 0..5 {
        let answer = server.post(CHAT, &stream(10));
        assert_eq!(answer.status, 200);
        assert!(!answer.complete && !answer.body.contains("[DONE]"));
        assert!((1..10).contains(&answer.tokens().len()));
    }
    let mut connection = server.send("POST", CHAT, "", &chat(json!({})).to_string());
    let mut text = String::new();
    let _ = connection.read_to_string(&mut text);
    assert!(text.starts_with("HTTP/1.1 200 OK") && text.contains("chat.completion"));
    assert!(!text.ends_with("0\r\n\r\n"), "it broke off");
    let aborted = server.metric("request_success_total", ",finished_reason=\"abort\"");
    assert_eq!(aborted, 6.0);
}

#[test]
fn a_web_page_instead_of_events() {
    let server = fast(&["--not-sse"]);
    let answer = server.post(CHAT, &stream(2));
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("text/html") && answer.body.contains("<html>"));
    let whole = server.post(CHAT, &chat(json!({})));
    assert_eq!(whole.json()["object"], "chat.completion");
}

#[test]
fn data_that_is_not_json() {
    let server = fast(&["--garbage"]);
    let answer = server.post(CHAT, &stream(3));
    let data: Vec<_> = answer
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .collect();
    assert_eq!(data.len(), 5, "{data:?}");
    for data in &data[..4] {
        serde_json::from_str::<serde_json::Value>(data).expect_err(data);
    }
    assert_eq!(data[4], "[DONE]");
    let whole = server.post(CHAT, &chat(json!({})));
    serde_json::from_str::<serde_json::Value>(&whole.body).expect_err("not JSON either");
}

#[test]
fn counts_and_the_end_marker_may_be_missing() {
    let usage = json!({ "stream_options": { "include_usage": true } });
    let body = merged(stream(3), usage);
    let server = fast(&["--omit-usage"]);
    let answer = server.post(CHAT, &body);
    assert!(!answer.body.contains("\"usage\"") && answer.body.ends_with("data: [DONE]\n\n"));
    let whole = server.post(CHAT, &chat(json!({}))).json();
    assert_eq!(whole.get("usage"), None);

    let server = fast(&["--omit-done"]);
    let answer = server.post(CHAT, &body);
    assert!(answer.complete && !answer.body.contains("[DONE]"));
    assert!(answer.body.contains("\"usage\""));
}

#[test]
fn it_may_never_get_ready() {
    let server = fast(&["--never-ready"]);
    assert_eq!(server.get("/health").status, 503);
    assert_eq!(server.get("/v1/models").status, 503);
    assert_eq!(server.post(CHAT, &stream(1)).status, 503);
}

#[test]
fn it_may_get_ready_late() {
    let start = Instant::now();
    let server = fast(&["--ready-after", "0.4s"]);
    // On a machine that is slow enough the first look may come too late.
    if server.get("/health").status == 200 {
        assert!(start.elapsed() >= Duration::from_millis(400));
    }
    poll(|| (server.get("/health").status == 200).then_some(())).expect("it gets ready");
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(server.post(CHAT, &stream(1)).status, 200);
}

#[test]
fn it_may_fall_silent() {
    let server = fast(&["--stall-after", "2"]);
    for _ in 0..2 {
        assert!(server.post(CHAT, &stream(2)).complete);
    }
    for body in [stream(2), chat(json!({}))] {
        let mut connection = server.send("POST", CHAT, "", &body.to_string());
        let limit = Some(Duration::from_millis(300));
        connection.set_read_timeout(limit).expect("a limit");
        let mut seen = Vec::new();
        let end = connection.read_to_end(&mut seen).expect_err("no end");
        assert_eq!(end.kind(), std::io::ErrorKind::WouldBlock);
        let seen = String::from_utf8(seen).expect("UTF-8");
        assert!(seen.starts_with("HTTP/1.1 200 OK"), "{seen:?}");
        assert!(seen.ends_with("\r\n\r\n"), "headers only: {seen:?}");
    }
}

#[test]
fn comments_come_between_events() {
    let server = Server::start(&["--ttft", "100ms", "--itl", "1ms", "--ping", "20ms"]);
    let answer = server.post(CHAT, &stream(2));
    let first = answer.body.find("data: ").expect("an event");
    let pings = answer.body[..first].matches(": ping\n\n").count();
    assert!((1..=5).contains(&pings), "{}", answer.body);
    assert_eq!(answer.tokens().len(), 2);
}

#[test]
fn headers_may_be_late() {
    let server = fast(&["--delay-headers", "150ms"]);
    let start = Instant::now();
    let mut connection = server.send(
        "POST",
        COMPLETIONS,
        "",
        &json!({ "prompt": "x", "stream": true }).to_string(),
    );
    connection.read_exact(&mut [0; 4]).expect("headers");
    assert!(start.elapsed() >= Duration::from_millis(150));
    let mut rest = String::new();
    connection.read_to_string(&mut rest).expect("the rest");
    assert!(rest.contains("[DONE]"));
}

#[test]
fn memory_is_really_kept() {
    let anonymous = |server: &Server| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let kib = line.and_then(|l| l.trim().split(' ').next()?.parse::<u64>().ok());
        kib.expect("a figure") * 1024
    };
    let server = fast(&["--leak", "1MB/req"]);
    server.post(CHAT, &stream(1));
    let before = anonymous(&server);
    for _ in 0..20 {
        server.post(CHAT, &stream(1));
    }
    let grown = anonymous(&server).saturating_sub(before);
    assert!((20_000_000..24_000_000).contains(&grown), "{grown}");

    let sound = fast(&[]);
    sound.post(CHAT, &stream(1));
    let before = anonymous(&sound);
    for _ in 0..20 {
        sound.post(CHAT, &stream(1));
    }
    let grown = anonymous(&sound).saturating_sub(before);
    assert!(grown < 4_000_000, "{grown} without a leak");

    // what is collected is given back to the system
    let collects = fast(&["--sawtooth", "30MB/req", "--sawtooth-top", "100MB"]);
    let before = anonymous(&collects);
    let held = |requests: usize| {
        (0..requests).for_each(|_| drop(collects.post(CHAT, &stream(1))));
        anonymous(&collects).saturating_sub(before)
    };
    assert!((90_000_000..98_000_000).contains(&held(3)));
    assert!((20_000_000..28_000_000).contains(&held(1)));

    let per_token = fast(&[
        "--leak-token",
        "1MB/tok",
        "--cache",
        "9MB/req",
        "--cache-size",
        "10MB",
    ]);
    let before = anonymous(&per_token);
    (0..4).for_each(|_| drop(per_token.post(CHAT, &stream(5))));
    let grown = anonymous(&per_token).saturating_sub(before);
    assert!((30_000_000..36_000_000).contains(&grown), "{grown}");

    let large = fast(&["--grow-at-start", "50MB"]);
    assert!(anonymous(&large) >= 50_000_000);
}

#[test]
fn a_request_that_is_wrong_is_no_part_of_the_faults() {
    let server = fast(&["--stall-after", "0"]);
    let answer = Answer::read(server.send("POST", CHAT, "", "{}"));
    assert_eq!(answer.status, 400);
}
