//! Phases whose figures are doubtful, over all cases.

use super::model::{CaseResult, PhaseResult, Warning};
use super::text::one_line;

/// A warning with its place.
pub(super) struct Warned<'a> {
    case: &'a CaseResult,
    phase: &'a PhaseResult,
    pub warning: &'a Warning,
}

impl Warned<'_> {
    /// `quickstart / concurrency=8 / steady`
    pub(super) fn place(&self) -> String {
        let names = [&self.case.scenario, &self.case.case, &self.phase.name];
        names.map(|name| one_line(name)).join(" / ")
    }

    /// The client's own delay in seconds, to be compared.
    fn delay(&self) -> f64 {
        let delay = self.phase.metrics.get("client_delay");
        delay.and_then(|figure| figure.value).unwrap_or(0.0)
    }
}

/// The warnings of all measured phases, those of the longest delay first. A warm-up's own notes
/// have its warnings.
pub(super) fn warned(cases: &[CaseResult]) -> Vec<Warned<'_>> {
    let mut all = Vec::new();
    for case in cases {
        for phase in case.phases.iter().filter(|phase| phase.measured) {
            let warnings = phase.warnings.iter();
            all.extend(warnings.map(|warning| Warned {
                case,
                phase,
                warning,
            }));
        }
    }
    all.sort_by(|a, b| b.delay().total_cmp(&a.delay()));
    all
}
