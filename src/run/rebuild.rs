//! Results of the cases that a run left without one (it was killed, or its disk was full), made
//! from what it had written: the plan, the events, the requests and the samples.

mod past;

use super::across::{AllAnswers, take};
use super::result::{Begun, Ended, infeasible, not_run, result};
use crate::eval::Params;
use crate::judge::{self, Answers};
use crate::measure::case::{CaseData, PhaseData, Round};
use crate::probe::Unavailable;
use crate::report::model::{CaseResult, World, WorldError};
use crate::resolve::Program;
use crate::scenario::{Case, PhaseSpec, Reads, names_of};
use crate::store::{Redactor, RunFolder, StoreError, case_path};
use past::{Past, PastPhase};
use serde_json::Value;
use std::collections::HashMap;

/// What was found out about the cases without a result.
#[derive(Debug, Default)]
pub struct Rebuilt {
    /// With the folder of each, relative to the run's.
    pub cases: Vec<(String, CaseResult)>,
    /// What is read across cases of those that had ended, by scenario and case.
    answers: AllAnswers,
    /// Cases of which no result can be made, and why.
    pub problems: Vec<String>,
}

/// What a run was made from, read again from what it kept.
pub struct Again<'a> {
    pub world: World,
    pub program: &'a Program,
    pub params: &'a Params,
    /// At least those that were planned.
    pub cases: &'a [Case],
    pub secrets: &'a [String],
}

/// Why a phase, or a case, has no more than it has.
const CUT: &str = "the run was cut here: scn was killed, or could write no more";

/// Makes the results that are missing, in the order of the plan.
///
/// # Errors
/// A file of the folder that is there cannot be read.
pub fn rebuild(folder: &RunFolder, again: &Again<'_>) -> Result<Rebuilt, StoreError> {
    let mut rebuilt = Rebuilt::default();
    let plan = folder.plan()?.unwrap_or_default();
    let events = folder.events()?.events;
    let redactor = Redactor::new(again.secrets.iter().cloned());
    for planned in plan["cases"].as_array().into_iter().flatten() {
        let name = |field: &str| planned[field].as_str().unwrap_or_default();
        let (scenario, id) = (name("scenario"), name("id"));
        let path = case_path(scenario, id);
        let has_result = folder.has_result(&path);
        let named = |case: &&Case| named(case, scenario, id, &redactor);
        let Some(spec) = again.cases.iter().find(named) else {
            let problem = format!("{scenario} / {id}: it is not in what the run kept of its files");
            rebuilt.problems.extend((!has_result).then_some(problem));
            continue;
        };
        // of one that has a result only what others read of it is made again
        if has_result && spec.wanted.is_empty() {
            continue;
        }
        if !same(spec, planned, &redactor) {
            rebuilt.problems.extend((!has_result).then(|| format!(
                "{scenario} / {id}: it means something else here than when it ran (another version of scn, or other variables of the environment)"
            )));
            continue;
        }
        let past = Past::of(&events, scenario, id);
        let ended = past.ended || spec.infeasible.is_some();
        let (case, data) = case(folder, &path, spec, again, past)?;
        if ended {
            let of = rebuilt.answers.entry(spec.scenario.clone()).or_default();
            of.insert(spec.id.clone(), Answers::of(spec, &data));
        }
        if !has_result {
            rebuilt.cases.push((path, case));
        }
    }
    Ok(rebuilt)
}

/// Judges what reads several cases, where all of these had ended; how many results it is in.
pub fn across(again: &Again<'_>, rebuilt: &Rebuilt, cases: &mut [CaseResult]) -> usize {
    let redactor = Redactor::new(again.secrets.iter().cloned());
    let none = HashMap::new();
    let mut judged = 0;
    for result in cases {
        let named = |case: &&Case| named(case, &result.scenario, &result.case, &redactor);
        let Some(spec) = again.cases.iter().find(named) else {
            continue;
        };
        let answers = rebuilt.answers.get(&spec.scenario).unwrap_or(&none);
        let there = |reads: &Reads| reads.iter().all(|(id, _)| answers.contains_key(&**id));
        let judge = (again.program, again.params);
        let across = judge::judge_across(spec, answers, judge, &there);
        if across != judge::Across::default() {
            judged += 1;
            take(result, across);
        }
    }
    judged
}

/// Whether a case is the one that a run names so.
fn named(case: &Case, scenario: &str, id: &str, redactor: &Redactor) -> bool {
    redactor.text(&case.scenario) == scenario && redactor.text(&case.id) == id
}

/// Whether a case is still what was planned, as far as figures and checks depend on it.
fn same(spec: &Case, planned: &Value, redactor: &Redactor) -> bool {
    let one = std::slice::from_ref(spec);
    let mut now = crate::plan::to_json(one, &crate::plan::plan(one))["cases"][0].take();
    redactor.value(&mut now);
    let fields = ["axes", "tags", "sample", "checks", "reports"];
    let phase = |phase: &Value| {
        let fields = ["name", "skipped", "measured", "repeat", "quiesce", "words"];
        fields.map(|field| phase[field].clone())
    };
    let phases = |case: &Value| -> Vec<_> {
        case["phases"]
            .as_array()
            .into_iter()
            .flatten()
            .map(phase)
            .collect()
    };
    fields.iter().all(|field| now[field] == planned[field]) && phases(&now) == phases(planned)
}

fn case(
    folder: &RunFolder,
    path: &str,
    spec: &Case,
    again: &Again<'_>,
    past: Past,
) -> Result<(CaseResult, CaseData), StoreError> {
    let judge = (again.program, again.params);
    if let Some(why) = &spec.infeasible {
        let begun = Begun {
            started: past.started,
            start_s: past.start,
        };
        return Ok(infeasible(spec, (why, again.world), judge, &begun));
    }
    let mut requests = folder.requests(path)?;
    let samples = folder.samples(path)?;
    let sampled = samples.values().flat_map(|set| set.series.values());
    let sampled = sampled.filter_map(|series| series.points.last());
    // the last moment of which anything is known
    let last = (sampled.map(|(t, _)| *t))
        .chain(requests.values().flatten().map(|record| record.end))
        .fold(past.last, f64::max);
    let error = past
        .error
        .clone()
        .or_else(|| (!past.ended).then(|| cut_error(&past)));
    let mut phases: Vec<PhaseData> = Vec::new();
    for phase in &spec.phases {
        let at = phases.last().map_or(past.last, |before| before.end);
        let known = past.phases.get(&phase.name);
        let records = requests.shift_remove(&phase.name).unwrap_or_default();
        let mut data = not_run(phase, at, past.error.as_ref());
        if known.is_some() || !records.is_empty() {
            data.records = records;
            measured(&mut data, phase, known.cloned().unwrap_or_default(), last);
        } else if !past.ended {
            data.not_run = Some(CUT.into());
        }
        phases.push(data);
    }
    let data = CaseData {
        names: names_of(spec),
        phases,
        servers: samples,
        infeasible: None,
        world: again.world,
    };
    let begun = past.begun.unwrap_or(Begun {
        started: past.started,
        start_s: past.start,
    });
    let ended = Ended {
        duration_s: past
            .duration_s
            .unwrap_or_else(|| (last - begun.start_s).max(0.0)),
        error,
        interrupted: past.interrupted,
    };
    let result = result(spec, judge, past.servers, &data, &begun, ended);
    Ok((result, data))
}

/// What is known of a phase that had begun.
fn measured(data: &mut PhaseData, spec: &PhaseSpec, past: PastPhase, last: f64) {
    let first_due = data.records.iter().map(|r| r.due).reduce(f64::min);
    data.start = past.start.or(first_due).unwrap_or(data.start);
    data.rounds = past.rounds;
    data.notes = past.notes;
    data.client_delay = past.client_delay;
    data.end = past.end.unwrap_or(last).max(data.start);
    data.not_run = past.not_run;
    data.interrupted = past.interrupted;
    if past.end.is_none() {
        let rounds = data.rounds.len() as u64;
        if rounds < spec.repeat {
            data.rounds.push(Round {
                start: data.rounds.last().map_or(data.start, |round| {
                    round.quiet.map_or(round.end, |(_, to)| to)
                }),
                end: data.end,
                ..Round::default()
            });
        }
        data.not_run = Some(CUT.into());
        data.interrupted = true;
        if !spec.loads.is_empty() {
            data.client_delay = Some(Err(Unavailable(CUT.into())));
            data.notes.push(
                "requests that were unanswered when the run was cut are in none of these figures"
                    .into(),
            );
        }
    }
}

fn cut_error(past: &Past) -> WorldError {
    let (message, help) = match past.begun_at_all {
        true => (
            "the run was cut before this case ended: scn was killed, or could write no more",
            "the figures are of what was written until then; run again for the rest",
        ),
        false => (
            "the case did not start: the run was cut before",
            "run again for this case",
        ),
    };
    WorldError {
        kind: "interrupted".into(),
        message: message.into(),
        help: Some(help.into()),
        ..WorldError::default()
    }
}
