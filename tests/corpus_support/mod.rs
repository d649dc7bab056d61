//! The files of the corpora, and the program run on them.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder, in order.
pub fn below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(one) = open.pop() {
        for entry in std::fs::read_dir(&one).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => out.push(path),
            }
        }
    }
    out.sort();
    out
}

/// All `.scn` files below a folder, in order.
pub fn scenarios(folder: &Path) -> Vec<PathBuf> {
    let mut files = below(folder);
    files.retain(|file| file.extension().is_some_and(|e| e == "scn"));
    files
}

/// The program, run in a folder with this input; variables that files of the corpus read are not
/// set.
pub fn scn(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("SCN_CORPUS_KEY")
        .env_remove("SCN_CORPUS_NOT_SET")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut given = child.stdin.take().unwrap();
    given.write_all(input.as_bytes()).unwrap();
    drop(given);
    child.wait_with_output().unwrap()
}
