//! # judges-nothing (W0630)
//!
//! A scenario that measures, and neither judges, ranks nor reports anything. It is advice, and no
//! objection.
//!
//! ## Why it matters
//!
//! Without an `expect` it passes whatever the server does, as long as it answers at all, and
//! without a `rank` or a `report` nobody has asked for its figures. To look at a server that is
//! fine; as a test it holds nothing.
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
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```

use crate::diagnostics::codes::Rule;
use crate::diagnostics::{Diagnostic, Severity};
use crate::lint::view::warning;
use crate::resolve::Flat;
use crate::scenario::Case;

const RULE: Rule = ("W0630", "judges-nothing");

pub fn check(flat: &Flat, _: &[Case]) -> Vec<Diagnostic> {
    let asks = |kind| flat.children_of(kind).next().is_some();
    let never_runs = !asks("phase");
    if flat.incomplete || never_runs || !flat.checks.is_empty() || asks("rank") || asks("report") {
        return Vec::new();
    }
    let message = format!("{} measures, and judges and reports nothing", flat.quoted());
    let mut found = warning(RULE, flat.head(), message)
        .help("say what must hold: `expect answered: steady.success_rate >= 99%`, or which figures are wanted: `report table { columns = […], to = \"table.csv\" }`");
    // who only looks at a server is not wrong
    found.severity = Severity::Note;
    vec![found]
}
