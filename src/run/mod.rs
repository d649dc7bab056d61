//! Carries a plan out: launches, phases, cancellation. Does not judge by itself.

mod across;
mod attached;
mod attempts;
mod case;
mod ended;
mod error;
mod follow;
mod gone;
mod gpus;
mod kept;
mod launch;
mod limits;
mod masked;
mod phase;
mod played;
pub mod progress;
mod quiesce;
pub mod rebuild;
mod recorder;
mod requests;
mod result;
mod samples;
mod server;
mod shared;
mod signals;
mod simulated;
mod version;
mod wrong;

pub use error::RunError;
pub(crate) use shared::Shared;

use crate::clock::Clock;
use crate::eval::Params;
use crate::plan::Plan;
use crate::report::model::{CaseResult, RunResult, SCHEMA_VERSION, World};
use crate::resolve::Program;
use crate::scenario::{Case, SuiteLimits};
use crate::stop::{StopLevel, stop_pair};
use crate::store::{ClientScheduling, HostFacts, Redactor, RunFolder};
use indexmap::IndexMap;
use progress::{Event, Progress};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a run is given besides its cases.
pub struct Options {
    pub world: World,
    /// The run folder; none for `runs/<time>`.
    pub out: Option<PathBuf>,
    /// As typed.
    pub command: Vec<String>,
    pub files: Vec<String>,
    pub params: IndexMap<String, String>,
    pub secrets: Vec<String>,
    pub progress: Box<dyn Progress>,
    /// Whether `progress` is told every line that servers write.
    pub server_lines: bool,
    /// Whether simulated cases write what their servers did when.
    pub timeline: bool,
    /// What the suite allows that is run.
    pub suite: Option<SuiteLimits>,
}

/// What a run came to; the details are in its folder.
pub struct Outcome {
    pub folder: Arc<RunFolder>,
    pub cases: Vec<CaseResult>,
    pub exit_code: i32,
    pub interrupted: bool,
    /// Reports that could not be written.
    pub report_problems: Vec<String>,
}

/// Runs the cases as planned, and writes the run folder and its reports.
///
/// # Errors
/// Only where there is no run folder to write to; whatever goes wrong later is in the results.
pub async fn run(
    program: Arc<Program>,
    params: Arc<Params>,
    cases: &[Case],
    plan: &Plan,
    options: Options,
) -> Result<Outcome, RunError> {
    let now = jiff::Zoned::now();
    let mut folder = RunFolder::create(options.out.as_deref(), &now)?;
    folder.set_redactor(Redactor::new(options.secrets.iter().cloned()));
    folder.write_plan(cases, plan)?;
    folder.write_sources(&kept::kept(&program, cases))?;
    let refused = crate::load::realtime().err();
    folder.write_env(&HostFacts {
        client: Some(ClientScheduling {
            realtime: refused.is_none(),
            refused,
        }),
        ..HostFacts::collect(None)
    })?;
    let mut result = RunResult {
        schema: SCHEMA_VERSION,
        scn_version: env!("CARGO_PKG_VERSION").into(),
        id: folder.id(),
        world: options.world,
        started: rfc3339(&now),
        command: options.command,
        files: options.files,
        params: options.params,
        ..RunResult::default()
    };
    folder.write_run(&result)?;
    // an error means that a provider is there already, which is as good
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([])
        .build()
        .map_err(|e| RunError::Setup(e.to_string()))?;
    let (stopper, stop) = stop_pair();
    let shared = Arc::new(Shared {
        world: options.world,
        program,
        params,
        clock: Clock::start(),
        folder: Arc::new(folder),
        progress: options.progress,
        server_lines: options.server_lines,
        timeline: options.timeline,
        secrets: options.secrets,
        http,
        problem: Mutex::default(),
        answers: Mutex::default(),
        limits: limits::Limits::new(options.suite, stopper.clone(), cases),
        rests_until: Mutex::new(None),
    });
    let timer = limits::watch(&shared);
    let signals =
        signals::watch(stopper, shared.clone()).map_err(|e| RunError::Setup(e.to_string()))?;
    if let Err(error) = crate::engine::guard::become_subreaper() {
        shared.log(
            "note",
            serde_json::json!({ "text": format!("cannot adopt orphaned processes: {error}") }),
        );
    }
    shared.progress.event(Event::RunStarted {
        left_out: (cases.iter().filter(|case| case.infeasible.is_some())).count(),
        cases: cases.len(),
        launches: plan.launches.len(),
        folder: shared.folder.path().to_path_buf(),
    });
    if let Some(aside) = shared.folder.earlier() {
        let aside = aside.display();
        shared.progress.event(Event::Note {
            text: format!("a run was killed here: what it left is in {aside}"),
        });
    }
    shared.log(
        "run_started",
        serde_json::json!({ "cases": cases.len(), "launches": plan.launches.len() }),
    );

    let mut results: Vec<CaseResult> = Vec::new();
    ended::infeasible(&shared, cases, &mut results, &mut result);
    let mut number = 0;
    if shared.world == World::Sim {
        simulated::run(&shared, cases, plan, &stop, &mut results, &mut result);
    }
    let real = plan.launches.iter().filter(|_| shared.world != World::Sim);
    for launch in real {
        if stop.level() > StopLevel::Run {
            break;
        }
        launch::run_launch(
            &shared,
            cases,
            launch,
            &mut number,
            &stop,
            &mut results,
            &mut result,
        )
        .await;
    }
    signals.abort();
    timer.inspect(tokio::task::JoinHandle::abort);
    if stop.level() > StopLevel::Run {
        ended::not_started(&shared, cases, &mut results, &mut result);
    }

    in_order(cases, &mut results, &mut result);
    across::judge_all(&shared, cases, &mut results, &mut result);

    let by_suite = shared.limits.exit_code(&results);
    let interrupted = stop.level() > StopLevel::Run && by_suite.is_none();
    result.interrupted = interrupted;
    result.stopped = shared.limits.ended().map(String::from);
    result.finished = Some(rfc3339(&jiff::Zoned::now()));
    let mut exit_code = match by_suite {
        Some(code) => code,
        None => crate::judge::exit_code(results.iter(), interrupted),
    };
    result.exit_code = Some(exit_code);
    shared.log(
        "run_finished",
        serde_json::json!({ "exit_code": exit_code, "interrupted": interrupted }),
    );
    let mut report_problems = Vec::new();
    if let Err(error) = shared
        .folder
        .write_run(&result)
        .and_then(|()| shared.folder.sync_events())
    {
        report_problems.push(format!("{error}; {}", error.help()));
    } else if let Some(problem) = shared.take_problem() {
        report_problems.push(format!(
            "{}; {}",
            problem.message,
            problem.help.unwrap_or_default()
        ));
    }
    let summary = std::env::var_os("GITHUB_STEP_SUMMARY")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from);
    // from memory: a result that the disk did not take is reported all the same
    let written = crate::report::write_all(&result, &results, &shared.folder, summary.as_deref());
    if let Err(errors) = written {
        report_problems.extend(
            errors
                .errors
                .iter()
                .map(|error| format!("{error}; {}", error.help())),
        );
    }
    if exit_code == 0 && !report_problems.is_empty() {
        exit_code = 3;
        result.exit_code = Some(exit_code);
        // said below already, where this fails too
        let _ = shared.folder.write_run(&result);
    }
    shared.progress.event(Event::RunEnded);
    Ok(Outcome {
        folder: shared.folder.clone(),
        cases: results,
        exit_code,
        interrupted,
        report_problems,
    })
}

fn rfc3339(time: &jiff::Zoned) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

/// Results stand in the order of the cases, in whatever order these ran.
fn in_order(cases: &[Case], results: &mut [CaseResult], run: &mut RunResult) {
    let all = cases.iter().enumerate();
    let places: HashMap<(&str, &str), usize> = all
        .map(|(at, case)| ((case.scenario.as_str(), case.id.as_str()), at))
        .collect();
    let place = |scenario: &str, case: &str| places.get(&(scenario, case)).copied();
    results.sort_by_key(|one| place(&one.scenario, &one.case));
    run.cases.sort_by_key(|one| place(&one.scenario, &one.case));
}
