//! `scn`: a scenario language and its runner for testing LLM inference servers.
//!
//! ```text
//! text ─▶ syntax ─▶ eval ─▶ scenario ─▶ plan ─▶ run ─▶ measure ─▶ judge ─▶ report
//! ```
//!
//! Everything up to `plan`, and everything after the measurements, is pure; only `run`,
//! `engine`, `load` (its client), `probe`, `mock`, `store` and `cli` touch the outside world.

// what the grammar's parser is written with
extern crate alloc;

pub mod calibrate;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cost;
pub mod diagnostics;
pub mod engine;
pub mod eval;
pub mod judge;
pub mod library;
pub mod lint;
pub mod load;
pub mod lsp;
pub mod manual;
pub mod measure;
pub mod meter;
pub mod mock;
pub mod plan;
pub mod probe;
pub mod redact;
pub mod report;
pub mod resolve;
pub mod run;
pub mod scenario;
pub mod schema;
pub mod sim;
pub mod source;
pub mod stdlib;
pub mod stop;
pub mod store;
pub mod syntax;
pub mod units;
pub mod validate;
pub mod versions;
