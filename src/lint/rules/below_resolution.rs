//! # below-resolution (W0605)
//!
//! A limit of memory growth that is smaller than what can be measured: 2 MiB on a GPU, a page of 4
//! KiB on the host.
//!
//! ## Why it matters
//!
//! GPU memory is handed out in blocks of 2 MiB, and that of processes in pages. One block more or
//! less is no leak, and the check fails now and then.
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
//!   expect kept: growth(sut.gpu_memory, from = before, to = after) <= 1MiB
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
//!   expect kept: growth(sut.gpu_memory, from = before, to = after) <= 64MiB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, warning};

const RULE: Rule = ("W0605", "below-resolution");

const GPU_BLOCK: f64 = 2.0 * 1024.0 * 1024.0;
const PAGE: f64 = 4096.0;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (limit, series, _) in view.growth_limits() {
        let memory = series.contains("memory") || matches!(series, "pss" | "uss");
        let (least, shown) = match series.contains("gpu") {
            true => (GPU_BLOCK, "2 MiB, a block of a GPU's memory"),
            false => (PAGE, "4 KiB, a page"),
        };
        if memory && limit.limit < least {
            found.push(
                warning(
                    RULE,
                    limit.limit_span,
                    "the limit is below what can be measured",
                )
                .help(format!(
                    "{series} is counted in steps of {shown}: allow several"
                )),
            );
        }
    }
    found
}
