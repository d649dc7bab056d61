//! Carries a plan out: launches, phases, cancellation. Does not judge by itself.

mod across;
mod attached;
mod attempts;
mod case;
mod error;
mod follow;
mod gone;
mod gpus;
mod limits;
mod masked;
mod phase;
pub mod progress;
mod quiesce;
pub mod rebuild;
mod recorder;
mod requests;
mod result;
mod samples;
mod server;
mod signals;

pub use error::RunError;

use crate::clock::Clock;
use crate::eval::Params;
use crate::judge::Answers;
use crate::measure::case::CaseData;
use crate::plan::{Launch, Plan};
use crate::report::model::{
    CaseResult, CaseSummary, RunResult, SCHEMA_VERSION, Verdict, World, WorldError,
};
use crate::report::reached::{not_reached, reached};
use crate::resolve::{Kept, KeptTemplate, Program};
use crate::scenario::{Case, Start, SuiteLimits, Word, not_feasible};
use crate::stop::{Stop, StopLevel, stop_pair};
use crate::store::{CaseFolder, ClientScheduling, HostFacts, Redactor, RunFolder};
use crate::syntax::ast::CheckLevel;
use indexmap::IndexMap;
use progress::{CheckLine, Event, Progress};
use result::Begun;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// What a run is given besides its cases.
pub struct Options {
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

/// What all parts of a run share.
pub(crate) struct Shared {
    pub program: Arc<Program>,
    pub params: Arc<Params>,
    pub clock: Clock,
    pub folder: Arc<RunFolder>,
    pub progress: Box<dyn Progress>,
    /// Whether `progress` is told every line that servers write.
    pub server_lines: bool,
    pub secrets: Vec<String>,
    /// For readiness; never uses a proxy.
    pub http: reqwest::Client,
    /// The first event that could not be written.
    problem: Mutex<Option<WorldError>>,
    /// What checks across cases read of those that have run.
    answers: Mutex<across::AllAnswers>,
    limits: limits::Limits,
    /// Before this no further server is started.
    rests_until: Mutex<Option<tokio::time::Instant>>,
}

impl Shared {
    /// Adds a line to `events.jsonl`; what goes wrong is kept for the case at hand.
    pub fn log(&self, event: &str, fields: serde_json::Value) {
        if let Err(error) = self.folder.event(self.clock.now(), event, fields) {
            self.keep(error::of_store(&error, None));
        }
    }

    /// Keeps the first thing that could not be written.
    pub fn keep(&self, error: WorldError) {
        let mut slot = self
            .problem
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        slot.get_or_insert(error);
    }

    /// Keeps of a case what checks of others read.
    pub fn keep_answers(&self, case: &Case, data: &CaseData) {
        let mut all = self
            .answers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let of = all.entry(case.scenario.clone()).or_default();
        of.insert(case.id.clone(), Answers::of(case, data));
    }

    fn take_answers(&self) -> across::AllAnswers {
        let mut all = self
            .answers
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        std::mem::take(&mut all)
    }

    pub fn take_problem(&self) -> Option<WorldError> {
        self.problem
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .take()
    }
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
    folder.write_plan(&crate::plan::to_json(cases, plan))?;
    folder.write_sources(&kept(&program, cases))?;
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
        world: World::Real,
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
        program,
        params,
        clock: Clock::start(),
        folder: Arc::new(folder),
        progress: options.progress,
        server_lines: options.server_lines,
        secrets: options.secrets,
        http,
        problem: Mutex::new(None),
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
        cases: cases.len(),
        launches: plan.launches.len(),
        folder: shared.folder.path().to_path_buf(),
    });
    shared.log(
        "run_started",
        serde_json::json!({ "cases": cases.len(), "launches": plan.launches.len() }),
    );

    let mut results: Vec<CaseResult> = Vec::new();
    infeasible(&shared, cases, &mut results, &mut result);
    let mut number = 0;
    for launch in &plan.launches {
        if stop.level() > StopLevel::Run {
            break;
        }
        run_launch(
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
        not_started(&shared, cases, &mut results, &mut result);
    }

    across::judge_all(&shared, cases, &mut results, &mut result);

    let by_suite = shared.limits.exit_code(&results);
    let interrupted = stop.level() > StopLevel::Run && by_suite.is_none();
    result.interrupted = interrupted;
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

/// What the run was read from, without keys and passwords that are written out in it.
fn kept(program: &Program, cases: &[Case]) -> Kept {
    let mut redactor = Redactor::default();
    for server in cases.iter().flat_map(|case| &case.servers) {
        let mut words: Vec<&Word> = server.headers.iter().map(|(_, word)| word).collect();
        match &server.start {
            Start::Running { url, .. } => {
                let login = url
                    .rsplit_once('@')
                    .and_then(|(login, _)| login.split_once("://"));
                if let Some((_, password)) = login.and_then(|(_, login)| login.split_once(':')) {
                    redactor.add(password);
                }
            }
            Start::Launch {
                command,
                environment,
                ..
            } => {
                words.extend(command);
                words.extend(environment.iter().map(|(_, word)| word));
            }
        }
        for word in words.into_iter().filter(|word| word.secret) {
            redactor.add(word.text.strip_prefix("Bearer ").unwrap_or(&word.text));
        }
    }
    let mut kept = Kept::of(program, templates(cases));
    for file in &mut kept.files {
        file.text = redactor.text(&file.text);
    }
    for template in &mut kept.templates {
        template.text = redactor.text(&template.text);
    }
    kept
}

/// The templates that cases have from files of their pack.
fn templates(cases: &[Case]) -> Vec<KeptTemplate> {
    let mut kept: Vec<KeptTemplate> = Vec::new();
    for case in cases {
        for template in case.reports.iter().filter_map(|r| r.template.as_ref()) {
            let one = KeptTemplate {
                scenario: case.scenario.clone(),
                name: template.name.clone(),
                text: template.text.clone(),
            };
            if !one.name.starts_with("std:") && !kept.contains(&one) {
                kept.push(one);
            }
        }
    }
    kept
}

/// The cases that cannot work: they have results that say so, and nothing of them is launched.
fn infeasible(
    shared: &Arc<Shared>,
    cases: &[Case],
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    for spec in cases {
        let Some(why) = &spec.infeasible else {
            continue;
        };
        let begun = Begun::now(shared);
        let judge = (&*shared.program, &*shared.params);
        let (case, data) = result::infeasible(spec, why, judge, &begun);
        shared.keep_answers(spec, &data);
        shared.log(
            "case_infeasible",
            serde_json::json!({ "scenario": spec.scenario, "case": spec.id, "why": why }),
        );
        shared.progress.event(case_started(spec, results.len()));
        shared.progress.event(Event::Note {
            text: not_feasible(why),
        });
        match shared.folder.case(&spec.scenario, &spec.id) {
            Ok(folder) => finish(shared, Some(&folder), case, results, run),
            Err(error) => {
                shared.keep(error::of_store(&error, None));
                finish(shared, None, case, results, run);
            }
        }
    }
}

/// The cases of one launch, one after the other, on servers that stay up between them. Servers
/// that died are started again for the next case.
async fn run_launch(
    shared: &Arc<Shared>,
    cases: &[Case],
    launch: &Launch,
    number: &mut u32,
    stop: &Stop,
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    let mut servers: Option<case::Servers> = None;
    let mut again = false;
    for index in &launch.cases {
        if stop.level() > StopLevel::Run {
            break;
        }
        let spec = &cases[*index];
        let begun = Begun::now(shared);
        shared.log(
            "case_started",
            serde_json::json!({ "scenario": spec.scenario, "case": spec.id }),
        );
        let folder = match shared.folder.case(&spec.scenario, &spec.id) {
            Ok(folder) => folder,
            Err(error) => {
                let error = error::of_store(&error, None);
                let result = case::failed(spec, shared, error, &begun);
                finish(shared, None, result, results, run);
                continue;
            }
        };
        let mut tries = Vec::new();
        let mut said = false;
        let result = loop {
            attempts::without_dead(shared, &mut servers, stop).await;
            let mut start = None;
            if servers.is_none() {
                *number += 1;
                start = Some(case::Start {
                    launch: launch.number,
                    number: *number,
                    again: std::mem::replace(&mut again, true),
                });
            }
            let result = one_try(shared, spec, (&mut servers, start), &folder, stop, || {
                if !std::mem::replace(&mut said, true) {
                    shared.progress.event(case_started(spec, results.len()));
                }
            })
            .await;
            let Some(error) = attempts::reason(spec, &result, tries.len(), stop).cloned() else {
                break result;
            };
            // its log goes where the rest of the try goes
            attempts::without_dead(shared, &mut servers, stop).await;
            let place = (&folder, tries.len() + 1);
            match attempts::put_aside(shared, spec, &result, &error, place) {
                Ok(attempt) => tries.push(attempt),
                Err(error) => {
                    shared.keep(error);
                    break result;
                }
            }
        };
        let result = attempts::with(result, tries);
        finish(shared, Some(&folder), result, results, run);
    }
    if let Some(servers) = servers {
        servers.stop(shared, stop).await;
    }
}

/// A case on its servers, which are started first where `start` says so.
async fn one_try(
    shared: &Arc<Shared>,
    spec: &Case,
    (servers, start): (&mut Option<case::Servers>, Option<case::Start>),
    folder: &CaseFolder,
    stop: &Stop,
    say: impl FnOnce(),
) -> CaseResult {
    let begun = Begun::now(shared);
    if let Some(start) = start {
        match case::Servers::start(shared, spec, start, folder, stop).await {
            Ok(started) => *servers = Some(started),
            Err(error) => {
                say();
                let mut result = case::failed(spec, shared, error, &begun);
                if stop.level() > StopLevel::Run {
                    result.verdict = Verdict::Interrupted;
                }
                return result;
            }
        }
    }
    say();
    match servers {
        Some(servers) => case::run(shared, spec, servers, folder, stop).await,
        None => {
            let error = error::other("server_not_started", "there is no server", None);
            case::failed(spec, shared, error, &begun)
        }
    }
}

fn case_started(spec: &Case, index: usize) -> Event {
    Event::CaseStarted {
        index,
        scenario: spec.scenario.clone(),
        id: spec.id.clone(),
    }
}

/// The cases that an interrupted run did not come to: they have results too, so that nobody takes
/// the others for all.
fn not_started(
    shared: &Arc<Shared>,
    cases: &[Case],
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    for spec in cases {
        if results
            .iter()
            .any(|r| r.scenario == spec.scenario && r.case == spec.id)
        {
            continue;
        }
        let begun = Begun::now(shared);
        let why = shared.limits.ended();
        let why = why.unwrap_or("the run was interrupted before");
        let message = format!("the case did not start: {why}");
        let error = error::other("interrupted", message, None);
        shared.progress.event(case_started(spec, results.len()));
        let mut result = case::failed(spec, shared, error, &begun);
        // it took none, which is not the same as the moment that writing this takes
        result.duration_s = 0.0;
        let folder = shared.folder.case(&spec.scenario, &spec.id).ok();
        finish(shared, folder.as_ref(), result, results, run);
    }
}

/// Keeps a case's result, in its folder and in `run.json`.
fn finish(
    shared: &Shared,
    folder: Option<&CaseFolder>,
    mut result: CaseResult,
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    if let Some(problem) = shared.take_problem() {
        result.error.get_or_insert(problem);
        result.verdict = result.verdict.max(Verdict::Error);
    }
    if let Some(error) = &result.error {
        let failed = serde_json::json!({ "error": error });
        shared.log("case_failed", failed);
    }
    result.settle();
    if let Some(folder) = folder
        && let Err(error) = folder.write_result(&result)
    {
        result.error.get_or_insert(error::of_store(&error, None));
        result.verdict = result.verdict.max(Verdict::Error);
    }
    run.cases.push(CaseSummary {
        scenario: result.scenario.clone(),
        case: result.case.clone(),
        folder: folder.map(|f| f.relative().to_string()).unwrap_or_default(),
        verdict: result.verdict,
        duration_s: result.duration_s,
    });
    shared.log(
        "case_ended",
        serde_json::json!({ "scenario": result.scenario, "case": result.case, "verdict": result.verdict, "duration_s": result.duration_s }),
    );
    if let Err(error) = shared.folder.write_run(run) {
        shared.progress.event(Event::Note {
            text: error.to_string(),
        });
    }
    let (checks, left) = reached(&result);
    shared.progress.event(Event::CaseEnded {
        scenario: result.scenario.clone(),
        id: result.case.clone(),
        verdict: across::so_far(&result),
        seconds: result.duration_s,
        checks: checks
            .into_iter()
            .filter(|check| check.why != crate::judge::PENDING)
            .map(|check| CheckLine {
                name: check.name.clone(),
                verdict: check.verdict,
                warn: check.level == CheckLevel::Warn,
                why: check.why.clone(),
            })
            .collect(),
    });
    if let Some(error) = result
        .error
        .as_ref()
        .filter(|e| e.kind != result::INTERRUPTED)
    {
        let left = not_reached(left).map(|left| format!("\n{left}"));
        // what ends one case after the other, as a missing program does, is told once
        let before = results.iter().find(|before| {
            let same = before.error.as_ref();
            same.is_some_and(|same| same.kind == error.kind && same.message == error.message)
        });
        let said = match before {
            Some(before) => format!("the same as of {} / {}", before.scenario, before.case),
            None => error.message.clone(),
        };
        shared.progress.event(Event::Error {
            text: said + left.as_deref().unwrap_or_default(),
        });
    }
    results.push(result);
    limits::after_case(shared, results);
}

fn rfc3339(time: &jiff::Zoned) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
