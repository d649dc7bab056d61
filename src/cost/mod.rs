//! Memory and time formulas of models on GPUs (pure). What they leave out (activations, CUDA
//! graphs, an engine's own buffers) comes on top, so what does not fit here fits nowhere.

mod attention;
mod collective;
mod device;
mod experts;
mod fabric;
mod fit;
mod gemm;
mod kv;
mod layers;
mod links;
mod network;
mod pool;
mod precision;
mod serving;
mod step;
mod weights;

pub use collective::AllReduce;
pub use device::{Device, Kernels};
pub use fabric::Fabric;
pub use fit::{Budget, Fit};
pub use gemm::{Format, Gemm};
pub use kv::KvCache;
pub use links::Collective;
pub use network::{Linear, Link, Missing, Network};
pub use pool::{KvBlocks, Reserve};
pub use precision::Precision;
pub use serving::{Batch, Host, Parts, Serving};
pub use step::{Rates, Step};
pub use weights::Weights;

use serde::{Deserialize, Serialize};

/// The figures of a decoder that its memory follows from, as a `config.json` has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Transformer layers, those with cross-attention included.
    pub layers: f64,
    /// Layers that attend to an image's features, and keep nothing of the text.
    pub cross_layers: f64,
    pub hidden: f64,
    pub heads: f64,
    pub kv_heads: f64,
    pub head_dim: f64,
    /// Width of a dense layer's MLP.
    pub intermediate: f64,
    /// Whether an MLP has three matrices (SwiGLU) or two.
    pub gated: bool,
    pub vocab: f64,
    /// Whether the output layer is the embedding once more.
    pub tied: bool,
    /// Of the layers' matrices; embeddings, routers and towers are kept in 16 bits.
    pub weights: Precision,
    pub moe: Option<Moe>,
    pub mla: Option<Mla>,
    pub window: Option<Window>,
    /// Encoders of images and of sound.
    pub towers: Vec<Tower>,
}

/// A mixture of experts in all layers but the first ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Moe {
    pub experts: f64,
    pub top_k: f64,
    pub shared: f64,
    /// Width of one expert.
    pub intermediate: f64,
    pub first_dense: f64,
    /// Of the experts' matrices, where they differ from the others.
    pub weights: Option<Precision>,
}

/// Multi-head latent attention, as DeepSeek's: keys and values are kept as one vector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Mla {
    pub q_rank: f64,
    pub kv_rank: f64,
    /// Dimensions of a head without and with rotary position.
    pub nope: f64,
    pub rope: f64,
    pub value: f64,
}

/// Layers that only see the last tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub layers: f64,
    /// Tokens.
    pub size: f64,
}

/// A transformer that encodes what is no text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tower {
    pub layers: f64,
    pub hidden: f64,
    pub intermediate: f64,
    pub gated: bool,
}

/// Over how many GPUs each part of a model is split.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ranks {
    /// Dense MLPs, embeddings and towers.
    pub tensor: f64,
    /// Attention, where part of the ranks repeat it (attention data parallelism).
    pub attention: f64,
    /// Experts: with expert parallelism the data-parallel ranks share them too.
    pub experts: f64,
    /// Pipeline stages. Figures are of the mean stage: the fullest holds at least so much.
    pub stages: f64,
}

impl Ranks {
    /// One GPU holds it all.
    pub const ONE: Self = Self {
        tensor: 1.0,
        attention: 1.0,
        experts: 1.0,
        stages: 1.0,
    };
}
