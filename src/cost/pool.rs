//! How many blocks of KV cache an engine makes at its start.

use super::{Architecture, Fit, Ranks};
use serde::{Deserialize, Serialize};

/// What an engine keeps of a GPU beside weights and KV cache.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Reserve {
    /// Tokens and sequences of its largest step.
    pub tokens: f64,
    pub sequences: f64,
    /// Bytes of buffers of libraries and of the engine's own.
    pub other: f64,
    /// What comes on top where ranks communicate.
    pub ranks: f64,
}

impl Reserve {
    /// Bytes: the larger of a layer's activations, `2·tokens·(4h + 3·ff/tp)` (with experts
    /// `2·tokens·(4h + k·(2h + 3·ff/ep))`), and of the logits, `8·sequences·vocab`, which are kept
    /// in 16 bits, in 32, and sorted; and `other`.
    pub fn bytes(&self, model: &Architecture, ranks: Ranks) -> f64 {
        let wide = match &model.moe {
            Some(moe) => {
                let rows = moe.top_k + moe.shared;
                rows * (2.0 * model.hidden + 3.0 * moe.intermediate / ranks.tensor)
            }
            None => 3.0 * model.intermediate / ranks.tensor,
        };
        let step = 2.0 * self.tokens * (4.0 * model.hidden + wide);
        let logits = 8.0 * self.sequences * model.vocab;
        let together = if ranks.tensor > 1.0 { self.ranks } else { 0.0 };
        step.max(logits) + self.other + together
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
