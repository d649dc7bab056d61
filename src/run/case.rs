//! One case on its servers: phases in order, and the result.

use super::follow::Follower;
use super::phase::{Stage, Watched};
use super::quiesce::MEMORY;
use super::recorder::Recorder;
use super::result::{Begun, Ended, not_run, result};
use super::server::{self, Live};
use super::{Shared, error, gpus, played, samples};
use crate::measure::case::{CaseData, PhaseData};
use crate::probe::sampler;
use crate::report::model::{CaseResult, ServerResult, WorldError};
use crate::report::wants_answers;
use crate::run::progress::Event;
use crate::scenario::{Case, Start as How, names_of};
use crate::stop::{Stop, StopLevel};
use crate::store::{CaseFolder, RequestLog};
use indexmap::IndexMap;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often it is said that a server is still being waited for.
const SAY_WAITING: Duration = Duration::from_secs(3);

/// Which start of servers it is.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    /// Of the plan's launches.
    pub launch: u32,
    /// From 1, over the whole run: a launch is started again where its servers had ended.
    pub number: u32,
    /// Whether the launch was started before.
    pub again: bool,
}

/// The servers of a launch.
pub struct Servers {
    start: Start,
    servers: Vec<Live>,
    /// Of the logs of those that scn started, where somebody wants to see them.
    followed: Vec<Follower>,
}

impl Servers {
    /// Starts all servers of a case, one after the other.
    pub async fn start(
        shared: &Arc<Shared>,
        case: &Case,
        start: Start,
        folder: &CaseFolder,
        stop: &Stop,
    ) -> Result<Self, WorldError> {
        rest(shared, stop).await;
        let number = start.launch;
        let mut this = Self {
            start,
            servers: Vec::new(),
            followed: Vec::new(),
        };
        for spec in &case.servers {
            let log = folder.server_log((case.servers.len() > 1).then_some(spec.name.as_str()));
            let prepared = played::prepared(spec, &log);
            let spec = prepared.as_deref().unwrap_or(spec);
            shared.progress.event(Event::LaunchStarting {
                number,
                again: start.again,
                server: spec.name.clone(),
                engine: spec.engine.clone(),
                command: command_words(spec),
                runs_already: matches!(spec.start, How::Running { .. }),
            });
            if shared.server_lines && matches!(spec.start, How::Launch { .. }) {
                let follower = Follower::start(shared, &spec.name, &log);
                this.followed.push(follower);
            }
            let starting = async {
                match &prepared {
                    Ok(spec) => server::start(shared, spec, &log, stop).await,
                    Err(error) => Err(error.clone()),
                }
            };
            match waiting(shared, number, &spec.name, &log, starting).await {
                Ok(live) => {
                    let after_s = live.ready_s();
                    let mut ready = serde_json::json!({ "server": spec.name });
                    if let Some(after) = after_s {
                        ready["after_s"] = after.into();
                    }
                    shared.log("server_ready", ready);
                    shared.progress.event(Event::LaunchReady {
                        number,
                        server: spec.name.clone(),
                        after_s,
                    });
                    let process = live.attached.as_ref().map(|process| &process.shown);
                    if let Some(warning) = process.and_then(|process| process.warning.as_ref()) {
                        shared.progress.event(Event::Note {
                            text: format!("{}: {}; {}", spec.name, warning.text, warning.help),
                        });
                    }
                    for note in &live.notes {
                        shared.progress.event(Event::Note { text: note.clone() });
                    }
                    this.servers.push(live);
                }
                Err(error) => {
                    shared.log(
                        "server_failed",
                        serde_json::json!({ "server": spec.name, "kind": error.kind }),
                    );
                    shared.progress.event(Event::LaunchFailed {
                        number,
                        server: spec.name.clone(),
                        message: error.message.clone(),
                    });
                    this.stop(shared, stop).await;
                    return Err(error);
                }
            }
        }
        Ok(this)
    }

    /// Whether one of them has ended by itself.
    pub fn any_ended(&self) -> bool {
        self.servers.iter().any(|live| live.ended().is_some())
    }

    /// Stops those that scn started.
    pub async fn stop(self, shared: &Shared, stop: &Stop) {
        let mut pause = Duration::ZERO;
        for live in self.servers {
            if live.running.is_some() {
                pause = pause.max(live.spec.pause);
            }
            let name = live.spec.name.clone();
            if live.running.is_some() {
                shared.progress.event(Event::LaunchStopping {
                    number: self.start.launch,
                    server: name.clone(),
                });
            }
            let Some(report) = live.stop(stop).await else {
                continue;
            };
            if !report.left.is_empty() {
                let left: Vec<String> = report
                    .left
                    .iter()
                    .map(|p| format!("{} ({})", p.pid, p.name))
                    .collect();
                shared.progress.event(Event::Note {
                    text: format!("could not be killed: {}", left.join(", ")),
                });
            }
            shared.log(
                "server_stopped",
                serde_json::json!({ "server": name, "report": report }),
            );
        }
        for follower in self.followed {
            follower.end().await;
        }
        if pause > Duration::ZERO {
            let until = tokio::time::Instant::now() + pause;
            *shared
                .rests_until
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }
}

/// Waits until the `pause` of the servers before is over, or the run is stopped.
async fn rest(shared: &Shared, stop: &Stop) {
    let rests = |shared: &Shared| {
        let mut until = shared
            .rests_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        until.take()
    };
    let now = tokio::time::Instant::now();
    let Some(until) = rests(shared).filter(|until| *until > now) else {
        return;
    };
    let waits = until - now;
    shared.log(
        "pause",
        serde_json::json!({ "seconds": waits.as_secs_f64() }),
    );
    let mut stop = stop.clone();
    tokio::select! {
        () = tokio::time::sleep_until(until) => {}
        () = stop.reached(StopLevel::Finish) => {}
    }
}

/// The command as people read it, or where the server already runs.
fn command_words(spec: &crate::scenario::ServerSpec) -> String {
    match &spec.start {
        How::Launch { command, .. } => crate::plan::command_line(command).join(" "),
        How::Running { url, .. } => crate::plan::shown_url(url),
    }
}

/// Says every few seconds that a server is still being waited for, with its log's last line.
async fn waiting<T>(
    shared: &Shared,
    number: u32,
    server: &str,
    log: &Path,
    starting: impl Future<Output = T>,
) -> T {
    let begun = shared.clock.now();
    tokio::pin!(starting);
    loop {
        tokio::select! {
            done = &mut starting => return done,
            () = tokio::time::sleep(SAY_WAITING) => {
                // the last line alone, unless all are said
                let last = if shared.server_lines { None } else { crate::engine::log::log_tail(log, 1).ok().and_then(|mut lines| lines.pop()) };
                // without terminal escapes, the halves of a secret may stand together
                let last = last.map(|line| shared.folder.redactor().text(&line));
                shared.progress.event(Event::LaunchWaiting {
                    number,
                    server: server.to_string(),
                    waited_s: shared.clock.now() - begun,
                    log: last,
                });
            }
        }
    }
}

/// A case that could not even begin.
pub fn failed(spec: &Case, shared: &Shared, error: WorldError, begun: &Begun) -> CaseResult {
    let phases = spec
        .phases
        .iter()
        .map(|phase| not_run(phase, shared.clock.now(), Some(&error)))
        .collect();
    let data = CaseData {
        names: names_of(spec),
        phases,
        servers: IndexMap::new(),
        infeasible: None,
        world: shared.world,
    };
    shared.keep_answers(spec, &data);
    let ended = Ended {
        duration_s: shared.clock.now() - begun.start_s,
        error: Some(error),
        interrupted: false,
    };
    let judge = (&*shared.program, &*shared.params);
    result(spec, judge, Vec::new(), &data, begun, ended)
}

/// Runs the case and judges it.
pub async fn run(
    shared: &Arc<Shared>,
    spec: &Case,
    servers: &Servers,
    folder: &CaseFolder,
    stop: &Stop,
) -> CaseResult {
    let begun = Begun::now(shared);
    let mut problem = None;
    for live in &servers.servers {
        link_log(live, folder);
    }
    let mut rows: Vec<ServerResult> = servers
        .servers
        .iter()
        .map(|live| {
            let mut row = server_result(live, servers.start.number, folder);
            let copy = spec.logs.iter().find(|(server, _)| *server == row.name);
            row.log_copy = copy.map(|(_, to)| to.clone());
            row
        })
        .collect();
    let running = serde_json::json!({ "scenario": spec.scenario, "case": spec.id, "begun": begun, "servers": rows });
    shared.log("case_running", running);
    let mut log = folder
        .requests()
        .map_err(|e| problem = Some(error::of_store(&e, None)))
        .ok();
    let templates = spec.reports.iter().filter_map(|r| r.template.as_ref());
    if templates.into_iter().any(|t| wants_answers(&t.text)) {
        log.iter_mut().for_each(RequestLog::keep_all_answers);
    }
    let recorder = Recorder::new(shared.clone(), log);
    let watched: Vec<Watched<'_>> = servers
        .servers
        .iter()
        .enumerate()
        .map(|(i, live)| Watched {
            live,
            rests: rests(spec, &live.spec.name),
            sampler: Arc::new(sampler::start(
                live.targets(i == 0),
                spec.sample,
                shared.clock,
            )),
        })
        .collect();
    let samples = samples::Writer::start(shared, folder, &watched);
    let stage = Stage {
        shared,
        servers: &watched,
        recorder: &recorder,
        sample: spec.sample,
        deadline: begun.start_s + spec.timeout.as_secs_f64(),
        stop,
    };
    let mut phases: Vec<PhaseData> = Vec::new();
    for phase in &spec.phases {
        if problem.is_some() || stop.level() > StopLevel::Run {
            break;
        }
        let mut end = stage.run(phase).await;
        if phase.skipped.is_none() {
            // once this is said, all that was measured in the phase is in its files
            samples.flush().await;
            shared.log("phase_ended", phase_ended(&end.data));
        }
        if let Some(error) = &mut end.error {
            error.phase = Some(phase.name.clone());
        }
        problem = end.error;
        phases.push(end.data);
    }
    for phase in spec.phases.iter().skip(phases.len()) {
        phases.push(not_run(phase, shared.clock.now(), problem.as_ref()));
    }
    problem = problem.or_else(|| recorder.take_problem());
    let log = samples.stop().await;
    let mut sets = IndexMap::new();
    for Watched { live, sampler, .. } in watched {
        if let Some(row) = rows.iter_mut().find(|row| row.name == live.spec.name) {
            row.gpus = sampler.gpus().ok().map(gpus::result);
        }
        sets.insert(live.spec.name.clone(), samples::ended(sampler).await);
    }
    if let Some(log) = log
        && let Err(error) = samples::write_rest(log, &sets)
    {
        problem.get_or_insert(error);
    }
    let data = CaseData {
        names: names_of(spec),
        phases,
        servers: sets,
        infeasible: None,
        world: shared.world,
    };
    shared.keep_answers(spec, &data);
    let ended = Ended {
        duration_s: shared.clock.now() - begun.start_s,
        error: problem,
        interrupted: stop.level() > StopLevel::Run,
    };
    let judge = (&*shared.program, &*shared.params);
    let mut result = result(spec, judge, rows, &data, &begun, ended);
    let notes = servers.servers.iter().flat_map(|live| &live.notes);
    result.notes.extend(notes.cloned());
    result.notes.extend(shared.limits.ended().map(String::from));
    result
}

/// The series of a server that are to settle where the case is quiet: its memory, and what its
/// checks want the growth of.
pub(super) fn rests(spec: &Case, server: &str) -> Vec<String> {
    let mut names = vec![MEMORY.to_string()];
    for (of, series) in spec.checks.iter().flat_map(|check| &check.grows) {
        if of == server && !names.contains(series) {
            names.push(series.clone());
        }
    }
    names
}

/// What the record keeps of a phase besides its requests, samples and rounds.
fn phase_ended(data: &PhaseData) -> serde_json::Value {
    serde_json::json!({
        "phase": data.name,
        "requests": data.records.len(),
        "end": data.end,
        "not_run": data.not_run,
        "interrupted": data.interrupted,
        "notes": data.notes,
        "client_delay": data.client_delay.as_ref().map(|delay| match delay {
            Ok(delay) => serde_json::json!(delay),
            Err(lack) => serde_json::json!({ "unavailable": lack.0 }),
        }),
    })
}

/// A server without its figures.
fn server_result(live: &Live, number: u32, folder: &CaseFolder) -> ServerResult {
    let command = match &live.spec.start {
        How::Running { .. } => Vec::new(),
        How::Launch { command, .. } => {
            let port = live
                .running
                .as_ref()
                .map_or_else(String::new, |r| r.port.to_string());
            command
                .iter()
                .map(|word| word.shown().replace(crate::scenario::PORT, &port))
                .collect()
        }
    };
    ServerResult {
        name: live.spec.name.clone(),
        engine: live.spec.engine.clone(),
        model: live.model.clone(),
        version: live.version.clone(),
        command,
        url: live.shown_url(),
        process: live.attached.as_ref().map(|process| process.shown.clone()),
        launch: number,
        ready_s: live.ready_s(),
        log: live.log.as_deref().and_then(|log| log_in(log, folder)),
        log_copy: None,
        gpus: None,
        metrics: IndexMap::new(),
    }
}

/// Puts the log into this case's folder too: cases of one launch share the file by a hard link.
/// Where the file system has none there is no log in the later cases' folders.
fn link_log(live: &Live, folder: &CaseFolder) {
    if let Some(log) = &live.log
        && let Some(name) = log.file_name()
    {
        let here = folder.path().join(name);
        if !here.exists() {
            let _ = std::fs::hard_link(log, &here);
        }
    }
}

/// The log's name in this case's folder, where it is there.
fn log_in(log: &Path, folder: &CaseFolder) -> Option<String> {
    let name = log.file_name()?;
    folder
        .path()
        .join(name)
        .exists()
        .then(|| name.to_string_lossy().into_owned())
}
