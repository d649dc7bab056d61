//! What goes wrong in a server: requests with a fate of their own, workers that crash, an end that
//! comes too soon; and what its process holds.

use super::front::Sent;
use super::replica::Replica;
use super::server::Server;
use super::{Counts, Event, Fate, Faults, Setup, Time, What};
use std::collections::HashMap;

/// The faults, and how far they have come.
#[derive(Debug, Clone)]
pub(super) struct Troubles {
    faults: Faults,
    pub counts: Counts,
    arrived: u64,
    pub answered: u64,
    /// Requests that are not simply answered, and how many of their tokens were given.
    fates: HashMap<u64, (Fate, u64)>,
    /// Replicas without a worker, and until when.
    down: Vec<(usize, Time)>,
    /// A replica as it starts, where one may crash.
    fresh: Option<Box<Replica>>,
    pub ended: Option<Time>,
}

impl Troubles {
    pub fn new(setup: &Setup, replicas: &[Replica]) -> Self {
        let crashes = setup.faults.crash_after.is_some();
        Self {
            faults: setup.faults.clone(),
            counts: Counts::default(),
            arrived: 0,
            answered: 0,
            fates: HashMap::new(),
            down: Vec::new(),
            fresh: replicas
                .first()
                .filter(|_| crashes)
                .map(|one| Box::new(one.clone())),
            ended: None,
        }
    }

    /// A request comes to the engine, with an answer of so many tokens; the status where it is refused.
    pub fn refuses(&mut self, id: u64, output: u32) -> Option<u16> {
        let index = self.arrived;
        self.arrived += 1;
        match self.faults.fate(index, self.answered, output.into()) {
            Fate::Answer => None,
            Fate::Refuse(status) => Some(status),
            fate => {
                self.fates.insert(id, (fate, 0));
                None
            }
        }
    }

    /// Whether a replica has a worker.
    pub fn is_up(&self, replica: usize, at: Time) -> bool {
        let down = |(one, until): &(usize, Time)| *one == replica && *until > at;
        !self.down.iter().any(down)
    }

    /// What is held, where that is said.
    pub fn memory(&self) -> Option<u64> {
        let memory = self.faults.memory.as_ref()?;
        Some(memory.bytes(&self.counts))
    }

    pub fn forget(&mut self, id: u64) {
        if !self.fates.is_empty() {
            self.fates.remove(&id);
        }
    }

    /// Whether something may become of a chunk: its request has a fate, or it is an answer too many.
    pub fn minds(&self, sent: &Sent) -> bool {
        let counts = self.faults.die_after.is_some() || self.faults.crash_after.is_some();
        !self.fates.is_empty() || (sent.last && counts)
    }

    /// Whether so many more tokens of a request are given; and whether it is cut off here.
    fn gives(&mut self, id: u64, tokens: u32) -> (bool, bool) {
        if self.fates.is_empty() {
            return (true, false);
        }
        match self.fates.get_mut(&id) {
            Some((Fate::Stall, _)) => (false, false),
            Some((Fate::Cut { after }, given)) => {
                *given += u64::from(tokens);
                let cut = *given > *after;
                (!cut, cut)
            }
            _ => (true, false),
        }
    }
}

impl Server {
    /// A chunk of an answer goes out of which more may come than its client sees.
    pub(super) fn give(&mut self, sent: Sent, at: Time, events: &mut Vec<Event>) {
        let Sent {
            id,
            tokens,
            first,
            last,
        } = sent;
        let (given, cut) = self.troubles.gives(id, tokens);
        if cut {
            self.troubles.forget(id);
            if !last {
                self.drop_request(id, at);
            }
            self.places.remove(&id);
            let what = What::Cut;
            events.push(Event { at, id, what });
            return;
        }
        if given {
            self.troubles.counts.tokens += u64::from(tokens);
            let what = match first {
                true => What::First(tokens),
                false => What::Tokens(tokens),
            };
            events.push(Event { at, id, what });
        }
        if last {
            self.places.remove(&id);
            self.troubles.forget(id);
            if given {
                let what = What::Finished;
                events.push(Event { at, id, what });
                self.answered(at, events);
            }
        }
    }

    /// A request was answered whole, which may have been one too many.
    fn answered(&mut self, at: Time, events: &mut Vec<Event>) {
        self.troubles.answered += 1;
        let answered = self.troubles.answered;
        if self.troubles.faults.dies(answered) {
            self.end(at, events);
        } else if let Some(replica) = self.troubles.faults.crashes(answered, self.replicas.len()) {
            match self.troubles.faults.crash_restart {
                // with its only worker the server ends
                None if self.replicas.len() == 1 => self.end(at, events),
                restart => self.crash(replica, restart, at, events),
            }
        }
    }

    fn end(&mut self, at: Time, events: &mut Vec<Event>) {
        self.troubles.ended = Some(at);
        let mut lost: Vec<u64> = self.places.drain().map(|(id, _)| id).collect();
        lost.extend(self.front.all_inbound());
        self.lose(lost, at, events);
    }

    fn crash(&mut self, replica: usize, restart: Option<f64>, at: Time, events: &mut Vec<Event>) {
        let schedulers = &self.replicas[replica].schedulers;
        let its = self.places.iter().filter(|(id, one)| {
            one.replica == replica && schedulers[one.rank].has(one.place, **id)
        });
        let lost: Vec<u64> = its.map(|(id, _)| *id).collect();
        for id in &lost {
            if let Some(one) = self.places.remove(id) {
                self.front.close(one.stream);
            }
        }
        if let Some(fresh) = &self.troubles.fresh {
            self.replicas[replica].restart(fresh);
        }
        let until = restart.map_or(Time::MAX, |seconds| {
            at.saturating_add(super::nanoseconds(seconds))
        });
        self.troubles.down.push((replica, until));
        self.lose(lost, at, events);
    }

    fn lose(&mut self, mut lost: Vec<u64>, at: Time, events: &mut Vec<Event>) {
        lost.sort_unstable();
        for id in lost {
            self.troubles.forget(id);
            let what = What::Lost;
            events.push(Event { at, id, what });
        }
    }

    /// What its process holds, in bytes, where its faults say that.
    pub fn memory(&self) -> Option<u64> {
        self.troubles.memory()
    }

    /// When it ended by itself, where it did.
    pub fn ended(&self) -> Option<Time> {
        self.troubles.ended
    }
}
