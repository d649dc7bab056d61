//! The targets for libFuzzer: each runs with its memory counted and bounded.

pub mod memory;
pub mod repairs;
pub mod targets;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

/// Runs a target on an input, and panics where it takes more memory than is allowed.
pub fn run(target: targets::Target, bytes: &[u8]) {
    memory::bounded(bytes.len(), || target(bytes));
}
