//! The end of a case, also of one that nothing was launched for.

use super::progress::{CheckLine, Event};
use super::result::{self, Begun};
use super::{Shared, across, case, error, limits};
use crate::report::model::{CaseResult, CaseSummary, RunResult, Verdict};
use crate::report::reached::{not_reached, reached};
use crate::scenario::{Case, not_feasible};
use crate::store::CaseFolder;
use crate::syntax::ast::CheckLevel;
use std::sync::Arc;

/// The cases that cannot work: they have results that say so, and nothing of them is launched.
pub(super) fn infeasible(
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
        let (case, data) = result::infeasible(spec, (why, shared.world), judge, &begun);
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

/// The cases that an interrupted run did not come to: they have results too, so that nobody takes
/// the others for all.
pub(super) fn not_started(
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

pub(super) fn case_started(spec: &Case, index: usize) -> Event {
    Event::CaseStarted {
        index,
        scenario: spec.scenario.clone(),
        id: spec.id.clone(),
    }
}

/// Keeps a case's result, in its folder and in `run.json`.
pub(super) fn finish(
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
