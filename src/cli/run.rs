//! `scn run`: runs scenarios, judges them and writes reports.

use super::on::{self, On};
use super::{Selection, exit, load, style};
use crate::report::model::{CaseResult, World};
use crate::report::{as_stored, terminal};
use crate::run::{self, Options};
use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Run scenarios, judge them and write reports. Ctrl-C once finishes and reports what there is;
/// twice stops now.
#[derive(clap::Args)]
pub struct RunArgs {
    #[command(flatten)]
    selection: Selection,
    /// How servers are played
    #[arg(long, value_name = "WORLD", default_value = "real")]
    on: On,
    /// The run folder itself; left out, `runs/<time>`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write the results as JSON to a file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// With `--on sim`: write the servers' steps, queues and KV cache, and the requests, to a
    /// `timeline.json` in each case's folder, which Perfetto (ui.perfetto.dev) opens
    #[arg(long)]
    timeline: bool,
    /// Show more of what happens; twice, what servers write to their logs too
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
    /// Show errors, the checks that did not pass, and the count of all
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
}

pub fn run(mut args: RunArgs) -> u8 {
    let world = World::from(args.on);
    args.selection.world = world;
    let begun = load::begin(&args.selection, args.json.as_deref(), args.out.as_deref());
    let (mut loaded, results) = match begun {
        Ok(begun) => begun,
        Err(code) => return code,
    };
    if args.timeline && world != World::Sim {
        let message = "only a simulated run knows when its servers take their steps: run with `--on sim --timeline`";
        return load::said(message, exit::USAGE, &results);
    }
    if !on::leave_out(&mut loaded.cases, world) {
        return load::said(on::NOTHING, exit::NOTHING, &results);
    }
    if world == World::Mock {
        crate::scenario::play(&mut loaded.cases);
    }
    ignore_write_signals();
    let mut plan = crate::plan::plan(&loaded.cases);
    plan.given = loaded.given();
    let color = style::color(std::io::stderr().is_terminal());
    let options = Options {
        world,
        out: args.out,
        command: std::env::args_os()
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        files: args
            .selection
            .paths
            .iter()
            .map(|path| path.display().to_string())
            .collect(),
        params: loaded.shown_params,
        secrets: loaded.secrets,
        suite: loaded.suite,
        progress: run::progress::terminal(args.quiet, args.verbose > 0, color),
        server_lines: args.verbose > 1,
        timeline: args.timeline,
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            return exit::WORLD;
        }
    };
    let (program, params) = (Arc::new(loaded.program), Arc::new(loaded.params));
    let outcome = runtime.block_on(run::run(program, params, &loaded.cases, &plan, options));
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(error) => {
            complain(&error.to_string(), error.help());
            return match error.is_usage() {
                true => exit::USAGE,
                false => exit::WORLD,
            };
        }
    };
    let mut code = u8::try_from(outcome.exit_code).unwrap_or(exit::WORLD);
    let redactor = outcome.folder.redactor();
    let cases = serde_json::to_value(&outcome.cases).unwrap_or_default();
    let folder = outcome.folder.path().to_string_lossy();
    let mut json =
        serde_json::json!({ "exit_code": outcome.exit_code, "folder": folder, "cases": cases });
    redactor.value(&mut json);
    if let Err(error) = results.write(&json) {
        complain(&error, None);
        if code == exit::PASSED {
            code = exit::WORLD;
        }
    }
    if !results.is_stdout() {
        let clean = |case| as_stored(case, redactor).ok();
        let cases: Vec<CaseResult> = outcome.cases.iter().filter_map(clean).collect();
        let style = terminal::Style {
            color: style::color(std::io::stdout().is_terminal()),
            ascii: !utf8(),
            brief: args.quiet,
        };
        let text = terminal::outcome(&cases, outcome.folder.path(), style);
        // a reader that has gone (`scn run … | head`) changes nothing of the outcome
        let _ = std::io::stdout()
            .lock()
            .write_all(redactor.text(&text).as_bytes());
    }
    for problem in &outcome.report_problems {
        complain(problem, None);
    }
    code
}

/// Says what went wrong, where somebody still listens.
fn complain(message: &str, help: Option<&str>) {
    let help = help
        .map(|help| format!("  help: {help}\n"))
        .unwrap_or_default();
    let _ = write!(std::io::stderr(), "error: {message}\n{help}");
}

/// Whether the terminal's locale takes signs beyond ASCII.
pub(super) fn utf8() -> bool {
    ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
        .is_some_and(|locale| locale.to_lowercase().contains("utf"))
}

/// Neither a closed pipe or connection nor a limit on file sizes must end a run: its servers would
/// be killed without being asked, and nothing be reported. They are errors of the write instead.
pub(super) fn ignore_write_signals() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    for ignored in [Signal::SIGPIPE, Signal::SIGXFSZ] {
        // SAFETY: sets the ignoring action; no handler of ours runs.
        let _ = unsafe { signal(ignored, SigHandler::SigIgn) };
    }
}
