//! The verdict of a case, and the exit code of a run.

use crate::report::model::{CaseResult, CheckResult, Verdict, WorldError};
use crate::syntax::ast::CheckLevel;

/// How a case ended: stopped by the user, else with an error of the world, else as the worst of
/// its `expect` checks. A `warn` never decides. Checks that were skipped, or that this world does
/// not decide, do so only where there is no other.
pub fn case_verdict(
    checks: &[CheckResult],
    error: Option<&WorldError>,
    interrupted: bool,
) -> Verdict {
    let deciding = || expected(checks).map(|check| check.verdict);
    if interrupted || deciding().any(|verdict| verdict == Verdict::Interrupted) {
        return Verdict::Interrupted;
    }
    if error.is_some() {
        return Verdict::Error;
    }
    let undecided = |verdict: &Verdict| matches!(verdict, Verdict::Skipped | Verdict::NotDecided);
    let decided = deciding().filter(|verdict| !undecided(verdict)).max();
    decided
        .or_else(|| deciding().max())
        .unwrap_or(Verdict::Pass)
}

/// What the process says of a run: 0 all passed, 1 a check failed, 3 the world failed or there
/// was no data, 5 inconclusive, 130 interrupted; of several, the first of 130, 1, 3, 5. A `warn`
/// never counts. (2 and 4, wrong usage and nothing selected, are said before there are cases.)
pub fn exit_code<'c>(cases: impl Iterator<Item = &'c CaseResult>, interrupted: bool) -> i32 {
    let mut verdicts: Vec<Verdict> = Vec::new();
    for case in cases {
        verdicts.push(case.verdict);
        verdicts.extend(expected(&case.checks).map(|check| check.verdict));
    }
    let any = |wanted: &[Verdict]| verdicts.iter().any(|verdict| wanted.contains(verdict));
    if interrupted || any(&[Verdict::Interrupted]) {
        130
    } else if any(&[Verdict::Fail]) {
        1
    } else if any(&[Verdict::Error, Verdict::NoData]) {
        3
    } else if any(&[Verdict::Inconclusive]) {
        5
    } else {
        0
    }
}

fn expected(checks: &[CheckResult]) -> impl Iterator<Item = &CheckResult> {
    checks
        .iter()
        .filter(|check| check.level == CheckLevel::Expect)
}
