//! Cases that cannot work: rows with their reason, of which nothing runs.

use crate::support::*;

const ENGINE: &str = "
engine picky extends engines.builtin {
  expect even: layout.tp in [1, 2, 4] because \"${layout.tp} ranks are not even\"
}
";

fn pack(infeasible: &str) -> Pack {
    Pack::new(&format!(
        "{ENGINE}
scenario s {{
  {infeasible}
  sample = 50ms
  matrix {{ layout = [{{ tp = 3 }}, {{ tp = 1 }}, {{ tp = 4, pp = 2 }}] }}
  server sut {{ engine = picky, layout = layout, options {{ ttft = 1ms, itl = 1ms }} }}
  phase a {{ workload = w, requests = 10 }}
  phase b {{ idle = 50ms, when = case.feasible and case.gpus == 0 and layout.tp == 1 }}
  expect odd:     not at(layout = {{ pp = 1, tp = 3 }}).feasible
  expect even:    at(layout = {{ pp = 2, tp = 4 }}).feasible
  expect here:    case.feasible when layout.tp != 3
  expect not_now: not case.feasible when layout.tp == 3
  expect works:   case.feasible
  expect quick:   a.ttft.p50 <= 10s
  expect memory:  sut.memory.max <= 10GB
  expect across:  at(layout = {{ tp = 3 }}).a.completed == a.completed
  rank best {{ lowest = a.ttft.p50 }}
  report summary extends reports.summary {{}}
  report table {{ columns = [case.name, a.ttft.p50], to = \"t.csv\" }}
}}"
    ))
}

const LEFT: &str = "layout={tp=3}";
const WHY: &str = "3 ranks are not even";

/// The result of a case, by its id.
fn result(ran: &Ran, id: &str) -> serde_json::Value {
    let all = json(&ran.folder.join("run.json"));
    let all = all["cases"].as_array().unwrap();
    let of = all.iter().find(|case| case["case"] == id).unwrap();
    json(
        &ran.folder
            .join(of["folder"].as_str().unwrap())
            .join("result.json"),
    )
}

#[test]
fn a_case_that_cannot_work_is_an_error_unless_it_is_to_be_skipped() {
    let pack = pack("");
    let ran = pack.run(&[]).exits(2);
    assert!(ran.stderr.contains(WHY), "{}", ran.stderr);
    assert!(!ran.folder.exists(), "nothing was begun");
}

#[test]
fn a_skipped_case_is_a_row_with_its_reason_and_launches_nothing() {
    let pack = pack("infeasible = \"skip\"");
    let planned = pack.ran(pack.scn(&["plan", "s.scn"])).exits(0);
    assert!(planned.stdout.contains(WHY), "{}", planned.stdout);
    assert!(planned.stdout.contains("2 of 3 cases on 2 launches"));
    let planned = pack
        .ran(pack.scn(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    let plan: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap();
    assert_eq!(plan["totals"]["infeasible"], 1);
    let row = &plan["cases"][0];
    assert_eq!(row["launch"], serde_json::Value::Null);
    assert!(row["infeasible"].as_str().unwrap().contains(WHY));

    let ran = pack.run(&[]).exits(0);
    assert!(
        ran.stderr.contains("2 of 3 cases on 2 launches"),
        "{}",
        ran.stderr
    );
    let (left, one) = (result(&ran, LEFT), result(&ran, "layout={tp=1}"));
    assert_eq!(left["verdict"], "skipped");
    assert!(left["infeasible"].as_str().unwrap().contains(WHY));
    assert_eq!(left["servers"].as_array().unwrap().len(), 0);
    assert!(left["ranks"].is_null(), "it is in no rank");
    for name in ["works", "quick", "memory", "across"] {
        let check = check(&left, name);
        assert_eq!(check["verdict"], "skipped", "{check:#}");
        assert!(check["why"].as_str().unwrap().contains(WHY));
    }
    assert_eq!(check(&left, "not_now")["verdict"], "pass");
    // what stands once stands in a case that can work
    for name in ["odd", "even", "here", "works", "quick", "memory"] {
        assert_eq!(check(&one, name)["verdict"], "pass", "{name}");
    }
    assert_eq!(check(&one, "across")["verdict"], "skipped");
    assert!(phase(&one, "b")["skipped"].is_null());
    assert_eq!(ran.events_named("case_infeasible").len(), 1);
    assert_eq!(ran.events_named("case_running").len(), 2);

    let table = std::fs::read_to_string(ran.folder.join("reports/t.csv")).unwrap();
    let mut lines = table.lines();
    assert!(lines.next().unwrap().ends_with(",not feasible"), "{table}");
    let row = lines.find(|line| line.contains("{tp=3}")).unwrap();
    assert!(
        row.starts_with("layout={tp=3},,") && row.contains(WHY),
        "{row}"
    );
    let page = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(
        page.contains("➖ not feasible") && page.contains(WHY),
        "{page}"
    );
    assert!(page.contains("best of s") && !page.contains("0 | layout={tp=3}"));
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    assert!(
        junit.contains("<skipped message=\"not feasible: "),
        "{junit}"
    );
    assert!(ran.stdout.contains("1 case not feasible"), "{}", ran.stdout);

    // lost results of it are made again
    let folder = json(&ran.folder.join("run.json"));
    let lost = folder["cases"][0]["folder"].as_str().unwrap();
    std::fs::remove_file(ran.folder.join(lost).join("result.json")).unwrap();
    pack.ran(pack.scn(&["report", "out", "--json", "r.json"]))
        .exits(0);
    let again = json(&pack.path().join("r.json"));
    let again = again["cases"].as_array().unwrap();
    let again = again.iter().find(|case| case["case"] == LEFT).unwrap();
    assert_eq!(again["verdict"], "skipped");
    assert_eq!(again["infeasible"], left["infeasible"]);
}

#[test]
fn a_case_with_more_gpus_than_the_suite_has_is_a_row_with_its_reason() {
    let text = |infeasible: &str, check: &str| {
        format!(
            "engine wide extends engines.builtin {{ gpus = layout.tp }}
scenario s {{
  {infeasible}
  sample = 50ms
  matrix {{ tp = [1, 4] }}
  server sut {{ engine = wide, layout {{ tp = tp }}, options {{ ttft = 1ms, itl = 1ms }} }}
  phase a {{ workload = w, requests = 3 }}
  expect ok: a.success_rate == 100%
  {check}
}}
suite small {{ scenarios = [s], gpus = 2 }}"
        )
    };
    let refused = Pack::new(&text("", "")).run(&["--suite", "small"]).exits(2);
    assert!(refused.stderr.contains("E0476"), "{}", refused.stderr);
    let skips = text(
        "infeasible = \"skip\"",
        "expect not_here: not at(tp = 4).feasible",
    );
    let ran = Pack::new(&skips).run(&["--suite", "small"]).exits(0);
    assert_eq!(ran.case("s/tp=1")["verdict"], "pass");
    let left = ran.case("s/tp=4");
    assert_eq!(left["verdict"], "skipped");
    let why = "it needs 4 GPUs at once, and the suite has 2";
    assert_eq!(left["infeasible"], why);
}
