//! The server as its clients and a driver see it.

use super::front::Front;
use super::replica::Replica;
use super::route::{self, Router};
use super::sequence::Sequence;
use super::{Balance, Event, Request, Resource, Setup, Step, Time, What};
use std::collections::HashMap;

/// A simulated server. What it keeps grows with the requests under way, not with those that ended.
#[derive(Debug, Clone)]
pub struct Server {
    front: Front,
    replicas: Vec<Replica>,
    router: Router,
    /// Whether the router asks what each rank holds of a prompt.
    looks: bool,
    /// The ranks as the router sees them, of the last request: its room is used again.
    seen: Vec<route::Replica>,
    context: u32,
    /// Where requests are that an engine has.
    places: HashMap<u64, Place>,
    preempted: Vec<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    replica: usize,
    rank: usize,
    place: u32,
    stream: u32,
}

impl Server {
    pub fn new(setup: &Setup) -> Self {
        let count = setup.replicas.max(1) as usize;
        let replicas = match setup.lockstep {
            true => vec![Replica::new(setup, 0, count)],
            false => (0..count)
                .map(|index| Replica::new(setup, index, 1))
                .collect(),
        };
        Self {
            front: Front::new(&setup.front),
            replicas,
            router: Router::new(setup.balance.clone()),
            looks: setup.balance == Balance::Prefix,
            seen: Vec::new(),
            context: setup.context,
            places: HashMap::new(),
            preempted: Vec::new(),
        }
    }

    /// A client sends a request.
    pub fn arrive(&mut self, request: Request, now: Time) {
        self.front.arrive(request, now);
    }

    /// A client goes away.
    pub fn abort(&mut self, id: u64, now: Time) {
        if self.front.forget(id) {
            return;
        }
        if let Some(at) = self.places.remove(&id) {
            self.front.close(at.stream);
            let replica = &mut self.replicas[at.replica];
            let scheduler = &mut replica.schedulers[at.rank];
            // the engine may be done with it, and have another in its place
            let there = scheduler.sequence(at.place);
            if there.id == id && !there.gone {
                scheduler.abort(at.place);
            }
            if replica.is_idle() {
                replica.start(now, &mut self.preempted);
            }
        }
    }

    /// When something happens next; none where nothing does until a request arrives.
    pub fn next(&self) -> Option<Time> {
        let steps = self.replicas.iter().filter_map(Replica::next);
        steps.chain(self.front.next()).min()
    }

    /// Lets everything happen that does until `now`, in order; what happened is added to `events`.
    pub fn advance(&mut self, now: Time, events: &mut Vec<Event>) {
        loop {
            let step = self.replicas.iter().filter_map(Replica::next).min();
            // of what ends at one time the front end's is first
            let until = step.map_or(now, |step| step.min(now));
            let places = &mut self.places;
            let taken = self.front.advance(until, |at, sent| {
                let id = sent.id;
                let what = match sent.first {
                    true => What::First(sent.tokens),
                    false => What::Tokens(sent.tokens),
                };
                events.push(Event { at, id, what });
                if sent.last {
                    places.remove(&id);
                    let what = What::Finished;
                    events.push(Event { at, id, what });
                }
            });
            if let Some((at, request)) = taken {
                // which may start a step
                self.take(request, at, events);
                continue;
            }
            let Some(at) = step.filter(|step| *step <= now) else {
                return;
            };
            for replica in &mut self.replicas {
                if replica.next() == Some(at) {
                    let front = &mut self.front;
                    replica.complete(|stream, last| front.give(stream, last, at));
                    replica.start(at, &mut self.preempted);
                }
            }
            self.tell_preempted(at, events);
        }
    }

    /// Hands a request to the rank that the router names.
    fn take(&mut self, request: Request, at: Time, events: &mut Vec<Event>) {
        let id = request.id;
        let Some((replica, rank)) = self.route(&request) else {
            return;
        };
        let chosen = &mut self.replicas[replica];
        let scheduler = &mut chosen.schedulers[rank];
        let long = u64::from(request.prompt) + u64::from(request.output);
        let refused = if long > u64::from(self.context) || request.prompt == 0 {
            Some(Resource::Context)
        } else {
            scheduler.refuses(request.prompt, request.output)
        };
        if let Some(resource) = refused {
            let what = What::Rejected(resource);
            events.push(Event { at, id, what });
            return;
        }
        let stream = self.front.open(id);
        let place = scheduler.enqueue(Sequence {
            id,
            stream,
            prompt: request.prompt,
            // an answer has at least one token
            output: request.output.max(1),
            prefix: request.prefix,
            ..Sequence::default()
        });
        let place = Place {
            replica,
            rank,
            place,
            stream,
        };
        self.places.insert(id, place);
        if chosen.is_idle() {
            chosen.start(at, &mut self.preempted);
        }
        self.tell_preempted(at, events);
    }

    /// The replica and the rank of it that take a request. Ranks with queues of their own are
    /// replicas to the router, also where they take their steps together.
    fn route(&mut self, request: &Request) -> Option<(usize, usize)> {
        let looks = self.looks;
        let ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        self.seen.clear();
        self.seen.extend(ranks.map(|one| route::Replica {
            waiting: one.waiting() as u64,
            running: one.running() as u64,
            cached: if looks {
                one.cached(&request.prefix)
            } else {
                0
            },
        }));
        // no request has a session
        let mut chosen = self.router.pick(None, &self.seen)?;
        for (replica, of) in self.replicas.iter().enumerate() {
            match chosen.checked_sub(of.schedulers.len()) {
                Some(after) => chosen = after,
                None => return Some((replica, chosen)),
            }
        }
        None
    }

    fn tell_preempted(&mut self, at: Time, events: &mut Vec<Event>) {
        events.extend(self.preempted.drain(..).map(|id| Event {
            at,
            id,
            what: What::Preempted,
        }));
    }

    /// Keeps the steps from now on, until they are taken.
    pub fn watch(&mut self) {
        self.replicas.iter_mut().for_each(Replica::watch);
    }

    /// Every stage of every replica, by their numbers.
    pub fn stages(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let replicas = self.replicas.iter().enumerate();
        replicas.flat_map(|(index, one)| (0..one.stages()).map(move |stage| (index, stage)))
    }

    /// The steps that began since the last call, with the replica that each is of; none where
    /// nobody [watches](Self::watch).
    pub fn take_steps(&mut self) -> impl Iterator<Item = (usize, Step)> + '_ {
        let replicas = self.replicas.iter_mut().enumerate();
        replicas.flat_map(|(index, one)| one.take_steps().map(move |step| (index, step)))
    }

    /// Requests that the engine works on, and that wait for it.
    pub fn running(&self) -> usize {
        let ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        ranks.map(|one| one.running()).sum()
    }

    pub fn waiting(&self) -> usize {
        let ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        ranks.map(|one| one.waiting()).sum()
    }

    /// Blocks of KV cache in use, and how many there are, over all replicas.
    pub fn blocks(&self) -> (u64, u64) {
        let ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        ranks.fold((0, 0), |(used, all), one| {
            (used + one.pool.in_use(), all + one.pool.capacity())
        })
    }

    /// What keeps the first request that waits from being worked on; none where none waits.
    pub fn waits_for(&self) -> Option<Resource> {
        let mut ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        ranks.find_map(|one| one.waits_for())
    }
}
