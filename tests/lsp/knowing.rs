//! What is known of the things in a text.

use crate::client::{Client, cursor, edited, part};
use gen_lsp_types::{CompletionList, DocumentSymbol, Hover};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

const PACK: &str = "\
use std.engines
use \"./common.scn\"

## How many rounds.
param rounds = 4 * 6

let slow = common.limit

workload hello { prompt = \"hi\" }

## The base of all.
scenario base {
  matrix { tp = [1, 2] }
  server sut { engine = engines.builtin, options { ttft = 20ms } }
  phase steady { workload = hello, concurrency = tp, requests = rounds, quiesce = true }
  expect quick: steady.ttft.p95 <= slow
}

scenario more extends base {
  phase steady { requests = 99 }
  expect small: growth(sut.memory, from = steady, to = steady) <= 1MB # scn: allow(growth-backwards) because one phase is enough here
}
";

const COMMON: &str = "## As long as it may take.\nlet limit = 250ms\n";

fn pack() -> Client {
    let client = Client::ready();
    client.write("common.scn", COMMON);
    client
}

fn labels(client: &mut Client, marked: &str) -> Vec<String> {
    let (text, place) = cursor(marked);
    client.open("a.scn", &text);
    let params = client.at("a.scn", place);
    let list: CompletionList = client.typed("textDocument/completion", params);
    list.items.into_iter().map(|item| item.label).collect()
}

/// The text after the completion of that label was taken.
fn taken(client: &mut Client, marked: &str, label: &str) -> String {
    let list = client.ask_at("textDocument/completion", "a.scn", marked);
    let items = list["items"].as_array().unwrap().iter();
    let item = items.clone().find(|item| item["label"] == label);
    let item = item.unwrap_or_else(|| panic!("no {label} for {marked}: {list}"));
    edited(&cursor(marked).0, &json!([item["textEdit"]]))
}

#[track_caller]
fn has(found: &[String], some: &[&str], none: &[&str]) {
    for one in some {
        assert!(
            found.iter().any(|label| label == one),
            "no {one} in {found:?}"
        );
    }
    for one in none {
        assert!(
            !found.iter().any(|label| label == one),
            "{one} in {found:?}"
        );
    }
}

#[test]
fn completion_knows_what_may_stand_in_a_block() {
    let mut client = pack();
    let top = labels(&mut client, "|");
    has(
        &top,
        &["scenario", "use", "param", "model"],
        &["phase", "expect"],
    );
    let scenario = labels(&mut client, "scenario s {\n  timeout = 1h\n  ti|\n}\n");
    has(
        &scenario,
        &["tags", "phase", "matrix", "expect"],
        &["timeout", "use", "scenario"],
    );
    let phase = "scenario s { phase a { requests = 3, | } }";
    has(
        &labels(&mut client, phase),
        &["rate", "workload", "load"],
        &["requests", "layers"],
    );
    assert_eq!(
        taken(
            &mut client,
            "scenario s { phase a { conc| } }",
            "concurrency"
        ),
        "scenario s { phase a { concurrency =  } }"
    );
    // with a value there already, and in the middle of the word
    assert_eq!(
        taken(
            &mut client,
            "scenario s { phase a { conc| = 4 } }",
            "concurrency"
        ),
        "scenario s { phase a { concurrency = 4 } }"
    );
    let record = labels(&mut client, "scenario s { server a { model = { pa| } } }");
    has(&record, &["path", "layers"], &["phase", "let"]);
    let matrix = labels(&mut client, "scenario s { matrix { a = [1]\n | } }");
    has(&matrix, &["exclude", "let"], &["a", "expect"]);
    assert!(labels(&mut client, "# a comm|\n").is_empty());
}

#[test]
fn completion_knows_values_and_names() {
    let mut client = pack();
    let marked = PACK.replace("concurrency = tp", "concurrency = |");
    let names = labels(&mut client, &marked);
    has(
        &names,
        &["tp", "rounds", "slow", "sut", "steady", "common", "growth"],
        &["base", "quick"],
    );
    let marked = PACK.replace("workload = hello", "workload = |");
    assert_eq!(labels(&mut client, &marked)[0], "hello");
    let marked = "scenario s { phase a { arrival = | } }";
    has(
        &labels(&mut client, marked),
        &["poisson()", "constant()"],
        &[],
    );
    let marked = "model m { weights = \"b|\" }";
    has(&labels(&mut client, marked), &["bf16", "fp8"], &["growth"]);
    assert_eq!(
        taken(&mut client, marked, "bf16"),
        "model m { weights = \"bf16\" }"
    );
    let marked = "scenario s { phase a { measured = | } }";
    assert_eq!(labels(&mut client, marked)[..2], ["true", "false"]);
}

#[test]
fn completion_knows_units_figures_and_modules() {
    let mut client = pack();
    let units = labels(&mut client, "scenario s { phase a { idle = 10| } }");
    has(&units, &["s", "ms", "min"], &["MB", "req"]);
    let marked = "scenario s { phase a { rate = 50 req/| } }";
    has(
        &labels(&mut client, marked),
        &["req/s", "req/min"],
        &["MB/s"],
    );
    assert_eq!(
        taken(&mut client, marked, "req/s"),
        "scenario s { phase a { rate = 50 req/s } }"
    );
    has(
        &labels(&mut client, "let a = 3 |\nlet b = 2\n"),
        &["MB", "tok/s"],
        &[],
    );
    let figures = labels(&mut client, &PACK.replace("steady.ttft.p95", "steady.|"));
    has(
        &figures,
        &["ttft", "failures", "success_rate"],
        &["memory", "tp"],
    );
    let stats = labels(
        &mut client,
        &PACK.replace("steady.ttft.p95", "steady.ttft.|"),
    );
    has(&stats, &["p99", "mean"], &["ttft", "last"]);
    let series = labels(&mut client, &PACK.replace("sut.memory", "sut.|"));
    has(&series, &["memory", "gpu_memory", "roles"], &["ttft"]);
    let modules = labels(&mut client, "use std.|\n");
    has(&modules, &["engines", "models", "gpus"], &["std.engines"]);
    let engines = labels(&mut client, &PACK.replace("engines.builtin", "engines.|"));
    has(&engines, &["builtin"], &["hello"]);
    let own = labels(&mut client, &PACK.replace("common.limit", "common.|"));
    assert_eq!(own, ["limit"]);
    let options = labels(&mut client, &PACK.replace("ttft = 20ms", "ttft = 20ms, |"));
    has(&options, &["itl", "answer"], &["ttft", "timeout"]);
    let bases = labels(&mut client, &PACK.replace("extends base", "extends |"));
    has(&bases, &["base", "common"], &["hello", "more"]);
}

#[test]
fn hover_says_what_a_thing_is() {
    let mut client = pack();
    let mut hover = |marked: &str| {
        let (text, place) = cursor(marked);
        client.open("a.scn", &text);
        let params = client.at("a.scn", place);
        let hover: Option<Hover> = client.typed("textDocument/hover", params.clone());
        hover.unwrap_or_else(|| panic!("nothing for {marked}"));
        let hover = client.ok("textDocument/hover", params);
        let word = part(&text, &hover["range"]);
        (
            word,
            hover["contents"]["value"].as_str().unwrap().to_string(),
        )
    };
    for (written, marked, word, said) in [
        (
            "requests = rounds",
            "requests = rou|nds",
            "rounds",
            "value: `24`",
        ),
        (
            "requests = rounds",
            "requests = rou|nds",
            "rounds",
            "How many rounds.",
        ),
        (
            "requests = rounds",
            "requ|ests = rounds",
            "requests",
            "phase.requests",
        ),
        (
            "common.limit",
            "common.li|mit",
            "limit",
            "As long as it may take.",
        ),
        (
            "phase steady { workload",
            "ph|ase steady { workload",
            "phase",
            "a kind of block",
        ),
        ("extends base", "extends b|ase", "base", "The base of all."),
        ("tp = [1", "t|p = [1", "tp", "axis tp = [1, 2]"),
        ("ttft = 20ms", "tt|ft = 20ms", "ttft", "option ttft"),
        ("ttft = 20ms", "ttft = 20m|s", "20ms", "Dimension: duration"),
        (
            "steady.ttft.p95",
            "steady.tt|ft.p95",
            "ttft",
            "Time to first token",
        ),
        (
            "steady.ttft.p95",
            "steady.ttft.p|95",
            "p95",
            "Needs 20 values",
        ),
        (
            "steady.ttft.p95",
            "st|eady.ttft.p95",
            "steady",
            "phase steady",
        ),
        ("growth(sut.memory", "gro|wth(sut.memory", "growth", "floor"),
        (
            "growth(sut.memory",
            "growth(sut.mem|ory",
            "memory",
            "resident memory",
        ),
        (
            "use std.engines",
            "use std.eng|ines",
            "std.engines",
            "engines.builtin",
        ),
        ("expect quick", "exp|ect quick", "expect", "the case fails"),
    ] {
        let marked = PACK.replacen(written, marked, 1);
        let (of, text) = hover(&marked);
        assert_eq!(of, word, "{text}");
        assert!(text.contains(said), "{word}: {text}");
        assert!(!text.contains(".md"), "{text}");
    }
    let (_, text) = hover(
        "let key = secret(\"hun|ter2hunter2\")\nlet a = k|ey\n"
            .replacen('|', "", 1)
            .as_str(),
    );
    assert!(!text.contains("hunter2"), "{text}");
}

/// Where a place of the pack is defined: file and text.
fn definition(client: &mut Client, written: &str, marked: &str) -> (String, Value) {
    let marked = PACK.replacen(written, marked, 1);
    let place = client.ask_at("textDocument/definition", "a.scn", &marked);
    (
        place["uri"].as_str().expect("a place").to_string(),
        place["range"].clone(),
    )
}

#[test]
fn definitions_are_found_in_other_files_and_in_the_library() {
    let mut client = pack();
    let own = client.uri("a.scn");
    for (written, marked, line) in [
        ("requests = rounds", "requests = roun|ds", "param rounds"),
        ("concurrency = tp", "concurrency = t|p", "matrix { tp"),
        ("growth(sut", "growth(s|ut", "server sut"),
        ("from = steady", "from = ste|ady", "phase steady"),
        ("extends base", "extends bas|e", "scenario base"),
    ] {
        let (uri, range) = definition(&mut client, written, marked);
        let at = range["start"]["line"].as_u64().unwrap() as usize;
        assert_eq!(uri, own);
        let found = PACK.lines().nth(at).unwrap();
        assert!(found.contains(line), "{marked}: {found}");
    }
    let (uri, range) = definition(&mut client, "common.limit", "common.lim|it");
    assert_eq!(
        (uri, part(COMMON, &range)),
        (client.uri("common.scn"), "limit".into())
    );
    let (uri, _) = definition(&mut client, "common.limit", "com|mon.limit");
    assert_eq!(uri, client.uri("common.scn"));
    let (uri, range) = definition(&mut client, "engines.builtin", "engines.buil|tin");
    let path = url::Url::parse(&uri).unwrap().to_file_path().unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(part(&text, &range), "builtin");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o222, 0, "read-only");
    // it is shown, and nobody is to mend it
    let name = path
        .strip_prefix(client.path(""))
        .unwrap()
        .to_str()
        .unwrap()
        .to_string();
    client.open(&name, &text);
    assert_eq!(client.findings(&name, Some(1)), [] as [Value; 0]);
}

#[test]
fn references_are_found_in_every_file() {
    let mut client = pack();
    client.write(
        "b.scn",
        "use \"./common.scn\" as other\nlet twice = 2 * other.limit\n",
    );
    client.open("a.scn", PACK);
    let (_, place) = cursor(&PACK.replace("common.limit", "common.li|mit"));
    let mut params = client.at("a.scn", place);
    params["context"] = json!({ "includeDeclaration": true });
    let files = |found: &Value| {
        let found = found.as_array().unwrap().iter();
        let mut files: Vec<String> = found
            .map(|one| {
                one["uri"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap()
                    .into()
            })
            .collect();
        files.sort();
        files
    };
    let found = client.ok("textDocument/references", params.clone());
    assert_eq!(files(&found), ["a.scn", "b.scn", "common.scn"]);
    params["context"] = json!({ "includeDeclaration": false });
    let found = client.ok("textDocument/references", params);
    assert_eq!(files(&found), ["a.scn", "b.scn"]);
}

fn rename(client: &mut Client, marked: &str, new: &str) -> Value {
    let (text, place) = cursor(marked);
    client.open("a.scn", &text);
    let mut params = client.at("a.scn", place);
    params["newName"] = json!(new);
    client.ask("textDocument/rename", params)
}

#[test]
fn a_name_is_renamed_wherever_it_is_said() {
    let mut client = pack();
    client.write(
        "b.scn",
        "use \"./common.scn\" as other\nlet twice = 2 * other.limit\n",
    );
    let a = client.uri("a.scn");
    let at = |written: &str, marked: &str| PACK.replacen(written, marked, 1);
    // what a scenario takes over and changes goes by the same name
    let changed = rename(&mut client, &at("steady.ttft", "ste|ady.ttft"), "load");
    let text = edited(PACK, &changed["result"]["changes"][&a]);
    assert_eq!(text, PACK.replace("steady", "load"));
    for (written, marked, old) in [
        ("matrix { tp", "matrix { t|p", "tp"),
        ("param rounds", "param roun|ds", "rounds"),
        ("let slow", "let sl|ow", "slow"),
    ] {
        let changed = rename(&mut client, &at(written, marked), "renamed");
        let text = edited(PACK, &changed["result"]["changes"][&a]);
        let words = |text: &str, word: &str| {
            let part = |c: char| !c.is_ascii_alphanumeric() && c != '_';
            text.split(part).filter(|one| *one == word).count()
        };
        assert_eq!(words(&text, "renamed"), 2, "{text}");
        assert_eq!(words(&text, old), words(PACK, old) - 2, "{text}");
    }
    let changed = rename(&mut client, &at("common.limit", "common.li|mit"), "bound");
    let changes = changed["result"]["changes"].as_object().unwrap();
    assert_eq!(changes.len(), 3, "{changes:?}");
    let common = edited(COMMON, &changes[&client.uri("common.scn")]);
    assert_eq!(common, COMMON.replace("limit", "bound"));
    let params = client.at("a.scn", cursor(&at("param rounds", "param roun|ds")).1);
    let prepared = client.ok("textDocument/prepareRename", params);
    assert_eq!(prepared["placeholder"], "rounds");
}

#[test]
fn a_rename_that_would_break_something_is_refused() {
    let mut client = pack();
    let at = |written: &str, marked: &str| PACK.replacen(written, marked, 1);
    for (marked, new, why) in [
        (at("param rounds", "param roun|ds"), "slow", "taken"),
        (
            at("param rounds", "param roun|ds"),
            "tp",
            "already means something",
        ),
        (
            at("matrix { tp", "matrix { t|p"),
            "rounds",
            "already means something",
        ),
        (
            at("param rounds", "param roun|ds"),
            "when",
            "word of the language",
        ),
        (
            at("param rounds", "param roun|ds"),
            "2x",
            "cannot be a name",
        ),
        (
            at("engines.builtin", "engines.buil|tin"),
            "x",
            "standard library",
        ),
        (at("engines.builtin", "eng|ines.builtin"), "x", "as engines"),
        (at("param rounds", "par|am rounds"), "x", "nothing"),
    ] {
        let answer = rename(&mut client, &marked, new);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(why), "{new}: {answer}");
    }
    // and what was tried has left no trace
    client.change("a.scn", 9, PACK);
    assert_eq!(client.findings("a.scn", Some(9)), [] as [Value; 0]);
}

/// What is written apart stays apart: nothing takes the place of what a base defines.
#[test]
fn a_rename_that_would_change_what_a_name_means_is_refused() {
    const BASE: &str = "use std.engines\nlet limit = 250ms\nworkload w { prompt = \"x\", output = 8 }\n\
        scenario base {\n  server sut { engine = engines.builtin }\n  let slow = 2s\n  \
        phase steady { workload = w, requests = 99 }\n  expect quick: steady.ttft.p95 <= limit\n  \
        report table { columns = [steady.ttft.p50], to = \"a.csv\" }\n}\n";
    const NEXT: &str = "use \"./base.scn\"\nlet bound = 1s\nscenario next extends base.base {\n  \
        server other { engine = base.engines.builtin }\n  \
        phase load { workload = base.w, requests = 99, server = sut }\n  let fast = 1s\n  \
        expect well: load.ttft.p95 <= fast\n  expect early: steady.ttft.p95 <= bound\n  \
        report rows { columns = [load.ttft.p50], to = \"b.csv\" }\n}\n";
    let next = NEXT.replace("base.engines.builtin", "engines.builtin");
    let next = format!("use std.engines\n{next}");
    let mut client = Client::ready();
    client.write("base.scn", BASE);
    let mut refused = |written: &str, marked: &str, new: &str, why: &str| {
        let marked = next.replacen(written, marked, 1);
        assert!(marked.contains('|'), "{written}");
        let answer = rename(&mut client, &marked, new);
        let message = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(message.contains(why), "{marked} {new}: {answer}");
    };
    let place = "would take the place of what";
    // its own things, by the names of its base's
    refused("phase load", "phase lo|ad", "steady", place);
    refused("load.ttft", "lo|ad.ttft", "steady", place);
    refused("server other", "server oth|er", "sut", place);
    refused("let fast", "let fa|st", "slow", place);
    refused("expect well", "expect we|ll", "quick", place);
    refused("report rows", "report ro|ws", "table", place);
    // its base's, by the names of its own
    refused("steady.ttft", "stead|y.ttft", "load", place);
    refused("server = sut", "server = s|ut", "other", place);
    // one of another kind
    refused(
        "phase load",
        "phase lo|ad",
        "sut",
        "already means something",
    );
    refused(
        "phase load",
        "phase lo|ad",
        "slow",
        "already means something",
    );
    // and what is in sight
    refused(
        "phase load",
        "phase lo|ad",
        "bound",
        "already means something",
    );
    refused(
        "let bound",
        "let bo|und",
        "steady",
        "already means something",
    );
    refused("let bound", "let bo|und", "engines", "taken");
    // where nothing is in the way, all of a name goes along
    let answer = rename(
        &mut client,
        &next.replacen("phase load", "phase lo|ad", 1),
        "busy",
    );
    let text = edited(&next, &answer["result"]["changes"][client.uri("a.scn")]);
    assert_eq!(text.matches("busy").count(), 3, "{answer}");
    client.write("c.scn", "use \"./base.scn\"\nscenario c extends base.base {\n  report table { format = \"csv\" }\n}\n");
    let (text, place) = cursor(&BASE.replace("report table", "report ta|ble"));
    client.open("base.scn", &text);
    let mut params = client.at("base.scn", place);
    params["newName"] = json!("figures");
    let changes = client.ok("textDocument/rename", params);
    assert_eq!(
        changes["changes"].as_object().unwrap().len(),
        2,
        "{changes}"
    );
}

#[test]
fn the_outline_has_definitions_and_what_is_in_them() {
    let mut client = pack();
    client.open("a.scn", PACK);
    let params = json!({ "textDocument": { "uri": client.uri("a.scn") } });
    let symbols: Vec<DocumentSymbol> = client.typed("textDocument/documentSymbol", params);
    let names: Vec<&str> = symbols.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "engines", "common", "rounds", "slow", "hello", "base", "more"
        ]
    );
    let base = symbols[5].children.as_ref().unwrap();
    let inner: Vec<&str> = base.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(inner, ["matrix", "sut", "steady", "quick"]);
    for one in symbols.iter().chain(base) {
        let (range, own) = (&one.range, &one.selection_range);
        let at = |p: &gen_lsp_types::Position| (p.line, p.character);
        assert!(
            at(&range.start) <= at(&own.start) && at(&own.end) <= at(&range.end),
            "{one:?}"
        );
    }
}

/// A case that `at` stands for has the phases and servers of its scenario, by their names.
#[test]
fn what_another_case_has_is_known() {
    let text = "use std.engines\nworkload w { prompt = \"hi\" }\nscenario s {\n  \
        matrix { tp = [1, 2] }\n  server sut { engine = engines.builtin }\n  \
        phase steady { workload = w, requests = 100 * tp }\n  phase round { workload = w, requests = 99 }\n  \
        let other = at(tp = 2)\n  expect a: at(tp = 2).steady.ttft.p50 <= other.steady.ttft.p50\n  \
        expect b: at(tp = 2).sut.memory.max <= 1GB\n  \
        report r { columns = [round.ttft.p50, at(tp = 1).round.ttft.p50], to = \"r.csv\" }\n}\n";
    let mut client = Client::ready();
    let found = labels(
        &mut client,
        &text.replace("at(tp = 2).sut", "at(tp = 2).|sut"),
    );
    has(
        &found,
        &["steady", "round", "sut", "feasible"],
        &["tp", "w"],
    );
    for (name, times) in [("steady", 3), ("sut", 2), ("round", 3), ("tp", 6)] {
        let (_, place) = cursor(&text.replacen(&format!(" {name} "), &format!(" |{name} "), 1));
        client.open("b.scn", text);
        let mut params = client.at("b.scn", place);
        params["newName"] = json!("another");
        let edits = client.ok("textDocument/rename", params);
        let edits = &edits["changes"][client.uri("b.scn")];
        assert_eq!(edits.as_array().unwrap().len(), times, "{name}: {edits}");
    }
}

/// What looks at a whole file for each place in it takes minutes here, and less than the patience of
/// the client otherwise.
#[test]
fn very_many_places_are_found_and_renamed() {
    // findings are not what is looked at
    let mut client = Client::pausing(600_000);
    let lines = |n: usize, each: &dyn Fn(usize) -> String| (0..n).map(each).collect::<String>();
    for (name, many, text) in [
        (
            "after.scn",
            20_000,
            lines(20_000, &|n| format!("let a{n} = known\n")) + "let known = 1\n",
        ),
        (
            "line.scn",
            40_000,
            format!("let known = 1\nlet a = [{}]\n", "known, ".repeat(40_000)),
        ),
        (
            "phase.scn",
            2000,
            format!(
                "use std.engines\nscenario s {{\nserver sut {{ engine = engines.builtin }}\n\
                 phase known {{ idle = 1s }}\n{}}}\n",
                lines(2000, &|n| format!("expect c{n}: known.ttft.p50 <= 20ms\n"))
            ),
        ),
    ] {
        client.open(name, &text);
        let defined = text
            .lines()
            .position(|l| l.contains("let known") || l.contains("phase known"));
        let defined = defined.unwrap();
        let column = text.lines().nth(defined).unwrap().find("known").unwrap();
        let mut params = client.at(name, (defined as u32, column as u32));
        params["context"] = json!({ "includeDeclaration": true });
        let found = client.ok("textDocument/references", params.clone());
        assert_eq!(found.as_array().unwrap().len(), many + 1, "{name}");
        params["newName"] = json!("other");
        let edits = client.ok("textDocument/rename", params);
        let edits = edits["changes"][client.uri(name)].as_array().unwrap().len();
        assert_eq!(edits, many + 1, "{name}");
        let closed = json!({ "textDocument": { "uri": client.uri(name) } });
        client.notify("textDocument/didClose", closed);
    }
}

/// Of very many names those are offered that go on as the word at hand; the others come with other
/// letters. The outline has all.
#[test]
fn of_very_many_names_some_are_offered() {
    let mut client = Client::ready();
    let lets: String = (0..3000).map(|n| format!("let x{n} = {n}\n")).collect();
    let offered = |client: &mut Client, word: &str| -> (Vec<String>, bool) {
        let marked = format!("{lets}let far_away = 1\nlet y = {word}|\n");
        let list = client.ask_at("textDocument/completion", "a.scn", &marked);
        let items = list["items"].as_array().unwrap();
        let labels = items
            .iter()
            .map(|item| item["label"].as_str().unwrap().to_owned());
        (labels.collect(), list["isIncomplete"] == true)
    };
    let (labels, more) = offered(&mut client, "");
    assert_eq!((labels.len(), more), (500, true));
    let (labels, more) = offered(&mut client, "x2999");
    assert_eq!((labels, more), (vec!["x2999".into()], true));
    let (labels, _) = offered(&mut client, "faw");
    assert!(labels.contains(&"far_away".into()), "{labels:?}");
    // what begins as the word comes before what only holds its letters
    let (labels, _) = offered(&mut client, "x");
    assert_eq!(labels.len(), 500);
    assert!(
        labels.iter().all(|label| label.starts_with('x')),
        "{labels:?}"
    );
    let document = json!({ "textDocument": { "uri": client.uri("a.scn") } });
    let outline = client.ok("textDocument/documentSymbol", document);
    assert_eq!(outline.as_array().unwrap().len(), 3002);
}

/// A check goes by its name where another scenario replaces it.
#[test]
fn a_check_is_named_where_it_is_replaced() {
    let mut client = Client::ready();
    let text = "use std.engines\nworkload w { prompt = \"x\", output = 8 }\nscenario base {\n  \
        server sut { engine = engines.builtin }\n  phase p { workload = w, requests = 30 }\n  \
        expect whole: p.failed == 0\n}\nscenario next extends base {\n  expect who|le: p.failed <= 1\n}\n\
        scenario other {\n  server sut { engine = engines.builtin }\n  phase p { workload = w, requests = 30 }\n  \
        expect whole: p.failed == 0\n}\n";
    let (text, place) = cursor(text);
    client.open("a.scn", &text);
    let mut params = client.at("a.scn", place);
    params["context"] = json!({ "includeDeclaration": true });
    let found = client.ok("textDocument/references", params);
    let lines: Vec<&Value> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["range"]["start"]["line"])
        .collect();
    assert_eq!(lines, [5, 8]);
    let mut params = client.at("a.scn", place);
    params["newName"] = json!("complete");
    let edits = client.ok("textDocument/rename", params);
    let edits = &edits["changes"][client.uri("a.scn")];
    let renamed = edited(&text, edits);
    assert_eq!(renamed.matches("expect complete:").count(), 2, "{renamed}");
    assert_eq!(renamed.matches("expect whole:").count(), 1, "{renamed}");
}
