//! The standard library as files that editors can show: it is embedded in the program, so each
//! file that is jumped to is written to a folder of the user's cache, read-only.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The folder of this version's files; none where the environment names no home.
pub fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let cache = named("XDG_CACHE_HOME")
        .filter(|path| path.is_absolute())
        .or_else(|| Some(named("HOME")?.join(".cache")))?;
    Some(
        cache
            .join("scn")
            .join("std")
            .join(env!("CARGO_PKG_VERSION")),
    )
}

/// Whether a path is one of these files.
pub fn holds(path: &Path) -> bool {
    folder().is_some_and(|folder| path.starts_with(folder))
}

/// The file of a source called `std/engines/builtin.scn`, written if it is not there as it is here.
pub fn file(name: &str, text: &str) -> io::Result<PathBuf> {
    let missing = || io::Error::new(io::ErrorKind::NotFound, "neither XDG_CACHE_HOME nor HOME");
    let inner = name.strip_prefix("std/").unwrap_or(name);
    let path = folder().ok_or_else(missing)?.join(inner);
    if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(path);
    }
    let parent = path.parent().ok_or_else(missing)?;
    fs::create_dir_all(parent)?;
    // another server may write it at the same time
    let draft = path.with_extension(format!("{}.draft", std::process::id()));
    fs::write(&draft, text)?;
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o444))?;
    fs::rename(&draft, &path)?;
    Ok(path)
}
