//! The built-in engine as the simulator plays it, over real sockets. Of times there are lower bounds
//! and orders only: a busy machine may delay anything. What is simulated is exact.

mod mock_support;

use mock_support::{Answer, CHAT, COMPLETIONS, Server, merged, poll};
use scn::library::{Wanted, made};
use scn::sim::Setup;
use serde_json::{Value, json};
use std::process::{Command, Output};

const LLAMA: [&str; 4] = ["--model", "llama_3_1_8b", "--gpu", "h200"];

fn prompt(words: usize, more: Value) -> Value {
    let prompt = "word ".repeat(words);
    let body = json!({ "model": "llama_3_1_8b", "prompt": prompt, "stream": true });
    merged(body, more)
}

fn ns(event: &Value, name: &str) -> u64 {
    let value = event["scn"][name].as_u64();
    value.unwrap_or_else(|| panic!("{name} in {event}"))
}

fn text(event: &Value) -> &str {
    let choice = &event["choices"][0];
    let text = choice["text"].as_str();
    text.or(choice["delta"]["content"].as_str()).expect("text")
}

fn words(answer: &Answer) -> usize {
    let of = |event: &Value| text(event).split_whitespace().count();
    answer.tokens().iter().map(of).sum()
}

/// From a request's arrival to its first token, as simulated.
fn ttft(answer: &Answer) -> u64 {
    let first = &answer.events()[0];
    ns(first, "due_ns") - ns(first, "received_ns")
}

/// A server of so few blocks, from a file.
fn with_blocks(blocks: u64) -> (Server, tempfile::TempDir) {
    with(|setup| setup.blocks.count = blocks)
}

/// A server of a setup that is changed so.
fn with(change: impl FnOnce(&mut Setup)) -> (Server, tempfile::TempDir) {
    let wanted = Wanted {
        engine: "vllm",
        model: "llama_3_1_8b",
        gpu: "h200",
        ..Wanted::default()
    };
    let mut setup: Setup = made(&wanted.text()).expect("a setup");
    change(&mut setup);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("setup.json");
    std::fs::write(&file, serde_json::to_string(&setup).expect("JSON")).expect("written");
    let file = file.to_str().expect("UTF-8");
    let server = Server::start(&["--model", "llama_3_1_8b", "--setup", file]);
    (server, folder)
}

#[test]
fn what_goes_wrong_in_a_setup_goes_wrong_here() {
    let resident = |server: &Server| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.child.id()));
        let status = status.expect("it runs");
        let line = status.lines().find_map(|l| l.strip_prefix("RssAnon:"));
        let kib = line.and_then(|l| l.trim().split(' ').next()?.parse::<u64>().ok());
        kib.expect("a figure") * 1024
    };
    let (server, _folder) = with(|setup| {
        setup.faults.fail_rate = 0.5;
        setup.faults.fail_status = 503;
        setup.faults.memory = Some(scn::sim::Memory {
            grow_at_start: 50e6,
            leak: 2e6,
            ..Default::default()
        });
    });
    assert!(resident(&server) > 50_000_000);
    let before = resident(&server);
    let body = prompt(20, json!({ "max_tokens": 2 }));
    let status = |_| server.post(COMPLETIONS, &body).status;
    let statuses: Vec<u16> = (0..20).map(status).collect();
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert!((4..=16).contains(&refused), "{statuses:?}");
    // those that are refused leak nothing
    let leaked = (20 - refused as u64) * 2_000_000;
    let grown = resident(&server) - before;
    assert!((leaked..leaked + 6_000_000).contains(&grown), "{grown}");
}

#[test]
fn a_worker_that_crashes_cuts_streams_and_comes_back() {
    let (server, _folder) = with(|setup| {
        setup.faults.crash_after = Some(1);
        setup.faults.crash_restart = Some(1.0);
    });
    let long = prompt(20, json!({ "max_tokens": 5000 })).to_string();
    let long = server.send("POST", COMPLETIONS, "", &long);
    poll(|| (server.metric("num_requests_running", "") == 1.0).then_some(())).expect("it runs");
    let short = prompt(20, json!({ "max_tokens": 2 }));
    assert_eq!(server.post(COMPLETIONS, &short).status, 200);
    let cut = Answer::read(long);
    assert!(!cut.complete && (1..5000).contains(&words(&cut)), "{cut:?}");
    assert_eq!(server.post(COMPLETIONS, &short).status, 503);
    poll(|| (server.post(COMPLETIONS, &short).status == 200).then_some(())).expect("another");
}

#[test]
fn two_hundred_streams_get_what_is_simulated() {
    let server = Server::start(&LLAMA);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let ask = |n: usize| {
            let body = json!({ "model": "llama_3_1_8b", "stream": true, "max_tokens": 40,
                "messages": [{ "role": "user", "content": format!("question {n}") }] });
            let server = &server;
            scope.spawn(move || server.post(CHAT, &body))
        };
        let asked: Vec<_> = (0..200).map(ask).collect();
        let read = |one: std::thread::ScopedJoinHandle<'_, Answer>| one.join().expect("an answer");
        asked.into_iter().map(read).collect()
    });
    for answer in &answers {
        assert_eq!((answer.status, answer.complete), (200, true));
        let events = answer.events();
        let received = ns(&events[0], "received_ns");
        let due: Vec<u64> = events.iter().map(|event| ns(event, "due_ns")).collect();
        let sent: Vec<u64> = events.iter().map(|event| ns(event, "sent_ns")).collect();
        // the front end alone takes 8.95 ms
        assert!(due[0] > received + 9_000_000);
        assert!(due.is_sorted() && sent.is_sorted());
        assert!(due.iter().zip(&sent).all(|(due, sent)| due <= sent));
        assert_eq!(words(answer), 40);
        let last = answer.tokens().pop().expect("tokens");
        assert_eq!(last["choices"][0]["finish_reason"], "length");
    }
    assert_eq!(server.metric("generation_tokens_total", ""), 200.0 * 40.0);
    assert_eq!(server.metric("inter_token_latency_seconds_count", ""), {
        let first = |answer: &Answer| text(&answer.tokens()[0]).split_whitespace().count();
        (200 * 40 - answers.iter().map(first).sum::<usize>()) as f64
    });
    assert_eq!(server.metric("num_requests_running", ""), 0.0);
    assert_eq!(server.metric("kv_cache_usage_perc", ""), 0.0);
}

#[test]
fn who_goes_away_gives_blocks_back() {
    let server = Server::start(&LLAMA);
    let usage = || server.metric("kv_cache_usage_perc", "");
    let body = prompt(2000, json!({ "max_tokens": 50_000 })).to_string();
    let one = server.send("POST", COMPLETIONS, "", &body);
    poll(|| (usage() > 0.0).then_some(())).expect("it has blocks");
    assert_eq!(server.metric("num_requests_running", ""), 1.0);
    drop(one);
    poll(|| (usage() == 0.0).then_some(())).expect("it gave them back");
    assert_eq!(server.metric("num_requests_running", ""), 0.0);
    let label = ",finished_reason=\"abort\"";
    assert_eq!(server.metric("request_success_total", label), 1.0);
}

#[test]
fn where_blocks_are_short_requests_are_preempted_and_answered() {
    let (server, _folder) = with_blocks(15);
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let ask = |word: &str| {
            let text = format!("{word} ").repeat(64);
            let body = prompt(0, json!({ "prompt": text, "max_tokens": 100 }));
            let server = &server;
            scope.spawn(move || server.post(COMPLETIONS, &body))
        };
        let asked = ["one", "two"].map(ask);
        asked.map(|one| one.join().expect("an answer")).into()
    });
    assert!(answers.iter().all(|answer| words(answer) == 100));
    assert!(server.metric("num_preemptions_total", "") >= 1.0);
    assert_eq!(server.metric("kv_cache_usage_perc", ""), 0.0);
}

#[test]
fn what_could_never_be_worked_on_is_a_bad_request() {
    let (server, _folder) = with_blocks(15);
    for stream in [true, false] {
        let body = prompt(400, json!({ "max_tokens": 5, "stream": stream }));
        let answer = server.post(COMPLETIONS, &body);
        assert_eq!(answer.status, 400);
        assert_eq!(
            answer.json()["error"],
            json!({ "message": "the request needs more blocks of KV cache than there are",
                "type": "BadRequestError", "param": null, "code": 400 })
        );
    }
    // they were never begun
    let label = ",finished_reason=\"abort\"";
    assert_eq!(server.metric("request_success_total", label), 0.0);
}

#[test]
fn a_prompt_that_is_known_is_not_read_again() {
    let server = Server::start(&LLAMA);
    let ask = || {
        let answer = server.post(COMPLETIONS, &prompt(8000, json!({ "max_tokens": 2 })));
        assert_eq!(words(&answer), 2);
        ttft(&answer)
    };
    let (first, second) = (ask(), ask());
    assert!(second < first / 2, "{first} ns, then {second} ns");
    let reset = server.post("/reset_prefix_cache", &Value::Null).json();
    assert_eq!(
        (&reset["success"], &reset["scn"]["prefix_cache"]),
        (&json!(true), &json!("flushed"))
    );
    let third = ask();
    assert!(third > 2 * second, "{second} ns, then {third} ns");
}

#[test]
fn an_answer_comes_as_a_whole_too() {
    let server = Server::start(&LLAMA);
    let model = server.get("/v1/models").json()["data"][0].clone();
    assert_eq!(
        (&model["id"], &model["max_model_len"]),
        (&json!("llama_3_1_8b"), &json!(131_072))
    );
    let body = prompt(10, json!({ "max_tokens": 5, "stream": false }));
    let answer = server.post(COMPLETIONS, &body).json();
    assert_eq!(
        answer["usage"],
        json!({ "prompt_tokens": 10, "total_tokens": 15, "completion_tokens": 5 })
    );
    let text = answer["choices"][0]["text"].as_str().expect("text");
    assert_eq!(text.split_whitespace().count(), 5);
}

fn refused(arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    let Output { status, stderr, .. } = command
        .args(["serve", "--port", "0"])
        .args(arguments)
        .output()
        .expect("the binary starts");
    let said = String::from_utf8(stderr).expect("UTF-8");
    assert_eq!(status.code(), Some(2), "{said}");
    said
}

#[test]
fn what_cannot_be_simulated_is_said_at_once() {
    let said = refused(&["--model", "lama_3_1_8b", "--gpu", "h200"]);
    assert!(
        said.contains("the library has no model `lama_3_1_8b`; did you mean `llama_3_1_8b`?"),
        "{said}"
    );
    let said = refused(&["--model", "llama_3_1_8b", "--gpu", "h20"]);
    assert!(
        said.contains("the library has no GPU `h20`; did you mean"),
        "{said}"
    );
    let said = refused(&["--gpu", "h200"]);
    assert!(said.contains("--model"), "{said}");
    let said = refused(&["--tp", "2"]);
    assert!(said.contains("--gpu"), "{said}");
    for (option, value) in [
        ("--ttft", "5ms"),
        ("--itl", "5ms"),
        ("--jitter", "1%"),
        ("--max-concurrent", "3"),
    ] {
        let said = refused(&[&LLAMA[..], &[option, value]].concat());
        assert!(
            said.contains("cannot be used with") && said.contains(option),
            "{said}"
        );
    }
    let said = refused(&["--model", "llama_3_1_70b", "--gpu", "l4"]);
    println!("{said}");
    assert!(said.contains("does not fit"), "{said}");
    let said = refused(&[&LLAMA[..], &["--tp", "3"]].concat());
    println!("{said}");
    assert!(said.contains("heads"), "{said}");
    // of which lint warns
    let said = refused(&[&LLAMA[..], &["--pp", "33"]].concat());
    assert!(
        said.contains("32 layers over 33 pipeline stages: some have none"),
        "{said}"
    );
}
