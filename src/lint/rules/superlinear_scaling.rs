//! # superlinear-scaling (W0628)
//!
//! A check that wants more of more GPUs than their number gives: more than twice the throughput of
//! two for one, or less than half of the time per token.
//!
//! ## Why it matters
//!
//! GPUs that share a model's work also wait for each other, so twice as many give less than twice
//! as much. More is seen where the smaller layout has no memory left for its KV cache and keeps
//! requests waiting; then the comparison is of memory, and says so best:
//! `# scn: allow(superlinear-scaling) because …`. How long requests take in an open loop is no
//! matter of this rule: a queue that goes away takes any factor with it.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   matrix { tp = [2, 4] }
//!   server sut { engine = engines.builtin, layout { tp = tp } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect scales: at(tp = 4).steady.request_rate >= 2.5 * at(tp = 2).steady.request_rate
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
//!   matrix { tp = [2, 4] }
//!   server sut { engine = engines.builtin, layout { tp = tp } }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect scales: at(tp = 4).steady.request_rate >= 1.6 * at(tp = 2).steady.request_rate
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Query, Reading, Stretch};
use crate::lint::ratio::Ratio;
use crate::lint::view::{View, warning};
use crate::load::spec::Pace;
use crate::scenario::{Case, LoadSpec};
use crate::units::number;

const RULE: Rule = ("W0628", "superlinear-scaling");

/// What is made per second.
const RATES: [&str; 5] = [
    "request_rate",
    "output_throughput",
    "input_throughput",
    "total_throughput",
    "image_rate",
];

/// Beyond the ratio of the GPUs by so much it is no rounding.
const SLACK: f64 = 1.001;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let ratios = view.ratios();
    let both = ratios.flat_map(|ratio| [judged(view, ratio), judged(view, &ratio.turned())]);
    both.flatten().collect()
}

/// Where the left side is of more GPUs.
fn judged(view: &View<'_>, ratio: &Ratio) -> Option<Diagnostic> {
    let (large, small) = (&ratio.left.figure, &ratio.right.figure);
    let of = stretch(large)?;
    if stretch(small) != Some(of) || large.query.metric() != small.query.metric() {
        return None;
    }
    let cases = [large, small].map(|one| view.case_of(one.case.as_deref()));
    let [Some(more), Some(less)] = cases else {
        return None;
    };
    let gpus = (gpus(more, of)?, gpus(less, of)?);
    let times = gpus.0 / gpus.1;
    let metric = large.query.metric();
    let faster = if RATES.contains(&metric) && ratio.at_least() {
        ratio.factor()
    } else if ratio.at_most() && is_work(metric, more, less, of) {
        1.0 / ratio.factor()
    } else {
        return None;
    };
    if times <= 1.0 || faster <= times * SLACK {
        return None;
    }
    let message = format!(
        "this wants {} times the speed on {} times the GPUs ({} against {})",
        number(faster, 3),
        number(times, 3),
        gpus.0,
        gpus.1
    );
    let limit = match RATES.contains(&metric) {
        true => format!("want less than {} times as much", number(times, 3)),
        false => format!("want more than 1/{} of the time", number(times, 3)),
    };
    Some(warning(RULE, ratio.span, message).help(limit).help(
        "more is seen only where the smaller layout lacks memory for its KV cache; if that is what is tested, say so: `# scn: allow(superlinear-scaling) because …`",
    ))
}

/// Whether the metric is a time that the work itself takes: of requests that do not queue.
fn is_work(metric: &str, more: &Case, less: &Case, of: &Stretch) -> bool {
    let clients = |case: &Case| {
        let closed = loads(case, of).map(|load| match load.load.pace {
            Pace::Closed { concurrency, .. } => Some(concurrency),
            Pace::Batch => load.load.requests,
            Pace::Open { .. } => None,
        });
        closed.collect::<Option<Vec<u64>>>()
    };
    let (Some(a), Some(b)) = (clients(more), clients(less)) else {
        return false;
    };
    let alone = a == [1];
    a == b && (matches!(metric, "itl" | "tpot" | "e2e") || alone && metric == "ttft")
}

fn stretch(reading: &Reading) -> Option<&Stretch> {
    match &reading.query {
        Query::Scalar { of, .. } | Query::Statistic { of, .. } | Query::Percentile { of, .. } => {
            Some(of)
        }
        _ => None,
    }
}

fn loads<'c>(case: &'c Case, of: &'c Stretch) -> impl Iterator<Item = &'c LoadSpec> {
    let phase = case.phases.iter().find(|phase| phase.name == *of.phase);
    let loads = phase.into_iter().flat_map(|phase| &phase.loads);
    loads.filter(|l| of.load.is_none() || l.load.name.as_deref() == of.load.as_deref())
}

/// The GPUs of the one server that is asked, by its layout.
fn gpus(case: &Case, of: &Stretch) -> Option<f64> {
    let mut servers = loads(case, of).map(|load| &load.server);
    let first = servers.next()?;
    if servers.any(|server| server != first) {
        return None;
    }
    let server = case.servers.iter().find(|server| server.name == *first)?;
    Some(server.gpu_count() as f64)
}
