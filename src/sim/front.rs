//! The front end: takes requests in, and gives tokens out in chunks. It does one thing at a time,
//! so that many streams at once wait for each other, and their tokens travel together.

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
    chunk: Time,
    /// Requests that come in, and from when on.
    inbound: VecDeque<(Time, Request)>,
    /// Streams with something to send, and from when on.
    outbound: VecDeque<(Time, u32)>,
    /// When it is free again.
    free: Time,
    streams: Vec<Stream>,
    vacant: Vec<u32>,
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
    /// What nobody wants any more.
    Nothing,
}

impl Front {
    pub fn new(front: &FrontEnd) -> Self {
        Self {
            delay: nanoseconds(front.delay),
            request: front.request,
            token: front.token,
            chunk: nanoseconds(front.chunk),
            inbound: VecDeque::new(),
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
        let before = self.inbound.len();
        self.inbound.retain(|(_, request)| request.id != id);
        self.inbound.len() < before
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

    /// When the next thing is finished.
    pub fn next(&self) -> Option<Time> {
        let inbound = self.inbound.front();
        let inbound = inbound.map(|(ready, request)| self.free.max(*ready) + self.work(request));
        let outbound = self.outbound.front();
        let outbound = outbound.map(|(ready, _)| self.free.max(*ready) + self.chunk);
        match (inbound, outbound) {
            (Some(_), Some(out)) if self.out_first() => Some(out),
            (Some(inbound), _) => Some(inbound),
            (None, outbound) => outbound,
        }
    }

    fn work(&self, request: &Request) -> Time {
        nanoseconds(self.request + self.token * f64::from(request.prompt))
    }

    /// Whether what goes out was there before what comes in.
    fn out_first(&self) -> bool {
        match (self.inbound.front(), self.outbound.front()) {
            (Some((inbound, _)), Some((outbound, _))) => outbound <= inbound,
            (inbound, _) => inbound.is_none(),
        }
    }

    /// Finishes the next thing, at the time that `next` said.
    pub fn finish(&mut self, now: Time) -> Done {
        self.free = now;
        if !self.out_first() {
            return match self.inbound.pop_front() {
                Some((_, request)) => Done::In(request),
                None => Done::Nothing,
            };
        }
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
