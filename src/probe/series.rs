//! Time series as probes make them and checks read them.

use crate::units::Dimension;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// One figure over time. Values are in base units (bytes, requests, a ratio).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub dimension: Option<Dimension>,
    /// Seconds on the run's clock, and the value then; in order of time.
    pub points: Vec<(f64, f64)>,
    /// Why there is nothing, or nothing from some moment on. Never a zero instead.
    pub unavailable: Option<String>,
}

/// All series of a server or host, by name: `memory`, `roles.worker.memory`, `gpu_memory`, `running`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeriesSet {
    pub series: IndexMap<String, Series>,
}

impl Series {
    /// The points with `from <= t <= to`.
    pub fn between(&self, from: f64, to: f64) -> &[(f64, f64)] {
        let start = self.points.partition_point(|(t, _)| *t < from);
        let end = self.points.partition_point(|(t, _)| *t <= to);
        &self.points[start..end.max(start)]
    }
}

impl SeriesSet {
    /// Adds a point, making the series where it is new.
    pub fn push(&mut self, name: &str, dimension: Dimension, t: f64, value: f64) {
        if let Some(series) = self.series.get_mut(name) {
            series.points.push((t, value));
            return;
        }
        let series = Series {
            dimension: Some(dimension),
            points: vec![(t, value)],
            unavailable: None,
        };
        self.series.insert(name.to_string(), series);
    }

    /// Says why a series has no values (any more).
    pub fn unavailable(&mut self, name: &str, reason: impl Into<String>) {
        let series = self.series.entry(name.to_string()).or_default();
        series.unavailable.get_or_insert_with(|| reason.into());
    }
}
