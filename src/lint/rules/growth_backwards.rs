//! # growth-backwards (W0624)
//!
//! A growth from a later phase to an earlier one.
//!
//! ## Why it matters
//!
//! It is the growth with its sign turned: a leak makes it negative, and the check holds.
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
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.memory, from = after, to = before) <= 20MB
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

use crate::diagnostics::codes::Rule;
use crate::diagnostics::{Diagnostic, Fix};
use crate::lint::view::{End, View, Within, warning};

const RULE: Rule = ("W0624", "growth-backwards");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for grown in view.grown() {
        if let Within::Between(End::Phase(from), End::Phase(to)) = grown.window
            && let (Some(first), Some(last)) = (view.phase_place(from), view.phase_place(to))
            && first >= last
        {
            let message = match first == last {
                true => format!("`{from}` and `{to}` are one phase, which does not grow"),
                false => format!("`{from}` runs after `{to}`: a leak makes this negative"),
            };
            let mut one = warning(RULE, grown.span, message)
                .help("write the earlier phase behind `from`, the later one behind `to`");
            if let (Some(a), Some(b)) = (view.word(grown.span, from), view.word(grown.span, to)) {
                one.fixes.push(Fix {
                    title: "exchange them".into(),
                    edits: vec![(a, to.to_string()), (b, from.to_string())],
                    safe: false,
                });
            }
            found.push(one);
        }
    }
    found
}
