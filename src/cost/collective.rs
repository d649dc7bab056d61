//! The time of what GPUs send each other: sums over all ranks, exchanges between experts, and what
//! a pipeline stage hands on.

use super::Device;
use super::fabric::Ways;
use serde::{Deserialize, Serialize};

/// An engine's own all-reduce between so many ranks of a host, fitted to measured ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AllReduce {
    pub ranks: f64,
    /// Seconds of an empty message.
    pub start: f64,
    /// Bytes per second.
    pub bandwidth: f64,
    /// Bytes of a message that reaches three quarters of it.
    pub half: f64,
}

impl AllReduce {
    /// Seconds of a sum of so many bytes on each of `n` ranks:
    /// `α + 2(n−1)/n · S/B · (1 + Sh/(S+Sh))`.
    ///
    /// A ring's traffic (Patarasuk and Yuan, 2009), with a bandwidth that small messages do not
    /// reach; fitted to the all-reduce table of AIConfigurator (@095f58a).
    pub fn seconds(&self, bytes: f64) -> f64 {
        let around = 2.0 * (self.ranks - 1.0) / self.ranks;
        let small = if self.half > 0.0 {
            self.half / (bytes + self.half)
        } else {
            0.0
        };
        self.start + around * bytes / self.bandwidth * (1.0 + small)
    }
}

/// Seconds of an all-reduce between ranks that are all joined with each other, by links of so many
/// bytes per second and so many seconds for an empty message, by the best of three ways: a ring
/// `2(n−1)·lat + 2(n−1)/n·S/B`, a tree `2⌈log2 n⌉·lat + 2S/B`, everyone to everyone
/// `lat + (n−1)·S/B` (Thakur, Rabenseifner and Gropp, 2005).
fn by_best_way(ranks: f64, bytes: f64, (bandwidth, latency): (f64, f64)) -> f64 {
    let once = bytes / bandwidth;
    let ring = 2.0 * (ranks - 1.0) * latency + 2.0 * (ranks - 1.0) / ranks * once;
    let tree = 2.0 * ranks.log2().ceil() * latency + 2.0 * once;
    let shot = latency + (ranks - 1.0) * once;
    ring.min(tree).min(shot)
}

/// Seconds of an empty message between two GPUs of which nothing was measured.
const PEER_START: f64 = 5e-6;

/// Seconds of an empty exchange through NCCL: 7.5 to 8.5 µs between H100s.
const EXCHANGE_START: f64 = 8e-6;

/// Seconds of an empty message to the next pipeline stage, with its synchronisation.
const STAGE_START: f64 = 10e-6;

impl Device {
    /// Seconds of an all-reduce of so many bytes between so many of it. Sizes between those that
    /// were measured are as the next larger; where nothing was, its link is taken as it is.
    pub fn all_reduce(&self, ranks: f64, bytes: f64) -> f64 {
        if ranks <= 1.0 {
            return 0.0;
        }
        let measured = self.all_reduce.iter().find(|one| one.ranks >= ranks);
        match measured.or(self.all_reduce.last()) {
            Some(one) => AllReduce { ranks, ..*one }.seconds(bytes),
            None => by_best_way(ranks, bytes, (self.link, PEER_START)),
        }
    }

    /// Seconds in which each of so many ranks sends all but its own share of so many bytes to the
    /// others: `α + (n−1)/n · S/B`, or as the links have it that are stated.
    pub(super) fn all_to_all(&self, ranks: f64, bytes: f64, ways: Option<&Ways>) -> f64 {
        if ranks <= 1.0 {
            return 0.0;
        }
        if let Some(seconds) = ways.and_then(|ways| ways.exchange(ranks, bytes)) {
            return EXCHANGE_START + seconds;
        }
        let bandwidth = self
            .all_reduce
            .last()
            .map_or(self.link, |one| one.bandwidth);
        EXCHANGE_START + (ranks - 1.0) / ranks * bytes / bandwidth
    }

    /// Seconds of handing so many bytes to the next stage: `α + S/link`, or as the links have it
    /// that are stated.
    pub(super) fn hand_on(&self, bytes: f64, ways: Option<&Ways>) -> f64 {
        let stated = ways.and_then(|ways| ways.hand_on(bytes));
        STAGE_START + stated.unwrap_or(bytes / self.link)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_way_over_links_depends_on_the_size() {
        // empty: one message at once; large: a ring
        assert_eq!(by_best_way(8.0, 0.0, (1e9, 1e-6)), 1e-6);
        let large = by_best_way(8.0, 8e9, (1e9, 1e-6));
        assert!((large - (14e-6 + 14.0)).abs() < 1e-9, "{large}");
    }

    #[test]
    fn small_messages_do_not_reach_the_bandwidth() {
        let one = AllReduce {
            ranks: 2.0,
            start: 5e-6,
            bandwidth: 1e9,
            half: 1e6,
        };
        assert_eq!(one.seconds(0.0), 5e-6);
        assert!((one.seconds(1e6) - (5e-6 + 1e-3 * 1.5)).abs() < 1e-12);
    }
}
