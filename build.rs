//! Embeds the standard library: every file of `stdlib`, so that adding an engine, a report or a
//! template touches no Rust. And the pages of the rules: those of `src/diagnostics/pages`, and the
//! head comments of the rules in `src/lint/rules`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

const PAGES: &str = "src/diagnostics/pages";
const RULES: &str = "src/lint/rules";

fn main() -> io::Result<()> {
    for read in ["stdlib", PAGES, RULES] {
        println!("cargo::rerun-if-changed={read}");
    }
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let root = package.join("stdlib");
    let mut code = String::from("pub(super) const FILES: &[(&str, &str)] = &[\n");
    for path in files(&root)? {
        let name = path
            .strip_prefix(&root)
            .map_err(io::Error::other)?
            .to_string_lossy()
            .into_owned();
        let _ = writeln!(
            code,
            "    ({name:?}, include_str!({:?})),",
            path.display().to_string()
        );
    }
    code.push_str("];\n");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("stdlib.rs"), code)?;
    fs::write(out.join("rule_pages.rs"), pages(&package)?)
}

/// The texts of the pages, as Rust.
fn pages(package: &Path) -> io::Result<String> {
    let mut code = String::from("const PAGES: &[&str] = &[\n");
    for path in files(&package.join(PAGES))? {
        let _ = writeln!(code, "    {:?},", fs::read_to_string(path)?);
    }
    for path in files(&package.join(RULES))? {
        let text = fs::read_to_string(path)?;
        let head = text.lines().map_while(|line| line.strip_prefix("//!"));
        let page: Vec<&str> = head.map(|l| l.strip_prefix(' ').unwrap_or(l)).collect();
        if page.first().is_some_and(|line| line.starts_with("# ")) {
            let _ = writeln!(code, "    {:?},", page.join("\n") + "\n");
        }
    }
    code.push_str("];\n");
    Ok(code)
}

/// All files below a folder, in order of their paths.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
