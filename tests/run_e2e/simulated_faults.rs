//! Servers that do wrong on purpose, in virtual time: what a scenario sees of it.

use crate::simulated::failed;
use crate::support::*;

/// A scenario on a simulated server with these faults.
fn faulty(name: &str, faults: &str, body: &str) -> String {
    let text = simulated(name, body);
    text.replace(
        "gpu = gpus.h200 }",
        &format!("gpu = gpus.h200\nfaults {{ {faults} }} }}"),
    )
    .replace(
        "server sut {",
        "worlds = [\"sim\"]\nsample = 100ms\nserver sut {",
    )
}

const QUIET: &str = "phase before { quiesce = true, idle = 5s }
    phase a { workload = long, requests = 200, concurrency = 8, seed = 1 }
    phase after { quiesce = true, idle = 5s }
    expect grown: growth(sut.memory, from = before, to = after) == ";

#[test]
fn floors_tell_leaks_of_each_sort_in_virtual_time() {
    let texts: Vec<String> = [
        ("requests", "leak = 1MB/req, grow_at_start = 2GB", "200 MB"),
        (
            "steps",
            "leak_step = 30MB, leak_step_every = 80 req",
            "60 MB",
        ),
        (
            "sawtooth",
            "sawtooth = 1MB/req, sawtooth_top = 60MB",
            "20 MB",
        ),
        ("cache", "cache = 1MB/req, cache_size = 40MB", "40 MB"),
        ("holds", "leak = 0 B/req", "0 MB"),
        ("images", "leak_image = 1MB/img", "0 MB"),
    ]
    .map(|(name, faults, grown)| faulty(name, faults, &format!("{QUIET}{grown}")))
    .to_vec();
    let header = "use std.gpus\nuse std.models\n";
    let workload = texts[0].lines().nth(2).unwrap().to_string() + "\n";
    let text = texts.concat().replace(header, "").replace(&workload, "");
    let ran = Pack::new(&format!("{header}{workload}{text}")).run(&["--on", "sim"]);
    let case = ran.exits(0).case("requests/case");
    let metrics = &case["servers"][0]["metrics"];
    assert_eq!(metrics["memory.first"]["value"].as_f64(), Some(2e9));
    assert_eq!(metrics["memory.last"]["value"].as_f64(), Some(2.2e9));
    assert_eq!(metrics["memory.growth"]["value"].as_f64(), Some(2e8));
    // what one process shares is not told
    assert!(metrics["memory_pss.max"].is_null(), "{metrics:#}");
}

#[test]
fn a_leak_grows_from_one_repetition_to_the_next() {
    let body = "phase a { workload = long, requests = 50, concurrency = 8, seed = 1, repeat = 5, quiesce = true }
        expect grown: growth(sut.memory, during = a) == 4 MB";
    let ran = Pack::new(&faulty("again", "leak = 20kB/req", body)).run(&["--on", "sim"]);
    let case = ran.exits(0).case("again/case");
    assert_eq!(check(&case, "grown")["verdict"], "pass", "{case:#}");
    let notes = phase(&case, "a")["notes"].as_array().map(Vec::len);
    assert_eq!(notes.unwrap_or(0), 0, "{case:#}");
}

#[test]
fn faults_have_the_class_that_a_real_one_has() {
    let load =
        "phase a { workload = long, requests = 100, concurrency = 8, timeout = 30s, seed = 1 }";
    let one = |name: &str, faults: &str| {
        let ran = Pack::new(&faulty(name, faults, load)).run(&["--on", "sim"]);
        ran.case(&format!("{name}/case"))
    };
    let (refused, words) = failed(
        &one("refused", "fail_rate = 20%, fail_status = 503"),
        "a",
        "status",
    );
    assert!(
        (5..40).contains(&refused) && words.contains("503"),
        "{refused} {words}"
    );
    let (cut, words) = failed(&one("cut", "cut_rate = 20%, seed = 3"), "a", "cut_stream");
    assert!(
        (5..40).contains(&cut) && words.contains("chunk"),
        "{cut} {words}"
    );
    // seven are under way with the sixtieth
    assert_eq!(
        failed(&one("stalled", "stall_after = 60"), "a", "timeout").0,
        33
    );
    let died = one("died", "die_after = 30");
    assert_eq!(died["error"]["kind"], "server_died", "{died:#}");
    assert_eq!(phase(&died, "a")["metrics"]["completed"]["value"], 30.0);
}

#[test]
fn two_runs_with_faults_give_the_same() {
    let text = faulty(
        "twice",
        "seed = 5, fail_rate = 5%, cut_rate = 5%, jitter = 20%, crash_after = 40, crash_restart = 1s, leak_token = 1kB/tok",
        "phase a { workload = long, rate = 20 req/s, arrival = poisson(), duration = 10s, seed = 1 }
         expect some: a.failed > 10 req
         expect leak: sut.memory.last > 10 MB",
    );
    let pack = Pack::new(&text);
    let table = || {
        let ran = pack.run(&["--on", "sim"]).exits(0);
        let path = ran.folder.join("cases/twice/case/requests.csv");
        let requests = std::fs::read_to_string(path).unwrap();
        let figures = ran.case("twice/case")["servers"].clone();
        std::fs::remove_dir_all(&ran.folder).unwrap();
        (requests, figures)
    };
    assert_eq!(table(), table());
}

/// One scenario, in virtual time and on a real process.
#[test]
fn a_leak_is_found_in_both_worlds() {
    let text = faulty(
        "both",
        "leak = 2MB/req, grow_at_start = 50MB, fail_rate = 10%, seed = 1",
        "phase before { workload = long, output = 2 tok, requests = 4, concurrency = 4, quiesce = true }
         phase a { workload = long, output = 2 tok, requests = 40, concurrency = 8, seed = 1 }
         phase after { quiesce = true }
         expect leaks: growth(sut.memory, from = before, to = after) >= 50 MB
         expect some:  a.failed > 0 req",
    );
    let text = text.replace("worlds = [\"sim\"]", "worlds = [\"sim\", \"mock\"]");
    let pack = Pack::new(&text);
    for world in ["sim", "mock"] {
        let ran = pack.run(&["--on", world]).exits(0);
        let case = ran.case("both/case");
        assert!(failed(&case, "a", "status").0 > 0, "{case:#}");
        std::fs::remove_dir_all(&ran.folder).unwrap();
    }
}
