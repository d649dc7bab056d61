//! `scn validate`: how good the serving simulator is.

use super::output::{Output, complain};
use super::{exit, style};
use crate::validate::{page, read, validate};
use std::path::PathBuf;

/// Run the measurements of a table again in the serving simulator, and show predicted beside
/// measured: for each source its rows, the median and the 90th percentile of the errors, and the
/// rows that cannot be used, with the reason.
///
/// A table is a CSV file with a figure a row (`source`, `model`, `gpu`, `metric`, `value`, and the
/// run's `tp`, `isl`, `osl`, `concurrency_or_batch`, …) or a run a row (`engine`, `version`,
/// `model`, `gpu`, `isl`, `osl`, `concurrency` or `request_rate`, `num_prompts`, and columns such
/// as `mean_ttft_ms`). Models, GPUs and engines are those of the library.
///
/// Exit codes: 0 shown; 2 no such table, or not one that is understood.
#[derive(clap::Args)]
pub struct ValidateArgs {
    #[arg(value_name = "TABLE.csv")]
    table: PathBuf,
    /// Write all rows as JSON; `-` is standard output, without the page
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Leave out the rows: errors alone
    #[arg(long)]
    summary: bool,
}

pub fn validation(args: &ValidateArgs) -> u8 {
    let output = match Output::find(args.json.as_deref(), None) {
        Ok(output) => output,
        Err(error) => return complain(error),
    };
    let path = args.table.display();
    let rows = match std::fs::File::open(&args.table) {
        Ok(file) => read(file),
        Err(error) => {
            eprintln!(
                "error: cannot read {path}: {error}\n  help: name a CSV file of measurements"
            );
            return exit::USAGE;
        }
    };
    let rows = match rows {
        Ok(rows) => rows,
        Err(why) => {
            eprintln!(
                "error: {path} is no table of measurements: {why}\n  help: `scn validate --help` \
                 says which columns are understood"
            );
            return exit::USAGE;
        }
    };
    let validation = validate(&rows);
    let code = match output.is_stdout() {
        true => exit::PASSED,
        false => style::print_or(&page(&validation, !args.summary), exit::PASSED),
    };
    match output.write(&validation) {
        Ok(()) => code,
        Err(error) => {
            eprintln!("error: {error}");
            exit::WORLD
        }
    }
}
