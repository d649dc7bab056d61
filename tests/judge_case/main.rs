//! Judging real cases, compiled from scenario texts, over hand-made requests and series.

mod doubt;
mod evidence;
mod lacking;

use scn::eval::Params;
use scn::judge::{Judged, judge};
use scn::load::record::{Failure, FailureClass, Outcome, Record, TokenSource};
use scn::measure::case::{CaseData, PhaseData, Round};
use scn::probe::series::SeriesSet;
use scn::report::model::{CheckResult, Verdict, World};
use scn::resolve::Program;
use scn::scenario::{Case, compile, names_of};
use scn::units::Dimension;

const ENGINE: &str = r#"
engine plain {
  api chat { protocol = "openai_chat", path = "/v1/chat/completions" }
  metric running { type = "gauge", unit = "req", series = "running" }
  role worker { title = "worker" }
}
workload hello { prompt = "Say hello.", output = 16 }
"#;

/// A scenario of three phases, with what is given in it.
fn scenario(body: &str) -> (Program, Vec<Case>) {
    let text = format!(
        r#"{ENGINE}
scenario test {{
  server sut {{ engine = plain, url = "http://127.0.0.1:1" }}
  phase baseline {{ idle = 1s, quiesce = true }}
  phase stress {{ workload = hello, requests = 20, repeat = 2, quiesce = true }}
  phase cooldown {{ idle = 1s, quiesce = true }}
  {body}
}}
"#
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("test.scn");
    std::fs::write(&file, text).unwrap();
    let (program, found) = scn::resolve::load(&[file]);
    let errors = |found: &[scn::diagnostics::Diagnostic]| {
        let errors = found
            .iter()
            .filter(|d| d.severity == scn::diagnostics::Severity::Error);
        errors.map(|d| d.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(errors(&found), Vec::<String>::new());
    let compiled = compile(&program, &Params::new(), &|_| true);
    assert_eq!(errors(&compiled.found), Vec::<String>::new());
    (program, compiled.cases)
}

/// `count` answered requests, one a second, with a TTFT of 100 ms, 200 ms, …
fn records(count: u64) -> Vec<Record> {
    let one = |index: u64| {
        let due = 10.0 + index as f64;
        let ttft = 0.1 * (index + 1) as f64;
        let chunks = vec![due + ttft, due + ttft + 0.02];
        Record {
            index,
            due,
            sent: Some(due),
            first_token: Some(due + ttft),
            first_answer: Some(due + ttft),
            last_token: Some(due + ttft + 0.02),
            end: due + ttft + 0.03,
            chunks,
            prompt_tokens: Some(10),
            completion_tokens: Some(2),
            token_source: TokenSource::Usage,
            ..Record::default()
        }
    };
    (0..count).map(one).collect()
}

fn phase(name: &str, start: f64, end: f64, quiet: (f64, f64)) -> PhaseData {
    PhaseData {
        name: name.into(),
        measured: true,
        start,
        end,
        rounds: vec![Round {
            start,
            end,
            quiet: Some(quiet),
            ..Round::default()
        }],
        ..PhaseData::default()
    }
}

/// Everything ran; memory rose by 30 MB from baseline to cooldown; NVML is missing.
fn data(case: &Case, requests: u64) -> CaseData {
    let mut stress = phase("stress", 10.0, 40.0, (38.0, 40.0));
    stress.records = records(requests);
    let mut set = SeriesSet::default();
    for (t, megabytes) in [(1.0, 100.0), (20.0, 180.0), (39.0, 150.0), (51.0, 130.0)] {
        set.push("memory", Dimension::DATA, t, megabytes * 1e6);
    }
    set.push("running", Dimension::REQUESTS, 20.0, 4.0);
    set.unavailable("gpu_memory", "no NVML library was found");
    CaseData {
        names: names_of(case),
        phases: vec![
            phase("baseline", 0.0, 2.0, (1.0, 2.0)),
            stress,
            phase("cooldown", 50.0, 52.0, (50.0, 52.0)),
        ],
        servers: [("sut".to_string(), set)].into_iter().collect(),
        infeasible: None,
        world: World::Real,
    }
}

fn judged_with(body: &str, change: impl FnOnce(&mut CaseData)) -> Judged {
    let (program, cases) = scenario(body);
    let mut data = data(&cases[0], 8);
    change(&mut data);
    judge(&cases[0], &data, &program, &Params::new())
}

fn one_with(check: &str, change: impl FnOnce(&mut CaseData)) -> CheckResult {
    let mut judged = judged_with(check, change);
    assert_eq!(judged.checks.len(), 1);
    judged.checks.remove(0)
}

fn one(check: &str) -> CheckResult {
    one_with(check, |_| ())
}

#[track_caller]
fn says(check: &CheckResult, verdict: Verdict, why: &str) {
    assert_eq!(
        (check.verdict, check.why.as_str()),
        (verdict, why),
        "{check:#?}"
    );
}

fn stress(data: &mut CaseData) -> &mut PhaseData {
    &mut data.phases[1]
}

#[test]
fn a_comparison_of_two_figures_says_how_they_should_be() {
    let check = one("expect stress.ttft.p50 >= stress.e2e.p50");
    assert!(
        check.why.contains(", must be at least stress.e2e.p50 = "),
        "{}",
        check.why
    );
}

#[test]
fn report_columns_become_figures() {
    let judged = judged_with(
        r#"
  report numbers {
    columns = {
      case = case.name, ttft = stress.ttft.p99, ok = stress.success_rate, gpu = sut.gpu_memory.max,
      twice = 2 * stress.ttft.max, bad = stress.requests / stress.failed, verdict = stress.ttft.max <= 1s
    }
    to = "results.csv"
  }"#,
        |_| (),
    );
    let [report] = judged.reports.as_slice() else {
        panic!("{judged:#?}")
    };
    assert_eq!(
        (report.name.as_str(), report.to.as_slice()),
        ("numbers", &["results.csv".to_string()][..])
    );
    let column = |header: &str| &report.columns.iter().find(|(h, _)| h == header).unwrap().1;
    assert_eq!(column("case").text, "case");
    assert_eq!(
        (column("ttft").text.as_str(), column("ttft").samples),
        ("793 ms", Some(8))
    );
    assert_eq!(column("ok").text, "100 %");
    assert_eq!(
        column("gpu").unavailable.as_deref(),
        Some("no NVML library was found")
    );
    assert_eq!(column("twice").text, "1.6 s");
    assert_eq!(
        column("bad").unavailable.as_deref(),
        Some("this divides by zero")
    );
    assert_eq!(column("verdict").text, "true");
    assert_eq!(
        judged.notes,
        ["report `numbers`, column `bad`: this divides by zero"]
    );
}

#[test]
fn axes_of_the_matrix_are_seen_by_checks() {
    let (program, cases) = scenario(
        "matrix { limit = [700ms, 900ms] }\n  expect stress.ttft.max <= limit\n  warn stress.ttft.min >= 1s when limit > 800ms",
    );
    let verdicts: Vec<Vec<Verdict>> = (cases.iter())
        .map(|case| {
            let judged = judge(case, &data(case, 8), &program, &Params::new());
            judged.checks.iter().map(|check| check.verdict).collect()
        })
        .collect();
    assert_eq!(
        verdicts,
        [
            [Verdict::Fail, Verdict::Skipped],
            [Verdict::Pass, Verdict::Fail]
        ]
    );
}
