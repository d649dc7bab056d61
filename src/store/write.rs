//! Files that are there whole or not at all.

use super::StoreError;
use serde::Serialize;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::Path;

/// Writes a file whole: to a temporary sibling, synced to the disk, then renamed over `path`. A
/// kill at any moment leaves the old file or the new one.
///
/// Errors: see [`StoreError`]; the temporary file is removed.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    write_whole_by(path, |out| out.write_all(bytes))
}

/// The same as JSON with a line's end, part by part, so that it need not be in memory as a whole.
pub(crate) fn write_whole_json(path: &Path, value: &impl Serialize) -> Result<(), StoreError> {
    write_whole_by(path, |out| pretty(out, value))
}

/// JSON on lines of its own.
pub(crate) fn pretty(out: &mut dyn Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, value)?;
    out.write_all(b"\n")
}

fn write_whole_by(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> Result<(), StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let temporary = path.with_file_name(format!(".{name}.tmp"));
    let written = write_and_sync(&temporary, write)
        .and_then(|()| fs::rename(&temporary, path))
        .map_err(|e| StoreError::io("write", path, e));
    if written.is_err() {
        // the first error is the one to report; a left temporary file does no harm
        let _ = fs::remove_file(&temporary);
    } else if let Some(folder) = path.parent() {
        // makes the rename itself durable; not every file system can
        let _ = File::open(folder).and_then(|f| f.sync_all());
    }
    written
}

fn write_and_sync(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    // a link left here by someone must not be followed
    if path.symlink_metadata().is_ok() {
        fs::remove_file(path)?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.into_inner()?.sync_all()
}

/// Makes a folder and its parents.
pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match fs::create_dir_all(path) {
        Ok(()) => Ok(()),
        // the kind says "exists" where a file is in the way
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Err(StoreError::NotADirectory {
            path: path.to_path_buf(),
            doing: "create the folder",
        }),
        Err(e) => Err(StoreError::io("create the folder", path, e)),
    }
}

/// Opens a file for appending, creating it.
pub(super) fn append_to(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .open(path)
        .map_err(|e| StoreError::io("open", path, e))
}
