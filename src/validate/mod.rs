//! How good the simulator is: measured tables, run again in it.

mod drive;

pub use drive::{Bench, Load, Measured, drive, mean, percentile};
