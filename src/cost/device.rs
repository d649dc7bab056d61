//! What a GPU does, and what of it the kernels of an engine reach.

use super::collective::AllReduce;
use super::gemm::Format;
use serde::{Deserialize, Serialize};

/// One GPU, in base units.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Device {
    /// Bytes, as the driver tells them.
    pub memory: f64,
    /// Bytes per second of its memory.
    pub bandwidth: f64,
    /// Bytes per second to the other GPUs of its host, in each direction.
    pub link: f64,
    /// What it computes with in 16 bits, and in 8 and 4 where it has arithmetic for these.
    pub sixteen: Format,
    pub eight: Option<Format>,
    pub four: Option<Format>,
    pub kernels: Kernels,
    /// By numbers of ranks, ascending; empty where nothing was measured.
    pub all_reduce: Vec<AllReduce>,
}

/// What kernels beside plain products reach. Starts are in seconds, the others shares from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Kernels {
    pub attention_start: f64,
    pub attention_compute: f64,
    pub attention_memory: f64,
    pub elementwise_start: f64,
    pub elementwise_memory: f64,
    /// Of the grouped products of a mixture of experts.
    pub expert_start: f64,
    pub expert_compute: f64,
    pub expert_memory: f64,
}

impl Device {
    /// What it computes with where weights take so many bytes each: the narrowest arithmetic that
    /// they fit; without one for 4 bits, these are widened to 16.
    pub fn format(&self, weight: f64) -> &Format {
        match weight {
            w if w < 1.0 => self.four.as_ref().unwrap_or(&self.sixteen),
            w if w < 2.0 => self.eight.as_ref().unwrap_or(&self.sixteen),
            _ => &self.sixteen,
        }
    }

    /// Seconds in which so many bytes of its memory are read or written by elementwise kernels.
    ///
    /// `kernels · start + bytes / (em · B)`
    pub fn elementwise(&self, kernels: f64, bytes: f64) -> f64 {
        let Kernels {
            elementwise_start,
            elementwise_memory,
            ..
        } = self.kernels;
        kernels * elementwise_start + bytes / (elementwise_memory * self.bandwidth)
    }
}
