//! How commands print: color, width, and errors of standard output.

use super::fix::fixable;
use crate::diagnostics::{Diagnostic, for_people, human};
use crate::source::Sources;
use std::io::{IsTerminal, Write};

/// Whether a stream takes color: a terminal, and no `NO_COLOR` or `TERM=dumb`.
pub fn color(terminal: bool) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The terminal's width in columns, where there is one.
pub fn width() -> usize {
    let columns = std::env::var("COLUMNS")
        .ok()
        .and_then(|text| text.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(100)
}

/// Diagnostics on standard error, with how many of them `scn lint` can mend.
pub fn show(sources: &Sources, found: &[Diagnostic]) {
    let found = for_people(found.to_vec());
    show_these(sources, &found);
    let text = match fixable(sources, &found) {
        (0, 0) => return,
        (0, more) => format!("{more} fixable with `scn lint --fix --unsafe-fixes`"),
        (safe, 0) => format!("{safe} fixable with `scn lint --fix`"),
        (safe, more) => {
            format!("{safe} fixable with `scn lint --fix`, {more} more with `--unsafe-fixes`")
        }
    };
    eprintln!("{text}");
}

/// Diagnostics on standard error.
pub fn show_bare(sources: &Sources, found: &[Diagnostic]) {
    show_these(sources, &for_people(found.to_vec()));
}

fn show_these(sources: &Sources, found: &[Diagnostic]) {
    if !found.is_empty() {
        let options = human::Options {
            color: color(std::io::stderr().is_terminal()),
            ..human::Options::default()
        };
        eprint!("{}", human::render(sources, found, &options));
    }
}

/// Prints to standard output; one that takes no more (a full disk) is an error like any other.
pub fn print(text: &str) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| format!("cannot write to standard output: {error}"))
}

/// As [`print`], for an exit code: `code`, or that of a world that failed.
pub fn print_or(text: &str, code: u8) -> u8 {
    match print(text) {
        Ok(()) => code,
        Err(error) => {
            eprintln!("error: {error}");
            super::exit::WORLD
        }
    }
}
