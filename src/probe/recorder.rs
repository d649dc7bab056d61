//! Collects samples into series, and keeps why a series has none at the moment.

use super::series::SeriesSet;
use super::{Reading, Unavailable};
use crate::units::Dimension;
use indexmap::IndexMap;

/// Series in the making. A reason stays with a series only if it still holds at the end, or if
/// the series never got a value: a metric that appears late was not unavailable.
#[derive(Debug, Default, Clone)]
pub struct Recorder {
    set: SeriesSet,
    missing: IndexMap<String, String>,
}

impl Recorder {
    /// Takes a value of a series at a time, or why there is none.
    pub fn record(&mut self, name: &str, dimension: Dimension, time: f64, value: Reading<f64>) {
        let value = value.and_then(|value| {
            if value.is_finite() {
                Ok(value)
            } else {
                Err(Unavailable(format!(
                    "it was {value}, which is no number to count with"
                )))
            }
        });
        match value {
            Ok(value) => {
                self.missing.shift_remove(name);
                self.set.push(name, dimension, time, value);
            }
            Err(Unavailable(reason)) => {
                let series = self.set.series.entry(name.to_string()).or_default();
                series.dimension.get_or_insert(dimension);
                self.missing.insert(name.to_string(), reason);
            }
        }
    }

    /// The last value of a series, unless it is missing by now.
    pub fn last(&self, name: &str) -> Option<f64> {
        if self.missing.contains_key(name) {
            return None;
        }
        let series = self.set.series.get(name)?;
        series.points.last().map(|(_, value)| *value)
    }

    /// Whether a series ever had a value.
    pub fn has_points(&self, name: &str) -> bool {
        (self.set.series.get(name)).is_some_and(|series| !series.points.is_empty())
    }

    /// From now on the series that `which` names have no values, for this reason, where there is
    /// none yet.
    pub fn lose(&mut self, reason: &str, which: impl Fn(&str) -> bool) {
        for name in self.set.series.keys().filter(|name| which(name)) {
            (self.missing.entry(name.clone())).or_insert_with(|| reason.into());
        }
    }

    /// All series so far, with the reasons that hold now.
    pub fn finish(self) -> SeriesSet {
        let mut set = self.set;
        for (name, reason) in self.missing {
            set.unavailable(&name, reason);
        }
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(reason: &str) -> Reading<f64> {
        Err(Unavailable::new(reason))
    }

    #[test]
    fn a_reason_that_no_longer_holds_is_forgotten() {
        let mut recorder = Recorder::default();
        recorder.record("late", Dimension::NONE, 0.0, missing("not yet"));
        recorder.record("late", Dimension::NONE, 1.0, Ok(5.0));
        recorder.record("gone", Dimension::DATA, 0.0, Ok(1.0));
        recorder.record("gone", Dimension::DATA, 1.0, missing("the process ended"));
        recorder.record("never", Dimension::DATA, 0.0, missing("no library"));
        recorder.record("odd", Dimension::NONE, 0.0, Ok(f64::NAN));
        assert_eq!(recorder.last("late"), Some(5.0));
        assert_eq!(recorder.last("gone"), None);
        let set = recorder.finish();
        assert_eq!(set.series["late"].unavailable, None);
        assert_eq!(set.series["gone"].points, [(0.0, 1.0)]);
        assert_eq!(
            set.series["gone"].unavailable.as_deref(),
            Some("the process ended")
        );
        assert!(set.series["never"].points.is_empty());
        assert_eq!(set.series["never"].dimension, Some(Dimension::DATA));
        assert!(set.series["odd"].points.is_empty() && set.series["odd"].unavailable.is_some());
    }
}
