//! `series` and `note` of a report.

use super::Thunk;
use super::context::{Context, one_line};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Handle, Query, Shape, Value};
use crate::report::model::{ReportSeries, SeriesOf};
use crate::resolve::Flat;
use crate::syntax::ast::{Expr, ExprKind};
use std::sync::Arc;

/// What a report writes over time. None after a mistake.
pub(super) fn all(cx: &Context<'_>, flat: &Flat) -> Option<Vec<ReportSeries>> {
    let Some(attr) = flat.attrs.get("series") else {
        return Some(Vec::new());
    };
    let ExprKind::List(items) = &attr.expr.kind else {
        let message = "`series` is a list of series";
        let found = Diagnostic::error(codes::TYPE_MISMATCH, attr.expr.span, message);
        cx.eval
            .report(found.help("series = [sut.memory, steady.requests]"));
        return None;
    };
    let scope = cx.scope.in_module(attr.module);
    let cx = cx.at(&scope);
    let all: Vec<Option<ReportSeries>> = items.iter().map(|item| one(&cx, item)).collect();
    all.into_iter().collect()
}

fn one(cx: &Context<'_>, expr: &Expr) -> Option<ReportSeries> {
    cx.eval.take_trace();
    let value = cx.eval.eval(expr, &cx.scope);
    let trace = cx.eval.take_trace();
    let of = match (value, trace.as_slice()) {
        (Value::Error, _) => return None,
        (Value::Handle(Handle::Series { server, series, .. }), _) => SeriesOf::Server {
            server: server.to_string(),
            series: series.to_string(),
        },
        (Value::Unknown(_), [read]) if read.span == expr.span && read.case.is_none() => {
            match &read.query {
                Query::Scalar { of, metric } if *metric == "requests" => SeriesOf::Requests {
                    phase: of.phase.to_string(),
                    load: of.load.as_ref().map(ToString::to_string),
                },
                _ => return not_one(cx, expr, "this is one figure, and no series"),
            }
        }
        (other, _) => {
            let message = format!("a series is due here, this is {}", other.describe());
            return not_one(cx, expr, &message);
        }
    };
    Some(ReportSeries {
        text: one_line(&cx.program.sources.shown(expr.span)),
        of,
    })
}

fn not_one(cx: &Context<'_>, expr: &Expr, message: &str) -> Option<ReportSeries> {
    let found = Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message);
    cx.eval.report(found.help(
        "series are those of a server (sut.memory, sut.roles.worker.memory) and the requests of a phase (steady.requests)",
    ));
    None
}

/// The text below a case's table, looked at for its type.
pub(super) fn note(cx: &Context<'_>, flat: &Flat) -> Option<Thunk> {
    let attr = flat.attrs.get("note")?;
    let thunk = Thunk {
        expr: Arc::new(attr.expr.as_ref().clone()),
        scope: cx.scope.in_module(attr.module),
    };
    cx.eval.take_trace();
    match cx.eval.eval(&thunk.expr, &thunk.scope) {
        Value::Text(_) | Value::Unknown(Shape::Text | Shape::Any) | Value::Error => {}
        other => {
            let message = format!("`note` takes a text, this is {}", other.describe());
            let found = Diagnostic::error(codes::TYPE_MISMATCH, attr.expr.span, message);
            cx.eval
                .report(found.help("note = \"the peak is ${peak(sut.memory)}\""));
        }
    }
    if cx.across(&[&thunk], "").is_some() {
        let message = "a note reads the case that it is of, and no other";
        let found = Diagnostic::error(codes::MISPLACED, attr.expr.span, message);
        cx.eval
            .report(found.help("`at` is for checks, columns and ranks"));
    }
    Some(thunk)
}
