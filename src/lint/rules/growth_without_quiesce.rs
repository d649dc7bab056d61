//! # growth-without-quiesce (W0603)
//!
//! A limit of memory growth from or up to a phase that only idles: it has no `quiesce`.
//!
//! ## Why it matters
//!
//! What the engine keeps in its caches on purpose looks like a leak. `quiesce` flushes them and
//! waits until memory settles.
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
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase before { quiesce = true, idle = 5s }
//!   phase after { idle = 5s }
//!   expect kept: growth(sut.memory, from = before, to = after) <= 20MB
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
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase before { quiesce = true, idle = 5s }
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.memory, from = before, to = after) <= 20MB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Window;
use crate::lint::view::{View, warning};

const RULE: Rule = ("W0603", "growth-without-quiesce");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, _, window) in view.growth_limits() {
        let ends = match window {
            Window::Between { from, to } => vec![(to, "the end"), (from, "the beginning")],
            Window::During { phase } => vec![(phase, "the end")],
        };
        for (end, which) in ends {
            if let Some((phase, block)) = view.phase(end)
                && !phase.quiesce
            {
                let why = match which {
                    "the end" => "what caches hold counts as growth",
                    _ => "what caches hold there hides growth",
                };
                let message = format!("`{end}` does not quiesce: {why}");
                found.push(
                    warning(RULE, limit.span, message)
                        .label(block.head(), format!("{which} of the growth"))
                        .help("give both phases `quiesce = true`"),
                );
                break;
            }
        }
    }
    found
}
