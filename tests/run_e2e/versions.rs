//! Which version a server is of, and what follows from it; and metrics that are worked out of
//! others.

use crate::support::*;

/// The built-in engine under another name, which says a version of the test's and calls its
/// metrics by it.
fn engine(version: &str) -> String {
    format!(
        "engine versioned extends engines.builtin {{
           version {{ {version} }}
           metric renamed {{ type = \"gauge\", series = {{ \">=0.9\" = \"vllm:num_requests_running\", \"<0.9\" = \"old:running\" }} }}
           metric mistaken {{ type = \"gauge\", series = {{ \"<0.9\" = \"old:running\", \">=2\" = \"vllm:num_requests_running\" }} }}
           metric added {{ type = \"gauge\", series = {{ \">=2\" = \"vllm:num_requests_waiting\" }} }}
         }}
         "
    )
}

fn pack(version: &str, server: &str) -> Pack {
    Pack::new(&format!(
        "{}scenario s {{ sample = 50ms
           server sut {{ engine = versioned, {server} options {{ ttft = 1ms, itl = 1ms }} }}
           phase a {{ workload = w, requests = 4, concurrency = 2 }}
           expect known: sut.renamed.last >= 0
           expect later: sut.added.last >= 0
           expect moved: sut.mistaken.last >= 0
           report where {{ format = \"environment\", to = \"where.txt\" }}
         }}",
        engine(version)
    ))
}

const COMMAND: &str = "command = [\"echo\", \"tiny 1.2.3\"], pattern = 'tiny (\\S+)'";

#[test]
fn a_version_is_asked_of_the_program_and_names_the_metrics() {
    let pack = pack(COMMAND, "version = \">=1\",");
    let plan = pack.ran(pack.scn(&["plan", "s.scn"])).exits(0);
    assert!(
        plan.stdout.contains("sut: versioned >=1"),
        "{}",
        plan.stdout
    );
    let ran = pack.run(&[]).exits(3);
    let case = ran.case("s/case");
    assert_eq!(case["servers"][0]["version"], "1.2.3");
    assert_eq!(check(&case, "known")["verdict"], "pass", "{case}");
    let why = check(&case, "later")["evidence"].to_string();
    assert!(why.contains("versioned 1.2.3 has no `added`"), "{why}");
    let why = check(&case, "moved")["evidence"].to_string();
    assert!(why.contains("versioned 1.2.3 has no `mistaken`"), "{why}");
    let page = std::fs::read_to_string(ran.folder.join("reports/where.txt")).unwrap();
    assert!(page.contains("version: 1.2.3"), "{page}");
}

#[test]
fn a_server_of_another_version_is_an_error() {
    let pack = pack(COMMAND, "version = \"2.5\",");
    let ran = pack.run(&[]);
    let case = ran.case("s/case");
    assert_eq!(case["verdict"], "error", "{case}");
    assert_eq!(case["error"]["kind"], "other_version");
    let message = case["error"]["message"].as_str().unwrap();
    assert!(message.contains("versioned 1.2.3") && message.contains("`version = \"2.5\"`"));
}

#[test]
fn a_version_that_is_not_told_is_noted_and_metrics_are_looked_for_by_all_names() {
    let silent = "request = \"GET /nothing\", pattern = 'tiny (\\S+)'";
    let pack = pack(silent, "version = \">=1\",");
    let ran = pack.run(&[]);
    let case = ran.case("s/case");
    assert!(case["servers"][0]["version"].is_null(), "{case}");
    assert_eq!(check(&case, "known")["verdict"], "pass", "{case}");
    assert_eq!(check(&case, "moved")["verdict"], "pass", "{case}");
    let notes = case["notes"].to_string();
    assert!(notes.contains("does not tell its version"), "{notes}");
}

#[test]
fn a_metric_is_worked_out_of_what_counters_rose_by() {
    let pack = Pack::new(
        "engine counting extends engines.builtin {
           metric nothing { type = \"counter\", series = \"none:such_total\" }
           metric each { value = increase(generation_tokens) / increase(prompt_tokens) }
           metric lacking { value = increase(generation_tokens) / increase(nothing) }
         }
         scenario s { sample = 50ms
           server sut { engine = counting, options { ttft = 1ms, itl = 1ms } }
           phase a { workload = w, requests = 20, concurrency = 2 }
           phase rest { idle = 2s }
           expect whole: sut.each.mean == increase(sut.generation_tokens) / increase(sut.prompt_tokens)
           expect some: sut.each.mean > 0
           expect quiet: mean(sut.each, during = rest) >= 0
           expect lacks: sut.lacking.mean > 0 tok
           report t { columns = [sut.each.mean], to = \"t.csv\" }
         }",
    );
    let ran = pack.run(&[]).exits(3);
    let case = ran.case("s/case");
    for name in ["whole", "some"] {
        assert_eq!(check(&case, name)["verdict"], "pass", "{case}");
    }
    // nothing was asked in that phase
    let why = check(&case, "quiet")["evidence"].to_string();
    assert!(why.contains("nothing was counted"), "{why}");
    let why = check(&case, "lacks")["evidence"].to_string();
    assert!(why.contains("none:such_total"), "{why}");
    let metrics = &case["servers"][0]["metrics"];
    assert!(metrics["each.mean"]["value"].as_f64().unwrap() > 0.0);
    assert!(
        metrics["lacking.mean"]["unavailable"].is_string(),
        "{metrics}"
    );
}
