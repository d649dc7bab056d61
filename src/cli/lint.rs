//! `scn lint`: checks files without running anything.

use super::output::{self, Output};
use super::{Selection, exit, load, style};
use crate::diagnostics::{Diagnostic, Severity, codes, json};
use std::path::PathBuf;

/// Check files without running anything. No process is started and no socket is opened.
#[derive(clap::Args)]
pub struct LintArgs {
    #[command(flatten)]
    selection: Selection,
    /// Write the findings as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print nothing but the findings
    #[arg(short, long)]
    quiet: bool,
}

/// Keys are there where a scenario runs, and need not be where it is checked.
pub fn without_keys(found: &mut [Diagnostic]) {
    for found in found {
        if found.code == codes::UNSET_VARIABLE.0 {
            found.severity = Severity::Note;
        }
    }
}

pub fn lint(args: &LintArgs) -> u8 {
    let results = match Output::find(args.json.as_deref(), None) {
        Ok(results) => results,
        Err(error) => return output::complain(error),
    };
    let mut loaded = match load::load_all(&args.selection) {
        Ok(loaded) => loaded,
        Err(refused) => return refused.print(&results),
    };
    without_keys(&mut loaded.found);
    if let Err(error) = results.write(&json::to_json(&loaded.program.sources, &loaded.found)) {
        eprintln!("error: {error}");
        return exit::WORLD;
    }
    if !results.is_stdout() {
        style::show(&loaded.program.sources, &loaded.found);
        let objections = loaded.found.iter().any(|d| d.severity != Severity::Note);
        if !objections && !args.quiet {
            let files = loaded.program.roots.len();
            let plural = |n: usize| if n == 1 { "" } else { "s" };
            let cases = loaded.cases.len();
            let text = format!(
                "{files} file{}, {cases} case{}: nothing to object\n",
                plural(files),
                plural(cases)
            );
            return style::print_or(&text, exit::PASSED);
        }
    }
    if loaded.has_unreadable() {
        exit::USAGE
    } else if loaded.has_errors() {
        exit::FAILED
    } else {
        exit::PASSED
    }
}
