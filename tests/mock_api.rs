//! The built-in engine's answers, byte for byte where clients may depend on it.

mod mock_support;

use mock_support::{Answer, CHAT, COMPLETIONS, Server, chat, masked, merged, stream};
use serde_json::{Value, json};
use std::io::Read;

const FAST: [&str; 6] = ["--ttft", "2ms", "--itl", "1ms", "--answer", "I am fine"];

/// What vLLM 0.32 sends, and our stamp at the end of each event.
#[test]
fn a_chat_streams_as_vllm_does() {
    let server = Server::start(&FAST);
    let options = json!({ "stream_options": { "include_usage": true } });
    let answer = server.post(CHAT, &merged(stream(2), options));
    assert!(answer.complete);
    assert!(
        answer
            .head
            .contains("content-type: text/event-stream; charset=utf-8")
    );
    let head = r#"data: {"id":"chatcmpl-ID","object":"chat.completion.chunk","created":T,"model":"builtin","choices":["#;
    let stamp = r#""scn":{"due_ns":N,"sent_ns":N}}"#;
    let expected = [
        format!(
            r#"{head}{{"index":0,"delta":{{"role":"assistant","content":""}},"logprobs":null,"finish_reason":null}}],"prompt_token_ids":null,"prompt_text":null,"scn":{{"received_ns":N,"due_ns":N,"sent_ns":N}}}}"#
        ),
        format!(
            r#"{head}{{"index":0,"delta":{{"content":"I"}},"logprobs":null,"finish_reason":null,"token_ids":null}}],{stamp}"#
        ),
        format!(
            r#"{head}{{"index":0,"delta":{{"content":" am"}},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}}],{stamp}"#
        ),
        format!(
            r#"{head}],"usage":{{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2}},"system_fingerprint":"scn-builtin-VERSION",{stamp}"#
        ),
        "data: [DONE]".to_string(),
    ];
    assert_eq!(
        masked(&answer.body),
        expected.map(|event| event + "\n\n").concat()
    );
}

#[test]
fn a_completion_streams_as_vllm_does() {
    let server = Server::start(&FAST);
    let body = json!({ "prompt": [1, 2, 3, 4], "max_tokens": 2, "stream": true });
    let answer = server.post(COMPLETIONS, &body);
    let head = r#"data: {"id":"cmpl-ID","object":"text_completion","created":T,"model":"builtin","choices":["#;
    let rest = r#""stop_reason":null,"prompt_token_ids":null,"token_ids":null}]"#;
    let expected = [
        format!(
            r#"{head}{{"index":0,"text":"I","logprobs":null,"finish_reason":null,{rest},"scn":{{"received_ns":N,"due_ns":N,"sent_ns":N}}}}"#
        ),
        format!(
            r#"{head}{{"index":0,"text":" am","logprobs":null,"finish_reason":"length",{rest},"system_fingerprint":"scn-builtin-VERSION","scn":{{"due_ns":N,"sent_ns":N}}}}"#
        ),
        "data: [DONE]".to_string(),
    ];
    assert_eq!(
        masked(&answer.body),
        expected.map(|event| event + "\n\n").concat()
    );
}

#[test]
fn answers_come_whole_too() {
    let server = Server::start(&FAST);
    let answer = server.post(CHAT, &chat(json!({})));
    let body = answer.json();
    assert_eq!(body["object"], "chat.completion");
    let choice = &body["choices"][0];
    assert_eq!(choice["message"]["role"], "assistant");
    let content = choice["message"]["content"].as_str().expect("a text");
    assert_eq!(content.split(' ').count(), 16);
    assert!(content.starts_with("I am fine I am fine"));
    assert_eq!(choice["finish_reason"], "stop");
    assert_eq!(
        body["usage"],
        json!({ "prompt_tokens": 3, "total_tokens": 19, "completion_tokens": 16 })
    );
    let stamp = |name: &str| body["scn"][name].as_u64().expect(name);
    assert!(stamp("received_ns") < stamp("due_ns"));
    assert!(stamp("due_ns") <= stamp("sent_ns"));

    let body = server
        .post(COMPLETIONS, &json!({ "prompt": "a b", "max_tokens": 4 }))
        .json();
    assert_eq!(body["object"], "text_completion");
    assert_eq!(body["choices"][0]["text"], "I am fine I");
    assert_eq!(body["choices"][0]["finish_reason"], "length");
}

#[test]
fn usage_may_come_with_every_chunk() {
    let server = Server::start(&FAST);
    let options =
        json!({ "stream_options": { "include_usage": true, "continuous_usage_stats": true } });
    let events = server.post(CHAT, &merged(stream(3), options)).events();
    let counts: Vec<_> = events
        .iter()
        .map(|event| event["usage"]["completion_tokens"].as_u64())
        .collect();
    assert_eq!(counts, [0, 1, 2, 3, 3].map(Some));
}

#[test]
fn equal_prompts_and_seeds_give_equal_answers() {
    let text = |server: &Server, prompt: &str| {
        let answer = server.post(COMPLETIONS, &json!({ "prompt": prompt, "max_tokens": 12 }));
        answer.json()["choices"][0]["text"].clone()
    };
    let arguments = |seed| ["--ttft", "0s", "--itl", "0s", "--seed", seed];
    let (one, same, other) = (
        Server::start(&arguments("1")),
        Server::start(&arguments("1")),
        Server::start(&arguments("2")),
    );
    let _ = text(&same, "something before it");
    assert_eq!(text(&one, "hello"), text(&same, "hello"));
    assert_ne!(text(&one, "hello"), text(&one, "hello you"));
    assert_ne!(text(&one, "hello"), text(&other, "hello"));
}

#[test]
fn mistakes_are_answered_in_vllms_form() {
    let server = Server::start(&["--context", "50"]);
    let error = |answer: &Answer| {
        let body = answer.json();
        let error = &body["error"];
        let keys: Vec<_> = error.as_object().expect("an object").keys().collect();
        assert_eq!(keys, ["message", "type", "param", "code"]);
        assert_eq!(error["code"], answer.status);
        (
            answer.status,
            error["type"].as_str().expect("a type").to_string(),
            error["param"].clone(),
        )
    };
    let refused = |body: Value| error(&server.post(CHAT, &body));
    assert_eq!(
        refused(chat(json!({ "model": "gpt-0" }))),
        (404, "NotFoundError".into(), json!("model"))
    );
    assert_eq!(
        refused(json!({})),
        (400, "Bad Request".into(), json!("body.messages"))
    );
    assert_eq!(
        refused(chat(json!({ "max_tokens": 51 }))),
        (400, "BadRequestError".into(), json!("max_tokens"))
    );
    let malformed = Answer::read(server.send("POST", CHAT, "", "{\"messages\": "));
    assert_eq!(error(&malformed).0, 400);
    let several = server.post(COMPLETIONS, &json!({ "prompt": ["one", "two"] }));
    assert_eq!(
        error(&several),
        (400, "BadRequestError".into(), json!("prompt"))
    );
    for path in ["/v1/tokenize", "/tokenize", "/"] {
        let answer = server.post(path, &json!({}));
        assert_eq!(error(&answer), (404, "Not Found".into(), Value::Null));
    }
    assert_eq!(error(&server.get(CHAT)).0, 405);
    assert_eq!(
        server.metric("request_success_total", ",finished_reason=\"length\""),
        0.0
    );
}

#[test]
fn the_key_is_asked_for_below_v1_only() {
    let server = Server::start(&["--api-key", "hunter2", "--ttft", "0s"]);
    let asked =
        |path: &str, header: &str| Answer::read(server.send("GET", path, header, "")).status;
    assert_eq!(asked("/v1/models", ""), 401);
    assert_eq!(
        asked("/v1/models", "authorization: Bearer hunter3\r\n"),
        401
    );
    assert_eq!(asked("/v1/models", "authorization: hunter2\r\n"), 401);
    assert_eq!(
        asked("/v1/models", "authorization: Bearer hunter2\r\n"),
        200
    );
    assert_eq!(asked("/v1/tokenize", ""), 401);
    assert_eq!(asked("/health", ""), 200);
    assert_eq!(server.post(CHAT, &chat(json!({}))).status, 401);
}

#[test]
fn the_small_endpoints_answer() {
    let server = Server::start(&["--model", "tiny", "--context", "1234"]);
    assert_eq!(server.get("/health").status, 200);
    let model = &server.get("/v1/models").json()["data"][0];
    assert_eq!(
        (&model["id"], &model["max_model_len"]),
        (&json!("tiny"), &json!(1234))
    );
    let version = server.get("/version").json();
    assert_eq!(version["version"], env!("CARGO_PKG_VERSION"));
    let reset = server.post("/reset_prefix_cache", &Value::Null).json();
    assert_eq!(reset["success"], true);
    assert_eq!(reset["scn"]["prefix_cache"], "none, so nothing to flush");
    let metrics = server.get("/metrics");
    assert!(metrics.head.contains("text/plain; version=0.0.4"));
    assert!(metrics.body.contains("model_name=\"tiny\""));
}

#[test]
fn metrics_add_up() {
    let server = Server::start(&FAST);
    server.post(CHAT, &stream(5));
    server.post(CHAT, &chat(json!({ "max_tokens": 7 })));
    server.post(COMPLETIONS, &json!({ "prompt": "one two" }));
    assert_eq!(server.metric("prompt_tokens_total", ""), 3.0 + 3.0 + 2.0);
    assert_eq!(
        server.metric("generation_tokens_total", ""),
        5.0 + 7.0 + 16.0
    );
    let finished = |reason: &str| {
        let label = format!(",finished_reason=\"{reason}\"");
        server.metric("request_success_total", &label)
    };
    assert_eq!((finished("length"), finished("stop")), (2.0, 1.0));
    assert_eq!(finished("abort"), 0.0);
    assert_eq!(server.metric("time_to_first_token_seconds_count", ""), 3.0);
    assert_eq!(
        server.metric("inter_token_latency_seconds_count", ""),
        4.0 + 6.0 + 15.0
    );
    assert_eq!(server.metric("e2e_request_latency_seconds_count", ""), 3.0);
    assert_eq!(
        server.metric("e2e_request_latency_seconds_bucket", ",le=\"+Inf\""),
        3.0
    );
    // Declared: 2 ms to the first token, and 1 ms to each of the others. Nothing is early.
    let first = server.metric("time_to_first_token_seconds_sum", "");
    let between = server.metric("inter_token_latency_seconds_sum", "");
    let whole = server.metric("e2e_request_latency_seconds_sum", "");
    assert!(first >= 3.0 * 0.002, "{first}");
    assert!(first + between >= 3.0 * 0.002 + 25.0 * 0.001, "{between}");
    assert!(whole >= first + between - 1e-6, "{whole}");
    assert_eq!(server.metric("num_requests_running", ""), 0.0);
    assert!(!server.get("/metrics").body.contains("kv_cache"));
}

#[test]
fn a_connection_serves_many_requests() {
    use std::io::Write;
    let server = Server::start(&FAST);
    let mut connection = server.connect();
    let body = stream(2).to_string();
    for _ in 0..3 {
        write!(
            connection,
            "POST {CHAT} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut seen = Vec::new();
        let mut buffer = [0; 4096];
        while !seen.ends_with(b"\r\n0\r\n\r\n") {
            let n = connection.read(&mut buffer).expect("an answer");
            assert!(n > 0, "closed after {}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..n]);
        }
        assert!(seen.starts_with(b"HTTP/1.1 200 OK"));
    }
}
