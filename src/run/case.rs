//! One case on its servers: phases in order, and the result.

use super::phase::{Stage, Watched};
use super::recorder::Recorder;
use super::server::{self, Live};
use super::{Shared, error};
use crate::judge;
use crate::measure::case::{CaseData, PhaseData};
use crate::measure::figures::{phase_result, server_figures};
use crate::probe::sampler;
use crate::report::model::{CaseResult, SCHEMA_VERSION, ServerResult, Verdict, World, WorldError};
use crate::run::progress::Event;
use crate::scenario::{Case, Start, names_of};
use crate::stop::{Stop, StopLevel};
use crate::store::{CaseFolder, SampleLog};
use indexmap::IndexMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How often samples are written down while a case runs.
const WRITE_SAMPLES: Duration = Duration::from_secs(5);

/// The servers of a launch.
pub struct Servers {
    number: u32,
    servers: Vec<Live>,
}

impl Servers {
    /// Starts all servers of a case, one after the other.
    pub async fn start(
        shared: &Arc<Shared>,
        case: &Case,
        number: u32,
        folder: &CaseFolder,
        stop: &Stop,
    ) -> Result<Self, WorldError> {
        let mut this = Self {
            number,
            servers: Vec::new(),
        };
        for spec in &case.servers {
            let log = folder.server_log((case.servers.len() > 1).then_some(spec.name.as_str()));
            shared.progress.event(Event::LaunchStarting {
                number,
                server: spec.name.clone(),
                engine: spec.engine.clone(),
                log: log.clone(),
            });
            let begun = shared.clock.now();
            match server::start(shared, spec, &log, stop).await {
                Ok(live) => {
                    let after = live
                        .running
                        .as_ref()
                        .map_or(0.0, |r| r.ready_after.as_secs_f64());
                    shared.log(
                        "server_ready",
                        serde_json::json!({ "server": spec.name, "after_s": after }),
                    );
                    shared.progress.event(Event::LaunchReady {
                        server: spec.name.clone(),
                        after_s: shared.clock.now() - begun,
                    });
                    this.servers.push(live);
                }
                Err(error) => {
                    shared.log(
                        "server_failed",
                        serde_json::json!({ "server": spec.name, "kind": error.kind }),
                    );
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
        for live in self.servers {
            let name = live.spec.name.clone();
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
    }
}

/// A case that could not even begin.
pub fn failed(spec: &Case, shared: &Shared, error: WorldError) -> CaseResult {
    let data = CaseData {
        names: names_of(spec),
        phases: Vec::new(),
        servers: IndexMap::new(),
    };
    result(
        spec,
        shared,
        Vec::new(),
        &data,
        Some(error),
        shared.clock.now(),
        false,
    )
}

/// Runs the case and judges it.
pub async fn run(
    shared: &Arc<Shared>,
    spec: &Case,
    servers: &Servers,
    folder: &CaseFolder,
    stop: &Stop,
) -> CaseResult {
    let start = shared.clock.now();
    let mut problem = None;
    let log = folder
        .requests()
        .map_err(|e| problem = Some(error::of_store(&e, None)))
        .ok();
    let recorder = Recorder::new(shared.clone(), log);
    let watched: Vec<Watched<'_>> = servers
        .servers
        .iter()
        .enumerate()
        .map(|(i, live)| Watched {
            live,
            sampler: Arc::new(sampler::start(
                live.targets(i == 0),
                spec.sample,
                shared.clock,
            )),
        })
        .collect();
    let writer = write_samples(shared, folder, &watched);
    let stage = Stage {
        shared,
        servers: &watched,
        recorder: &recorder,
        sample: spec.sample,
        deadline: start + spec.timeout.as_secs_f64(),
        stop,
    };
    let mut phases: Vec<PhaseData> = Vec::new();
    for phase in &spec.phases {
        if problem.is_some() || stop.level() > StopLevel::Run {
            break;
        }
        let mut end = stage.run(phase).await;
        if let Some(error) = &mut end.error {
            error.phase = Some(phase.name.clone());
        }
        problem = end.error;
        phases.push(end.data);
    }
    for phase in spec.phases.iter().skip(phases.len()) {
        phases.push(not_run(phase, shared, problem.as_ref()));
    }
    writer.abort();
    let mut sets = IndexMap::new();
    for one in watched {
        let set = one.sampler.snapshot();
        sets.insert(one.live.spec.name.clone(), set);
        // the sampler's threads end with it
        drop(one.sampler);
    }
    if let Err(error) = write_all_samples(folder, &sets) {
        problem.get_or_insert(error);
    }
    let data = CaseData {
        names: names_of(spec),
        phases,
        servers: sets,
    };
    let rows = servers
        .servers
        .iter()
        .map(|live| server_result(live, servers.number, &data, folder))
        .collect();
    result(
        spec,
        shared,
        rows,
        &data,
        problem,
        start,
        stop.level() > StopLevel::Run,
    )
}

/// A phase that was not reached.
fn not_run(
    phase: &crate::scenario::PhaseSpec,
    shared: &Shared,
    problem: Option<&WorldError>,
) -> PhaseData {
    let now = shared.clock.now();
    let why = problem.map_or_else(
        || "the run was interrupted".to_string(),
        |error| error.message.clone(),
    );
    PhaseData {
        name: phase.name.clone(),
        doc: phase.doc.clone(),
        measured: phase.measured,
        skipped: phase.skipped.clone(),
        not_run: Some(why),
        interrupted: problem.is_none(),
        start: now,
        end: now,
        load_names: phase
            .loads
            .iter()
            .filter_map(|load| load.load.name.clone())
            .collect(),
        load_text: crate::plan::phase_words(phase),
        rounds: Vec::new(),
        records: Vec::new(),
        notes: Vec::new(),
    }
}

/// Writes samples down every few seconds, so that a kill keeps them. The file is written whole
/// at the end, in order of servers.
fn write_samples(
    shared: &Arc<Shared>,
    folder: &CaseFolder,
    watched: &[Watched<'_>],
) -> tokio::task::JoinHandle<()> {
    let samplers: Vec<_> = watched
        .iter()
        .map(|w| (w.live.spec.name.clone(), w.sampler.clone()))
        .collect();
    let (log, shared) = (folder.samples(), shared.clone());
    tokio::spawn(async move {
        let mut log: SampleLog = match log {
            Ok(log) => log,
            Err(error) => return shared.keep(error::of_store(&error, None)),
        };
        loop {
            tokio::time::sleep(WRITE_SAMPLES).await;
            for (name, sampler) in &samplers {
                if let Err(error) = log.write_new(name, &sampler.snapshot()) {
                    return shared.keep(error::of_store(&error, None));
                }
            }
        }
    })
}

fn write_all_samples(
    folder: &CaseFolder,
    sets: &IndexMap<String, crate::probe::series::SeriesSet>,
) -> Result<(), WorldError> {
    let path = folder.path().join("samples.csv");
    let write = || {
        // what the writer above left half done is replaced by the whole
        let _ = std::fs::remove_file(&path);
        let mut log = folder.samples()?;
        for (name, set) in sets {
            log.write_new(name, set)?;
        }
        log.sync()
    };
    write().map_err(|e| error::of_store(&e, None))
}

fn server_result(live: &Live, number: u32, data: &CaseData, folder: &CaseFolder) -> ServerResult {
    let command = match &live.spec.start {
        Start::Running { .. } => Vec::new(),
        Start::Launch { command, .. } => {
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
    let metrics = data
        .servers
        .get(&live.spec.name)
        .map(|set| server_figures(set, &data.phases))
        .unwrap_or_default();
    ServerResult {
        name: live.spec.name.clone(),
        engine: live.spec.engine.clone(),
        model: live.model.clone(),
        version: live.version.clone(),
        command,
        url: live.shown_url(),
        launch: number,
        ready_s: live
            .running
            .as_ref()
            .map(|running| running.ready_after.as_secs_f64()),
        log: live.log.as_deref().and_then(|log| log_in(log, folder)),
        metrics,
    }
}

/// The log as this case's folder has it: cases of one launch share the file by a hard link.
fn log_in(log: &Path, folder: &CaseFolder) -> Option<String> {
    let name = log.file_name()?;
    let here = folder.path().join(name);
    if !here.exists() {
        std::fs::hard_link(log, &here).ok()?;
    }
    Some(name.to_string_lossy().into_owned())
}

fn result(
    spec: &Case,
    shared: &Shared,
    servers: Vec<ServerResult>,
    data: &CaseData,
    error: Option<WorldError>,
    start: f64,
    interrupted: bool,
) -> CaseResult {
    let judged = judge::judge(spec, data, &shared.program, &shared.params);
    let verdict = match &error {
        Some(error) if error.kind == "interrupted" => Verdict::Interrupted,
        _ => judge::case_verdict(&judged.checks, error.as_ref(), interrupted),
    };
    CaseResult {
        schema: SCHEMA_VERSION,
        scenario: spec.scenario.clone(),
        scenario_doc: spec.scenario_doc.clone(),
        case: spec.id.clone(),
        axes: spec.axes.clone(),
        tags: spec.tags.clone(),
        world: World::Real,
        verdict,
        error,
        started: super::rfc3339(&jiff::Zoned::now()),
        start_s: start,
        duration_s: shared.clock.now() - start,
        servers,
        phases: data.phases.iter().map(phase_result).collect(),
        checks: judged.checks,
        reports: judged.reports,
        notes: judged.notes,
    }
}
