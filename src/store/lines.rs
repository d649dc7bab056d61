//! A text file that is written line by line while a run goes on.

use super::StoreError;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

/// Lines are kept in memory until they are many, or flushed.
#[derive(Debug)]
pub struct LineLog {
    path: PathBuf,
    out: BufWriter<File>,
}

impl LineLog {
    pub(super) fn create(path: PathBuf) -> Result<Self, StoreError> {
        let file = File::create(&path).map_err(|e| StoreError::io("create", &path, e))?;
        Ok(Self {
            out: BufWriter::new(file),
            path,
        })
    }

    /// Adds a line; its end is added.
    ///
    /// # Errors
    /// The file does not take it.
    pub fn write(&mut self, line: &str) -> Result<(), StoreError> {
        writeln!(self.out, "{line}").map_err(|e| StoreError::io("append to", &self.path, e))
    }

    /// Hands all lines to the system.
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn flush(&mut self) -> Result<(), StoreError> {
        self.out
            .flush()
            .map_err(|e| StoreError::io("append to", &self.path, e))
    }
}
