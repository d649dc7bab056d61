//! A case as a report's part tells of it: all of it, or one phase, or one repetition of that.

use super::model::{CaseResult, Part, PhaseResult};
use std::borrow::Cow;

/// The case with the part's phase alone, where it is of one.
pub(super) fn limited<'a>(case: &'a CaseResult, part: Option<&Part>) -> Cow<'a, CaseResult> {
    let Some(name) = part.and_then(|part| part.phase.as_deref()) else {
        return Cow::Borrowed(case);
    };
    let figures = part.and_then(|part| part.figures.clone());
    let phases = match figures {
        Some(figures) => vec![figures],
        None => {
            let its = case.phases.iter().filter(|phase| phase.name == name);
            its.cloned().collect()
        }
    };
    Cow::Owned(CaseResult {
        phases,
        ..case.clone()
    })
}

/// From when to when the part is of a case, in seconds on the run's clock; none where it is of
/// all of it.
pub(super) fn window(case: &CaseResult, part: Option<&Part>) -> Option<(f64, f64)> {
    let name = part?.phase.as_deref()?;
    let times = |phase: &PhaseResult| (phase.start_s, phase.end_s);
    let limited = limited(case, part);
    let phase = limited.phases.iter().find(|phase| phase.name == name);
    phase.map(times)
}
