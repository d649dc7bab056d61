//! One case in virtual time: its phases in order, and the result. Each case begins at 0 on a clock
//! of its own, with servers that have answered nobody.

use super::flights::{Flights, seconds};
use super::load::{Source, carry_out};
use super::samples::Samples;
use super::timeline::Timeline;
use crate::load::drive::RequestSource;
use crate::load::seed;
use crate::load::spec::Load;
use crate::measure::case::{CaseData, PhaseData, ReplicaWork, Round};
use crate::report::model::{CaseResult, ServerResult, World, WorldError};
use crate::run::phase::DIED;
use crate::run::recorder::Recorder;
use crate::run::result::{Begun, Ended, not_run, result};
use crate::run::{Shared, error, requests, samples};
use crate::scenario::{Case, LoadSpec, PhaseSpec, ServerSpec, names_of};
use crate::sim::{Server, Setup, Share, Time, nanoseconds};
use crate::stop::{Stop, StopLevel};
use crate::store::CaseFolder;
use std::cell::RefCell;
use std::sync::Arc;

/// What a case has while it runs.
pub(super) struct Stage<'a> {
    pub spec: &'a Case,
    recorder: Arc<Recorder>,
    pub servers: Vec<Server>,
    flights: Flights,
    pub samples: Samples,
    timeline: RefCell<Option<Timeline>>,
    pub now: Time,
}

/// Runs the case and judges it.
pub fn run(shared: &Arc<Shared>, spec: &Case, folder: &CaseFolder, stop: &Stop) -> CaseResult {
    let begun = Begun {
        start_s: 0.0,
        ..Begun::now(shared)
    };
    let mut problem = None;
    let log = folder
        .requests()
        .map_err(|e| problem = Some(error::of_store(&e, None)))
        .ok();
    let setups: Result<Vec<_>, WorldError> = spec.servers.iter().map(|s| setup(s)).collect();
    let setups = setups.unwrap_or_else(|error| {
        problem.get_or_insert(error);
        Vec::new()
    });
    let servers: Vec<Server> = setups.iter().map(|setup| Server::new(setup)).collect();
    let mut stage = Stage {
        spec,
        recorder: Recorder::new(shared.clone(), log),
        samples: Samples::of(spec, &servers),
        servers,
        flights: Flights::new(setups.iter().map(|setup| setup.blocks.tokens).collect()),
        timeline: RefCell::default(),
        now: 0,
    };
    if shared.timeline {
        let names: Vec<&str> = spec.servers.iter().map(|one| one.name.as_str()).collect();
        let opened = Timeline::open(folder, &names, &mut stage.servers);
        let opened = opened.map_err(|e| problem = Some(error::of_store(&e, None)));
        stage.timeline = RefCell::new(opened.ok());
    }
    let mut phases: Vec<PhaseData> = Vec::new();
    for phase in &spec.phases {
        if problem.is_some() || stop.level() > StopLevel::Run {
            break;
        }
        let (data, error) = stage.phase(phase, stop);
        problem = error.map(|error| WorldError {
            phase: Some(phase.name.clone()),
            ..error
        });
        phases.push(data);
    }
    for phase in spec.phases.iter().skip(phases.len()) {
        phases.push(not_run(phase, seconds(stage.now), problem.as_ref()));
    }
    if let Some(timeline) = stage.timeline.get_mut() {
        // what went on while the last phase drained
        timeline.steps(&mut stage.servers);
    }
    let unwritten = stage.timeline.take().and_then(|one| one.close().err());
    problem = problem.or_else(|| Some(error::of_store(&unwritten?, None)));
    problem = problem.or_else(|| stage.recorder.take_problem());
    let series = stage.samples.series();
    let kept = folder.samples().map_err(|e| error::of_store(&e, None));
    let kept = kept.and_then(|log| samples::write_rest(log, &series));
    problem = problem.or(kept.err());
    let data = CaseData {
        names: names_of(spec),
        phases,
        servers: series,
        infeasible: None,
        world: World::Sim,
    };
    shared.keep_answers(spec, &data);
    let ended = Ended {
        duration_s: seconds(stage.now),
        error: problem,
        interrupted: stop.level() > StopLevel::Run,
    };
    let judge = (&*shared.program, &*shared.params);
    let rows = spec.servers.iter().map(|s| row(s)).collect();
    result(spec, judge, rows, &data, &begun, ended)
}

fn setup(server: &ServerSpec) -> Result<&Setup, WorldError> {
    let why = match &server.simulated {
        Some(Ok(setup)) => return Ok(setup),
        Some(Err(why)) => why.as_str(),
        None => "it was not asked for",
    };
    Err(error::other(
        "not_simulated",
        format!("`{}` cannot be simulated: {why}", server.name),
        None,
    ))
}

/// A server in the results: nothing of it was started.
fn row(server: &ServerSpec) -> ServerResult {
    ServerResult {
        name: server.name.clone(),
        engine: server.engine.clone(),
        model: server.model.clone().unwrap_or_default(),
        launch: 1,
        ..ServerResult::default()
    }
}

impl Stage<'_> {
    fn phase(&mut self, spec: &PhaseSpec, stop: &Stop) -> (PhaseData, Option<WorldError>) {
        let mut data = not_run(spec, seconds(self.now), None);
        data.not_run = None;
        data.interrupted = false;
        if spec.skipped.is_some() {
            return (data, None);
        }
        let mut error = None;
        for round in 0..spec.repeat {
            if error.is_some() || stop.level() > StopLevel::Run {
                break;
            }
            if round > 0 {
                self.now += nanoseconds(spec.pause.as_secs_f64());
            }
            if spec.flush {
                self.flush(&mut data);
            }
            let start = seconds(self.now);
            let before = self.shares(spec);
            error = self.round(spec, round, stop).err().or_else(|| self.ended());
            let mut this = Round {
                start,
                end: seconds(self.now),
                ..Round::default()
            };
            self.add_work(spec, &before, &mut data);
            if error.is_none()
                && let Some((watched, quiet)) = self.quiet(spec, &mut data)
            {
                this.watched = Some(watched);
                this.quiet = Some(quiet);
            }
            data.rounds.push(this);
            let limit = self.spec.timeout.as_secs_f64();
            if error.is_none() && seconds(self.now) > limit {
                error = Some(error::other(
                    "case_timeout",
                    format!("the case took longer than its timeout of {limit} s"),
                    Some("raise the scenario's `timeout`, or ask for less"),
                ));
            }
        }
        self.samples.until(self.now, &self.servers);
        data.end = seconds(self.now);
        data.records = self.recorder.drain();
        self.recorder.flush(&spec.name);
        if let Some(error) = &error {
            data.not_run = Some(error.message.clone());
        } else if stop.level() > StopLevel::Run {
            data.interrupted = true;
            data.not_run = Some("the run was interrupted".into());
        }
        (data, error)
    }

    /// What each replica had of the work so far, of the servers that the phase asks.
    fn shares(&self, spec: &PhaseSpec) -> Vec<Share> {
        let asked = |name: &str| spec.loads.iter().any(|load| load.server == name);
        let all = self.spec.servers.iter().zip(&self.servers);
        all.filter(|(one, _)| asked(&one.name))
            .flat_map(|(_, server)| server.shares())
            .collect()
    }

    /// Adds what replicas did since `before`.
    fn add_work(&self, spec: &PhaseSpec, before: &[Share], data: &mut PhaseData) {
        let now = self.shares(spec);
        if now.is_empty() {
            return;
        }
        let work = data.replicas.get_or_insert_with(Vec::new);
        work.resize_with(now.len(), ReplicaWork::default);
        for (work, (now, before)) in work.iter_mut().zip(now.iter().zip(before)) {
            work.requests += now.requests - before.requests;
            work.busy.resize(now.busy.len(), 0.0);
            for (busy, (now, before)) in work.busy.iter_mut().zip(now.busy.iter().zip(&before.busy))
            {
                *busy += seconds(now - before);
            }
        }
    }

    /// The error of a server that has ended by itself.
    fn ended(&self) -> Option<WorldError> {
        let all = self.spec.servers.iter().zip(&self.servers);
        let mut ended = all.filter(|(_, server)| server.ended().is_some());
        let (spec, _) = ended.next()?;
        let message = format!("the server `{}` ended, as its `faults` say", spec.name);
        Some(error::other(DIED, message, None))
    }

    /// All loads of one round, at once.
    fn round(&mut self, spec: &PhaseSpec, round: u64, stop: &Stop) -> Result<(), WorldError> {
        let loads: Vec<Load> = (spec.loads.iter())
            .map(|load| of_round(load, round, &spec.name))
            .collect();
        let mut made: Vec<requests::Round> = Vec::new();
        for (load, of_round) in spec.loads.iter().zip(&loads) {
            let source = Arc::new(requests::prepare(&load.workload)?);
            made.push(requests::Round::new(source, of_round));
        }
        let mut sources: Vec<Source<'_>> = Vec::new();
        for ((load, of_round), requests) in spec.loads.iter().zip(&loads).zip(&made) {
            let mut servers = self.spec.servers.iter();
            let server = servers.position(|server| server.name == load.server);
            sources.push(Source {
                load: of_round,
                requests: requests as &dyn RequestSource,
                server: server.ok_or_else(|| {
                    let message = format!("there is no server `{}`", load.server);
                    error::other("no_server", message, None)
                })?,
            });
        }
        let recorder = &self.recorder;
        let limit = nanoseconds(self.spec.timeout.as_secs_f64());
        self.now = carry_out(
            &mut self.servers,
            &sources,
            (&mut self.flights, &mut self.samples),
            self.now,
            &mut |now, servers| {
                if let Some(timeline) = self.timeline.borrow_mut().as_mut() {
                    timeline.steps(servers);
                }
                now <= limit && stop.level() <= StopLevel::Run
            },
            &mut |load, mut record| {
                record.round = u32::try_from(round).unwrap_or(u32::MAX);
                if let Some(timeline) = self.timeline.borrow_mut().as_mut() {
                    timeline.request(&spec.name, sources[load].server, &record);
                }
                recorder.keep(&spec.name, &spec.loads[load].workload, record);
            },
        );
        Ok(())
    }
}

/// A load with the seeds of its round.
fn of_round(spec: &LoadSpec, round: u64, phase: &str) -> Load {
    let mut load = spec.load.clone();
    let written = load.seed;
    load.seed = seed::of_load(written, round, phase, load.name.as_deref());
    load.lengths_seed = match spec.seeded {
        true => seed::of_lengths(written, round),
        false => load.seed,
    };
    load
}
