//! The latencies and rates that something rests on: checks, ranks and tables, whatever they make of
//! them.

use super::{LATENCIES, RATES, View};
use crate::eval::{Query, Stretch};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;

/// A latency or a rate of a phase.
pub struct Speed<'v> {
    pub of: &'v Stretch,
    pub metric: &'static str,
    pub query: &'v Query,
    /// The condition of a check, the figure of a rank, or the head of a report.
    pub span: Span,
    pub by: By,
}

/// What reads a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum By {
    Check,
    Rank,
    Table,
}

impl Speed<'_> {
    /// What a label at its place says.
    pub fn read(&self) -> &'static str {
        match (self.by, LATENCIES.contains(&self.metric)) {
            (By::Check, true) => "its latency is checked",
            (By::Check, false) => "its rate is checked",
            (By::Rank, _) => "cases are ranked by this",
            (By::Table, _) => "its speed is shown",
        }
    }
}

impl View<'_> {
    /// The speeds of this case that its checks read, and those of other cases.
    pub fn checked_speeds(&self) -> impl Iterator<Item = Speed<'_>> {
        let own = self.read().filter(|read| {
            let low = matches!(read.op, Some(BinaryOp::Less | BinaryOp::LessEqual));
            let high = matches!(read.op, Some(op) if at_least(op));
            // a latency that has to be long, or a rate that has to be low, is no figure of speed
            match timed(read.query) {
                Some((_, metric)) if LATENCIES.contains(&metric) => low || read.op.is_none(),
                _ => high || read.op.is_none(),
            }
        });
        own.filter_map(|read| speed(read.query, read.span, By::Check))
    }

    /// The speeds that its checks, its ranks and its tables read.
    pub fn speeds(&self) -> impl Iterator<Item = Speed<'_>> {
        let shown = self.shown().filter_map(|shown| {
            let by = match shown.rank {
                Some(_) => By::Rank,
                None => By::Table,
            };
            speed(&shown.figure.query, shown.span, by)
        });
        // that a table shows a warm-up is said as such
        let measured = |speed: &Speed<'_>| {
            let phase = self.phase(&speed.of.phase);
            speed.by != By::Table || phase.is_some_and(|(phase, _)| phase.measured)
        };
        self.checked_speeds().chain(shown.filter(measured))
    }
}

fn at_least(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Equal
    )
}

fn speed(query: &Query, span: Span, by: By) -> Option<Speed<'_>> {
    let (of, metric) = timed(query)?;
    Some(Speed {
        of,
        metric,
        query,
        span,
        by,
    })
}

/// The stretch and the metric of a figure that depends on how many requests are under way.
fn timed(query: &Query) -> Option<(&Stretch, &'static str)> {
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
