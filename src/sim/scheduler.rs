//! What a step works on: continuous batching under a budget of tokens, in the ways of the profiles.

use super::pool::Pool;
use super::sequence::Sequence;
use super::{Passes, Profile, Resource};
use crate::cost::{Batch, KvBlocks};
use std::collections::VecDeque;

/// The sequences of one step, and what they come to.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub batch: Batch,
    pub parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    pub place: u32,
    /// Whether the step gives it a token.
    pub samples: bool,
}

/// The queue and the sequences of one replica.
#[derive(Debug, Clone)]
pub(super) struct Scheduler {
    profile: Profile,
    block: u32,
    /// Tokens that layers with a window see.
    window: f64,
    prefix_cache: bool,
    /// Whether a sequence may be in two steps that are under way: its next token is not known yet
    /// when the second is put together, but where it will stand is.
    ahead: bool,
    pub pool: Pool,
    places: Vec<Sequence>,
    vacant: Vec<u32>,
    /// In the order in which they were taken.
    running: Vec<u32>,
    waiting: VecDeque<u32>,
}

impl Scheduler {
    pub fn new(profile: Profile, blocks: KvBlocks, window: f64, cache: bool, ahead: bool) -> Self {
        Self {
            profile,
            block: blocks.tokens,
            window,
            prefix_cache: cache,
            ahead,
            pool: Pool::new(blocks.count),
            places: Vec::new(),
            vacant: Vec::new(),
            running: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    pub fn running(&self) -> usize {
        self.running.len()
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Tokens of a prompt's leading blocks that are here.
    pub fn cached(&self, prefix: &[u64]) -> u64 {
        let held = prefix.iter().take_while(|name| self.pool.has(**name));
        held.count() as u64 * u64::from(self.block)
    }

    /// What a sequence of its own would need more of than there is.
    pub fn refuses(&self, prompt: u32, output: u32) -> Option<Resource> {
        let blocks = u64::from((prompt + output).div_ceil(self.block));
        let longest = match self.profile.chunked {
            true => u32::MAX,
            false => self.profile.tokens,
        };
        if blocks > self.pool.capacity() {
            Some(Resource::Blocks)
        } else if prompt > longest || self.profile.tokens == 0 {
            Some(Resource::Tokens)
        } else if self.profile.sequences == 0 {
            Some(Resource::Sequences)
        } else {
            None
        }
    }

    /// Puts a sequence at the end of the queue; its place.
    pub fn enqueue(&mut self, mut sequence: Sequence) -> u32 {
        if !self.prefix_cache {
            sequence.prefix = Vec::new();
        }
        let place = match self.vacant.pop() {
            Some(place) => {
                self.places[place as usize] = sequence;
                place
            }
            None => {
                self.places.push(sequence);
                self.places.len() as u32 - 1
            }
        };
        self.waiting.push_back(place);
        place
    }

    /// Whether a place has this request, under way.
    pub fn has(&self, place: u32, id: u64) -> bool {
        let there = self.places.get(place as usize);
        there.is_some_and(|one| one.id == id && !one.gone)
    }

    /// Ends a sequence from outside.
    pub fn abort(&mut self, place: u32) {
        self.waiting.retain(|one| *one != place);
        self.running.retain(|one| *one != place);
        self.places[place as usize].release(&mut self.pool);
        self.places[place as usize].gone = true;
        self.vacate(place);
    }

    fn vacate(&mut self, place: u32) {
        let sequence = &mut self.places[place as usize];
        if sequence.gone && sequence.flights == 0 {
            sequence.prefix = Vec::new();
            self.vacant.push(place);
        }
    }

    /// Puts the next step together. Sequences that lost their blocks are told to `preempted`. A plan
    /// without parts: there is nothing to do now.
    pub fn plan(&mut self, plan: &mut Plan, preempted: &mut Vec<u64>) {
        plan.batch = Batch::default();
        plan.parts.clear();
        let mut budget = self.profile.tokens;
        match self.profile.passes {
            Passes::Mixed => {
                let lost = self.run(plan, &mut budget, |_| true, preempted);
                if !lost {
                    self.admit(plan, &mut budget);
                }
            }
            Passes::PromptsFirst => {
                let lost = self.run(plan, &mut budget, Sequence::reads, preempted);
                if !lost {
                    self.admit(plan, &mut budget);
                }
                if plan.parts.is_empty() {
                    let mut budget = u32::MAX;
                    self.run(plan, &mut budget, |one| !one.reads(), preempted);
                }
            }
        }
    }

    /// Goes through the sequences that run, in order. Where blocks are short, the last one that can
    /// be spared loses its own; whether one did.
    fn run(
        &mut self,
        plan: &mut Plan,
        budget: &mut u32,
        wanted: impl Fn(&Sequence) -> bool,
        preempted: &mut Vec<u64>,
    ) -> bool {
        let mut lost = false;
        let mut at = 0;
        while at < self.running.len() && *budget > 0 {
            let place = self.running[at];
            at += 1;
            let sequence = &mut self.places[place as usize];
            let there = match self.ahead {
                true => sequence.remaining(),
                false => sequence.there(),
            };
            if there == 0 || !wanted(sequence) {
                continue;
            }
            let count = there.min(*budget);
            if !sequence.grow(&mut self.pool, count, self.block) {
                match self.spare(at - 1) {
                    None => break,
                    Some(victim) => {
                        lost = true;
                        let place = self.running.remove(victim);
                        let sequence = &mut self.places[place as usize];
                        sequence.release(&mut self.pool);
                        preempted.push(sequence.id);
                        self.waiting.push_front(place);
                        // with its blocks the same one is tried again, unless it was that itself
                        at -= 1;
                        if victim == at {
                            break;
                        }
                        continue;
                    }
                }
            }
            *budget -= count;
            self.take(plan, place, count);
        }
        lost
    }

    /// The last of those that run, from `from` on, that a step under way does not have whole.
    fn spare(&self, from: usize) -> Option<usize> {
        let spared = |place: u32| {
            let one = &self.places[place as usize];
            one.issued < one.output && (self.ahead || one.flights == 0)
        };
        (from..self.running.len())
            .rev()
            .find(|at| spared(self.running[*at]))
    }

    /// Takes sequences from the queue while there is room.
    fn admit(&mut self, plan: &mut Plan, budget: &mut u32) {
        let mut promised = self.promised();
        while *budget > 0 && self.running.len() < self.profile.sequences as usize {
            let Some(&place) = self.waiting.front() else {
                break;
            };
            let Some(count) = self.room(place, *budget, promised) else {
                break;
            };
            self.waiting.pop_front();
            let sequence = &mut self.places[place as usize];
            let known = sequence.known(&self.pool, self.block);
            sequence.begin(&mut self.pool, known, self.block);
            if !sequence.grow(&mut self.pool, count, self.block) {
                sequence.release(&mut self.pool);
                self.waiting.push_front(place);
                break;
            }
            self.running.push(place);
            *budget -= count;
            self.take(plan, place, count);
            if self.promises() {
                promised += self.to_come(&self.places[place as usize]);
            }
        }
    }

    /// How many tokens the head of the queue may have of the step; none where it must wait.
    fn room(&self, place: u32, budget: u32, promised: u64) -> Option<u32> {
        let sequence = &self.places[place as usize];
        let known = sequence.known(&self.pool, self.block);
        let whole = sequence.prompt + sequence.issued - known * self.block;
        if whole > budget && !self.profile.chunked {
            return None;
        }
        let count = whole.min(budget);
        let needed = if self.promises() {
            // blocks that it finds may be idle, and then count as free until it has them
            self.to_come(sequence) + promised
        } else {
            u64::from((known * self.block + count).div_ceil(self.block) - known)
        };
        // an empty engine takes what fits it at all
        (needed <= self.pool.free() || (self.running.is_empty() && promised == 0)).then_some(count)
    }

    /// Whether a request is only taken where more than its next tokens has room. Prompts that go
    /// first would else take each other's blocks, and answers never get on.
    fn promises(&self) -> bool {
        self.profile.reserve > 0.0 || self.profile.passes == Passes::PromptsFirst
    }

    /// Blocks that must stay free for those that run.
    fn promised(&self) -> u64 {
        if !self.promises() || self.waiting.is_empty() {
            return 0;
        }
        let running = self.running.iter();
        running
            .map(|place| self.to_come(&self.places[*place as usize]))
            .sum()
    }

    /// Blocks that a sequence is taken to need beside those that it has.
    fn to_come(&self, sequence: &Sequence) -> u64 {
        let answer = f64::from(sequence.output - sequence.issued) * self.profile.reserve;
        let tokens = sequence.prompt + sequence.issued + answer.ceil() as u32;
        u64::from(tokens.div_ceil(self.block).saturating_sub(sequence.held))
    }

    /// Puts so many tokens of a sequence into the step: it has the blocks for them.
    fn take(&mut self, plan: &mut Plan, place: u32, count: u32) {
        let sequence = &mut self.places[place as usize];
        let samples = count == sequence.remaining();
        plan.batch
            .add(sequence.computed, count, samples, self.window);
        sequence.computed += count;
        sequence.issued += u32::from(samples);
        sequence.flights += 1;
        if !sequence.prefix.is_empty() {
            sequence.name_blocks(&mut self.pool, self.block);
        }
        plan.parts.push(Part { place, samples });
    }

    /// A step has ended: `given` is told of every token, with the stream that it belongs to and
    /// whether it is the last.
    pub fn complete(&mut self, plan: &Plan, mut given: impl FnMut(u32, bool)) {
        let mut ended = false;
        for part in &plan.parts {
            let sequence = &mut self.places[part.place as usize];
            sequence.flights -= 1;
            if sequence.gone {
                self.vacate(part.place);
            } else if part.samples {
                sequence.given += 1;
                let last = sequence.given == sequence.output;
                given(sequence.stream, last);
                if last {
                    ended = true;
                    sequence.release(&mut self.pool);
                    sequence.gone = true;
                    self.vacate(part.place);
                }
            }
        }
        if ended {
            let places = &self.places;
            self.running.retain(|place| !places[*place as usize].gone);
            self.waiting.retain(|place| !places[*place as usize].gone);
        }
    }

    /// What the head of the queue waits for.
    pub fn waits_for(&self) -> Option<Resource> {
        let place = *self.waiting.front()?;
        if self.running.len() >= self.profile.sequences as usize {
            return Some(Resource::Sequences);
        }
        match self.room(place, self.profile.tokens, self.promised()) {
            None => Some(Resource::Blocks),
            Some(_) => Some(Resource::Step),
        }
    }
}
