//! How a case ended, in words: what columns read as `case.verdict`, `case.stage`, `case.reason` and
//! `case.place`. It is known when all of a case is judged, and so is put into its reports last.

use super::model::{CaseResult, Figure, Verdict};
use super::text::one_line;
use crate::syntax::ast::CheckLevel;
use serde::{Deserialize, Serialize};

/// One of the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// `pass`, `fail`, `no data`, …
    Verdict,
    /// How far it got: `end`, the phase that it ended in, `start` where its servers did not start,
    /// `plan` where nothing of it was begun.
    Stage,
    /// What speaks against it; empty where it passed.
    Reason,
    /// Where it stands in its scenario's ranks, which all cases decide: see `report::places`.
    Place,
}

impl Ending {
    pub const ALL: [Self; 4] = [Self::Verdict, Self::Stage, Self::Reason, Self::Place];

    /// As expressions name it, after `case.`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Verdict => "verdict",
            Self::Stage => "stage",
            Self::Reason => "reason",
            Self::Place => "place",
        }
    }

    fn of(self, case: &CaseResult) -> String {
        match self {
            Self::Verdict => case.verdict.name().into(),
            Self::Stage => stage(case),
            Self::Reason => reason(case),
            Self::Place => "all cases decide it".into(),
        }
    }
}

impl CaseResult {
    /// Puts how the case ended into the columns that ask for it.
    pub fn settle(&mut self) {
        for word in Ending::ALL {
            let text = word.of(self);
            let columns = self
                .reports
                .iter_mut()
                .flat_map(|report| &mut report.columns);
            for (_, figure) in columns.filter(|(_, figure)| figure.ending == Some(word)) {
                *figure = Figure::ending(word, text.clone());
            }
        }
    }
}

fn stage(case: &CaseResult) -> String {
    let begun = case.phases.iter().rfind(|phase| phase.skipped.is_none());
    let ended = case.error.is_none() && case.verdict != Verdict::Interrupted;
    let failed_in = case.error.as_ref().and_then(|error| error.phase.clone());
    match (failed_in, begun) {
        (Some(phase), _) => phase,
        _ if case.infeasible.is_some() => "plan".into(),
        _ if ended => "end".into(),
        (None, Some(phase)) => phase.name.clone(),
        (None, None) if interrupted_before(case) => "plan".into(),
        (None, None) => "start".into(),
    }
}

/// Whether the run was stopped before the case had its servers.
fn interrupted_before(case: &CaseResult) -> bool {
    case.servers.is_empty() && case.verdict == Verdict::Interrupted
}

fn reason(case: &CaseResult) -> String {
    if let Some(error) = &case.error {
        return one_line(&error.message);
    }
    if let Some(why) = &case.infeasible {
        return crate::scenario::not_feasible(why);
    }
    let checks = case
        .checks
        .iter()
        .filter(|check| check.level == CheckLevel::Expect && check.verdict == case.verdict);
    match case.verdict {
        Verdict::Pass => String::new(),
        _ if case.unanswered() => super::model::UNANSWERED.into(),
        _ if case.left_out() => super::model::LEFT_OUT.into(),
        _ => {
            let why = checks.map(|check| format!("{}: {}", check.name, check.why));
            one_line(&why.collect::<Vec<_>>().join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(fields: serde_json::Value) -> CaseResult {
        let mut json = serde_json::json!({
            "schema": 1, "scenario": "s", "case": "a", "axes": {}, "tags": [], "world": "real",
            "verdict": "pass", "started": "", "start_s": 0.0, "duration_s": 0.0, "servers": [],
            "phases": [], "checks": [], "notes": [],
            "reports": [{
                "name": "r", "format": "csv", "to": ["r.csv"],
                "columns": Ending::ALL.map(|word| (word.name(), Figure::ending(word, ""))),
            }],
        });
        for (name, value) in fields.as_object().unwrap() {
            json[name] = value.clone();
        }
        serde_json::from_value(json).unwrap()
    }

    #[track_caller]
    fn words(fields: serde_json::Value) -> [String; 3] {
        let mut case = case(fields);
        case.settle();
        let columns = case.reports[0].columns.iter().take(3);
        let texts: Vec<String> = columns.map(|(_, figure)| figure.text.clone()).collect();
        texts.try_into().unwrap()
    }

    #[test]
    fn a_case_says_how_it_ended() {
        let phase = |name: &str, skipped: Option<&str>| {
            serde_json::json!({
                "name": name, "start_s": 0.0, "end_s": 1.0, "measured": true, "skipped": skipped,
                "load": "", "metrics": {}, "failures": [], "notes": [],
            })
        };
        let check = |name: &str, verdict: &str, why: &str| {
            serde_json::json!({
                "name": name, "level": "expect", "verdict": verdict, "text": "", "place": "",
                "evidence": [], "why": why,
            })
        };
        assert_eq!(words(serde_json::json!({})), ["pass", "end", ""]);
        let failed = serde_json::json!({
            "verdict": "fail", "phases": [phase("steady", None)],
            "checks": [check("quick", "fail", "steady.ttft.p50 = 9 s"), check("right", "pass", "x")],
        });
        assert_eq!(
            words(failed),
            ["fail", "end", "quick: steady.ttft.p50 = 9 s"]
        );
        let died = serde_json::json!({
            "verdict": "error",
            "phases": [phase("warm", None), phase("steady", Some("the server died"))],
            "error": { "kind": "server_died", "message": "the server\ndied" },
        });
        assert_eq!(words(died), ["error", "warm", "the server died"]);
        let never = serde_json::json!({
            "verdict": "error", "phases": [phase("steady", Some("it did not start"))],
            "error": { "kind": "server_not_started", "message": "it did not start" },
        });
        assert_eq!(words(never), ["error", "start", "it did not start"]);
        let left = serde_json::json!({ "verdict": "skipped", "infeasible": "3 does not divide 8" });
        let [verdict, stage, reason] = words(left);
        assert_eq!((verdict.as_str(), stage.as_str()), ("skipped", "plan"));
        assert!(reason.contains("3 does not divide 8"), "{reason}");
    }
}
