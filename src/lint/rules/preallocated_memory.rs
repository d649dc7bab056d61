//! # preallocated-memory (W0627)
//!
//! A limit of GPU memory that cannot tell anything of a server that takes its KV cache whole when
//! it starts: growth of more than it leaves free, a peak below what it takes at once, or above what
//! the GPUs have.
//!
//! ## Why it matters
//!
//! What requests use of the KV cache does not show in the GPU's memory: the engine has taken all of
//! it before the first request, and a block that is never given back stays inside. What shows is
//! what grows beside it (activations, encoders, libraries), and that has only the rest of the GPU:
//! where a limit is larger than the rest, the server runs out of memory before the check fails. For
//! leaks in the cache read the engine's own figures at rest, such as `sut.kv_usage`.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//! use std.gpus
//! use std.models
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut {
//!     engine  = engines.vllm
//!     model   = models.qwen3_8b
//!     gpu     = gpus.h100
//!     options { gpu_memory_utilization = 95% }
//!   }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase before { quiesce = true, idle = 5s }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.gpu_memory, from = before, to = after) <= 5GB
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//! use std.gpus
//! use std.models
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut {
//!     engine  = engines.vllm
//!     model   = models.qwen3_8b
//!     gpu     = gpus.h100
//!     options { gpu_memory_utilization = 95% }
//!   }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase before { quiesce = true, idle = 5s }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   phase after { quiesce = true, idle = 5s }
//!   expect kept: growth(sut.gpu_memory, from = before, to = after) <= 500MB
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Query;
use crate::lint::view::{Comparison, View, warning};
use crate::scenario::{Pool, ServerSpec};
use crate::units::number;

const RULE: Rule = ("W0627", "preallocated-memory");

/// Series of the memory of all of a server's GPUs.
const SERIES: [&str; 2] = ["gpu_memory", "gpu_process_memory"];

/// The share of its pool that a server surely takes: it keeps back what a step needs.
const SURE: f64 = 0.8;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let limits = view.comparisons().filter(|limit| limit.at_most());
    limits.filter_map(|limit| judged(view, limit)).collect()
}

fn judged(view: &View<'_>, limit: &Comparison) -> Option<Diagnostic> {
    let (series, grows) = match &limit.figure.query {
        Query::Growth { series, .. } => (series, true),
        Query::Peak { series, .. } => (series, false),
        Query::SeriesStat { series, stat } if stat.as_ref() == "max" => (series, false),
        _ => return None,
    };
    if !SERIES.contains(&&*series.name) {
        return None;
    }
    let server = view.server(&series.server)?;
    let pool = server.memory.as_ref()?.pool?;
    match grows {
        true => beyond_the_rest(limit, server, pool),
        false => below_the_pool(limit, server, pool),
    }
}

fn beyond_the_rest(limit: &Comparison, server: &ServerSpec, pool: Pool) -> Option<Diagnostic> {
    let left = pool.left * server.gpus as f64;
    (limit.limit >= left).then(|| {
        let message = format!(
            "this can grow by {} at most: {} takes the rest of {} at the start",
            gib(left),
            server.engine,
            gpus(server)
        );
        warning(RULE, limit.limit_span, message)
            .help("a server that needs more runs out of memory before the check fails: lower the limit")
            .help("what is kept of the KV cache is inside of what was taken, and does not show here: for leaks there read the engine's own figures at rest")
    })
}

fn below_the_pool(limit: &Comparison, server: &ServerSpec, pool: Pool) -> Option<Diagnostic> {
    let taken = pool.taken? * server.gpus as f64;
    let all = taken + pool.left * server.gpus as f64;
    let (message, help) = if limit.limit < taken * SURE {
        (
            format!(
                "{} takes about {} of {} for weights and KV cache before the first request",
                server.engine,
                gib(taken),
                gpus(server)
            ),
            "this fails whatever is sent; a limit of the growth tells what load adds: growth(sut.gpu_memory, from = baseline, to = cooldown)",
        )
    } else if limit.limit >= all {
        (
            format!("{} has no more than {}", gpus(server), gib(all)),
            "the peak cannot be above it: lower the limit, or ask for the growth",
        )
    } else {
        return None;
    };
    Some(warning(RULE, limit.limit_span, message).help(help))
}

fn gib(bytes: f64) -> String {
    format!("{} GiB", number(bytes / f64::from(1u32 << 30), 3))
}

/// `2 h100`, `an h100`
fn gpus(server: &ServerSpec) -> String {
    let name = server.memory.as_ref().map_or("GPU", |memory| &memory.gpu);
    match server.gpus {
        1 => format!("its {name}"),
        n => format!("its {n} {name}"),
    }
}
