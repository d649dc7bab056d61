//! `scn doc`: writes the reference manual, checks that it is up to date, or prints one entry.

use super::{exit, style};
use crate::manual;
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

/// Write the reference manual as Markdown, or print one entry of it.
///
/// Exit codes: 0 written, printed or up to date; 1 pages are out of date (with --check); 2 no such
/// name; 3 a page could not be read or written.
#[derive(clap::Args)]
pub struct DocArgs {
    /// Print what the manual says of a name: `phase`, `phase.rate`, `growth`, `ttft`, `MB/req`,
    /// `engines.builtin`; or a list of its names: `builtins`, `kinds`, `units`, `metrics`, `expressions`
    #[arg(value_name = "NAME", conflicts_with_all = ["out", "check"])]
    name: Option<String>,
    /// The folder that the pages are written to
    #[arg(long, value_name = "DIR", default_value = "docs/reference")]
    out: PathBuf,
    /// Write nothing; name the pages that are out of date
    #[arg(long)]
    check: bool,
}

pub fn doc(args: &DocArgs) -> u8 {
    let done = match &args.name {
        Some(name) => return entry(name),
        None if args.check => check(&args.out),
        None => write(&args.out),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            exit::WORLD
        }
    }
}

fn entry(name: &str) -> u8 {
    let found = match (manual::find(name), manual::page(name)) {
        (found, None) => found,
        (found, Some(page)) => Ok(found.into_iter().flatten().chain([page]).collect()),
    };
    match found {
        Ok(found) => {
            let color = style::color(std::io::stdout().is_terminal());
            let shown = |entry| manual::on_terminal(entry, style::width(), color);
            let texts: Vec<String> = found.iter().map(shown).collect();
            style::print_or(&texts.join("\n"), exit::PASSED)
        }
        Err(near) => {
            let help = match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("names are such as {}", manual::kinds_of_names()),
            };
            eprintln!("error: the manual has no entry `{name}`\n  help: {help}");
            exit::USAGE
        }
    }
}

fn check(folder: &Path) -> Result<u8, String> {
    let mut stale = Vec::new();
    for (name, text) in manual::pages() {
        match read(&folder.join(&name))? {
            None => stale.push(format!("{name} is missing")),
            Some(found) if found != text => stale.push(match line_of(&found, &text) {
                Some(line) => format!("{name} is out of date from line {line} on"),
                None => format!("{name} is out of date"),
            }),
            Some(_) => {}
        }
    }
    let left = left_over(folder)?.into_iter();
    stale.extend(left.map(|name| format!("{name} is a page that scn doc does not write any more")));
    if stale.is_empty() {
        let text = format!("{} is up to date\n", folder.display());
        return style::print(&text).map(|()| exit::PASSED);
    }
    for one in &stale {
        eprintln!("{}/{one}", folder.display());
    }
    let out = match folder == Path::new("docs/reference") {
        true => String::new(),
        false => format!(" --out {}", folder.display()),
    };
    eprintln!("  help: write them again: scn doc{out}");
    Ok(exit::FAILED)
}

fn write(folder: &Path) -> Result<u8, String> {
    let cannot = |path: &Path, error| format!("cannot write {}: {error}", path.display());
    std::fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
    let pages = manual::pages();
    let mut changed = 0;
    for (name, text) in &pages {
        let path = folder.join(name);
        if read(&path)?.as_ref() != Some(text) {
            std::fs::write(&path, text).map_err(|error| cannot(&path, error))?;
            changed += 1;
        }
    }
    for name in left_over(folder)? {
        let path = folder.join(name);
        std::fs::remove_file(&path)
            .map_err(|error| format!("cannot delete {}: {error}", path.display()))?;
        changed += 1;
    }
    let all = pages.len();
    let text = format!("{}: {all} pages, {changed} changed\n", folder.display());
    style::print(&text).map(|()| exit::PASSED)
}

/// A page's text; none where there is no file. What is no text is not what scn wrote.
fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("cannot read {}: {error}", path.display())),
    }
}

/// Files that bear the mark of the manual's pages and are none any more, by name.
fn left_over(folder: &Path) -> Result<Vec<String>, String> {
    let cannot = |error| format!("cannot read {}: {error}", folder.display());
    let pages = manual::pages();
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(cannot(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(cannot)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_page = pages.iter().any(|(page, _)| *page == name);
        if name.ends_with(".md") && !is_page && entry.path().is_file() {
            let text = read(&entry.path())?;
            if text.is_some_and(|text| text.starts_with(manual::MARK)) {
                found.push(name);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// The first line in which two texts differ.
fn line_of(a: &str, b: &str) -> Option<usize> {
    let same = a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count();
    (a.lines().count().max(b.lines().count()) > same).then_some(same + 1)
}
