//! What servers hold more at one time than at another, as checks read it: by `growth`, or as two
//! figures of one series that are compared with each other.

use super::{Condition, View};
use crate::eval::{Query, Reading, SeriesRef, Window};
use crate::source::Span;
use crate::syntax::ast::BinaryOp;
use crate::units::Dimension;

/// A growth, and the condition that reads it.
pub struct Grown<'v> {
    pub series: &'v SeriesRef,
    pub window: Within<'v>,
    pub span: Span,
}

/// Between what it grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Within<'v> {
    /// Between the floors of a phase's repetitions.
    During(&'v str),
    Between(End<'v>, End<'v>),
}

/// An end of a growth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum End<'v> {
    /// The first sample of the case.
    First,
    Phase(&'v str),
    /// The last sample of the case.
    Last,
}

impl View<'_> {
    /// What its checks read of growth, but where it alone has to be large.
    pub fn grown(&self) -> impl Iterator<Item = Grown<'_>> {
        let read = self.read().filter_map(|read| {
            let large = matches!(read.op, Some(BinaryOp::Greater | BinaryOp::GreaterEqual));
            let Query::Growth { series, window } = read.query else {
                return None;
            };
            let window = match window {
                Window::During { phase } => Within::During(phase),
                Window::Between { from, to } => Within::Between(End::Phase(from), End::Phase(to)),
            };
            let span = read.span;
            (!large).then_some(Grown {
                series,
                window,
                span,
            })
        });
        let by_hand = self.conditions.iter().filter_map(|one| self.by_hand(one));
        read.chain(by_hand)
    }

    /// Where a condition reads one series of memory at two times at which nothing is sent.
    fn by_hand<'v>(&'v self, condition: &'v Condition<'_>) -> Option<Grown<'v>> {
        let own = condition.reads.iter().filter(|read| self.is_own(read));
        let mut ends = own.filter_map(|read| self.end(read));
        let (series, first) = ends.next()?;
        let (_, other) = ends.find(|(also, end)| *also == series && *end != first)?;
        let place = |end: End<'_>| match end {
            End::First => (0, 0),
            End::Phase(name) => (1, self.phase_place(name).unwrap_or(0)),
            End::Last => (2, 0),
        };
        let (from, to) = match place(first) <= place(other) {
            true => (first, other),
            false => (other, first),
        };
        Some(Grown {
            series,
            window: Within::Between(from, to),
            span: condition.expr.span,
        })
    }

    /// The time at rest of which a figure tells what a server holds.
    fn end<'v>(&self, reading: &'v Reading) -> Option<(&'v SeriesRef, End<'v>)> {
        let (series, end) = match &reading.query {
            Query::SeriesStat { series, stat } => match stat.as_ref() {
                "first" => (series, End::First),
                "last" => (series, End::Last),
                _ => return None,
            },
            Query::Peak { series, during } | Query::Mean { series, during } => {
                let name = during.as_deref()?;
                let (phase, _) = self.phase(name)?;
                // under load it holds what the load needs
                if !phase.loads.is_empty() {
                    return None;
                }
                (series, End::Phase(name))
            }
            _ => return None,
        };
        (series.dimension == Dimension::DATA).then_some((series, end))
    }
}
