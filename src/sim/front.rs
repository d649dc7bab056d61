//! The front end: takes requests in, and gives tokens out in chunks. It does one thing at a time,
//! in the order in which things are ready, so that many streams at once wait for each other, and
//! their tokens travel together. A request is read in one turn and handed over in another: of many
//! that come together, the first is handed over when the last has been read.

use super::setup::FrontEnd;
use super::{Request, Time, nanoseconds};
use std::collections::VecDeque;

/// An answer under way.
#[derive(Debug, Clone, Copy, Default)]
struct Stream {
    id: u64,
    /// Tokens that wait to be sent.
    ready: u32,
    begun: bool,
    /// The engine gives no more.
    complete: bool,
    /// Nobody wants it any more.
    gone: bool,
    queued: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Front {
    delay: Time,
    request: f64,
    token: f64,
    submit: Time,
    chunk: Time,
    /// Requests that come in, and from when on.
    inbound: VecDeque<(Time, Request)>,
    /// Those that have been read.
    read: VecDeque<(Time, Request)>,
    /// Streams with something to send, and from when on.
    outbound: VecDeque<(Time, u32)>,
    /// When it is free again.
    free: Time,
    streams: Vec<Stream>,
    vacant: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Read,
    Submit,
    Send,
}

/// A chunk that has gone out.
pub(super) struct Sent {
    pub id: u64,
    pub tokens: u32,
    pub first: bool,
    pub last: bool,
}

/// Why the front end stopped.
pub(super) enum Turned {
    /// Nothing more is to be done until then.
    Done,
    /// A request can go to the engine.
    Taken(Time, Request),
    /// A chunk has gone out that was not simply taken.
    Stopped(Time, Sent),
}

impl Front {
    pub fn new(front: &FrontEnd) -> Self {
        Self {
            delay: nanoseconds(front.delay),
            request: front.request,
            token: front.token,
            submit: nanoseconds(front.submit),
            chunk: nanoseconds(front.chunk),
            inbound: VecDeque::new(),
            read: VecDeque::new(),
            outbound: VecDeque::new(),
            free: 0,
            streams: Vec::new(),
            vacant: Vec::new(),
        }
    }

    pub fn arrive(&mut self, request: Request, now: Time) {
        self.inbound.push_back((now + self.delay, request));
    }

    /// Forgets a request that has not reached the engine; whether there was one.
    pub fn forget(&mut self, id: u64) -> bool {
        let before = self.inbound.len() + self.read.len();
        self.inbound.retain(|(_, request)| request.id != id);
        self.read.retain(|(_, request)| request.id != id);
        self.inbound.len() + self.read.len() < before
    }

    /// Requests that have not reached the engine.
    pub fn all_inbound(&self) -> impl Iterator<Item = u64> {
        let all = self.inbound.iter().chain(&self.read);
        all.map(|(_, request)| request.id)
    }

    pub fn open(&mut self, id: u64) -> u32 {
        let stream = Stream {
            id,
            ..Stream::default()
        };
        match self.vacant.pop() {
            Some(at) => {
                self.streams[at as usize] = stream;
                at
            }
            None => {
                self.streams.push(stream);
                self.streams.len() as u32 - 1
            }
        }
    }

    /// Nobody wants the rest of an answer.
    pub fn close(&mut self, stream: u32) {
        let one = &mut self.streams[stream as usize];
        one.gone = true;
        if !one.queued {
            self.vacant.push(stream);
        }
    }

    /// The engine gives a token.
    pub fn give(&mut self, stream: u32, last: bool, now: Time) {
        let one = &mut self.streams[stream as usize];
        one.ready += 1;
        one.complete |= last;
        if !one.queued {
            one.queued = true;
            self.outbound.push_back((now, stream));
        }
    }

    /// What is done next: what was ready first.
    fn turn(&self) -> Option<(Time, Turn)> {
        let out = self.outbound.front().map(|(ready, _)| (*ready, Turn::Send));
        let read = self.read.front().map(|(ready, _)| (*ready, Turn::Submit));
        let inbound = self.inbound.front().map(|(ready, _)| (*ready, Turn::Read));
        let turns = [out, read, inbound].into_iter().flatten();
        turns.min_by_key(|(ready, _)| *ready)
    }

    /// When the next thing is finished.
    pub fn next(&self) -> Option<Time> {
        let (ready, turn) = self.turn()?;
        let work = match (turn, self.inbound.front()) {
            (Turn::Read, Some((_, request))) => {
                nanoseconds(self.request + self.token * f64::from(request.prompt))
            }
            (Turn::Submit, _) => self.submit,
            _ => self.chunk,
        };
        Some(self.free.max(ready) + work)
    }

    /// Does what it finishes until `until`, and tells of every chunk that goes out; ends early with
    /// a request that can go to the engine, or a chunk that `sent` does not take.
    pub fn advance(&mut self, until: Time, mut sent: impl FnMut(Time, &Sent) -> bool) -> Turned {
        loop {
            if let Some((now, chunk)) = self.send_all(until, &mut sent) {
                return Turned::Stopped(now, chunk);
            }
            let turn = self.next().filter(|at| *at <= until).zip(self.turn());
            let Some((now, (_, turn))) = turn else {
                return Turned::Done;
            };
            self.free = now;
            match turn {
                Turn::Read => {
                    let read = self.inbound.pop_front();
                    self.read.extend(read.map(|(_, request)| (now, request)));
                }
                Turn::Submit => {
                    if let Some((_, request)) = self.read.pop_front() {
                        return Turned::Taken(now, request);
                    }
                }
                Turn::Send => {}
            }
        }
    }

    /// Sends what is first in turn, and goes out until `until`: nearly all that it ever does. Ends
    /// early with a chunk that `sent` does not take.
    fn send_all(
        &mut self,
        until: Time,
        sent: &mut impl FnMut(Time, &Sent) -> bool,
    ) -> Option<(Time, Sent)> {
        let others = [self.read.front(), self.inbound.front()];
        let other = others.into_iter().flatten().map(|(ready, _)| *ready).min();
        let other = other.unwrap_or(Time::MAX);
        while let Some(&(ready, at)) = self.outbound.front() {
            let now = self.free.max(ready) + self.chunk;
            if ready > other || now > until {
                return None;
            }
            self.free = now;
            self.outbound.pop_front();
            if let Some(chunk) = self.send(at)
                && !sent(now, &chunk)
            {
                return Some((now, chunk));
            }
        }
        None
    }

    /// What a stream sends; nothing where nobody wants it.
    fn send(&mut self, at: u32) -> Option<Sent> {
        let stream = &mut self.streams[at as usize];
        stream.queued = false;
        if stream.gone {
            self.vacant.push(at);
            return None;
        }
        let chunk = Sent {
            id: stream.id,
            tokens: stream.ready,
            first: !stream.begun,
            last: stream.complete,
        };
        stream.ready = 0;
        stream.begun = true;
        if stream.complete {
            self.vacant.push(at);
        }
        Some(chunk)
    }
}
