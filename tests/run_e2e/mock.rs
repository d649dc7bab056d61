//! Runs against the simulator behind HTTP: `scn run --on mock`. Times are looked at from below
//! alone: a busy machine makes them longer.

use crate::support::*;
use serde_json::Value;

const SHORT: &str = "workload short { input = uniform(50 tok, 200 tok), output = 40 tok }\n";

fn pack(name: &str, body: &str) -> Pack {
    Pack::new(&format!("{SHORT}{}", simulated(name, body)))
}

fn figure(case: &Value, of: &str, metric: &str) -> f64 {
    let figure = &phase(case, of)["metrics"][metric];
    figure["value"]
        .as_f64()
        .unwrap_or_else(|| panic!("{metric}: {figure}"))
}

#[test]
fn the_same_scenario_gives_the_same_counts() {
    let pack = pack(
        "twice",
        "phase open { workload = short, rate = 20 req/s, arrival = poisson(), requests = 40, seed = 7 }
         phase closed { workload = short, requests = 32, concurrency = 4, seed = 7 }
         expect kv: sut.kv_usage.max > 0%
         expect told: closed.success_rate == 100%
         expect process: sut.memory.max > 1 MB
         expect gpu: sut.gpu_memory.max < 1 TB",
    );
    let sim = pack.run(&["--on", "sim"]).case("twice/case");
    std::fs::rename(pack.path().join("out"), pack.path().join("sim")).unwrap();
    let ran = pack.run(&["--on", "mock"]).exits(0);
    assert!(
        ran.stdout
            .starts_with("simulated, behind HTTP in real time\n"),
        "{}",
        ran.stdout
    );
    let mock = ran.case("twice/case");
    assert_eq!(mock["world"], "mock");
    for of in ["open", "closed"] {
        let same = ["requests", "completed", "input.mean", "output.mean"];
        for metric in same {
            assert_eq!(
                figure(&mock, of, metric),
                figure(&sim, of, metric),
                "{of}.{metric}"
            );
        }
        for metric in ["ttft.p50", "tpot.p50"] {
            let (played, simulated) = (figure(&mock, of, metric), figure(&sim, of, metric));
            assert!(
                played > 0.5 * simulated,
                "{of}.{metric}: {played} {simulated}"
            );
        }
    }
    assert!(figure(&mock, "closed", "client_delay") >= 0.0);
    for passed in ["kv", "told", "process"] {
        assert_eq!(check(&mock, passed)["verdict"], "pass", "{passed}");
    }
    let gpu = check(&mock, "gpu");
    assert_eq!(gpu["verdict"], "not_decided");
    let why = gpu["why"].as_str().unwrap();
    assert!(why.contains("works on no GPU"), "{why}");
    let server = &mock["servers"][0];
    assert_eq!(server["engine"], "vllm");
    let command: Vec<&str> = { server["command"].as_array().unwrap().iter() }
        .map(|word| word.as_str().unwrap())
        .collect();
    assert_eq!(command[1], "serve");
    let setup = command.last().unwrap();
    let setup = json(&pack.path().join(setup));
    assert_eq!(setup["metrics"]["kv_usage"], "vllm:kv_cache_usage_perc");
    let log = ran.folder.join("cases/twice/case/server.log");
    assert!(std::fs::read_to_string(log).unwrap().contains("listening"));
    beside(&pack);
}

/// One report of both runs.
fn beside(pack: &Pack) {
    let report = pack.scn(&["report", "out", "sim", "--csv", "worlds.csv"]);
    let report = pack.ran(report).exits(0);
    let row = |start: &str| {
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let mut rows = report.stdout.lines().map(words);
        rows.find(|row| row.starts_with(start))
            .unwrap_or_else(|| panic!("{start}: {}", report.stdout))
    };
    assert_eq!(
        row("| phase"),
        "| phase | metric | mock | sim | sim / mock |"
    );
    let cells = "| closed | completed | 32 req | 32 req | 1 |";
    assert_eq!(row("| closed | completed"), cells);
    let gpu = row("| | check gpu");
    assert_eq!(gpu, "| | check gpu | not decided | not decided | |");
    assert!(row("| closed | client_delay").contains("| – (1) |"));
    assert!(
        report
            .stdout
            .contains("1. what the client waited for is not decided")
    );
    let csv = std::fs::read_to_string(pack.path().join("worlds.csv")).unwrap();
    let memory = csv
        .lines()
        .find(|line| line.contains(",sut,gpu_memory.max,"));
    let memory = memory.unwrap_or_else(|| panic!("{csv}"));
    assert!(memory.contains("works on no GPU"), "{memory}");
    let alone = pack.ran(pack.scn(&["report", "sim", "--csv", "one.csv"]));
    assert_eq!(alone.code, Some(2), "{}", alone.stderr);
}

/// What answers say is not decided, and they are not judged.
#[test]
fn what_rests_on_answers_is_not_decided() {
    let pack = pack(
        "asked",
        "phase p { workload = judged, requests = 4, concurrency = 2 }
         expect right: p.failed == 0
         expect known: p.ttft.p50 < 100s
         }
         workload judged { prompt = \"6 times 7?\", output = 8 tok, accept = \"42\" in answer",
    );
    let case = pack.run(&["--on", "mock"]).case("asked/case");
    assert_eq!(figure(&case, "p", "completed"), 4.0);
    assert_eq!(phase(&case, "p")["failures"].as_array().unwrap().len(), 0);
    let right = check(&case, "right");
    assert_eq!(right["verdict"], "not_decided");
    let why = right["why"].as_str().unwrap();
    assert!(why.contains("not decided on simulated servers"), "{why}");
    assert_eq!(check(&case, "known")["verdict"], "pass");
    let failed = &phase(&case, "p")["metrics"]["failed"];
    assert!(failed["unavailable"].is_string(), "{failed}");
}

/// Another engine: its own names of metrics, its own request that empties caches.
#[test]
fn metrics_have_the_engines_names() {
    let text = simulated(
        "named",
        "phase p { workload = short, requests = 24, concurrency = 2, flush = true }
         expect busy: sut.running.max > 0 req
         expect counted: sut.generation_tokens.max == 960 tok
         expect kv: sut.kv_usage.max > 0%",
    )
    .replace("engines.vllm", "engines.sglang");
    let pack = Pack::new(&format!("{SHORT}{text}"));
    let case = pack.run(&["--on", "mock"]).exits(0).case("named/case");
    assert_eq!(phase(&case, "p")["notes"].as_array().unwrap().len(), 0);
}

#[test]
fn the_built_in_engine_runs_as_it_is() {
    let pack = Pack::new(&scenario(
        "builtin",
        "",
        "phase a { workload = w, requests = 3 }\n expect all: a.completed == 3 req",
    ));
    let ran = pack.run(&["--on", "mock"]).exits(0);
    assert_eq!(ran.case("builtin/case")["world"], "mock");
}

#[test]
fn what_cannot_be_played_is_an_error_before_the_run() {
    let url = "scenario there { server sut { url = \"http://127.0.0.1:1\" }
        phase a { workload = w, requests = 3 } }";
    let ran = Pack::new(url).run(&["--on", "mock"]).exits(2);
    for words in ["cannot be simulated: it runs already", "help: ", "`url`"] {
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
    assert!(!ran.folder.join("run.json").exists());
    let unsaid = simulated("unsaid", "phase a { workload = w, requests = 3 }")
        .replace(", gpu = gpus.h200", "");
    let ran = Pack::new(&unsaid).run(&["--on", "mock"]).exits(2);
    assert!(ran.stderr.contains("cannot be simulated"), "{}", ran.stderr);
}

#[test]
fn a_killed_run_leaves_no_process() {
    let pack = pack(
        "killed",
        "phase going { workload = short, concurrency = 2, duration = 10min }",
    );
    let mut run = pack.start(&["--on", "mock"]);
    run.wait_for_phase("going");
    let descendants = run.descendants();
    run.child.kill().unwrap();
    run.end();
    all_gone(&descendants);
}

#[test]
fn the_plan_shows_the_command() {
    let pack = pack("planned", "phase p { workload = short, requests = 2 }");
    let plan = pack
        .ran(pack.scn(&["plan", "s.scn", "--on", "mock"]))
        .exits(0);
    for words in ["serve --host 127.0.0.1", "--setup", "no GPU", "played by"] {
        assert!(plan.stdout.contains(words), "{words}: {}", plan.stdout);
    }
    let plan = pack
        .ran(pack.scn(&["plan", "s.scn", "--on", "sim"]))
        .exits(0);
    assert!(
        plan.stdout.starts_with("1 case, simulated; no GPU\n"),
        "{}",
        plan.stdout
    );
}
