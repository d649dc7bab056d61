//! The loads of one round in virtual time: who sends when, when a load ends, and what becomes of
//! what is in flight. The rules are those of [`drive`](crate::load::drive), which carries loads
//! out over sockets.

use super::flights::Flights;
use super::samples::Samples;
use crate::load::arrival::Arrivals;
use crate::load::drive::RequestSource;
use crate::load::random::{What, rng};
use crate::load::record::{FailureClass, Record};
use crate::load::spec::{Load, Pace};
use crate::sim::{Server, Time, nanoseconds};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A load, and where it goes.
pub struct Source<'a> {
    /// With the seeds of its round.
    pub load: &'a Load,
    pub requests: &'a dyn RequestSource,
    /// The index of its server.
    pub server: usize,
}

/// Something that is to happen; of what happens at one moment the first that was said is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Due {
    at: Time,
    order: u64,
    what: Happening,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Happening {
    /// A load's next request is due.
    Send(usize),
    /// A request has taken as long as it may.
    Timeout(u64),
    /// A load's duration is over.
    Deadline(usize),
    /// So is its drain.
    Drained(usize),
}

/// Where a load is.
struct State {
    next: u64,
    arrivals: Option<Arrivals>,
    deadline: Option<Time>,
    /// Since when nothing new is sent.
    over: Option<Time>,
}

/// Carries loads out from `begin` on, on servers that may have had others before; hands out each
/// request's record, with its load's index, as it ends. `on_steps` is given the servers whenever they
/// may have begun steps, and says whether it goes on. Returns when all is over.
pub fn carry_out(
    servers: &mut [Server],
    sources: &[Source<'_>],
    (flights, samples): (&mut Flights, &mut Samples),
    begin: Time,
    on_steps: &mut dyn FnMut(Time, &mut [Server]) -> bool,
    on_record: &mut dyn FnMut(usize, Record),
) -> Time {
    let mut round = Round {
        sources,
        states: sources
            .iter()
            .map(|source| State::new(source, begin))
            .collect(),
        due: BinaryHeap::new(),
        order: 0,
        begin,
        end: begin,
    };
    round.start();
    let mut events = Vec::new();
    while !(flights.none() && round.all_over()) {
        let due = round.due.peek().map(|Reverse(due)| due.at);
        let steps = servers.iter().filter_map(Server::next).min();
        let Some(now) = due.into_iter().chain(steps).min() else {
            break;
        };
        samples.until(now, servers);
        for server in servers.iter_mut() {
            server.advance(now, &mut events);
        }
        let goes_on = on_steps(now, servers);
        for event in events.drain(..) {
            if let Some((load, record)) = flights.event(event) {
                round.ended(load, record.index, event.at);
                on_record(load, record);
            }
        }
        let died = servers.iter().any(|server| server.ended().is_some());
        if died || !goes_on {
            let why = match died {
                true => "cancelled because a server ended",
                false => "cancelled because the case was stopped",
            };
            for id in flights.all() {
                let failed = flights.fail(id, FailureClass::Cancelled, why.to_owned(), now);
                if let Some((load, record)) = failed {
                    on_record(load, record);
                }
            }
            return now;
        }
        while let Some(Reverse(due)) = round.due.peek().copied().filter(|due| due.0.at <= now) {
            round.due.pop();
            round.happens(due.what, now, servers, flights, on_record);
        }
    }
    round.end
}

impl State {
    fn new(source: &Source<'_>, begin: Time) -> Self {
        let load = source.load;
        let arrivals = match &load.pace {
            Pace::Open {
                rate_per_s,
                arrival,
                ramp,
            } => Some(match (ramp, load.duration) {
                (Some(ramp), Some(over)) => Arrivals::ramped(*arrival, *ramp, over, load.seed),
                _ => Arrivals::new(*arrival, *rate_per_s, load.seed),
            }),
            Pace::Closed { .. } | Pace::Batch => None,
        };
        Self {
            next: 0,
            arrivals,
            deadline: load.duration.map(|d| begin + nanoseconds(d.as_secs_f64())),
            over: None,
        }
    }
}

struct Round<'a, 's> {
    sources: &'a [Source<'s>],
    states: Vec<State>,
    due: BinaryHeap<Reverse<Due>>,
    order: u64,
    begin: Time,
    /// When the last thing happened that the round waits for.
    end: Time,
}

impl Round<'_, '_> {
    fn start(&mut self) {
        for (load, source) in self.sources.iter().enumerate() {
            if let Some(deadline) = self.states[load].deadline {
                self.say(deadline, Happening::Deadline(load));
            }
            let most = source.load.requests.unwrap_or(u64::MAX);
            let first = match &source.load.pace {
                // a client beyond the requests would find none
                Pace::Closed { concurrency, .. } => (*concurrency).min(most),
                Pace::Batch => source.load.requests.unwrap_or(0),
                Pace::Open { .. } => {
                    self.arrive(load);
                    continue;
                }
            };
            for _ in 0..first {
                self.say(self.begin, Happening::Send(load));
            }
            if first == 0 {
                self.states[load].over = Some(self.begin);
            }
        }
    }

    fn say(&mut self, at: Time, what: Happening) {
        self.order += 1;
        let order = self.order;
        self.due.push(Reverse(Due { at, order, what }));
    }

    /// The next request of an open loop, if there is one.
    fn arrive(&mut self, load: usize) {
        let begin = self.begin;
        let state = &mut self.states[load];
        let due = state.arrivals.as_mut().map(Arrivals::next_due);
        match due.filter(|due| due.is_finite()) {
            Some(due) => self.say(begin + nanoseconds(due), Happening::Send(load)),
            None if state.deadline.is_none() => state.over = Some(begin),
            // it lasts its whole duration
            None => {}
        }
    }

    fn all_over(&self) -> bool {
        self.states.iter().all(|state| state.over.is_some())
    }

    fn happens(
        &mut self,
        what: Happening,
        now: Time,
        servers: &mut [Server],
        flights: &mut Flights,
        on_record: &mut dyn FnMut(usize, Record),
    ) {
        match what {
            Happening::Send(load) => self.send(load, now, servers, flights),
            Happening::Deadline(load) => self.over(load, now),
            Happening::Timeout(id) => {
                if let Some(server) = flights.server(id) {
                    let seconds = flights.load(id).map(|load| self.sources[load].load.timeout);
                    let seconds = seconds.unwrap_or_default().as_secs_f64();
                    let waits = servers[server].waits_for();
                    servers[server].abort(id, now);
                    let mut why = format!("no whole answer within {seconds} s");
                    if let Some(resource) = waits.filter(|_| !flights.begun(id)) {
                        why += &format!("; the server's first in the queue waits for {resource}");
                    }
                    if let Some((load, record)) = flights.fail(id, FailureClass::Timeout, why, now)
                    {
                        self.ended(load, record.index, now);
                        on_record(load, record);
                    }
                }
            }
            Happening::Drained(load) => {
                for id in flights.of(load) {
                    let server = self.sources[load].server;
                    servers[server].abort(id, now);
                    let why = "cancelled when the drain was over".to_owned();
                    if let Some((load, record)) =
                        flights.fail(id, FailureClass::Cancelled, why, now)
                    {
                        self.ended(load, record.index, now);
                        on_record(load, record);
                    }
                }
            }
        }
    }

    fn over(&mut self, load: usize, now: Time) {
        if self.states[load].over.is_some() {
            return;
        }
        self.states[load].over = Some(now);
        self.end = self.end.max(now);
        if let Some(drain) = self.sources[load].load.drain {
            let drained = now + nanoseconds(drain.as_secs_f64());
            self.say(drained, Happening::Drained(load));
        }
    }

    fn send(&mut self, load: usize, now: Time, servers: &mut [Server], flights: &mut Flights) {
        let source = &self.sources[load];
        let state = &mut self.states[load];
        let index = state.next;
        let enough = source.load.requests.is_some_and(|most| index >= most);
        let late = state.deadline.is_some_and(|deadline| now >= deadline);
        if state.over.is_some() || late || enough {
            return;
        }
        state.next += 1;
        let asked = source.requests.request(index);
        let (id, request) = flights.begin(load, source, index, &asked, now);
        servers[source.server].arrive(request, now);
        let timeout = now + nanoseconds(source.load.timeout.as_secs_f64());
        self.say(timeout, Happening::Timeout(id));
        if source.load.requests == Some(index + 1) {
            self.over(load, now);
        } else if self.states[load].arrivals.is_some() {
            self.arrive(load);
        }
    }

    /// A request has ended; its client thinks, and sends its next.
    fn ended(&mut self, load: usize, index: u64, now: Time) {
        self.end = self.end.max(now);
        let load_of = self.sources[load].load;
        if let Pace::Closed { think, .. } = &load_of.pace
            && self.states[load].over.is_none()
        {
            let pause = think.draw_time(&mut rng(load_of.lengths_seed, index, What::Think));
            self.say(
                now + nanoseconds(pause.as_secs_f64()),
                Happening::Send(load),
            );
        }
    }
}
