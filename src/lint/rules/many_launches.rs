//! # many-launches (W0626)
//!
//! A matrix that starts more than 100 servers.
//!
//! ## Why it matters
//!
//! Each start takes minutes with a real model. Most often an axis that only the load reads was put
//! into the server by mistake: cases whose servers are the same share one.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { n = range(150) }
//!   server sut { engine = engines.builtin, options { ttft = (n + 1) * 1ms } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect answered: steady.success_rate >= 99%
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
//!   matrix { n = range(150) }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 10 * (n + 1), concurrency = n + 1 }
//!   expect answered: steady.success_rate >= 99%
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::warning;
use crate::report::model::World;
use crate::resolve::Flat;
use crate::scenario::Case;

const RULE: Rule = ("W0626", "many-launches");

/// Launches that somebody may have wanted.
const MANY: usize = 100;

pub fn check(flat: &Flat, cases: &[Case]) -> Vec<Diagnostic> {
    let launches = match cases.len() > MANY {
        true => crate::plan::plan_in(World::Real, cases).launches.len(),
        false => 0,
    };
    if launches <= MANY {
        return Vec::new();
    }
    let matrix = flat
        .child("matrix")
        .map_or(flat.head(), |matrix| matrix.head());
    let message = format!("{} starts its servers {launches} times", flat.quoted());
    let found = warning(RULE, matrix, message);
    vec![found.help("leave out values, or `exclude when …`; `scn plan` shows the launches")]
}
