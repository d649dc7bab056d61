//! Carries a plan out.

pub mod progress;
