//! Whether a model fits the memory of its GPUs.

use super::{Architecture, KvCache, Precision, Ranks, Weights};

/// What an engine may take of a GPU, and what it has to keep there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// Bytes of one GPU, as the driver tells them.
    pub memory: f64,
    /// The share of them for weights and KV cache together.
    pub share: f64,
    /// The share of what the weights leave that the KV cache may take.
    pub cache_share: f64,
    pub cache: Precision,
    /// Tokens of the sequence that must have room; 0 where the engine asks for none.
    pub sequence: f64,
}

/// The sum, in bytes of one GPU. What an engine needs beside weights and KV cache is not in it:
/// with 8192 tokens a step about 1.2 GiB of activations and 0.3 to 1 GiB more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fit {
    pub budget: Budget,
    pub weights: Weights,
    pub cache: KvCache,
}

impl Fit {
    pub fn of(model: &Architecture, ranks: Ranks, budget: Budget) -> Self {
        Self {
            budget,
            weights: Weights::of(model, ranks),
            cache: KvCache::of(model, ranks, budget.cache),
        }
    }

    /// Bytes for weights and KV cache.
    pub fn allowed(&self) -> f64 {
        self.budget.memory * self.budget.share
    }

    /// Bytes left for the KV cache, at most; less than none where the weights alone are too much.
    pub fn room(&self) -> f64 {
        let left = self.allowed() - self.weights.rank;
        if left < 0.0 {
            left
        } else {
            left * self.budget.cache_share
        }
    }

    /// Bytes of the sequence that must have room.
    pub fn sequence(&self) -> f64 {
        self.cache.sequence(self.budget.sequence)
    }

    /// The longest sequence that has room, in tokens; 0 where the weights leave none.
    pub fn longest(&self) -> f64 {
        self.cache.longest(self.room())
    }

    pub fn fits(&self) -> bool {
        self.room() > 0.0 && self.sequence() <= self.room()
    }
}
