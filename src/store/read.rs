//! Reading a run folder back, also that of a run that was killed.

use super::answers::{AnswerLine, read_answers};
use super::folder::LOCK;
use super::read_rows::{read_requests, read_samples};
use super::{Events, HostFacts, RunFolder, StoreError, read_events};
use crate::load::record::Record;
use crate::probe::series::SeriesSet;
use crate::report::model::{CaseResult, CaseSummary, RunResult, SCHEMA_VERSION};
use crate::resolve::Kept;
use indexmap::IndexMap;
use nix::fcntl::{Flock, FlockArg};
use serde::de::DeserializeOwned;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Whether a run folder's run has ended, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunState {
    Finished,
    /// Another process is writing it.
    Running,
    /// It was killed, or its machine went down: what was measured until then is there.
    Killed,
}

impl RunFolder {
    /// Opens a run folder for reading and for writing its reports again.
    ///
    /// Errors: no such folder, no run in it, one of a newer schema.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let listing = fs::metadata(path).map_err(|e| StoreError::io("open", path, e))?;
        if !listing.is_dir() {
            return Err(StoreError::NotADirectory {
                path: path.into(),
                doing: "open as a run folder",
            });
        }
        let run = path.join("run.json");
        if !run.exists() {
            return Err(StoreError::NoRun { path: path.into() });
        }
        read_json::<RunResult>(&run)?;
        Ok(Self::reading(path.into()))
    }

    /// Whether its run has ended.
    pub fn state(&self) -> Result<RunState, StoreError> {
        if self.raw_run()?.finished.is_some() {
            return Ok(RunState::Finished);
        }
        let lock = File::open(self.path.join(LOCK)).ok();
        let taken = lock.is_some_and(|f| {
            let free = Flock::lock(f, FlockArg::LockSharedNonblock);
            matches!(free, Err((_, nix::errno::Errno::EWOULDBLOCK)))
        });
        Ok(if taken {
            RunState::Running
        } else {
            RunState::Killed
        })
    }

    /// `run.json`; cases that a killed run had ended, but not yet listed in it, are added.
    pub fn run(&self) -> Result<RunResult, StoreError> {
        let mut run = self.raw_run()?;
        for folder in self.case_folders()? {
            if run.cases.iter().any(|case| case.folder == folder) {
                continue;
            }
            if let Some(case) = self.result(&folder)? {
                run.cases.push(CaseSummary {
                    scenario: case.scenario,
                    case: case.case,
                    folder,
                    verdict: case.verdict,
                    duration_s: case.duration_s,
                });
            }
        }
        Ok(run)
    }

    /// The results of all cases that ended, in the order they ran.
    pub fn cases(&self) -> Result<Vec<CaseResult>, StoreError> {
        let mut cases = Vec::new();
        for summary in self.run()?.cases {
            cases.extend(self.result(&summary.folder)?);
        }
        Ok(cases)
    }

    /// Case folders without a result: cases that were under way when the run was killed.
    /// Relative to the run folder, in order of name.
    pub fn unfinished(&self) -> Result<Vec<String>, StoreError> {
        let mut folders = self.case_folders()?;
        folders.retain(|folder| !self.has_result(folder));
        Ok(folders)
    }

    /// `env.json`, where there is one.
    pub fn env(&self) -> Result<Option<HostFacts>, StoreError> {
        self.read_where_there("env.json")
    }

    /// `plan.json`, where there is one.
    pub fn plan(&self) -> Result<Option<serde_json::Value>, StoreError> {
        let path = self.path.join("plan.json");
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::io("read", &path, e)),
        };
        // its schema is its own
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| damaged(&path, &e))
    }

    /// `sources.json`, where there is one.
    pub fn sources(&self) -> Result<Option<Kept>, StoreError> {
        self.read_where_there("sources.json")
    }

    fn read_where_there<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let path = self.path.join(name);
        path.exists().then(|| read_json(&path)).transpose()
    }

    /// Whether a case has a result; `folder` as [`CaseSummary::folder`] has it.
    pub fn has_result(&self, folder: &str) -> bool {
        self.path.join(folder).join("result.json").exists()
    }

    /// The requests of a case, by phase, as far as they were written.
    pub fn requests(&self, folder: &str) -> Result<IndexMap<String, Vec<Record>>, StoreError> {
        read_requests(&self.path.join(folder).join("requests.csv"))
    }

    /// The samples of a case, by server, as far as they were written.
    pub fn samples(&self, folder: &str) -> Result<IndexMap<String, SeriesSet>, StoreError> {
        read_samples(&self.path.join(folder).join("samples.csv"))
    }

    /// The answers that were kept of a case.
    pub fn answers(&self, folder: &str) -> Result<Vec<AnswerLine>, StoreError> {
        read_answers(&self.path.join(folder).join("answers.jsonl"))
    }

    /// `events.jsonl`, as far as it was written.
    pub fn events(&self) -> Result<Events, StoreError> {
        read_events(&self.path.join("events.jsonl"))
    }

    fn raw_run(&self) -> Result<RunResult, StoreError> {
        read_json(&self.path.join("run.json"))
    }

    fn result(&self, folder: &str) -> Result<Option<CaseResult>, StoreError> {
        // run.json is a file like any other: it must not lead out of the folder
        let inside = Path::new(folder)
            .components()
            .all(|c| matches!(c, std::path::Component::Normal(_)));
        let path = self.path.join(folder).join("result.json");
        if !inside || !path.exists() {
            return Ok(None);
        }
        read_json(&path).map(Some)
    }

    /// `cases/<scenario>/<case>` of every case that was begun, in order of name.
    fn case_folders(&self) -> Result<Vec<String>, StoreError> {
        let mut found = Vec::new();
        for scenario in folders_in(&self.path.join("cases"))? {
            for case in folders_in(&self.path.join("cases").join(&scenario))? {
                found.push(format!("cases/{scenario}/{case}"));
            }
        }
        Ok(found)
    }
}

/// The names of the folders in a folder, sorted; none where it does not exist.
fn folders_in(path: &Path) -> Result<Vec<String>, StoreError> {
    let listing = match fs::read_dir(path) {
        Ok(listing) => listing,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StoreError::io("read the folder", path, e)),
    };
    let mut names: Vec<String> = listing
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    Ok(names)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let bytes = fs::read(path).map_err(|e| StoreError::io("read", path, e))?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| damaged(path, &e))?;
    let schema = value.get("schema").and_then(serde_json::Value::as_u64);
    if let Some(found) = schema.filter(|found| *found > u64::from(SCHEMA_VERSION)) {
        return Err(StoreError::Newer {
            path: path.into(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    if let Some(found) = schema.filter(|found| *found < u64::from(SCHEMA_VERSION)) {
        return Err(StoreError::Older {
            path: path.into(),
            found,
            known: SCHEMA_VERSION,
        });
    }
    // from the text again: an error then names its line
    serde_json::from_slice(&bytes).map_err(|e| damaged(path, &e))
}

fn damaged(path: &Path, error: &serde_json::Error) -> StoreError {
    StoreError::Damaged {
        path: PathBuf::from(path),
        why: format!("line {}: {error}", error.line()),
    }
}
