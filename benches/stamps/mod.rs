//! The built-in engine's stamps beside what the client recorded of the same tokens.

#![allow(dead_code, reason = "every bench uses its own part")]

use nix::time::{ClockId, clock_gettime};
use scn::clock::Clock;
use scn::load::record::Record;
use scn::load::spec::{Api, AudioPart, Protocol, Target};
use scn::load::sse::SseParser;
use serde::Deserialize;
use std::collections::HashMap;
use std::time::Duration;

/// Bytes of a stream, and when the client had them, in seconds on its clock.
pub struct Piece {
    pub request: u64,
    pub at: f64,
    pub bytes: Vec<u8>,
}

/// Seconds, one for each request or token.
#[derive(Default)]
pub struct Stamped {
    /// As reports have it: from the moment the request was due.
    pub ttft: Vec<f64>,
    pub itl: Vec<f64>,
    pub due_to_sent: Vec<f64>,
    pub sent_to_received: Vec<f64>,
    /// From a token's due time to its being handed to the connection, within the engine.
    pub engine_late: Vec<f64>,
    pub first_to_seen: Vec<f64>,
    pub sent_to_seen: Vec<f64>,
    /// The client's TTFT less what the engine did: from the request's arrival there to the first
    /// token's departure.
    pub ttft_error: Vec<f64>,
}

#[derive(Deserialize)]
struct Event {
    choices: Vec<Choice>,
    scn: Stamp,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
}

#[derive(Deserialize)]
struct Delta {
    content: String,
}

#[derive(Deserialize)]
struct Stamp {
    received_ns: Option<u64>,
    due_ns: u64,
    sent_ns: u64,
}

/// Matches tokens with the chunks of the records; `offset` takes the client's clock to
/// `CLOCK_MONOTONIC`.
///
/// # Panics
/// Where the two do not have the same tokens: then nothing could be said of their times.
pub fn compare(records: &[Record], pieces: Vec<Piece>, offset: f64) -> Stamped {
    let mut streams: HashMap<u64, Vec<Piece>> = HashMap::new();
    for piece in pieces {
        streams.entry(piece.request).or_default().push(piece);
    }
    let mut all = Stamped::default();
    for record in records {
        let pieces = streams
            .remove(&record.index)
            .expect("the tap saw every stream");
        one(record, &pieces, offset, &mut all);
    }
    all
}

/// The tokens' chunks of one stream, with the moments at which the client had them on
/// `CLOCK_MONOTONIC`, and when the engine had the request.
fn read(pieces: &[Piece], offset: f64) -> (Option<u64>, Vec<(f64, Stamp)>) {
    let mut received = None;
    let mut tokens = Vec::new();
    let mut parser = SseParser::new(1 << 20);
    for piece in pieces {
        let pushed = parser.push(&piece.bytes, |event| {
            if event.data == b"[DONE]" {
                return;
            }
            let event: Event = serde_json::from_slice(event.data).expect("a stamped chunk");
            received = received.or(event.scn.received_ns);
            if event
                .choices
                .iter()
                .any(|choice| !choice.delta.content.is_empty())
            {
                tokens.push((piece.at + offset, event.scn));
            }
        });
        pushed.expect("short events");
    }
    (received, tokens)
}

/// From each chunk's due time to its being handed to the connection, and to the client's having it,
/// in seconds.
pub fn late(pieces: Vec<Piece>, offset: f64) -> (Vec<f64>, Vec<f64>) {
    let mut streams: HashMap<u64, Vec<Piece>> = HashMap::new();
    for piece in pieces {
        streams.entry(piece.request).or_default().push(piece);
    }
    let chunks = streams
        .values()
        .flat_map(|pieces| read(pieces, offset).1)
        .map(|(seen, stamp)| {
            let due = seconds(stamp.due_ns);
            (seconds(stamp.sent_ns) - due, seen - due)
        });
    chunks.unzip()
}

fn one(record: &Record, pieces: &[Piece], offset: f64, all: &mut Stamped) {
    let (received, tokens) = read(pieces, offset);
    assert_eq!(tokens.len(), record.chunks.len());
    let received = seconds(received.expect("the first chunk says when the request came"));
    let sent = record.sent.expect("it was sent") + offset;
    for ((seen, stamp), chunk) in tokens.iter().zip(&record.chunks) {
        assert!(
            (seen - offset - chunk).abs() < 1e-6,
            "the record has the tap's time"
        );
        all.engine_late
            .push(seconds(stamp.sent_ns) - seconds(stamp.due_ns));
        all.sent_to_seen.push(seen - seconds(stamp.sent_ns));
    }
    let (seen, first) = &tokens[0];
    let ttft = record.first_token.expect("a token") - record.due;
    all.first_to_seen.push(seen - seconds(first.sent_ns));
    all.ttft_error
        .push(ttft - (seconds(first.sent_ns) - received));
    all.ttft.push(ttft);
    all.itl
        .extend(record.chunks.windows(2).map(|pair| pair[1] - pair[0]));
    all.due_to_sent.push(sent - offset - record.due);
    all.sent_to_received.push(received - sent);
}

/// A run's clock, and what to add to it to get seconds of `CLOCK_MONOTONIC`: the two are read
/// together, and of some tries the tightest is taken.
pub fn clock() -> (Clock, f64) {
    let clock = Clock::start();
    let monotonic =
        || Duration::from(clock_gettime(ClockId::CLOCK_MONOTONIC).expect("a clock")).as_secs_f64();
    let tries = (0..100).map(|_| {
        let (before, ours, after) = (monotonic(), clock.now(), monotonic());
        (after - before, f64::midpoint(before, after) - ours)
    });
    let (_, offset) = tries.min_by(|a, b| a.0.total_cmp(&b.0)).expect("some");
    (clock, offset)
}

/// The built-in engine's chat, as it serves a model.
pub fn target(url: &str, model: &str) -> Target {
    Target {
        base_url: url.into(),
        model: model.into(),
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
        headers: Vec::new(),
        ca_file: None,
        body: serde_json::Map::new(),
    }
}

/// Exact to a microsecond or better for a machine that has been up less than a century.
fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}
