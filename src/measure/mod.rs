//! Statistics over what was measured: distributions, windows of series, and the figures of a
//! case that checks and reports read. Pure.

pub mod case;
pub mod distribution;
pub mod figures;
pub mod floors;
pub mod followed;
pub mod late;
pub mod requests;
pub mod rest;
pub mod window;
