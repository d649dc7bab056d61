//! New texts of files that are there: shown as differences, or put in their place.

use similar::TextDiff;
use std::io::Write;
use std::path::Path;

/// What changes from one text of a file to another, as `patch` reads it.
pub fn diff(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after)
        .unified_diff()
        .header(name, name)
        .to_string()
}

/// Replaces a file's text: a temporary file beside it is written, synced and renamed over it, so
/// that a kill at any moment leaves the old text or the new one. A link stays a link, and the file
/// that it leads to keeps its permissions.
pub fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let file = file.canonicalize()?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    // a rename would get round both, and root round the second
    if meta.permissions().readonly() {
        return Err(std::io::Error::other("it is read-only"));
    }
    std::fs::OpenOptions::new().write(true).open(&file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let temporary = file.with_file_name(format!(".{name}.{}.tmp", std::process::id()));
    let written = std::fs::File::create_new(&temporary).and_then(|mut out| {
        out.set_permissions(meta.permissions())?;
        out.write_all(bytes)?;
        out.sync_all()?;
        std::fs::rename(&temporary, &file)
    });
    if written.is_err() {
        // the first error is the one to report
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
