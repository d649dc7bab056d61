//! The files around one that stand in other folders: those right below its own, the one above, and
//! those right below that. The folder above is looked into only where it is the current one or below
//! it: what lies further up is none of the user's files.

use std::path::{Path, PathBuf};

/// A folder of more entries is not looked at, nor are more folders below one, nor more files in all.
const MOST_ENTRIES: usize = 300;
const MOST_FOLDERS: usize = 32;
const MOST_FILES: usize = 64;

/// The scenario files of those folders, in order; none where there are too many.
pub(super) fn around(file: &Path) -> Vec<PathBuf> {
    let Some(here) = folder_of(file) else {
        return Vec::new();
    };
    let mut folders = below(&here);
    let current = std::env::current_dir().and_then(|folder| folder.canonicalize());
    let above = here.parent().zip(current.ok());
    if let Some((above, _)) = above.filter(|(above, current)| above.starts_with(current)) {
        folders.push(above.to_path_buf());
        folders.extend(below(above).into_iter().filter(|folder| *folder != here));
    }
    let is_file = |path: &PathBuf| path.extension().is_some_and(|e| e == "scn") && path.is_file();
    let files = folders.iter().flat_map(|folder| entries(folder));
    let mut files: Vec<PathBuf> = files.filter(is_file).take(MOST_FILES + 1).collect();
    if files.len() > MOST_FILES {
        return Vec::new();
    }
    files.sort_unstable();
    files
}

fn folder_of(file: &Path) -> Option<PathBuf> {
    Some(file.canonicalize().ok()?.parent()?.to_path_buf())
}

/// The folders in a folder, but for hidden ones and links.
fn below(folder: &Path) -> Vec<PathBuf> {
    let shown = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy());
        !name.is_some_and(|name| name.starts_with('.'))
    };
    let is_folder = |path: &PathBuf| shown(path) && path.is_dir() && !path.is_symlink();
    let folders: Vec<PathBuf> = entries(folder).into_iter().filter(is_folder).collect();
    match folders.len() > MOST_FOLDERS {
        true => Vec::new(),
        false => folders,
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let entries = entries.flatten().map(|entry| entry.path());
    let entries: Vec<PathBuf> = entries.take(MOST_ENTRIES + 1).collect();
    match entries.len() > MOST_ENTRIES {
        true => Vec::new(),
        false => entries,
    }
}
