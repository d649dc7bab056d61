//! `scn calibrate`: the serving simulator's constants, fitted to measured runs.

use super::output::{Output, complain};
use super::{exit, load, style};
use crate::calibrate::{Calibration, Cases, Options, Refused, calibrate, is_real, page};
use crate::diagnostics::Severity;
use crate::report::model::World;
use crate::store::{RunFolder, write_whole};
use crate::validate::read;
use std::path::{Path, PathBuf};

/// Fit the constants of the serving simulator to measured runs: what a GPU's kernels reach (`gemm`,
/// `efficiency`) and what an engine's host takes (`simulator`). Shows the errors before and after,
/// also on cases that were held out: one model at a time, or where there is one alone, a fifth of
/// the cases at a time. What the measurements say nothing of stays as it is.
///
/// A RUN is the folder of a run against real servers; a TABLE.csv has the columns that
/// `scn validate` takes. Several are fitted to together.
///
/// Exit codes: 0 fitted; 2 no such table or run, or none that constants can be fitted to; 3 a file
/// could not be read or written.
#[derive(clap::Args)]
pub struct CalibrateArgs {
    /// Tables of measurements, and folders of runs
    #[arg(value_name = "TABLE.csv|RUN", required = true)]
    measured: Vec<PathBuf>,
    /// Write a module with the fitted blocks, to be used in place of the library's:
    /// `use "./FILE" as fitted`, `gpu = fitted.h200`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Fit these alone: `simulator`, `gemm.bf16`, `simulator.step`, …
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    constants: Vec<String>,
    /// Only rows of tables whose source holds this text
    #[arg(long, value_name = "TEXT", default_value = "")]
    source: String,
    /// Fit to so many cases at most, spread evenly
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..))]
    rows: Option<u32>,
    /// Begin with the schema's defaults, which know nothing of any measurement
    #[arg(long)]
    from_defaults: bool,
    /// Write errors, constants and all figures as JSON; `-` is standard output, without the page
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Why the command ends: in words, what to do, and the exit code.
struct Failed {
    message: String,
    help: String,
    code: u8,
}

impl Failed {
    fn usage(message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            help: help.into(),
            code: exit::USAGE,
        }
    }
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::usage(refused.message, refused.help)
    }
}

pub fn calibration(args: &CalibrateArgs) -> u8 {
    let output = match Output::find(args.json.as_deref(), None) {
        Ok(output) => output,
        Err(error) => return complain(error),
    };
    let done = match fitted(args) {
        Ok(done) => done,
        Err(failed) => {
            eprintln!("error: {}\n  help: {}", failed.message, failed.help);
            return failed.code;
        }
    };
    let mut code = exit::PASSED;
    if !output.is_stdout() {
        code = style::print_or(&told(args, &done), code);
    }
    if let Err(error) = output.write(&done) {
        eprintln!("error: {error}");
        code = exit::WORLD;
    }
    code
}

fn fitted(args: &CalibrateArgs) -> Result<Calibration, Failed> {
    let mut cases = Cases::default();
    for path in &args.measured {
        match path.is_dir() {
            true => run(path, &mut cases)?,
            false => table(path, &args.source, &mut cases)?,
        }
    }
    let options = Options {
        constants: args.constants.clone(),
        from_defaults: args.from_defaults,
        rows: args.rows.map(|rows| rows as usize),
    };
    let done = calibrate(cases, &options)?;
    if let Some(path) = &args.output {
        write(path, &done)?;
    }
    Ok(done)
}

fn table(path: &Path, source: &str, cases: &mut Cases) -> Result<(), Failed> {
    let shown = path.display();
    let file = std::fs::File::open(path).map_err(|error| {
        let help = "name a CSV file of measurements, or the folder of a run";
        Failed::usage(format!("cannot read {shown}: {error}"), help)
    })?;
    let rows = read(file).map_err(|why| {
        let help = "`scn validate --help` says which columns are understood";
        Failed::usage(format!("{shown} is no table of measurements: {why}"), help)
    })?;
    cases.add_table(&rows, source);
    Ok(())
}

fn run(path: &Path, cases: &mut Cases) -> Result<(), Failed> {
    let shown = path.display();
    let of_store = |error: crate::store::StoreError| Failed {
        code: match error {
            crate::store::StoreError::NoRun { .. } => exit::USAGE,
            _ => exit::WORLD,
        },
        help: error.help().to_string(),
        message: error.to_string(),
    };
    let folder = RunFolder::open(path).map_err(of_store)?;
    let result = folder.run().map_err(of_store)?;
    is_real(result.world).map_err(|why| {
        let help = "name a run against real servers: `scn run` without `--on`";
        Failed::usage(format!("nothing is fitted to {shown}: {why}"), help)
    })?;
    let kept = folder.sources().map_err(of_store)?;
    let kept = kept.ok_or_else(|| {
        let message =
            format!("nothing is fitted to {shown}: it did not come to write sources.json");
        Failed::usage(message, "run again")
    })?;
    let again = load::load_kept(kept, &result.params, World::Sim).map_err(|refused| {
        let message = format!("{shown} cannot be read again: {}", refused.why());
        Failed::usage(message, "run again with this version of scn")
    })?;
    let wrong = { again.found.iter() }.find(|found| found.severity == Severity::Error);
    if let Some(wrong) = wrong {
        cases.unusable(&wrong.message);
    }
    cases.add_run(&folder, &again.cases).map_err(of_store)
}

/// Writes the module.
fn write(path: &Path, done: &Calibration) -> Result<(), Failed> {
    if let Some((block, _)) = done.written.own.first() {
        let message = format!(
            "{} is not written: `{block}` is none of the library",
            path.display()
        );
        let help = "without `--output` the constants are printed, to be put into that block";
        return Err(Failed::usage(message, help));
    }
    write_whole(path, done.written.module.as_bytes()).map_err(|error| Failed {
        message: error.to_string(),
        help: error.help().to_string(),
        code: exit::WORLD,
    })
}

/// The page, and where the blocks are.
fn told(args: &CalibrateArgs, done: &Calibration) -> String {
    let mut text = page(done);
    match &args.output {
        Some(path) => {
            let name = path
                .file_name()
                .unwrap_or(path.as_os_str())
                .to_string_lossy();
            text += &format!(
                "\n{} has them: `use \"./{name}\" as fitted`, and {}.\n",
                path.display(),
                uses(done)
            );
        }
        None => {
            text += &format!("\n{}", done.written.module);
            for (block, body) in &done.written.own {
                text += &format!("\n# in `{block}`\n{body}");
            }
        }
    }
    text
}

/// `` `gpu = fitted.h200` ``
fn uses(done: &Calibration) -> String {
    let fitted = done.constants.iter().filter(|one| one.kept.is_none());
    let mut uses: Vec<String> = fitted
        .map(|one| format!("`{} = fitted.{}`", one.constant.owner.kind(), one.of))
        .collect();
    uses.dedup();
    uses.join(", ")
}
