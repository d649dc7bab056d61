//! Launches that cases share, caches that are flushed.

use crate::raw::{Raw, STREAM};
use crate::support::*;

#[test]
fn cases_with_equal_servers_share_a_process_and_its_log() {
    let body = "matrix { n = [1, 2, 3] }
        phase a { workload = w, requests = 3, concurrency = n }
        expect ok: a.success_rate == 100%";
    let pack = Pack::new(
        &[
            scenario("shared", "", body),
            scenario("alone", "", &format!("isolate = true\n{body}")),
            scenario("differ", "max_concurrent = n", body),
        ]
        .concat(),
    );
    let launches = |name: &str| {
        let folder = format!("out_{name}");
        pack.ran(pack.scn(&["run", "s.scn", "--out", &folder, "--only", name]))
            .exits(0);
        let folder = pack.path().join(folder);
        for case in ["n=1", "n=2", "n=3"] {
            let log =
                std::fs::read_to_string(folder.join(format!("cases/{name}/{case}/server.log")))
                    .unwrap();
            assert_eq!(
                log.matches("listening on").count(),
                1,
                "{name} {case}: {log}"
            );
            let result = json(&folder.join(format!("cases/{name}/{case}/result.json")));
            assert_eq!(result["servers"][0]["log"], "server.log", "{result:#}");
        }
        let started = events(&folder)
            .into_iter()
            .filter(|event| event["event"] == "server_started");
        let pids: std::collections::BTreeSet<i64> = started
            .map(|event| event["pid"].as_i64().unwrap())
            .collect();
        pids.len()
    };
    assert_eq!(launches("shared"), 1);
    assert_eq!(launches("alone"), 3);
    assert_eq!(launches("differ"), 3);
}

/// A raw server whose caches are flushed, or not.
fn flushed(status: u16) -> (Raw, Ran) {
    let server = Raw::start(move |request| match request {
        "POST /reset_prefix_cache" => (status, "text/plain", "no".into()),
        "POST /v1/chat/completions" => (200, "text/event-stream", STREAM.into()),
        "GET /health" => (200, "text/plain", String::new()),
        _ => (404, "text/plain", String::new()),
    });
    let text = format!(
        "scenario s {{ sample = 50ms
           server sut {{ engine = engines.builtin, url = \"{}\" }}
           phase before {{ flush = true, workload = w, requests = 2 }}
           phase after  {{ workload = w, requests = 2, repeat = 2, quiesce = true }}
           expect ok: before.success_rate == 100% and after.success_rate == 100%
         }}",
        server.url
    );
    let ran = Pack::new(&text).run(&[]).exits(0);
    (server, ran)
}

#[test]
fn flushing_reaches_the_server() {
    let (server, ran) = flushed(200);
    assert_eq!(server.asked("POST /reset_prefix_cache"), 3);
    assert_eq!(server.asked("POST /v1/chat/completions"), 6);
    let case = ran.case("s/case");
    for name in ["before", "after"] {
        assert!(
            !phase(&case, name)["notes"].to_string().contains("flushed"),
            "{case:#}"
        );
    }
}

#[test]
fn a_flush_that_fails_is_a_note() {
    let (server, ran) = flushed(500);
    assert!(server.asked("POST /reset_prefix_cache") >= 3);
    let case = ran.case("s/case");
    for name in ["before", "after"] {
        let notes = phase(&case, name)["notes"].to_string();
        assert_eq!(
            notes.matches("not flushed").count(),
            1,
            "said once: {notes}"
        );
        assert!(
            notes.contains("POST /reset_prefix_cache") && notes.contains("500"),
            "{notes}"
        );
    }
    // a metric that the server does not have is unavailable, with a reason
    let running = &case["servers"][0]["metrics"]["running.max"];
    assert!(running["value"].is_null(), "{running}");
    assert!(
        running["unavailable"].as_str().unwrap().contains("404"),
        "{running}"
    );
}

#[test]
fn two_servers_of_a_case_have_a_log_and_figures_each() {
    let both =
        server("").replace("sut", "one") + &server("answer = \"other\"").replace("sut", "two");
    let text = format!(
        "scenario s {{ sample = 50ms
           {both}
           phase a {{
             load first  {{ server = one, workload = w, requests = 4 }}
             load second {{ server = two, workload = w, requests = 6 }}
           }}
           expect ok: a.success_rate == 100% and a.second.completed == 6 req
           expect measured: one.memory.max > 0MB and two.memory.max > 0MB
         }}"
    );
    let ran = Pack::new(&text).run(&[]).exits(0);
    let folder = ran.folder.join("cases/s/case");
    for name in ["one", "two"] {
        let log = std::fs::read_to_string(folder.join(format!("server.{name}.log"))).unwrap();
        assert_eq!(log.matches("listening on").count(), 1, "{name}: {log}");
    }
    let rows = ran.requests("s/case");
    assert_eq!(rows.iter().filter(|row| row["load"] == "second").count(), 6);
    assert_eq!(rows.len(), 10);
}

#[test]
fn twice_verbose_says_what_servers_write() {
    let pack = Pack::new(&scenario("s", "", "phase a { workload = w, requests = 1 }"));
    let ran = pack.run(&["-vv"]).exits(0);
    let log = std::fs::read_to_string(ran.folder.join("cases/s/case/server.log")).unwrap();
    assert!(!log.is_empty());
    for line in log.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = format!("  sut | {}\n", words.join(" "));
        assert_eq!(ran.stderr.matches(&said).count(), 1, "{said}{}", ran.stderr);
    }
}

#[test]
fn the_time_until_a_server_is_ready_is_one_figure_everywhere() {
    let body = "phase a { workload = w, requests = 1 }
         expect ok: a.success_rate == 100%
         report page extends reports.summary {}";
    let ran = Pack::new(&scenario("s", "", body)).run(&[]).exits(0);
    let ready = ran.case("s/case")["servers"][0]["ready_s"].clone();
    assert_eq!(ran.events_named("server_ready")[0]["after_s"], ready);
    let shown = scn::plan::time_words(ready.as_f64().unwrap());
    let said = format!("launch 1/1 sut is ready after {shown}");
    assert!(
        ran.stderr.lines().any(|line| line == said),
        "{}",
        ran.stderr
    );
    let page = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(page.contains(&format!(", ready after {shown},")), "{page}");
}
