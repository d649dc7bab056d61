//! Ctrl-C, SIGTERM, a closed terminal, and `kill -9`: nothing is left running, and what was
//! measured is kept.

use crate::support::*;
use nix::sys::signal::Signal;
use std::time::{Duration, Instant};

/// A server with a child in a session of its own.
fn with_child(name: &str, options: &str, body: &str) -> String {
    format!(
        "scenario {name} {{ sample = 50ms
           server sut {{ engine = engines.builtin, arguments = [\"--spawn-child=session\"]
             options {{ ttft = 1ms, itl = 1ms{options} }} }}
           {body}
         }}\n"
    )
}

const QUICK: &str = "phase q { workload = w, requests = 3 }\nexpect ok: q.success_rate == 100%
    expect small: sut.memory.max < 1TB
    warn soon: q.ttft.max <= 10s
    report page extends reports.summary {}";

/// Waits for the phase, interrupts, and looks at what is left.
fn interrupted(body: &str, phase: &str, signal: Signal) -> serde_json::Value {
    let pack = Pack::new(
        &[
            with_child("s", "", body),
            scenario("never_begun", "", QUICK),
        ]
        .concat(),
    );
    let mut run = pack.start(&[]);
    run.wait_for_phase(phase);
    std::thread::sleep(Duration::from_millis(200));
    let processes = run.descendants();
    assert!(
        processes.len() >= 3,
        "guard, server and its child: {processes:?}"
    );
    run.signal(signal);
    assert_eq!(run.end(), Some(130));
    all_gone(&processes);
    let result = json(&run.folder.join("run.json"));
    assert_eq!(result["interrupted"], true);
    assert_eq!(result["exit_code"], 130);
    assert!(result["finished"].is_string());
    assert!(run.folder.join("junit.xml").exists());
    assert!(run.folder.join("reports/summary.md").exists());
    let never = json(&run.folder.join("cases/never_begun/case/result.json"));
    assert_eq!(never["verdict"], "interrupted", "{never:#}");
    assert_eq!(never["duration_s"], 0.0, "{never:#}");
    for name in ["ok", "small", "soon"] {
        assert_eq!(check(&never, name)["verdict"], "interrupted", "{never:#}");
    }
    let page = std::fs::read_to_string(run.folder.join("reports/summary.md")).unwrap();
    let lines: Vec<&str> = page.lines().filter(|l| l.contains("never_begun")).collect();
    let [line] = lines[..] else { panic!("{page}") };
    assert!(line.contains("did not start: interrupted"), "{line}");
    let junit = std::fs::read_to_string(run.folder.join("junit.xml")).unwrap();
    let of_warn = junit.split("case / soon\"").nth(1).unwrap();
    let of_warn = of_warn.split("</testcase>").next().unwrap();
    assert!(of_warn.contains("<skipped"), "{junit}");
    assert_eq!(result["cases"].as_array().map(Vec::len), Some(2));
    let case = json(&run.folder.join("cases/s/case/result.json"));
    assert_eq!(case["verdict"], "interrupted");
    case
}

#[test]
fn ctrl_c_in_a_load_finishes_and_reports() {
    let case = interrupted(
        "phase a { workload = w, duration = 10min, concurrency = 2, think = 2ms }
         phase b { quiesce = true, idle = 10min }
         expect ok: a.success_rate == 100%
         report page extends reports.summary {}",
        "a",
        Signal::SIGINT,
    );
    assert_eq!(check(&case, "ok")["verdict"], "interrupted", "{case:#}");
    assert!(
        phase(&case, "a")["metrics"]["completed"]["value"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    assert!(phase(&case, "b")["skipped"].is_string());
}

#[test]
fn a_check_on_requests_that_were_cut_is_interrupted() {
    let case = interrupted(
        "workload long { prompt = \"x\", output = 20000 }
         phase a { workload = long, requests = 4, concurrency = 2 }
         expect quick: a.ttft.max <= 10s",
        "a",
        Signal::SIGINT,
    );
    let quick = check(&case, "quick");
    assert_eq!(quick["verdict"], "interrupted", "{quick:#}");
}

#[test]
fn an_interrupt_comes_before_all_that_cases_came_to() {
    let load = "phase a { workload = w, requests = 3 }\n";
    let of = |name, check| scenario(name, "", &format!("{load}expect ok: {check}"));
    let pack = Pack::new(
        &[
            of("bad", "a.input.mean >= 1000 tok"),
            of("few", "a.ttft.p99 <= 10s"),
            scenario("long", "", "phase quiet { idle = 10min }"),
        ]
        .concat(),
    );
    let mut run = pack.start(&[]);
    run.wait_for_phase("quiet");
    run.signal(Signal::SIGINT);
    assert_eq!(run.end(), Some(130));
    let result = json(&run.folder.join("run.json"));
    assert_eq!(result["exit_code"], 130);
    let verdicts: Vec<_> = result["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| case["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["fail", "inconclusive", "interrupted"]);
}

#[test]
fn sigterm_in_an_idle_phase_does_the_same() {
    interrupted(
        "phase a { idle = 10min }\nreport page extends reports.summary {}",
        "a",
        Signal::SIGTERM,
    );
}

#[test]
fn a_closed_terminal_while_a_server_comes_to_rest_does_the_same() {
    let body = "phase a { workload = w, requests = 2, repeat = 1000, quiesce = true }\nreport page extends reports.summary {}";
    interrupted(body, "a", Signal::SIGHUP);
}

#[test]
fn ctrl_c_while_a_server_starts_ends_the_wait() {
    let pack = Pack::new(&with_child("s", ", never_ready = true", QUICK));
    let mut run = pack.start(&[]);
    run.wait_for("started", |event| event["event"] == "server_started");
    std::thread::sleep(Duration::from_millis(200));
    let processes = run.descendants();
    run.signal(Signal::SIGINT);
    assert_eq!(run.end(), Some(130));
    all_gone(&processes);
    let case = json(&run.folder.join("cases/s/case/result.json"));
    assert_eq!(case["verdict"], "interrupted");
    assert!(run.folder.join("junit.xml").exists());
}

#[test]
fn twice_stops_now() {
    let pack = Pack::new(
        "engine stubborn extends engines.builtin { stop { signal = \"TERM\", grace = 10min } }
         scenario s {
           server sut { engine = stubborn, options { ttft = 1ms, itl = 1ms, ignore_term = true } }
           phase a { workload = w, duration = 10min, think = 2ms }
           report page extends reports.summary {}
         }",
    );
    let mut run = pack.start(&[]);
    run.wait_for_phase("a");
    let processes = run.descendants();
    run.signal(Signal::SIGINT);
    run.wait_for("case_ended", |event| event["event"] == "case_ended");
    assert!(
        run.child.try_wait().unwrap().is_none(),
        "the server is given its grace"
    );
    let asked = Instant::now();
    run.signal(Signal::SIGINT);
    assert_eq!(run.end(), Some(130));
    assert!(
        asked.elapsed() < Duration::from_secs(20),
        "a grace of ten minutes is not waited for"
    );
    all_gone(&processes);
    assert!(run.folder.join("reports/summary.md").exists());
}

#[test]
fn nohup_is_respected() {
    let pack = Pack::new(&scenario(
        "s",
        "",
        "phase a { idle = 1s }\nphase b { workload = w, requests = 3 }\nexpect ok: b.success_rate == 100%",
    ));
    let script = format!(
        "trap '' HUP; exec {} run s.scn --out out",
        env!("CARGO_BIN_EXE_scn")
    );
    let mut run = pack.start_with(std::process::Command::new("sh").args(["-c", &script]));
    run.wait_for_phase("a");
    run.signal(Signal::SIGHUP);
    assert_eq!(run.end(), Some(0));
}

#[test]
fn after_kill_9_nothing_runs_and_the_folder_can_be_read() {
    let body = "phase a { workload = w, duration = 10min, think = 2ms }\nexpect ok: a.success_rate == 100%";
    let text = [scenario("done", "", QUICK), with_child("killed", "", body)].concat();
    let pack = Pack::new(&text);
    let mut run = pack.start(&[]);
    run.wait_for_phase("a");
    let rows = run.folder.join("cases/killed/case/requests.csv");
    eventually("requests are written while it runs", || {
        std::fs::read_to_string(&rows).is_ok_and(|text| text.lines().count() > 3)
    });
    let processes = run.descendants();
    assert!(processes.len() >= 3, "{processes:?}");
    run.child.kill().unwrap();
    assert_eq!(run.end(), None);
    all_gone(&processes);

    let report = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(
        report.stderr.contains("did not finish"),
        "{}",
        report.stderr
    );
    assert!(report.stdout.contains("3 passed"), "{}", report.stdout);
    let page = std::fs::read_to_string(run.folder.join("reports/summary.md")).unwrap();
    assert!(page.contains("done") && page.contains("killed"), "{page}");

    // the folder of a killed run is taken again, and what it held is put aside
    let again = pack.run(&["--only", "done"]).exits(0);
    assert!(
        again.stderr.contains("what it left is in ") && again.stderr.contains("/earlier/1"),
        "{}",
        again.stderr
    );
    assert!(
        again
            .folder
            .join("earlier/1/cases/killed/case/requests.csv")
            .exists()
    );
}

#[test]
fn two_runs_at_once_do_not_meet() {
    let body = "phase a { workload = w, requests = 40, concurrency = 2, think = 5ms }\nexpect ok: a.success_rate == 100%";
    let pack = Pack::new(&scenario("s", "", body));
    let start = || {
        let mut command = pack.scn(&["run", "s.scn"]);
        command
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    for mut child in [start(), start(), start()] {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
    let folders: Vec<_> = std::fs::read_dir(pack.path().join("runs"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(folders.len(), 3, "{folders:?}");
    let ports: std::collections::BTreeSet<u64> = folders
        .iter()
        .flat_map(|folder| events(folder))
        .filter(|event| event["event"] == "server_started")
        .map(|event| event["port"].as_u64().unwrap())
        .collect();
    assert_eq!(ports.len(), 3, "{ports:?}");
}

#[test]
fn one_folder_takes_one_run_at_a_time() {
    let pack = Pack::new(&scenario("s", "", "phase a { idle = 10min }"));
    let mut run = pack.start(&[]);
    run.wait_for_phase("a");
    let other = pack.run(&[]).exits(3);
    assert!(other.stderr.contains("another run"), "{}", other.stderr);
    run.signal(Signal::SIGINT);
    assert_eq!(run.end(), Some(130));
}
