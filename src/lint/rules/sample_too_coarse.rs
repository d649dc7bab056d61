//! # sample-too-coarse (W0616)
//!
//! A peak of a phase that is shorter than two samples.
//!
//! ## Why it matters
//!
//! A peak between samples is not seen. Of a phase in which none is taken there is no figure at all.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   sample = 5s
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase burst { workload = hello, concurrency = 4, duration = 1s }
//!   expect bounded: peak(sut.memory, during = burst) <= 2GB
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
//!   sample = 500ms
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase burst { workload = hello, concurrency = 4, duration = 30s }
//!   expect bounded: peak(sut.memory, during = burst) <= 2GB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Query;
use crate::lint::view::{View, place, warning};

const RULE: Rule = ("W0616", "sample-too-coarse");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (query, span) in view.checked() {
        let Query::Peak {
            during: Some(name), ..
        } = query
        else {
            continue;
        };
        let Some((phase, block)) = view.phase(name) else {
            continue;
        };
        let loads = phase.loads.iter().filter_map(|load| load.load.duration);
        let Some(time) = phase.idle.or(loads.max()) else {
            continue;
        };
        let sample = view.case.sample;
        if time < 2 * sample {
            let message = format!(
                "`{name}` takes {} s, and a sample is taken every {} s",
                time.as_secs_f64(),
                sample.as_secs_f64()
            );
            found.push(
                warning(RULE, span, message)
                    .label(place(block, "duration"), "this phase")
                    .help("lower the scenario's `sample`, or let the phase take longer"),
            );
        }
    }
    found
}
