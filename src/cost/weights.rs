//! How many parameters a model has, and how many bytes of them one GPU holds.

use super::{Architecture, Precision, Ranks, Tower};

/// Parameters by how they are split and stored. Norms and biases are left out: together they are
/// less than a thousandth.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Parameters {
    /// Matrices of attention that go by heads.
    attention: f64,
    /// Those of keys and values, which go by their own heads; 0 with latent attention.
    keys_values: f64,
    /// Those of latent attention that every rank has whole.
    latent: f64,
    /// Dense MLPs and shared experts.
    dense: f64,
    /// Routed experts.
    experts: f64,
    /// What chooses the experts; every rank has it whole.
    routers: f64,
    /// The input embedding, and the output layer where it is another.
    embeddings: f64,
    towers: f64,
}

impl Parameters {
    /// Per layer: `h·hq·d` for queries and as much for the output, `h·kv·d` for keys and values
    /// each; `3·h·ff` (`2·h·ff` without a gate) for an MLP, the same for each expert, `h·E` for a
    /// router. Latent attention has down- and up-projections in their place, as in the paper on
    /// DeepSeek-V2, section 2.1.
    fn of(model: &Architecture) -> Self {
        let Architecture { layers, hidden, .. } = *model;
        let mlp = |width: f64, gated: bool| (if gated { 3.0 } else { 2.0 }) * hidden * width;
        let (attention, keys_values, latent) = match &model.mla {
            None => (
                2.0 * hidden * model.heads * model.head_dim,
                2.0 * hidden * model.kv_heads * model.head_dim,
                0.0,
            ),
            Some(mla) => (
                mla.q_rank * model.heads * (mla.nope + mla.rope)
                    + mla.kv_rank * model.heads * (mla.nope + mla.value)
                    + model.heads * mla.value * hidden,
                0.0,
                hidden * (mla.q_rank + mla.kv_rank + mla.rope),
            ),
        };
        let dense = mlp(model.intermediate, model.gated);
        let (dense, experts, routers) = match &model.moe {
            None => (layers * dense, 0.0, 0.0),
            Some(moe) => {
                let first = moe.first_dense.min(layers);
                let rest = layers - first;
                let expert = mlp(moe.intermediate, model.gated);
                (
                    first * dense + rest * moe.shared * expert,
                    rest * moe.experts * expert,
                    rest * hidden * moe.experts,
                )
            }
        };
        Self {
            attention: layers * attention,
            keys_values: layers * keys_values,
            latent: layers * latent,
            dense,
            experts,
            routers,
            embeddings: model.vocab * hidden * (if model.tied { 1.0 } else { 2.0 }),
            towers: model.towers.iter().map(tower).sum(),
        }
    }

    /// Those of them that one token of text has to read.
    fn read(&self, model: &Architecture) -> Self {
        let text = (1.0 - model.cross_layers / model.layers).max(0.0);
        let chosen = model
            .moe
            .map_or(0.0, |moe| moe.top_k.min(moe.experts) / moe.experts);
        Self {
            attention: self.attention * text,
            keys_values: self.keys_values * text,
            latent: self.latent * text,
            dense: self.dense * text,
            experts: self.experts * text * chosen,
            routers: self.routers * text,
            embeddings: model.vocab * model.hidden,
            towers: 0.0,
        }
    }
}

fn tower(tower: &Tower) -> f64 {
    let matrices = if tower.gated { 3.0 } else { 2.0 };
    let mlp = matrices * tower.hidden * tower.intermediate;
    tower.layers * (4.0 * tower.hidden * tower.hidden + mlp)
}

/// What one GPU holds of a model's weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    /// Bytes of the whole model, once.
    pub model: f64,
    /// Bytes on each GPU.
    pub rank: f64,
    /// Bytes on each GPU that one token of text has to read: its own experts, no encoder, no
    /// cross-attention, and of the input embedding a row.
    pub read: f64,
    /// Parameters of which each GPU multiplies one token of text with each.
    pub active: f64,
}

impl Weights {
    /// Heads of keys and values are copied where there are more ranks than heads. What every rank
    /// has whole is not divided; pipeline stages divide everything.
    pub fn of(model: &Architecture, ranks: Ranks) -> Self {
        let parameters = Parameters::of(model);
        Self {
            model: bytes(model, &parameters, Ranks::ONE),
            rank: bytes(model, &parameters, ranks),
            read: bytes(model, &parameters.read(model), ranks),
            active: shared(model, &parameters.read(model), ranks, (1.0, 1.0, 1.0)),
        }
    }
}

fn bytes(model: &Architecture, parameters: &Parameters, ranks: Ranks) -> f64 {
    let matrix = model.weights.bytes;
    let expert = model
        .moe
        .and_then(|moe| moe.weights)
        .map_or(matrix, |p| p.bytes);
    // what is not quantised is still 32 bits wide where the model runs in these
    let plain = matrix.max(Precision::BF16.bytes);
    shared(model, parameters, ranks, (matrix, expert, plain))
}

/// What one GPU has of the parameters, times the weight of a matrix, of an expert, and of what is
/// not quantised.
fn shared(
    model: &Architecture,
    parameters: &Parameters,
    ranks: Ranks,
    (matrix, expert, plain): (f64, f64, f64),
) -> f64 {
    let copies = ranks.attention.min(model.kv_heads.max(1.0));
    let quantised = parameters.attention / ranks.attention
        + parameters.keys_values / copies
        + parameters.latent
        + parameters.dense / ranks.tensor;
    let whole = parameters.routers
        + parameters.embeddings / ranks.tensor
        + parameters.towers / ranks.tensor;
    (quantised * matrix + parameters.experts / ranks.experts * expert + whole * plain)
        / ranks.stages
}
