//! Requests that failed, in a line for each phase and class: for pages where there is no room
//! for more.

use super::model::{CaseResult, FailureCount};
use super::text::{one_line, short};
use crate::load::record::FailureClass;

/// The most characters shown of an example.
const EXAMPLE: usize = 160;

/// The most of one that tells of a wrong answer: what was asked, answered, and wanted.
const WRONG: usize = 360;

/// The most lines shown of one case.
const MOST: usize = 8;

/// Requests of one phase that failed in one way. Texts are one line each, without escapes.
pub(super) struct Failed {
    pub phase: String,
    /// `status`, `cut stream`
    pub class: String,
    pub count: u64,
    /// One of them, cut: `500: {"error": "out of KV blocks"}`
    pub example: String,
    /// A few more, where they tell of other rows.
    pub more: Vec<String>,
}

impl Failed {
    /// `stress: 2 requests failed (status): 500: out of KV blocks`
    pub fn line(&self) -> String {
        let requests = if self.count == 1 {
            "request"
        } else {
            "requests"
        };
        let line = format!(
            "{}: {} {requests} failed ({}): {}",
            self.phase, self.count, self.class, self.example
        );
        line.trim_end_matches([' ', ':']).to_string()
    }
}

fn most(failure: &FailureCount) -> usize {
    match failure.class == FailureClass::WrongAnswer.name() {
        true => WRONG,
        false => EXAMPLE,
    }
}

/// What failed in a case, by phase and then the most frequent first.
pub(super) fn failed(case: &CaseResult) -> Vec<Failed> {
    let of_phases = case.phases.iter().flat_map(|phase| {
        phase.failures.iter().map(|failure| Failed {
            phase: one_line(&phase.name),
            class: one_line(&failure.class.replace('_', " ")),
            count: failure.count,
            example: short(&failure.example, most(failure)),
            more: (failure.more.iter()).map(|one| short(one, WRONG)).collect(),
        })
    });
    of_phases.collect()
}

/// The lines of a case; of very many, how many more there are.
pub(super) fn lines(case: &CaseResult) -> Vec<String> {
    let all = failed(case);
    let said = all.iter().take(MOST).flat_map(|failed| {
        let more = failed.more.iter().map(|one| format!("  also {one}"));
        [failed.line()].into_iter().chain(more)
    });
    let mut lines: Vec<String> = said.collect();
    if all.len() > MOST {
        lines.push(format!(
            "{} more kinds of failure: see result.json",
            all.len() - MOST
        ));
    }
    lines
}
