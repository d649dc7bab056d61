//! # few-rounds (W0604)
//!
//! A limit of growth during a phase of fewer than a dozen repetitions.
//!
//! ## Why it matters
//!
//! Growth is between floors, one for each repetition. Allocators and caches take several rounds
//! until they have what they want; with a few floors that cannot be told from a leak.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase rounds { workload = hello, requests = 50, repeat = 4, quiesce = true }
//!   expect kept: growth(sut.memory, during = rounds) <= 20MB
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
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase rounds { workload = hello, requests = 50, repeat = 12, quiesce = true }
//!   expect kept: growth(sut.memory, during = rounds) <= 20MB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, Within, place, value, warning};

const RULE: Rule = ("W0604", "few-rounds");

/// Floors that show a trend.
const FEWEST: u64 = 12;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for grown in view.grown() {
        if let Within::During(name) = grown.window
            && let Some((phase, block)) = view.phase(name)
            && phase.repeat < FEWEST
        {
            let message = format!("{} floors are too few to tell a leak", phase.repeat);
            let one = warning(RULE, grown.span, message)
                .label(place(block, "repeat"), "one floor for each repetition")
                .help(format!("write `repeat = {FEWEST}` or more"));
            found.push(match value(block, "repeat") {
                Some(at) => one.fix("repeat it more often", at, FEWEST.to_string(), false),
                None => one,
            });
        }
    }
    found
}
