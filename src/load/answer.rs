//! Reading an API's answer: the events of a stream, or one plain body, into a [`Record`].
//!
//! No sockets here: bytes and the time they arrived come in, tokens and failures come out.

use crate::load::detail::{START, start_of};
use crate::load::quick::only_text;
use crate::load::record::{Failure, FailureClass, Outcome, Record, TokenSource};
use crate::load::sse::{Event, SseParser};
use crate::load::wire::{Chunk, Message, describe_error};

/// How much of an answer is taken, in bytes; more is a bad answer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One line or event of a stream.
    pub event: usize,
    /// The whole body.
    pub body: usize,
    /// The text kept of it, content and reasoning together.
    pub text: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            event: 16 << 20,
            body: 256 << 20,
            text: 16 << 20,
        }
    }
}

/// How a body ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyEnd {
    /// As HTTP says it should.
    Whole,
    /// With its connection, and nothing said how long it is: it may be cut.
    Closed,
    /// The connection broke; why.
    Broken(String),
}

/// Reads a stream of events into a record.
#[derive(Debug)]
pub struct StreamReader {
    sse: Option<SseParser>,
    state: State,
    limits: Limits,
    /// The first bytes of the body, as evidence where it is no stream of events.
    start: Vec<u8>,
    size: usize,
}

#[derive(Debug)]
struct State {
    done_marker: bool,
    done: bool,
    events: u64,
    failure: Option<Failure>,
    text_limit: usize,
}

impl StreamReader {
    /// A reader; `done_marker`: the API ends its streams with `data: [DONE]`.
    pub fn new(done_marker: bool, limits: Limits) -> Self {
        Self {
            sse: Some(SseParser::new(limits.event)),
            state: State {
                done_marker,
                done: false,
                events: 0,
                failure: None,
                text_limit: limits.text,
            },
            limits,
            start: Vec::new(),
            size: 0,
        }
    }

    /// Takes bytes that arrived at `at` (seconds on the run's clock).
    pub fn bytes(&mut self, bytes: &[u8], at: f64, record: &mut Record) {
        self.size += bytes.len();
        // one byte more, which shows that there was more
        if self.start.len() <= START {
            let more = bytes.len().min(START + 1 - self.start.len());
            self.start.extend_from_slice(&bytes[..more]);
        }
        if self.size > self.limits.body {
            self.state.fail(format!(
                "the answer does not end: more than {} bytes",
                self.limits.body
            ));
        }
        let state = &mut self.state;
        if let Some(sse) = &mut self.sse
            && let Err(error) = sse.push(bytes, |event| state.event(event, at, record))
        {
            state.fail(error.to_string());
        }
    }

    /// Whether the answer is over, well or badly, so that nothing more need be read.
    pub fn is_over(&self) -> bool {
        self.state.done || self.state.failure.is_some()
    }

    /// The marker came: the answer is whole, whatever happens to the connection.
    pub fn is_done(&self) -> bool {
        self.state.done
    }

    /// The body is over, at `at`: what became of the request.
    pub fn finish(mut self, end: &BodyEnd, at: f64, record: &mut Record) -> Outcome {
        if !matches!(end, BodyEnd::Broken(_))
            && let Some(sse) = self.sse.take()
        {
            sse.finish(|event| self.state.event(event, at, record));
        }
        let state = self.state;
        if let Some(failure) = state.failure {
            return Outcome::Failed(failure);
        }
        if !state.done {
            let so_far = progress(record);
            if let BodyEnd::Broken(why) = end {
                return cut(format!(
                    "the connection broke in the stream, {so_far}: {why}"
                ));
            }
            if state.events == 0 {
                return bad(format!(
                    "the answer has no events; it starts with: {}",
                    start_of(&self.start)
                ));
            }
            if record.finish_reason.is_none() {
                let lacks = match state.done_marker {
                    true => "[DONE] or a finish_reason",
                    false => "a finish_reason",
                };
                return cut(format!("the stream ended without {lacks}, {so_far}"));
            }
            if state.done_marker && *end == BodyEnd::Closed {
                return cut(format!("the connection closed without [DONE], {so_far}"));
            }
            record.unmarked = state.done_marker;
        }
        judge(record, record.first_token.is_some())
    }
}

impl State {
    fn fail(&mut self, detail: String) {
        self.fail_as(FailureClass::BadAnswer, detail);
    }

    fn fail_as(&mut self, class: FailureClass, detail: String) {
        self.failure.get_or_insert(Failure { class, detail });
    }

    fn check_size(&mut self, record: &Record) {
        if record.answer.len() + record.reasoning.len() > self.text_limit {
            self.fail(format!(
                "the answer's text is over {} bytes",
                self.text_limit
            ));
        }
    }

    fn event(&mut self, event: Event<'_>, at: f64, record: &mut Record) {
        if self.done || self.failure.is_some() || event.data.is_empty() {
            return;
        }
        self.events += 1;
        if event.data.trim_ascii_end() == b"[DONE]" {
            self.done = true;
            return;
        }
        if event.name == b"error" {
            let text = describe_error(event.data).unwrap_or_else(|| start_of(event.data));
            return self.fail(format!("the server sent an error in the stream: {text}"));
        }
        if let Some(text) = only_text(event.data) {
            record.answer.push_str(text);
            stamp(false, !text.is_empty(), Some(at), record);
            return self.check_size(record);
        }
        let mut room = Vec::new();
        match Chunk::read_lenient(event.data, &mut room) {
            Ok(chunk) if chunk.is_error() => {
                let text = describe_error(event.data).unwrap_or_else(|| start_of(event.data));
                self.fail(format!("the server sent an error in the stream: {text}"));
            }
            Ok(chunk) if chunk.is_foreign() => self.fail(format!(
                "an event is neither a chunk of an answer nor its usage: {}",
                describe_error(event.data).unwrap_or_else(|| start_of(event.data))
            )),
            Ok(chunk) => {
                take(&chunk, Some(at), record);
                self.check_size(record);
            }
            // The body ended in the middle of it.
            Err(error) if !event.closed && error.is_eof() => self.fail_as(
                FailureClass::CutStream,
                format!(
                    "the stream ended in the middle of an event, {}",
                    progress(record)
                ),
            ),
            Err(error) => self.fail(format!(
                "an event is not what the API says: {error}; it starts with: {}",
                start_of(event.data)
            )),
        }
    }
}

/// Reads a plain answer, the whole body of a request that asked for no stream.
pub fn read_plain(body: &[u8], record: &mut Record) -> Outcome {
    let mut room = Vec::new();
    match Chunk::read_lenient(body, &mut room) {
        Ok(chunk) if chunk.is_error() => {
            let text = describe_error(body).unwrap_or_else(|| start_of(body));
            bad(format!("the server answered with an error: {text}"))
        }
        Ok(chunk) => {
            let any = take(&chunk, None, record);
            judge(record, any)
        }
        Err(error) => bad(format!(
            "the answer is not what the API says: {error}; it starts with: {}",
            start_of(body)
        )),
    }
}

/// Takes what a chunk or plain answer says; whether it had a token. `at` is set in a stream.
fn take(chunk: &Chunk<'_>, at: Option<f64>, record: &mut Record) -> bool {
    let mut thought = false;
    let mut answered = false;
    for choice in chunk.choices.iter().flatten() {
        // With several choices, tokens of each count, but one text is kept.
        let keep = choice.index.unwrap_or(0) == 0;
        if let Some(text) = &choice.text
            && !text.is_empty()
        {
            answered = true;
            if keep {
                record.answer.push_str(text);
            }
        }
        for message in choice.delta.iter().chain(&choice.message) {
            let (reasoning, content) = (message.reasoning(), message.content());
            thought |= !reasoning.is_empty();
            answered |= !content.is_empty() || has_call(message);
            if keep {
                record.reasoning.push_str(reasoning);
                record.answer.push_str(content);
            }
        }
        if let Some(reason) = &choice.finish_reason
            && keep
        {
            record.finish_reason = Some(reason.to_string());
        }
    }
    if let Some(usage) = &chunk.usage {
        record.prompt_tokens = usage.prompt_tokens.or(record.prompt_tokens);
        record.completion_tokens = usage.completion_tokens.or(record.completion_tokens);
        if usage.completion_tokens.is_some() || usage.prompt_tokens.is_some() {
            record.token_source = TokenSource::Usage;
        }
    }
    stamp(thought, answered, at, record)
}

/// Notes when a token of the reasoning or of the answer came, in a stream; whether one came.
fn stamp(thought: bool, answered: bool, at: Option<f64>, record: &mut Record) -> bool {
    let any = thought || answered;
    if any && let Some(at) = at {
        record.first_token.get_or_insert(at);
        record.last_token = Some(at);
        record.chunks.push(at);
        if answered {
            record.first_answer.get_or_insert(at);
        }
    }
    any
}

fn has_call(message: &Message<'_>) -> bool {
    message.function_call.is_some() || message.tool_calls.as_ref().is_some_and(|c| !c.is_empty())
}

/// A whole answer: was it one? Tokens that have no text (a special one, half a character) are
/// still an answer where the server's `usage` counts them.
fn judge(record: &Record, any_token: bool) -> Outcome {
    if let Some(reason) = &record.finish_reason
        && ["error", "abort"].contains(&reason.as_str())
    {
        return bad(format!(
            "the server gave the answer up with finish_reason {reason}, {}",
            progress(record)
        ));
    }
    if !any_token && record.completion_tokens.unwrap_or(0) == 0 {
        let reason = record.finish_reason.as_deref().unwrap_or("none");
        return bad(format!("no token came (finish_reason: {reason})"));
    }
    Outcome::Ok
}

/// How far an answer got, for details.
pub fn progress(record: &Record) -> String {
    match (record.headers, record.chunks.len()) {
        (None, _) => "before an answer began".to_owned(),
        (Some(_), 0) => "after the headers, before the first token".to_owned(),
        (Some(_), 1) => "after 1 chunk with tokens".to_owned(),
        (Some(_), n) => format!("after {n} chunks with tokens"),
    }
}

fn bad(detail: String) -> Outcome {
    let class = FailureClass::BadAnswer;
    Outcome::Failed(Failure { class, detail })
}

fn cut(detail: String) -> Outcome {
    let class = FailureClass::CutStream;
    Outcome::Failed(Failure { class, detail })
}

#[cfg(test)]
mod tests;
