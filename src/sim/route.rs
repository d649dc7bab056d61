//! Which of several replicas a request goes to.

use serde::{Deserialize, Serialize};
use std::hash::{DefaultHasher, Hash, Hasher};

/// How requests are shared out between replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Balance {
    /// In turn.
    RoundRobin,
    /// To the one with the least to do: four for each request that waits and one for each that
    /// runs, as an engine's own balancer of its data-parallel ranks counts them
    /// (`v1/engine/core_client.py`).
    LeastLoaded,
    /// In turn, to some more often than to others, and as evenly as it goes.
    Weighted(Vec<f64>),
    /// All requests of a session to one replica; without a session to the least loaded.
    Session,
    /// To the one that holds most of the prompt already, unless it has far more to do than the
    /// least loaded.
    Prefix,
}

/// A prefix does not hold a request at a replica that has more than this many points more to do
/// than the least loaded, and more than this many times as much. A router that does so calls them
/// `balance_abs_threshold` and `balance_rel_threshold`; these are its defaults.
const FAR_MORE: u64 = 64;
const TIMES_MORE: f64 = 1.5;

/// A replica as a router sees it when a request comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica {
    pub waiting: u64,
    pub running: u64,
    /// Tokens of the request's prompt that it holds.
    pub cached: u64,
}

impl Replica {
    fn load(self) -> u64 {
        4 * self.waiting + self.running
    }
}

/// Shares out requests, and remembers whose turn it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Router {
    balance: Balance,
    turn: usize,
    /// What each replica has saved up, where they are weighted.
    credit: Vec<f64>,
}

impl Router {
    pub fn new(balance: Balance) -> Self {
        Self {
            balance,
            turn: 0,
            credit: Vec::new(),
        }
    }

    /// The replica, by its index, that a request goes to; none where there is no replica.
    pub fn pick(&mut self, session: Option<u64>, replicas: &[Replica]) -> Option<usize> {
        if replicas.is_empty() {
            return None;
        }
        Some(match &self.balance {
            Balance::RoundRobin => self.next(replicas.len()),
            Balance::LeastLoaded => self.least(replicas),
            Balance::Weighted(weights) => {
                let weights = weights.clone();
                self.by_weight(&weights, replicas.len())
            }
            Balance::Session => match session {
                Some(session) => highest(replicas.len(), session),
                None => self.least(replicas),
            },
            Balance::Prefix => self.longest(replicas),
        })
    }

    fn next(&mut self, count: usize) -> usize {
        let chosen = self.turn % count;
        self.turn = chosen + 1;
        chosen
    }

    /// The least loaded; of several the one whose turn it is.
    fn least(&mut self, replicas: &[Replica]) -> usize {
        let count = replicas.len();
        let first = self.next(count);
        let in_turn = (0..count).map(|by| (first + by) % count);
        let least = in_turn.min_by_key(|replica| replicas[*replica].load());
        least.unwrap_or(first)
    }

    /// Each saves up its weight, and the richest pays for all (nginx's "smooth weighted
    /// round-robin").
    fn by_weight(&mut self, weights: &[f64], count: usize) -> usize {
        self.credit.resize(count, 0.0);
        let weight = |replica: usize| weights.get(replica).copied().unwrap_or(1.0);
        for (replica, credit) in self.credit.iter_mut().enumerate() {
            *credit += weight(replica);
        }
        let mut richest = 0;
        for replica in 1..count {
            if self.credit[replica] > self.credit[richest] {
                richest = replica;
            }
        }
        self.credit[richest] -= (0..count).map(weight).sum::<f64>();
        richest
    }

    fn longest(&mut self, replicas: &[Replica]) -> usize {
        let least = self.least(replicas);
        let cached = |replica: &usize| replicas[*replica].cached;
        // the first of those that hold most
        let Some(most) = (0..replicas.len()).rev().max_by_key(cached) else {
            return least;
        };
        let (load, lowest) = (replicas[most].load(), replicas[least].load());
        let far_more = load - lowest > FAR_MORE && load as f64 > TIMES_MORE * lowest as f64;
        if cached(&most) == cached(&least) || far_more {
            least
        } else {
            most
        }
    }
}

/// The replica whose number gives the highest value together with a session's (Thaler and
/// Ravishankar, "A name-based mapping scheme for rendezvous", 1996): when one more is there, few
/// sessions move.
fn highest(count: usize, session: u64) -> usize {
    let value = |replica: &usize| {
        let mut hasher = DefaultHasher::new();
        (session, *replica as u64).hash(&mut hasher);
        hasher.finish()
    };
    (0..count).max_by_key(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDLE: Replica = Replica {
        waiting: 0,
        running: 0,
        cached: 0,
    };

    fn running(running: u64) -> Replica {
        Replica { running, ..IDLE }
    }

    fn picks(balance: Balance, times: usize, replicas: &[Replica]) -> Vec<usize> {
        let mut router = Router::new(balance);
        let pick = |_| router.pick(None, replicas).unwrap();
        (0..times).map(pick).collect()
    }

    #[test]
    fn turns_go_around() {
        let replicas = [running(9), IDLE, IDLE];
        assert_eq!(picks(Balance::RoundRobin, 5, &replicas), [0, 1, 2, 0, 1]);
        assert_eq!(Router::new(Balance::RoundRobin).pick(None, &[]), None);
    }

    #[test]
    fn the_least_loaded_is_chosen_and_equal_ones_in_turn() {
        let waiting = Replica {
            waiting: 1,
            ..running(2)
        };
        let replicas = [waiting, running(7), running(5), running(5)];
        assert_eq!(picks(Balance::LeastLoaded, 3, &replicas), [2, 2, 2]);
        assert_eq!(picks(Balance::LeastLoaded, 4, &[IDLE; 2]), [0, 1, 0, 1]);
    }

    #[test]
    fn weights_are_kept_evenly() {
        let weights = Balance::Weighted(vec![5.0, 1.0, 1.0]);
        assert_eq!(picks(weights, 7, &[IDLE; 3]), [0, 0, 1, 0, 2, 0, 0]);
    }

    #[test]
    fn a_session_stays_and_few_move() {
        let mut router = Router::new(Balance::Session);
        let mut of = |session, count| router.pick(Some(session), &vec![IDLE; count]).unwrap();
        let moved = (0..3000).filter(|session| of(*session, 3) != of(*session, 4));
        let moved: Vec<u64> = moved.collect();
        // a quarter is expected, and all of it goes to the new one
        assert!((600..900).contains(&moved.len()), "{}", moved.len());
        assert!(moved.iter().all(|session| of(*session, 4) == 3));
    }

    #[test]
    fn a_prefix_attracts_until_it_is_crowded() {
        let holds = |cached, running| Replica {
            cached,
            ..self::running(running)
        };
        let pick = |replicas: &[Replica]| picks(Balance::Prefix, 1, replicas)[0];
        assert_eq!(pick(&[IDLE, holds(512, 60)]), 1);
        assert_eq!(pick(&[IDLE, holds(512, 65)]), 0);
        // in a crowd a few more are no matter
        assert_eq!(pick(&[running(200), holds(512, 280)]), 1);
        assert_eq!(pick(&[running(3), IDLE]), 1);
        assert_eq!(pick(&[holds(16, 3), holds(16, 0)]), 1);
    }
}
