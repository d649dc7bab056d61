//! When things happen: the queue, and the moment each token is due. Pure; times are nanoseconds.

use crate::sim::Dice;
use std::collections::{HashSet, VecDeque};

/// What was declared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    pub ttft_ns: u64,
    pub itl_ns: u64,
    /// Of ttft or itl, to either side; at most 0.5, so that tokens keep their order.
    pub jitter: f64,
    pub seed: u64,
}

/// The schedule of one request that has started.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    timing: Timing,
    /// When the first token is due.
    first_ns: u64,
    index: u64,
}

impl Timing {
    /// The schedule of the request with this index that started at `start_ns`.
    pub fn plan(self, index: u64, start_ns: u64) -> Plan {
        let first_ns = start_ns
            .saturating_add(self.ttft_ns)
            .saturating_add_signed(self.offset(index, 0, self.ttft_ns));
        Plan {
            timing: self,
            first_ns,
            index,
        }
    }

    /// By how much a token is due earlier or later than without jitter.
    fn offset(self, index: u64, token: u64, unit_ns: u64) -> i64 {
        if self.jitter == 0.0 {
            return 0;
        }
        let dice = Dice::new(self.seed, "jitter").roll(index).roll(token);
        ((dice.share() * 2.0 - 1.0) * self.jitter * unit_ns as f64) as i64
    }
}

impl Plan {
    /// When token `k`, from 0, is due. Each time stands alone: lateness of one moves no other.
    pub fn due_ns(&self, k: u64) -> u64 {
        if k == 0 {
            return self.first_ns;
        }
        let offset = self.timing.offset(self.index, k, self.timing.itl_ns);
        self.first_ns
            .saturating_add(self.timing.itl_ns.saturating_mul(k))
            .saturating_add_signed(offset)
    }
}

/// Who runs and who waits: at most `limit` at a time, in order of arrival.
#[derive(Debug, Default)]
pub struct Queue {
    limit: Option<u64>,
    running: HashSet<u64>,
    waiting: VecDeque<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    Start,
    Wait,
}

impl Queue {
    /// No limit lets everyone start at once.
    pub fn new(limit: Option<u64>) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// A request with a new id arrives.
    pub fn arrive(&mut self, id: u64) -> Admission {
        let full = self
            .limit
            .is_some_and(|limit| self.running.len() as u64 >= limit);
        if full {
            self.waiting.push_back(id);
            return Admission::Wait;
        }
        self.running.insert(id);
        Admission::Start
    }

    /// A request is over, answered or given up, running or waiting; who starts in its place.
    pub fn leave(&mut self, id: u64) -> Option<u64> {
        if !self.running.remove(&id) {
            self.waiting.retain(|waiting| *waiting != id);
            return None;
        }
        let next = self.waiting.pop_front()?;
        self.running.insert(next);
        Some(next)
    }

    pub fn running(&self) -> usize {
        self.running.len()
    }

    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    fn timing(jitter: f64) -> Timing {
        Timing {
            ttft_ns: 20 * MS,
            itl_ns: 5 * MS,
            jitter,
            seed: 7,
        }
    }

    #[test]
    fn tokens_are_due_at_absolute_times() {
        let plan = timing(0.0).plan(3, 1000 * MS);
        assert_eq!(plan.due_ns(0), 1020 * MS);
        assert_eq!(plan.due_ns(1), 1025 * MS);
        assert_eq!(plan.due_ns(100), 1520 * MS);
    }

    #[test]
    fn huge_counts_do_not_wrap() {
        assert_eq!(timing(0.0).plan(0, u64::MAX).due_ns(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_leaver_makes_room_for_the_first_that_waits() {
        let mut queue = Queue::new(Some(1));
        assert_eq!(queue.arrive(1), Admission::Start);
        assert_eq!(queue.arrive(2), Admission::Wait);
        assert_eq!(queue.arrive(3), Admission::Wait);
        assert_eq!(queue.leave(2), None, "gave up while it waited");
        assert_eq!((queue.running(), queue.waiting()), (1, 1));
        assert_eq!(queue.leave(1), Some(3));
        assert_eq!(queue.leave(3), None);
        assert_eq!(queue.leave(3), None, "leaving twice changes nothing");
        assert_eq!((queue.running(), queue.waiting()), (0, 0));
    }

    proptest! {
        #[test]
        fn jitter_stays_in_its_bounds_and_keeps_the_order(
            jitter in 0.0f64..=0.5, index in 0u64..1000, k in 0u64..10_000,
        ) {
            let plan = timing(jitter).plan(index, 0);
            let first = plan.due_ns(0) as f64;
            prop_assert!((first - 20e6).abs() <= jitter * 20e6 + 1.0);
            let off = plan.due_ns(k) as f64 - first - k as f64 * 5e6;
            prop_assert!(off.abs() <= jitter * 5e6 + 1.0);
            prop_assert!(plan.due_ns(k) <= plan.due_ns(k + 1));
            prop_assert_eq!(plan.due_ns(k), timing(jitter).plan(index, 0).due_ns(k));
        }

        /// Whatever comes and goes: never more than the limit runs, nobody waits beside a free
        /// place, and those who wait start in order of arrival.
        #[test]
        fn the_queue_is_fair_and_full(limit in 1u64..4, steps in prop::collection::vec(0usize..8, 0..200)) {
            let mut queue = Queue::new(Some(limit));
            let (mut alive, mut next_id, mut last_started) = (Vec::new(), 0, None);
            for step in steps {
                let started = if step < 4 || alive.is_empty() {
                    next_id += 1;
                    alive.push(next_id);
                    (queue.arrive(next_id) == Admission::Start).then_some(next_id)
                } else {
                    queue.leave(alive.remove(step % alive.len()))
                };
                if let Some(id) = started {
                    prop_assert!(last_started < Some(id));
                    last_started = Some(id);
                }
                prop_assert!(queue.running() as u64 <= limit);
                prop_assert!(queue.waiting() == 0 || queue.running() as u64 == limit);
                prop_assert_eq!(queue.running() + queue.waiting(), alive.len());
            }
        }
    }
}
