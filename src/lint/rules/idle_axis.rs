//! # idle-axis (W0625)
//!
//! An axis of the matrix that nothing in the scenario reads.
//!
//! ## Why it matters
//!
//! Its cases are all the same: they cost time, and their differences are noise that looks like a
//! result. To measure again, use `repeat`.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { tp = [1, 2] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect quick: steady.ttft.p95 <= 1s
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
//!   matrix { tp = [1, 2] }
//!   server sut { engine = engines.builtin, layout { tp = tp } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect quick: steady.ttft.p95 <= 1s
//! }
//! ```

use crate::check::names_in;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::warning;
use crate::resolve::Flat;
use crate::scenario::Case;

const RULE: Rule = ("W0625", "idle-axis");

pub fn check(flat: &Flat, _: &[Case]) -> Vec<Diagnostic> {
    let Some(matrix) = flat.child("matrix").filter(|_| !flat.incomplete) else {
        return Vec::new();
    };
    let read = names_in(flat);
    // `case.axes` may be read as a whole
    let unread = |name: &&String| !read.contains(name.as_str());
    let unread = matrix.attrs.keys().filter(unread);
    unread
        .map(|name| {
            let message = format!("nothing reads the axis `{name}`");
            warning(RULE, matrix.attrs[name].name.span, message)
                .help("name it where it belongs, or delete it; `repeat` measures again")
        })
        .collect()
}
