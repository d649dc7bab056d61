//! What an expression asks of the measurements. At lint nothing is measured yet, and every
//! answer is its dimension alone.

use super::at::Cases;
use super::fits::Fitted;
use super::value::{Shape, Value};
use crate::schema::MetricDef;
use crate::units::Dimension;
use std::sync::Arc;

/// One figure of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    Scalar {
        of: Stretch,
        metric: &'static str,
    },
    /// `p95`, `mean`, `count`, …
    Statistic {
        of: Stretch,
        metric: &'static str,
        stat: Arc<str>,
    },
    Percentile {
        of: Stretch,
        metric: &'static str,
        share: f64,
    },
    /// The number of requests that failed with a class.
    Failures {
        of: Stretch,
        class: Arc<str>,
    },
    SeriesStat {
        series: SeriesRef,
        stat: Arc<str>,
    },
    Growth {
        series: SeriesRef,
        window: Window,
    },
    Peak {
        series: SeriesRef,
        during: Option<Arc<str>>,
    },
    Mean {
        series: SeriesRef,
        during: Option<Arc<str>>,
    },
    Increase {
        series: SeriesRef,
        during: Option<Arc<str>>,
    },
}

/// A phase, or one load of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Stretch {
    pub phase: Arc<str>,
    pub load: Option<Arc<str>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SeriesRef {
    pub server: Arc<str>,
    /// `memory`, `roles.worker.memory`, `kv_usage`
    pub name: Arc<str>,
    pub dimension: Dimension,
}

/// Between what a growth is taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Window {
    Between { from: Arc<str>, to: Arc<str> },
    During { phase: Arc<str> },
}

impl Query {
    /// The dimension of the answer.
    pub fn dimension(&self) -> Dimension {
        let of = |metric: &str| {
            crate::schema::phase_metric(metric).map_or(Dimension::NONE, |m: &MetricDef| m.dimension)
        };
        match self {
            Self::Statistic { stat, .. } if stat.as_ref() == "count" => Dimension::NONE,
            Self::Scalar { metric, .. }
            | Self::Statistic { metric, .. }
            | Self::Percentile { metric, .. } => of(metric),
            Self::Failures { .. } => Dimension::REQUESTS,
            Self::SeriesStat { series, .. }
            | Self::Growth { series, .. }
            | Self::Peak { series, .. }
            | Self::Mean { series, .. }
            | Self::Increase { series, .. } => series.dimension,
        }
    }

    /// The metric or series that it asks for.
    pub fn metric(&self) -> &str {
        match self {
            Self::Scalar { metric, .. }
            | Self::Statistic { metric, .. }
            | Self::Percentile { metric, .. } => metric,
            Self::Failures { class, .. } => class,
            Self::SeriesStat { series, .. }
            | Self::Growth { series, .. }
            | Self::Peak { series, .. }
            | Self::Mean { series, .. }
            | Self::Increase { series, .. } => &series.name,
        }
    }

    /// Whether the answer is a share that people read in per cent.
    pub fn is_ratio(&self) -> bool {
        let share = |metric| crate::schema::phase_metric(metric).is_some_and(|m| m.ratio);
        match self {
            Self::Scalar { metric, .. } | Self::Percentile { metric, .. } => share(metric),
            Self::Statistic { metric, stat, .. } => stat.as_ref() != "count" && share(metric),
            _ => false,
        }
    }

    /// The series that it reads.
    pub fn series(&self) -> Option<&SeriesRef> {
        match self {
            Self::SeriesStat { series, .. }
            | Self::Growth { series, .. }
            | Self::Peak { series, .. }
            | Self::Mean { series, .. }
            | Self::Increase { series, .. } => Some(series),
            _ => None,
        }
    }

    /// The phases that it reads.
    pub fn phases(&self) -> Vec<Arc<str>> {
        match self {
            Self::Scalar { of, .. }
            | Self::Statistic { of, .. }
            | Self::Percentile { of, .. }
            | Self::Failures { of, .. } => vec![of.phase.clone()],
            Self::SeriesStat { .. } => Vec::new(),
            Self::Growth {
                window: Window::Between { from, to },
                ..
            } => vec![from.clone(), to.clone()],
            Self::Growth {
                window: Window::During { phase },
                ..
            } => vec![phase.clone()],
            Self::Peak { during, .. }
            | Self::Mean { during, .. }
            | Self::Increase { during, .. } => during.iter().cloned().collect(),
        }
    }
}

/// What a case's measurements can be asked.
pub trait Measurements {
    /// The names of a phase's loads.
    fn loads(&self, phase: &str) -> Vec<Arc<str>>;
    /// One of them by its name.
    fn load(&self, phase: &str, name: &str) -> Option<Arc<str>> {
        let loads = self.loads(phase);
        loads.into_iter().find(|load| load.as_ref() == name)
    }
    /// The engine's own metrics of a server.
    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)>;
    /// The process roles of a server's engine.
    fn roles(&self, server: &str) -> Vec<Arc<str>>;
    /// A number, `Unknown` before it is measured, or `Unavailable` with the reason.
    fn measure(&self, query: &Query) -> Value;
    /// What the model of a server takes of its GPU; none where servers are not known yet.
    fn fit(&self, _server: &str) -> Option<Fitted> {
        None
    }
    /// The cases that `at(…)` may read, and the id of the one at hand; none where it may not.
    fn cases(&self) -> Option<(Arc<Cases>, Arc<str>)> {
        None
    }
    /// The same as `measure`, of another case.
    fn measure_at(&self, _case: &str, query: &Query) -> Value {
        Value::Unknown(Shape::Number(query.dimension()))
    }
}

/// Where nothing is measured at all: attributes of constant stage.
pub struct Nothing;

impl Measurements for Nothing {
    fn loads(&self, _: &str) -> Vec<Arc<str>> {
        Vec::new()
    }

    fn engine_metrics(&self, _: &str) -> Vec<(Arc<str>, Dimension)> {
        Vec::new()
    }

    fn roles(&self, _: &str) -> Vec<Arc<str>> {
        Vec::new()
    }

    fn measure(&self, query: &Query) -> Value {
        Value::Unknown(Shape::Number(query.dimension()))
    }
}
