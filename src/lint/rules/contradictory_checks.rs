//! # contradictory-checks (E0450)
//!
//! Checks of one case that cannot hold together: limits of one figure that leave nothing between
//! them, statistics in an order that no distribution has, and a number of requests that the phase
//! does not make.
//!
//! ## Why it matters
//!
//! One of them fails, whatever is measured. Most often a limit or a name was confused.
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
//!   expect quick: steady.ttft.p50 <= 100ms
//!   expect slow:  steady.ttft.p50 > 200ms
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
//!   expect quick: steady.ttft.p50 <= 200ms
//!   expect slow:  steady.ttft.p50 > 100ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::{self, Rule};
use crate::eval::{Query, Reading, Stretch};
use crate::lint::ratio::Ratio;
use crate::lint::view::{self, Comparison, Stat, View, place};
use crate::measure::requests::share_of;
use crate::resolve::Flat;
use crate::scenario::PhaseSpec;
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::units::{Dimension, Quantity, display};
use std::collections::HashMap;

const RULE: Rule = ("E0450", "contradictory-checks");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let claims: Vec<Claim<'_>> = view
        .comparisons()
        .filter(|comparison| comparison.certain)
        .filter_map(Claim::of)
        .collect();
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut earlier = Earlier::default();
    for claim in &claims {
        if let Some(other) = earlier.excluding(claim) {
            found.push(apart(claim, other));
        } else if let Some(fact) = in_parts(claim.comparison).or_else(|| unmade(view, claim)) {
            found.push(fact);
        }
        earlier.add(claim);
    }
    let others = view.comparisons().filter(|c| c.op == BinaryOp::NotEqual);
    found.extend(others.filter_map(in_parts));
    let ratios = view.ratios();
    found.extend(ratios.filter_map(disordered));
    found
}

/// What a comparison leaves of a figure: from `least` to `most`, without an end that is open.
struct Claim<'a> {
    comparison: &'a Comparison,
    least: (f64, bool),
    most: (f64, bool),
}

impl<'a> Claim<'a> {
    fn of(comparison: &'a Comparison) -> Option<Self> {
        let limit = comparison.limit;
        let all = (f64::NEG_INFINITY, false, f64::INFINITY, false);
        let (least, above, most, below) = match comparison.op {
            BinaryOp::Less => (all.0, false, limit, true),
            BinaryOp::LessEqual => (all.0, false, limit, false),
            BinaryOp::Greater => (limit, true, all.2, false),
            BinaryOp::GreaterEqual => (limit, false, all.2, false),
            BinaryOp::Equal => (limit, false, limit, false),
            _ => return None,
        };
        Some(Self {
            comparison,
            least: (least, above),
            most: (most, below),
        })
    }

    /// Whether no measurement is both.
    fn excludes(&self, other: &Self) -> bool {
        let (a, b) = (&self.comparison.figure, &other.comparison.figure);
        if figure(a) == figure(b) {
            return above(self.least, other.most) || above(other.least, self.most);
        }
        // what is never more than the other has to be more
        never_more(a, b) && above(self.least, other.most)
            || never_more(b, a) && above(other.least, self.most)
    }
}

/// So many figures of one metric are compared with each other: min, p50, p95 and so on.
const FIGURES: usize = 64;

/// What the claims so far leave of each figure.
#[derive(Default)]
struct Earlier<'a>(HashMap<String, Vec<Strictest<'a>>>);

/// Of one figure the claims that leave the least of it, from below and from above.
struct Strictest<'a> {
    least: &'a Claim<'a>,
    most: &'a Claim<'a>,
}

impl<'a> Earlier<'a> {
    /// What may exclude one another: figures of one stretch's metric, or of one series.
    fn key(claim: &Claim<'_>) -> String {
        let reading = &claim.comparison.figure;
        match statistic(reading) {
            Some((of, metric, _)) => format!("{:?} {of:?} {metric}", reading.case),
            None => format!("{:?} {:?}", reading.case, figure(reading)),
        }
    }

    fn excluding(&self, claim: &Claim<'_>) -> Option<&'a Claim<'a>> {
        let figures = self.0.get(&Self::key(claim))?;
        let mut strictest = figures.iter().flat_map(|one| [one.least, one.most]);
        strictest.find(|other| other.excludes(claim))
    }

    fn add(&mut self, claim: &'a Claim<'a>) {
        let figures = self.0.entry(Self::key(claim)).or_default();
        let of = figure(&claim.comparison.figure);
        let same = |one: &Strictest<'_>| figure(&one.least.comparison.figure) == of;
        match figures.iter().position(same) {
            Some(at) => {
                let one = &mut figures[at];
                if higher(claim.least, one.least.least) {
                    one.least = claim;
                }
                if lower(claim.most, one.most.most) {
                    one.most = claim;
                }
            }
            None if figures.len() < FIGURES => figures.push(Strictest {
                least: claim,
                most: claim,
            }),
            None => {}
        }
    }
}

/// Whether a lower end leaves less than another; `true` of an end is that it is open.
fn higher((a, a_open): (f64, bool), (b, b_open): (f64, bool)) -> bool {
    a > b || a == b && a_open && !b_open
}

/// Whether an upper end leaves less than another.
fn lower((a, a_open): (f64, bool), (b, b_open): (f64, bool)) -> bool {
    a < b || a == b && a_open && !b_open
}

/// Whether nothing that is at least the one is at most the other.
fn above((least, above): (f64, bool), (most, below): (f64, bool)) -> bool {
    least > most || least == most && (above || below)
}

/// A statistic and the percentile that it is are one figure.
fn figure(reading: &Reading) -> Query {
    match &reading.query {
        Query::Statistic { of, metric, stat } => match share_of(stat) {
            Some(share) => Query::Percentile {
                of: of.clone(),
                metric,
                share,
            },
            None => reading.query.clone(),
        },
        query => query.clone(),
    }
}

/// A statistic of a distribution; what has none is nothing here.
fn statistic(reading: &Reading) -> Option<(&Stretch, &'static str, Stat<'_>)> {
    // the client's own clocks may be a hair apart
    view::statistic(&reading.query).filter(|(_, metric, _)| *metric != "lateness")
}

/// Whether the one is at most the other in every distribution: min, p50, p90, max.
fn never_more(a: &Reading, b: &Reading) -> bool {
    let (Some((of_a, metric_a, a)), Some((of_b, metric_b, b))) = (statistic(a), statistic(b))
    else {
        return false;
    };
    if of_a != of_b || metric_a != metric_b {
        return false;
    }
    match (a, b) {
        (Stat::Percentile(a), Stat::Percentile(b)) => a < b,
        (Stat::Named("min"), Stat::Named("max" | "mean") | Stat::Percentile(_)) => true,
        (Stat::Named("mean") | Stat::Percentile(_), Stat::Named("max")) => true,
        _ => false,
    }
}

fn apart(claim: &Claim<'_>, other: &Claim<'_>) -> Diagnostic {
    let same = figure(&claim.comparison.figure) == figure(&other.comparison.figure);
    let (message, help) = match same {
        true => (
            "these two never hold together",
            "leave a range between them, or drop one",
        ),
        false => (
            "these two never hold together: statistics of one distribution have an order",
            "min, p50, p95, p99, max go up, and the mean is between min and max",
        ),
    };
    Diagnostic::error(RULE, claim.comparison.span, message)
        .label(other.comparison.span, "this leaves nothing of it")
        .help(help)
}

/// A number of requests that is no whole one.
fn in_parts(comparison: &Comparison) -> Option<Diagnostic> {
    let counts = match &comparison.figure.query {
        query @ Query::Scalar { .. } => query.dimension() == Dimension::REQUESTS,
        Query::Failures { .. } => true,
        _ => false,
    };
    if !counts || comparison.limit.fract() == 0.0 {
        return None;
    }
    let help = "write a whole number; a share is of all requests: failed / requests, success_rate";
    match comparison.op {
        BinaryOp::Equal => {
            let message = "this never holds: requests are counted in whole numbers";
            Some(Diagnostic::error(RULE, comparison.span, message).help(help))
        }
        BinaryOp::NotEqual => {
            let message = "this always holds: requests are counted in whole numbers";
            let found = Diagnostic::warning(codes::ALWAYS_HOLDS, comparison.span, message);
            Some(found.help(help))
        }
        _ => None,
    }
}

/// A number of requests that the phase does not make.
fn unmade(view: &View<'_>, claim: &Claim<'_>) -> Option<Diagnostic> {
    let reading = &claim.comparison.figure;
    let Query::Scalar { of, metric } = &reading.query else {
        return None;
    };
    if reading.case.is_some() || !matches!(*metric, "requests" | "completed" | "failed") {
        return None;
    }
    let (phase, _) = view.phase(&of.phase)?;
    let loads = view.loads(of);
    let (made, exact) = made(phase, &loads)?;
    let more = above(claim.least, (made, false));
    let less = exact && *metric == "requests" && above((made, false), claim.most);
    if !more && !less {
        return None;
    }
    let shown = display(Quantity::new(made, reading.query.dimension()));
    let message = match more {
        true => format!("`{}` makes {shown} at most", of.phase),
        false => format!("`{}` makes {shown}", of.phase),
    };
    let mut found = Diagnostic::error(RULE, claim.comparison.span, message);
    if let Some((_, block)) = loads.first() {
        found = found.label(place(block, "requests"), "made here");
    }
    Some(found.help(match phase.repeat {
        1 => "compare with the number that is made".to_string(),
        repeat => format!("it is repeated {repeat} times, and its requests are counted together"),
    }))
}

/// How many requests a stretch makes at most, and whether it makes no fewer.
fn made(phase: &PhaseSpec, loads: &[(&crate::scenario::LoadSpec, &Flat)]) -> Option<(f64, bool)> {
    let each = loads.iter().map(|(load, _)| load.load.requests);
    let sum = each.sum::<Option<u64>>().filter(|_| !loads.is_empty())?;
    let exact = loads.iter().all(|(load, _)| load.load.duration.is_none());
    Some((sum.checked_mul(phase.repeat)? as f64, exact))
}

/// Statistics of one distribution that are compared against their order, or along it.
fn disordered(ratio: &Ratio) -> Option<Diagnostic> {
    let (a, b) = (&ratio.left.figure, &ratio.right.figure);
    if a.case != b.case {
        return None;
    }
    let factor = ratio.factor();
    let span: Span = ratio.span;
    // `a op factor * b`, where a is never more than b
    let along = never_more(a, b);
    let against = never_more(b, a);
    let (holds, fails) = match ratio.op {
        BinaryOp::LessEqual => (along && factor >= 1.0, against && factor < 1.0),
        BinaryOp::Less => (along && factor > 1.0, against && factor <= 1.0),
        BinaryOp::GreaterEqual => (against && factor <= 1.0, along && factor > 1.0),
        BinaryOp::Greater => (against && factor < 1.0, along && factor >= 1.0),
        _ => (false, false),
    };
    let help = "min, p50, p95, p99, max go up, and the mean is between min and max";
    if holds {
        let message = "this always holds: statistics of one distribution have an order";
        return Some(Diagnostic::warning(codes::ALWAYS_HOLDS, span, message).help(help));
    }
    (fails && ratio.certain).then(|| {
        let message = "this never holds: statistics of one distribution have an order";
        Diagnostic::error(RULE, span, message).help(help)
    })
}
