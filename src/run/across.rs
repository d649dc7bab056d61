//! Checks that read several cases: judged when all have run.

use super::result::of_infeasible;
use super::{Shared, error};
use crate::judge::{self, Across, Answers, case_verdict};
use crate::report::model::{CaseResult, CheckResult, RunResult, Verdict};
use crate::run::progress::Event;
use crate::scenario::Case;
use crate::syntax::ast::CheckLevel;
use std::collections::HashMap;

/// What was kept of cases, by scenario and case.
pub(super) type AllAnswers = HashMap<String, HashMap<String, Answers>>;

/// Judges what could not be judged before, in the results, their files and `run.json`.
pub(super) fn judge_all(
    shared: &Shared,
    cases: &[Case],
    results: &mut [CaseResult],
    run: &mut RunResult,
) {
    let answers = shared.take_answers();
    let none = HashMap::new();
    for result in results {
        let of = |case: &&Case| case.scenario == result.scenario && case.id == result.case;
        let Some(spec) = cases.iter().find(of) else {
            continue;
        };
        if spec.across().next().is_none() {
            continue;
        }
        let answers = answers.get(&spec.scenario).unwrap_or(&none);
        let judge = (&*shared.program, &*shared.params);
        let across = judge::judge_across(spec, answers, judge, &|_| true);
        for check in &across.checks {
            let verdict = check.verdict.name();
            shared.log(
                "check_judged",
                serde_json::json!({ "scenario": spec.scenario, "case": spec.id, "check": check.name, "verdict": verdict }),
            );
            shared.progress.event(Event::Note {
                text: format!(
                    "{} / {}, across cases: {verdict}: {}",
                    spec.scenario, check.name, check.why
                ),
            });
        }
        take(result, across);
        result.settle();
        let written = shared.folder.case(&spec.scenario, &spec.id);
        if let Err(problem) = written.and_then(|folder| folder.write_result(result)) {
            result.error.get_or_insert(error::of_store(&problem, None));
            result.verdict = result.verdict.max(Verdict::Error);
        }
        let summary = run.cases.iter_mut();
        let of = |s: &&mut crate::report::model::CaseSummary| {
            s.scenario == result.scenario && s.case == result.case
        };
        if let Some(summary) = { summary }.find(of) {
            summary.verdict = result.verdict;
        }
    }
}

/// Puts what reads several cases into the result of one of them.
pub(super) fn take(result: &mut CaseResult, across: Across) {
    for check in across.checks {
        let mut slots = result.checks.iter_mut();
        if let Some(slot) = slots.find(|slot| slot.name == check.name) {
            *slot = check;
        }
    }
    for (report, column, figure) in across.columns {
        let report = result.reports.get_mut(report);
        if let Some((_, slot)) = report.and_then(|report| report.columns.get_mut(column)) {
            *slot = figure;
        }
    }
    for (rank, value) in across.ranks {
        if let Some(slot) = result.ranks.get_mut(rank) {
            *slot = value;
        }
    }
    result.notes.extend(across.notes);
    result.verdict = verdict(result);
}

/// The verdict so far: without checks that wait for other cases.
pub(super) fn so_far(result: &CaseResult) -> Verdict {
    let waits = |check: &&CheckResult| check.why == judge::PENDING;
    if result.verdict != Verdict::NoData || !result.checks.iter().any(|check| waits(&check)) {
        return result.verdict;
    }
    let rest = result.checks.iter().filter(|check| !waits(check));
    case_verdict(
        &rest.cloned().collect::<Vec<_>>(),
        None,
        false,
        Verdict::Pass,
    )
}

/// The verdict with all checks judged. A case that ended otherwise stays as it ended.
fn verdict(result: &CaseResult) -> Verdict {
    let expects = result
        .checks
        .iter()
        .any(|check| check.level == CheckLevel::Expect);
    match result.verdict {
        Verdict::Interrupted => Verdict::Interrupted,
        _ if result.infeasible.is_some() => of_infeasible(&result.checks),
        _ if expects => case_verdict(&result.checks, result.error.as_ref(), false, Verdict::Pass),
        verdict => verdict,
    }
}
