//! # retry-of-growth (W0656)
//!
//! `retry` in a scenario that checks whether memory grows.
//!
//! ## Why it matters
//!
//! A leak may end a server. The case is then run again on a fresh one, as often as `retry` says,
//! and a run that is just short enough passes.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   retry = 1
//!   server sut { engine = engines.builtin }
//!   phase warmup   { workload = hello, requests = 10, measured = false }
//!   phase baseline { quiesce = true, idle = 5s }
//!   phase stress   { workload = hello, requests = 400, concurrency = 4, quiesce = true }
//!   expect bounded: growth(sut.memory, from = baseline, to = stress) <= 100MB
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup   { workload = hello, requests = 10, measured = false }
//!   phase baseline { quiesce = true, idle = 5s }
//!   phase stress   { workload = hello, requests = 400, concurrency = 4, quiesce = true }
//!   expect bounded: growth(sut.memory, from = baseline, to = stress) <= 100MB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::scenario::CheckSpec;

const RULE: Rule = ("W0656", "retry-of-growth");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    if view.case.retry == 0 {
        return Vec::new();
    }
    let grows = |check: &&CheckSpec| !check.grows.is_empty();
    let judged = match view.case.checks.iter().find(grows) {
        Some(check) => format!("`{}` judges growth", check.name),
        None => match view.grown().next() {
            Some(_) => "a check judges what it holds more than before".to_string(),
            None => return Vec::new(),
        },
    };
    let message = format!("a leak that ends the server is tried again, and {judged}");
    let found = warning(RULE, place(view.flat, "retry"), message);
    vec![found.help("leave out `retry` where memory is what is tested")]
}
