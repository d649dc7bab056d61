//! The reference manual: that what is committed is what `scn doc` writes, that it says something of
//! everything, that its examples are right, and the command itself.

use assert_cmd::Command;
use scn::diagnostics::has_errors;
use scn::eval::{Evaluator, Nothing, Params, Value};
use scn::manual;
use scn::resolve::{DefinitionKind, load};
use scn::schema::{self, BUILTINS, DISTRIBUTION_STATS, SERIES_STATS, STATEMENTS};
use std::collections::{HashMap, HashSet};
use std::path::Path;

fn scn(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scn"));
    command.args(args).current_dir(env!("CARGO_MANIFEST_DIR"));
    command
}

fn output(args: &[&str]) -> (Option<i32>, String, String) {
    let out = scn(args).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (out.status.code(), text(out.stdout), text(out.stderr))
}

#[test]
fn the_committed_pages_are_up_to_date() {
    let (code, _, said) = output(&["doc", "--check"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn every_row_of_the_schema_has_a_doc_and_an_example() {
    let mut without = Vec::new();
    for kind in schema::kinds() {
        let shown = manual::find(kind.name).unwrap();
        let shown = shown.iter().find(|e| e.what == "a kind of block").unwrap();
        if !manual::on_terminal(shown, 100, false).contains("Example") {
            without.push(kind.name.to_string());
        }
        for attribute in kind.attributes {
            let name = format!("{}.{}", kind.name, attribute.name);
            let shown = &manual::find(&name).unwrap()[0];
            if !manual::on_terminal(shown, 100, false).contains("Example") {
                without.push(name);
            }
        }
    }
    for builtin in BUILTINS {
        let shown = manual::find(builtin.name).unwrap();
        let shown = shown.iter().find(|e| e.what == "a builtin").unwrap();
        if !manual::on_terminal(shown, 100, false).contains("\n    ") {
            without.push(builtin.name.to_string());
        }
    }
    for statement in STATEMENTS {
        let shown = manual::find(statement.name).unwrap();
        let shown = shown.iter().find(|e| e.what == "a statement").unwrap();
        if !manual::on_terminal(shown, 100, false).contains("\n    ") {
            without.push(statement.name.to_string());
        }
    }
    assert!(
        without.is_empty(),
        "no example in docs/examples or the library of: {without:?}"
    );
    for name in DISTRIBUTION_STATS.iter().chain(SERIES_STATS) {
        assert!(schema::stat_doc(name).is_some(), "{name}");
    }
}

#[test]
fn examples_are_free_of_findings() {
    let (code, said, found) = output(&["lint", "docs/examples", "stdlib"]);
    assert_eq!((code, found.as_str()), (Some(0), ""));
    assert!(said.ends_with("nothing to object\n"), "{said}");
}

#[test]
fn examples_of_builtins_are_true() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/examples/builtins.scn");
    let (program, found) = load(&[path]);
    assert!(!has_errors(&found), "{found:#?}");
    let params = Params::default();
    let eval = Evaluator::new(&program, &params, &Nothing);
    let root = program.roots[0];
    let mut seen = 0;
    for (name, definition) in &program.module(root).names {
        assert!(matches!(definition.kind, DefinitionKind::Let(_)), "{name}");
        let value = eval.definition(root, name);
        assert!(matches!(value, Value::Bool(true)), "{name}: {value:?}");
        seen += 1;
    }
    assert!(seen >= 14);
}

#[test]
fn names_of_entries_are_found_and_printed_without_markdown() {
    for entry in manual::entries() {
        let found = manual::find(&entry.name).unwrap();
        assert!(found.iter().any(|e| e.what == entry.what), "{}", entry.name);
        let text = manual::on_terminal(entry, 80, false);
        assert!(text.lines().count() > 2, "nothing is said: {text}");
        assert!(!text.contains("]("), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
    }
}

/// As GitHub makes them of headings.
fn anchors(page: &str) -> HashSet<String> {
    let titles = page.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title
            .chars()
            .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    };
    titles.map(anchor).collect()
}

#[test]
fn links_lead_somewhere_and_rows_are_whole() {
    let pages: HashMap<String, String> = manual::pages().into_iter().collect();
    let link = regex::Regex::new(r"\]\(([^)#]*)(?:#([^)]*))?\)").unwrap();
    let mut links = 0;
    for (name, text) in &pages {
        for found in link.captures_iter(text) {
            let target = if found[1].is_empty() { name } else { &found[1] };
            let page = pages
                .get(target)
                .unwrap_or_else(|| panic!("{name}: {}", &found[0]));
            if let Some(anchor) = found.get(2) {
                let known = anchors(page);
                assert!(
                    known.contains(anchor.as_str()),
                    "{name}: {}: {known:?}",
                    &found[0]
                );
            }
            links += 1;
        }
        let mut columns = None;
        for line in text.lines() {
            let bars = line.replace("\\|", "").matches('|').count();
            if !line.starts_with('|') {
                columns = None;
                continue;
            }
            assert_eq!(*columns.get_or_insert(bars), bars, "{name}: {line}");
        }
    }
    assert!(links > 50);
}

#[test]
fn check_names_the_pages_that_are_stale() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("reference");
    let path = out.to_str().unwrap();
    let (code, _, said) = output(&["doc", "--check", "--out", path]);
    assert_eq!(code, Some(1));
    assert!(said.contains("kinds.md is missing"), "{said}");

    let (code, said, _) = output(&["doc", "--out", path]);
    assert_eq!(code, Some(0), "{said}");
    let (code, ..) = output(&["doc", "--check", "--out", path]);
    assert_eq!(code, Some(0));

    let units = out.join("units.md");
    let text = std::fs::read_to_string(&units).unwrap();
    std::fs::write(&units, text.replace("minute", "Minute")).unwrap();
    // a page of a module that is gone, and one that someone wrote
    std::fs::write(out.join("std_gone.md"), text).unwrap();
    std::fs::write(out.join("notes.md"), "mine").unwrap();
    let (code, _, said) = output(&["doc", "--check", "--out", path]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("units.md is out of date from line "),
        "{said}"
    );
    assert!(said.contains("std_gone.md is a page that"), "{said}");
    assert!(
        !said.contains("kinds.md") && !said.contains("notes.md"),
        "{said}"
    );

    let (code, said, _) = output(&["doc", "--out", path]);
    assert_eq!(code, Some(0));
    assert!(said.contains("2 changed"), "{said}");
    assert!(!out.join("std_gone.md").exists() && out.join("notes.md").exists());
    let (code, ..) = output(&["doc", "--check", "--out", path]);
    assert_eq!(code, Some(0));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().join("reference");
    let (code, _, said) = output(&["doc", "--out", path.to_str().unwrap()]);
    assert_eq!(code, Some(3));
    assert!(said.contains(path.to_str().unwrap()), "{said}");
}

#[test]
fn one_entry_on_the_terminal() {
    for (name, expected) in [
        ("phase", "several `load` blocks"),
        ("phase.rate", "`req/s` `req/min`"),
        ("expect", "never passes"),
        ("arrival", "load.arrival"),
        (
            "growth",
            "growth(sut.memory, from = baseline, to = cooldown)",
        ),
        ("case", "case.verdict"),
        ("case.feasible", "Whether it can work"),
        ("in", "\"part\" in text"),
        ("not in", "The opposite"),
        ("and", "is not read"),
        ("==", "a == none"),
        ("then", "if condition then a else b"),
        ("for", "several `for`"),
        ("suite", "local.smoke"),
        ("ttft", "Time to first token"),
        ("p99", "Needs 100 values"),
        ("failures.timeout", "`timeout`"),
        ("MiB", "1048576 B"),
        ("GB/s", "bandwidth"),
        ("std.engines", "engines.vllm"),
        ("engines.vllm", "tensor_parallel_size"),
        ("std.engines.vllm", "Constraints"),
        ("engines.vllm.max_model_len", "prompt and answer"),
        ("max_model_len", "engines.vllm.max_model_len"),
    ] {
        let (code, said, error) = output(&["doc", name]);
        assert_eq!(code, Some(0), "{name}: {error}");
        assert!(said.contains(expected), "{name}: {said}");
    }
    // both of what is called so
    let (_, said, _) = output(&["doc", "min"]);
    assert!(
        said.contains("(a builtin)") && said.contains("(a unit)"),
        "{said}"
    );
}

#[test]
fn a_name_that_is_not_there_gets_the_nearest() {
    for (name, near) in [
        ("phse", "phase"),
        ("server.modell", "server.model"),
        ("groth", "growth"),
        ("case.verdic", "case.verdict"),
        ("engines.vlm", "engines.vllm"),
        ("max_model_lenn", "max_model_len"),
    ] {
        let (code, _, said) = output(&["doc", name]);
        assert_eq!(code, Some(2), "{name}");
        assert!(said.contains(&format!("did you mean `{near}`?")), "{said}");
    }
    let (code, _, said) = output(&["doc", "qqqqqqqqqqqq"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("`phase.rate`"), "{said}");
}

#[test]
fn forms_of_expressions_are_written_as_the_manual_says() {
    use scn::schema::{NAMES, OPERATORS};
    for form in OPERATORS.iter().chain(NAMES) {
        for (text, what) in [
            (format!("scenario s {{\n{}\n}}\n", form.example), "example"),
            (
                form.written
                    .iter()
                    .map(|one| format!("let it = {one}\n"))
                    .collect(),
                "form",
            ),
        ] {
            let (_, found) = scn::syntax::parse(scn::source::FileId(0), &text);
            let wrong: Vec<_> = found.iter().filter(|d| d.code != "E0206").collect();
            assert!(wrong.is_empty(), "{what} {text}: {wrong:#?}");
        }
    }
}

/// What a case has by the evaluator, against what the manual lists.
#[test]
fn all_fields_of_a_case_are_in_the_manual() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.scn");
    let text = "use std.engines\nworkload w { prompt = \"x\", output = 4 }\nscenario s {\n server sut { engine = engines.builtin }\n phase a { workload = w, requests = 1, when = case.qqqqqqqq }\n expect ok: a.failed == 0\n}\n";
    std::fs::write(&path, text).unwrap();
    let (_, said, more) = output(&["lint", path.to_str().unwrap()]);
    let said = [said, more].concat().replace("\n        ", " ");
    let has = said.split("it has: ").nth(1).unwrap_or(&said);
    let has = has.lines().next().unwrap_or_default();
    assert!(!has.contains('…'), "{said}");
    let mut has: Vec<String> = has.split(", ").map(|one| format!("case.{one}")).collect();
    let fields = scn::schema::NAMES.iter().flat_map(|form| form.words);
    let mut known: Vec<String> = (fields.filter(|word| word.starts_with("case.")))
        .map(|word| (*word).to_string())
        .collect();
    has.sort();
    known.sort();
    assert_eq!(has, known, "{said}");
}
