//! A copy of the model and the steps that it has under way: one after the other on each pipeline
//! stage, and the next put together while the last one runs.

use super::scheduler::{Plan, Scheduler};
use super::{Faults, Setup, Step, Time, nanoseconds};
use crate::cost::Serving;
use std::collections::VecDeque;

/// The schedulers of it take their steps together: one, or one of each rank where ranks have
/// sequences of their own and share experts.
#[derive(Debug, Clone)]
pub(super) struct Replica {
    pub schedulers: Vec<Scheduler>,
    serving: Serving,
    flights: VecDeque<Flight>,
    /// When each stage is free.
    stages: Vec<Time>,
    depth: usize,
    /// Its number among replicas.
    index: usize,
    faults: Faults,
    /// Steps so far.
    steps: u64,
    /// By rank: requests that it got, and how long each of its stages worked.
    pub taken: Vec<u64>,
    pub busy: Vec<Vec<Time>>,
    /// Plans that are not in use: their room is.
    spare: Vec<Plan>,
    /// The steps since they were last asked for, where somebody looks.
    watched: Option<Vec<Step>>,
}

#[derive(Debug, Clone)]
struct Flight {
    ends: Time,
    plans: Vec<Plan>,
}

impl Replica {
    /// The `index`th of the setup's, with so many ranks that have sequences of their own.
    pub fn new(setup: &Setup, index: usize, ranks: usize) -> Self {
        let serving = Serving::new(
            (&setup.model, setup.ranks),
            setup.cache,
            (&setup.device, setup.fabrics.get(index)),
            setup.host,
        );
        let stages = serving.stages();
        let ahead = stages == 1 && serving.overlaps();
        let scheduler = Scheduler::new(
            setup.profile,
            setup.blocks,
            serving.window(),
            setup.prefix_cache,
            ahead,
        );
        Self {
            schedulers: vec![scheduler; ranks],
            depth: if ahead { 2 } else { stages },
            index,
            faults: setup.faults.of_engine(),
            steps: 0,
            taken: vec![0; ranks],
            busy: vec![vec![0; stages]; ranks],
            stages: vec![0; stages],
            flights: VecDeque::new(),
            spare: Vec::new(),
            watched: None,
            serving,
        }
    }

    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    pub fn is_idle(&self) -> bool {
        self.flights.is_empty()
    }

    /// When its oldest step ends.
    pub fn next(&self) -> Option<Time> {
        self.flights.front().map(|flight| flight.ends)
    }

    /// Starts what can be started.
    pub fn start(&mut self, now: Time, preempted: &mut Vec<u64>) {
        while self.flights.len() < self.depth {
            let mut plans = Vec::with_capacity(self.schedulers.len());
            let mut empty = true;
            for scheduler in &mut self.schedulers {
                let mut plan = self.spare.pop().unwrap_or_default();
                scheduler.plan(&mut plan, preempted);
                empty &= plan.parts.is_empty();
                plans.push(plan);
            }
            if empty {
                self.spare.append(&mut plans);
                return;
            }
            let ends = self.pass(now, &plans);
            self.flights.push_back(Flight { ends, plans });
        }
    }

    /// Sends a step through the stages; when it leaves the last.
    fn pass(&mut self, now: Time, plans: &[Plan]) -> Time {
        let padded = plans.iter().map(|plan| plan.batch.tokens).max();
        let padded = padded.unwrap_or_default();
        let mut at = now;
        for stage in 0..self.stages.len() {
            if stage > 0 {
                let sent = plans
                    .iter()
                    .map(|plan| self.serving.hand_on(stage - 1, &plan.batch));
                at += nanoseconds(sent.fold(0.0, f64::max));
            }
            let mut longest = 0.0f64;
            for (rank, plan) in plans.iter().enumerate() {
                let stretch = self.faults.stretch(self.index, rank, self.steps);
                let own = stretch * self.serving.stage_seconds(stage, &plan.batch, padded);
                longest = longest.max(own);
                if !plan.parts.is_empty() {
                    self.busy[rank][stage] += nanoseconds(own).max(1);
                }
            }
            // no step is without any time, or nothing would ever come next
            let begin = at.max(self.stages[stage]);
            at = begin + nanoseconds(longest).max(1);
            self.stages[stage] = at;
            if self.watched.is_some() {
                self.watch_step(stage, (begin, at), plans, padded);
            }
        }
        self.steps += 1;
        at
    }

    /// As after its start, but for what was counted.
    pub fn restart(&mut self, fresh: &Self) {
        let old = std::mem::replace(self, fresh.clone());
        (self.taken, self.busy, self.steps) = (old.taken, old.busy, old.steps);
        self.watched = old.watched;
    }

    /// Keeps the steps from now on, for [`take_steps`](Self::take_steps).
    pub fn watch(&mut self) {
        self.watched.get_or_insert_default();
    }

    /// The steps since the last call, where they are kept.
    pub fn take_steps(&mut self) -> impl Iterator<Item = Step> + '_ {
        self.watched.iter_mut().flat_map(|steps| steps.drain(..))
    }

    fn watch_step(
        &mut self,
        stage: usize,
        (begin, end): (Time, Time),
        plans: &[Plan],
        padded: u32,
    ) {
        let mut step = Step {
            stage,
            begin,
            end,
            ..Step::default()
        };
        let mut longest = 0.0;
        for (plan, scheduler) in plans.iter().zip(&self.schedulers) {
            let batch = &plan.batch;
            step.tokens += batch.tokens;
            step.decoding += batch.decoding;
            step.chunks += batch.chunks;
            step.running += scheduler.running();
            step.waiting += scheduler.waiting();
            step.blocks += scheduler.pool.in_use();
            let seconds = self.serving.stage_seconds(stage, batch, padded);
            if seconds > longest {
                longest = seconds;
                step.parts = self.serving.parts(stage, batch, padded);
            }
        }
        self.watched.iter_mut().for_each(|steps| steps.push(step));
    }

    /// Ends the oldest step: `given` is told of its tokens by rank.
    pub fn complete(&mut self, mut given: impl FnMut(u32, bool)) {
        let Some(flight) = self.flights.pop_front() else {
            return;
        };
        for (scheduler, plan) in self.schedulers.iter_mut().zip(flight.plans) {
            scheduler.complete(&plan, &mut given);
            self.spare.push(plan);
        }
    }
}
