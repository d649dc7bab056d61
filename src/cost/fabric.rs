//! What the ranks of one replica send each other over links that a scenario states. The links say
//! how long bytes are on their way; what a GPU and its software take to begin comes on top.

use super::links::Collective;
use super::network::{Linear, Missing, Network};
use super::{Device, Ranks};
use serde::{Deserialize, Serialize};

/// The ways between the ranks, stage by stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fabric {
    stages: Vec<Ways>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ways {
    /// The sum over tensor-parallel ranks, of each group that has one.
    sums: Vec<Collective>,
    /// The exchange between all ranks that share experts.
    exchange: Option<Collective>,
    /// From all ranks to those of the next stage, at once.
    hand_on: Option<Linear>,
}

impl Fabric {
    /// `gpus` are the replica's: the ranks of a stage next to each other, then the next stage, then
    /// the next group of ranks that shares its experts, as engines number them.
    ///
    /// Errors: two of them that talk with each other have no path.
    pub fn of(network: &Network, gpus: &[usize], ranks: Ranks) -> Result<Self, Missing> {
        let tensor = (ranks.tensor as usize).max(1);
        let stages = (ranks.stages as usize).max(1);
        let at = |stage: usize| {
            let groups = gpus.chunks_exact(tensor * stages);
            groups.map(move |group| &group[stage * tensor..(stage + 1) * tensor])
        };
        let spread = ranks.experts > ranks.tensor;
        let ways = |stage: usize| {
            let sums = at(stage).map(|group| Collective::all_reduce(network, group));
            let all: Vec<usize> = at(stage).flatten().copied().collect();
            let exchange = spread.then(|| Collective::all_to_all(network, &all));
            let hand_on = (stage + 1 < stages).then(|| {
                let next = at(stage + 1).flatten().copied();
                network.together(&all.iter().copied().zip(next).collect::<Vec<_>>())
            });
            Ok(Ways {
                sums: sums.collect::<Result<_, Missing>>()?,
                exchange: exchange.transpose()?,
                hand_on: hand_on.transpose()?,
            })
        };
        let stages = (0..stages).map(ways).collect::<Result<_, Missing>>()?;
        Ok(Self { stages })
    }

    pub(super) fn stage(&self, stage: usize) -> Option<&Ways> {
        self.stages.get(stage)
    }
}

impl Ways {
    /// Seconds of a sum of so many bytes of each rank, in the slowest group; a sum is a kernel.
    pub fn sum(&self, device: &Device, bytes: f64) -> f64 {
        let all = self.sums.iter().map(|sum| sum.seconds(bytes));
        let seconds = all.fold(0.0, f64::max);
        if seconds > 0.0 {
            seconds + device.kernels.elementwise_start
        } else {
            0.0
        }
    }

    /// Seconds on the way in which each of so many ranks sends all but its own share of so many
    /// bytes to the others; none where they share no experts.
    pub fn exchange(&self, ranks: f64, bytes: f64) -> Option<f64> {
        let exchange = self.exchange.as_ref()?;
        Some(exchange.seconds(bytes / ranks))
    }

    /// Seconds on the way of so many bytes of each rank to the next stage.
    pub fn hand_on(&self, bytes: f64) -> Option<f64> {
        Some(self.hand_on?.seconds(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Link;

    /// Pairs 0-1 and 2-3 over wide links, and a narrow one between 1 and 2.
    fn pairs() -> Network {
        let link = |a, b, bandwidth| Link {
            between: (a, b),
            bandwidth,
            latency: 1.0,
        };
        Network::new(
            4,
            vec![link(0, 1, 100.0), link(1, 2, 1.0), link(2, 3, 100.0)],
        )
    }

    fn ranks(tensor: f64, stages: f64, experts: f64) -> Ranks {
        Ranks {
            tensor,
            stages,
            experts,
            ..Ranks::ONE
        }
    }

    #[test]
    fn ranks_next_to_each_other_add_up_and_stages_hand_on() {
        let fabric = Fabric::of(&pairs(), &[0, 1, 2, 3], ranks(2.0, 2.0, 2.0)).unwrap();
        let first = fabric.stage(0).unwrap();
        // over the wide link of the pair: at once, one latency
        assert_eq!(first.sums[0].seconds(100.0), 2.0);
        // 0 to 2 and 1 to 3 share the narrow one
        assert_eq!(first.hand_on(10.0), Some(23.0 - 1.0));
        let last = fabric.stage(1).unwrap();
        assert_eq!((last.hand_on(10.0), last.exchange(2.0, 1.0)), (None, None));
        assert_eq!(last.sums[0].seconds(100.0), 2.0);
    }

    #[test]
    fn groups_that_share_experts_exchange_with_all() {
        let fabric = Fabric::of(&pairs(), &[0, 1, 2, 3], ranks(2.0, 1.0, 4.0)).unwrap();
        let ways = fabric.stage(0).unwrap();
        assert_eq!(ways.sums.len(), 2);
        // two ranks send to two others over the narrow link: at least four parts cross it
        assert!(ways.exchange(4.0, 40.0).unwrap() >= 40.0);
    }

    #[test]
    fn a_missing_path_is_said() {
        let apart = Network::new(2, Vec::new());
        let missing = Fabric::of(&apart, &[0, 1], ranks(2.0, 1.0, 2.0)).unwrap_err();
        assert_eq!((missing.from, missing.to), (0, 1));
        // alone, and each for itself, nobody needs one
        assert!(Fabric::of(&apart, &[0, 1], Ranks::ONE).is_ok());
    }
}
