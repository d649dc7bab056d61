//! Servers that already run: whose process they are, and what becomes of a run when they end.

use crate::support::*;
use crate::url::{KEY, Server};
use std::process::{Child, Command};

struct Killed(Child);

impl Killed {
    fn sleep() -> Self {
        Self(Command::new("sleep").arg("300").spawn().unwrap())
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn pack(server: &Server, pid: u32, phases: &str) -> Pack {
    let url = &server.url;
    Pack::new(&format!(
        "scenario s {{ sample = 50ms
           server sut {{ url = \"{url}\", pid = {pid}, api_key = \"{KEY}\" }}
           {phases}
           report page extends reports.summary {{}}
         }}"
    ))
}

const ASKED: &str = "phase a { workload = w, requests = 4 }
    expect ok: a.success_rate == 100%";

#[test]
fn the_process_that_was_measured_is_named() {
    let server = Server::start(&["--answer-tokens", "7"]);
    let pid = server.child.id();
    let ran = pack(&server, pid, ASKED).run(&[]).exits(0);
    let process = ran.case("s/case")["servers"][0]["process"].clone();
    assert_eq!(process["pid"], pid);
    assert_eq!(process["name"], "scn");
    let command = process["command"].as_str().unwrap();
    assert!(command.contains("--answer-tokens 7"), "{command}");
    assert!(command.contains("--api-key ***"), "{command}");
    assert!(process["warning"].is_null(), "{process:#}");
    let summary = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(summary.contains(&format!("process {pid}")), "{summary}");
    assert!(summary.contains("--answer-tokens 7"), "{summary}");
    assert!(!ran.stdout.contains("measured of"), "{}", ran.stdout);
}

#[test]
fn another_process_than_the_one_that_listens_is_doubted() {
    let (server, sleep) = (Server::start(&[]), Killed::sleep());
    let ran = pack(&server, sleep.pid(), ASKED).run(&[]).exits(0);
    let process = ran.case("s/case")["servers"][0]["process"].clone();
    assert_eq!(process["command"], "sleep 300");
    let text = process["warning"]["text"].as_str().unwrap();
    let [wrong, right] = [sleep.pid(), server.child.id()].map(|pid| format!("process {pid} ("));
    assert!(text.contains(&wrong) && text.contains(&right), "{text}");
    assert!(!text.contains(KEY), "{text}");
    for said in [&ran.stdout, &ran.stderr] {
        assert!(said.contains(&wrong) && said.contains(&right), "{said}");
    }
    let summary = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(
        summary.contains("Warning: memory is measured of"),
        "{summary}"
    );
}

#[test]
fn a_process_that_is_not_there_is_told_before_any_load() {
    let server = Server::start(&[]);
    let mut ended = Command::new("true").spawn().unwrap();
    let pid = ended.id();
    ended.wait().unwrap();
    let ran = pack(&server, pid, ASKED).run(&[]).exits(3);
    let error = ran.case("s/case")["error"].clone();
    assert_eq!(error["kind"], "no_process");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&format!("no process {pid}")), "{message}");
    // who it may be
    let help = error["help"].as_str().unwrap();
    assert!(
        help.contains(&format!("process {} (", server.child.id())),
        "{help}"
    );
    assert!(ran.events_named("phase_started").is_empty());
}

#[test]
fn the_end_of_its_process_ends_the_case() {
    let mut server = Server::start(&[]);
    let phases = "phase a { workload = w, duration = 10min, concurrency = 2 }
        phase b { workload = w, duration = 10min, rate = 10 req/s }
        phase after { quiesce = true }
        expect ok: b.success_rate == 100%";
    let pack = pack(&server, server.child.id(), phases);
    let mut started = pack.start(&[]);
    started.wait_for_phase("a");
    std::thread::sleep(std::time::Duration::from_millis(300));
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert_eq!(started.end(), Some(3));
    let case = json(&started.folder.join("cases/s/case/result.json"));
    assert_eq!(case["error"]["kind"], "server_died", "{case:#}");
    assert_eq!(case["error"]["phase"], "a");
    let help = case["error"]["help"].as_str().unwrap();
    assert!(help.contains("did not start it"), "{help}");
    assert_eq!(check(&case, "ok")["verdict"], "no_data");
    assert!(phase(&case, "b")["skipped"].is_string(), "{case:#}");
}

#[test]
fn a_server_without_a_pid_that_is_gone_is_not_waited_for() {
    let mut server = Server::start(&[]);
    let pack = Pack::new(&format!(
        "scenario s {{ sample = 50ms
           server sut {{ engine = engines.builtin, url = \"{}\", api_key = \"{KEY}\" }}
           phase a {{ workload = w, duration = 1s, concurrency = 2 }}
           phase after {{ quiesce = true, idle = 100ms }}
           expect ok: a.requests >= 1
         }}",
        server.url
    ));
    let mut started = pack.start(&[]);
    started.wait_for_phase("a");
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert_eq!(started.end(), Some(0));
    let case = json(&started.folder.join("cases/s/case/result.json"));
    let notes = phase(&case, "after")["notes"].to_string();
    assert!(notes.contains("nobody listens at"), "{notes}");
    assert!(!notes.contains("did not become idle"), "{notes}");
}

#[test]
fn a_launch_that_is_tried_again_is_not_counted_beyond_the_plan() {
    // a port that was free a moment ago
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ran = Pack::new(&format!(
        "scenario s {{
           matrix {{ n = [1, 2] }}
           server sut {{ url = \"http://{address}\" }}
           phase a {{ workload = w, requests = n }}
         }}"
    ))
    .run(&[])
    .exits(3);
    let starts: Vec<&str> = (ran.stderr.lines())
        .filter(|line| line.contains(" asking sut"))
        .collect();
    assert_eq!(starts.len(), 2, "{}", ran.stderr);
    assert!(
        starts.iter().all(|line| line.starts_with("launch 1/1 ")),
        "{starts:?}"
    );
    assert!(
        !starts[0].contains("again") && starts[1].ends_with(", again"),
        "{starts:?}"
    );
}
