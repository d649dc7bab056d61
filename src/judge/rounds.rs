//! What was measured in one repetition of a phase, for reports that tell of it alone.

use crate::measure::case::{CaseData, PhaseData};
use crate::measure::figures::phase_result_in;
use crate::report::model::{Part, ReportData};
use crate::scenario::ReportSpec;

/// The case with only that repetition in the phase of a report, where it is of one. What the
/// servers measured over the whole case stays as it is.
pub(super) fn limited(spec: &ReportSpec, data: &CaseData) -> Option<CaseData> {
    let (name, round) = of(spec.part.as_ref()?)?;
    let mut data = data.clone();
    for phase in data.phases.iter_mut().filter(|phase| phase.name == name) {
        limit(phase, round);
    }
    Some(data)
}

fn of(part: &Part) -> Option<(&str, u32)> {
    Some((part.phase.as_deref()?, part.round?))
}

fn limit(phase: &mut PhaseData, round: u32) {
    phase.records.retain(|record| record.round == round);
    let at = usize::try_from(round).unwrap_or(usize::MAX);
    match phase.rounds.get(at).copied() {
        Some(one) => {
            (phase.start, phase.end) = (one.start, one.end);
            phase.rounds = vec![one];
        }
        None => {
            phase.rounds.clear();
            phase.not_run.get_or_insert_with(|| {
                format!("the phase ended before its repetition {round} (from 0)")
            });
        }
    }
}

/// The phase's figures of that repetition.
pub(super) fn add_figures(report: &mut ReportData, data: &CaseData) {
    let Some(part) = &mut report.part else { return };
    let phase = data
        .phases
        .iter()
        .find(|phase| Some(phase.name.as_str()) == part.phase.as_deref());
    part.figures = phase.map(|phase| phase_result_in(data.world, phase));
}
