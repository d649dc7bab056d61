//! Questions and answers, for templates that read `transcript`.

use super::error::ReportError;
use super::model::{CaseResult, Part};
use super::template::names_in;
use crate::store::{AnswerLine, RunFolder};
use serde_json::{Value, json};

/// The name that such a template reads.
pub(super) const NAME: &str = "transcript";

/// Whether a template reads the answers of requests: they are then all kept.
pub fn wants_answers(template: &str) -> bool {
    names_in(template).contains(NAME)
}

/// The requests of a case's part, in the order in which they were due in their load. `path` is
/// the case's folder, relative to the run's.
///
/// Errors: a record that cannot be read.
pub(super) fn of_case(
    folder: &RunFolder,
    path: Option<&str>,
    case: &CaseResult,
    part: Option<&Part>,
) -> Result<Vec<Value>, ReportError> {
    let all = path.map(|path| folder.answers(path)).transpose()?;
    let phase = part.and_then(|part| part.phase.as_deref());
    let round = part.and_then(|part| part.round);
    let mut lines: Vec<AnswerLine> = all.unwrap_or_default();
    lines.retain(|line| {
        line.omitted.is_some()
            || (phase.is_none_or(|name| line.phase == name)
                && round.is_none_or(|round| line.round == round))
    });
    let at = |line: &AnswerLine| {
        let phase = case.phases.iter().position(|p| p.name == line.phase);
        // what was left out is said at the end
        (
            line.omitted.is_some(),
            phase,
            line.load.clone(),
            line.round,
            line.index,
        )
    };
    lines.sort_by_key(at);
    Ok(lines
        .iter()
        .map(|line| {
            json!({
                "scenario": case.scenario, "case": case.case,
                "phase": line.phase, "load": line.load, "round": line.round,
                "index": line.index, "question": line.question, "answer": line.answer,
                "reasoning": line.reasoning, "accepted": line.accepted,
                "failure": line.class, "detail": line.detail, "omitted": line.omitted,
            })
        })
        .collect())
}
