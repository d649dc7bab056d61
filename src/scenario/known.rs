//! Comparisons that are decided before anything is measured: no count is more than what is sent,
//! and no answer begins after it has ended.

use super::LoadSpec;
use super::by_name::Stretches;
use super::context::Context;
use super::decided::{Compared, comparisons, say_decided};
use crate::eval::{Query, Scope, Stretch, Value};
use crate::resolve::Flat;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::number;

/// Reports those of a check.
pub(super) fn decided(cx: &Context<'_>, case: &Stretches<'_>, expr: &Expr, scope: &Scope) {
    for Compared {
        whole,
        op,
        left,
        right,
    } in comparisons(expr)
    {
        let found = counted(cx, case, (op, left, right), scope)
            .or_else(|| counted(cx, case, (op.turned(), right, left), scope))
            .or_else(|| ordered(cx, case, (op, left, right), scope));
        if let Some((holds, why)) = found {
            let help = "compare with a limit that it may or may not keep: steady.success_rate >= 99%, steady.e2e.p50 <= 2s";
            say_decided(cx, whole, holds, &format!(": {why}"), help);
        }
    }
}

/// A count, and a limit that is above what is sent.
fn counted(
    cx: &Context<'_>,
    case: &Stretches<'_>,
    (op, figure, limit): (BinaryOp, &Expr, &Expr),
    scope: &Scope,
) -> Option<(bool, String)> {
    let rests = cx.eval.rests(limit, scope);
    let Value::Number(limit) = cx.eval.eval(limit, scope) else {
        return None;
    };
    if rests.case || rests.outside || rests.set {
        return None;
    }
    let query = figure_of(cx, figure, scope)?;
    let of = match &query {
        Query::Scalar { of, metric } => {
            matches!(*metric, "requests" | "completed" | "failed").then_some(of)?
        }
        // gaps between tokens are as many as the answers have
        Query::Statistic { of, metric, stat } => {
            (stat.as_ref() == "count" && *metric != "itl").then_some(of)?
        }
        Query::Failures { of, .. } => of,
        _ => return None,
    };
    let most = sent(cx, case, of)? as f64;
    let holds = match op {
        BinaryOp::LessEqual | BinaryOp::Less if limit.value > most => true,
        BinaryOp::GreaterEqual | BinaryOp::Greater | BinaryOp::Equal if limit.value > most => false,
        _ => return None,
    };
    // that is a rule's to say, with where they are made: contradictory-checks
    if !holds && matches!(query, Query::Scalar { .. }) {
        return None;
    }
    let why = format!("`{}` sends {} requests", of.phase, number(most, 9));
    Some((holds, why))
}

/// How many requests a stretch sends at most, where the file itself says so: with another axis,
/// parameter or `let` it may be another number.
fn sent(cx: &Context<'_>, case: &Stretches<'_>, of: &Stretch) -> Option<u64> {
    let phase = case.running(&of.phase)?;
    let mut blocks = cx.flat.children_of("phase");
    let block = blocks.find(|block| block.title() == phase.name)?;
    let fixed = |flat: &Flat| {
        ["requests", "batch", "repeat"]
            .iter()
            .filter_map(|name| flat.attrs.get(*name))
            .all(|attr| {
                let rests = cx.eval.rests(&attr.expr, &cx.scope.in_module(attr.module));
                !(rests.case || rests.outside || rests.set)
            })
    };
    let each = |load: &LoadSpec| load.load.requests;
    // of a load that does not say it, the workload's rows do
    let says = |flat: &Flat| {
        ["requests", "batch"]
            .iter()
            .any(|n| flat.attrs.contains_key(*n))
    };
    if !says(block) && !block.children_of("load").any(|load| says(load)) {
        return None;
    }
    let loads = case.loads(phase, of);
    let whole = fixed(block) && block.children_of("load").all(|load| fixed(load));
    let sent: Option<Vec<u64>> = loads.into_iter().map(each).collect();
    let sent = sent.filter(|sent| whole && !sent.is_empty())?;
    let total = sent.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    Some(total.saturating_mul(phase.repeat))
}

/// The same statistic of the time to the first token and of the whole time of the same answers.
fn ordered(
    cx: &Context<'_>,
    case: &Stretches<'_>,
    (op, left, right): (BinaryOp, &Expr, &Expr),
    scope: &Scope,
) -> Option<(bool, String)> {
    let (a, b) = (figure_of(cx, left, scope)?, figure_of(cx, right, scope)?);
    let of = match (&a, &b) {
        (
            Query::Statistic { of, stat, .. },
            Query::Statistic {
                of: other,
                stat: same,
                ..
            },
        ) => (of == other && stat == same && !matches!(stat.as_ref(), "count" | "stddev"))
            .then_some(of)?,
        (
            Query::Percentile { of, share, .. },
            Query::Percentile {
                of: other,
                share: same,
                ..
            },
        ) => (of == other && share == same).then_some(of)?,
        _ => return None,
    };
    // of answers that are not streamed there is no first token: then it is not of the same ones
    let loads = case.loads(case.running(&of.phase)?, of);
    if !loads.iter().all(|load| load.workload.asks.stream) {
        return None;
    }
    let op = match (metric(&a)?, metric(&b)?) {
        ("ttft", "e2e") => op,
        ("e2e", "ttft") => op.turned(),
        _ => return None,
    };
    let holds = match op {
        BinaryOp::LessEqual => true,
        BinaryOp::Greater => false,
        _ => return None,
    };
    let why = "no answer ends before its first token".to_string();
    Some((holds, why))
}

fn metric(query: &Query) -> Option<&'static str> {
    match query {
        Query::Statistic { metric, .. } | Query::Percentile { metric, .. } => Some(metric),
        _ => None,
    }
}

/// The figure of this case that an expression is, and nothing that is computed from it.
fn figure_of(cx: &Context<'_>, expr: &Expr, scope: &Scope) -> Option<Query> {
    if !matches!(expr.kind, ExprKind::Field { .. } | ExprKind::Call { .. }) {
        return None;
    }
    // what the check reads was taken before
    cx.eval.take_trace();
    let value = cx.eval.eval(expr, scope);
    let trace = cx.eval.take_trace();
    match (value, trace.as_slice()) {
        (Value::Unknown(_), [figure]) if figure.span == expr.span && figure.case.is_none() => {
            Some(figure.query.clone())
        }
        _ => None,
    }
}
