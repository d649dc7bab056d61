//! How many blocks of KV cache an engine makes at its start.

use super::{Architecture, Fit};
use serde::{Deserialize, Serialize};

/// What an engine keeps of a GPU beside weights and KV cache, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reserve {
    /// Of the largest step's activations, whatever the model.
    pub activation: f64,
    /// Tokens of that step.
    pub tokens: f64,
    /// Numbers of 16 bits that it keeps for each of them, in units of the model's hidden width.
    pub per_token: f64,
    /// Buffers of libraries and of the engine's own.
    pub other: f64,
    /// What comes on top where ranks communicate.
    pub ranks: f64,
}

impl Reserve {
    /// `activation + 2·tokens·per_token·h + other`, and `ranks` with several.
    pub fn bytes(&self, model: &Architecture, ranks: f64) -> f64 {
        let together = if ranks > 1.0 { self.ranks } else { 0.0 };
        let step = 2.0 * self.tokens * self.per_token * model.hidden;
        self.activation + step + self.other + together
    }
}

/// The KV cache of one GPU, in blocks.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KvBlocks {
    pub count: u64,
    /// Tokens of each.
    pub tokens: u32,
}

impl KvBlocks {
    /// `⌊(mem·share − weights − reserve)·cache_share / (block·kv)⌋`; none where nothing is left.
    /// Layers with a window are taken as if they kept everything: engines of one pool do.
    pub fn of(fit: &Fit, reserve: f64, block: u32) -> Self {
        let left = (fit.allowed() - fit.weights.rank - reserve).max(0.0) * fit.budget.cache_share;
        let each = f64::from(block) * fit.cache.per_token();
        Self {
            count: (left / each).floor() as u64,
            tokens: block,
        }
    }
}
