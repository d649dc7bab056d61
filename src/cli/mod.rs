//! The command line: one file per command. Holds no logic of its own.

mod calibrate;
mod completions;
mod doc;
mod explain;
mod findings;
mod fix;
mod fmt;
mod given;
mod lines;
mod lint;
mod load;
mod lsp;
mod on;
mod output;
mod params;
mod params_file;
mod plan;
mod replace;
mod report;
mod run;
mod serve;
mod style;
mod validate;

use crate::report::model::World;
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// Exit codes, as README.md documents them.
pub mod exit {
    pub const PASSED: u8 = 0;
    pub const FAILED: u8 = 1;
    pub const USAGE: u8 = 2;
    pub const WORLD: u8 = 3;
    pub const NOTHING: u8 = 4;
}

/// Test LLM inference servers: say in a `.scn` file what to serve, what load to put on it, what
/// must hold and what to report.
///
/// Exit codes: 0 all passed; 1 a check failed, lint found errors, `fmt --check` found files to
/// format, `lint --diff` something to mend, or `doc --check` pages that are out of date; 2 wrong usage or an invalid scenario; 3 the
/// world failed (no server, no data); 4 nothing selected; 5 inconclusive; 130 interrupted.
#[derive(Parser)]
#[command(name = "scn", version, max_term_width = 100, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check files without running anything
    Lint(lint::LintArgs),
    /// Write files in the one style, or check that they are
    Fmt(fmt::FmtArgs),
    /// Show what a run would do: cases, launches, phases, resources and time
    Plan(plan::PlanArgs),
    /// Run scenarios, judge them and write reports
    Run(run::RunArgs),
    /// Write a run's reports again from its folder, without running anything
    Report(report::ReportArgs),
    /// Start the built-in engine: an OpenAI-compatible server whose timing is declared, or simulated
    Serve(Box<crate::mock::ServeArgs>),
    /// Run measured tables again in the serving simulator, and show its errors
    Validate(validate::ValidateArgs),
    /// Fit the serving simulator's constants to measured runs, and show its errors before and after
    Calibrate(calibrate::CalibrateArgs),
    /// Explain a rule of lint, with examples, or list all
    Explain(explain::ExplainArgs),
    /// Write the reference manual, or print what it says of a name
    Doc(doc::DocArgs),
    /// Serve editors: diagnostics, completion, hover and more, over standard input and output
    Lsp(lsp::LspArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// What to read, and with which parameters.
#[derive(Args, Default)]
struct Selection {
    /// `.scn` files, or folders that hold some
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Set a parameter: `-p rounds=12`
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Set parameters from a file (TOML, YAML or JSON, by its ending): `rounds = 12` or
    /// `limit = "250ms"`; a table sets those of a file that is used by its name. `-p` goes before
    /// the file, the file before defaults; a later file goes before an earlier one
    #[arg(long = "params", value_name = "FILE")]
    params_files: Vec<PathBuf>,
    /// Only this scenario; may be given several times
    #[arg(long, value_name = "SCENARIO")]
    only: Vec<String>,
    /// Only the scenarios of this suite
    #[arg(long, value_name = "NAME")]
    suite: Option<String>,
    #[command(flatten)]
    findings: findings::FindingArgs,
    /// Where the cases are to run.
    #[arg(skip)]
    world: World,
}

impl Selection {
    /// Whether nothing of the files is left out, and they are as written.
    fn is_everything(&self) -> bool {
        self.only.is_empty() && self.suite.is_none() && self.params.is_empty()
    }
}

/// Parses the arguments and carries the command out.
pub fn main() -> ExitCode {
    restore_pipe_signal();
    let cli = Cli::parse();
    let code = match cli.command {
        Command::Lint(args) => lint::lint(&args),
        Command::Fmt(args) => fmt::fmt(&args),
        Command::Plan(args) => plan::plan(args),
        Command::Run(args) => run::run(args),
        Command::Report(args) => report::report(&args),
        Command::Validate(args) => validate::validation(&args),
        Command::Calibrate(args) => calibrate::calibration(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Doc(args) => doc::doc(&args),
        Command::Lsp(args) => lsp::lsp(&args),
        Command::Completions(args) => completions::print(&args, &mut Cli::command()),
        Command::Serve(args) => serve::serve(*args),
    };
    ExitCode::from(code)
}

/// Writing to a pipe whose reader has gone (`scn plan … | head`) ends the program quietly, as it
/// does other tools. Runs and servers reset this: they must go on, or end in order.
fn restore_pipe_signal() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: sets the default action; no handler of ours runs.
    let _ = unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) };
}
