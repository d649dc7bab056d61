//! `scn report`: writes a run's reports again from its folder.

use super::output::{self, Output};
use super::{exit, style};
use crate::report::{terminal, write_folder};
use crate::store::RunFolder;
use std::io::IsTerminal;
use std::path::PathBuf;

/// Write a run's reports again from its folder, without running anything.
#[derive(clap::Args)]
pub struct ReportArgs {
    /// The run folder: `runs/2026-01-31T12-00-00`
    #[arg(value_name = "RUN")]
    run: PathBuf,
    /// Write the results as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

pub fn report(args: &ReportArgs) -> u8 {
    let results = match Output::find(args.json.as_deref(), None) {
        Ok(results) => results,
        Err(error) => return output::complain(error),
    };
    let read = || {
        let folder = RunFolder::open(&args.run)?;
        let (run, cases) = (folder.run()?, folder.cases()?);
        Ok((folder, run, cases))
    };
    let (folder, run, cases) = match read() {
        Ok(read) => read,
        Err(error) => {
            let error: crate::store::StoreError = error;
            eprintln!("error: {error}\n  help: {}", error.help());
            return exit::WORLD;
        }
    };
    if run.finished.is_none() {
        match cases.len() {
            0 => eprintln!(
                "note: this run did not finish, and none of its cases did: there is nothing to report; \
                 what was measured lies in {}/cases",
                folder.path().display()
            ),
            _ => eprintln!("note: this run did not finish; the reports hold the cases that did"),
        }
    }
    let mut code = exit::PASSED;
    if let Err(errors) = write_folder(&folder, None) {
        for error in &errors.errors {
            eprintln!("error: {error}\n  help: {}", error.help());
        }
        code = exit::WORLD;
    }
    let json = serde_json::json!({ "run": run, "cases": cases });
    if let Err(error) = results.write(&json) {
        eprintln!("error: {error}");
        code = exit::WORLD;
    }
    if !args.quiet && !results.is_stdout() {
        let color = style::color(std::io::stdout().is_terminal());
        let style = terminal::Style {
            color,
            ascii: !super::run::utf8(),
            brief: false,
        };
        return super::style::print_or(&terminal::outcome(&cases, folder.path(), style), code);
    }
    code
}
