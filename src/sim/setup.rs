//! What is simulated: a model on GPUs, and how the engine schedules it.

use super::{Balance, Faults};
use crate::cost::{Architecture, Device, Fabric, Host, KvBlocks, Precision, Ranks};
use serde::{Deserialize, Serialize};

/// A server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    pub model: Architecture,
    pub ranks: Ranks,
    /// How the KV cache is stored.
    pub cache: Precision,
    pub device: Device,
    /// The links that a scenario states, of each replica, or of all where they take their steps
    /// together; empty where it states none.
    pub fabrics: Vec<Fabric>,
    pub host: Host,
    pub profile: Profile,
    /// Of each replica.
    pub blocks: KvBlocks,
    /// Whether blocks that prompts have in common are kept.
    pub prefix_cache: bool,
    /// Most tokens of prompt and answer together.
    pub context: u32,
    /// Copies of the model, each with a scheduler and KV cache of its own.
    pub replicas: u32,
    /// Whether these take their steps together, because they share experts.
    pub lockstep: bool,
    /// How requests are shared out between them.
    pub balance: Balance,
    pub front: FrontEnd,
    #[serde(default)]
    pub faults: Faults,
}

/// How an engine chooses what a step works on.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    pub passes: Passes,
    /// Most tokens of a step; with separate passes, of one that reads prompts.
    pub tokens: u32,
    /// Most sequences that are worked on at once.
    pub sequences: u32,
    /// Whether a prompt may be taken in parts.
    pub chunked: bool,
    /// The share of the answers still to come for which blocks must be free before another request
    /// is taken, from 0 (none: what does not fit later is preempted) to 1 (all: nothing ever is).
    pub reserve: f64,
}

/// Whether prompts and answers are worked on in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passes {
    /// Those that run first, then what waits, out of one budget.
    Mixed,
    /// Prompts have steps of their own, which go first.
    PromptsFirst,
}

/// What lies between clients and the engine: one process, that does one thing at a time. In seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct FrontEnd {
    /// From a request's sending until the front end has it, however busy.
    pub delay: f64,
    /// Work of reading a request, and for each token of its prompt.
    pub request: f64,
    pub token: f64,
    /// Work of handing it to the engine.
    pub submit: f64,
    /// Work for a chunk of an answer. Tokens that come while one of the same answer waits for it
    /// go along.
    pub chunk: f64,
}

impl FrontEnd {
    /// None at all: an engine that is asked directly.
    pub const NONE: Self = Self {
        delay: 0.0,
        request: 0.0,
        token: 0.0,
        submit: 0.0,
        chunk: 0.0,
    };
}
