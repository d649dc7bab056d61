//! The time of what a step does with every token alike: the layers' products, elementwise kernels
//! and sums over ranks. It depends on the number of tokens alone.

use super::fabric::Ways;
use super::{Architecture, Device, Ranks, experts};

/// What the layers of one pipeline stage are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stage {
    pub dense: f64,
    pub sparse: f64,
    pub last: bool,
}

impl Stage {
    /// Layers from `stage·L/pp` on, the first of them dense where the model has experts.
    pub fn of(model: &Architecture, stages: usize, stage: usize) -> Self {
        let layers = model.layers as usize;
        let (from, to) = (stage * layers / stages, (stage + 1) * layers / stages);
        let dense = match &model.moe {
            Some(moe) => (moe.first_dense as usize).clamp(from, to) - from,
            None => to - from,
        };
        Self {
            dense: dense as f64,
            sparse: (to - from - dense) as f64,
            last: stage + 1 == stages,
        }
    }

    pub fn layers(&self) -> f64 {
        self.dense + self.sparse
    }
}

/// Seconds of a stage's layers but for attention, for so many tokens on each rank.
pub(super) fn seconds(
    model: &Architecture,
    ranks: Ranks,
    device: &Device,
    ways: Option<&Ways>,
    stage: Stage,
    tokens: f64,
) -> f64 {
    if tokens <= 0.0 {
        return 0.0;
    }
    let product = |n: f64, k: f64| {
        let weight = model.weights.bytes;
        let format = device.format(weight);
        format.seconds((tokens, n, k), weight, device.bandwidth)
    };
    let mlp = |width: f64| {
        let up = if model.gated { 2.0 } else { 1.0 };
        product(up * width / ranks.tensor, model.hidden)
            + product(model.hidden, width / ranks.tensor)
    };
    let reduce = sum(model, ranks, (device, ways), tokens);
    let common = projections(model, ranks, &product) + elementwise(model, ranks, device, tokens);
    // attention data parallelism gathers in place of the first sum
    let each = common + 2.0 * reduce;
    let mut seconds = stage.layers() * each;
    if stage.dense > 0.0 {
        seconds += stage.dense * mlp(model.intermediate);
    }
    if let Some(moe) = model.moe.filter(|_| stage.sparse > 0.0) {
        let shape = (&moe, model.hidden, model.gated);
        let together = together(ranks, tokens);
        let mut layer = experts::seconds((device, ways), shape, model.weights, ranks, together);
        if moe.shared > 0.0 {
            layer += mlp(moe.shared * moe.intermediate);
        }
        seconds += stage.sparse * layer;
    }
    seconds
}

/// Seconds of a layer's sum over tensor-parallel ranks.
fn sum(
    model: &Architecture,
    ranks: Ranks,
    (device, ways): (&Device, Option<&Ways>),
    tokens: f64,
) -> f64 {
    let bytes = tokens * model.hidden * 2.0;
    match ways {
        Some(ways) => ways.sum(device, bytes),
        None => device.all_reduce(ranks.tensor, bytes),
    }
}

/// The ranks that share the experts bring their tokens together.
fn together(ranks: Ranks, tokens: f64) -> f64 {
    tokens * (ranks.experts / ranks.tensor).max(1.0)
}

/// What of a stage's seconds ranks send each other: sums, and exchanges between experts.
pub(super) fn collectives(
    model: &Architecture,
    ranks: Ranks,
    (device, ways): (&Device, Option<&Ways>),
    stage: Stage,
    tokens: f64,
) -> f64 {
    if tokens <= 0.0 {
        return 0.0;
    }
    let sums = 2.0 * stage.layers() * sum(model, ranks, (device, ways), tokens);
    let exchanges = model.moe.filter(|_| stage.sparse > 0.0).map_or(0.0, |moe| {
        let shape = (&moe, model.hidden);
        stage.sparse * experts::exchange((device, ways), shape, ranks, together(ranks, tokens))
    });
    sums + exchanges
}

/// Seconds of attention's own matrices in a layer.
fn projections(model: &Architecture, ranks: Ranks, product: &impl Fn(f64, f64) -> f64) -> f64 {
    let heads = model.heads / ranks.attention;
    match &model.mla {
        None => {
            let kept = (model.kv_heads / ranks.attention).ceil().max(1.0);
            product((heads + 2.0 * kept) * model.head_dim, model.hidden)
                + product(model.hidden, heads * model.head_dim)
        }
        Some(mla) => {
            product(mla.q_rank + mla.kv_rank + mla.rope, model.hidden)
                + product(heads * (mla.nope + mla.rope), mla.q_rank)
                + product(heads * (mla.nope + mla.value), mla.kv_rank)
                + product(model.hidden, heads * mla.value)
        }
    }
}

/// Norms, rotary positions and activations: four kernels that read and write `8h + 4·ff/tp`
/// numbers of 16 bits for a token.
fn elementwise(model: &Architecture, ranks: Ranks, device: &Device, tokens: f64) -> f64 {
    let width = match &model.moe {
        Some(moe) => (moe.top_k + moe.shared) * moe.intermediate,
        None => model.intermediate,
    };
    let numbers = 8.0 * model.hidden + 4.0 * width / ranks.tensor;
    device.elementwise(4.0, 2.0 * tokens * numbers)
}

/// Seconds of the output layer for so many rows, and of choosing a token of each.
pub(super) fn head(model: &Architecture, ranks: Ranks, device: &Device, rows: f64) -> f64 {
    if rows <= 0.0 {
        return 0.0;
    }
    let columns = model.vocab / ranks.tensor;
    let product = device
        .sixteen
        .seconds((rows, columns, model.hidden), 2.0, device.bandwidth);
    // logits are turned to 32 bits, and read for their greatest
    product + device.elementwise(2.0, rows * columns * 8.0)
}
