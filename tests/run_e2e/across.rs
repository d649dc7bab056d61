//! Checks that read several cases, ranks, data files and files of parameters.

use crate::support::*;

const TEXT: &str = r#"
param slow = 40ms
let words = [row.word for row in data("words.csv")]
workload asked { rows = data("rows.jsonl"), prompt = row.text, output = 4 }
scenario s {
  matrix { delay = [5ms, slow], concurrency = [1, 2] }
  server sut { engine = engines.builtin, options { ttft = delay, itl = 1ms, answer = join(words, " ") } }
  phase load { workload = asked, requests = 20, concurrency = concurrency }
  expect slower: at(delay = slow).load.ttft.p50 - at(delay = 5ms).load.ttft.p50 >= 15ms
  expect never:  at(delay = 5ms).load.ttft.p50 >= at(delay = slow).load.ttft.p50 when concurrency == 2
  expect own:    load.success_rate == at(concurrency = 1).load.success_rate
  rank best { lowest = load.ttft.p50, within = [concurrency] }
  report summary extends reports.summary {}
}
"#;

#[test]
fn checks_across_cases_are_judged_once_all_have_run_and_ranks_have_places() {
    let pack = Pack::new(TEXT);
    for (name, text) in [
        ("words.csv", "word\nhello\nthere\n"),
        ("rows.jsonl", "{\"text\": \"one\"}\n{\"text\": \"two\"}\n"),
        ("p.yaml", "slow: 30ms\n"),
    ] {
        std::fs::write(pack.path().join(name), text).unwrap();
    }
    let ran = pack.run(&["--params", "p.yaml"]).exits(1);
    let case = |id: &str| ran.case(&format!("s/{id}"));
    let names = |case: &serde_json::Value| -> Vec<String> {
        let checks = case["checks"].as_array().unwrap().iter();
        checks
            .map(|c| c["name"].as_str().unwrap().to_string())
            .collect()
    };
    // each stands in the case that it reads first, of those in which it is the same
    let first = case("delay=5ms,concurrency=1");
    assert_eq!(names(&first), ["never", "own"]);
    assert_eq!(names(&case("delay=5ms,concurrency=2")), ["never", "own"]);
    let last = case("delay=30ms,concurrency=1");
    assert_eq!(names(&last), ["slower", "own"]);
    let slower = check(&last, "slower");
    assert_eq!(slower["verdict"], "pass", "{slower:#}");
    let why = slower["why"].as_str().unwrap();
    for id in ["delay=5ms,concurrency=1", "delay=30ms,concurrency=1"] {
        assert!(why.contains(id), "{why}");
        let evidence = slower["evidence"].as_array().unwrap();
        let of = |e: &&serde_json::Value| e["phase"] == format!("load in {id}");
        let read = evidence.iter().find(of).unwrap();
        assert!(read["value"]["value"].as_f64().unwrap() > 0.0, "{read}");
    }
    assert_eq!(check(&first, "never")["verdict"], "skipped");
    assert_eq!(first["verdict"], "pass");
    let second = case("delay=5ms,concurrency=2");
    assert_eq!(check(&second, "never")["verdict"], "fail");
    assert_eq!(second["verdict"], "fail");
    let summary = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(summary.contains("best of s"), "{summary}");
    assert!(
        summary.contains("| concurrency=2 |     1 | delay=30ms,concurrency=2"),
        "{summary}"
    );
    // the case that failed has a figure, and no place
    assert!(
        summary.contains("| concurrency=2 |     – | delay=5ms,concurrency=2"),
        "{summary}"
    );
    // what data files held is kept with the run
    let kept = std::fs::read_to_string(ran.folder.join("sources.json")).unwrap();
    assert!(
        kept.contains("rows.jsonl") && kept.contains("hello"),
        "{kept}"
    );
}

/// Three cases, of which each reads others in checks, columns and ranks. The last one goes on.
const COMPARED: &str = r#"
scenario s {
  sample = 50ms
  matrix { n = [1, 2, 3] }
  server sut { engine = engines.builtin, options { ttft = 1ms, itl = 1ms } }
  phase a { workload = w, requests = 10 * n }
  phase b { workload = w, duration = LAST, concurrency = 1, think = 2ms, when = n == 3 }
  let more = at(n = 2).a.completed / at(n = 1).a.completed
  expect twice:  more == 2
  expect thrice: 3 * at(n = 1).a.completed == at(n = 3).a.completed
  rank most { highest = a.completed / at(n = 2).a.completed }
  report table { columns = { case = case.name, own = a.completed / at(n = 1).a.completed, more = more }, to = "t.csv" }
  report summary extends reports.summary {}
}
"#;

fn table(folder: &std::path::Path) -> Vec<String> {
    let text = std::fs::read_to_string(folder.join("reports/t.csv")).unwrap();
    text.lines().map(Into::into).collect()
}

#[test]
fn columns_and_ranks_read_other_cases_once_all_have_run() {
    let pack = Pack::new(&COMPARED.replace("LAST", "100ms"));
    let planned = pack.ran(pack.scn(&["plan", "s.scn"])).exits(0);
    let said = "most  highest a.completed / at(n = 2).a.completed, over all cases";
    assert!(planned.stdout.contains(said), "{}", planned.stdout);
    let ran = pack.run(&[]).exits(0);
    assert_eq!(
        table(&ran.folder),
        ["case,own,more", "n=1,1,2", "n=2,2,2", "n=3,3,2"]
    );
    let summary = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(summary.contains("|     1 | n=3  |"), "{summary}");
    assert_eq!(check(&ran.case("s/n=2"), "twice")["verdict"], "pass");
    let rank = &ran.case("s/n=1")["ranks"][0];
    assert_eq!(rank["value"]["value"], 0.5, "{rank:#}");
}

#[test]
fn what_reads_cases_that_had_ended_is_judged_of_a_killed_run() {
    let pack = Pack::new(&COMPARED.replace("LAST", "10min"));
    let mut run = pack.start(&[]);
    run.wait_for_phase("b");
    let processes = run.descendants();
    run.child.kill().unwrap();
    assert_eq!(run.end(), None);
    all_gone(&processes);
    let before = json(&run.folder.join("cases/s/n=2/result.json"));
    assert_eq!(check(&before, "twice")["verdict"], "no_data");
    let again = pack
        .ran(pack.scn(&["report", "out", "--json", "r.json"]))
        .exits(0);
    assert!(again.stderr.contains("had ended"), "{}", again.stderr);
    let results = json(&pack.path().join("r.json"));
    let case = |id: &str| {
        let mut cases = results["cases"].as_array().unwrap().iter();
        cases.find(|case| case["case"] == id).unwrap().clone()
    };
    let first = case("n=1");
    let second = case("n=2");
    let twice = check(&second, "twice");
    assert_eq!(twice["verdict"], "pass", "{twice:#}");
    let thrice = check(&first, "thrice");
    assert_eq!(thrice["verdict"], "no_data", "{thrice:#}");
    assert!(
        thrice["why"]
            .as_str()
            .unwrap()
            .contains("the run ended before")
    );
    let lines = table(&run.folder);
    assert_eq!(lines[1..3], ["n=1,1,2,", "n=2,2,2,"]);
    assert!(lines[3].starts_with("n=3,,2,\"own: it reads other cases"));
    assert_eq!(case("n=2")["ranks"][0]["value"]["value"], 1.0);
}

const COSTS: &str = r#"
workload asked { prompt = "Hello.", output = 4 }
gpu rented { memory = 24 GiB, price = 3.60 USD/h }
gpu unpriced { memory = 24 GiB }
scenario s {
  matrix { dear = [true, false] }
  server sut {
    engine = engines.builtin
    layout { tp = 2 }
    gpu    = if dear then rented else unpriced
  }
  phase load { workload = asked, requests = 20 }
  let each = case.price * load.duration / load.completed
  expect hourly: case.price == 7.20 USD/h
  expect cheap:  each <= 0.01 USD/req
  report costs { columns = { case = case.name, hour = case.price, request = each }, to = "costs.csv" }
}
"#;

#[test]
fn a_case_costs_what_its_gpus_do_and_nothing_is_free_because_its_price_is_not_known() {
    let ran = Pack::new(COSTS).run(&[]).exits(3);
    let priced = ran.case("s/dear=true");
    for name in ["hourly", "cheap"] {
        assert_eq!(check(&priced, name)["verdict"], "pass", "{priced:#}");
    }
    let unpriced = ran.case("s/dear=false");
    for name in ["hourly", "cheap"] {
        let check = check(&unpriced, name);
        assert_eq!(check["verdict"], "no_data", "{check:#}");
        let why = check["why"].as_str().unwrap();
        assert!(
            why.contains("the GPU `unpriced` of the server `sut` has no `price`"),
            "{why}"
        );
    }
    let csv = std::fs::read_to_string(ran.folder.join("reports/costs.csv")).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert!(lines[1].starts_with("dear=true,7.2,0"), "{csv}");
    assert!(
        lines[2].starts_with("dear=false,,,\"hour, request: the GPU `unpriced`"),
        "{csv}"
    );
}

#[test]
fn a_check_that_came_to_read_no_other_case_names_none() {
    let text = scenario(
        "s",
        "",
        "matrix { n = [1, 2] }
         phase a { workload = w, requests = 4, concurrency = n }
         expect more: n == 1 or a.completed >= at(n = 1).a.completed",
    );
    let ran = Pack::new(&text).run(&[]).exits(0);
    let why = |case: &str| check(&ran.case(case), "more")["why"].to_string();
    assert_eq!(why("s/n=1"), "\"n = 1, expected 1\"");
    assert!(
        why("s/n=2").contains("(cases n=2; n=1)"),
        "{}",
        why("s/n=2")
    );
}
