//! # throughput-above-offered (W0615)
//!
//! A check that wants more output tokens per second than an open loop asks for: its rate times the
//! answers' mean length. Up to a tenth more is let pass, for arrivals and lengths that are drawn at
//! random, and for the last answers of a short phase; a tighter limit is no better.
//!
//! ## Why it matters
//!
//! The server cannot make tokens that nobody asks for.
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
//!   expect busy: steady.output_throughput >= 1000 tok/s
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
//!   expect busy: steady.output_throughput >= 100 tok/s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;
use crate::scenario::LoadSpec;

const RULE: Rule = ("W0615", "throughput-above-offered");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for limit in view.comparisons().filter(|c| c.at_least()) {
        let Some((of, "output_throughput")) = limit.scalar() else {
            continue;
        };
        let loads = view.loads(of);
        let asked = |load: &LoadSpec| {
            let length = load.workload.asks.max_tokens.as_ref();
            match load.load.pace {
                Pace::Open { rate_per_s, .. } => Some(rate_per_s * length?.mean()),
                Pace::Closed { .. } | Pace::Batch => None,
            }
        };
        let offered: Option<f64> = loads.iter().map(|(load, _)| asked(load)).sum();
        if let (Some(offered), Some((_, block))) = (offered, loads.first())
            && limit.limit > offered * 1.1
        {
            let message = format!(
                "`{}` asks for {offered:.0} tokens per second at most",
                of.phase
            );
            found.push(
                warning(RULE, limit.limit_span, message)
                    .label(place(block, "rate"), "sent here")
                    .help("raise `rate` or the workload's `output`, or lower this"),
            );
        }
    }
    found
}
