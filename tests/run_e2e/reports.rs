//! Reports of parts of a run: what each file tells of, series, transcripts, recommendations, the
//! environment; and the same bytes from the folder.

use crate::support::*;
use std::collections::BTreeMap;
use std::path::Path;

fn texts(folder: &Path) -> BTreeMap<String, String> {
    let read = |name: &String| {
        let text = std::fs::read_to_string(folder.join(name)).expect("a text");
        (name.clone(), text)
    };
    files(folder).iter().map(read).collect()
}

const BODY: &str = r#"
  matrix { n = [1, 2] }
  phase warmup { workload = ask, requests = 2, measured = false }
  phase bench  { workload = ask, requests = 4, concurrency = n, repeat = 2, quiesce = true }
  phase mixed {
    load a { workload = ask, requests = 3 }
    load b { workload = ask, requests = 2 }
  }
  expect ok: bench.completed == 8
  warn right: mixed.accept_rate == 100%
  rank best { highest = n * bench.completed }
  report table extends reports.bench_table {
    phase = bench, each = "case", note = "n is ${n}", to = ["tables/${n}.md", "github:summary"]
  }
  report choice extends reports.recommendation {}
  report said extends reports.transcript {}
  report machine extends reports.environment {}
  report machine_json { format = "environment", to = "machine.json" }
  report page extends reports.multimodal {}
  report readings {
    each = "round", series = [sut.memory, phase.requests, sut.gpu_memory], to = "readings/${n}_${phase.name}_${round}.csv"
  }
  report series { each = "phase", series = [mixed.a.requests], note = "of ${n}", to = "series/${n}_${phase.name}.json" }
  report rounds { each = "round", columns = [phase.name, round, phase.requests], to = "rounds/${n}_${phase.name}_${round}.csv" }
  report phases { each = "phase", format = "json", to = "phases/${n}_${phase.name}.json" }
  report forms { columns = { n = n, answered = bench.completed }, to = ["forms.json", "forms.md", "forms.csv"] }
  report shared { each = "server", columns = [case.name, bench.completed], to = "shared.csv" }
"#;

fn ran() -> (Ran, BTreeMap<String, String>, String) {
    let workload = "workload ask {
      rows   = [{ q = \"Capital of France?\" }, { q = \"Capital of Peru?\" }]
      prompt = row.q, output = 4, accept = contains_any(answer, [\"paris\"])
    }\n";
    let text = format!(
        "{workload}{}",
        scenario("s", "answer = \"Paris it is\"", BODY)
    );
    let pack = Pack::new(&text);
    let summary = pack.path().join("step.md");
    let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
    command.env("GITHUB_STEP_SUMMARY", &summary);
    let ran = pack.ran(command).exits(0);
    let first = texts(&ran.folder.join("reports"));
    let step = std::fs::read_to_string(summary).unwrap();
    // from the folder alone the same is written
    std::fs::remove_dir_all(ran.folder.join("reports")).unwrap();
    pack.ran(pack.scn(&["report", "out"])).exits(0);
    let again = texts(&ran.folder.join("reports"));
    assert_eq!(first, again);
    (ran, first, step)
}

#[test]
fn every_file_tells_of_its_part_alone() {
    let (_ran, files, step) = ran();
    let names = |under: &str| -> Vec<&str> {
        let names = files.keys().filter_map(|name| name.strip_prefix(under));
        names.collect()
    };
    assert_eq!(names("tables/"), ["1.md", "2.md"]);
    // each file has the format of its ending
    assert_eq!(files["forms.csv"], "n,answered (req)\n1,8\n2,8\n");
    let table = &files["forms.md"];
    assert!(table.starts_with("|    n | answered |"), "{table}");
    let rows: serde_json::Value = serde_json::from_str(&files["forms.json"]).unwrap();
    let expected = serde_json::json!([
        { "n": 1, "answered (req)": 8 }, { "n": 2, "answered (req)": 8 },
    ]);
    assert_eq!(rows, expected);
    let rounds = [
        "1_bench_0.csv",
        "1_bench_1.csv",
        "1_mixed_0.csv",
        "2_bench_0.csv",
        "2_bench_1.csv",
        "2_mixed_0.csv",
    ];
    assert_eq!(names("rounds/"), rounds);
    assert_eq!(names("readings/"), rounds);
    assert_eq!(
        files["rounds/2_bench_1.csv"],
        "phase.name,round,phase.requests (req)\nbench,1,4\n"
    );
    // cases that share a server are rows of one file
    assert_eq!(
        files["shared.csv"],
        "case.name,bench.completed (req)\nn=1,8\nn=2,8\n"
    );
    let phases: serde_json::Value = serde_json::from_str(&files["phases/2_mixed.json"]).unwrap();
    let [case] = phases["cases"].as_array().unwrap().as_slice() else {
        panic!("{phases:#}")
    };
    assert_eq!(case["case"], "n=2");
    assert_eq!(case["phases"].as_array().unwrap().len(), 1);
    assert_eq!(case["phases"][0]["name"], "mixed");

    let table = &files["tables/1.md"];
    assert_eq!(
        table.lines().next().unwrap().matches('|').count(),
        12,
        "{table}"
    );
    assert!(table.contains("n=1") && !table.contains("n=2"), "{table}");
    assert!(table.ends_with("\nn is 1\n"), "{table}");
    // each is a page of the step summary
    assert!(step.contains("n is 1") && step.contains("n is 2"), "{step}");
    assert_eq!(step.matches("input throughput").count(), 2, "{step}");
}

#[test]
fn series_are_rows_of_time_and_value_in_their_time() {
    let (ran, files, _) = ran();
    let case = ran.case("s/n=2");
    let bench = phase(&case, "bench");
    let since = |name: &str| bench[name].as_f64().unwrap() - case["start_s"].as_f64().unwrap();
    let within = since("start_s") - 1e-3..=since("end_s") + 1e-3;
    let mut reader = csv::Reader::from_reader(files["readings/2_bench_1.csv"].as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let of = |series: &str| -> Vec<&BTreeMap<String, String>> {
        rows.iter().filter(|row| row["series"] == series).collect()
    };
    let counted: Vec<&str> = of("phase.requests")
        .iter()
        .map(|r| r["value"].as_str())
        .collect();
    assert_eq!(counted, ["1", "2", "3", "4"]);
    for row in rows.iter().filter(|row| !row["t (s)"].is_empty()) {
        let t: f64 = row["t (s)"].parse().unwrap();
        assert!(within.contains(&t), "{row:?} {within:?}");
    }
    // what there is none of says why, and is never 0
    let gpu = of("sut.gpu_memory");
    assert!(gpu.iter().all(|row| row["value"] != "0"), "{gpu:?}");
    assert!(!gpu.is_empty());

    let series: serde_json::Value = serde_json::from_str(&files["series/1_mixed.json"]).unwrap();
    assert_eq!(series["notes"], serde_json::json!(["of 1"]));
    assert_eq!(series["series"][0]["series"], "mixed.a.requests");
    assert_eq!(series["series"][0]["points"].as_array().unwrap().len(), 3);
    let other: serde_json::Value = serde_json::from_str(&files["series/1_bench.json"]).unwrap();
    assert_eq!(other["series"][0]["points"], serde_json::json!([]));
    assert!(other["series"][0]["unavailable"].is_string(), "{other}");
}

#[test]
fn standard_pages_say_what_was_said_and_which_case_is_best() {
    let (ran, files, _) = ran();
    let said = &files["transcripts/n=1_mixed.txt"];
    assert_eq!(said.matches("Question: ").count(), 5, "{said}");
    assert!(
        said.contains("mixed / a, round 0, request 1: accepted\nQuestion: Capital of Peru?\nAnswer: Paris it is"),
        "{said}"
    );
    assert!(!said.contains("bench"), "{said}");
    assert!(ran.folder.join("cases/s/n=1/answers.jsonl").exists());

    let choice = &files["s_recommendation.md"];
    assert!(choice.contains("| n=2"), "{choice}");
    assert!(choice.contains("100 % more than n=1"), "{choice}");

    let machine = &files["environment.txt"];
    for part in [
        "== machine ==",
        "\nprocessor: ",
        "\nNVIDIA driver: ",
        "== server sut ==\nengine: builtin\nversion: ",
    ] {
        assert!(machine.contains(part), "{machine} lacks {part}");
    }
    assert_eq!(machine.matches("== server").count(), 1, "{machine}");
    let json: serde_json::Value = serde_json::from_str(&files["machine.json"]).unwrap();
    assert_eq!(json["servers"].as_array().unwrap().len(), 1, "{json:#}");
    assert!(json["host"]["cores"].as_u64().unwrap() > 0);

    let page = &files["s.md"];
    for part in [
        "mixed / a",
        "memory of sut",
        "bench.completed",
        "# 4 of 4 checks passed",
    ] {
        assert!(page.contains(part), "{page} lacks {part}");
    }
}
