//! Statistics over what was measured: distributions, windows of series. Pure.

pub mod distribution;
pub mod window;
