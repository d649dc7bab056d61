//! Reports of results made by hand, as they look.

mod report_fixtures;

use report_fixtures::*;
use scn::report::model::*;
use scn::report::terminal::{Style, outcome};
use scn::report::write_folder;
use std::collections::BTreeMap;

/// All reports of these cases, by name.
fn reports(cases: &[CaseResult]) -> BTreeMap<String, String> {
    let place = tempfile::tempdir().unwrap();
    let folder = folder(&place.path().join("run"), cases);
    let written = write_folder(&folder, None).unwrap_or_else(|e| panic!("{e}"));
    let read = |path: std::path::PathBuf| {
        let name = path
            .strip_prefix(folder.path())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        (name, std::fs::read_to_string(&path).unwrap())
    };
    written.into_iter().map(read).collect()
}

fn all_pass() -> Vec<CaseResult> {
    vec![case(
        "tp=2,concurrency=16",
        vec![check("quick", Verdict::Pass), check("right", Verdict::Pass)],
    )]
}

fn with_failures() -> Vec<CaseResult> {
    let skipped = CheckResult {
        why: "its `when` does not hold: concurrency == 1".into(),
        ..check("alone", Verdict::Skipped)
    };
    let unknown = CheckResult {
        evidence: vec![],
        why: "stress.tpot.p50 is unavailable: the server sent no `usage`".into(),
        ..check("even", Verdict::NoData)
    };
    vec![
        case(
            "tp=2,concurrency=16",
            vec![
                check("right", Verdict::Pass),
                failing(),
                warning(),
                skipped,
                unknown,
            ],
        ),
        case("tp=2,concurrency=1", vec![check("quick", Verdict::Pass)]),
    ]
}

#[test]
fn a_run_in_which_all_passes() {
    let pages = reports(&all_pass());
    insta::assert_snapshot!("pass_summary", pages["reports/summary.md"]);
    insta::assert_snapshot!("pass_junit", pages["junit.xml"]);
}

#[test]
fn the_gpus_that_were_counted_are_named() {
    let memory = Figure::quantity(scn::units::Quantity::bytes(150e9));
    let gpu = |index, server_processes| ServerGpu {
        index,
        uuid: "GPU-0a1b".into(),
        name: "NVIDIA H200".into(),
        memory: memory.clone(),
        server_processes,
        other_processes: Vec::new(),
    };
    let mut cases = all_pass();
    cases[0].servers[0].gpus = Some(ServerGpus {
        why: "named by CUDA_VISIBLE_DEVICES".into(),
        counted: vec![gpu(Some(1), Some(2)), gpu(None, None)],
    });
    let page = &reports(&cases)["reports/summary.md"];
    let line = page.lines().find(|line| line.starts_with("GPUs of"));
    insta::assert_snapshot!(line.unwrap_or(page));
}

#[test]
fn a_run_with_failures() {
    let pages = reports(&with_failures());
    insta::assert_snapshot!("fail_summary", pages["reports/summary.md"]);
    insta::assert_snapshot!("fail_csv", pages["reports/csv/results.csv"]);
    insta::assert_snapshot!("fail_table", pages["reports/table.md"]);
    insta::assert_snapshot!("fail_junit", pages["junit.xml"]);
}

#[test]
fn a_case_that_errored_before_any_phase() {
    let cases = [broken("tp=2"), all_pass().remove(0)];
    let pages = reports(&cases);
    insta::assert_snapshot!("error_summary", pages["reports/summary.md"]);
    insta::assert_snapshot!("error_csv", pages["reports/csv/results.csv"]);
    insta::assert_snapshot!("error_junit", pages["junit.xml"]);
}

#[test]
fn hostile_strings_stay_strings() {
    let pages = reports(&[hostile()]);
    insta::assert_snapshot!("hostile_summary", pages["reports/summary.md"]);
    insta::assert_snapshot!("hostile_csv", pages["reports/csv/results.csv"]);
    insta::assert_snapshot!("hostile_junit", pages["junit.xml"]);
}

/// The reports with columns.
fn tables(case: &mut CaseResult) -> impl Iterator<Item = &mut ReportData> {
    let reports = case.reports.iter_mut();
    reports.filter(|report| !report.columns.is_empty())
}

/// A p99 of 20 values, in a phase in which the client was late.
fn doubtful() -> Vec<CaseResult> {
    let few = Figure {
        needed: Some(100),
        ..ms(1004.0).with_samples(20)
    };
    let mut one = case("tp=2,concurrency=1", vec![check("quick", Verdict::Pass)]);
    let stress = &mut one.phases[1];
    stress.metrics.insert("ttft.p99".into(), few.clone());
    stress.metrics.insert("e2e.p99".into(), few.clone());
    stress.metrics.insert("client_delay".into(), ms(3.0));
    stress.warnings = vec![Warning {
        kind: "client_late".into(),
        text: "the client itself was late: 3 ms".into(),
        help: "leave the client a core".into(),
    }];
    for report in tables(&mut one) {
        report.columns.push(("stress.ttft.p99".into(), few.clone()));
    }
    vec![one, case("tp=2,concurrency=16", vec![])]
}

#[test]
fn the_lateness_of_open_loops_has_a_column() {
    let mut cases = all_pass();
    for phase in &mut cases[0].phases {
        phase.metrics.insert("lateness.p50".into(), ms(7.0));
    }
    let summary = |cases: &[CaseResult]| reports(cases).remove("reports/summary.md").unwrap();
    let closed = summary(&cases);
    assert!(!closed.contains("lateness p50"), "{closed}");
    let stress = &mut cases[0].phases[1];
    stress.open_loop = true;
    stress.warnings = vec![Warning {
        kind: "sent_late".into(),
        text: "requests were sent late: 7 ms".into(),
        help: "leave the client a core".into(),
    }];
    let open = summary(&cases);
    assert!(open.contains(" lateness p50 |"), "{open}");
    assert_eq!(open.matches(" 7 ms |").count(), 1, "{open}");
    let said = "**Requests were sent late**, and that is part of the latencies in stress / ";
    assert!(open.contains(said) && open.contains("(7 ms)"), "{open}");
}

#[test]
fn each_sort_of_warning_is_said_once_where_people_look() {
    let mut cases = doubtful();
    let warning = |kind: &str, text: &str| Warning {
        kind: kind.into(),
        text: text.into(),
        help: format!("what to do about {kind}"),
    };
    let behind = warning(
        "not_followed",
        "the answers did not keep up: 10 req/s were due",
    );
    let late = warning("client_late", "the client itself was late: 3 ms");
    cases[0].phases[1].warnings = vec![late, behind.clone()];
    cases[1].phases[1].warnings = vec![behind];
    let summary = reports(&cases).remove("reports/summary.md").unwrap();
    let said = "**Answers did not keep up with the rate at which requests were due**";
    assert_eq!(summary.matches(said).count(), 1, "{summary}");
    assert!(
        summary.contains("What to do: what to do about not_followed"),
        "{summary}"
    );
    let shown = outcome(&cases, std::path::Path::new("runs"), Style::default());
    for line in [
        "the client itself was late: 3 ms\n    help: what to do about client_late\n",
        "did not keep up: 10 req/s were due\n    so it was in 1 phase more, see its notes in the \
         summary\n    help: what to do about not_followed\n",
    ] {
        assert!(shown.contains(line), "{line} is not in {shown}");
    }
}

#[test]
fn percentiles_of_too_few_values_are_marked_in_tables_and_named_in_csv() {
    let mut cases = doubtful();
    for report in tables(&mut cases[1]) {
        let enough = Figure {
            needed: Some(100),
            ..ms(900.0)
        };
        report.columns.push(("stress.ttft.p99".into(), enough));
    }
    let pages = reports(&cases);
    let summary = &pages["reports/summary.md"];
    assert!(summary.contains(" 1 s † |"), "{summary}");
    let note = "† of too few values to tell a percentile: TTFT p99, E2E p99 need 100\n";
    assert_eq!(summary.matches(note).count(), 1, "{summary}");
    let note = "† of too few values to tell a percentile: stress.ttft.p99 needs 100";
    for page in ["reports/summary.md", "reports/table.md"] {
        assert_eq!(pages[page].matches(note).count(), 1, "{}", pages[page]);
    }
    let csv: Vec<&str> = pages["reports/csv/results.csv"].lines().collect();
    let ends = |line: usize, end: &str| assert!(csv[line].ends_with(end), "{csv:?}");
    ends(0, ",stress.ttft.p99 (ms),too few values,unavailable");
    ends(
        1,
        ",1004,stress.ttft.p99 (20 of 100),gpu_memory: no NVML library",
    );
    ends(2, ",900,,gpu_memory: no NVML library");
    let raw: serde_json::Value = serde_json::from_str(&pages["reports/raw.json"]).unwrap();
    let figure = &raw["cases"][0]["phases"][1]["metrics"]["ttft.p99"];
    assert_eq!(
        (&figure["samples"], &figure["needed"]),
        (&20.into(), &100.into())
    );
}

#[test]
fn a_client_that_was_late_is_said_where_people_look() {
    let cases = doubtful();
    let summary = reports(&cases).remove("reports/summary.md").unwrap();
    let said = "**The client itself was late**, and its own delays are part of the latencies in \
                stress / tp=2,concurrency=1 / stress (3 ms)";
    assert!(summary.contains(said), "{summary}");
    assert!(summary.contains("leave the client a core"), "{summary}");
    assert!(
        summary.contains("- ⚠️ stress: the client itself was late"),
        "{summary}"
    );
    for brief in [false, true] {
        let style = Style {
            ascii: true,
            brief,
            ..Style::default()
        };
        let text = outcome(&cases, std::path::Path::new("runs/x"), style);
        let line = "! stress / tp=2,concurrency=1 / stress: the client itself was late: 3 ms\n    help: leave the client a core\n";
        assert!(text.contains(line), "{text}");
    }
    let fine = reports(&all_pass()).remove("reports/summary.md").unwrap();
    assert!(!fine.contains("late**"), "{fine}");
}

#[test]
fn what_was_cut_is_neither_green_nor_all() {
    let page = |cases: &[CaseResult], finished: bool| {
        let place = tempfile::tempdir().unwrap();
        let folder = folder(&place.path().join("run"), cases);
        let mut run = run(cases);
        run.finished = run.finished.filter(|_| finished);
        folder.write_run(&run).unwrap();
        write_folder(&folder, None).unwrap_or_else(|e| panic!("{e}"));
        std::fs::read_to_string(folder.reports().join("summary.md")).unwrap()
    };
    let heading = |page: &str| page.lines().next().map(str::to_string);
    let cut = CaseResult {
        verdict: Verdict::Interrupted,
        ..case(
            "tp=2,concurrency=1",
            vec![check("quick", Verdict::Pass), failing()],
        )
    };
    assert_eq!(
        heading(&page(&[cut], true)).as_deref(),
        Some("# ➖ Interrupted: 1 of 2 checks passed, 1 failed")
    );
    // killed where nothing can be made of the cases that had not ended
    assert_eq!(
        heading(&page(&all_pass(), false)).as_deref(),
        Some("# ➖ Not finished: 2 of 2 checks passed")
    );
    let all = page(&all_pass(), true);
    assert_eq!(heading(&all).as_deref(), Some("# ✅ All 2 checks passed"));
}
