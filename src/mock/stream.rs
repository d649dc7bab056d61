//! One request being answered: its tokens at their times, as a stream of events or as a whole.

use super::chunk::{DONE, PING, Stamp, Writer};
use super::error::ApiError;
use super::fault::Fate;
use super::http::Engine;
use super::metrics::Finish;
use super::openai::{Endpoint, Job};
use super::pacer::now_ns;
use super::room::Chunk;
use super::source::Tokens;
use bytes::Bytes;
use futures_util::stream::{Stream, unfold};
use std::io;
use std::sync::Arc;

/// What a body's stream yields.
pub type Frame = Result<Bytes, io::Error>;

/// A request on its way through the engine; one that is dropped before its end was aborted.
pub struct Run {
    engine: Arc<Engine>,
    pub job: Job,
    pub received_ns: u64,
    tokens: Tokens,
    started: bool,
    fate: Fate,
    /// The next token.
    k: u64,
    /// When the last token was due, and when it was there.
    due_ns: u64,
    at_ns: u64,
    over: bool,
}

/// Tokens that are due now, most often one.
#[derive(Debug, Clone, Copy)]
struct Piece {
    /// The first of them.
    k: u64,
    tokens: u64,
    due_ns: u64,
}

impl Run {
    /// Takes a place in the queue.
    pub fn enter(
        engine: Arc<Engine>,
        mut job: Job,
        index: u64,
        received_ns: u64,
        fate: Fate,
    ) -> Self {
        let source = &engine.source;
        let tokens = source.enter(&mut job, index, received_ns, &engine.pacer);
        Self {
            engine,
            job,
            received_ns,
            tokens,
            started: false,
            fate,
            k: 0,
            due_ns: 0,
            at_ns: received_ns,
            over: false,
        }
    }

    /// Waits until it is known whether the request is taken. One that is not was never begun.
    pub async fn taken(&mut self) -> Result<(), ApiError> {
        let taken = self.tokens.taken().await;
        self.over |= taken.is_err();
        taken
    }

    /// Waits for the next tokens; none after the last. May be dropped while it waits.
    async fn piece(&mut self) -> Option<Piece> {
        if !self.started {
            self.start().await;
        }
        if self.k == self.job.tokens {
            return None;
        }
        match self.tokens.next(self.k).await {
            Some(chunk) => Some(self.happened(chunk)),
            None => Some(self.lost()),
        }
    }

    /// Nothing more comes: the connection is cut where the next token would be.
    fn lost(&mut self) -> Piece {
        let (k, due_ns) = (self.k, self.due_ns);
        self.fate = Fate::Cut { after: k };
        self.k = self.job.tokens;
        self.end(Finish::Abort);
        Piece {
            k,
            tokens: 1,
            due_ns,
        }
    }

    /// Waits in the queue.
    async fn start(&mut self) {
        let start_ns = self.tokens.started().await;
        let images = self.job.images;
        self.engine.held.count(|counts| {
            counts.requests += 1;
            counts.images += images;
        });
        if self.fate == Fate::Stall {
            return std::future::pending().await;
        }
        if let Some(start_ns) = start_ns {
            let waited = seconds(start_ns, self.received_ns);
            self.engine.metrics().queued(waited);
            self.at_ns = start_ns;
        }
        self.started = true;
    }

    /// Counts the tokens that were waited for.
    fn happened(&mut self, chunk: Chunk) -> Piece {
        let (k, now_ns) = (self.k, now_ns());
        let tokens = chunk.tokens.min(self.job.tokens - k);
        let mut metrics = self.engine.metrics();
        if k == 0 {
            let since_arrival = seconds(now_ns, self.received_ns);
            metrics.first_tokens(self.job.prompt_tokens, tokens, since_arrival);
        } else {
            metrics.next_tokens(tokens, seconds(now_ns, self.at_ns));
        }
        drop(metrics);
        self.engine.held.count(|counts| counts.tokens += tokens);
        self.k += tokens;
        self.due_ns = chunk.due_ns;
        self.at_ns = now_ns;
        if self.k == self.job.tokens && !matches!(self.fate, Fate::Cut { .. }) {
            self.end(match self.job.finish_reason {
                "stop" => Finish::Stop,
                _ => Finish::Length,
            });
        }
        Piece {
            k,
            tokens,
            due_ns: chunk.due_ns,
        }
    }

    /// Counts the request's end and makes room for the next; only the first call counts.
    fn end(&mut self, reason: Finish) {
        if std::mem::replace(&mut self.over, true) {
            return;
        }
        if reason == Finish::Abort && !matches!(self.fate, Fate::Cut { .. }) {
            self.engine.held.count(|counts| counts.aborts += 1);
        }
        self.engine
            .metrics()
            .finish(reason, seconds(now_ns(), self.received_ns));
        self.tokens.leave();
    }

    /// Whether the connection is cut before these tokens are all sent.
    fn cut_within(&self, piece: Piece) -> bool {
        matches!(self.fate, Fate::Cut { after } if after < piece.k + piece.tokens)
    }

    fn garbage(&self) -> bool {
        self.fate == Fate::Answer { garbage: true }
    }

    fn stamp(&self, due_ns: u64, first: bool) -> Stamp {
        Stamp {
            received_ns: first.then_some(self.received_ns),
            due_ns,
            sent_ns: now_ns(),
        }
    }

    /// Waits for the whole answer and gives its body; the second part is true where the
    /// connection is to be cut in the middle of it.
    pub async fn whole(mut self, writer: &Writer) -> (String, bool) {
        while self.piece().await.is_some() {}
        if self.garbage() {
            self.engine.answered();
            return (Writer::garbage(0), false);
        }
        let text = self.engine.wording.words(self.job.prompt);
        let text = text.text(0..self.job.tokens);
        let stamp = self.stamp(self.due_ns, true);
        let body = writer.whole(&text, !self.engine.omit_usage, stamp);
        let cut = matches!(self.fate, Fate::Cut { .. });
        if !cut {
            self.engine.answered();
        }
        (body, cut)
    }

    /// The answer as events.
    pub fn events(self, writer: Writer) -> impl Stream<Item = Frame> {
        let ping_ns = self.engine.ping_ns.map(|every| now_ns() + every);
        let events = Events {
            run: self,
            writer,
            held: None,
            next: Next::Tokens,
            events: 0,
            ping_ns,
        };
        unfold(events, |mut events| async move {
            let frame = events.frame().await?;
            Some((frame, events))
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.end(Finish::Abort);
    }
}

fn seconds(later_ns: u64, earlier_ns: u64) -> f64 {
    later_ns.saturating_sub(earlier_ns) as f64 / 1e9
}

enum Next {
    Tokens,
    Usage,
    Done,
    Over,
}

struct Events {
    run: Run,
    writer: Writer,
    /// The first tokens, while the role goes out before it.
    held: Option<Piece>,
    next: Next,
    events: u64,
    ping_ns: Option<u64>,
}

impl Events {
    async fn frame(&mut self) -> Option<Frame> {
        loop {
            match self.next {
                Next::Tokens => {
                    if let Some(frame) = self.token_frame().await {
                        return Some(frame);
                    }
                    self.next = Next::Usage;
                }
                Next::Usage => {
                    self.next = Next::Done;
                    if self.run.job.include_usage && !self.run.engine.omit_usage {
                        let stamp = self.run.stamp(self.run.due_ns, false);
                        let usage = self.writer.usage(stamp);
                        return Some(self.event(usage));
                    }
                }
                Next::Done => {
                    self.next = Next::Over;
                    if !self.run.engine.omit_done {
                        return Some(Ok(Bytes::from_static(DONE.as_bytes())));
                    }
                }
                Next::Over => {
                    self.run.engine.answered();
                    return None;
                }
            }
        }
    }

    /// The next event of the answer proper, or a ping before it; none after the last token.
    async fn token_frame(&mut self) -> Option<Frame> {
        if let Some(piece) = self.held.take() {
            return Some(self.token_event(piece));
        }
        let ping_ns = self.ping_ns.filter(|_| self.run.fate != Fate::Stall);
        let pacer = self.run.engine.pacer.clone();
        let piece = tokio::select! {
            biased;
            piece = self.run.piece() => piece?,
            () = pacer.sleep_until(ping_ns.unwrap_or(u64::MAX)), if ping_ns.is_some() => {
                let every = self.run.engine.ping_ns.unwrap_or(u64::MAX);
                self.ping_ns = ping_ns.map(|at| at.saturating_add(every).max(now_ns()));
                return Some(Ok(Bytes::from_static(PING.as_bytes())));
            }
        };
        if self.run.cut_within(piece) {
            return Some(cut().await);
        }
        if piece.k == 0 && self.run.job.endpoint == Endpoint::Chat {
            self.held = Some(piece);
            let stamp = self.run.stamp(piece.due_ns, true);
            let role = self.writer.role(stamp);
            return Some(self.event(role));
        }
        Some(self.token_event(piece))
    }

    fn token_event(&mut self, piece: Piece) -> Frame {
        let Piece { k, tokens, due_ns } = piece;
        let first = k == 0 && self.run.job.endpoint == Endpoint::Completions;
        let stamp = self.run.stamp(due_ns, first);
        let words = self.run.engine.wording.words(self.run.job.prompt);
        let text = words.text(k..k + tokens);
        let event = self.writer.tokens(k, tokens, &text, stamp);
        self.event(event)
    }

    fn event(&mut self, event: String) -> Frame {
        self.events += 1;
        Ok(Bytes::from(match self.run.garbage() {
            true => Writer::garbage(self.events),
            false => event,
        }))
    }
}

/// The error that makes the connection break off, once what came before it was sent.
async fn cut() -> Frame {
    // A pending body is what makes the connection flush.
    tokio::task::yield_now().await;
    Err(io::Error::other("cut on purpose (--cut-rate)"))
}

/// The first half of a body, and then the end of the connection.
pub fn half(body: String) -> impl Stream<Item = Frame> {
    let bytes = Bytes::from(body);
    let half = bytes.slice(..bytes.len() / 2);
    unfold(Some(half), |rest| async move {
        match rest {
            Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
            Some(_) => Some((cut().await, None)),
            None => None,
        }
    })
}

/// Headers, and nothing after them, for as long as the client stays.
pub fn silence(mut run: Run) -> impl Stream<Item = Frame> {
    futures_util::stream::once(async move {
        run.piece().await;
        Ok(Bytes::new())
    })
}
