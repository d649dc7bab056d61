//! # rate-above-offered (W0614)
//!
//! A check that wants a higher request rate than an open loop sends. Up to a tenth more is let pass,
//! since arrivals may come at random, and the last one of even ones is due before the time is over.
//!
//! ## Why it matters
//!
//! A server cannot answer what it is not asked: the check can hold by chance alone.
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
//!   phase steady { workload = hello, rate = 10 req/s, duration = 30s }
//!   expect busy: steady.request_rate >= 20 req/s
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
//!   phase steady { workload = hello, rate = 10 req/s, duration = 30s }
//!   expect busy: steady.request_rate >= 9 req/s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;

const RULE: Rule = ("W0614", "rate-above-offered");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "request_rate")) = limit.scalar() else {
            continue;
        };
        let loads = view.loads(of);
        let rate = |load: &LoadSpec| match load.load.pace {
            Pace::Open { rate_per_s, .. } => Some(rate_per_s),
            Pace::Closed { .. } | Pace::Batch => None,
        };
        let offered: Option<f64> = loads.iter().map(|(load, _)| rate(load)).sum();
        // the last request of a constant load is due before its time is over
        if let (Some(offered), Some((_, block))) = (offered, loads.first())
            && limit.limit > offered * 1.1
        {
            let message = format!("`{}` sends {offered} requests per second", of.phase);
            found.push(
                warning(RULE, limit.limit_span, message)
                    .label(place(block, "rate"), "sent here")
                    .help("raise `rate`, or lower this"),
            );
        }
    }
    found
}
