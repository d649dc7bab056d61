//! Collectives over declared links. Of the ways to carry one out the one that takes least is
//! taken, as communication libraries choose theirs by size.

use super::network::{Linear, Missing, Network};
use serde::{Deserialize, Serialize};

/// More ranks than this do not send to all others at once.
const MOST_AT_ONCE: usize = 16;

/// The ways to carry out a collective.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Collective {
    ways: Vec<Linear>,
}

impl Collective {
    /// Adds up the ranks' data and gives the sum to all. Its bytes are those of one rank's data:
    ///
    /// - a ring: `2(n−1)` steps, in each of which every rank sends an n-th to the next
    ///   (Patarasuk and Yuan, "Bandwidth optimal all-reduce algorithms", 2009);
    /// - a binary tree, up and down: `2⌈log2 n⌉` latencies, and all data twice, in a stream;
    /// - at once: each rank sends all it has to all others.
    ///
    /// Errors: two ranks have no path.
    pub fn all_reduce(network: &Network, ranks: &[usize]) -> Result<Self, Missing> {
        let count = ranks.len() as f64;
        if ranks.len() < 2 {
            return Ok(Self::nothing());
        }
        let steps = 2.0 * (count - 1.0);
        let around = network.together(&shifted(ranks, 1))?;
        let ring = Linear {
            latency: steps * around.latency,
            per_byte: steps / count * around.per_byte,
        };
        let depth = (ranks.len() as f64 + 1.0).log2().ceil() - 1.0;
        let upwards: Vec<(usize, usize)> = (1..ranks.len())
            .map(|rank| (ranks[rank], ranks[(rank - 1) / 2]))
            .collect();
        let up = network.together(&upwards)?;
        let tree = Linear {
            latency: 2.0 * depth * up.latency,
            per_byte: 2.0 * up.per_byte,
        };
        let mut ways = vec![ring, tree];
        if ranks.len() <= MOST_AT_ONCE {
            ways.push(network.together(&all_pairs(ranks))?);
        }
        Ok(Self { ways })
    }

    /// Each rank sends another part of its data to every other. Its bytes are those that one rank
    /// has for one other: at once, or in `n−1` rounds of a partner each.
    ///
    /// Errors: two ranks have no path.
    pub fn all_to_all(network: &Network, ranks: &[usize]) -> Result<Self, Missing> {
        let mut rounds = Linear {
            latency: 0.0,
            per_byte: 0.0,
        };
        for by in 1..ranks.len() {
            let round = network.together(&shifted(ranks, by))?;
            rounds.latency += round.latency;
            rounds.per_byte += round.per_byte;
        }
        let mut ways = vec![rounds];
        if ranks.len() <= MOST_AT_ONCE {
            ways.push(network.together(&all_pairs(ranks))?);
        }
        Ok(Self { ways })
    }

    fn nothing() -> Self {
        Self { ways: Vec::new() }
    }

    /// Seconds for so many bytes; 0 where there is nobody to talk to.
    pub fn seconds(&self, bytes: f64) -> f64 {
        let ways = self.ways.iter().map(|way| way.seconds(bytes));
        ways.reduce(f64::min).unwrap_or(0.0)
    }
}

/// Each rank to the one so many behind it.
fn shifted(ranks: &[usize], by: usize) -> Vec<(usize, usize)> {
    let to = ranks.iter().cycle().skip(by);
    ranks.iter().copied().zip(to.copied()).collect()
}

fn all_pairs(ranks: &[usize]) -> Vec<(usize, usize)> {
    let pairs = |from: &usize| {
        let from = *from;
        let others = ranks.iter().filter(move |to| **to != from);
        others.map(move |to| (from, *to))
    };
    ranks.iter().flat_map(pairs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::network::Link;

    /// All joined with each other by links of 10 bytes per second and 1 s.
    fn full(members: usize) -> Network {
        let pairs = (0..members).flat_map(|a| (a + 1..members).map(move |b| (a, b)));
        let link = |between| Link {
            between,
            bandwidth: 10.0,
            latency: 1.0,
        };
        Network::new(members, pairs.map(link).collect())
    }

    #[test]
    fn small_sums_go_at_once_and_large_ones_around() {
        let four = Collective::all_reduce(&full(4), &[0, 1, 2, 3]).unwrap();
        // no links are shared: one latency, and each byte over each link
        assert_eq!(four.seconds(10.0), 2.0);
        assert_eq!(four.seconds(0.0), 1.0);
        // a chain of two links: at once the middle ones carry more
        let link = |a, b| Link {
            between: (a, b),
            bandwidth: 10.0,
            latency: 1.0,
        };
        let ring = Network::new(4, vec![link(0, 1), link(1, 2), link(2, 3), link(3, 0)]);
        let ring = Collective::all_reduce(&ring, &[0, 1, 2, 3]).unwrap();
        let large = 1e6;
        assert!((ring.seconds(large) / (1.5 * large / 10.0) - 1.0).abs() < 1e-3);
        assert_eq!(ring.seconds(0.0), 2.0);
    }

    #[test]
    fn what_is_sent_to_all_takes_the_better_way() {
        let all = Collective::all_to_all(&full(4), &[0, 1, 2, 3]).unwrap();
        // at once, each over its own link
        assert_eq!(all.seconds(10.0), 2.0);
        assert_eq!(
            Collective::all_to_all(&full(4), &[2]).unwrap().seconds(1.0),
            0.0
        );
        let pair = Collective::all_to_all(&full(2), &[0, 1]).unwrap();
        assert_eq!(pair.seconds(10.0), 2.0);
    }

    #[test]
    fn who_is_alone_waits_for_nobody() {
        let alone = Collective::all_reduce(&full(2), &[1]).unwrap();
        assert_eq!(alone.seconds(1e12), 0.0);
        let apart = Network::new(3, Vec::new());
        let missing = Collective::all_reduce(&apart, &[0, 2]).unwrap_err();
        assert_eq!((missing.from, missing.to), (0, 2));
    }
}
