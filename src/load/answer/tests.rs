//! Streams and plain answers as servers really send them, without sockets.

use super::*;
use proptest::prelude::*;

fn chat(delta: &str) -> String {
    format!("data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}]}}\n\n")
}

const ROLE: &str = r#"{"role":"assistant","content":""}"#;
const STOP: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":7,\"completion_tokens\":2}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// Reads pieces that arrive at 1, 2, 3 … seconds.
fn read_with(done_marker: bool, pieces: &[&str], end: BodyEnd) -> Record {
    let mut record = Record {
        headers: Some(0.5),
        ..Record::default()
    };
    let mut reader = StreamReader::new(done_marker, Limits::default());
    let mut at = 0.0;
    for piece in pieces {
        at += 1.0;
        reader.bytes(piece.as_bytes(), at, &mut record);
    }
    record.outcome = reader.finish(&end, at, &mut record);
    record
}

fn read(pieces: &[&str]) -> Record {
    read_with(true, pieces, BodyEnd::Whole)
}

fn failure(record: &Record) -> (FailureClass, &str) {
    match &record.outcome {
        Outcome::Ok => panic!("it passed: {record:?}"),
        Outcome::Failed(failure) => (failure.class, &failure.detail),
    }
}

#[test]
fn a_role_chunk_is_no_token_and_usage_is_taken() {
    let (one, two) = (
        chat(r#"{"content":"Hel"}"#),
        chat(r#"{"content":"lo \"ä\n"}"#),
    );
    let record = read(&[&chat(ROLE), &one, &two, STOP, USAGE, DONE]);
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.first_token, Some(2.0));
    assert_eq!(record.first_answer, Some(2.0));
    assert_eq!(record.last_token, Some(3.0));
    assert_eq!(record.chunks, [2.0, 3.0]);
    assert_eq!(record.answer, "Hello \"ä\n");
    assert_eq!(record.finish_reason.as_deref(), Some("stop"));
    assert_eq!(
        (record.prompt_tokens, record.completion_tokens),
        (Some(5), Some(2))
    );
    assert_eq!(record.token_source, TokenSource::Usage);
}

#[test]
fn reasoning_first_then_the_answer() {
    for field in ["reasoning_content", "reasoning"] {
        let thought = chat(&format!("{{\"{field}\":\"hm\",\"content\":null}}"));
        let answer = chat(r#"{"content":"42"}"#);
        let record = read(&[&chat(ROLE), &thought, &answer, STOP, DONE]);
        assert_eq!(record.outcome, Outcome::Ok);
        assert_eq!(record.first_token, Some(2.0));
        assert_eq!(record.first_answer, Some(3.0));
        assert_eq!(record.reasoning, "hm");
        assert_eq!(record.answer, "42");
        assert_eq!(record.token_source, TokenSource::Missing);
        assert_eq!(record.completion_tokens, None);
    }
    let both = chat(r#"{"reasoning_content":"hm","reasoning":"hm"}"#);
    assert_eq!(read(&[&both, STOP, DONE]).reasoning, "hm");
}

#[test]
fn a_tool_call_is_a_token() {
    let call = chat(r#"{"tool_calls":[{"index":0,"function":{"name":"f","arguments":""}}]}"#);
    let none = chat(r#"{"content":"","tool_calls":[]}"#);
    let record = read(&[&none, &call, STOP, DONE]);
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.first_token, Some(2.0));
    assert_eq!(record.chunks.len(), 1);
}

#[test]
fn completions_and_usage_on_every_chunk() {
    let chunk = |text: &str, n: u64| {
        format!(
            "data: {{\"choices\":[{{\"text\":\"{text}\",\"finish_reason\":\"length\"}}],\"usage\":{{\"prompt_tokens\":3,\"completion_tokens\":{n}}}}}\n\n"
        )
    };
    let record = read(&[&chunk("a", 1), &chunk("b", 2), DONE]);
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "ab");
    assert_eq!(record.completion_tokens, Some(2));
}

#[test]
fn events_in_one_piece_are_chunks_at_one_time() {
    let all = [chat(r#"{"content":"a"}"#), chat(r#"{"content":"b"}"#)].concat();
    let record = read(&[&all, STOP, DONE]);
    assert_eq!(record.chunks, [1.0, 1.0]);
}

#[test]
fn errors_in_the_stream() {
    let cases = [
        r#"{"error":{"message":"out of memory","type":"server_error","param":null,"code":500}}"#,
        r#"{"object":"error","message":"out of memory","type":"server_error","code":500}"#,
        r#"{"error":{"object":"error","message":"out of memory","type":"server_error","code":500}}"#,
    ];
    for case in cases {
        let event = format!("data: {case}\n\n");
        let record = read(&[&chat(r#"{"content":"a"}"#), &event, DONE]);
        let (class, detail) = failure(&record);
        assert_eq!(class, FailureClass::BadAnswer);
        assert!(
            detail.contains("out of memory (server_error, 500)"),
            "{detail}"
        );
        assert_eq!(record.answer, "a", "what had come is kept");
    }
    let record = read(&["data: {\"error\":\"too busy\"}\n\n"]);
    assert!(failure(&record).1.ends_with("too busy"));
    let record = read(&["event: error\ndata: it broke\n\n"]);
    assert!(failure(&record).1.contains("it broke"));
    assert_eq!(
        read(&[
            "data: {\"error\":null,\"choices\":[{\"text\":\"a\"}]}\n\n",
            DONE
        ])
        .outcome,
        Outcome::Ok
    );
}

#[test]
fn endings() {
    use FailureClass::{BadAnswer, CutStream};
    let token = chat(r#"{"content":"a"}"#);
    let cases: [(bool, &[&str], Option<FailureClass>); 10] = [
        (true, &[&token, STOP, DONE], None),
        (true, &[&token, STOP, "data: [DONE]"], None),
        (true, &[&token, DONE], None),
        (true, &[&token, STOP, "data: [DONE] \n\n"], None),
        (true, &[&token, STOP], None),
        (true, &[&token], Some(CutStream)),
        (false, &[&token, STOP], None),
        (false, &[&token], Some(CutStream)),
        (true, &[": ping\n\n"], Some(BadAnswer)),
        (true, &["<!DOCTYPE html><html>"], Some(BadAnswer)),
    ];
    for (done_marker, pieces, class) in cases {
        let record = read_with(done_marker, pieces, BodyEnd::Whole);
        match class {
            None => {
                assert_eq!(record.outcome, Outcome::Ok, "{pieces:?}");
                let marked = !done_marker || pieces.concat().contains("[DONE]");
                assert_eq!(record.unmarked, !marked, "{pieces:?}");
            }
            Some(class) => assert_eq!(failure(&record).0, class, "{pieces:?}"),
        }
    }
    let html = read(&["<!DOCTYPE html><html>"]);
    assert!(failure(&html).1.contains("<!DOCTYPE html>"));
}

#[test]
fn a_closed_connection_ends_no_stream_that_has_a_marker() {
    let token = chat(r#"{"content":"a"}"#);
    let record = read_with(true, &[&token, STOP], BodyEnd::Closed);
    assert_eq!(failure(&record).0, FailureClass::CutStream);
    let record = read_with(false, &[&token, STOP], BodyEnd::Closed);
    assert_eq!(record.outcome, Outcome::Ok);
}

#[test]
fn an_object_of_another_kind_is_no_answer() {
    let token = chat(r#"{"content":"a"}"#);
    for event in [r#"{"detail":"boom"}"#, r#"{"message":"boom"}"#] {
        let event = format!("data: {event}\n\n");
        for pieces in [&[&token, &event, DONE][..], &[&token, &event, STOP, DONE]] {
            let record = read(pieces);
            assert_eq!(failure(&record).0, FailureClass::BadAnswer);
            assert!(failure(&record).1.contains("boom"));
        }
    }
    let empty = "data: {\"object\":\"chat.completion.chunk\",\"choices\":null}\n\n";
    assert_eq!(read(&[&token, empty, STOP, DONE]).outcome, Outcome::Ok);
}

#[test]
fn what_is_nearly_json_is_read() {
    let odd = r#"data: {"choices":[{"index":0,"delta":{"content":"a\ud83d"},"logprobs":{"v":[-Infinity,NaN]}}]}"#;
    let usage = USAGE.replace("5,", "5.0,").replace(":2}", ":2.0}");
    let record = read(&[&format!("{odd}\n\n"), STOP, &usage, DONE]);
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "a\u{fffd}");
    let counts = (record.prompt_tokens, record.completion_tokens);
    assert_eq!(counts, (Some(5), Some(2)));
    for bad in ["2.5", "-1", "NaN", "1e30", "9223372036854775808", "1e10"] {
        let usage = USAGE.replace(":2}", &format!(":{bad}}}"));
        let record = read(&[&chat(r#"{"content":"a"}"#), STOP, &usage, DONE]);
        let (class, detail) = failure(&record);
        assert_eq!(class, FailureClass::BadAnswer, "{bad}");
        assert!(
            bad == "NaN" || detail.contains("no count of tokens"),
            "{detail}"
        );
        assert_eq!(record.completion_tokens, None, "{bad}");
    }
    let usage = USAGE.replace(":2}", ":1000000000}");
    let record = read(&[&chat(r#"{"content":"a"}"#), STOP, &usage, DONE]);
    assert_eq!(record.completion_tokens, Some(1_000_000_000));
}

#[test]
fn cut_in_an_event_or_by_the_connection() {
    let token = chat(r#"{"content":"a"}"#);
    let record = read(&[&token, "data: {\"choices\":[{\"del"]);
    assert_eq!(failure(&record).0, FailureClass::CutStream);
    let broken = BodyEnd::Broken("connection reset".into());
    let record = read_with(true, &[&token], broken.clone());
    let (class, detail) = failure(&record);
    assert_eq!(class, FailureClass::CutStream);
    assert!(
        detail.contains("connection reset") && detail.contains("1 chunk"),
        "{detail}"
    );
    // After the marker nothing is missing.
    assert_eq!(
        read_with(true, &[&token, STOP, DONE], broken).outcome,
        Outcome::Ok
    );
}

#[test]
fn an_answer_without_tokens() {
    let record = read(&[&chat(ROLE), STOP, DONE]);
    assert_eq!(failure(&record).0, FailureClass::BadAnswer);
    assert!(failure(&record).1.contains("no token came"));
    // The server counted tokens: they had no text, and no arrival can be told.
    let record = read(&[&chat(ROLE), STOP, USAGE, DONE]);
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.first_token, None);
}

#[test]
fn given_up_by_the_server() {
    let abort = STOP.replace("stop", "abort");
    let record = read(&[&chat(r#"{"content":"a"}"#), &abort, DONE]);
    assert_eq!(failure(&record).0, FailureClass::BadAnswer);
    assert!(failure(&record).1.contains("finish_reason abort"));
}

#[test]
fn what_is_no_chunk() {
    for event in [
        "data: {\"choices\":[{\"delta\":{\"content\":7}}]}\n\n",
        "data: hello\n\n",
        "data: {\"choices\":\n\n",
    ] {
        let record = read(&[event, DONE]);
        assert_eq!(failure(&record).0, FailureClass::BadAnswer, "{event}");
        assert!(failure(&record).1.contains("not what the API says"));
    }
    let mut record = Record::default();
    let mut reader = StreamReader::new(true, Limits::default());
    reader.bytes(
        b"data: {\"choices\":[{\"text\":\"\xff\"}]}\n\n",
        1.0,
        &mut record,
    );
    assert!(reader.is_over(), "not UTF-8");
}

#[test]
fn sizes_are_bounded() {
    let token = chat(r#"{"content":"0123456789"}"#);
    let small = Limits {
        event: 200,
        body: 1000,
        text: 15,
    };
    let read = |limits: Limits, piece: &str| {
        let mut record = Record::default();
        let mut reader = StreamReader::new(true, limits);
        for _ in 0..20 {
            reader.bytes(piece.as_bytes(), 1.0, &mut record);
        }
        assert!(reader.is_over());
        record.outcome = reader.finish(&BodyEnd::Whole, 1.0, &mut record);
        assert_eq!(failure(&record).0, FailureClass::BadAnswer);
        failure(&record).1.to_owned()
    };
    assert!(read(small, &token).contains("15 bytes"));
    assert!(
        read(
            Limits {
                text: 1000,
                ..small
            },
            &token
        )
        .contains("1000 bytes")
    );
    assert!(
        read(
            Limits {
                body: 100_000,
                ..small
            },
            "data: 0123456789"
        )
        .contains("200 bytes")
    );
}

#[test]
fn plain_answers() {
    let read = |body: &str| {
        let mut record = Record::default();
        record.outcome = read_plain(body.as_bytes(), &mut record);
        record
    };
    let record = read(
        r#"{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi","tool_calls":null},"finish_reason":"length","logprobs":null}],"usage":{"prompt_tokens":1,"completion_tokens":16,"prompt_tokens_details":null}}"#,
    );
    assert_eq!(record.outcome, Outcome::Ok);
    assert_eq!(record.answer, "hi");
    assert_eq!(record.completion_tokens, Some(16));
    assert_eq!((record.first_token, record.chunks.len()), (None, 0));
    let record = read(r#"{"choices":[{"text":"t","finish_reason":"stop"}]}"#);
    assert_eq!(
        (record.outcome.clone(), record.answer.as_str()),
        (Outcome::Ok, "t")
    );
    for (body, says) in [
        (r#"{"error":{"message":"boom"}}"#, "boom"),
        (r#"{"object":"error","message":"boom"}"#, "boom"),
        (
            r#"{"choices":[{"message":{"content":""}}]}"#,
            "no token came",
        ),
        (r#"{"choices":[]}"#, "no token came"),
        ("<html>", "<html>"),
        ("", "(empty)"),
    ] {
        let record = read(body);
        assert_eq!(failure(&record).0, FailureClass::BadAnswer);
        assert!(
            failure(&record).1.contains(says),
            "{body}: {}",
            failure(&record).1
        );
    }
}

proptest! {
    /// Whatever the cuts, in the middle of JSON and of characters: the same answer.
    #[test]
    fn any_split_reads_the_same(cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20)) {
        let text = [&chat(ROLE), ": ping\r\n\r\n", &chat(r#"{"reasoning":"äö😀"}"#), &chat(r#"{"content":"日本\n"}"#), STOP, USAGE, DONE].concat();
        let bytes = text.as_bytes();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let mut record = Record::default();
        let mut reader = StreamReader::new(true, Limits::default());
        for window in at.windows(2) {
            reader.bytes(&bytes[window[0]..window[1]], 1.0, &mut record);
        }
        record.outcome = reader.finish(&BodyEnd::Whole, 1.0, &mut record);
        prop_assert_eq!(&record.outcome, &Outcome::Ok);
        prop_assert_eq!(&record.answer, "日本\n");
        prop_assert_eq!(&record.reasoning, "äö😀");
        prop_assert_eq!(record.chunks.len(), 2);
        prop_assert_eq!(record.completion_tokens, Some(2));
    }

    /// Nothing from outside brings the reader down.
    #[test]
    fn any_bytes_are_survived(pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..60), 0..8)) {
        let mut record = Record::default();
        let mut reader = StreamReader::new(false, Limits::default());
        for piece in &pieces {
            reader.bytes(piece, 1.0, &mut record);
        }
        prop_assert_ne!(reader.finish(&BodyEnd::Whole, 1.0, &mut record), Outcome::Ok);
    }
}
