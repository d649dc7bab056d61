//! # growth-without-quiesce (W0603)
//!
//! A limit of memory growth from or up to a phase that only idles: it has no `quiesce`. Two figures
//! of one series at rest that are compared with each other are a growth too: the last sample less the
//! first, the peaks of two phases without load.
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
use crate::lint::view::{End, View, Within, warning};

const RULE: Rule = ("W0603", "growth-without-quiesce");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for grown in view.grown() {
        let ends = match grown.window {
            Within::Between(from, to) => vec![(to, "the end"), (from, "the beginning")],
            Within::During(phase) => vec![(End::Phase(phase), "the end")],
        };
        for (end, which) in ends {
            let phase = match end {
                End::Phase(name) => view.phase(name),
                // before all load there is nothing in caches
                End::First => None,
                End::Last => view.phases().last(),
            };
            if let Some((phase, block)) = phase
                && !phase.quiesce
            {
                let why = match which {
                    "the end" => "what caches hold counts as growth",
                    _ => "what caches hold there hides growth",
                };
                let message = format!("`{}` does not quiesce: {why}", phase.name);
                found.push(
                    warning(RULE, grown.span, message)
                        .label(block.head(), format!("{which} of the growth"))
                        .help(match end {
                            End::Last => "end with a phase that has `quiesce = true`",
                            _ => "give both phases `quiesce = true`",
                        }),
                );
                break;
            }
        }
    }
    found
}
