//! From what was measured to a case's result: by the run that measured it, and by `scn report`
//! where that run was cut.

use super::{Shared, gpus};
use crate::eval::{Params, Query, SeriesRef};
use crate::judge;
use crate::measure::case::{CaseData, PhaseData};
use crate::measure::figures::{growth_between, phase_result_in, server_figures};
use crate::report::model::{
    CaseResult, CheckResult, SCHEMA_VERSION, ServerResult, Verdict, World, WorldError,
};
use crate::resolve::Program;
use crate::scenario::{Case, PhaseSpec, names_of};
use crate::syntax::ast::CheckLevel;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// When a case began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    /// RFC 3339.
    pub started: String,
    /// On the run's clock.
    pub start_s: f64,
}

impl Begun {
    pub(super) fn now(shared: &Shared) -> Self {
        Self {
            started: super::rfc3339(&jiff::Zoned::now()),
            start_s: shared.clock.now(),
        }
    }
}

/// How a case ended.
pub(super) struct Ended {
    pub duration_s: f64,
    pub error: Option<WorldError>,
    /// By the user.
    pub interrupted: bool,
}

/// The kind of error of a case that was not begun, or not ended, because the run was stopped.
pub(super) const INTERRUPTED: &str = "interrupted";

/// A phase that was not reached before `now` on the run's clock; without a problem, or with one
/// that says so, it is the user who stopped the run.
pub(super) fn not_run(phase: &PhaseSpec, now: f64, problem: Option<&WorldError>) -> PhaseData {
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
        interrupted: problem.is_none_or(|error| error.kind == INTERRUPTED),
        start: now,
        end: now,
        load_names: phase
            .loads
            .iter()
            .filter_map(|load| load.load.name.clone())
            .collect(),
        load_text: crate::plan::phase_words(phase),
        open_loop: phase.is_open_loop(),
        judged: phase.is_judged(),
        rounds: Vec::new(),
        records: Vec::new(),
        notes: Vec::new(),
        client_delay: None,
        replicas: None,
    }
}

/// Judges a case, and gathers its figures. The servers get theirs here.
pub(super) fn result(
    spec: &Case,
    (program, params): (&Program, &Params),
    mut servers: Vec<ServerResult>,
    data: &CaseData,
    begun: &Begun,
    ended: Ended,
) -> CaseResult {
    for server in &mut servers {
        if let Some(set) = data.servers.get(&server.name) {
            server.metrics = server_figures(set, &data.phases);
            for (name, dimension) in data.names.worked_out(&server.name) {
                let query = Query::Mean {
                    series: SeriesRef {
                        server: server.name.as_str().into(),
                        name: name.into(),
                        dimension,
                    },
                    during: None,
                };
                let figure = data.figure(&query);
                server.metrics.insert(format!("{name}.mean"), figure);
            }
        }
    }
    let mut judged = judge::judge(spec, data, program, params);
    let never = ended.error.as_ref().filter(|_| servers.is_empty());
    if let Some(error) = never.filter(|error| error.kind == INTERRUPTED) {
        not_reached(&mut judged.checks, &error.message);
    }
    let mut notes = judged.notes;
    notes.extend(servers.iter().filter_map(gpus::shared_note));
    let silent = data.nothing_answered();
    if let Some(phases) = &silent {
        notes.push(format!(
            "no request of `{}` was answered: nothing was measured of the answers",
            phases.join("`, `")
        ));
    }
    let error = ended.error;
    let verdict = match &error {
        None if spec.infeasible.is_some() => of_infeasible(&judged.checks),
        Some(error) if error.kind == INTERRUPTED => Verdict::Interrupted,
        _ => judge::case_verdict(
            &judged.checks,
            error.as_ref(),
            ended.interrupted,
            unchecked(data, silent.is_some()),
        ),
    };
    CaseResult {
        schema: SCHEMA_VERSION,
        scenario: spec.scenario.clone(),
        scenario_doc: spec.scenario_doc.clone(),
        case: spec.id.clone(),
        axes: spec.axes.clone(),
        tags: spec.tags.clone(),
        world: data.world,
        verdict,
        infeasible: spec.infeasible.clone(),
        error,
        started: begun.started.clone(),
        start_s: begun.start_s,
        duration_s: ended.duration_s,
        servers,
        growth_between: growth_between(&data.phases),
        phases: (data.phases.iter())
            .map(|phase| phase_result_in(data.world, phase))
            .collect(),
        checks: judged.checks,
        reports: judged.reports,
        ranks: judged.ranks,
        attempts: Vec::new(),
        notes,
    }
}

/// What a case without any `expect` came to: it passes, unless it made requests and none was
/// answered, or `when` left out all of its phases.
fn unchecked(data: &CaseData, silent: bool) -> Verdict {
    let left_out = data.phases.iter().all(|phase| phase.skipped.is_some());
    match silent {
        true => Verdict::NoData,
        false if left_out && !data.phases.is_empty() => Verdict::Skipped,
        false => Verdict::Pass,
    }
}

/// The result of a case that cannot work: nothing of it runs. Its checks are skipped, but for those
/// that hold of what follows from the file alone.
pub(super) fn infeasible(
    spec: &Case,
    (why, world): (&str, World),
    judge: (&Program, &Params),
    begun: &Begun,
) -> (CaseResult, CaseData) {
    let phases = spec.phases.iter();
    let data = CaseData {
        names: names_of(spec),
        phases: phases.map(|p| not_run(p, begun.start_s, None)).collect(),
        servers: IndexMap::new(),
        infeasible: Some(why.to_string()),
        world,
    };
    let ended = Ended {
        duration_s: 0.0,
        error: None,
        interrupted: false,
    };
    let result = result(spec, judge, Vec::new(), &data, begun, ended);
    (result, data)
}

/// The verdict of a case that cannot work: it is left out, and fails only where an `expect` does
/// that reads other cases.
pub(super) fn of_infeasible(checks: &[CheckResult]) -> Verdict {
    let fails =
        |check: &&CheckResult| check.level == CheckLevel::Expect && check.verdict == Verdict::Fail;
    match checks.iter().find(fails) {
        Some(_) => Verdict::Fail,
        None => Verdict::Skipped,
    }
}

/// What a case that never began says of its checks: whatever they read, there was nothing.
fn not_reached(checks: &mut [CheckResult], why: &str) {
    for check in checks {
        if check.verdict == Verdict::NoData {
            check.verdict = Verdict::Interrupted;
            check.why = why.into();
        }
    }
}
