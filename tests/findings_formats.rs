//! Findings in the forms that programs read, from every command that prints them.

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output};

fn scn(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint"))
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const FILE: &str = "beginner_five_mistakes.scn";

#[test]
fn concise_is_a_line_for_each_finding() {
    let output = scn(&["lint", "level_deny.scn", "--format", "concise"]);
    assert_eq!(output.status.code(), Some(0));
    let shown = text(&output.stdout);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines.len(), 2, "{shown}");
    assert_eq!(
        lines[0],
        "level_deny.scn:3:1: warning[W0502] unused: nothing reads `models`"
    );
    assert!(lines[1].starts_with("level_deny.scn:9:16: warning[W0503] few-requests: p99 needs"));
}

/// By file and place, and the same each time.
#[test]
fn all_forms_are_sorted() {
    let files = [
        "use_missing_file.scn",
        FILE,
        "level_deny.scn",
        "--format",
        "concise",
    ];
    let args = [&["lint"], &files[..]].concat();
    let shown = text(&scn(&args).stdout);
    assert_eq!(shown, text(&scn(&args).stdout));
    let place = |line: &str| {
        let mut parts = line.split(':');
        let name = parts.next().unwrap().to_string();
        let numbers: Vec<usize> = parts.take(2).map(|n| n.parse().unwrap()).collect();
        (name, numbers)
    };
    let places: Vec<_> = shown.lines().map(place).collect();
    assert!(places.len() > 6, "{shown}");
    assert!(places.is_sorted(), "{shown}");
}

#[test]
fn json_is_what_the_json_file_has() {
    let shown = text(&scn(&["lint", FILE, "--format", "json"]).stdout);
    let file = text(&scn(&["lint", FILE, "--json", "-"]).stdout);
    let found: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(found, serde_json::from_str::<Value>(&file).unwrap());
    assert_eq!(found.as_array().unwrap().len(), 5);
    let none = text(&scn(&["lint", "good_lets.scn", "--format", "json"]).stdout);
    assert_eq!(none, "[]\n");
}

/// OASIS's schema of SARIF 2.1.0 (its `$id` says where it is published).
fn sarif_schema() -> jsonschema::Validator {
    let text = include_str!("schemas/sarif-schema-2.1.0.json");
    // as published, one of its expressions has a bracket too many, and is none
    let (wrong, right) = ("|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "(-[a-zA-Z]{2})?$");
    assert!(text.contains(wrong));
    let schema = serde_json::from_str(&text.replace(wrong, right)).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Of every file of the corpus, with names that are no plain URI, and of `--fix`.
#[test]
fn sarif_is_valid_by_its_schema() {
    let schema = sarif_schema();
    let valid = |what: &str, shown: &str| {
        let log: Value = serde_json::from_str(shown).unwrap();
        let errors: Vec<String> = schema
            .iter_errors(&log)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}");
        log
    };
    assert!(!schema.is_valid(&serde_json::json!({ "version": "2.1.0", "runs": [{}] })));
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let folder = tempfile::tempdir().unwrap();
    for (n, part) in ["lint", "syntax", "fix"].iter().enumerate() {
        for entry in std::fs::read_dir(corpus.join(part)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{n} a,b:ü%{}", entry.file_name().to_string_lossy());
            if name.ends_with(".scn") && entry.file_type().unwrap().is_file() {
                std::fs::copy(entry.path(), folder.path().join(name)).unwrap();
            }
        }
    }
    let here = folder.path().to_str().unwrap();
    let log = valid(
        "all",
        &text(&scn(&["lint", here, "--format", "sarif"]).stdout),
    );
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() > 500, "{}", results.len());
    assert!(results.iter().any(|result| result["fixes"].is_array()));
    for entry in std::fs::read_dir(folder.path()).unwrap().step_by(8) {
        let path = entry.unwrap().path();
        let output = scn(&["lint", path.to_str().unwrap(), "--fix", "--format", "sarif"]);
        valid(path.to_str().unwrap(), &text(&output.stdout));
    }
}

/// What the parts that are written say.
#[test]
fn sarif_has_the_required_structure() {
    for file in [
        FILE,
        "level_deny.scn",
        "good_lets.scn",
        "file_empty.scn",
        "shadowed.scn",
    ] {
        let shown = text(&scn(&["lint", file, "--format", "sarif"]).stdout);
        let log: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        let driver = &run["tool"]["driver"];
        assert_eq!(driver["name"], "scn");
        let rules = driver["rules"].as_array().unwrap();
        for rule in rules {
            assert!(rule["id"].is_string() && rule["help"]["text"].is_string());
            assert!(rule["shortDescription"]["text"].is_string(), "{rule}");
        }
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.is_empty(), file.starts_with("good_"), "{file}");
        for result in results {
            let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(rules[index]["id"], result["ruleId"]);
            let level = result["level"].as_str().unwrap();
            assert!(["none", "note", "warning", "error"].contains(&level));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            let none = Vec::new();
            let related = result["relatedLocations"].as_array().unwrap_or(&none);
            for place in result["locations"]
                .as_array()
                .unwrap()
                .iter()
                .chain(related)
            {
                let place = &place["physicalLocation"];
                assert_eq!(place["artifactLocation"]["uri"], file);
                region(&place["region"]);
            }
            for fix in result["fixes"].as_array().unwrap_or(&none) {
                for change in fix["artifactChanges"].as_array().unwrap() {
                    assert_eq!(change["artifactLocation"]["uri"], file);
                    let replacements = change["replacements"].as_array().unwrap();
                    assert!(!replacements.is_empty());
                    replacements
                        .iter()
                        .for_each(|one| region(&one["deletedRegion"]));
                }
            }
        }
    }
}

fn region(region: &Value) {
    let number = |name: &str| region[name].as_u64().unwrap();
    let start = (number("startLine"), number("startColumn"));
    let end = (number("endLine"), number("endColumn"));
    assert!(start.0 >= 1 && start.1 >= 1 && start <= end, "{region}");
}

#[test]
fn github_annotations_name_file_and_line() {
    let shown = text(&scn(&["lint", "level_deny.scn", "--format", "github"]).stdout);
    let first = shown.lines().next().unwrap();
    assert_eq!(
        first,
        "::warning file=level_deny.scn,line=3,endLine=3,col=1,endColumn=15,\
         title=W0502 unused::nothing reads `models`%0Ahelp: delete this line"
    );
    assert_eq!(shown.lines().count(), 2);
}

/// Standard output of `plan` is the plan, so what was found is on standard error.
#[test]
fn plan_and_run_write_the_same_forms() {
    for format in ["concise", "json", "sarif", "github"] {
        let lint = text(&scn(&["lint", FILE, "--format", format]).stdout);
        for command in ["plan", "run"] {
            let output = scn(&[command, FILE, "--format", format]);
            assert_eq!(output.status.code(), Some(2));
            assert_eq!(text(&output.stderr), lint, "{command} {format}");
            assert!(output.stdout.is_empty());
        }
    }
    let output = scn(&["plan", "level_deny.scn", "--format", "concise"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr).lines().count(), 2);
    assert!(text(&output.stdout).contains("basic"));
}
