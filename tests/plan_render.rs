//! Plans as people and machines read them.

mod plan_support;

use plan_support::planned;
use scn::plan::{Style, render, to_json};

const STRESS: &str = r#"
workload describe {
  system      = "Be brief."
  rows        = [{ city = "Rome" }, { city = "Oslo" }]
  prompt      = "Name a sight of ${row.city}."
  output      = 64 tok
  temperature = 0
  accept      = answer != ""
}

## Load on two and four tensor-parallel ranks: latency holds, and memory comes back to where it
## was before.
scenario stress {
  tags = ["nightly", "two_gpus"]
  matrix {
    tp          = [2, 4]
    concurrency = [1, 16]
  }
  server sut {
    engine    = demo
    model     = tiny
    layout    { tp = tp }
    options   { memory_fraction = 0.7, chat_template = "{{ messages }} ' end" }
    arguments = ["--long-and-unchecked-flag", "value", "--another-one=yes"]
    environment { DEMO_LOG = "debug mode" }
  }
  phase warmup   { workload = hello, requests = 20, concurrency = 4, measured = false }
  phase baseline { quiesce = true, idle = 10s }
  phase stress   { workload = describe, concurrency = concurrency, requests = 200, repeat = 12, pause = 2s, quiesce = true }
  phase wide     { workload = describe, rate = 5 req/s, duration = 30s, when = tp == 4 }

  expect answered: stress.success_rate >= 99%
  expect quick:    stress.ttft.p95 <= 800ms when concurrency == 1 because "users wait for the first word"
  warn   bounded:  growth(sut.memory, from = baseline, to = stress) <= (if tp == 4 then 800MB else 500MB)

  report numbers { columns = [case.name, stress.ttft.p50], to = "results-tp${tp}.csv" }
  report page    { template = "page.md.j2", to = ["summary.md", "github:summary"] }
}
"#;

fn shown(text: &str, width: usize) -> String {
    let (cases, plan) = planned(text);
    let shown = render(
        &cases,
        &plan,
        Style {
            color: false,
            width,
        },
    );
    for line in shown.lines() {
        // words that must stay whole, for copying, may be longer
        let most_blanks = line
            .trim_start()
            .split(' ')
            .map(str::len)
            .max()
            .unwrap_or(0);
        assert!(
            line.chars().count() <= width || most_blanks > width / 2,
            "{width} columns: {line}"
        );
        assert_eq!(line, line.trim_end());
    }
    shown
}

#[test]
fn a_matrix() {
    insta::assert_snapshot!(shown(STRESS, 100));
}

#[test]
fn a_matrix_in_a_narrow_terminal() {
    insta::assert_snapshot!(shown(STRESS, 60));
}

#[test]
fn two_servers_one_of_which_runs_already() {
    insta::assert_snapshot!(shown(
        r#"
scenario pair {
  name = "pair-of-servers"
  server mine   { engine = demo, model = tiny, port = 8123 }
  server theirs { engine = demo, url = "http://me:hunter2@10.0.0.7:8000/?key=q1w2e3", model = { path = "their-model" } }
  phase both {
    duration = 1min
    load near { server = mine, workload = hello, concurrency = 8 }
    load far  { server = theirs, workload = hello, rate = 2.5 req/s, arrival = constant(), drain = 10s }
  }
  expect fine: both.success_rate == 1
  report table { columns = [case.name], to = "table.md" }
}
"#,
        80
    ));
}

/// A hundred cases on twenty launches.
const HUNDRED: &str = r#"
scenario sweep {
  matrix { fraction = [0.5, 0.6, 0.7, 0.8, 0.9], tp = [1, 2, 4, 8], rate = [1, 2, 4, 8, 16] }
  timeout = 5min
  server sut { engine = demo, model = tiny, layout { tp = tp }, options { memory_fraction = fraction } }
  phase warmup { workload = hello, requests = 20, concurrency = 4, measured = false }
  phase load   { workload = hello, rate = rate * 1 req/s, requests = 100 }
  expect fine: load.success_rate >= 99%
}
"#;

#[test]
fn a_hundred_cases_stay_readable() {
    let text = shown(HUNDRED, 90);
    assert_eq!(
        text.matches("demo-serve org/tiny-7b").count(),
        1,
        "equal commands are folded"
    );
    assert_eq!(
        text.matches("20 requests, not measured").count(),
        1,
        "equal phases are folded"
    );
    assert!(text.lines().count() < 200, "{}", text.lines().count());
    insta::assert_snapshot!(text);
}

#[test]
fn colour_is_the_only_difference_it_makes() {
    let (cases, plan) = planned(STRESS);
    let colored = render(
        &cases,
        &plan,
        Style {
            color: true,
            width: 80,
        },
    );
    let plain = render(
        &cases,
        &plan,
        Style {
            color: false,
            width: 80,
        },
    );
    assert_ne!(colored, plain);
    assert_eq!(console::strip_ansi_codes(&colored), plain);
}

#[test]
fn as_json() {
    let (cases, plan) = planned(STRESS);
    let json = to_json(&cases, &plan);
    assert_eq!(json, to_json(&cases, &plan));
    assert_eq!(json["totals"]["launches"], 2);
    assert_eq!(json["cases"].as_array().unwrap().len(), 4);
    assert_eq!(json["cases"][1]["launch"], 1);
    assert_eq!(
        json["launches"][1]["cases"][0]["case"],
        "tp=4,concurrency=1"
    );
    assert_eq!(
        json["workloads"]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["hello", "describe"]
    );
    insta::assert_json_snapshot!("as_json_launch", json["launches"][0]);
    let mut case = json["cases"][1].clone();
    // the path of the temporary file
    case["checks"]
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .for_each(|check| check["place"] = "…".into());
    insta::assert_json_snapshot!("as_json_case", case);
}

#[test]
fn workloads_of_one_name_stay_apart_in_json() {
    let (cases, plan) = planned(
        r#"
scenario lengths {
  matrix { output = [16, 32] }
  workload sized { prompt = "Go on.", output = output }
  server sut { engine = demo, model = tiny }
  phase load { workload = sized, requests = 2 }
}
"#,
    );
    let json = to_json(&cases, &plan);
    assert_eq!(json["workloads"].as_object().unwrap().len(), 2);
    let asked = |case: usize| {
        json["cases"][case]["phases"][0]["loads"][0]["workload"]
            .as_str()
            .unwrap()
            .to_string()
    };
    assert_eq!((asked(0).as_str(), asked(1).as_str()), ("sized", "sized#2"));
    assert_eq!(
        json["workloads"]["sized#2"]["requests"][0]["max_tokens"],
        32
    );
}
