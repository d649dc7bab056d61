//! `quantity`, for libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| scn_fuzz::run(scn_fuzz::targets::quantity, bytes));
