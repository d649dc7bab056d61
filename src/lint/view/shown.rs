//! What ranks go by and tables show.

use super::compare::Reader;
use super::{LATENCIES, RATES};
use crate::eval::{Evaluator, Query, Reading, Stretch, Value};
use crate::resolve::Flat;
use crate::scenario::{Case, Thunk};
use crate::source::Span;

/// A figure that cases are ranked by, or that a column shows.
pub struct Shown {
    pub figure: Reading,
    /// The name of the rank; none of a column.
    pub rank: Option<String>,
    /// Whether it stands there alone, but for a positive factor.
    pub plain: bool,
}

/// The stretch and the metric of a figure that depends on how many requests are under way.
pub(super) fn timed(query: &Query) -> Option<(&Stretch, &'static str)> {
    let (of, metric, kinds) = match query {
        Query::Statistic { stat, .. } if stat.as_ref() == "count" => return None,
        Query::Statistic { of, metric, .. } | Query::Percentile { of, metric, .. } => {
            (of, *metric, LATENCIES.as_slice())
        }
        Query::Scalar { of, metric } => (of, *metric, RATES.as_slice()),
        _ => return None,
    };
    kinds.contains(&metric).then_some((of, metric))
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
    let ranks = ranks.map(|rank| (Some(rank.name.clone()), &rank.by));
    let columns = case.reports.iter().flat_map(|report| &report.columns);
    let thunks = ranks.chain(columns.map(|(_, column)| (None, column)));
    let mut out = Vec::new();
    for (rank, thunk) in thunks {
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
            figure,
            rank: rank.clone(),
            plain,
        }));
    }
    out
}
