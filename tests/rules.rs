//! The rules of lint: each has a page whose examples are true, and `scn explain` shows it.

use scn::diagnostics::rules::{RuleInfo, rule, rules};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};

fn scn(args: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .env_remove("SCN_PAGE_NOT_SET")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The codes that lint finds in an example, and what it says.
fn linted(rule: &RuleInfo, heading: &str) -> (BTreeSet<String>, String) {
    let (written, example) = rule.example(heading).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let bytes = match written {
        "scn latin-1" => example.chars().map(|c| u8::try_from(c).unwrap()).collect(),
        "scn" => example.as_bytes().to_vec(),
        other => panic!("{}: an example in `{other}`", rule.name),
    };
    std::fs::write(folder.path().join("example.scn"), bytes).unwrap();
    // what examples about data files read
    std::fs::write(folder.path().join("cut.json"), "[1, 2").unwrap();
    std::fs::write(folder.path().join("cities.json"), "[{\"city\": \"Paris\"}]").unwrap();
    let output = scn(&["lint", "example.scn", "--json", "-"], folder.path());
    let json = text(&output.stdout);
    let found: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
    let codes = found
        .iter()
        .map(|d| d["code"].as_str().unwrap().to_string());
    (codes.collect(), json)
}

#[test]
fn a_wrong_example_has_that_finding_and_a_right_one_none() {
    let mut failed = Vec::new();
    for rule in rules() {
        let (wrong, said) = linted(rule, "Wrong");
        if wrong != BTreeSet::from([rule.code.to_string()]) {
            failed.push(format!("wrong example of {}: {said}", rule.name));
        }
        let (right, said) = linted(rule, "Right");
        if !right.is_empty() {
            failed.push(format!("right example of {}: {said}", rule.name));
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_code_has_a_page() {
    let source = include_str!("../src/diagnostics/mod.rs");
    let mut seen = 0;
    for line in source.lines().filter(|line| line.contains(": Rule =")) {
        let mut quoted = line.split('"').skip(1).step_by(2);
        let (code, name) = (quoted.next().unwrap(), quoted.next().unwrap());
        let page = rule(code).unwrap_or_else(|| panic!("{name} ({code}) has no page"));
        assert_eq!(page.name, name);
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn explain_shows_a_page_and_lists_all() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let by_name = scn(&["explain", "unlike-dimensions"], here);
    let by_code = scn(&["explain", "E0302"], here);
    assert!(by_name.status.success());
    let shown = text(&by_name.stdout);
    assert_eq!(shown, text(&by_code.stdout));
    assert!(shown.starts_with("unlike-dimensions (E0302)\n"), "{shown}");
    assert!(
        shown.contains("\n      expect quick: steady.ttft.p95 <= 500MB\n"),
        "{shown}"
    );
    assert!(!shown.contains("```") && !shown.contains("##"), "{shown}");
    let list = text(&scn(&["explain"], here).stdout);
    for rule in rules() {
        let line = format!("  {}  {} ", rule.code, rule.name);
        assert!(list.contains(&line), "{line}");
    }
    let unknown = scn(&["explain", "unlike-dimension"], here);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("did you mean `unlike-dimensions`?"));
}
