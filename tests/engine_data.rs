//! Engines are data: no code knows one by name, and what a block says of the built-in engine's
//! options is what its command line takes.

use clap::Parser;
use scn::syntax::ast::{Block, ItemKind};
use std::path::Path;
use std::process::Command;

#[derive(Parser)]
struct Serve {
    #[command(flatten)]
    args: scn::mock::ServeArgs,
}

/// The command that `scn plan` shows for a server of the built-in engine with one option.
fn words(option: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "use std.engines\nworkload w {{ prompt = \"hi\" }}\nscenario s {{\n  \
         server sut {{ engine = engines.builtin, options {{ {option} }} }}\n  \
         phase a {{ workload = w, requests = 1 }}\n}}\n"
    );
    std::fs::write(folder.path().join("s.scn"), text).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(["plan", "s.scn", "--json", "-"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{option}: {output:?}");
    let plan: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let command = find(&plan, "command").expect("a command");
    let words = command.as_array().unwrap().iter();
    let words = words.map(|word| word.as_str().unwrap().replace("{port}", "0"));
    words.skip(1).collect()
}

/// The first field of that name, wherever it stands.
fn find<'v>(value: &'v serde_json::Value, name: &str) -> Option<&'v serde_json::Value> {
    match value {
        serde_json::Value::Object(fields) => fields
            .get(name)
            .filter(|found| found.is_array())
            .or_else(|| fields.values().find_map(|value| find(value, name))),
        serde_json::Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

fn builtin() -> Block {
    let files = scn::stdlib::module("engines");
    let (_, text) = files
        .iter()
        .find(|(path, _)| path.ends_with("/builtin.scn"))
        .unwrap();
    let (ast, found) = scn::syntax::parse(Default::default(), text);
    assert!(found.is_empty());
    let item = ast.items.into_iter().next().unwrap();
    let ItemKind::Block(block) = item.kind else {
        panic!("one block");
    };
    block
}

/// The text of an option's attribute, where it has that.
fn attribute(option: &Block, name: &str) -> Option<String> {
    let files = scn::stdlib::module("engines");
    let text = files
        .iter()
        .find(|(path, _)| path.ends_with("/builtin.scn"))?
        .1;
    option.body.iter().find_map(|item| match &item.kind {
        ItemKind::Attr(attr) if attr.name.text == name => {
            let span = attr.value.span;
            Some(text[span.start as usize..span.end as usize].to_string())
        }
        _ => None,
    })
}

/// The number of a flag's word, moved by so much: `100%` is passed as `1`.
fn moved(word: &str, by: f64) -> String {
    let end = word
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(word.len());
    let number: f64 = word[..end].parse().unwrap();
    format!("{}{}", number + by, &word[end..])
}

#[test]
fn the_bounds_of_options_are_those_of_the_command_line() {
    let mut seen = 0;
    for item in builtin().body {
        let ItemKind::Block(option) = item.kind else {
            continue;
        };
        for (bound, outside) in [("min", -1.0), ("max", 1.0)] {
            let Some(value) = attribute(&option, bound) else {
                continue;
            };
            let name = &option.name.as_ref().unwrap().text;
            let mut words = words(&format!("{name} = {value}"));
            let parse = |words: &[String]| Serve::try_parse_from(words).map(|_| ());
            parse(&words).unwrap_or_else(|e| panic!("{name} = {value}: {e}"));
            let flag = format!("--{}", name.replace('_', "-"));
            let at = words.iter().position(|word| *word == flag).expect(&flag) + 1;
            let value = moved(&words.remove(at), outside);
            words[at - 1] = format!("{flag}={value}");
            let refused = parse(&words).expect_err(&format!("{words:?}"));
            assert!(refused.to_string().contains(&flag), "{refused}");
            seen += 1;
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn quantities_are_passed_as_the_command_line_reads_them() {
    let serve = |option: &str| Serve::try_parse_from(words(option)).unwrap().args;
    assert_eq!(serve("leak = 1.5MB/req").faults.leak, Some(1_500_000));
    assert_eq!(
        serve("grow_at_start = 64KiB").faults.grow_at_start,
        Some(65_536)
    );
    assert_eq!(serve("fail_rate = 12.5%").faults.fail_rate, 0.125);
    assert_eq!(serve("ttft = 1.5ms").timing.ttft.as_micros(), 1500);
}

/// Files of the program proper: what tests give as examples, and what the built-in engine
/// imitates, may have names.
fn sources(folder: &Path, out: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "mock" {
            sources(&path, out);
        } else if name.ends_with(".rs") && !name.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text.split("#[cfg(test)]").next().unwrap();
            // a rule's head comment is its page, whose examples start an engine
            let is_page = |line: &&str| {
                path.parent().unwrap().ends_with("lint/rules") && line.starts_with("//!")
            };
            let text: Vec<&str> = text.lines().filter(|line| !is_page(line)).collect();
            out.push((path.display().to_string(), text.join("\n")));
        }
    }
}

#[test]
fn no_code_knows_an_engine_by_name() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 50);
    let mut engines = 0;
    for (path, _) in scn::stdlib::module("engines") {
        let name = path
            .rsplit('/')
            .next()
            .unwrap()
            .strip_suffix(".scn")
            .unwrap();
        // this program's own
        if name == "builtin" {
            continue;
        }
        engines += 1;
        for (file, text) in &files {
            for form in [format!("\"{name}\""), format!("engines.{name}")] {
                assert!(!text.contains(&form), "{file} has {form}");
            }
            // a protocol is called as one engine, and a word of a sentence as another
            let common = matches!(name, "openai" | "transformers");
            let first = name.split('_').next().unwrap();
            assert!(
                common || !text.to_lowercase().contains(first),
                "{file} names {name}"
            );
        }
    }
    assert!(engines >= 5);
}

#[test]
fn one_engine_serves_a_bare_url() {
    let files = scn::stdlib::module("engines");
    let said = files
        .iter()
        .filter(|(_, text)| text.contains("for_url = true"));
    assert_eq!(said.count(), 1);
}

#[test]
fn a_build_of_no_release_has_no_version_to_know_its_metrics_by() {
    let told = |engine: &str, text: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib/engines");
        let block = std::fs::read_to_string(folder.join(engine)).unwrap();
        let (_, version) = block.split_once("  version ").unwrap();
        let (_, pattern) = version.split_once("pattern = '").unwrap();
        let (pattern, _) = pattern.split_once('\'').unwrap();
        let pattern = regex::Regex::new(pattern).unwrap();
        let found = pattern.captures(text)?.get(1)?;
        Some(found.as_str().to_string())
    };
    let some = |version: &str| Some(version.to_string());
    let vllm = |version: &str| {
        let asked = told("vllm.scn", &format!("{{\"version\":\"{version}\"}}"));
        let printed = told("vllm.scn", &format!("INFO 01-01 of 2.5\nv{version}\n"));
        assert_eq!(asked, printed, "{version}");
        asked
    };
    for version in ["0.2.3", "0.10.2", "0.33.0+cpu", "1.0", "0.9.2rc1"] {
        assert_eq!(vllm(version), some(version));
    }
    assert_eq!(vllm("0.1.dev1+g1234567"), None);
    let sglang = |version: &str| {
        let answer = format!("{{\"tp_size\":1,\"version\":\"{version}\"}}");
        told("sglang.scn", &answer)
    };
    for version in ["0.4.1.post7", "0.5.23", "1.0"] {
        assert_eq!(sglang(version), some(version));
    }
    assert_eq!(sglang("0.0.0.dev0"), None);
}
