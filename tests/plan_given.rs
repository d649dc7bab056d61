//! What `scn plan` says of parameters and of the suite, and which values a parameter takes.

use std::path::Path;
use std::process::{Command, Output};

const PACK: &str = r#"use "./common.scn" as common
use std.engines

param rounds = 12
param waits = [1s, 2s]
param layout = { tp = 1 }
param token = secret("a-first-token")

workload hello { prompt = "Say hello.", output = 16 }

scenario late {
  matrix { m = ["org/a", "b"], wait = waits }
  name = "${m} ${wait}"
  server sut { engine = engines.builtin, layout { tp = layout.tp }, api_key = token }
  phase steady { workload = hello, requests = 10 * rounds * common.rounds, think = wait }
  expect answered: steady.success_rate >= 99%
  report one { columns = [case.name], each = "case", to = "${case.name}.csv" }
}

scenario early {
  server sut { engine = engines.builtin }
  phase steady { workload = hello, requests = 10 }
  expect answered: steady.success_rate >= 99%
}

suite nightly { scenarios = [late, early], gpus = 2, timeout = 90min, stop_early = true }
"#;

fn scn(folder: &Path, args: &[&str]) -> Output {
    std::fs::write(folder.join("common.scn"), "param rounds = 3\n").unwrap();
    std::fs::write(folder.join("pack.scn"), PACK).unwrap();
    Command::new(env!("CARGO_BIN_EXE_scn"))
        .args(args)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_plan_says_what_was_given_and_what_the_suite_allows() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("ci.yaml"), "waits: [1s, 3s]\nlayout: {tp: 2}\n").unwrap();
    let args = [
        "plan",
        "pack.scn",
        "--suite",
        "nightly",
        "--params",
        "ci.yaml",
        "-p",
        "common.rounds=4",
        "-p",
        "token=a-given-token",
        "--allow",
        "few-requests",
    ];
    let page = scn(folder, &args);
    let said = text(&page.stdout);
    for line in [
        "  suite  nightly: 2 GPUs; at most 1 h 30 min in all; ends after the first scenario that fails\n",
        "    rounds         12 (default)\n",
        "    common.rounds  4 (-p)\n",
        "    waits          [1 s, 3 s] (ci.yaml)\n",
        "    layout         {tp=2} (ci.yaml)\n",
        "    token          *** (-p)\n",
    ] {
        assert!(
            said.contains(line),
            "{line:?} is not in {said}{}",
            text(&page.stderr)
        );
    }
    let json = scn(folder, &[&args[..], &["--json", "-"]].concat());
    let json = text(&json.stdout);
    assert!(
        !said.contains("a-given-token") && !json.contains("a-given-token"),
        "{said}{json}"
    );
    let plan: serde_json::Value = serde_json::from_str(&json).unwrap();
    let params = plan["params"].as_array().unwrap();
    let of = |name: &str| params.iter().find(|param| param["name"] == name).unwrap();
    let (waits, rounds) = (of("waits"), of("common.rounds"));
    assert_eq!(
        (&waits["from"], &waits["file"]),
        (&"file".into(), &"ci.yaml".into())
    );
    assert_eq!(
        (&rounds["value"], &rounds["from"]),
        (&"4".into(), &"option".into())
    );
    assert_eq!(
        (&of("token")["value"], &of("rounds")["from"]),
        (&"***".into(), &"default".into())
    );
    let suite = serde_json::json!({
        "name": "nightly", "gpus": 2, "timeout_s": 5400.0, "stop_early": true,
    });
    assert_eq!(plan["suite"], suite);
    // in the order in which the suite names them
    let launches = plan["launches"].as_array().unwrap().iter();
    let order: Vec<&str> = launches
        .filter_map(|l| l["cases"][0]["scenario"].as_str())
        .collect();
    assert_eq!(order, ["late", "early"]);
}

#[test]
fn a_case_whose_name_has_a_slash_makes_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let plan = text(&scn(folder.path(), &["plan", "pack.scn", "--json", "-"]).stdout);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let cases = plan["cases"].as_array().unwrap().iter();
    let late = cases.filter(|case| case["scenario"] == "late");
    let paths: Vec<(&str, &str)> = late
        .map(|case| {
            let to = case["reports"][0]["to"][0].as_str().unwrap();
            (case["id"].as_str().unwrap(), to)
        })
        .collect();
    let [(slash, made), _, (plain, kept), _] = paths.as_slice() else {
        panic!("{paths:?}");
    };
    let name = scn::store::folder_name(slash);
    assert_eq!(
        (*slash, *made),
        ("org/a 1 s", format!("{name}.csv").as_str())
    );
    assert!(!made.contains('/'), "{made}");
    assert_eq!((*plain, *kept), ("b 1 s", "b 1 s.csv"));
}

#[test]
fn entries_of_a_list_are_of_the_type_of_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (given, why) in [
        (
            "waits=[1s, 2]",
            "`waits[1]` is a bare number, and not a duration",
        ),
        ("waits=[\"1s\"]", "`waits[0]` is a text, and not a duration"),
        (
            "layout={ tp = \"two\" }",
            "`layout.tp` is a text, and not a bare number",
        ),
    ] {
        let output = scn(folder, &["plan", "pack.scn", "-p", given]);
        let said = text(&output.stderr).replace("\n  │", "");
        assert!(
            said.contains(why) && said.contains("pack.scn:"),
            "{given}: {said}"
        );
        assert_eq!(output.status.code(), Some(2), "{given}");
    }
    std::fs::write(folder.join("ci.toml"), "waits = ['1s', 'soon']\n").unwrap();
    let output = scn(folder, &["plan", "pack.scn", "--params", "ci.toml"]);
    let said = text(&output.stderr).replace("\n  │", "");
    assert!(
        said.contains("`waits[1]` is a text") && said.contains("ci.toml"),
        "{said}"
    );
}

#[test]
fn all_that_is_wrong_with_parameters_is_said_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let file = "waits = ['x']\nlimt = 3\nrounds = 'many'\nrouns = 1\n[common]\nrounds = 'few'\n";
    std::fs::write(folder.join("ci.toml"), file).unwrap();
    std::fs::write(folder.join("ci.yaml"), "layout: null\ntoken: null\n").unwrap();
    let args = [
        "plan",
        "pack.scn",
        "--params",
        "ci.toml",
        "--params",
        "ci.yaml",
        "-p",
        "rounds=no",
        "-p",
        "foo",
        "-p",
        "bar=1",
    ];
    let output = scn(folder, &args);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr) + &text(&output.stdout);
    let said = said.replace("\n  │ ", " ");
    for part in [
        "error: `ci.toml:2`: there is no param `limt`",
        "error: `ci.toml:4`: there is no param `rouns`; did you mean `rounds`?",
        "error: `ci.yaml:1`: `layout` is null",
        "error: `ci.yaml:2`: `token` is null",
        "error: `-p foo`: write `-p name=value`",
        "error: there is no param `bar`",
        "`waits = [\"x\"]` in `ci.toml:1` does not fit",
        "`rounds = many` in `ci.toml:3` does not fit",
        "`common.rounds = few` in `ci.toml:6` does not fit",
        "`-p rounds=no` does not fit",
    ] {
        assert!(said.contains(part), "{part}\n{said}");
    }
    // without one that has a place in the scenario, each still has a line of its own
    std::fs::write(folder.join("ci.toml"), "limt = 3\nrouns = 1\n").unwrap();
    let output = scn(folder, &args[..4]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stderr).matches("error: ").count(), 2);
}
