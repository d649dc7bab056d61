//! Runs that were cut: what was measured is in the reports all the same.

use crate::support::*;
use serde_json::Value;

/// A scenario with most of what figures depend on: rounds, quiet ends, several loads, failures,
/// judged answers, a phase left out, and a report of its own template.
fn rich() -> Pack {
    let body = "matrix { n = [2] }
         phase warm { workload = w, requests = 4, measured = false }
         phase base { quiesce = true, idle = 200ms }
         phase a { workload = w, requests = 12, concurrency = n, repeat = 2, quiesce = true }
         phase gone { when = n > 2, workload = w, requests = 1 }
         phase mix {
           load chat { workload = w, requests = 10, concurrency = 2 }
           load picky { workload = judged, requests = 6 }
         }
         expect ok: a.success_rate == 100%
         expect quick: mix.chat.itl.p50 <= 10s
         expect wrong: mix.picky.accept_rate == 0%
         expect grown: growth(sut.memory, from = base, to = a) <= 1GB
         expect rate: increase(sut.generation_tokens, during = a) >= 0 tok
         expect left_out: gone.ttft.p50 <= 1s
         report page extends reports.summary {}
         report own { template = \"own.j2\", to = \"own.md\" }
         report numbers { columns = [case.name, a.ttft.p50, mix.itl.p95, sut.memory.max], to = \"results.csv\" }";
    let text = format!(
        "workload judged {{ prompt = \"hi\", output = 4, accept = contains_any(answer, [\"never said\"]) }}\n{}",
        scenario("s", "", body).replace(
            "engine = engines.builtin,",
            "engine = engines.builtin, environment = { KEY = env(\"SECRET_OF_TEST\") },"
        )
    );
    let pack = Pack::new(&text);
    let own = "{% for s in scenarios %}{% for c in s.cases %}{{ c.case }}: {{ c.verdict }}\n{% endfor %}{% endfor %}";
    std::fs::write(pack.path().join("own.j2"), own).unwrap();
    pack
}

/// Both the same to the last bit: files keep all that figures are made from.
#[track_caller]
fn same(a: &Value, b: &Value, at: &str) {
    match (a, b) {
        (Value::Array(x), Value::Array(y)) => {
            assert_eq!(x.len(), y.len(), "{at}");
            for (i, (x, y)) in x.iter().zip(y).enumerate() {
                same(x, y, &format!("{at}[{i}]"));
            }
        }
        (Value::Object(x), Value::Object(y)) => {
            let keys =
                |map: &serde_json::Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
            assert_eq!(keys(x), keys(y), "{at}");
            for (key, x) in x {
                same(x, &y[key], &format!("{at}.{key}"));
            }
        }
        _ => assert_eq!(a, b, "{at}"),
    }
}

#[test]
fn a_result_that_is_lost_is_made_again_without_the_pack() {
    let pack = rich();
    let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
    command.env("SECRET_OF_TEST", "a key that nobody knows later");
    let ran = pack.ran(command).exits(0);
    let result = ran.folder.join("cases/s/n=2/result.json");
    let was = json(&result);
    assert_eq!(check(&was, "ok")["verdict"], "pass", "{was:#}");
    assert_eq!(check(&was, "left_out")["verdict"], "skipped");
    let page = std::fs::read_to_string(ran.folder.join("reports/own.md")).unwrap();
    std::fs::remove_file(&result).unwrap();
    for file in ["s.scn", "own.j2", "out/reports/own.md"] {
        std::fs::remove_file(pack.path().join(file)).unwrap();
    }
    let again = pack
        .ran(pack.scn(&["report", "out", "--json", "-"]))
        .exits(0);
    let now: Value = serde_json::from_str(&again.stdout).unwrap();
    let mut now = now["cases"][0].clone();
    let mut was = was;
    // a phase that was left out has no moments, only the moment when that was seen
    for case in [&mut now, &mut was] {
        for phase in case["phases"].as_array_mut().unwrap() {
            if phase["skipped"].is_string() {
                (phase["start_s"], phase["end_s"]) = (0.into(), 0.into());
            }
        }
    }
    same(&now, &was, "case");
    let own = std::fs::read_to_string(ran.folder.join("reports/own.md")).unwrap();
    assert_eq!(own, page);
    let secret = std::fs::read_to_string(ran.folder.join("sources.json")).unwrap();
    assert!(secret.contains("SECRET_OF_TEST") && !secret.contains("nobody knows"));
}

#[test]
fn a_run_killed_before_its_first_case_ended_is_reported() {
    let pack = Pack::new(
        &[
            scenario(
                "s",
                "",
                "phase a { workload = w, requests = 12, concurrency = 2 }
                 phase b { workload = w, duration = 10min, concurrency = 2, think = 2ms }
                 phase c { idle = 1s }
                 phase d { idle = 1s }
                 expect done: a.success_rate == 100%
                 expect cut: b.ttft.max <= 10s
                 expect never: growth(sut.memory, from = c, to = d) <= 1GB
                 report page extends reports.summary {}
                 report numbers { columns = [case.name, a.ttft.p50, b.ttft.p50], to = \"results.csv\" }",
            ),
            scenario("later", "", "phase a { workload = w, requests = 1 }\nexpect ok: a.completed >= 1 req"),
        ]
        .concat(),
    );
    let mut run = pack.start(&[]);
    run.wait_for_phase("b");
    let rows = run.folder.join("cases/s/case/requests.csv");
    eventually("requests of b are written while it runs", || {
        std::fs::read_to_string(&rows).is_ok_and(|text| text.matches("\nb,").count() > 5)
    });
    // while it runs its cases are its own
    let early = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(early.stderr.contains("still goes on"), "{}", early.stderr);
    let processes = run.descendants();
    run.child.kill().unwrap();
    assert_eq!(run.end(), None);
    all_gone(&processes);
    assert!(!run.folder.join("cases/s/case/result.json").exists());

    let report = pack
        .ran(pack.scn(&["report", "out", "--json", "r.json"]))
        .exits(0);
    assert!(
        report.stderr.contains("did not finish"),
        "{}",
        report.stderr
    );
    let found = json(&pack.path().join("r.json"));
    let case = &found["cases"][0];
    assert_eq!(case["verdict"], "interrupted", "{case:#}");
    assert!(
        case["error"]["message"]
            .as_str()
            .unwrap()
            .contains("was cut")
    );
    assert_eq!(check(case, "done")["verdict"], "pass");
    assert_eq!(check(case, "cut")["verdict"], "interrupted");
    assert_eq!(check(case, "never")["verdict"], "interrupted");
    let whole_rows = |phase: &str| {
        let text = std::fs::read_to_string(&rows).unwrap();
        let whole = &text[..=text.rfind('\n').unwrap()];
        whole.matches(&format!("\n{phase},")).count() as f64
    };
    for name in ["a", "b"] {
        let metrics = &phase(case, name)["metrics"];
        assert_eq!(
            metrics["completed"]["value"].as_f64(),
            Some(whole_rows(name))
        );
        assert!(metrics["itl.p50"]["value"].as_f64().unwrap() > 0.0);
    }
    let notes = phase(case, "b")["notes"].to_string();
    assert!(
        notes.contains("was cut here") && notes.contains("unanswered"),
        "{notes}"
    );
    assert!(
        phase(case, "c")["skipped"]
            .as_str()
            .unwrap()
            .contains("was cut here")
    );
    assert!(
        case["servers"][0]["metrics"]["memory.max"]["value"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    // nobody takes the cases that ran for all
    assert_eq!(found["cases"][1]["verdict"], "interrupted");
    assert!(
        found["cases"][1]["error"]["message"]
            .as_str()
            .unwrap()
            .contains("did not start")
    );
    let csv = std::fs::read_to_string(run.folder.join("reports/results.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let row = rows.records().next().unwrap().unwrap();
    let cells: Vec<&str> = row.iter().filter(|cell| !cell.is_empty()).collect();
    // the case, both figures, and which of them is of a phase that was cut short
    assert_eq!(cells.len(), 4, "{csv}");
    assert!(
        cells[3].starts_with("b.ttft.p50: `b` did not wholly run"),
        "{csv}"
    );
    let page = std::fs::read_to_string(run.folder.join("reports/summary.md")).unwrap();
    // neither green nor red: the other half of the checks is not decided, and nobody stopped it
    assert!(
        page.starts_with("# ➖ Interrupted: 1 of 3 checks passed\n"),
        "{page}"
    );
    assert!(page.contains("### ➖ s / case: interrupted\n"), "{page}");
    assert!(!page.contains("❌"), "{page}");
    let junit = std::fs::read_to_string(run.folder.join("junit.xml")).unwrap();
    assert!(!junit.contains("by the user"), "{junit}");
    assert!(
        junit.contains("<error message=\"the run was cut before this case ended: scn was killed"),
        "{junit}"
    );

    // the same folder gives the same bytes
    pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert_eq!(
        std::fs::read_to_string(run.folder.join("reports/summary.md")).unwrap(),
        page
    );
}

#[test]
fn a_case_that_means_something_else_by_now_is_not_judged_by_it() {
    let pack = rich();
    let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
    command.env("SECRET_OF_TEST", "hi");
    let ran = pack.ran(command).exits(0);
    std::fs::remove_file(ran.folder.join("cases/s/n=2/result.json")).unwrap();
    let sources = ran.folder.join("sources.json");
    let text = std::fs::read_to_string(&sources).unwrap();
    std::fs::write(
        &sources,
        text.replace("a.success_rate == 100%", "a.success_rate >= 1%"),
    )
    .unwrap();
    let report = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(
        report.stderr.contains("means something else"),
        "{}",
        report.stderr
    );
    assert!(report.stdout.contains("0 checks"), "{}", report.stdout);
    std::fs::write(
        &sources,
        "{\"roots\": [], \"files\": [], \"templates\": []}",
    )
    .unwrap();
    let report = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(
        report.stderr.contains("not in what the run kept"),
        "{}",
        report.stderr
    );
}
