//! A CSV file that grows while a run goes on: what `requests.csv` and `samples.csv` share.

use super::StoreError;
use super::write::append_to;
use std::fs::File;
use std::path::PathBuf;

/// Rows are kept in memory until they are many, or flushed.
#[derive(Debug)]
pub(super) struct RowLog {
    path: PathBuf,
    rows: csv::Writer<File>,
}

impl RowLog {
    /// Opens or makes the file; a new one gets its header at once.
    pub(super) fn open(path: PathBuf, header: &[&str]) -> Result<Self, StoreError> {
        let file = append_to(&path)?;
        let new = file.metadata().map_or(true, |m| m.len() == 0);
        let mut log = Self {
            rows: csv::WriterBuilder::new()
                .has_headers(false)
                .from_writer(file),
            path,
        };
        if new {
            log.write(header)?;
            log.flush()?;
        }
        Ok(log)
    }

    pub(super) fn write(
        &mut self,
        row: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<(), StoreError> {
        // the writer's own errors are errors of the file below it
        self.rows.write_record(row).map_err(|error| {
            let error = match error.into_kind() {
                csv::ErrorKind::Io(error) => error,
                other => std::io::Error::other(format!("{other:?}")),
            };
            StoreError::io("append to", &self.path, error)
        })
    }

    /// Hands all rows to the system, where a kill of this process cannot lose them.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.rows
            .flush()
            .map_err(|e| StoreError::io("append to", &self.path, e))
    }

    /// Flushes, and forces all rows to the disk.
    pub(super) fn sync(&mut self) -> Result<(), StoreError> {
        self.flush()?;
        let file = self.rows.get_ref();
        file.sync_data()
            .map_err(|e| StoreError::io("sync", &self.path, e))
    }
}

/// Milliseconds of a time in seconds, to the nanosecond; empty for what is no number.
pub(super) fn ms(seconds: f64) -> String {
    decimal(seconds * 1e3, 6)
}

/// Seconds to the nanosecond.
pub(super) fn seconds(seconds: f64) -> String {
    decimal(seconds, 9)
}

fn decimal(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return String::new();
    }
    let text = format!("{value:.digits$}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".into()
    } else {
        text.into()
    }
}
