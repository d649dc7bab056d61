//! `scn fmt` moves lines about; what a `# scn: allow(…)` answers is the same before and after.

use std::path::Path;
use std::process::Command;

/// The code and message of each finding of a file, in order of their text.
fn findings(folder: &Path, name: &str, further: &[String]) -> Vec<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["lint", name, "--format", "json"])
        .args(further)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let list = found.as_array().expect("a list of findings");
    let said = |one: &serde_json::Value| format!("{} {}", one["code"], one["message"]);
    let mut all: Vec<String> = list.iter().map(said).collect();
    all.sort();
    all
}

/// The findings of a text, which are those of the formatted text.
fn same(name: &str, text: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.scn");
    std::fs::write(&file, text).unwrap();
    let first = text.lines().next().unwrap_or_default();
    let further = first.strip_prefix("# args: ").unwrap_or_default();
    let further: Vec<String> = further.split_whitespace().map(str::to_owned).collect();
    let before = findings(folder.path(), "a.scn", &further);
    let done = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["fmt", "a.scn"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(done.status.success(), "{name}");
    let formatted = std::fs::read_to_string(&file).unwrap();
    let after = findings(folder.path(), "a.scn", &further);
    assert_eq!(before, after, "{name}:\n{formatted}");
    before
}

#[test]
fn the_corpus_is_answered_the_same_after_fmt() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/lint");
    let mut seen = 0;
    for entry in std::fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let is_file = path.extension().is_some_and(|e| e == "scn");
        let Some(text) = is_file
            .then(|| std::fs::read_to_string(&path).ok())
            .flatten()
        else {
            continue;
        };
        if text.contains("# scn: allow(") {
            seen += 1;
            same(&path.display().to_string(), &text);
        }
    }
    assert!(seen >= 2, "{seen}");
}

const HEAD: &str = "use std.engines\nworkload hello { prompt = \"Say hello.\", output = 16 }\n\
    scenario basic {\n  server sut { engine = engines.builtin }\n  \
    phase warmup { workload = hello, requests = 10, measured = false }\n";

#[test]
fn statements_that_fmt_breaks_stay_answered() {
    let check =
        |text: &str| format!("{HEAD}  phase p {{ workload = hello, requests = 40 }}\n{text}\n}}\n");
    let name = "hello_with_a_name_that_takes_much_of_the_room_of_a_line";
    let many = format!("  phase p {{ workload = {name}, requests = 40, concurrency = 16 }}");
    let end = format!(
        "  expect c: p.ttft.p50 <= 800ms\n}}\nworkload {name} {{ prompt = \"Say hello.\", output = 16 }}\n"
    );
    let allow = "# scn: allow(few-requests-per-client) because it is short";
    let tail = "# scn: allow(few-requests) because the nightly run has 4000";
    let long = "  expect a: p.failed == 0 and p.completed >= 1 and p.ttft.p50 <= 1s \
        and p.e2e.p50 <= 99s and p.ttft.p99 <= 9s";
    let report = "  report r { columns = [p.completed, p.failed, p.ttft.p50, p.e2e.p50, \
        p.output_throughput, p.ttft.p99], to = \"r.csv\" }";
    for (name, text) in [
        ("end of a phase", format!("{HEAD}{many} {allow}\n{end}")),
        ("above a phase", format!("{HEAD}  {allow}\n{many}\n{end}")),
        ("above a check", check(&format!("  {tail}\n{long}"))),
        ("end of a check", check(&format!("{long} {tail}"))),
        (
            "above a broken check",
            check(&format!(
                "  {tail}\n  expect a: p.failed == 0\n    and p.ttft.p99 <= 5s"
            )),
        ),
        (
            "above a report",
            check(&format!("  {tail}\n{report}\n  expect c: p.failed == 0")),
        ),
        (
            "end of a report",
            check(&format!("{report} {tail}\n  expect c: p.failed == 0")),
        ),
    ] {
        let found = same(name, &text);
        assert!(found.is_empty(), "{name}: {found:?}\n{text}");
        let bare = text.replace("scn: allow", "allow");
        assert_eq!(
            same(name, &bare).len(),
            1,
            "{name}: nothing was to be answered"
        );
    }
}

#[test]
fn the_second_answer_to_a_finding_is_useless() {
    let allow = "# scn: allow(few-requests) because the nightly run has 4000";
    let twice = "# scn: allow(few-requests, W0503) because the nightly run has 4000";
    let line = "  expect tail: p.ttft.p99 <= 9s";
    for text in [
        format!("  {allow}\n{line} {allow}"),
        format!("  {twice}\n{line}"),
    ] {
        let text = format!("{HEAD}  phase p {{ workload = hello, requests = 40 }}\n{text}\n}}\n");
        let found = same("twice", &text);
        let [one] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert!(
            one.contains("W0508") && one.contains("allowed here already"),
            "{one}"
        );
    }
}
