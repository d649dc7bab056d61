//! Probes: processes, GPUs, host and engine metrics, as time series.

pub mod gpu;
pub mod host;
pub mod nvml;
pub mod process;
pub mod procfile;
pub mod prometheus;
pub mod recorder;
pub mod sampler;
pub mod scrape;
pub mod series;
pub mod visible;

/// Why a figure was not measured, in words for people. It stands where a number would: what
/// is not known is never 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unavailable(pub String);

impl Unavailable {
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// A measured value, or why there is none.
pub type Reading<T> = Result<T, Unavailable>;
