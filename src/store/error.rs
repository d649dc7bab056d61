//! What can go wrong with a run folder: the path, what was tried, and what to do.

use crate::report::model::WorldError;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// An error of the run folder. [`StoreError::help`] says what to do about it.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("cannot {doing} {}: no space is left on the device", path.display())]
    NoSpace { path: PathBuf, doing: &'static str },
    #[error("cannot {doing} {}: the file grew beyond what this process may write", path.display())]
    TooLarge { path: PathBuf, doing: &'static str },
    #[error("cannot {doing} {}: the file system is read-only", path.display())]
    ReadOnly { path: PathBuf, doing: &'static str },
    #[error("cannot {doing} {}: permission denied", path.display())]
    Permission { path: PathBuf, doing: &'static str },
    #[error("cannot {doing} {}: a part of this path is a file, not a folder", path.display())]
    NotADirectory { path: PathBuf, doing: &'static str },
    #[error("cannot {doing} {}: there is no such file or folder", path.display())]
    NotFound { path: PathBuf, doing: &'static str },
    #[error("{} is not empty and holds no run of scn (found `{found}`)", path.display())]
    NotARunFolder { path: PathBuf, found: String },
    #[error("{} holds no run: there is no run.json in it", path.display())]
    NoRun { path: PathBuf },
    #[error("{} already holds a finished run", path.display())]
    Finished { path: PathBuf },
    #[error("{} is being written by another run of scn", path.display())]
    Locked { path: PathBuf },
    #[error("cannot read {}: {why}", path.display())]
    Damaged { path: PathBuf, why: String },
    #[error("{} was written by a newer scn (schema {found}, this one reads up to {known})", path.display())]
    Newer {
        path: PathBuf,
        found: u64,
        known: u32,
    },
    #[error("{} was written by an older scn (schema {found}, this one reads {known})", path.display())]
    Older {
        path: PathBuf,
        found: u64,
        known: u32,
    },
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        path: PathBuf,
        doing: &'static str,
        source: io::Error,
    },
}

impl StoreError {
    /// Sorts an error of the system by what a user can do about it.
    pub(crate) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::NoSpace { path, doing }
            }
            io::ErrorKind::FileTooLarge => Self::TooLarge { path, doing },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path, doing },
            io::ErrorKind::PermissionDenied => Self::Permission { path, doing },
            io::ErrorKind::NotADirectory => Self::NotADirectory { path, doing },
            io::ErrorKind::NotFound => Self::NotFound { path, doing },
            _ => Self::Io {
                path,
                doing,
                source,
            },
        }
    }

    /// A short stable name, as [`WorldError::kind`] has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoSpace { .. } => "disk_full",
            Self::TooLarge { .. } => "file_too_large",
            Self::ReadOnly { .. } => "read_only",
            Self::Permission { .. } => "permission_denied",
            Self::NotADirectory { .. } => "not_a_directory",
            Self::NotFound { .. } => "not_found",
            Self::NotARunFolder { .. } | Self::NoRun { .. } => "not_a_run_folder",
            Self::Finished { .. } => "run_finished",
            Self::Locked { .. } => "run_locked",
            Self::Damaged { .. } => "damaged",
            Self::Newer { .. } => "newer_schema",
            Self::Older { .. } => "older_schema",
            Self::Io { .. } => "io",
        }
    }

    /// What to do about it.
    pub fn help(&self) -> &'static str {
        match self {
            Self::NoSpace { .. } => {
                "free some space (or raise the quota), or name a folder on another disk with \
                 `--out DIR`; what was written before is kept, and `scn report` reports it once \
                 there is space"
            }
            Self::TooLarge { .. } => {
                "raise the limit on file sizes (`ulimit -f`), or run fewer requests; what was \
                 written before is kept"
            }
            Self::ReadOnly { .. } => {
                "name a folder that can be written with `--out DIR`; a run folder can be copied to \
                 one, and `scn report` takes the copy"
            }
            Self::Permission { .. } => {
                "name a folder that you may write with `--out DIR`, or change its permissions"
            }
            Self::NotADirectory { .. } => "name a folder with `--out DIR`, not a path below a file",
            Self::NotFound { .. } => {
                "check the path; `scn run` names its run folder in its last line"
            }
            Self::NotARunFolder { .. } => {
                "name an empty or a new folder with `--out DIR`; scn does not mix its files with \
                 others"
            }
            Self::NoRun { .. } => "name a folder that `scn run` wrote, such as `runs/<time>`",
            Self::Finished { .. } => {
                "name another folder with `--out DIR`, or remove this one; a finished run is never \
                 overwritten"
            }
            Self::Locked { .. } => {
                "wait until that run has ended, or name another folder with `--out DIR`"
            }
            Self::Damaged { .. } => "the file was changed or cut; restore it or run again",
            Self::Newer { .. } => "read it with the version of scn that wrote it, or a newer one",
            Self::Older { .. } => "read it with the version of scn that wrote it, or run again",
            Self::Io { .. } => "look at the system's message, and try another folder with `--out`",
        }
    }
}

impl From<&StoreError> for WorldError {
    fn from(error: &StoreError) -> Self {
        Self {
            kind: error.kind().into(),
            message: error.to_string(),
            help: Some(error.help().into()),
            ..Self::default()
        }
    }
}
