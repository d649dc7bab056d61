//! # redundant-percentile (W0623)
//!
//! A limit of a percentile where a higher one has the same limit or a lower.
//!
//! ## Why it matters
//!
//! The higher one fails first, so the other says nothing. Most often the two limits were confused.
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
//!   expect quick: steady.ttft.p50 <= 1s
//!   expect tail:  steady.ttft.p95 <= 500ms
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
//!   expect quick: steady.ttft.p50 <= 500ms
//!   expect tail:  steady.ttft.p95 <= 1s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::Stretch;
use crate::lint::view::{Comparison, Stat, View, warning};
use crate::scenario::CheckSpec;
use crate::syntax::ast::CheckLevel;
use std::collections::HashMap;

const RULE: Rule = ("W0623", "redundant-percentile");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let limits = view.latency_limits().filter_map(|(limit, of)| {
        let (_, metric, Stat::Percentile(share)) = limit.statistic()? else {
            return None;
        };
        Some((limit, (of, metric), share))
    });
    let limits: Vec<_> = limits.collect();
    // of each metric the strictest limit of a share and those above it, from the highest on down
    let mut strictest: HashMap<(&Stretch, &str), Vec<(f64, &Comparison)>> = HashMap::new();
    let mut sorted: Vec<usize> = (0..limits.len()).collect();
    sorted.sort_by(|a, b| limits[*b].2.total_cmp(&limits[*a].2));
    for (limit, metric, share) in sorted.into_iter().map(|at| limits[at]) {
        let above = strictest.entry(metric).or_default();
        if above
            .last()
            .is_none_or(|(_, best)| limit.limit < best.limit)
        {
            above.push((share, limit));
        }
    }
    // what only warns makes nothing else needless
    let warns = |one: &Comparison| {
        let of = |check: &&CheckSpec| {
            let whole = check.expr.expr.span;
            whole.file == one.span.file
                && whole.start <= one.span.start
                && one.span.end <= whole.end
        };
        let check = view.case.checks.iter().find(of);
        check.is_some_and(|check| check.words.level == CheckLevel::Warn)
    };
    let mut found = Vec::new();
    for (low, metric, share) in limits {
        let above = strictest.get(&metric).map_or(&[][..], |above| above);
        let higher = above.partition_point(|(other, _)| *other > share);
        let stricter = above[..higher].last().map(|(_, limit)| *limit);
        // `max(p50, p90) <= 1s` is one check
        let other = |high: &&Comparison| {
            let fails = high.certain && !warns(high) || !low.certain || warns(low);
            high.limit <= low.limit && high.span != low.span && fails
        };
        if let Some(high) = stricter.filter(other) {
            found.push(
                warning(RULE, low.span, "this holds whenever a stricter check does")
                    .label(
                        high.span,
                        "a higher percentile, with a limit that is no higher",
                    )
                    .help("were the limits confused? A higher percentile has a higher limit"),
            );
        }
    }
    found
}
