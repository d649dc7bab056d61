//! The least time of one step of a tensor-parallel model on each GPU: its own work, and what it
//! waits for the others.

use super::{Architecture, Ranks, Weights};

/// What a GPU does at most, per second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Operations on numbers as the model's matrices are stored.
    pub flops: f64,
    /// Bytes of its memory.
    pub bandwidth: f64,
    /// Bytes over its link, in each direction.
    pub link: f64,
    /// Seconds of an empty message over it; 0 where that is not known.
    pub latency: f64,
}

/// A step over so many tokens. What kernels and links fall short of is not in it, which the link's
/// side has more of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    pub tokens: f64,
    /// All-reduces of a step, on each GPU.
    pub reduces: f64,
    /// Bytes that each of them adds up.
    pub bytes: f64,
    /// Bytes per second over the link.
    pub link: f64,
    /// Seconds that they take together.
    pub link_s: f64,
    /// Seconds of a GPU's own work.
    pub work_s: f64,
}

impl Step {
    /// Two all-reduces of `tokens · hidden · 2` bytes a layer, each a ring of
    /// `2·(n−1)/n · bytes / link`, and the `log2(n)` messages one after the other that it takes
    /// at least; the work is the longer of `2 · parameters · tokens / flops` and
    /// of reading the weights once.
    pub fn of(
        model: &Architecture,
        ranks: Ranks,
        weights: &Weights,
        rates: Rates,
        tokens: f64,
    ) -> Self {
        let reduces = 2.0 * model.layers / ranks.stages;
        let bytes = tokens * model.hidden * 2.0;
        let around = 2.0 * (ranks.tensor - 1.0) / ranks.tensor;
        let messages = ranks.tensor.max(1.0).log2().ceil();
        let compute = 2.0 * weights.active * tokens / rates.flops;
        // many tokens go to all experts, one to its own
        let read = if tokens > 1.0 {
            weights.rank
        } else {
            weights.read
        };
        Self {
            tokens,
            reduces,
            bytes,
            link: rates.link,
            link_s: reduces * (around * bytes / rates.link + messages * rates.latency),
            work_s: compute.max(read / rates.bandwidth),
        }
    }

    /// The share of the step in which GPUs wait for their link, from 0 to 1.
    pub fn link_share(&self) -> f64 {
        self.link_s / (self.link_s + self.work_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::Precision;

    /// A plain model of 2 layers, small enough to be summed by hand.
    fn model() -> Architecture {
        Architecture {
            layers: 2.0,
            cross_layers: 0.0,
            hidden: 100.0,
            heads: 4.0,
            kv_heads: 4.0,
            head_dim: 25.0,
            intermediate: 200.0,
            gated: true,
            vocab: 50.0,
            tied: false,
            weights: Precision::BF16,
            moe: None,
            mla: None,
            window: None,
            towers: Vec::new(),
        }
    }

    #[test]
    fn a_step_is_its_work_and_its_all_reduces() {
        let ranks = Ranks {
            tensor: 2.0,
            attention: 2.0,
            experts: 2.0,
            stages: 1.0,
        };
        let weights = Weights::of(&model(), ranks);
        // per layer 4·100·100 of attention and 3·100·200 of MLP, and an output layer of 50·100
        assert_eq!(weights.active, (2.0 * 100_000.0 + 5_000.0) / 2.0);
        let rates = Rates {
            flops: 1e6,
            bandwidth: 1e9,
            link: 1e5,
            latency: 0.0,
        };
        let step = Step::of(&model(), ranks, &weights, rates, 10.0);
        assert_eq!(step.reduces, 4.0);
        assert_eq!(step.bytes, 2000.0);
        // a ring of two carries each byte once
        assert_eq!(step.link_s, 4.0 * 2000.0 / 1e5);
        assert_eq!(step.work_s, 2.0 * weights.active * 10.0 / 1e6);
        let late = Rates {
            latency: 1e-3,
            ..rates
        };
        let late = Step::of(&model(), ranks, &weights, late, 10.0);
        assert!((late.link_s - step.link_s - 4.0 * 1e-3).abs() < 1e-12);
        let slow = Rates {
            bandwidth: 1e3,
            ..rates
        };
        let step = Step::of(&model(), ranks, &weights, slow, 1.0);
        assert_eq!(step.work_s, weights.read / 1e3);
        assert!((step.link_share() - 0.008 / (0.008 + step.work_s)).abs() < 1e-12);
    }
}
