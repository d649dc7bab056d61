//! The built-in engine: an OpenAI-compatible server whose timing is declared, or that of a server
//! that [`sim`](crate::sim) plays in real time.
//!
//! It speaks real HTTP/1.1 in the words of vLLM, so that the rest of scn can be tried, and its
//! measurements compared with the truth, on a machine that has no engine. It invents nothing:
//! what it has no notion of (a tokenizer; with declared times a KV cache) it does not report.
//!
//! Rules of its world:
//! - One word is one token. A prompt's tokens are the words (runs without white space) of all its
//!   text, or the number of its token ids, plus `--image-tokens` for each image,
//!   `--audio-tokens` for each piece of sound and `--video-tokens` for each video. There is no chat
//!   template, and roles count nothing. Nothing is ever fetched; what comes as data must be base64.
//! - An answer has exactly `max_tokens` tokens where the request has a limit
//!   (`finish_reason: length`), fills the context where it has none but `ignore_eos`, and else has
//!   `--answer-tokens` tokens (`finish_reason: stop`). Its words are those of `--answer`, over and
//!   over, or neutral ones that depend on the seed and the prompt alone. Sampling parameters,
//!   `stop` and tools are accepted and change nothing.
//! - Token k of a request is due at start + ttft + k · itl, where start is the moment the
//!   request's head was read, or left the queue if it had to wait. Nothing is ever sent early, and
//!   lateness does not add up.
//! - Where a server is simulated, a request arrives when its head was read, chunks are due when the
//!   simulator's front end has sent them, with as many tokens as go along, and who goes away frees
//!   what he had. Headers are sent with the first chunk: until then the request may be refused, with
//!   status 400, because it needs more of something than there is.
//! - Every JSON it streams ends with `"scn":{"due_ns":…,"sent_ns":…}` (the first chunk has
//!   `received_ns` too), in nanoseconds of `CLOCK_MONOTONIC`, which all processes of a host share.
//!   `sent_ns` is read as the chunk is handed to the connection.
//!
//! `schedule`, `fault`, `answer` and `openai` are pure; only `pacer`, `gate`, `room`, `http`, `stream`
//! and `serve` know that time passes. `source` has the two ways to get tokens.

mod answer;
mod args;
mod chunk;
mod error;
mod fault;
mod gate;
mod http;
mod memory;
mod metrics;
mod openai;
mod pacer;
mod room;
mod schedule;
mod serve;
mod source;
mod stream;

pub use args::{ServeArgs, SimulationArgs};
pub use metrics::{MetricNames, SETUP_METRICS};
pub use serve::{ServeError, Simulated, serve};
