//! New texts of files that are there: shown as differences, or put in their place.

use super::lines::differences;
use crate::source::{SourceFile, Sources};
use crate::syntax::secrets;
use similar::group_diff_ops;
use similar::udiff::UnifiedHunkHeader;
use std::io::Write;
use std::path::Path;

/// So many lines are shown around a change.
const AROUND: usize = 3;

/// What changes from one text of a file to another, as `patch` reads it, but with `***` for what is
/// written out in `secret(…)`.
pub fn diff(name: &str, before: &str, after: &str) -> String {
    let mut sources = Sources::default();
    let [old, new] = [before, after].map(|text| {
        let file = sources.add(name, None, text);
        sources.hide(file, secrets::literals(text));
        file
    });
    let line = |file, index: Option<usize>| {
        let file: &SourceFile = sources.get(file);
        let start = *file.lines().get(index?)? as usize;
        let length = file.text[start..].find('\n');
        let end = length.map_or(file.text.len(), |length| start + length);
        Some(file.shown_part(start..end))
    };
    let [before, after] =
        [before, after].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
    let mut out = String::new();
    for hunk in group_diff_ops(differences(&before, &after), AROUND) {
        if out.is_empty() {
            out = format!("--- {name}\n+++ {name}\n");
        }
        out += &format!("{}\n", UnifiedHunkHeader::new(&hunk));
        for change in hunk.iter().flat_map(|op| op.iter_changes(&before, &after)) {
            let shown = line(old, change.old_index()).or_else(|| line(new, change.new_index()));
            out += &format!("{}{}\n", change.tag(), shown.unwrap_or_default());
            if change.missing_newline() {
                out += "\\ No newline at end of file\n";
            }
        }
    }
    sources.conceal(&out).into_owned()
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
