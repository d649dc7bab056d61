//! A run's folder while it is written: made once, locked, never shared.

use super::events::EventLog;
use super::write::{make_folder, write_whole, write_whole_json};
use super::{CaseFolder, HostFacts, Redactor, StoreError};
use crate::plan::{Plan, PlanJson};
use crate::report::model::{RunResult, SCHEMA_VERSION};
use crate::resolve::Kept;
use crate::scenario::Case;
use jiff::Zoned;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use serde::Serialize;
use serde_json::Value;
use std::fs::{self, File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(super) const LOCK: &str = ".lock";
/// Where a killed run's files go when its folder is used again.
const EARLIER: &str = "earlier";

/// A run's folder: made for writing by [`RunFolder::create`], read by [`RunFolder::open`].
#[derive(Debug)]
pub struct RunFolder {
    pub(super) path: PathBuf,
    redactor: Arc<Redactor>,
    events: Option<Arc<EventLog>>,
    /// Where the files of a killed run went that were in the folder.
    earlier: Option<PathBuf>,
    /// Held as long as the run writes; the system lets go of it when the process ends, however
    /// it ends.
    _lock: Option<Flock<File>>,
}

impl RunFolder {
    /// Makes the folder of a new run: `out` itself, or `runs/<time>` below the working folder.
    ///
    /// A folder with a killed run is used again: what that run wrote goes to `earlier/<n>/`.
    ///
    /// Errors: a folder with other files in it or with a finished run, one that another scn is
    /// writing, and all that the system may say about making files.
    pub fn create(out: Option<&Path>, now: &Zoned) -> Result<Self, StoreError> {
        let path = match out {
            Some(out) => {
                if out.symlink_metadata().is_err() {
                    make_folder(out)?;
                }
                out.to_path_buf()
            }
            None => default_folder(Path::new("runs"), now)?,
        };
        // look before the lock file is made: nothing is left in a folder that is not ours
        content(&path)?;
        let lock = lock(&path)?;
        let earlier = match content(&path)? {
            Content::KilledRun => Some(put_aside(&path)?),
            Content::Nothing => None,
        };
        let folder = Self {
            earlier,
            redactor: Arc::default(),
            events: None,
            _lock: lock,
            path,
        };
        // from here on the folder is known as a run's, whatever happens
        folder.write_run(&RunResult {
            schema: SCHEMA_VERSION,
            scn_version: env!("CARGO_PKG_VERSION").into(),
            id: folder.id(),
            started: rfc3339(now),
            ..RunResult::default()
        })?;
        let events = EventLog::open(folder.path.join("events.jsonl"))?;
        Ok(Self {
            events: Some(Arc::new(events)),
            ..folder
        })
    }

    pub(super) fn reading(path: PathBuf) -> Self {
        Self {
            path,
            redactor: Arc::default(),
            events: None,
            earlier: None,
            _lock: None,
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the files of a killed run went that were in the folder, if there were any.
    pub fn earlier(&self) -> Option<&Path> {
        self.earlier.as_deref()
    }

    /// Where reports go.
    pub fn reports(&self) -> PathBuf {
        self.path.join("reports")
    }

    /// The folder's own name.
    pub fn id(&self) -> String {
        let full = self.path.canonicalize();
        let name = full.as_deref().unwrap_or(&self.path).file_name();
        name.unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Sets the secrets that nothing written from now on may hold. Case folders opened before
    /// keep the old ones: call it first.
    pub fn set_redactor(&mut self, redactor: Redactor) {
        self.redactor = Arc::new(redactor);
    }

    pub fn redactor(&self) -> &Redactor {
        &self.redactor
    }

    /// Writes `run.json` whole. Called at the start, after every case, and with `finished` at
    /// the end.
    pub fn write_run(&self, run: &RunResult) -> Result<(), StoreError> {
        self.write_json("run.json", run)
    }

    /// Writes `plan.json` whole.
    pub fn write_plan(&self, cases: &[Case], plan: &Plan) -> Result<(), StoreError> {
        let redactor = &self.redactor;
        let plan = PlanJson {
            cases,
            plan,
            redactor,
        };
        write_whole_json(&self.path.join("plan.json"), &plan)
    }

    /// Writes `sources.json` whole: what the run was read from.
    pub fn write_sources(&self, kept: &Kept) -> Result<(), StoreError> {
        self.write_json("sources.json", kept)
    }

    /// Writes `env.json` whole.
    pub fn write_env(&self, host: &HostFacts) -> Result<(), StoreError> {
        self.write_json("env.json", host)
    }

    fn write_json(&self, name: &str, value: &impl Serialize) -> Result<(), StoreError> {
        let path = self.path.join(name);
        let bytes = json_bytes(&path, value, &self.redactor)?;
        write_whole(&path, &bytes)
    }

    /// Appends a line to `events.jsonl`; `t` in seconds on the run's clock, `fields` an object.
    /// Nothing is written to a folder that was opened for reading.
    pub fn event(&self, t: f64, event: &str, fields: Value) -> Result<(), StoreError> {
        match &self.events {
            Some(log) => log.write(t, event, fields, &self.redactor),
            None => Ok(()),
        }
    }

    /// Forces the events so far to the disk.
    pub fn sync_events(&self) -> Result<(), StoreError> {
        self.events.as_ref().map_or(Ok(()), |log| log.sync())
    }

    /// Makes the folder of a case.
    pub fn case(&self, scenario: &str, case: &str) -> Result<CaseFolder, StoreError> {
        CaseFolder::make(
            &self.path,
            scenario,
            case,
            Arc::clone(&self.redactor),
            self.events.clone(),
        )
    }
}

/// A value as the folder's files have it: indented, without secrets, with a line end.
pub(super) fn json_bytes(
    path: &Path,
    value: &impl Serialize,
    redactor: &Redactor,
) -> Result<Vec<u8>, StoreError> {
    let failed = |e: serde_json::Error| StoreError::io("write", path, e.into());
    let mut value = serde_json::to_value(value).map_err(failed)?;
    redactor.value(&mut value);
    let mut bytes = serde_json::to_vec_pretty(&value).map_err(failed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// RFC 3339 with the zone's offset, to the second.
pub(super) fn rfc3339(now: &Zoned) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// `runs/2026-11-21T23-57-02`, or with `-2`, `-3`, … where that is taken.
fn default_folder(parent: &Path, now: &Zoned) -> Result<PathBuf, StoreError> {
    make_folder(parent)?;
    let name = now.strftime("%Y-%m-%dT%H-%M-%S").to_string();
    let mut n = 1;
    loop {
        let path = match n {
            1 => parent.join(&name),
            n => parent.join(format!("{name}-{n}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => n += 1,
            Err(e) => return Err(StoreError::io("create the folder", &path, e)),
        }
    }
}

#[derive(Debug, PartialEq)]
enum Content {
    Nothing,
    KilledRun,
}

/// What a folder holds; an error where it must not be written to.
fn content(path: &Path) -> Result<Content, StoreError> {
    let listing = fs::read_dir(path).map_err(|e| StoreError::io("read the folder", path, e))?;
    let mut names = Vec::new();
    for entry in listing {
        let entry = entry.map_err(|e| StoreError::io("read the folder", path, e))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    if names.iter().any(|name| name == "run.json") {
        let file = path.join("run.json");
        let text = fs::read(&file).map_err(|e| StoreError::io("read", &file, e))?;
        return match serde_json::from_slice::<RunResult>(&text) {
            Ok(run) if run.finished.is_some() => Err(StoreError::Finished { path: path.into() }),
            Ok(_) => Ok(Content::KilledRun),
            Err(_) => Err(StoreError::NotARunFolder {
                path: path.into(),
                found: "run.json".into(),
            }),
        };
    }
    let ours = |name: &String| [LOCK, EARLIER, ".run.json.tmp"].contains(&name.as_str());
    match names.into_iter().find(|name| !ours(name)) {
        None => Ok(Content::Nothing),
        Some(found) => Err(StoreError::NotARunFolder {
            path: path.into(),
            found,
        }),
    }
}

/// Takes the folder for this process. File systems without locks (some network ones) give none.
fn lock(folder: &Path) -> Result<Option<Flock<File>>, StoreError> {
    let path = folder.join(LOCK);
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| StoreError::io("create", &path, e))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Err(StoreError::Locked {
            path: folder.into(),
        }),
        Err((_, Errno::ENOSYS | Errno::EOPNOTSUPP | Errno::ENOLCK)) => Ok(None),
        Err((_, errno)) => Err(StoreError::io("lock", &path, errno.into())),
    }
}

/// Moves a killed run's files to `earlier/<n>/`, `run.json` last: until then the folder is still
/// known as that run's. Returns where they are.
fn put_aside(path: &Path) -> Result<PathBuf, StoreError> {
    let mut n = 1;
    let aside = loop {
        let aside = path.join(EARLIER).join(n.to_string());
        // one without run.json was begun and not ended
        if !aside.join("run.json").exists() {
            break aside;
        }
        n += 1;
    };
    make_folder(&aside)?;
    let listing = fs::read_dir(path).map_err(|e| StoreError::io("read the folder", path, e))?;
    let mut names: Vec<_> = listing
        .filter_map(Result::ok)
        .map(|e| e.file_name())
        .collect();
    names.retain(|name| name != LOCK && name != EARLIER);
    names.sort_by_key(|name| name == "run.json");
    for name in names {
        let from = path.join(&name);
        fs::rename(&from, aside.join(&name)).map_err(|e| StoreError::io("move", &from, e))?;
    }
    Ok(aside)
}
