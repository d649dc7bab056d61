//! # rank-backwards (W0640)
//!
//! A rank by the highest of a figure that should be low, such as a latency or growth of memory, or
//! by the lowest of one that should be high, such as a throughput.
//!
//! ## Why it matters
//!
//! The first place goes to the worst case.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   rank best { highest = steady.ttft.p90 }
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
//!   matrix { clients = [2, 4] }
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = clients }
//!   rank best { lowest = steady.ttft.p90 }
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Query;
use crate::lint::view::{LATENCIES, RATES, View, warning};
use std::collections::HashMap;

const RULE: Rule = ("W0640", "rank-backwards");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let ranks = view.flat.children_of("rank");
    let ranks: HashMap<&str, _> = ranks.map(|block| (block.title(), block)).collect();
    let mut found = Vec::new();
    for shown in view.shown().filter(|shown| shown.plain) {
        let (Some(name), Some(high)) = (&shown.rank, better_high(&shown.figure.query)) else {
            continue;
        };
        let Some(block) = ranks.get(name.as_str()) else {
            continue;
        };
        let (said, other) = match high {
            true => ("lowest", "highest"),
            false => ("highest", "lowest"),
        };
        if let Some(attr) = block.attrs.get(said) {
            let metric = shown.figure.query.metric();
            let better = if high { "more" } else { "less" };
            let message = format!("the first place goes to the worst {metric}: {better} is better");
            found.push(
                warning(RULE, attr.name.span, message)
                    .help(format!("rank by the {other}: `{other} = …`"))
                    .fix(format!("rank by the {other}"), attr.name.span, other, false),
            );
        }
    }
    found
}

/// Whether more of a figure is better; none where that depends.
fn better_high(query: &Query) -> Option<bool> {
    match query {
        Query::Statistic { metric, stat, .. } => {
            let value = !matches!(stat.as_ref(), "count" | "stddev");
            (value && LATENCIES.contains(metric)).then_some(false)
        }
        Query::Percentile { metric, .. } => LATENCIES.contains(metric).then_some(false),
        Query::Failures { .. } | Query::Growth { .. } => Some(false),
        Query::Scalar { metric, .. } => match *metric {
            "failed" | "client_delay" => Some(false),
            "success_rate" | "accept_rate" | "completed" => Some(true),
            "image_rate" | "audio_rate" | "video_rate" | "prefill_throughput"
            | "decode_throughput" => Some(true),
            metric => RATES.contains(&metric).then_some(true),
        },
        _ => None,
    }
}
