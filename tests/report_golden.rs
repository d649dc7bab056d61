//! Reports of results made by hand, as they look.

mod report_fixtures;

use report_fixtures::*;
use scn::report::model::*;
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
