//! `scn report`: writes a run's reports again from its folder.

use super::load;
use super::output::{self, Output};
use super::{exit, style};
use crate::report::model::{CaseResult, CaseSummary, RunResult};
use crate::report::worlds::{Run, SideBySide};
use crate::report::{terminal, write_all};
use crate::run::rebuild::{Again, across, rebuild};
use crate::store::{RunFolder, RunState, StoreError};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

/// Write a run's reports again from its folder, without running anything.
///
/// Of several runs of one scenario, such as of one in each world (`scn run --on …`), nothing is
/// written again: a Markdown table shows their figures beside each other, and in relation to those
/// of the real run, or of the first where none is.
#[derive(clap::Args)]
pub struct ReportArgs {
    /// The run folder: `runs/2026-01-31T12-00-00`; or those of several runs, to compare them
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,
    /// Write the table of several runs as CSV to a file, with all figures; `-` is standard output
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Write the results as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Print nothing
    #[arg(short, long)]
    quiet: bool,
}

/// What to do where the path is no folder at all.
const WANTS_A_RUN: &str = "name the folder of a run, such as `runs/2026-01-31T12-00-00`; \
    `scn run` names it in its last line";

pub fn report(args: &ReportArgs) -> u8 {
    let results = match Output::find(args.json.as_deref(), None) {
        Ok(results) => results,
        Err(error) => return output::complain(error),
    };
    let path = match args.runs.as_slice() {
        [one] if args.csv.is_none() => one,
        [_] => {
            let help = "name two runs or more; of one, the reports of its scenario are written";
            eprintln!("error: `--csv` is of several runs\n  help: {help}");
            return exit::USAGE;
        }
        several => return beside(several, args, &results),
    };
    let (folder, run, cases) = match read(path) {
        Ok(read) => read,
        Err(code) => return code,
    };
    let mut code = exit::PASSED;
    if let Err(errors) = write_all(&run, &cases, &folder, None) {
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

/// The run of a folder, with what can be made of what it left; where it cannot be read, that is
/// said, and this is the exit code.
fn read(path: &Path) -> Result<(RunFolder, RunResult, Vec<CaseResult>), u8> {
    let read = || -> Result<_, StoreError> {
        let folder = RunFolder::open(path)?;
        let (mut run, mut cases) = (folder.run()?, folder.cases()?);
        let cut = cut(&folder, &mut run, &mut cases)?;
        Ok((folder, run, cases, cut))
    };
    let (folder, run, mut cases, cut) = read().map_err(|error| {
        let help = match path.is_dir() {
            true => error.help(),
            false => WANTS_A_RUN,
        };
        eprintln!("error: {error}\n  help: {help}");
        // a path that was never a run's is a slip of the hand; a run that cannot be read is not
        match error {
            _ if !path.is_dir() => exit::USAGE,
            StoreError::NoRun { .. } => exit::USAGE,
            _ => exit::WORLD,
        }
    })?;
    cases.iter_mut().for_each(CaseResult::settle);
    for note in cut {
        eprintln!("note: {note}");
    }
    Ok((folder, run, cases))
}

/// Shows several runs beside each other.
fn beside(paths: &[PathBuf], args: &ReportArgs, results: &Output) -> u8 {
    let mut runs = Vec::new();
    for path in paths {
        match read(path) {
            Ok((_, run, cases)) => runs.push(Run { run, cases }),
            Err(code) => return code,
        }
    }
    let Some(table) = SideBySide::of(&runs) else {
        let help = "name runs of the same scenario, with the same matrix";
        eprintln!("error: these runs have no case in common\n  help: {help}");
        return exit::USAGE;
    };
    let stdout = |path: &PathBuf| path.as_os_str() == "-";
    let written = results.write(&table).and_then(|()| {
        let Some(path) = &args.csv else {
            return Ok(());
        };
        let bytes = table.csv().map_err(|error| error.to_string())?;
        match stdout(path) {
            true => std::io::stdout().write_all(&bytes),
            false => std::fs::write(path, bytes),
        }
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
    });
    if let Err(error) = written {
        eprintln!("error: {error}");
        return exit::WORLD;
    }
    if args.quiet || results.is_stdout() || args.csv.as_ref().is_some_and(stdout) {
        return exit::PASSED;
    }
    style::print_or(&table.markdown(), exit::PASSED)
}

/// Adds what can be made of the cases that have no result; what a reader must know of them.
fn cut(
    folder: &RunFolder,
    run: &mut RunResult,
    cases: &mut Vec<CaseResult>,
) -> Result<Vec<String>, StoreError> {
    if folder.state()? == RunState::Running {
        return Ok(vec![
            "this run still goes on; the reports hold the cases that have ended".into(),
        ]);
    }
    let planned = folder
        .plan()?
        .map_or(0, |plan| plan["cases"].as_array().map_or(0, Vec::len));
    if run.finished.is_some() && cases.len() >= planned {
        return Ok(Vec::new());
    }
    let mut notes = Vec::new();
    if run.finished.is_none() {
        notes.push("this run did not finish".to_string());
    }
    let lost = |why: &str| {
        format!(
            "nothing is made of the cases that had not ended: {why}; what was measured lies in {}/cases",
            folder.path().display()
        )
    };
    let Some(kept) = folder.sources()? else {
        notes.push(lost("the run did not come to write sources.json"));
        return Ok(notes);
    };
    let again = match load::load_kept(kept, &run.params, run.world) {
        Ok(again) => again,
        Err(refused) => {
            notes.push(lost(&refused.why()));
            return Ok(notes);
        }
    };
    let again = Again {
        world: run.world,
        program: &again.program,
        params: &again.params,
        cases: &again.cases,
        secrets: &again.secrets,
    };
    let mut rebuilt = rebuild(folder, &again)?;
    if !rebuilt.cases.is_empty() {
        let said = "cases without a result have the figures of what was written of them";
        notes.push(said.into());
    }
    for (folder, case) in std::mem::take(&mut rebuilt.cases) {
        run.cases.retain(|known| known.folder != folder);
        run.cases.push(CaseSummary {
            scenario: case.scenario.clone(),
            case: case.case.clone(),
            folder,
            verdict: case.verdict,
            duration_s: case.duration_s,
        });
        cases.push(case);
    }
    if across(&again, &rebuilt, cases) > 0 {
        let said = "what reads several cases is judged where all of these had ended";
        notes.push(said.into());
        for case in cases.iter() {
            let of = |known: &&mut CaseSummary| {
                known.scenario == case.scenario && known.case == case.case
            };
            if let Some(known) = run.cases.iter_mut().find(of) {
                known.verdict = case.verdict;
            }
        }
    }
    notes.extend(rebuilt.problems.iter().map(|problem| lost(problem)));
    Ok(notes)
}
