//! `retry`: a case whose server did not start, or died, is run again.

use super::progress::Event;
use super::{Shared, case, error};
use crate::report::model::{Attempt, CaseResult, Verdict, WorldError};
use crate::scenario::Case;
use crate::stop::{Stop, StopLevel};
use crate::store::CaseFolder;
use crate::syntax::ast::CheckLevel;

/// What the servers' side of the world may do that is otherwise the next time.
const AGAIN: [&str; 6] = [
    "no_port",
    "server_died",
    "server_exited",
    "server_not_ready",
    "server_not_started",
    "server_unreachable",
];

/// The error for which a case is to be run again. What a check has found is never undone.
pub(super) fn reason<'r>(
    spec: &Case,
    result: &'r CaseResult,
    tries: usize,
    stop: &Stop,
) -> Option<&'r WorldError> {
    let failed = result
        .checks
        .iter()
        .any(|check| check.level == CheckLevel::Expect && check.verdict == Verdict::Fail);
    let left = u64::try_from(tries).is_ok_and(|tries| tries < spec.retry);
    let error = result.error.as_ref()?;
    let again = AGAIN.contains(&error.kind.as_str());
    (left && again && !failed && stop.level() == StopLevel::Run).then_some(error)
}

/// Keeps what a try has left, and says that there is another.
///
/// # Errors
/// Its files cannot be moved: then there can be no other.
pub(super) fn put_aside(
    shared: &Shared,
    spec: &Case,
    result: &CaseResult,
    error: &WorldError,
    (folder, number): (&CaseFolder, usize),
) -> Result<Attempt, WorldError> {
    let kept = folder.set_aside(number);
    let kept = kept.map_err(|e| error::of_store(&e, None))?;
    shared.log(
        "case_retried",
        serde_json::json!({
            "scenario": spec.scenario, "case": spec.id, "attempt": number, "error": error,
        }),
    );
    shared.progress.event(Event::Note {
        text: format!(
            "{} / {}: {}; it is run again ({number} of {})",
            spec.scenario, spec.id, error.message, spec.retry
        ),
    });
    Ok(Attempt {
        started: result.started.clone(),
        duration_s: result.duration_s,
        error: error.clone(),
        folder: kept,
    })
}

/// The result of the last try, with those before it.
pub(super) fn with(mut result: CaseResult, attempts: Vec<Attempt>) -> CaseResult {
    for (attempt, number) in attempts.iter().zip(1..) {
        let note = format!(
            "run again after try {number}: {} (what it left is in `{}`)",
            attempt.error.message, attempt.folder
        );
        result.notes.push(note);
    }
    result.attempts = attempts;
    result
}

/// Servers of which one has ended are stopped: the next try has fresh ones.
pub(super) async fn without_dead(
    shared: &Shared,
    servers: &mut Option<case::Servers>,
    stop: &Stop,
) {
    if servers.as_ref().is_some_and(case::Servers::any_ended)
        && let Some(dead) = servers.take()
    {
        dead.stop(shared, stop).await;
    }
}
