//! A scenario's checks, evaluated over values that are still unknown, so that a wrong name or
//! unit in one is found before anything starts.

use super::by_name::Stretches;
use super::context::{Context, one_line, reads};
use super::{Across, Case, CheckSpec, CheckWords, LoadSpec, PhaseSpec, Thunk, either, known, vain};
use crate::diagnostics::{Diagnostic, Severity, codes, has_errors};
use crate::eval::{Query, Reading, Scope, Stretch, Value};
use crate::load::spec::Pace;
use crate::measure::distribution::Support;
use crate::measure::floors::followed;
use crate::measure::requests::share_of;
use crate::resolve::FlatCheck;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::units::{Dimension, number};
use std::collections::BTreeSet;
use std::sync::Arc;

/// So many loads may the checks of a scenario read, all in all: each is looked at with each.
const MOST_LOADS_READ: usize = 100_000;

pub(super) fn lower(cx: &Context<'_>, case: &Case) -> Vec<CheckSpec> {
    let mut out = Vec::with_capacity(cx.flat.checks.len());
    let stretches = Stretches::of(case);
    let mut loads_left = MOST_LOADS_READ;
    for (index, check) in cx.flat.checks.iter().enumerate() {
        let scope = cx.scope.in_module(check.module);
        cx.eval.take_trace();
        let when = check
            .when
            .as_ref()
            .map(|expr| (expr, cx.eval.eval(expr, &scope)));
        if let Some((expr, value)) = &when {
            cx.truth(value, expr.span, "`when` takes");
            vain::never_judged(cx, check, expr, value, &scope);
        }
        // where `when` does not hold it guards: `a / b > 1 when b != 0`, `at(n = n + 1)… when n < 3`
        let guarded = matches!(when, Some((_, Value::Bool(false))));
        let trace_of_when = cx.eval.take_trace();
        let (value, found) = cx.eval.apart(|| {
            let value = cx.eval.eval(&check.expr, &scope);
            cx.truth(&value, check.expr.span, "a check is");
            value
        });
        let sound = !has_errors(&found);
        let only_then = [
            codes::ARITHMETIC.0,
            codes::NO_SUCH_CASE.0,
            codes::UNKNOWN_CASE.0,
        ];
        let said = found
            .into_iter()
            .filter(|d| !guarded || !only_then.contains(&d.code));
        said.for_each(|d| cx.eval.report(d));
        // as it is read: `when` stands behind
        let mut trace = cx.eval.take_trace();
        trace.extend(trace_of_when);
        let mut across = across(cx, case, check, &scope, &trace);
        if guarded {
            // it is skipped, whatever the other cases measured
            across.iter_mut().for_each(|across| across.reads.clear());
        } else {
            few_requests(cx, &stretches, &trace, Used::Checked);
            // what a case that cannot work expects of itself is skipped
            if sound && (case.infeasible.is_none() || across.is_some()) {
                vain::decided(cx, check, &value, &scope);
                known::decided(cx, &stretches, &check.expr, &scope);
                either::decided(cx, &check.expr, &scope);
            }
            vain::without_data(cx, &stretches, &trace);
        }
        let phases: BTreeSet<String> = trace
            .iter()
            .flat_map(|r| r.query.phases())
            .map(|p| p.to_string())
            .collect();
        // a floor is what a server holds at rest: no load has to be measured for it
        let at_rest = |reading: &Reading| matches!(reading.query, Query::Growth { .. });
        let read: BTreeSet<Arc<str>> = (trace.iter())
            .flat_map(|r| r.query.phases().into_iter().map(move |p| (p, at_rest(r))))
            .filter(|(phase, rest)| {
                let quiet = stretches.phase(phase).is_some_and(|p| p.loads.is_empty());
                !(*rest && quiet)
            })
            .map(|(phase, _)| phase)
            .collect();
        let read = read.iter().map(|phase| phase.as_ref());
        not_measured(cx, &stretches, read, check.expr.span, Used::Checked);
        let loads = |phase: &String| stretches.phase(phase).map_or(0, |phase| phase.loads.len());
        loads_left = phases
            .iter()
            .map(loads)
            .fold(loads_left, usize::saturating_sub);
        if loads_left == 0 {
            let message = format!("these checks read more than {MOST_LOADS_READ} loads in all");
            cx.eval.report(
                Diagnostic::error(codes::OUT_OF_RANGE, check.expr.span, message)
                    .says("this one and those after it are not looked at")
                    .help("make several phases of one with many loads"),
            );
            return out;
        }
        let because = check
            .because
            .as_ref()
            .and_then(|expr| cx.eval.eval(expr, &scope).shown());
        let source = &cx.program.sources;
        let words = CheckWords {
            name: check
                .name
                .as_ref()
                .map_or_else(|| format!("check_{}", index + 1), |name| name.text.clone()),
            level: check.level,
            text: one_line(&source.shown(check.expr.span)),
            when_text: check
                .when
                .as_ref()
                .map(|expr| one_line(&source.shown(expr.span))),
            because,
            place: source.place(check.span),
            phases: phases.into_iter().collect(),
            grows: trace.iter().filter_map(grows).collect(),
            span: check.expr.span,
        };
        out.push(CheckSpec {
            words: cx.shared.check(index, words),
            expr: Thunk {
                expr: check.expr.clone(),
                scope: scope.clone(),
            },
            when: check.when.clone().map(|expr| Thunk {
                expr,
                scope: scope.clone(),
            }),
            across,
        });
    }
    out
}

/// The series that must settle where its growth is read. What the host does never rests.
fn grows(reading: &Reading) -> Option<(String, String)> {
    let Query::Growth { series, .. } = &reading.query else {
        return None;
    };
    let name = followed(&series.name).unwrap_or_else(|| series.name.to_string());
    let of_server = series.dimension == Dimension::DATA && name != "host_memory";
    of_server.then(|| (series.server.to_string(), name))
}

/// What a check reads of other cases; none where it reads its own alone.
fn across(
    cx: &Context<'_>,
    case: &Case,
    check: &FlatCheck,
    scope: &Scope,
    trace: &[Reading],
) -> Option<Across> {
    let exprs = || std::iter::once(&check.expr).chain(&check.when);
    let calls = |expr: &Arc<Expr>| cx.eval.calls(expr, scope, "at");
    if !trace.iter().any(|reading| reading.case.is_some()) && !exprs().any(calls) {
        return None;
    }
    let here: Arc<str> = case.id.as_str().into();
    let reads = reads(trace, &here);
    let mut names = BTreeSet::new();
    exprs().for_each(|expr| names.extend(cx.eval.names_of_case(expr, scope)));
    let own = trace.iter().any(|reading| reading.case.is_none()) || names.contains("case");
    let axes = case.cases.row(&here).into_iter().flatten();
    let axes = axes.filter(|(axis, _)| own || names.contains(*axis));
    Some(Across {
        reads,
        axes: axes
            .map(|(axis, value)| (axis.clone(), value.clone()))
            .collect(),
    })
}

/// What a figure is read for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Used {
    Checked,
    Ranked,
    Shown,
}

/// Warns of what a rank or a column says too much by: percentiles of too few requests, and phases
/// that are not measured. Of the case's own figures: others' are their cases'.
pub(super) fn doubtful(
    cx: &Context<'_>,
    case: &Stretches<'_>,
    thunk: &Thunk,
    trace: &[Reading],
    used: Used,
) {
    let own = trace.iter().filter(|reading| reading.case.is_none());
    let own: Vec<Reading> = own.cloned().collect();
    for reading in &own {
        if let Some(mut found) = vain::of_metric(case, reading) {
            // a cell may say that there is none
            if used == Used::Shown {
                found.severity = Severity::Warning;
            }
            cx.eval.report(found);
        }
    }
    few_requests(cx, case, &own, used);
    let phases: BTreeSet<Arc<str>> = own.iter().flat_map(|r| r.query.phases()).collect();
    let read = phases.iter().map(|phase| phase.as_ref());
    not_measured(cx, case, read, thunk.expr.span, used);
}

/// Warns of phases that are not measured, and are read all the same.
fn not_measured<'n>(
    cx: &Context<'_>,
    case: &Stretches<'_>,
    read: impl Iterator<Item = &'n str>,
    span: Span,
    used: Used,
) {
    let what = match used {
        Used::Checked => "check",
        Used::Ranked => "rank",
        Used::Shown => "column",
    };
    for name in read {
        let phase = case.phase(name);
        if phase.is_some_and(|phase| !phase.measured) {
            let message = format!("this {what} reads `{name}`, which is not measured");
            cx.eval.report(
                Diagnostic::warning(codes::UNMEASURED_CHECK, span, message)
                    .help("a warm-up's figures are not the server's: read a measured phase, or drop `measured = false`"),
            );
        }
    }
}

/// Warns of percentiles that the requests asked for cannot tell.
fn few_requests(cx: &Context<'_>, case: &Stretches<'_>, trace: &[Reading], used: Used) {
    for reading in trace {
        let (of, metric, share) = match &reading.query {
            Query::Statistic { of, metric, stat } => match share_of(stat) {
                Some(share) => (of, *metric, share),
                None => continue,
            },
            Query::Percentile { of, metric, share } => (of, *metric, *share),
            _ => continue,
        };
        // gaps between tokens: as many as the answers have
        if metric == "itl" {
            continue;
        }
        let phase = case.phase(&of.phase);
        let Some((phase, made)) = phase.and_then(|phase| Some((phase, requests(case, phase, of)?)))
        else {
            continue;
        };
        let support = Support::of_percentile(share, usize::try_from(made).unwrap_or(usize::MAX));
        // a phase without a load makes none, which is said as such
        let loaded = !phase.loads.is_empty() && phase.skipped.is_none();
        if let Some(needed) = support.needed.filter(|_| support.too_few())
            && loaded
        {
            let share = number(share * 100.0, 6);
            let message = format!(
                "p{share} needs at least {needed} requests, and `{}` makes {made}",
                of.phase
            );
            let so = match used {
                Used::Checked => "the check will be inconclusive",
                Used::Ranked => "the order of the cases would be by chance",
                Used::Shown => "the table will mark it",
            };
            cx.eval.report(
                Diagnostic::warning(codes::FEW_REQUESTS, reading.span, message).help(format!(
                    "{so}: ask for more requests, or for a lower percentile"
                )),
            );
        }
    }
}

/// How many requests a stretch makes, where that is known.
fn requests<'c>(case: &Stretches<'c>, phase: &'c PhaseSpec, of: &Stretch) -> Option<u64> {
    let made = |load: &LoadSpec| {
        let due = match (&load.load.pace, load.load.duration) {
            (Pace::Open { rate_per_s, .. }, Some(duration)) => {
                Some((rate_per_s * duration.as_secs_f64()).round() as u64)
            }
            (_, Some(_)) => return None,
            (_, None) => None,
        };
        match (due, load.load.requests) {
            (Some(due), Some(requests)) => Some(due.min(requests)),
            (due, requests) => due.or(requests),
        }
    };
    let each: Option<Vec<u64>> = case.loads(phase, of).into_iter().map(made).collect();
    let total = each?.iter().fold(0u64, |sum, n| sum.saturating_add(*n));
    Some(total.saturating_mul(phase.repeat))
}
