//! The built-in engine keeps its declared times: never early, late by little, in order. There are
//! lower bounds and orders only: a busy machine may delay anything.

mod mock_support;

use mock_support::{Answer, CHAT, Server, merged, poll, stream};
use serde_json::{Value, json};

const MS: u64 = 1_000_000;

fn ns(event: &Value, name: &str) -> u64 {
    event["scn"][name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {event}"))
}

fn monotonic_ns() -> u64 {
    let now = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC).expect("a clock");
    now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64
}

#[test]
fn tokens_are_due_as_declared_and_never_early() {
    let server = Server::start(&["--ttft", "30ms", "--itl", "4ms"]);
    let before = monotonic_ns();
    let answer = server.post(CHAT, &stream(25));
    let after = monotonic_ns();
    let events = answer.events();
    let received = ns(&events[0], "received_ns");
    assert!(before <= received && received < after, "one clock for both");
    let tokens = answer.tokens();
    assert_eq!(tokens.len(), 25);
    for (k, token) in (0..).zip(&tokens) {
        let due = received + 30 * MS + k * 4 * MS;
        assert_eq!(ns(token, "due_ns"), due, "token {k}");
        assert!(ns(token, "sent_ns") >= due, "token {k} is early");
        assert!(ns(token, "sent_ns") <= after);
    }
    let sent: Vec<u64> = events.iter().map(|event| ns(event, "sent_ns")).collect();
    assert!(sent.is_sorted(), "{sent:?}");
    assert_eq!(
        ns(&events[0], "due_ns"),
        ns(&tokens[0], "due_ns"),
        "the role goes with the first token"
    );
}

#[test]
fn jitter_moves_tokens_within_its_bounds() {
    let server = Server::start(&[
        "--ttft", "20ms", "--itl", "2ms", "--jitter", "50%", "--seed", "3",
    ]);
    let offsets = || -> Vec<i64> {
        let events = server.post(CHAT, &stream(20)).events();
        let received = ns(&events[0], "received_ns");
        let dues: Vec<u64> = events[1..].iter().map(|e| ns(e, "due_ns")).collect();
        assert!(dues.is_sorted());
        let nominal = (0..).map(|k| dues[0] + k * 2 * MS);
        let first = dues[0] as i64 - (received + 20 * MS) as i64;
        assert!(first.unsigned_abs() <= 10 * MS);
        let offsets = dues.iter().zip(nominal).map(|(d, n)| *d as i64 - n as i64);
        offsets.collect()
    };
    let (one, two) = (offsets(), offsets());
    assert_ne!(one, two, "requests differ");
    assert!(one.iter().any(|offset| *offset < 0) && one.iter().any(|offset| *offset > 0));
    assert!(one.iter().all(|offset| offset.unsigned_abs() <= MS));
}

#[test]
fn those_beyond_the_limit_wait_in_order() {
    let server = Server::start(&["--max-concurrent", "1", "--ttft", "100ms", "--itl", "10ms"]);
    let first = server.send("POST", CHAT, "", &stream(10).to_string());
    poll(|| (server.metric("num_requests_running", "") == 1.0).then_some(())).expect("it runs");
    let second = server.send("POST", CHAT, "", &stream(3).to_string());
    poll(|| (server.metric("num_requests_waiting", "") == 1.0).then_some(())).expect("it waits");
    let third = server.send("POST", CHAT, "", &stream(3).to_string());
    poll(|| (server.metric("num_requests_waiting", "") == 2.0).then_some(())).expect("both wait");
    assert_eq!(server.metric("num_requests_running", ""), 1.0);

    let answers = [first, second, third].map(|connection| Answer::read(connection).events());
    for (earlier, later) in answers.iter().zip(&answers[1..]) {
        let over = ns(earlier.last().expect("events"), "sent_ns");
        let due = ns(&later[0], "due_ns");
        assert!(ns(&later[0], "received_ns") < over, "it had to wait");
        assert!(
            due >= over - MS + 100 * MS,
            "its time starts after the wait"
        );
    }
    assert_eq!(server.metric("num_requests_waiting", ""), 0.0);
    assert_eq!(server.metric("request_queue_time_seconds_count", ""), 3.0);
    // The second waited for most of the first's 190 ms, and the third longer.
    assert!(server.metric("time_to_first_token_seconds_sum", "") > 0.5);
}

#[test]
fn one_that_gives_up_makes_room() {
    let server = Server::start(&["--max-concurrent", "1", "--ttft", "1h"]);
    let endless = server.send("POST", CHAT, "", &stream(3).to_string());
    poll(|| (server.metric("num_requests_running", "") == 1.0).then_some(())).expect("it runs");
    let whole = merged(stream(3), json!({ "stream": false }));
    let waiting = server.send("POST", CHAT, "", &whole.to_string());
    poll(|| (server.metric("num_requests_waiting", "") == 1.0).then_some(())).expect("it waits");
    drop(waiting);
    poll(|| (server.metric("num_requests_waiting", "") == 0.0).then_some(())).expect("it left");
    assert_eq!(server.metric("num_requests_running", ""), 1.0);
    drop(endless);
    poll(|| (server.metric("num_requests_running", "") == 0.0).then_some(())).expect("it left too");
    let aborted = server.metric("request_success_total", ",finished_reason=\"abort\"");
    assert_eq!(aborted, 2.0);
}

#[test]
fn many_streams_run_side_by_side() {
    let server = Server::start(&["--ttft", "200ms", "--itl", "5ms"]);
    let body = stream(20).to_string();
    let streams: Vec<_> = (0..200)
        .map(|_| server.send("POST", CHAT, "", &body))
        .collect();
    let answers: Vec<_> = streams.into_iter().map(Answer::read).collect();
    for answer in &answers {
        assert!(answer.complete);
        let tokens = answer.tokens();
        assert_eq!(tokens.len(), 20);
        for token in &tokens {
            assert!(ns(token, "sent_ns") >= ns(token, "due_ns"));
        }
    }
    assert_eq!(server.metric("generation_tokens_total", ""), 4000.0);
}
