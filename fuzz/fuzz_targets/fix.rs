//! `fix` of `targets.rs`, for libFuzzer.
#![no_main]

#[path = "../memory.rs"]
mod memory;
#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

#[global_allocator]
static COUNTED: memory::Counted = memory::Counted;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    memory::bounded(bytes.len(), || targets::fix(bytes));
});
