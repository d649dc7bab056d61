//! `scn lint`: checks files without running anything.

use super::output::{self, Output};
use super::{Selection, exit, load, style};
use crate::diagnostics::{Severity, json};
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

pub fn lint(args: &LintArgs) -> u8 {
    let results = match Output::find(args.json.as_deref(), None) {
        Ok(results) => results,
        Err(error) => return output::complain(error),
    };
    let format = args.selection.findings.format;
    let loaded = match load::load_all(&args.selection) {
        Ok(loaded) => loaded,
        Err(refused) => return refused.print(&results, format),
    };
    if let Err(error) = results.write(&json::to_json(&loaded.program.sources, &loaded.found)) {
        eprintln!("error: {error}");
        return exit::WORLD;
    }
    if !results.is_stdout() {
        if let Some(text) = format.text(&loaded.program.sources, &loaded.found) {
            if let Err(error) = style::print(&text) {
                eprintln!("error: {error}");
                return exit::WORLD;
            }
            return code(&loaded);
        }
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
    code(&loaded)
}

fn code(loaded: &load::Loaded) -> u8 {
    if loaded.has_unreadable() {
        exit::USAGE
    } else if loaded.has_errors() {
        exit::FAILED
    } else {
        exit::PASSED
    }
}
