//! # random-without-seed (W0648)
//!
//! A measured load that draws lengths or thinking times at random, and says no `seed`.
//!
//! ## Why it matters
//!
//! Without one they follow from the names of the phase and the load. A run of the same file draws
//! the same again, but after a phase or a load was renamed, or its load moved into a `load` block,
//! its requests are others: a difference between two runs may then be that of the lengths. With a
//! `seed` lengths follow from it alone; and loads that say the same one, in two phases or two
//! scenarios, ask for the same lengths, so that they can be compared.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload chat { input = 200 tok, output = uniform(50 tok, 100 tok) }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = chat, requests = 10, measured = false }
//!   phase steady { workload = chat, requests = 100, concurrency = 4 }
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload chat { input = 200 tok, output = uniform(50 tok, 100 tok) }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = chat, requests = 10, measured = false }
//!   phase steady { workload = chat, requests = 100, concurrency = 4, seed = 1 }
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Stretch;
use crate::lint::view::{View, place, warning};
use crate::load::random::Random;
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;

const RULE: Rule = ("W0648", "random-without-seed");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let measured = view.phases().filter(|(phase, _)| phase.measured);
    for (phase, _) in measured {
        let of = Stretch {
            phase: phase.name.as_str().into(),
            load: None,
        };
        for (load, block) in view.loads(&of) {
            let Some(what) = drawn(load).filter(|_| !load.seeded) else {
                continue;
            };
            let message = format!("{what} follow from the names of the phase and the load");
            found.push(warning(RULE, place(block, "workload"), message).help(
                "say `seed = 1`: then they stay what they are, whatever the phase is called",
            ));
        }
    }
    found
}

/// What the load draws that names decide.
fn drawn(load: &LoadSpec) -> Option<&'static str> {
    let random = |of: &Option<Random>| of.as_ref().is_some_and(|of| of.fixed().is_none());
    let asks = &load.workload.asks;
    if random(&asks.input) || random(&asks.max_tokens) {
        return Some("these random lengths");
    }
    match &load.load.pace {
        Pace::Closed { think, .. } if think.fixed().is_none() => {
            Some("these random thinking times")
        }
        _ => None,
    }
}
