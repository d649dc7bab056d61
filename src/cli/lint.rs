//! `scn lint`: checks files without running anything.

use super::output::{self, Output};
use super::{Selection, exit, fix, load, style};
use crate::diagnostics::{Diagnostic, Severity, json};
use crate::source::Sources;
use std::path::PathBuf;

/// Check files without running anything. No process is started and no socket is opened.
#[derive(clap::Args)]
pub struct LintArgs {
    #[command(flatten)]
    selection: Selection,
    /// Write the findings as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Mend what can have meant nothing else, in the files, again and again until nothing is left.
    /// A repair that leads to a new error is left out. Findings and exit code are those of what
    /// remains
    #[arg(long)]
    fix: bool,
    /// With `--fix` or `--diff`, make repairs too that choose a name, a unit or a meaning
    #[arg(long)]
    unsafe_fixes: bool,
    /// Write nothing; show what `--fix` would change. Exits with 1 where it would change something
    #[arg(long, conflicts_with_all = ["format", "json"])]
    diff: bool,
    /// Print nothing but the findings, and with `--diff` the differences
    #[arg(short, long)]
    quiet: bool,
}

pub fn lint(args: &LintArgs) -> u8 {
    let results = match Output::find(args.json.as_deref(), None) {
        Ok(results) => results,
        Err(error) => return output::complain(error),
    };
    if args.fix || args.diff {
        return mend(args, &results);
    }
    match load::load_all(&args.selection) {
        Ok(loaded) => tell(args, &results, &loaded, style::show),
        Err(refused) => refused.print(&results, args.selection.findings.format),
    }
}

/// Makes the repairs, or shows them; the exit code.
fn mend(args: &LintArgs, results: &Output) -> u8 {
    let format = args.selection.findings.format;
    let fixed = match fix::fixed(&args.selection, args.unsafe_fixes) {
        Ok(fixed) => fixed,
        Err(refused) => return refused.print(results, format),
    };
    let report = |code: u8| {
        if !args.quiet {
            eprint!("{}", fixed.report(args.diff));
        }
        code
    };
    if args.diff {
        let code = match (code(&fixed.loaded), fixed.changes()) {
            (exit::PASSED, true) => exit::FAILED,
            (code, _) => code,
        };
        return report(style::print_or(&fixed.diff(), code));
    }
    if let Err(errors) = fixed.write() {
        let message = errors.join("\nerror: ");
        let code = exit::WORLD;
        return load::Refused::Said { message, code }.print(results, format);
    }
    report(tell(args, results, &fixed.loaded, style::show_bare))
}

/// Writes what was found, in the form that is asked for; the exit code.
fn tell(
    args: &LintArgs,
    results: &Output,
    loaded: &load::Loaded,
    show: fn(&Sources, &[Diagnostic]),
) -> u8 {
    let sources = &loaded.program.sources;
    if let Err(error) = results.write(&json::to_json(sources, &loaded.found)) {
        eprintln!("error: {error}");
        return exit::WORLD;
    }
    if results.is_stdout() {
        return code(loaded);
    }
    if let Some(text) = args.selection.findings.format.text(sources, &loaded.found) {
        return style::print_or(&text, code(loaded));
    }
    show(sources, &loaded.found);
    let objections = loaded.found.iter().any(|d| d.severity != Severity::Note);
    if objections || args.quiet {
        return code(loaded);
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let files = count(loaded.program.roots.len(), "file");
    let cases = count(loaded.cases.len(), "case");
    style::print_or(
        &format!("{files}, {cases}: nothing to object\n"),
        exit::PASSED,
    )
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
