//! Judging real cases, compiled from scenario texts, over hand-made requests and series.

use scn::eval::Params;
use scn::judge::{Judged, judge};
use scn::load::record::{Failure, FailureClass, Outcome, Record, TokenSource};
use scn::measure::case::{CaseData, PhaseData, Round};
use scn::probe::series::SeriesSet;
use scn::report::model::{CheckResult, Verdict};
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
fn a_comparison_says_both_sides() {
    let check = one("expect quick: stress.ttft.max <= 700ms because \"users wait\"");
    says(
        &check,
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 700 ms",
    );
    assert_eq!(check.name, "quick");
    assert_eq!(check.because.as_deref(), Some("users wait"));
    assert!(check.place.contains("test.scn:"), "{}", check.place);
    let [evidence] = check.evidence.as_slice() else {
        panic!("{check:#?}")
    };
    assert_eq!(evidence.text, "stress.ttft.max");
    assert_eq!(evidence.phase.as_deref(), Some("stress"));
    assert_eq!(evidence.value.text, "800 ms");
    assert_eq!(evidence.value.samples, Some(8));

    says(
        &one("expect stress.ttft.p50 < 1s"),
        Verdict::Pass,
        "stress.ttft.p50 = 450 ms, must be less than 1 s",
    );
    says(
        &one("expect 1s >= stress.ttft.p50"),
        Verdict::Pass,
        "stress.ttft.p50 = 450 ms, must be at most 1 s",
    );
    says(
        &one("expect 1s < stress.ttft.p50"),
        Verdict::Fail,
        "stress.ttft.p50 = 450 ms, must be more than 1 s",
    );
    says(
        &one("expect stress.requests == 9 req"),
        Verdict::Fail,
        "stress.requests = 8 req, expected 9 req",
    );
    says(
        &one("expect stress.ttft.max <= 2 * stress.ttft.min"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 2 * stress.ttft.min = 200 ms",
    );
}

#[test]
fn shares_are_in_per_cent_and_differences_are_shown() {
    let check = one("expect stress.success_rate >= 99%");
    says(
        &check,
        Verdict::Pass,
        "stress.success_rate = 100 %, must be at least 99 %",
    );
    assert_eq!(check.evidence[0].value.text, "100 %");
    // three digits would show 800 ms for both
    says(
        &one("expect stress.ttft.max <= 799.98ms"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 799.98 ms",
    );
    let close = one_with("expect stress.success_rate >= 99.9999%", |data| {
        let failure = Failure {
            class: FailureClass::Timeout,
            detail: "late".into(),
        };
        let mut all = vec![stress(data).records[0].clone(); 99_999];
        all.push(Record {
            outcome: Outcome::Failed(failure),
            ..Record::default()
        });
        stress(data).records = all;
    });
    says(
        &close,
        Verdict::Fail,
        "stress.success_rate = 99.999 %, must be at least 99.9999 %",
    );
}

#[test]
fn of_several_parts_those_that_decide_are_named() {
    let both = "stress.success_rate >= 99% and stress.ttft.max <= 700ms";
    says(
        &one(&format!("expect {both}")),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 700 ms",
    );
    says(
        &one("expect stress.success_rate >= 99% and stress.ttft.max <= 1s"),
        Verdict::Pass,
        "stress.success_rate = 100 %, must be at least 99 %; stress.ttft.max = 800 ms, must be at most 1 s",
    );
    says(
        &one("expect stress.ttft.max <= 1ms or stress.ttft.max <= 2ms"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 1 ms; stress.ttft.max = 800 ms, must be at most 2 ms",
    );
    says(
        &one("expect stress.ttft.max <= 1ms or stress.ttft.max <= 2s"),
        Verdict::Pass,
        "stress.ttft.max = 800 ms, must be at most 2 s",
    );
    says(
        &one("expect not (stress.ttft.max <= 2s)"),
        Verdict::Fail,
        "`not (stress.ttft.max <= 2s)` does not hold: stress.ttft.max = 800 ms, must be more than 2 s",
    );
    says(
        &one("expect if stress.requests > 3 req then stress.ttft.max <= 1ms else true"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 1 ms",
    );
}

#[test]
fn growth_and_lets_are_judged_with_their_phases() {
    let check = one(
        "let grown = growth(sut.memory, from = baseline, to = cooldown)\n  expect grown <= 20MB",
    );
    says(
        &check,
        Verdict::Fail,
        "grown = 30 MB, must be at most 20 MB",
    );
    assert_eq!(
        check.evidence[0].text,
        "growth(sut.memory, from = baseline, to = cooldown)"
    );
    assert_eq!(
        check.evidence[0].phase.as_deref(),
        Some("baseline to cooldown")
    );
    says(
        &one("expect peak(sut.memory, during = stress) < 1GB"),
        Verdict::Pass,
        "peak(sut.memory, during = stress) = 180 MB, must be less than 1 GB",
    );
    says(
        &one("expect sut.running.max <= 4 req"),
        Verdict::Pass,
        "sut.running.max = 4 req, must be at most 4 req",
    );
}

#[test]
fn a_computed_side_is_evidence_too() {
    let check = one("expect stress.failed / stress.requests <= 1%");
    says(
        &check,
        Verdict::Pass,
        "stress.failed / stress.requests = 0 %, must be at most 1 %",
    );
    let texts: Vec<&str> = check.evidence.iter().map(|e| e.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "stress.failed",
            "stress.requests",
            "stress.failed / stress.requests"
        ]
    );
    assert_eq!(check.evidence[2].value.value, Some(0.0));
}

#[test]
fn evidence_holds_what_and_and_or_need_not_read() {
    let parts = |check: &CheckResult| -> Vec<(String, bool)> {
        let parts = check.evidence.iter();
        parts
            .map(|part| (part.text.clone(), part.value.unavailable.is_none()))
            .collect()
    };
    let part = |text: &str, known| (text.to_string(), known);
    let both = [part("stress.ttft.p50", true), part("stress.failed", true)];
    let check = one("expect c: stress.ttft.p50 <= 1ms and stress.failed == 0");
    assert_eq!(check.verdict, Verdict::Fail);
    assert_eq!(parts(&check), both);
    let check = one("let fine = stress.ttft.p50 >= 1ms or stress.failed == 1\n expect c: fine");
    assert_eq!(check.verdict, Verdict::Pass);
    assert_eq!(parts(&check), both);
    // what was not measured, or cannot be computed, changes nothing where the other side decides
    let check = one(
        "expect c: not (stress.ttft.p50 <= 1ms and sut.gpu_memory.max / stress.failed <= 1 GB/req)",
    );
    assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    assert_eq!(
        parts(&check),
        [
            part("stress.ttft.p50", true),
            part("sut.gpu_memory.max", false),
            part("stress.failed", true)
        ]
    );
    let check = one("expect c: stress.failed == 1 and stress.requests / stress.failed > 2");
    assert_eq!(check.verdict, Verdict::Fail, "{check:?}");
    // and as ever none passes where nobody decides
    let check = one("expect c: stress.failed == 0 and sut.gpu_memory.max <= 1GB");
    assert_eq!(check.verdict, Verdict::NoData);
}

#[test]
fn a_percentile_of_too_few_requests_is_inconclusive() {
    let check = one("expect stress.ttft.p99 <= 10s");
    says(
        &check,
        Verdict::Inconclusive,
        "stress.ttft.p99 = 793 ms, must be at most 10 s, but p99 needs at least 100 requests, there were 8",
    );
    assert_eq!(check.evidence[0].value.samples, Some(8));
    let exact = one("expect percentile(stress.ttft, 99.9%) <= 10s");
    assert!(
        exact
            .why
            .ends_with("p99.9 needs at least 1000 requests, there were 8"),
        "{}",
        exact.why
    );
    let gaps = one("expect stress.itl.p95 <= 10s");
    assert!(
        gaps.why
            .ends_with("p95 needs at least 20 gaps, there were 8"),
        "{}",
        gaps.why
    );
    // the median of eight is fine
    assert_eq!(one("expect stress.ttft.p50 <= 10s").verdict, Verdict::Pass);
    let (program, cases) = scenario("expect stress.ttft.p99 <= 20s");
    let enough = judge(&cases[0], &data(&cases[0], 100), &program, &Params::new());
    assert_eq!(enough.checks[0].verdict, Verdict::Pass);
}

#[test]
fn a_percentile_of_too_few_requests_fails_where_all_of_them_are_over_the_limit() {
    // the least of the eight is what a p99 is not below, while it may be above all of them
    let least = measured("expect stress.ttft.min <= 1s");
    let over = one("expect stress.ttft.p99 <= 1ms");
    says(
        &over,
        Verdict::Fail,
        &format!(
            "stress.ttft.p99 = 793 ms, must be at most 1 ms; p99 needs at least 100 requests, \
             there were 8, and all are at least {least}"
        ),
    );
    for (check, verdict) in [
        ("expect stress.ttft.p99 > 1ms", Verdict::Pass),
        ("expect 2 * stress.ttft.p99 <= 2ms", Verdict::Fail),
        ("expect not (stress.ttft.p99 > 1ms)", Verdict::Fail),
        ("expect max(stress.ttft.p99, 2ms) <= 1ms", Verdict::Fail),
        // what is rare may not have been seen
        ("expect stress.ttft.p99 <= 100s", Verdict::Inconclusive),
        (
            "expect stress.ttft.p99 / stress.ttft.p95 <= 1",
            Verdict::Inconclusive,
        ),
        (
            "expect stress.ttft.p99 - stress.ttft.p95 <= 1ms",
            Verdict::Inconclusive,
        ),
        // below the median it is the other way round
        ("expect percentile(stress.ttft, 1%) >= 100s", Verdict::Fail),
        (
            "expect percentile(stress.ttft, 1%) <= 1ms",
            Verdict::Inconclusive,
        ),
    ] {
        assert_eq!(one(check).verdict, verdict, "{check}");
    }
    // the mark of too few values says it in tables, not bounds
    let figure = &over.evidence[0].value;
    assert!(figure.too_few() && figure.between.is_none(), "{figure:?}");
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

/// The first figure that a check rests on, in words.
fn measured(check: &str) -> String {
    one(check).evidence[0].value.text.clone()
}

#[test]
fn what_decides_without_the_doubtful_part_stands() {
    let fails = one("expect stress.ttft.p99 <= 10s and stress.requests > 40req");
    says(
        &fails,
        Verdict::Fail,
        "stress.requests = 8 req, must be more than 40 req",
    );
    let passes = one("expect stress.ttft.p99 <= 1ms or stress.success_rate >= 99%");
    says(
        &passes,
        Verdict::Pass,
        "stress.success_rate = 100 %, must be at least 99 %",
    );
    let open = one("expect stress.ttft.p99 <= 10s and stress.success_rate >= 99%");
    assert_eq!(open.verdict, Verdict::Inconclusive);
}

#[test]
fn what_was_not_measured_never_passes() {
    let gpu = one("expect sut.gpu_memory.max <= 80GB");
    says(
        &gpu,
        Verdict::NoData,
        "sut.gpu_memory.max: no NVML library was found",
    );
    assert_eq!(gpu.evidence[0].value.value, None);
    assert_eq!(
        gpu.evidence[0].value.unavailable.as_deref(),
        Some("no NVML library was found")
    );
    let role = one("expect sut.roles.worker.memory.max <= 80GB");
    says(
        &role,
        Verdict::NoData,
        "sut.roles.worker.memory.max: `sut.roles.worker.memory` was not sampled",
    );
    let nobody = one_with("expect stress.ttft.max <= 80s", |data| {
        for record in &mut stress(data).records {
            let class = FailureClass::Connect;
            record.outcome = Outcome::Failed(Failure {
                class,
                detail: "refused".into(),
            });
        }
    });
    says(
        &nobody,
        Verdict::NoData,
        "stress.ttft.max: no request of `stress` was answered",
    );
    let once = one("expect growth(sut.memory, during = stress) <= 1MB");
    assert_eq!(once.verdict, Verdict::NoData);
    assert!(once.why.contains("`repeat` of 2 or more"), "{}", once.why);
    assert_eq!(
        one_with("expect stress.ttft.max <= 80s", |data| data.phases.clear()).verdict,
        Verdict::NoData
    );
    assert_eq!(
        one_with("expect sut.memory.max <= 80GB", |data| data.servers.clear()).verdict,
        Verdict::NoData
    );
}

#[test]
fn what_cannot_be_computed_has_no_data_and_says_why() {
    let check = one("expect stress.requests / stress.failed >= 10");
    says(
        &check,
        Verdict::NoData,
        "it could not be evaluated: this divides by zero",
    );
    assert_eq!(check.evidence.len(), 3);
    let when = one("expect stress.success_rate >= 1% when stress.requests / stress.failed >= 10");
    assert_eq!(when.verdict, Verdict::NoData);
}

#[test]
fn conditions_leave_checks_out() {
    let check = one("expect stress.ttft.max <= 1ms when stress.requests > 100 req");
    says(
        &check,
        Verdict::Skipped,
        "`stress.requests > 100 req` does not hold",
    );
    assert_eq!(check.when.as_deref(), Some("stress.requests > 100 req"));
    assert_eq!(check.evidence[0].value.text, "8 req");
    let unknown = one("expect stress.ttft.max <= 1ms when sut.gpu_memory.max > 1GB");
    assert_eq!(unknown.verdict, Verdict::NoData);
    assert!(unknown.why.contains("no NVML library"), "{}", unknown.why);
    assert_eq!(
        one("expect stress.ttft.max <= 1s when stress.requests > 3 req").verdict,
        Verdict::Pass
    );
}

#[test]
fn a_phase_that_was_left_out_skips_its_checks() {
    let left_out = |data: &mut CaseData| {
        data.phases[1] = PhaseData {
            name: "stress".into(),
            skipped: Some("`false` does not hold".into()),
            ..PhaseData::default()
        };
    };
    let check = one_with("expect stress.ttft.max <= 1ms", left_out);
    says(
        &check,
        Verdict::Skipped,
        "`stress` was left out: `false` does not hold",
    );
    // what needs no such phase is judged
    assert_eq!(
        one_with("expect sut.memory.max <= 1GB", left_out).verdict,
        Verdict::Pass
    );
    assert_eq!(
        one_with(
            "expect sut.memory.max <= 1GB or stress.ttft.max <= 1s",
            left_out
        )
        .verdict,
        Verdict::Pass
    );
}

#[test]
fn no_verdict_rests_on_a_phase_that_was_cut_short() {
    let died = |data: &mut CaseData| stress(data).not_run = Some("the server died".into());
    let check = one_with("expect stress.ttft.max <= 1s", died);
    says(
        &check,
        Verdict::NoData,
        "`stress` did not wholly run: the server died",
    );
    assert_eq!(check.evidence[0].value.text, "800 ms");
    let baseline = "expect growth(sut.memory, from = baseline, to = baseline) <= 1MB";
    assert_eq!(one_with(baseline, died).verdict, Verdict::Pass);
    assert_eq!(
        one_with("expect sut.memory.max <= 1GB", died).verdict,
        Verdict::NoData
    );

    let stopped = |data: &mut CaseData| {
        stress(data).not_run = Some("the run was interrupted".into());
        stress(data).interrupted = true;
        data.phases[2] = PhaseData {
            name: "cooldown".into(),
            not_run: Some("the run was interrupted".into()),
            interrupted: true,
            ..PhaseData::default()
        };
    };
    assert_eq!(
        one_with("expect stress.ttft.max <= 1s", stopped).verdict,
        Verdict::Interrupted
    );
    let growth = "expect growth(sut.memory, from = baseline, to = cooldown) <= 1MB";
    let check = one_with(growth, stopped);
    says(
        &check,
        Verdict::Interrupted,
        "`cooldown` did not run: the run was interrupted",
    );
    assert_eq!(one_with(baseline, stopped).verdict, Verdict::Pass);
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

/// Memory that swings by 40 MB, half a second each, at the end of the baseline and the cooldown;
/// 13 MB more are held there in the end. PSS is read at some moment of it.
fn swinging(data: &mut CaseData, held: f64) {
    let set = data.servers.get_mut("sut").unwrap();
    set.series.shift_remove("memory");
    for (at, start, least) in [(0, 1.0, 100.0), (2, 50.0, 100.0 + held)] {
        let phase = &mut data.phases[at];
        phase.rounds[0].watched = Some(start);
        phase.rounds[0].quiet = Some((start + 2.0, start + 4.0));
        (phase.end, phase.rounds[0].end) = (start + 4.0, start + 4.0);
        for n in 0..=20 {
            let swing = if n / 3 % 2 == 0 { 40.0 } else { 0.0 };
            let t = start + 0.2 * f64::from(n);
            set.push("memory", Dimension::DATA, t, (least + swing) * 1e6);
        }
    }
    set.push("pss", Dimension::DATA, 5.5, 130e6);
    set.push("pss", Dimension::DATA, 54.5, 100e6);
}

#[test]
fn a_growth_of_what_did_not_settle_decides_only_where_all_of_it_agrees() {
    let grown = "growth(sut.memory, from = baseline, to = cooldown)";
    let of = |check: &str, held| one_with(check, |data| swinging(data, held));
    let open = of(&format!("expect {grown} <= 5MB"), 13.0);
    says(
        &open,
        Verdict::Inconclusive,
        &format!(
            "{grown} = 13 MB, must be at most 5 MB, but {grown} is between -27 MB and 53 MB: `memory` did not settle at the end of \
             `baseline`, it was 100 MB to 140 MB; `memory` did not settle at the end of \
             `cooldown`, it was 113 MB to 153 MB"
        ),
    );
    let value = &open.evidence[0].value;
    assert_eq!(value.text, "13 MB (between -27 MB and 53 MB)");
    let bounds = value.between.as_ref().unwrap();
    assert_eq!((bounds.least, bounds.most), (-27e6, 53e6));
    let verdict = |check: &str, held| of(check, held).verdict;
    // whatever it may be, it is too much, or little enough
    assert_eq!(
        verdict(&format!("expect {grown} <= 5MB"), 100.0),
        Verdict::Fail
    );
    assert_eq!(
        verdict(&format!("expect {grown} <= 60MB"), 13.0),
        Verdict::Pass
    );
    for check in [
        format!("expect abs({grown}) <= 5MB"),
        format!("expect {grown} / 20 req <= 1MB/req"),
        format!("expect {grown} >= -1MB and {grown} <= 1MB"),
        // one value that was read at a moment of its own
        "expect growth(sut.pss, from = baseline, to = cooldown) <= 5MB".into(),
    ] {
        assert_eq!(verdict(&check, 0.0), Verdict::Inconclusive, "{check}");
    }
    assert_eq!(
        verdict(&format!("expect max({grown}, 70MB) >= 60MB"), 0.0),
        Verdict::Pass
    );
}

#[test]
fn figures_in_lists_are_judged_as_by_themselves() {
    for check in [
        "expect few: stress.failed in [0, 1]",
        "expect some: stress.requests not in [0 req, 1]",
        "expect even: mod(stress.requests, 2) == 0",
        "expect quick: len([t for t in [stress.ttft.p50, stress.e2e.p50] if t > 1h]) == 0",
    ] {
        assert_eq!(one(check).verdict, Verdict::Pass, "{check}");
    }
    let check = one("expect few: stress.failed not in [0, 1]");
    assert_eq!(check.verdict, Verdict::Fail);
}
