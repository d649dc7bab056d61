//! The verdict of a case, and the exit code of a run.

use crate::report::model::{CaseResult, CheckResult, Verdict, WorldError};
use crate::syntax::ast::CheckLevel;

/// How a case ended: stopped by the user, else with an error of the world, else as the worst of
/// its `expect` checks. A `warn` never decides. Checks that were skipped, or that this world does
/// not decide, do so only where there is no other. Without any `expect` it is as `unchecked` says.
pub fn case_verdict(
    checks: &[CheckResult],
    error: Option<&WorldError>,
    interrupted: bool,
    unchecked: Verdict,
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
    decided.or_else(|| deciding().max()).unwrap_or(unchecked)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::World;

    fn check(level: CheckLevel, verdict: Verdict) -> CheckResult {
        CheckResult {
            name: "c".into(),
            level,
            verdict,
            text: String::new(),
            when: None,
            because: None,
            place: String::new(),
            evidence: Vec::new(),
            why: String::new(),
        }
    }

    fn checks(verdicts: &[Verdict]) -> Vec<CheckResult> {
        verdicts
            .iter()
            .map(|verdict| check(CheckLevel::Expect, *verdict))
            .collect()
    }

    fn case(checks: Vec<CheckResult>, error: bool) -> CaseResult {
        let error = error.then(WorldError::default);
        CaseResult {
            schema: 1,
            scenario: "s".into(),
            scenario_doc: None,
            case: "case".into(),
            axes: Default::default(),
            tags: Vec::new(),
            world: World::Real,
            verdict: case_verdict(&checks, error.as_ref(), false, Verdict::Pass),
            infeasible: None,
            error,
            started: String::new(),
            start_s: 0.0,
            duration_s: 0.0,
            servers: Vec::new(),
            growth_between: None,
            phases: Vec::new(),
            checks,
            ranks: Vec::new(),
            reports: Vec::new(),
            attempts: Vec::new(),
            notes: Vec::new(),
        }
    }

    use Verdict as V;

    #[test]
    fn a_case_is_as_its_worst_expectation() {
        let of = |verdicts: &[V]| case_verdict(&checks(verdicts), None, false, V::Pass);
        assert_eq!(of(&[]), V::Pass);
        assert_eq!(of(&[V::Pass, V::Skipped, V::NotDecided]), V::Pass);
        assert_eq!(of(&[V::Skipped, V::Skipped]), V::Skipped);
        assert_eq!(of(&[V::Pass, V::Inconclusive]), V::Inconclusive);
        assert_eq!(of(&[V::NoData, V::Inconclusive]), V::NoData);
        assert_eq!(of(&[V::NoData, V::Fail, V::Pass]), V::Fail);
        assert_eq!(of(&[V::Fail, V::Interrupted]), V::Interrupted);
        for verdict in [V::Fail, V::NoData, V::Inconclusive] {
            let warned = [check(CheckLevel::Warn, verdict)];
            assert_eq!(case_verdict(&warned, None, false, V::Pass), V::Pass);
        }
        let error = WorldError::default();
        let failed = checks(&[V::Fail]);
        let ended = |interrupted| case_verdict(&failed, Some(&error), interrupted, V::NoData);
        assert_eq!([ended(false), ended(true)], [V::Error, V::Interrupted]);
        // without an answer nothing passes by itself, and what is checked decides as ever
        let silent = |verdicts: &[V]| case_verdict(&checks(verdicts), None, false, V::NoData);
        assert_eq!(silent(&[]), V::NoData);
        assert_eq!(silent(&[V::Pass]), V::Pass);
        assert_eq!(silent(&[V::Skipped]), V::Skipped);
    }

    #[test]
    fn exit_codes_are_the_first_of_the_documented_order() {
        let code = |cases: &[CaseResult]| exit_code(cases.iter(), false);
        let of = |verdict| case(checks(&[verdict]), false);
        assert_eq!(code(&[]), 0);
        assert_eq!(code(&[of(V::Pass), of(V::Skipped)]), 0);
        assert_eq!(code(&[of(V::Pass), of(V::Inconclusive)]), 5);
        assert_eq!(code(&[of(V::Inconclusive), of(V::NoData)]), 3);
        assert_eq!(code(&[case(Vec::new(), true)]), 3);
        assert_eq!(code(&[of(V::NoData), of(V::Fail)]), 1);
        // a check that failed before the server died is told first
        assert_eq!(code(&[case(checks(&[V::Fail]), true)]), 1);
        assert_eq!(code(&[of(V::Fail), of(V::Interrupted)]), 130);
        assert_eq!(exit_code([of(V::Fail)].iter(), true), 130);
        let warned = case(vec![check(CheckLevel::Warn, V::Fail)], false);
        assert_eq!(code(&[warned]), 0);
    }
}
