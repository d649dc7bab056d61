//! # below-resolution (W0605)
//!
//! A limit of memory growth that is smaller than what can be measured: 2 MiB on a GPU, a page of 4
//! KiB on the host. One for each request is that of all requests together; less than one block
//! (`< 2MiB`) is none; and a growth that is to be one amount exactly (`== 0MB`) has no room at all. What
//! a server holds at one time less what it holds at another is a growth too.
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
use crate::eval::Query;
use crate::lint::view::{View, warning};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

const RULE: Rule = ("W0605", "below-resolution");

const GPU_BLOCK: f64 = 2.0 * 1024.0 * 1024.0;
const PAGE: f64 = 4096.0;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let limits = view.comparisons().filter_map(|c| match &c.figure.query {
        Query::Growth { series, .. } => Some((c.op, c.limit, &series.name, c.limit_span)),
        _ => None,
    });
    // what it holds now less what it held then
    let differences = view.differences().filter_map(|d| {
        let (more, less) = (d.more.query.series()?, d.less.query.series()?);
        (more == less).then_some((d.op, d.limit, &more.name, d.limit_span))
    });
    let limits = limits.chain(differences);
    let limits = limits.map(|(op, limit, series, span)| (op, limit, series.to_string(), span));
    let mut found = Vec::new();
    for (op, limit, series, span) in limits.chain(per_request(view)) {
        let memory = series.contains("memory") || matches!(series.as_str(), "pss" | "uss");
        let (least, shown) = match series.contains("gpu") {
            true => (GPU_BLOCK, "2 MiB, a block of a GPU's memory"),
            false => (PAGE, "4 KiB, a page"),
        };
        // less than one step is none at all
        let below = match op {
            BinaryOp::LessEqual => limit < least,
            BinaryOp::Less => limit <= least,
            _ => false,
        };
        let (what, how) = match op {
            // what has to be one amount to the byte has no room at all
            BinaryOp::Equal => (
                "memory that grows by one exact amount cannot be told from one that does not",
                "write `<=`, and allow several",
            ),
            _ if below => ("the limit is below what can be measured", "allow several"),
            _ => continue,
        };
        if memory {
            let help = format!("{series} is counted in steps of {shown}: {how}");
            found.push(warning(RULE, span, what).help(help));
        }
    }
    found
}

/// Limits of growth over the requests of a phase, where it says how many it sends: what all of
/// them may grow by.
fn per_request<'v>(view: &'v View<'v>) -> impl Iterator<Item = (BinaryOp, f64, String, Span)> + 'v {
    view.ratios().filter_map(|ratio| {
        let turned = ratio.turned();
        let ratio = if ratio.at_most() { ratio } else { &turned };
        let (Query::Growth { series, .. }, Query::Scalar { of, metric }) =
            (&ratio.left.figure.query, &ratio.right.figure.query)
        else {
            return None;
        };
        let counts = matches!(*metric, "requests" | "completed");
        if !ratio.at_most() || !counts || ratio.left.figure.case.is_some() {
            return None;
        }
        let (phase, _) = view.phase(&of.phase)?;
        let loads = view.loads(of).into_iter();
        let sent: Option<Vec<u64>> = loads.map(|(load, _)| load.load.requests).collect();
        let sent = sent?.iter().sum::<u64>() as f64 * phase.repeat as f64;
        Some((
            ratio.op,
            ratio.factor() * sent,
            series.name.to_string(),
            ratio.span,
        ))
    })
}
