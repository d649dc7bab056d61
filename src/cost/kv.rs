//! How many bytes the keys and values of a token take.

use super::{Architecture, Precision, Ranks};

/// The KV cache of one GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KvCache {
    /// Bytes per token in the layers that keep every token.
    pub full: f64,
    /// Bytes per token in the layers that keep the last ones only.
    pub sliding: f64,
    /// Tokens that these keep.
    pub window: f64,
}

impl KvCache {
    /// Per layer `2·max(1, kv/tp)·d·b`; latent attention `(kv_rank + rope)·b`, which is copied to
    /// every tensor-parallel rank. Layers of cross-attention keep an image's features, and nothing
    /// of the text.
    pub fn of(model: &Architecture, ranks: Ranks, precision: Precision) -> Self {
        let numbers = match &model.mla {
            Some(mla) => mla.kv_rank + mla.rope,
            None => {
                let heads = (model.kv_heads / ranks.attention).ceil().max(1.0);
                2.0 * heads * model.head_dim
            }
        };
        let layer = numbers * precision.bytes / ranks.stages;
        let layers = (model.layers - model.cross_layers).max(0.0);
        let (sliding, window) = model.window.map_or((0.0, 0.0), |w| (w.layers, w.size));
        Self {
            full: (layers - sliding).max(0.0) * layer,
            sliding: sliding.min(layers) * layer,
            window,
        }
    }

    /// Bytes per token while a sequence is short.
    pub fn per_token(&self) -> f64 {
        self.full + self.sliding
    }

    /// Bytes of one sequence of so many tokens.
    pub fn sequence(&self, tokens: f64) -> f64 {
        self.full * tokens + self.sliding * tokens.min(self.window)
    }

    /// The longest sequence that so many bytes hold; infinite where nothing is kept of a token.
    pub fn longest(&self, bytes: f64) -> f64 {
        let bytes = bytes.max(0.0);
        let short = bytes / self.per_token();
        if self.sliding == 0.0 || short <= self.window {
            return short.floor();
        }
        ((bytes - self.sliding * self.window) / self.full).floor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_sequence_is_the_last_that_has_room() {
        let plain = KvCache {
            full: 100.0,
            sliding: 0.0,
            window: 0.0,
        };
        let sliding = KvCache {
            full: 60.0,
            sliding: 40.0,
            window: 128.0,
        };
        for cache in [plain, sliding] {
            for bytes in [0.0, 99.0, 100.0, 12_799.0, 12_800.0, 12_801.0, 1e6] {
                let longest = cache.longest(bytes);
                assert!(cache.sequence(longest) <= bytes, "{cache:?} {bytes}");
                assert!(cache.sequence(longest + 1.0) > bytes, "{cache:?} {bytes}");
            }
        }
        assert_eq!(sliding.sequence(1000.0), 60_000.0 + 40.0 * 128.0);
        assert_eq!(plain.longest(-5.0), 0.0);
    }
}
