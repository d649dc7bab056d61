//! Files and folders of the command line.

use std::path::{Component, Path, PathBuf};

/// A file or folder named on the command line that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(
        "cannot read {path}: {}; expected a `.scn` file or a folder that holds some",
        plain(source)
    )]
    Unreadable {
        path: String,
        source: std::io::Error,
    },
    #[error("{path}: this folder holds no `.scn` file; name one, or a folder that holds some")]
    NoFiles { path: String },
}

/// The `.scn` files that paths of the command line stand for: files themselves, folders with all
/// that is below them (hidden folders apart), each once, in order.
pub fn find_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |source| LoadError::Unreadable {
            path: path.display().to_string(),
            source,
        };
        let meta = std::fs::metadata(path).map_err(unreadable)?;
        if !meta.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, &mut files, 0)?;
        if files.len() == before {
            return Err(LoadError::NoFiles {
                path: path.display().to_string(),
            });
        }
        files[before..].sort();
    }
    // `./a.scn` is called as what uses it calls it
    for file in &mut files {
        *file = without_dots(file);
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

/// A path as all commands show it: without the `./` that only says where one is.
pub(crate) fn without_dots(path: &Path) -> PathBuf {
    let parts = path.components();
    parts.filter(|part| *part != Component::CurDir).collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> Result<(), LoadError> {
    let unreadable = |path: &Path, source| LoadError::Unreadable {
        path: path.display().to_string(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let entry = entry.map_err(|e| unreadable(folder, e))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|e| unreadable(&path, e))?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let scenario = path.extension().is_some_and(|e| e == "scn");
        if kind.is_dir() && !hidden && depth < 16 {
            walk(&path, files, depth + 1)?;
        // a link to a file counts; one to a folder could lead in a circle
        } else if scenario && (kind.is_file() || kind.is_symlink() && !path.is_dir()) {
            files.push(path);
        }
    }
    Ok(())
}

/// More than this is no text that somebody wrote.
const LONGEST_MIB: u64 = 64;

/// A file's bytes. One of the command line may be a pipe (`scn lint /dev/stdin`); one that a file
/// names, `used`, has to be a file, or its writer could make the reader wait for ever.
pub(crate) fn read(path: &Path, used: bool) -> std::io::Result<Vec<u8>> {
    if used && std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let longest = LONGEST_MIB << 20;
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path)?;
    std::io::Read::read_to_end(&mut std::io::Read::take(file, longest + 1), &mut bytes)?;
    if bytes.len() as u64 > longest {
        let problem = format!("it is longer than {LONGEST_MIB} MiB");
        return Err(std::io::Error::other(problem));
    }
    Ok(bytes)
}

/// The system's word for an error, without its number.
pub(crate) fn plain(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a folder".into(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{find_files, read, without_dots};
    use std::path::{Path, PathBuf};

    #[test]
    fn a_file_has_one_name() {
        for (given, shown) in [
            ("./a.scn", "a.scn"),
            ("a/./b.scn", "a/b.scn"),
            ("../c", "../c"),
        ] {
            assert_eq!(without_dots(Path::new(given)), PathBuf::from(shown));
        }
        // as the tests run in the folder of the project
        let found = find_files(&["./scenarios".into(), "scenarios/quickstart.scn".into()]).unwrap();
        assert!(found.iter().all(|file| file.starts_with("scenarios")));
        let quickstart = found.iter().filter(|file| file.ends_with("quickstart.scn"));
        assert_eq!(quickstart.count(), 1);
    }

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        let error = read(Path::new("/dev/zero"), false).unwrap_err();
        assert_eq!(error.to_string(), "it is longer than 64 MiB");
        let error = read(Path::new("/dev/zero"), true).unwrap_err();
        assert_eq!(error.to_string(), "it is not a regular file");
    }
}
