//! `samples.csv`: every point of every series, in long form.

use super::StoreError;
use super::rows::{RowLog, seconds};
use crate::probe::series::SeriesSet;
use crate::report::text::cell;
use crate::units::Dimension;
use std::collections::HashMap;
use std::path::PathBuf;

/// The columns; a row has a value, or a reason why its series has none from then on.
pub(super) const HEADER: [&str; 6] = ["t (s)", "server", "series", "value", "unit", "unavailable"];

/// Writes `samples.csv`, values in base units.
#[derive(Debug)]
pub struct SampleLog {
    rows: RowLog,
    /// What was written of a series, by server and series.
    written: HashMap<(String, String), Written>,
}

#[derive(Debug, Default)]
struct Written {
    points: usize,
    unavailable: Option<String>,
}

impl SampleLog {
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreError> {
        Ok(Self {
            rows: RowLog::open(path, &HEADER)?,
            written: HashMap::new(),
        })
    }

    /// Adds what is new in a growing set since the last call, and flushes. Points that are no
    /// numbers are left out.
    pub fn write_new(&mut self, server: &str, set: &SeriesSet) -> Result<(), StoreError> {
        for (name, series) in &set.series {
            let key = (server.to_string(), name.clone());
            let done = self.written.entry(key).or_default();
            let unit = series.dimension.map(Dimension::unit_text);
            let unit = unit.unwrap_or_default();
            let mut row = |t: &str, value: &str, why: &str| {
                self.rows
                    .write([t, &cell(server), &cell(name), value, &unit, why])
            };
            for (t, value) in series.points.iter().skip(done.points) {
                if value.is_finite() {
                    row(&seconds(*t), &value.to_string(), "")?;
                }
            }
            done.points = series.points.len();
            if done.unavailable != series.unavailable {
                let why = series.unavailable.as_deref().unwrap_or_default();
                row("", "", &cell(why))?;
                done.unavailable.clone_from(&series.unavailable);
            }
        }
        self.flush()
    }

    /// Hands all rows to the system, where a kill of this process cannot lose them.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.rows.flush()
    }

    /// Flushes, and forces all rows to the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.rows.sync()
    }
}
