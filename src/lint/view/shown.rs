//! What ranks go by and tables show.

use super::compare::Reader;
use crate::eval::{Evaluator, Reading, Value};
use crate::resolve::Flat;
use crate::scenario::{Case, Thunk};
use crate::source::Span;
use std::collections::HashMap;

/// A figure that cases are ranked by, or that a column shows.
pub struct Shown {
    pub figure: Reading,
    /// The figure itself; of a column the head of its report.
    pub span: Span,
    /// The name of the rank; none of a column.
    pub rank: Option<String>,
    /// Whether it stands there alone, but for a positive factor.
    pub plain: bool,
}

/// Where figures of a case rest on a price that is not known.
pub(super) fn unpriced(eval: &Evaluator<'_>, case: &Case, why: &str) -> Vec<(Span, String)> {
    let checks = case.checks.iter().map(|check| &check.expr);
    let ranks = case.ranks.iter().map(|rank| &rank.by);
    let columns = case.reports.iter().flat_map(|report| &report.columns);
    let figures = checks.chain(ranks).chain(columns.map(|(_, column)| column));
    let rests = |figure: &&Thunk| {
        let value = eval.eval(&figure.expr, &figure.scope);
        matches!(value, Value::Unavailable(reason) if *reason == *why)
    };
    let spans = figures.filter(rests).map(|figure| figure.expr.span);
    spans.map(|span| (span, why.to_string())).collect()
}

/// The figures of ranks and columns of this case itself.
pub(super) fn shown(eval: &Evaluator<'_>, flat: &Flat, case: &Case) -> Vec<Shown> {
    let ranks = case.ranks.iter();
    let ranks = ranks.map(|rank| (Some(rank.name.clone()), None, &rank.by));
    let heads: HashMap<&str, Span> = (flat.children_of("report"))
        .map(|block| (block.title(), block.head()))
        .collect();
    let columns = case.reports.iter().flat_map(|report| {
        let head = heads.get(report.name.as_str()).copied();
        (report.columns.iter()).map(move |(_, column)| (None, head, column))
    });
    let mut out = Vec::new();
    for (rank, head, thunk) in ranks.chain(columns) {
        eval.take_trace();
        eval.eval(&thunk.expr, &thunk.scope);
        let read = eval.take_trace();
        let reader = Reader {
            eval,
            flat,
            scope: &thunk.scope,
        };
        let plain = reader.scaled(&thunk.expr).is_some() && read.len() == 1;
        let own = read.into_iter().filter(|figure| figure.case.is_none());
        out.extend(own.map(|figure| Shown {
            span: head.unwrap_or(figure.span),
            figure,
            rank: rank.clone(),
            plain,
        }));
    }
    out
}
