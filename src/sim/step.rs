//! A step as one looks at it afterwards.

use super::Time;
use crate::cost::Parts;

/// What a pipeline stage of a replica did for a step. Counts are over all ranks of the replica.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Step {
    pub stage: usize,
    pub begin: Time,
    pub end: Time,
    /// Tokens that went through it.
    pub tokens: u32,
    /// Sequences of which it computed one token, and parts of prompts.
    pub decoding: u32,
    pub chunks: u32,
    /// Sequences that were worked on, and that waited, once it was put together.
    pub running: usize,
    pub waiting: usize,
    /// Blocks of KV cache in use then.
    pub blocks: u64,
    /// Of the rank that took longest.
    pub parts: Parts,
}
