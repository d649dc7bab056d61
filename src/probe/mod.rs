//! Probes: processes, GPUs, host and engine metrics, as time series.

pub mod series;
