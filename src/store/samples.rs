//! `samples.csv`: every point of every series, in long form.

use super::StoreError;
use super::requests::{csv_error, seconds};
use super::write::append_to;
use crate::probe::series::SeriesSet;
use crate::report::text::cell;
use crate::units::Dimension;
use std::collections::HashMap;
use std::fs::File;
use std::path::PathBuf;

/// Writes `samples.csv`: `t (s),server,series,value,unit`; values in base units.
#[derive(Debug)]
pub struct SampleLog {
    path: PathBuf,
    rows: csv::Writer<File>,
    /// How many points of a series were written, by server and series.
    written: HashMap<(String, String), usize>,
}

impl SampleLog {
    pub(super) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let file = append_to(&path)?;
        let new = file.metadata().map_or(true, |m| m.len() == 0);
        let mut log = Self {
            rows: csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(file),
            path,
            written: HashMap::new(),
        };
        if new {
            log.rows
                .write_record(["t (s)", "server", "series", "value", "unit"])
                .map_err(|e| csv_error(&log.path, e))?;
            log.flush()?;
        }
        Ok(log)
    }

    /// Adds one point; `t` in seconds on the run's clock, the value in base units.
    pub fn write(
        &mut self,
        t: f64,
        server: &str,
        series: &str,
        dimension: Option<Dimension>,
        value: f64,
    ) -> Result<(), StoreError> {
        if !value.is_finite() {
            return Ok(());
        }
        let unit = dimension.map(Dimension::unit_text).unwrap_or_default();
        self.rows
            .write_record([
                seconds(t),
                cell(server),
                cell(series),
                value.to_string(),
                unit,
            ])
            .map_err(|e| csv_error(&self.path, e))
    }

    /// Adds the points of a growing set that were not written yet, and flushes.
    pub fn write_new(&mut self, server: &str, set: &SeriesSet) -> Result<(), StoreError> {
        for (name, series) in &set.series {
            let key = (server.to_string(), name.clone());
            let done = self.written.get(&key).copied().unwrap_or(0);
            for (t, value) in series.points.iter().skip(done) {
                self.write(*t, server, name, series.dimension, *value)?;
            }
            self.written.insert(key, series.points.len());
        }
        self.flush()
    }

    /// Hands all rows to the system, where a kill of this process cannot lose them.
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.rows
            .flush()
            .map_err(|e| StoreError::io("append to", &self.path, e))
    }

    /// Flushes, and forces all rows to the disk.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let file = self.rows.get_ref();
        file.sync_data()
            .map_err(|e| StoreError::io("sync", &self.path, e))
    }
}
