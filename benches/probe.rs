//! Costs of sampling.
fn main() {}
