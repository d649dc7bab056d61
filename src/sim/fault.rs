//! What goes wrong on purpose, and for whom. Pure; everything follows from the seed.

use super::memory::Memory;
use serde::{Deserialize, Serialize};

/// What a server does wrong, for testing a tester.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Faults {
    pub seed: u64,
    /// The share of requests that are refused, and the status that they get.
    pub fail_rate: f64,
    pub fail_status: u16,
    /// The share of answers that break off in the middle.
    pub cut_rate: f64,
    /// Answered requests after which nothing more is given.
    pub stall_after: Option<u64>,
    /// Answered requests after which the server ends.
    pub die_after: Option<u64>,
    /// How far at most a step's time is off, as a share.
    pub jitter: f64,
    /// So many replicas, the first ones, take so many times as long for a step.
    pub slow_replicas: u32,
    pub slowdown: f64,
    /// Answered requests after which a replica's worker crashes, and after how many seconds another
    /// is there in its place; none: never.
    pub crash_after: Option<u64>,
    pub crash_restart: Option<f64>,
    /// What its process holds, where that is said.
    pub memory: Option<Memory>,
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Answer,
    /// Refused with this status.
    Refuse(u16),
    /// Worked on, and nothing of it given.
    Stall,
    /// Dropped after so many tokens, at least one where the answer has two.
    Cut {
        after: u64,
    },
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            seed: 0,
            fail_rate: 0.0,
            fail_status: 500,
            cut_rate: 0.0,
            stall_after: None,
            die_after: None,
            jitter: 0.0,
            slow_replicas: 0,
            slowdown: 1.0,
            crash_after: None,
            crash_restart: None,
            memory: None,
        }
    }
}

impl Faults {
    /// The fate of the request with this index (in order of arrival, from 0), when `answered`
    /// requests were answered before it and its answer has `tokens` tokens.
    pub fn fate(&self, index: u64, answered: u64, tokens: u64) -> Fate {
        if self.stall_after.is_some_and(|after| answered >= after) {
            return Fate::Stall;
        }
        if Dice::new(self.seed, "fail").roll(index).share() < self.fail_rate {
            return Fate::Refuse(self.fail_status);
        }
        let cut = Dice::new(self.seed, "cut").roll(index);
        if cut.share() < self.cut_rate {
            // From 1 to tokens - 1: in the middle, where there is one.
            let places = tokens.saturating_sub(1);
            let after = match places {
                0 => 0,
                _ => 1 + cut.roll(1).number() % places,
            };
            return Fate::Cut { after };
        }
        Fate::Answer
    }

    /// Whether the server is to end now that `answered` requests were answered.
    pub fn dies(&self, answered: u64) -> bool {
        self.die_after.is_some_and(|after| answered >= after)
    }

    /// What an engine does wrong by itself, for worlds that carry out the rest: requests that are
    /// refused, cut or stalled, a process that ends, and its memory.
    pub fn of_engine(&self) -> Self {
        let none = Self::default();
        Self {
            fail_rate: none.fail_rate,
            cut_rate: none.cut_rate,
            stall_after: None,
            die_after: None,
            memory: None,
            ..self.clone()
        }
    }

    /// By how much a step takes longer or shorter: the `step`th of a replica, on one of its ranks.
    pub(super) fn stretch(&self, replica: usize, rank: usize, step: u64) -> f64 {
        let slow = (replica + rank) < self.slow_replicas as usize;
        let slow = if slow { self.slowdown } else { 1.0 };
        if self.jitter == 0.0 {
            return slow;
        }
        let dice = Dice::new(self.seed, "step").roll((replica + rank) as u64);
        slow * (1.0 + self.jitter * (2.0 * dice.roll(step).share() - 1.0))
    }

    /// The replica, of so many, whose worker crashes now that `answered` requests were answered.
    pub(super) fn crashes(&self, answered: u64, replicas: usize) -> Option<usize> {
        let dice = Dice::new(self.seed, "crash").number();
        let now = self.crash_after == Some(answered);
        now.then(|| (dice % replicas.max(1) as u64) as usize)
    }
}

/// Random numbers without a state: what is drawn follows from a seed, a purpose and numbers
/// alone, so that it does not matter in which order requests come to draw.
#[derive(Debug, Clone, Copy)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, purpose: &str) -> Self {
        Self(mix(seed)).text(purpose)
    }

    pub fn roll(self, n: u64) -> Self {
        Self(mix(self.0 ^ mix(n)))
    }

    pub fn text(self, text: &str) -> Self {
        let chunks = text.as_bytes().chunks(8);
        let start = self.roll(text.len() as u64);
        chunks.fold(start, |dice, chunk| {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            dice.roll(u64::from_le_bytes(bytes))
        })
    }

    pub fn number(self) -> u64 {
        self.0
    }

    /// From 0 to below 1.
    pub fn share(self) -> f64 {
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// The step and output function of SplitMix64.
fn mix(n: u64) -> u64 {
    let n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_wrong_unasked() {
        let faults = Faults::default();
        for index in 0..1000 {
            let fate = faults.fate(index, index, 16);
            assert_eq!(fate, Fate::Answer);
            assert!(!faults.dies(index));
        }
    }

    #[test]
    fn rates_are_kept_and_follow_from_the_seed() {
        let faults = |seed| Faults {
            seed,
            fail_rate: 0.05,
            fail_status: 500,
            cut_rate: 0.10,
            ..Faults::default()
        };
        let fates = |seed| -> Vec<Fate> {
            (0..20_000)
                .map(|index| faults(seed).fate(index, 0, 16))
                .collect()
        };
        let found = fates(1);
        assert_eq!(found, fates(1));
        assert_ne!(found, fates(2));
        let share = |test: fn(&Fate) -> bool| {
            found.iter().filter(|fate| test(fate)).count() as f64 / found.len() as f64
        };
        let refused = share(|fate| matches!(fate, Fate::Refuse(500)));
        let cut = share(|fate| matches!(fate, Fate::Cut { .. }));
        assert!((refused - 0.05).abs() < 0.01, "{refused}");
        assert!((cut - 0.095).abs() < 0.01, "{cut}");
    }

    #[test]
    fn cuts_fall_in_the_middle() {
        let faults = Faults {
            cut_rate: 1.0,
            ..Faults::default()
        };
        let mut places = std::collections::HashSet::new();
        for index in 0..500 {
            match faults.fate(index, 0, 4) {
                Fate::Cut { after } => places.insert(after),
                other => panic!("{other:?}"),
            };
        }
        assert_eq!(places, [1, 2, 3].into());
        assert_eq!(faults.fate(0, 0, 1), Fate::Cut { after: 0 });
    }

    #[test]
    fn counts_are_reached_exactly() {
        let faults = Faults {
            stall_after: Some(2),
            die_after: Some(3),
            ..Faults::default()
        };
        assert_ne!(faults.fate(5, 1, 1), Fate::Stall);
        assert_eq!(faults.fate(5, 2, 1), Fate::Stall);
        assert!(!faults.dies(2) && faults.dies(3));
    }
}
