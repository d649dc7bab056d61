//! Where `--json FILE` goes: found out before anything is done, written at the end.

use super::exit;
use crate::store::{pretty, write_whole_json};
use serde::Serialize;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A place for results that can be written, as far as that can be known before. A file that is
/// there keeps what it holds until the results are.
pub enum Output {
    /// Nobody asked for them.
    None,
    Stdout,
    /// A file, written whole and then put in its place.
    File(PathBuf),
    /// What must be written to as it is: a pipe, a device, a file in a folder that takes no
    /// others.
    Open(PathBuf, File),
}

impl Output {
    /// Finds out whether the results can be written. `out` is the run's folder, which is made and
    /// looked at by itself.
    ///
    /// Errors: a sentence that names the path, and the exit code, which is that of a folder of
    /// `--out` in the same place.
    pub fn find(json: Option<&Path>, out: Option<&Path>) -> Result<Self, Unwritable> {
        let Some(path) = json else {
            return Ok(Self::None);
        };
        if path.to_str() == Some("-") {
            return Ok(Self::Stdout);
        }
        if out.is_some() && path.parent() == out {
            return Ok(Self::File(path.into()));
        }
        Self::of_path(path).map_err(|error| Unwritable {
            code: match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::NotADirectory
                | io::ErrorKind::IsADirectory => exit::USAGE,
                _ => exit::WORLD,
            },
            message: format!(
                "cannot write the results to {}: {error}\n  help: name a file that can be written \
                 with `--json FILE`; nothing was started",
                path.display()
            ),
        })
    }

    fn of_path(path: &Path) -> io::Result<Self> {
        let there = match path.metadata() {
            Ok(found) => Some(found),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let (file, path) = match there {
            None => (None, path.to_path_buf()),
            Some(found) => {
                let file = OpenOptions::new().write(true).open(path)?;
                if !found.is_file() {
                    return Ok(Self::Open(path.into(), file));
                }
                // a link stays one
                (Some(file), path.canonicalize()?)
            }
        };
        match (beside(&path), file) {
            (Ok(()), _) => Ok(Self::File(path)),
            (Err(_), Some(file)) => Ok(Self::Open(path, file)),
            (Err(error), None) => Err(error),
        }
    }

    pub fn is_stdout(&self) -> bool {
        matches!(self, Self::Stdout)
    }

    /// Writes the results. Errors: a sentence that names the path.
    pub fn write(&self, value: &impl Serialize) -> Result<(), String> {
        let cannot =
            |path: &Path, error: io::Error| format!("cannot write {}: {error}", path.display());
        match self {
            Self::None => Ok(()),
            Self::Stdout => {
                let mut out = BufWriter::new(io::stdout().lock());
                let written = pretty(&mut out, value).and_then(|()| out.flush());
                written.map_err(|error| format!("cannot write to standard output: {error}"))
            }
            Self::File(path) => write_whole_json(path, value).map_err(|error| error.to_string()),
            Self::Open(path, file) => over(file, value).map_err(|error| cannot(path, error)),
        }
    }
}

/// Whether a file can be made beside `path`; none is left.
fn beside(path: &Path) -> io::Result<()> {
    let Some(name) = path.file_name() else {
        return Err(io::ErrorKind::IsADirectory.into());
    };
    let name = format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id());
    let path = path.with_file_name(name);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)?;
    std::fs::remove_file(path)
}

/// In place of what the file holds.
fn over(file: &File, value: &impl Serialize) -> io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
    }
    let mut out = BufWriter::new(file);
    pretty(&mut out, value)?;
    out.flush()
}

/// Why results cannot be written where they should be.
pub struct Unwritable {
    message: String,
    /// A path that is none is wrong usage; one that takes nothing is the world's fault.
    code: u8,
}

/// Says why the results cannot be written; the exit code.
pub fn complain(error: Unwritable) -> u8 {
    eprintln!("error: {}", error.message);
    error.code
}
