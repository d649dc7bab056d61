//! JUnit XML as GitHub, GitLab and Jenkins show it best: a suite per scenario, a test per check.

use super::error::ReportError;
use super::failed;
use super::figures::precise;
use super::model::{CaseResult, CheckResult, LEFT_OUT, RunResult, UNANSWERED, Verdict, WorldError};
use super::rank::{Group, Ranking, rankings};
use super::text::{one_line, plain};
use crate::scenario;
use crate::syntax::ast::CheckLevel;
use indexmap::IndexMap;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite, XmlString};
use std::time::Duration;

/// The cases as JUnit XML. A check is the test `<case> / <check>`; what the world did to a case,
/// or a case without checks, is the test `<case>`. The case's duration is on its first test, so
/// that sums are right; so are the ways in which its requests failed, which tests that read a
/// phase of theirs have too. The best case of each rank is a property of its suite.
pub(super) fn junit(run: &RunResult, cases: &[&CaseResult]) -> Result<Vec<u8>, ReportError> {
    let mut scenarios: IndexMap<&str, Vec<&CaseResult>> = IndexMap::new();
    let all: Vec<CaseResult> = cases.iter().map(|case| (*case).clone()).collect();
    let all = rankings(&all);
    for case in cases {
        scenarios.entry(&case.scenario).or_default().push(case);
    }
    let mut report = Report::new(clean(&format!("scn {}", run.id)));
    let mut whole = Duration::ZERO;
    for (scenario, cases) in scenarios {
        let mut suite = TestSuite::new(clean(scenario));
        let mut time = Duration::ZERO;
        if let Some(first) = cases.first() {
            suite
                .extra
                .insert("timestamp".into(), clean(&first.started));
        }
        for case in cases {
            time += seconds(case.duration_s);
            suite.add_test_cases(tests(case));
        }
        let its = all.iter().filter(|ranking| ranking.scenario == scenario);
        for (name, best) in its.flat_map(firsts) {
            suite.add_property((clean(&name), clean(&best)));
        }
        suite.set_time(time);
        whole += time;
        report.add_test_suite(suite);
    }
    report.set_time(whole);
    let text = report.to_string().map_err(|e| ReportError::Data {
        what: "the results as JUnit XML".into(),
        why: e.to_string(),
    })?;
    Ok(text.into_bytes())
}

/// `rank best, concurrency=16` and the best case of that group, as properties of its suite.
fn firsts(ranking: &Ranking) -> Vec<(String, String)> {
    let name = |group: &Group| match group.within.as_str() {
        "" => format!("rank {}", ranking.name),
        within => format!("rank {}, {within}", ranking.name),
    };
    let groups = ranking.groups.iter();
    let all = groups.map(|group| (one_line(&name(group)), group.best()));
    all.collect()
}

fn tests(case: &CaseResult) -> Vec<TestCase> {
    let mut tests = Vec::new();
    let of_case = match case.verdict {
        Verdict::Error => Some(broken(case.error.as_ref())),
        Verdict::Interrupted => Some(interrupted(case.error.as_ref())),
        _ if case.unanswered() => Some(unanswered()),
        _ if case.left_out() => Some(left_out(LEFT_OUT)),
        _ if case.infeasible.is_some() => case.infeasible.as_deref().map(not_feasible),
        _ if case.checks.is_empty() => Some(TestCaseStatus::success()),
        _ => None,
    };
    if let Some(status) = of_case {
        let mut test = test(&case.case, case, status);
        if let Some(log) = case.error.as_ref().and_then(|e| e.log_tail.as_ref()) {
            test.set_system_err(XmlString::new(plain(log)));
        }
        tests.push(test);
    }
    for check in &case.checks {
        let name = format!("{} / {}", case.case, check.name);
        let mut test = test(&name, case, status(check, case));
        let mut place = check.place.rsplitn(3, ':');
        if let (Some(_), Some(line), Some(file)) = (place.next(), place.next(), place.next()) {
            test.extra.insert("file".into(), clean(file));
            test.extra.insert("line".into(), clean(line));
        }
        if check.level == CheckLevel::Warn && check.verdict != Verdict::Pass {
            test.set_system_out(XmlString::new(format!(
                "warning ({}): {}\n{}",
                check.verdict.name(),
                one_line(&check.why),
                evidence(check)
            )));
        }
        tests.push(test);
    }
    for test in &mut tests {
        test.set_time(Duration::ZERO);
    }
    if let Some(first) = tests.first_mut() {
        first.set_time(seconds(case.duration_s));
        let failed = failed::lines(case);
        if !failed.is_empty() {
            let before = first
                .system_out
                .as_ref()
                .map(|out| format!("{}\n", out.as_str()));
            let text = before.unwrap_or_default() + &failed.join("\n");
            first.set_system_out(XmlString::new(text));
        }
    }
    tests
}

fn test(name: &str, case: &CaseResult, status: TestCaseStatus) -> TestCase {
    let mut test = TestCase::new(clean(name), status);
    test.set_classname(clean(&case.scenario));
    test
}

/// A warning never fails a test, and passes none where it was not decided; what keeps an `expect`
/// from being decided is an error of the world, unless it was meant to be left out.
fn status(check: &CheckResult, case: &CaseResult) -> TestCaseStatus {
    let warn = check.level == CheckLevel::Warn;
    let kind = match check.verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail if warn => return TestCaseStatus::success(),
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::NoData | Verdict::Inconclusive | Verdict::Error if !warn => NonSuccessKind::Error,
        verdict => {
            let mut status = TestCaseStatus::skipped();
            let why = format!("{}: {}", verdict.name(), one_line(&check.why));
            status.set_message(clean(&why));
            return status;
        }
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(clean(check.verdict.name()));
    status.set_message(clean(&one_line(&check.why)));
    status.set_description(XmlString::new(format!(
        "{}\n{}",
        one_line(&check.why),
        [vec![evidence(check)], of_its_phases(check, case)]
            .concat()
            .join("\n")
    )));
    status
}

/// What failed in the phases that a check reads.
fn of_its_phases(check: &CheckResult, case: &CaseResult) -> Vec<String> {
    let reads = |name: &str| {
        let mut read = check
            .evidence
            .iter()
            .filter_map(|part| part.phase.as_deref());
        read.any(|phase| one_line(phase) == name)
    };
    let failed = failed::failed(case).into_iter();
    failed
        .filter(|failed| reads(&failed.phase))
        .map(|failed| failed.line())
        .collect()
}

/// The check and every measured part of it, a line each.
fn evidence(check: &CheckResult) -> String {
    let mut lines = vec![format!("check: {}", one_line(&check.text))];
    let mut add = |name: &str, text: &Option<String>| {
        if let Some(text) = text {
            lines.push(format!("{name}: {}", one_line(text)));
        }
    };
    add("when", &check.when);
    add("because", &check.because);
    for part in &check.evidence {
        let value = match &part.value.unavailable {
            Some(reason) => format!("unavailable: {}", one_line(reason)),
            None => one_line(&precise(&part.value)),
        };
        lines.push(format!("{} = {value}", one_line(&part.text)));
    }
    lines.push(format!("at {}", one_line(&check.place)));
    lines.join("\n")
}

fn broken(error: Option<&WorldError>) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    let Some(error) = error else {
        status.set_message("the case ended with an error");
        return status;
    };
    status.set_type(clean(&error.kind));
    status.set_message(clean(&one_line(&error.message)));
    let mut text = plain(&error.message);
    if let Some(phase) = &error.phase {
        text.push_str(&format!("\nin phase {}", one_line(phase)));
    }
    if let Some(help) = &error.help {
        text.push_str(&format!("\nhelp: {}", plain(help)));
    }
    status.set_description(XmlString::new(text));
    status
}

fn unanswered() -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(clean(Verdict::NoData.name()));
    status.set_message(UNANSWERED);
    status
}

fn left_out(why: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(clean(why));
    status
}

fn not_feasible(why: &str) -> TestCaseStatus {
    left_out(&scenario::not_feasible(why))
}

/// A case that the user stopped; with an error, that says what cut it.
fn interrupted(error: Option<&WorldError>) -> TestCaseStatus {
    if let Some(error) = error {
        return broken(Some(error));
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type(Verdict::Interrupted.name());
    status.set_message("interrupted by the user before it was decided");
    status
}

/// For attributes: one line, nothing that XML forbids.
fn clean(text: &str) -> XmlString {
    XmlString::new(one_line(text))
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or_default()
}
