//! Which requests are understood, how they are counted, and what is refused.

use super::*;
use serde_json::json;

fn limits() -> Limits {
    Limits {
        model: "builtin".into(),
        context: 100,
        answer_tokens: 16,
        image_tokens: 10,
        audio_tokens: 5,
        video_tokens: 40,
        block: 2,
    }
}

fn chat(body: Value) -> Result<Job, ApiError> {
    read(Endpoint::Chat, body.to_string().as_bytes(), &limits())
}

fn completions(body: Value) -> Result<Job, ApiError> {
    read(
        Endpoint::Completions,
        body.to_string().as_bytes(),
        &limits(),
    )
}

fn hello(extra: Value) -> Value {
    let mut body = json!({ "messages": [{ "role": "user", "content": "hello there" }] });
    let Value::Object(extra) = extra else {
        panic!("an object")
    };
    body.as_object_mut().expect("an object").extend(extra);
    body
}

#[test]
fn words_and_images_are_counted() {
    let job = chat(json!({ "model": "builtin", "messages": [
        { "role": "system", "content": "be  brief\n" },
        { "role": "user", "content": [
            { "type": "text", "text": "what is this ?" },
            { "type": "image_url", "image_url": { "url": "data:image/png;base64,aGVsbG8=" } },
            { "type": "image_url", "image_url": { "url": "https://example.org/a.png" } },
        ]},
        { "role": "assistant", "content": null },
    ]}))
    .expect("a good request");
    assert_eq!(job.prompt_tokens, 2 + 4 + 2 * 10);
    assert_eq!((job.tokens, job.finish_reason), (16, "stop"));
    assert!(!job.stream);
}

#[test]
fn sound_and_videos_are_counted_and_checked() {
    let ask = |parts: Value| chat(json!({ "messages": [{ "role": "user", "content": parts }] }));
    let tokens = |parts: Value| ask(parts).map(|job| job.prompt_tokens);
    let data = json!({ "data": "aGVsbG8=", "format": "wav" });
    let counted = tokens(json!([
        { "type": "input_audio", "input_audio": data },
        { "type": "audio_url", "audio_url": { "url": "data:audio/mp3;base64,aGVsbG8=" } },
        { "type": "video_url", "video_url": { "url": "https://example.org/a.mp4" } },
        { "type": "text", "text": "what is this" },
    ]));
    assert_eq!(counted, Ok(5 + 5 + 40 + 3));
    for bad in [
        json!({ "type": "input_audio", "input_audio": { "data": "%", "format": "wav" } }),
        json!({ "type": "input_audio", "input_audio": { "data": "aGVsbG8=" } }),
        json!({ "type": "audio_url", "audio_url": { "url": "data:image/png;base64,aGVsbG8=" } }),
        json!({ "type": "video_url", "video_url": {} }),
        json!({ "type": "smell", "smell": {} }),
    ] {
        assert!(ask(json!([bad])).is_err(), "{bad}");
    }
}

#[test]
fn a_prompt_is_a_text_or_token_ids() {
    let tokens = |prompt| completions(json!({ "prompt": prompt })).map(|job| job.prompt_tokens);
    assert_eq!(tokens(json!("one two three")), Ok(3));
    assert_eq!(tokens(json!([5, 6, 7, 8])), Ok(4));
    for prompt in [
        json!(["a", "b"]),
        json!([[1, 2], [3]]),
        json!([]),
        json!([-1]),
        json!([1.5]),
    ] {
        let error = tokens(prompt.clone()).expect_err("refused");
        assert_eq!(
            (error.status, error.param.as_deref()),
            (400, Some("prompt")),
            "{prompt}"
        );
    }
}

#[test]
fn the_answers_length_follows_from_the_request() {
    let ends = |extra| chat(hello(extra)).map(|job| (job.tokens, job.finish_reason));
    assert_eq!(ends(json!({})), Ok((16, "stop")));
    assert_eq!(ends(json!({ "max_tokens": 40 })), Ok((40, "length")));
    assert_eq!(
        ends(json!({ "max_completion_tokens": 3, "max_tokens": 40 })),
        Ok((3, "length"))
    );
    assert_eq!(
        ends(json!({ "max_tokens": 5, "ignore_eos": true })),
        Ok((5, "length"))
    );
    assert_eq!(ends(json!({ "ignore_eos": true })), Ok((98, "length")));
    assert_eq!(ends(json!({ "max_tokens": 98 })), Ok((98, "length")));
    for (extra, param) in [
        (json!({ "max_tokens": 99 }), "max_tokens"),
        (json!({ "max_tokens": 0 }), "max_tokens"),
        (json!({ "max_tokens": -1 }), "body.max_tokens"),
        (
            json!({ "max_completion_tokens": 1000 }),
            "max_completion_tokens",
        ),
    ] {
        let error = ends(extra).expect_err("refused");
        assert_eq!((error.status, error.param.as_deref()), (400, Some(param)));
    }
}

#[test]
fn a_prompt_that_fills_the_context_is_refused() {
    let text = "word ".repeat(100);
    let error = completions(json!({ "prompt": text })).expect_err("refused");
    assert_eq!(error.param.as_deref(), Some("input_tokens"));
    let nearly = "word ".repeat(95);
    let job = completions(json!({ "prompt": nearly })).expect("fits");
    assert_eq!((job.tokens, job.finish_reason), (5, "length"));
}

#[test]
fn equal_prompts_have_equal_fingerprints() {
    let prompt = |text: &str| completions(json!({ "prompt": text })).expect("good").prompt;
    assert_eq!(prompt("a b c"), prompt("a b c"));
    assert_ne!(prompt("a b c"), prompt("a b d"));
}

#[test]
fn usage_is_told_where_it_is_asked_for() {
    let job = chat(hello(
        json!({ "stream": true, "stream_options": { "include_usage": true } }),
    ))
    .expect("good");
    assert!(job.stream && job.include_usage && !job.continuous_usage);
    let error = chat(hello(
        json!({ "stream_options": { "include_usage": true } }),
    ))
    .expect_err("without stream");
    assert_eq!(error.param.as_deref(), Some("stream_options"));
}

#[test]
fn what_is_wrong_is_named() {
    for (body, status, param) in [
        (json!({}), 400, "body.messages"),
        (json!([]), 400, "body.json"),
        (json!({ "messages": "hi" }), 400, "body.messages"),
        (json!({ "messages": [] }), 400, "messages"),
        (
            json!({ "messages": [{ "content": "x" }] }),
            400,
            "body.messages.role",
        ),
        (hello(json!({ "model": "other" })), 404, "model"),
        (hello(json!({ "model": 5 })), 400, "body.model"),
        (hello(json!({ "n": 2 })), 400, "n"),
        (hello(json!({ "logprobs": true })), 400, "logprobs"),
        (
            hello(json!({ "tool_choice": "required" })),
            400,
            "tool_choice",
        ),
        (hello(json!({ "stream": "yes" })), 400, "body.stream"),
        (
            json!({ "messages": [{ "role": "user", "content": [
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,%%%" } }] }] }),
            400,
            "image_url",
        ),
        (
            json!({ "messages": [{ "role": "user", "content": [{ "type": "refusal" }] }] }),
            400,
            "messages",
        ),
    ] {
        let error = chat(body.clone()).expect_err(&body.to_string());
        assert_eq!(
            (error.status, error.param.as_deref()),
            (status, Some(param)),
            "{body}"
        );
    }
    let error = read(Endpoint::Chat, b"{\"messages\": [", &limits()).expect_err("not JSON");
    assert_eq!(error.status, 400);
    assert!(error.message.contains("JSON decode error"), "{error:?}");
}

#[test]
fn an_error_has_the_four_fields() {
    assert_eq!(
        ApiError::no_model("x").body(),
        json!({ "error": { "message": "The model `x` does not exist.", "type": "NotFoundError",
            "param": "model", "code": 404 } })
    );
}

#[test]
fn unknown_fields_and_nulls_are_let_through() {
    let job = chat(hello(
        json!({ "top_k": 5, "n": 1, "max_tokens": null, "logprobs": false, "tool_choice": "auto" }),
    ))
    .expect("good");
    assert_eq!(job.tokens, 16);
}
