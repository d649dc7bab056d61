//! Which checks of a case have something of their own to say, and which only repeat what ended it.

use super::model::{CaseResult, CheckResult, Verdict};

/// Checks, and how many more there are that were never reached: the error of their case says all
/// there is to say of them.
pub(crate) fn reached(case: &CaseResult) -> (Vec<&CheckResult>, usize) {
    let checks: Vec<&CheckResult> = case.checks.iter().filter(|c| !repeats(case, c)).collect();
    let more = case.checks.len() - checks.len();
    (checks, more)
}

/// `7 checks not reached`; nothing where there are none.
pub(crate) fn not_reached(checks: usize) -> Option<String> {
    match checks {
        0 => None,
        1 => Some("1 check not reached".into()),
        more => Some(format!("{more} checks not reached")),
    }
}

fn repeats(case: &CaseResult, check: &CheckResult) -> bool {
    let undecided = matches!(check.verdict, Verdict::NoData | Verdict::Interrupted);
    let left_out = |why: &String| check.verdict == Verdict::Skipped && check.why.contains(why);
    case.infeasible.as_ref().is_some_and(left_out)
        || case.error.as_ref().is_some_and(|error| {
            undecided && (case.servers.is_empty() || check.why.contains(&error.message))
        })
}
