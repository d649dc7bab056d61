//! One case's folder: its result, requests, samples and server logs.

use super::events::EventLog;
use super::write::{make_folder, write_whole};
use super::{LineLog, Redactor, RequestLog, SampleLog, StoreError, folder_name};
use crate::report::model::CaseResult;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the folders of earlier tries begin.
const ATTEMPT: &str = "attempt.";

/// A case's folder relative to the run's, of names without secrets.
pub fn case_path(scenario: &str, case: &str) -> String {
    format!("cases/{}/{}", folder_name(scenario), folder_name(case))
}

/// `cases/<scenario>/<case id>` of a run folder.
#[derive(Debug, Clone)]
pub struct CaseFolder {
    path: PathBuf,
    relative: String,
    redactor: Arc<Redactor>,
    events: Option<Arc<EventLog>>,
}

impl CaseFolder {
    pub(super) fn make(
        run: &Path,
        scenario: &str,
        case: &str,
        redactor: Arc<Redactor>,
        events: Option<Arc<EventLog>>,
    ) -> Result<Self, StoreError> {
        let relative = case_path(&redactor.text(scenario), &redactor.text(case));
        let path = run.join(&relative);
        make_folder(&path)?;
        Ok(Self {
            path,
            relative,
            redactor,
            events,
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// As [`CaseSummary::folder`](crate::report::model::CaseSummary::folder) has it.
    pub fn relative(&self) -> &str {
        &self.relative
    }

    /// Where a server's output goes: `server.log` for the server of a case that has one,
    /// `server.<name>.log` where there are several.
    pub fn server_log(&self, name: Option<&str>) -> PathBuf {
        match name {
            None => self.path.join("server.log"),
            Some(name) => self.path.join(format!("server.{}.log", folder_name(name))),
        }
    }

    /// Moves what a try of the case has left to a folder of its own: `attempt.1`, by its number.
    ///
    /// # Errors
    /// The folder cannot be made, or a file not be moved.
    pub fn set_aside(&self, number: usize) -> Result<String, StoreError> {
        let name = format!("{ATTEMPT}{number}");
        let to = self.path.join(&name);
        let failed = |e| StoreError::io("move to", &to, e);
        make_folder(&to)?;
        for entry in std::fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let file = entry.file_name();
            if !file.to_string_lossy().starts_with(ATTEMPT) {
                std::fs::rename(entry.path(), to.join(file)).map_err(failed)?;
            }
        }
        Ok(name)
    }

    /// Opens `requests.csv` (and `answers.jsonl`, once a request fails).
    pub fn requests(&self) -> Result<RequestLog, StoreError> {
        RequestLog::open(
            self.path.join("requests.csv"),
            self.path.join("answers.jsonl"),
            Arc::clone(&self.redactor),
        )
    }

    /// Opens `samples.csv`.
    pub fn samples(&self) -> Result<SampleLog, StoreError> {
        SampleLog::open(self.path.join("samples.csv"))
    }

    /// Makes `timeline.json`.
    pub fn timeline(&self) -> Result<LineLog, StoreError> {
        LineLog::create(self.path.join("timeline.json"))
    }

    /// Writes `result.json` whole, and forces the events so far to the disk.
    pub fn write_result(&self, result: &CaseResult) -> Result<(), StoreError> {
        let path = self.path.join("result.json");
        let bytes = super::folder::json_bytes(&path, result, &self.redactor)?;
        write_whole(&path, &bytes)?;
        match &self.events {
            Some(events) => events.sync(),
            None => Ok(()),
        }
    }
}
