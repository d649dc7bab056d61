//! Which files a command may write to: what was named, and not what a link leads to elsewhere.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Why a file is not touched, and what to do.
pub const OUTSIDE: &str = "it is outside of what is named; name it too";

/// A path with its links followed, where it is there.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// What somebody who names files and folders has given to be changed: these files, and what lies
/// in the folders and beside the files. A link, or a `use`, may lead elsewhere.
pub struct Given {
    files: HashSet<PathBuf>,
    folders: Vec<PathBuf>,
}

impl Given {
    /// By the paths as they were named.
    pub fn of(paths: &[PathBuf]) -> Self {
        let (mut files, mut folders) = (HashSet::new(), Vec::new());
        for path in paths {
            if path.is_dir() {
                folders.push(real(path));
                continue;
            }
            files.insert(real(path));
            let folder = path.parent().filter(|folder| *folder != Path::new(""));
            folders.push(real(folder.unwrap_or(Path::new("."))));
        }
        Self { files, folders }
    }

    /// Whether it may be changed; `path` has its links followed.
    pub fn holds(&self, path: &Path) -> bool {
        self.files.contains(path) || self.folders.iter().any(|folder| path.starts_with(folder))
    }
}
