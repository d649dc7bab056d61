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

/// What the front end has finished.
pub(super) enum Done {
    /// A request can go to the engine.
    In(Request),
    /// A chunk has gone out.
    Out {
        id: u64,
        tokens: u32,
        first: bool,
        last: bool,
    },
    /// Nothing that others see.
    Nothing,
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

    /// Finishes the next thing, at the time that `next` said.
    pub fn finish(&mut self, now: Time) -> Done {
        let turn = self.turn();
        self.free = now;
        match turn {
            Some((_, Turn::Read)) => {
                let read = self.inbound.pop_front();
                self.read.extend(read.map(|(_, request)| (now, request)));
                Done::Nothing
            }
            Some((_, Turn::Submit)) => match self.read.pop_front() {
                Some((_, request)) => Done::In(request),
                None => Done::Nothing,
            },
            _ => self.send(),
        }
    }

    fn send(&mut self) -> Done {
        let Some((_, at)) = self.outbound.pop_front() else {
            return Done::Nothing;
        };
        let stream = &mut self.streams[at as usize];
        stream.queued = false;
        if stream.gone {
            self.vacant.push(at);
            return Done::Nothing;
        }
        let done = Done::Out {
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
        done
    }
}
