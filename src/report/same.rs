//! Errors that ended several cases of a scenario alike, as a missing program does: said once.

use super::model::{CaseResult, WorldError};
use indexmap::IndexMap;
use serde::Serialize;

/// One error, and the cases of its scenario that it ended.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Same<'a> {
    pub scenario: &'a str,
    /// In the order in which they ran; at least one.
    pub cases: Vec<&'a str>,
    /// Of the first of them, as its log's last lines are.
    pub verdict: super::model::Verdict,
    pub error: &'a WorldError,
}

/// The errors of all cases, in the order of the first that each ended. Cases that were stopped before
/// they began have none.
pub(super) fn errors<'a>(cases: impl Iterator<Item = &'a CaseResult>) -> Vec<Same<'a>> {
    let mut all: IndexMap<(&str, &str, &str, Option<&str>), Same<'a>> = IndexMap::new();
    for case in cases {
        let Some(error) = case.error.as_ref().filter(|_| !never(case)) else {
            continue;
        };
        let phase = error.phase.as_deref();
        let key = (
            case.scenario.as_str(),
            error.kind.as_str(),
            error.message.as_str(),
            phase,
        );
        let same = all.entry(key).or_insert_with(|| Same {
            scenario: &case.scenario,
            cases: Vec::new(),
            verdict: case.verdict,
            error,
        });
        same.cases.push(&case.case);
    }
    all.into_values().collect()
}

/// Whether the run was stopped before the case had its servers.
fn never(case: &CaseResult) -> bool {
    let interrupted = |error: &WorldError| error.kind == "interrupted";
    case.servers.is_empty() && case.error.as_ref().is_some_and(interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, message: &str) -> CaseResult {
        let json = serde_json::json!({
            "schema": 1, "scenario": "s", "case": id, "axes": {}, "tags": [], "world": "real",
            "verdict": "error", "started": "", "start_s": 0.0, "duration_s": 0.0, "servers": [],
            "phases": [], "checks": [], "reports": [], "notes": [],
            "error": { "kind": "program_missing", "message": message },
        });
        serde_json::from_value(json).unwrap()
    }

    #[test]
    fn an_error_of_many_cases_is_one() {
        let mut never = case("e", "the run was interrupted");
        never.error.as_mut().unwrap().kind = "interrupted".into();
        let cases = [
            case("a", "no vllm"),
            case("b", "no sglang"),
            case("c", "no vllm"),
            never,
        ];
        let all = errors(cases.iter());
        let all = all
            .iter()
            .map(|same| (same.error.message.as_str(), same.cases.clone()));
        assert_eq!(
            all.collect::<Vec<_>>(),
            [("no vllm", vec!["a", "c"]), ("no sglang", vec!["b"])]
        );
    }
}
