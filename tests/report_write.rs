//! Writing reports: the same bytes from memory and from the folder, nothing outside of it, and
//! what can be written is written whatever fails.

mod report_fixtures;

use report_fixtures::*;
use scn::report::model::*;
use scn::report::terminal::{Style, outcome};
use scn::report::{ReportError, check_template, write_all, write_folder};
use scn::store::RunFolder;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.join("junit.xml"), folder.join("reports")];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().map(|e| e.unwrap().path()));
        } else {
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn template(text: &str, to: &str) -> ReportData {
    ReportData {
        name: "page".into(),
        format: ReportFormat::Template,
        to: vec![to.into()],
        template: Some(Arc::new(Template {
            name: "pack/page.md.j2".into(),
            text: text.into(),
        })),
        columns: vec![("ttft".into(), ms(12.0))],
        ..ReportData::default()
    }
}

/// A case with these reports only, written; the errors.
fn write(place: &Path, reports: Vec<ReportData>) -> (RunFolder, Vec<ReportError>) {
    let mut one = case("case", vec![check("quick", Verdict::Pass)]);
    one.reports = reports;
    let folder = folder(&place.join("run"), &[one]);
    let errors = write_folder(&folder, None)
        .err()
        .map_or(vec![], |e| e.errors);
    (folder, errors)
}

/// The page that a template makes, or its error.
fn page(text: &str) -> Result<String, String> {
    let place = tempfile::tempdir().unwrap();
    let (folder, errors) = write(place.path(), vec![template(text, "page.md")]);
    match errors.first() {
        Some(error) => Err(error.to_string()),
        None => Ok(fs::read_to_string(folder.reports().join("page.md")).unwrap()),
    }
}

#[test]
fn reports_written_again_are_the_same() {
    let place = tempfile::tempdir().unwrap();
    let mut odd = hostile();
    odd.phases[2]
        .metrics
        .insert("chat.ttft.p50".into(), ms(f64::NAN));
    odd.phases[2].end_s = 1.1754943508222875e-5;
    let cases = [case("a", vec![failing(), warning()]), odd, broken("b")];
    let path = place.path().join("run");
    let made = folder(&path, &cases);
    write_all(&run(&cases), &cases, &made, None).unwrap();
    let first = files(&path);
    assert!(first.len() >= 6, "{:?}", first.keys());
    drop(made);
    fs::remove_dir_all(path.join("reports")).unwrap();
    write_folder(&RunFolder::open(&path).unwrap(), None).unwrap();
    assert_eq!(first, files(&path));
}

#[test]
fn columns_as_json_are_a_record_for_each_row() {
    let place = tempfile::tempdir().unwrap();
    let mut rows = template("", "rows.json");
    rows.format = ReportFormat::Json;
    rows.template = None;
    let columns = [
        ("case", Figure::text("tp=2")),
        ("memory", Figure::unavailable("no NVML library")),
    ];
    let columns = columns.map(|(header, figure)| (header.to_string(), figure));
    rows.columns.extend(columns);
    let (folder, errors) = write(place.path(), vec![rows]);
    assert!(errors.is_empty(), "{errors:?}");
    let text = fs::read_to_string(folder.reports().join("rows.json")).unwrap();
    let found: serde_json::Value = serde_json::from_str(&text).unwrap();
    let expected = serde_json::json!([{
        "ttft (ms)": 12, "case": "tp=2", "memory": null,
        "unavailable": "memory: no NVML library",
    }]);
    assert_eq!(found, expected);
}

#[test]
fn reports_stay_in_the_run_folder() {
    let place = tempfile::tempdir().unwrap();
    for to in [
        "../../out.md",
        "/tmp/scn_out.md",
        "a/../../../out.md",
        "",
        "a\nb",
    ] {
        let place = tempfile::tempdir().unwrap();
        let (folder, errors) = write(
            place.path(),
            vec![template("x", to), template("kept", "kept.md")],
        );
        assert!(
            matches!(errors[..], [ReportError::Path { .. }]),
            "{to:?}: {errors:?}"
        );
        assert!(folder.reports().join("kept.md").exists());
        assert!(!place.path().join("out.md").exists());
    }
    // links, made by whoever could write to the folder
    let outside = place.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file.md"), "precious").unwrap();
    let mut one = case("case", vec![]);
    one.reports = vec![
        template("x", "link/file.md"),
        template("replaced", "file.md"),
    ];
    let folder = folder(&place.path().join("run"), &[one]);
    fs::create_dir(folder.reports()).unwrap();
    symlink(&outside, folder.reports().join("link")).unwrap();
    symlink(outside.join("file.md"), folder.reports().join("file.md")).unwrap();
    let errors = write_folder(&folder, None).unwrap_err().errors;
    assert!(
        matches!(errors[..], [ReportError::Path { .. }]),
        "{errors:?}"
    );
    assert_eq!(
        fs::read_to_string(outside.join("file.md")).unwrap(),
        "precious"
    );
    assert_eq!(
        fs::read_to_string(folder.reports().join("file.md")).unwrap(),
        "replaced"
    );
}

#[test]
fn two_reports_on_one_path_are_an_error_and_one_report_of_many_cases_is_not() {
    let place = tempfile::tempdir().unwrap();
    let other = ReportData {
        name: "other".into(),
        ..template("x", "./page.md")
    };
    let (folder, errors) = write(place.path(), vec![template("first", "page.md"), other]);
    assert!(matches!(errors[..], [ReportError::Clash(_)]), "{errors:?}");
    assert_eq!(
        fs::read_to_string(folder.reports().join("page.md")).unwrap(),
        "first"
    );

    let place = tempfile::tempdir().unwrap();
    let text = "{% for s in scenarios %}{{ s.name }}:{% for c in s.cases %}{{ c.case }},{% endfor %}{% endfor %}";
    let cases: Vec<CaseResult> = [("s1", "a"), ("s1", "b"), ("s2", "a")]
        .map(|(scenario, id)| CaseResult {
            scenario: scenario.into(),
            reports: vec![template(text, "page.md")],
            ..case(id, vec![])
        })
        .into();
    let folder = report_fixtures::folder(&place.path().join("run"), &cases);
    write_folder(&folder, None).unwrap();
    assert_eq!(
        fs::read_to_string(folder.reports().join("page.md")).unwrap(),
        "s1:a,b,s2:a,"
    );
}

#[test]
fn mistakes_in_templates_name_their_place_and_what_comes_near() {
    let says = |text: &str, parts: &[&str]| {
        let error = page(text).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{text}\n{error}\nhas no {part}");
        }
    };
    says(
        "one\n{{ run.wrold }}",
        &["pack/page.md.j2:2", "`run.wrold` is not defined", "`world`"],
    );
    says("{{ rnu.id }}", &["`rnu.id`", "did you mean `run`"]);
    says(
        "{% for s in scenarios %}\n{% for c in s.cases %}\n{{ c.verdit }}{% endfor %}{% endfor %}",
        &["page.md.j2:3", "`c.verdit`", "`verdict`"],
    );
    says(
        "{% if run.finish %}x{% endif %}",
        &["`run.finish`", "`finished`"],
    );
    says("\n{{ run.id | mdd }}", &["page.md.j2:2", "mdd", "`md`"]);
    says("{% for x in %}", &["page.md.j2:1", "syntax error"]);
    says(
        "{% include 'other.j2' %}",
        &["other.j2", "std:summary.md.j2"],
    );
    says("{{ 1 | md_table(['a']) }}", &["page.md.j2:1"]);
    assert!(check_template("x.j2", "{% for x in %}").is_err());
    assert!(check_template("x.j2", "{{ a }}").is_ok());
}

#[test]
fn a_template_that_works_without_end_is_stopped() {
    let loops = "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}";
    assert!(page(loops).unwrap_err().contains("steps"));
    let long = "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}";
    assert!(page(long).unwrap_err().contains("longer"));
}

#[test]
fn templates_have_what_the_manual_says() {
    let is = |text: &str, shown: &str| assert_eq!(page(text).as_deref(), Ok(shown), "{text}");
    is(
        "{{ report.name }} {{ report.headers[0] }} {{ report.rows[0][0] | fig }}",
        "page ttft 12 ms",
    );
    is(
        "{{ host.cores }} {{ tally.passed }} {{ run.world }}",
        "2 1 real",
    );
    let stress = "{% set c = scenarios[0].cases[0] %}{% set m = c.phases[1].metrics %}";
    is(
        &format!("{stress}{{{{ m | metric('ttft.p95') | precise }}}}"),
        "812.4 ms",
    );
    is(
        &format!("{stress}{{{{ m | metric('ttft.p95') | ms }}}}"),
        "812 ms",
    );
    is(
        &format!("{stress}{{{{ m | metric('success_rate') | pct }}}}"),
        "98.5 %",
    );
    is(
        &format!("{stress}{{{{ m | metric('tpot.p50') | fig }}}}"),
        "–",
    );
    is(&format!("{stress}{{{{ m | metric('none') | fig }}}}"), "–");
    is(
        &format!("{stress}{{{{ (m | metric('tpot.p50')) is available }}}}"),
        "False",
    );
    is(
        &format!("{stress}{{{{ c.error is none }}}} {{{{ c.checks[0].when is none }}}}"),
        "True True",
    );
    is(
        "{{ ['a b', 'c'] | shell }} {{ 'a|b' | md }} {{ 'a|b' | code }}",
        r"'a b' c a\|b <code>a&#124;b</code>",
    );
    is(
        "{% include 'std:summary.md.j2' %}",
        &page("{% include 'std:summary.md.j2' %}").unwrap(),
    );
}

#[test]
fn the_step_summary_has_the_verdicts_first_and_stays_below_the_limit() {
    let place = tempfile::tempdir().unwrap();
    let summary = place.path().join("step.md");
    fs::write(&summary, "of an earlier step\n").unwrap();
    // none names it: the standard page
    let cases = [case("a", vec![failing()])];
    let made = folder(&place.path().join("run"), &cases);
    write_folder(&made, Some(&summary)).unwrap();
    let text = fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("of an earlier step\n# ❌ 1 of 1 check failed"),
        "{text}"
    );

    // one names it, and is far too long
    fs::remove_file(&summary).unwrap();
    let mut long = case("b", vec![failing()]);
    let text = "```text\n{% for i in range(300) %}{% for j in range(300) %}{{ j }} ein Wörtchen\n{% endfor %}{% endfor %}";
    long.reports = vec![template(text, "github:summary")];
    let made = folder(&place.path().join("run2"), &[long]);
    write_folder(&made, Some(&summary)).unwrap();
    let size = fs::metadata(&summary).unwrap().len();
    assert!((900_000..1_048_576).contains(&size), "{size}");
    let text = fs::read_to_string(&summary).unwrap();
    assert!(
        text.starts_with("## 2026-11-21T23-57-02: 1 check: 1 failed"),
        "{}",
        &text[..100]
    );
    assert!(text.contains("must be at most 800 ms"));
    let failed = "| status     |        2 | 500: out of KV blocks |";
    assert!(text.contains(failed), "{}", &text[..900]);
    assert!(
        text.trim_end()
            .ends_with("```\n\n*Cut: the whole report is in the run folder.*")
    );
    // another step's summary is appended, and still fits
    write_folder(&made, Some(&summary)).unwrap();
    assert!(fs::metadata(&summary).unwrap().len() < 1_048_576);
    // away from GitHub it can be looked at
    assert!(made.reports().join("github_summary.md").exists());
}

#[test]
fn junit_reads_back_and_its_sums_are_right() {
    let place = tempfile::tempdir().unwrap();
    let cases = [
        case(
            "a",
            vec![failing(), warning(), check("fine", Verdict::Pass)],
        ),
        broken("b"),
        hostile(),
    ];
    let made = folder(&place.path().join("run"), &cases);
    write_folder(&made, None).unwrap();
    let text = fs::read_to_string(made.path().join("junit.xml")).unwrap();
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((report.failures, report.errors, report.tests), (2, 3, 8));
    let tests = report.test_suites.iter().flat_map(|s| &s.test_cases);
    let time: f64 = tests.filter_map(|t| t.time).map(|t| t.as_secs_f64()).sum();
    assert!((time - 3.0 * 83.7).abs() < 0.01, "{time}");
}

#[test]
fn the_terminal_shows_every_verdict_and_nothing_that_colours_it() {
    let no_data = CheckResult {
        why: "tpot is unavailable: no `usage`".into(),
        ..check("even", Verdict::NoData)
    };
    let cases = [
        case(
            "a",
            vec![check("right", Verdict::Pass), failing(), warning(), no_data],
        ),
        broken("b"),
        hostile(),
    ];
    let plain = outcome(&cases, Path::new("runs/x"), Style::default());
    insta::assert_snapshot!("terminal", plain);
    assert!(!plain.contains('\x1b') && !plain.contains('\u{202e}'));
    let ascii = outcome(
        &cases[..1],
        Path::new("runs/x"),
        Style {
            ascii: true,
            brief: true,
            ..Style::default()
        },
    );
    assert!(ascii.is_ascii(), "{ascii}");
    assert!(!ascii.contains("right"), "{ascii}");
    let colour = outcome(
        &cases,
        Path::new("runs/x"),
        Style {
            color: true,
            ..Style::default()
        },
    );
    let without = colour.replace(['\x1b'], "");
    assert!(
        without.len() < colour.len() && !colour.contains("\x1b[31mred"),
        "{colour}"
    );
}
