//! A rank block: the figure that cases are compared by, and what they have in common.

use super::by_name::Stretches;
use super::checks::{Used, doubtful};
use super::context::{Context, one_line};
use super::{Case, RankSpec, Thunk};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Shape, Value};
use crate::resolve::{Flat, FlatAttr};
use crate::syntax::ast::{Expr, ExprKind};
use std::sync::Arc;

pub(super) fn all(cx: &Context<'_>, case: &Case) -> Vec<RankSpec> {
    let stretches = Stretches::of(case);
    let blocks = cx.flat.children_of("rank");
    blocks
        .filter_map(|block| lower(&cx.inside(block), block, &stretches))
        .collect()
}

fn lower(cx: &Context<'_>, flat: &Arc<Flat>, case: &Stretches<'_>) -> Option<RankSpec> {
    let (highest, metric) = match (flat.attrs.get("highest"), flat.attrs.get("lowest")) {
        (Some(metric), None) => (true, metric),
        (None, Some(metric)) => (false, metric),
        (Some(highest), Some(lowest)) => {
            let message = "a rank goes by the highest or by the lowest, not by both";
            cx.eval.report(
                Diagnostic::error(codes::CONTRADICTION, lowest.expr.span, message)
                    .label(highest.expr.span, "the other")
                    .help("delete one of them, or write two `rank` blocks"),
            );
            return None;
        }
        // a misspelt attribute was reported
        (None, None) if !is_whole(flat) => return None,
        (None, None) => {
            let message = format!("the {} does not say by what", flat.called());
            cx.eval.report(
                Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), message)
                    .help("highest = stress.output_throughput, or lowest = stress.ttft.p95"),
            );
            return None;
        }
    };
    let thunk = |attr: &FlatAttr, expr: &Expr| Thunk {
        expr: Arc::new(expr.clone()),
        scope: cx.scope.in_module(attr.module),
    };
    let by = thunk(metric, &metric.expr);
    cx.eval.take_trace();
    let is_figure = is_figure(cx, &by);
    let read = cx.eval.take_trace();
    if is_figure {
        doubtful(cx, case, &by, &read, Used::Ranked);
        if read.is_empty() {
            chosen(cx, &by);
        }
    }
    let across = cx.across_of(&read, &[&by], &case.case.id);
    let within = match flat.attrs.get("within") {
        Some(attr) => match &attr.expr.kind {
            ExprKind::List(items) => items.iter().map(|item| thunk(attr, item)).collect(),
            ExprKind::Error => return None,
            _ => vec![thunk(attr, &attr.expr)],
        },
        None => Vec::new(),
    };
    // each is looked at
    let mut wrong = within.iter().filter(|one| !groups(cx, one)).count();
    wrong += repeated(cx, &within);
    if wrong > 0 || !is_figure {
        return None;
    }
    let text = |expr: &Expr| one_line(&cx.program.sources.shown(expr.span));
    Some(RankSpec {
        name: flat.title().to_string(),
        highest,
        text: text(&by.expr),
        by,
        across,
        within: within
            .into_iter()
            .map(|thunk| (text(&thunk.expr), thunk))
            .collect(),
    })
}

/// Reports a rank by what was chosen: it reads axes, and nothing that is measured or worked out of
/// the case.
fn chosen(cx: &Context<'_>, by: &Thunk) {
    let names = cx.eval.names_of_case(&by.expr, &by.scope);
    let axes = axes(cx);
    let mut read = names.iter().filter(|name| axes.contains(&name.as_str()));
    let Some(axis) = read.next().filter(|_| !names.contains("case")) else {
        return;
    };
    if cx.eval.calls(&by.expr, &by.scope, "fit") {
        return;
    }
    let message =
        format!("`{axis}` is chosen, and not measured: this order is known before the run");
    let found = Diagnostic::warning(codes::RANK_OF_THE_CHOSEN, by.expr.span, message);
    cx.eval.report(found.help(
        "rank by a figure of a phase: `highest = steady.output_throughput`; cases with the same value of an axis are compared by `within`",
    ));
}

/// Whether what `within` names tells groups of cases apart before the run: it reads an axis. Else
/// it is reported.
fn groups(cx: &Context<'_>, within: &Thunk) -> bool {
    let Thunk { expr, scope } = within;
    if matches!(cx.eval.known("`within`", expr, scope), Value::Error) {
        return false;
    }
    let axes = axes(cx);
    let read = cx.eval.names_of_case(expr, scope);
    if read.iter().any(|name| axes.contains(&name.as_str())) {
        return true;
    }
    let text = one_line(&cx.program.sources.shown(expr.span));
    let named = read.contains("case");
    let found = match named {
        // what follows from the whole case may group them, but its name is each one's own
        true if cx.eval.calls(expr, scope, "fit") => return true,
        true => format!("`{text}` is of each case alone, and no axis of the matrix"),
        false => format!("`{text}` is the same in all cases: it is no axis of the matrix"),
    };
    let help = match axes.as_slice() {
        [] => "the scenario has no matrix: leave `within` out".to_string(),
        axes => format!(
            "`within` names axes, here {}; leave it out to compare all cases",
            listed(axes)
        ),
    };
    cx.eval
        .report(Diagnostic::error(codes::NO_AXIS, expr.span, found).help(help));
    false
}

/// What `within` names a second time, each reported; how many there are.
fn repeated(cx: &Context<'_>, within: &[Thunk]) -> usize {
    let text = |one: &Thunk| one_line(&cx.program.sources.shown(one.expr.span));
    let again = within.iter().enumerate().filter_map(|(at, one)| {
        let first = within[..at].iter().find(|first| text(first) == text(one))?;
        Some((first, one))
    });
    let again = again.map(|(first, one)| {
        let message = format!("`{}` stands in `within` twice", text(one));
        cx.eval.report(
            Diagnostic::error(codes::DUPLICATE, one.expr.span, message)
                .says("the second")
                .label(first.expr.span, "the first")
                .help("keep one of them"),
        );
    });
    again.count()
}

/// The names of the axes, in their order.
fn axes<'a>(cx: &'a Context<'_>) -> Vec<&'a str> {
    let matrix = cx.flat.child("matrix").into_iter();
    let axes = matrix.flat_map(|matrix| matrix.attrs.keys());
    axes.map(String::as_str).collect()
}

/// `a`, `b` and `c`.
fn listed(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => quoted.join(""),
    }
}

/// Whether what cases are ranked by is one number of each; else it is reported.
fn is_figure(cx: &Context<'_>, by: &Thunk) -> bool {
    let value = cx.eval.eval(&by.expr, &by.scope);
    if cx.eval.not_one_figure(&value, &by.expr).is_some() {
        return false;
    }
    match value {
        Value::Error => false,
        Value::Number(_)
        | Value::Unavailable(_)
        | Value::Unknown(Shape::Number(_) | Shape::Any) => true,
        other => {
            let message = format!("cases are ranked by a figure, this is {}", other.describe());
            cx.eval.report(
                Diagnostic::error(codes::TYPE_MISMATCH, by.expr.span, message)
                    .help("name one figure: `highest = stress.output_throughput`"),
            );
            false
        }
    }
}
