//! # drain-below-limit (W0621)
//!
//! A limit of latency that is above the `drain` of its load.
//!
//! ## Why it matters
//!
//! Requests that are under way at the end are cancelled after `drain`: the slow ones among them are
//! never seen.
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
//!   phase steady { workload = hello, rate = 10 req/s, duration = 30s, drain = 1s }
//!   expect quick: steady.e2e.p95 <= 5s
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
//!   phase steady { workload = hello, rate = 10 req/s, duration = 30s, drain = 10s }
//!   expect quick: steady.e2e.p95 <= 5s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, value, warning};

const RULE: Rule = ("W0621", "drain-below-limit");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, of) in view.latency_limits() {
        if !matches!(limit.statistic(), Some((_, "ttft" | "ttfa" | "e2e", _))) {
            continue;
        }
        for (load, block) in view.loads(of) {
            if let Some(drain) = load.load.drain.map(|drain| drain.as_secs_f64())
                && limit.limit > drain
            {
                let message = format!("the last requests get {drain} s");
                let one = warning(RULE, limit.limit_span, message)
                    .label(place(block, "drain"), "then they are cancelled")
                    .help("raise `drain` above the limit, or leave it out");
                let text = view.text(limit.limit_span);
                // a name need not mean the same there
                let literal = text.starts_with(|c: char| c.is_ascii_digit());
                found.push(match value(block, "drain").filter(|_| literal) {
                    Some(at) => one.fix("wait as long as the limit", at, text, false),
                    None => one,
                });
            }
        }
    }
    found
}
