//! The time of a layer's attention.

use super::{Architecture, Device, Ranks, serving::Batch};

/// What attention of a layer costs on one rank.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Attention {
    /// Operations for each pair of a prompt's token and a token that it looks at.
    pair: f64,
    /// Operations for each token that a decoding sequence looks at.
    decode: f64,
    /// Bytes of a token's keys and values.
    bytes: f64,
    /// The share of layers that look at the last tokens only.
    sliding: f64,
}

impl Attention {
    /// `4·hq·d/tp` operations for a pair: a product for the scores, and one with the values. Latent
    /// attention does the first with `nope + rope` and the second with `value` dimensions for
    /// prompts; decoding, it works in the latent space, `kv_rank + rope` and `kv_rank` wide
    /// (DeepSeek-V2, section 2.1).
    pub fn of(model: &Architecture, ranks: Ranks, cache: f64) -> Self {
        let heads = model.heads / ranks.attention;
        let (pair, decode, numbers) = match &model.mla {
            None => {
                let both = 4.0 * heads * model.head_dim;
                let kept = (model.kv_heads / ranks.attention).ceil().max(1.0);
                (both, both, 2.0 * kept * model.head_dim)
            }
            Some(mla) => (
                2.0 * heads * (mla.nope + mla.rope + mla.value),
                2.0 * heads * (2.0 * mla.kv_rank + mla.rope),
                mla.kv_rank + mla.rope,
            ),
        };
        Self {
            pair,
            decode,
            bytes: numbers * cache,
            sliding: model
                .window
                .map_or(0.0, |window| window.layers / model.layers),
        }
    }

    /// Seconds in the mean layer:
    /// `t_a + pairs·(operations)/(P·e) + KV bytes/(B·e_kv)`, with `t_a` for prompts and for decoding
    /// apart, and for these the longer of arithmetic and reading (FlashAttention-2, and its
    /// decoding variant).
    pub fn seconds(&self, device: &Device, batch: &Batch) -> f64 {
        let kernels = &device.kernels;
        let flops = device.sixteen.flops * kernels.attention_compute;
        let read = device.bandwidth * kernels.attention_memory;
        let seen = |whole: f64, last: f64| whole * (1.0 - self.sliding) + last * self.sliding;
        let mut seconds = 0.0;
        if batch.chunks > 0 {
            let pairs = seen(batch.pairs, batch.pairs_in_window);
            let kept = seen(batch.chunk_context, batch.chunk_context_in_window);
            seconds += kernels.attention_start + pairs * self.pair / flops;
            seconds += kept * self.bytes / read;
        }
        if batch.decoding > 0 {
            let kept = seen(batch.context, batch.context_in_window);
            let work = kept * self.decode / flops;
            seconds += kernels.attention_start + work.max(kept * self.bytes / read);
        }
        seconds
    }
}
