//! # tp-over-slow-link (W0634)
//!
//! Tensor-parallel ranks on GPUs whose link is too slow for it: they would wait for each other for
//! more than half of a step.
//!
//! ## Why it matters
//!
//! Each layer ends twice with an all-reduce of every token's hidden state, and nobody goes on
//! before it is there. Over PCIe that may take longer than the work that is shared, and more ranks
//! make it no faster. The sum is of what GPUs and links do at most, by the figures of the `gpu`
//! block: `2 (n-1)/n · tokens · hidden · 2 bytes` around the ranks for each all-reduce, against the
//! longer of `2 · parameters · tokens` operations and of reading the weights once. Where the server's
//! `cluster` states links, a rank sends over all links of its GPU at once, up to the `link` of the `gpu`, and an all-reduce takes
//! `log2(n)` of their `latency` at least. Of real GPUs and links, the links stay further behind.
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
//!     engine = engines.vllm
//!     model  = models.llama_3_1_70b
//!     gpu    = gpus.l40s
//!     layout { tp = 8 }
//!   }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect quick: steady.success_rate >= 99%
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
//!     engine = engines.vllm
//!     model  = models.llama_3_1_70b
//!     gpu    = gpus.h100
//!     layout { tp = 8 }
//!   }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect quick: steady.success_rate >= 99%
//! }
//! ```

use crate::cost::Step;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::scenario::ServerSpec;
use crate::units::{Dimension, Quantity, display, number};

const RULE: Rule = ("W0634", "tp-over-slow-link");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let servers = view.case.servers.iter();
    servers.filter_map(|server| judged(view, server)).collect()
}

fn judged(view: &View<'_>, server: &ServerSpec) -> Option<Diagnostic> {
    let steps = &server.memory.as_ref()?.steps;
    let slowest = steps
        .iter()
        .max_by(|a, b| a.link_share().total_cmp(&b.link_share()))?;
    if slowest.link_share() <= 0.5 {
        return None;
    }
    let gpu = server.gpu.as_ref()?;
    let tp = server.layout.tp;
    let message = format!(
        "{tp} ranks would wait for their link for {}% of a step",
        number(slowest.link_share() * 100.0, 2)
    );
    let block = view.server_block(&server.name)?;
    let at = match block.child("layout") {
        Some(layout) => place(layout, "tp"),
        None => place(block, "layout"),
    };
    let mut found = match &server.cluster {
        Some(_) => warning(RULE, at, message).label(place(block, "cluster"), "of this cluster"),
        None => warning(RULE, at, message).label(place(block, "gpu"), "of these GPUs"),
    };
    for step in steps {
        found = found.help(sum(step, gpu.name.as_str()));
    }
    Some(found.help(
        "pipeline stages (`pp`) pass each token on once, replicas (`dp`) not at all; or take GPUs with a faster link",
    ))
}

/// `2048 tokens: 160 all-reduces of 33.6 MB over 32 GB/s take 251 ms, the work of each l40s 193 ms`
fn sum(step: &Step, gpu: &str) -> String {
    let shown = |value: f64, dimension| display(Quantity::new(value, dimension));
    let ms = |seconds: f64| format!("{} ms", number(seconds * 1000.0, 3));
    format!(
        "{} tokens at once: {} all-reduces of {} MB over {} take {}, the work of each {gpu} {}",
        number(step.tokens, 6),
        number(step.reduces, 6),
        number(step.bytes / 1e6, 3),
        shown(step.link, Dimension::DATA.per(Dimension::TIME)),
        ms(step.link_s),
        ms(step.work_s),
    )
}
