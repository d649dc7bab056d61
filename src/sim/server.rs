//! The server as its clients and a driver see it.

use super::faulty::Troubles;
use super::front::{Front, Turned};
use super::replica::Replica;
use super::route::{self, Router};
use super::sequence::Sequence;
use super::{Balance, Event, Request, Resource, Setup, Step, Time, What};
use std::collections::HashMap;

/// The status of requests that come while no worker is there.
const NO_WORKER: u16 = 503;

/// A simulated server. What it keeps grows with the requests under way, not with those that ended.
#[derive(Debug, Clone)]
pub struct Server {
    pub(super) front: Front,
    pub(super) replicas: Vec<Replica>,
    router: Router,
    /// Whether the router asks what each rank holds of a prompt.
    looks: bool,
    /// The ranks as the router sees them, of the last request: its room is used again.
    seen: Vec<route::Replica>,
    context: u32,
    /// Where requests are that an engine has.
    pub(super) places: HashMap<u64, Place>,
    preempted: Vec<u64>,
    pub(super) troubles: Troubles,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub replica: usize,
    pub rank: usize,
    pub place: u32,
    pub stream: u32,
}

/// What one replica, or one rank with sequences of its own, had of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub requests: u64,
    /// How long the GPUs of each of its pipeline stages worked.
    pub busy: Vec<Time>,
}

impl Server {
    pub fn new(setup: &Setup) -> Self {
        let count = setup.replicas.max(1) as usize;
        let replicas: Vec<Replica> = match setup.lockstep {
            true => vec![Replica::new(setup, 0, count)],
            false => (0..count)
                .map(|index| Replica::new(setup, index, 1))
                .collect(),
        };
        Self {
            front: Front::new(&setup.front),
            troubles: Troubles::new(setup, &replicas),
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
        if self.places.contains_key(&id) {
            self.troubles.counts.aborts += 1;
            self.troubles.forget(id);
            self.drop_request(id, now);
        }
    }

    /// Nobody wants what comes of a request any more.
    pub(super) fn drop_request(&mut self, id: u64, now: Time) {
        let Some(at) = self.places.remove(&id) else {
            return;
        };
        self.front.close(at.stream);
        let replica = &mut self.replicas[at.replica];
        let scheduler = &mut replica.schedulers[at.rank];
        // the engine may be done with it, and have another in its place
        if scheduler.has(at.place, id) {
            scheduler.abort(at.place);
        }
        if replica.is_idle() {
            replica.start(now, &mut self.preempted);
        }
    }

    /// Forgets the prefixes that nobody uses.
    pub fn forget_prefixes(&mut self) {
        let ranks = self.replicas.iter_mut().flat_map(|one| &mut one.schedulers);
        ranks.for_each(|one| one.pool.forget());
    }

    /// When something happens next; none where nothing does until a request arrives.
    pub fn next(&self) -> Option<Time> {
        if self.ended().is_some() {
            return None;
        }
        let steps = self.replicas.iter().filter_map(Replica::next);
        steps.chain(self.front.next()).min()
    }

    /// Lets everything happen that does until `now`, in order; what happened is added to `events`.
    pub fn advance(&mut self, now: Time, events: &mut Vec<Event>) {
        if self.ended().is_some() {
            return;
        }
        loop {
            let step = self.replicas.iter().filter_map(Replica::next).min();
            // of what ends at one time the front end's is first
            let until = step.map_or(now, |step| step.min(now));
            let (places, troubles) = (&mut self.places, &mut self.troubles);
            let turned = self.front.advance(until, |at, sent| {
                if troubles.minds(sent) {
                    return false;
                }
                let id = sent.id;
                let what = match sent.first {
                    true => What::First(sent.tokens),
                    false => What::Tokens(sent.tokens),
                };
                troubles.counts.tokens += u64::from(sent.tokens);
                events.push(Event { at, id, what });
                if sent.last {
                    troubles.answered += 1;
                    places.remove(&id);
                    let what = What::Finished;
                    events.push(Event { at, id, what });
                }
                true
            });
            match turned {
                // which may start a step
                Turned::Taken(at, request) => {
                    self.take(request, at, events);
                    continue;
                }
                Turned::Stopped(at, sent) => {
                    self.give(sent, at, events);
                    if self.ended().is_some() {
                        return;
                    }
                    continue;
                }
                Turned::Done => {}
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
        if let Some(status) = self.troubles.refuses(id, request.output.max(1)) {
            let what = What::Refused(status);
            events.push(Event { at, id, what });
            return;
        }
        let Some((replica, rank)) = self.route(&request, at) else {
            self.troubles.forget(id);
            let what = What::Refused(NO_WORKER);
            events.push(Event { at, id, what });
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
            self.troubles.forget(id);
            let what = What::Rejected(resource);
            events.push(Event { at, id, what });
            return;
        }
        chosen.taken[rank] += 1;
        self.troubles.counts.requests += 1;
        self.troubles.counts.images += u64::from(request.images);
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
    fn route(&mut self, request: &Request, at: Time) -> Option<(usize, usize)> {
        let looks = self.looks;
        let (troubles, all) = (&self.troubles, self.replicas.iter().enumerate());
        let up = |(replica, _): &(usize, &Replica)| troubles.is_up(*replica, at);
        let ranks = all.clone().filter(up).flat_map(|(_, one)| &one.schedulers);
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
        for (replica, of) in all.filter(up) {
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

    /// What each replica, or each rank that has sequences of its own, had of the work so far.
    pub fn shares(&self) -> impl Iterator<Item = Share> {
        self.replicas.iter().flat_map(|one| {
            let share = |(rank, requests): (usize, &u64)| Share {
                requests: *requests,
                busy: one.busy[rank].clone(),
            };
            one.taken.iter().enumerate().map(share)
        })
    }

    /// What keeps the first request that waits from being worked on; none where none waits.
    pub fn waits_for(&self) -> Option<Resource> {
        let mut ranks = self.replicas.iter().flat_map(|one| &one.schedulers);
        ranks.find_map(|one| one.waits_for())
    }
}
