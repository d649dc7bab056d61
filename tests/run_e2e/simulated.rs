//! Runs in virtual time: `scn run --on sim`.

use crate::support::*;
use serde_json::Value;

/// What was measured, without the dates.
fn undated(mut case: Value) -> Value {
    for key in ["started", "start_s"] {
        case[key] = Value::Null;
    }
    case
}

#[test]
fn two_runs_give_the_same() {
    let pack = Pack::new(&simulated(
        "twice",
        "phase open { workload = long, rate = 20 req/s, arrival = poisson(), duration = 10s, seed = 7 }
         phase closed { workload = long, requests = 50, concurrency = 8, think = 50ms, seed = 7 }
         expect kv: sut.kv_usage.max > 0%
         expect busy: mean(sut.running, during = closed) <= 8 req
         expect late: open.ttft.p50 < 1s",
    ));
    let begun = std::time::Instant::now();
    let one = pack.run(&["--on", "sim"]).exits(0);
    assert!(
        one.stdout.starts_with("simulated, in virtual time\n"),
        "{}",
        one.stdout
    );
    let first = (one.case("twice/case"), read(&one, "requests.csv"));
    assert_eq!(first.0["world"], "sim");
    assert_eq!(first.0["verdict"], "pass");
    let virtual_s = first.0["duration_s"].as_f64().unwrap();
    assert!(virtual_s > 10.0, "{virtual_s}");
    assert!(begun.elapsed() < PATIENCE);
    let summary = std::fs::read_to_string(one.folder.join("reports/summary.md")).unwrap();
    assert!(summary.contains("Simulated, in virtual time"), "{summary}");
    let samples = read(&one, "samples.csv");
    let running = samples
        .lines()
        .filter(|line| line.contains(",sut,running,"));
    assert!(running.count() > 20, "{samples}");
    std::fs::remove_dir_all(&one.folder).unwrap();
    let other = pack.run(&["--on", "sim"]).exits(0);
    assert_eq!(read(&other, "requests.csv"), first.1);
    assert_eq!(undated(other.case("twice/case")), undated(first.0));
}

fn read(ran: &Ran, file: &str) -> String {
    let path = ran.folder.join("cases/twice/case").join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// How many requests of a phase failed in a way, and the first in words.
pub fn failed(case: &Value, of: &str, class: &str) -> (u64, String) {
    let failures = phase(case, of)["failures"].as_array().expect("failures");
    let one = failures.iter().find(|one| one["class"] == class);
    let one = one.unwrap_or_else(|| panic!("no {class} in {failures:?}"));
    let words = one["example"].as_str().unwrap_or_default();
    (one["count"].as_u64().unwrap_or_default(), words.to_string())
}

#[test]
fn requests_fail_as_they_do_elsewhere() {
    let text = simulated(
        "fails",
        "phase rejected { workload = huge, requests = 3, concurrency = 1 }
         phase timeout { workload = long, batch = 20, timeout = 100ms }
         phase drained { workload = long, rate = 20 req/s, arrival = constant(), duration = 2s, drain = 0s }
         expect none: rejected.completed == 0 req",
    );
    let huge = "workload huge { prompt = join(range(2400), \" \"), output = 10 tok }\n";
    let text = text.replace(
        "gpu = gpus.h200 }",
        "gpu = gpus.h200, options { max_model_len = 2300 tok } }",
    );
    let ran = Pack::new(&format!("{huge}{text}")).run(&["--on", "sim"]);
    let case = ran.case("fails/case");
    let (count, words) = failed(&case, "rejected", "status");
    assert_eq!(count, 3);
    assert!(words.contains("status 400"), "{words}");
    assert_eq!(failed(&case, "timeout", "timeout").0, 20);
    let (count, words) = failed(&case, "drained", "cancelled");
    assert!(count > 0 && words.contains("drain"), "{count} {words}");
}

#[test]
fn what_virtual_time_has_nothing_of_is_not_decided() {
    let pack = Pack::new(&simulated(
        "memory",
        "phase load { workload = long, requests = 20, concurrency = 4 }
         expect small: sut.memory.max < 1 TB
         expect fast:  load.ttft.p50 < 1s",
    ));
    let case = pack.run(&["--on", "sim"]).case("memory/case");
    let small = check(&case, "small");
    assert_eq!(check(&case, "fast")["verdict"], "pass");
    assert_ne!(small["verdict"], "pass");
    let why = small["why"].as_str().unwrap();
    assert!(why.contains("not decided in virtual time"), "{why}");
}

/// Answers say nothing in virtual time, so that none of them is wrong proves nothing.
#[test]
fn what_rests_on_answers_is_not_decided() {
    let pack = Pack::new(&simulated(
        "asked",
        "phase p { workload = judged, requests = 20, concurrency = 2 }
         phase q { workload = long, requests = 20, concurrency = 2 }
         expect right: p.failed == 0
         expect most: p.success_rate >= 90%
         expect known: p.ttft.p50 < 1s
         expect unasked: q.failed == 0
         }
         workload judged { prompt = \"6 times 7?\", output = 8 tok, accept = \"42\" in answer",
    ));
    let ran = pack.run(&["--on", "sim"]);
    let case = ran.case("asked/case");
    let verdicts = case["checks"].as_array().unwrap().iter();
    let verdicts: Vec<&str> = verdicts
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["not_decided", "not_decided", "pass", "pass"]);
}

#[test]
fn a_server_that_cannot_be_simulated_is_an_error_before_the_run() {
    let pack = Pack::new(&scenario(
        "real",
        "",
        "phase a { workload = w, requests = 3 }",
    ));
    let ran = pack.run(&["--on", "sim"]).exits(2);
    assert!(
        ran.stderr
            .contains("cannot be simulated: builtin does not say how"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("s.scn:"), "{}", ran.stderr);
    assert!(!ran.folder.join("run.json").exists());
}

#[test]
fn a_scenario_is_left_out_of_worlds_that_it_does_not_name() {
    let here = scenario("here", "", "phase a { workload = w, requests = 3 }");
    let there = simulated(
        "there",
        "worlds = [\"sim\"]\nphase a { workload = long, requests = 3 }",
    );
    let ran = Pack::new(&format!("{here}{there}")).run(&[]).exits(0);
    assert!(ran.stderr.contains("`there` is left out"), "{}", ran.stderr);
    assert!(!ran.folder.join("cases/there").exists());
    let ran = Pack::new(&there).run(&[]).exits(4);
    assert!(ran.stderr.contains("`worlds`"), "{}", ran.stderr);
}

#[test]
fn stated_links_carry_what_ranks_send() {
    let text = "use std.gpus\nuse std.models\n\
        workload long { input = 2000 tok, output = 20 tok }\n\
        scenario links {\n\
        matrix { width = [450 GB/s, 4 GB/s], layout = [{ tp = 2 }, { pp = 2 }, { dp = 2 }] }\n\
        cluster host { node here { gpu = gpus.h200, gpus = 2\n\
          link only { between = [[0, 1]], bandwidth = width, latency = 2us } } }\n\
        server sut { engine = engines.vllm, model = models.llama_3_1_8b, cluster = host, layout = layout }\n\
        phase load { workload = long, requests = 20, concurrency = 1, seed = 1 }\n\
        expect sums: at(width = 4 GB/s).load.ttft.p50 > 4 * at(width = 450 GB/s).load.ttft.p50 when layout == { tp = 2 }\n\
        expect handed: at(width = 4 GB/s).load.ttft.p50 > 1.02 * at(width = 450 GB/s).load.ttft.p50 when layout == { pp = 2 }\n\
        expect alone: at(width = 4 GB/s).load.ttft.p50 == at(width = 450 GB/s).load.ttft.p50 when layout == { dp = 2 }\n\
        }\n";
    let ran = Pack::new(text).run(&["--on", "sim"]).exits(0);
    assert!(ran.stdout.contains("✓ sums"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ handed"), "{}", ran.stdout);
    assert!(ran.stdout.contains("✓ alone"), "{}", ran.stdout);
}

/// A prompt that was read before is read again once the caches were flushed.
#[test]
fn flushed_caches_are_empty() {
    let same = "workload same { prompt = join(range(4000), \" \"), output = 2 tok }\n";
    let text = simulated(
        "flushed",
        "phase cold { workload = same, requests = 1, concurrency = 1 }
         phase warm { workload = same, requests = 1, concurrency = 1 }
         phase flushed { workload = same, requests = 1, concurrency = 1, flush = true, quiesce = true }
         phase rested { workload = same, requests = 1, concurrency = 1 }
         expect hits: warm.ttft.mean < 70% * cold.ttft.mean
         expect misses: flushed.ttft.mean > 99% * cold.ttft.mean
         expect emptied: rested.ttft.mean > 99% * cold.ttft.mean",
    );
    let pack = Pack::new(&format!("{same}{text}"));
    let ran = pack.run(&["--on", "sim", "--timeline"]).exits(0);
    let events = json(&ran.folder.join("cases/flushed/case/timeline.json"));
    let events = events.as_array().expect("an array of events").iter();
    let whole = events.filter(|event| event["args"]["tokens"].as_f64() > Some(3000.0));
    assert_eq!(whole.count(), 3, "so often is the prompt read");
}

#[test]
fn replicas_are_as_busy_as_their_balance_makes_them() {
    let text = simulated(
        "shares",
        "worlds = [\"sim\"]
         matrix { balance = [\"round_robin\", \"weighted\"] }
         server two { engine = engines.vllm, model = models.llama_3_1_8b, gpu = gpus.h200
           layout { dp = 2, balance = balance, weights = if balance == \"weighted\" then [3, 1] else none } }
         phase load { workload = long, server = two, requests = 80, rate = 4 req/s, seed = 1 }
         phase rest { idle = 10s }
         expect even:   load.replica_requests.min == 40 req when balance == \"round_robin\"
         expect alike:  load.gpu_busy.min > 0.9 * load.gpu_busy.max when balance == \"round_robin\"
         expect uneven: load.replica_requests.max == 60 req when balance == \"weighted\"
         expect apart:  load.gpu_busy.min < 0.8 * load.gpu_busy.max when balance == \"weighted\"
         expect shares: load.gpu_busy.count == 2",
    );
    // the server of the pack's own is not asked
    let own =
        "server sut { engine = engines.vllm, model = models.llama_3_1_8b, gpu = gpus.h200 }\n";
    let text = text.replace(own, "");
    let ran = Pack::new(&text).run(&["--on", "sim"]).exits(0);
    let case = ran.case("shares/balance=weighted");
    let busy = phase(&case, "load")["metrics"]["gpu_busy.max"]["text"]
        .as_str()
        .unwrap();
    assert!(busy.ends_with(" %"), "{busy}");
}

#[test]
fn what_replicas_did_is_not_decided_for_real() {
    let body = "phase a { workload = w, requests = 3 }
        expect even: a.replica_requests.min > 0 req";
    let case = Pack::new(&scenario("real", "", body))
        .run(&[])
        .case("real/case");
    let even = check(&case, "even");
    assert_eq!(even["verdict"], "not_decided", "{even:#}");
    let why = even["why"].as_str().unwrap();
    assert!(why.contains("only the simulator tells"), "{why}");
    assert!(phase(&case, "a")["metrics"]["gpu_busy.max"].is_null());
}

#[test]
fn who_gets_no_place_says_what_it_waited_for() {
    let text = simulated(
        "queued",
        "phase p {
           load first  { workload = long, batch = 1, output = 200 tok, seed = 1 }
           load second { workload = long, rate = 10 req/s, arrival = constant(), requests = 1, timeout = 300ms, seed = 1 }
         }
         expect one: p.completed == 1 req",
    );
    let text = text.replace(
        "gpu = gpus.h200 }",
        "gpu = gpus.h200, options { max_num_seqs = 1 } }",
    );
    let case = Pack::new(&text).run(&["--on", "sim"]).case("queued/case");
    let (count, words) = failed(&case, "p", "timeout");
    assert_eq!(count, 1);
    let place = "the server's first in the queue waits for places for sequences";
    assert!(words.contains(place), "{words}");
}

#[test]
fn cases_side_by_side_give_what_one_after_the_other_does() {
    let pack = Pack::new(&simulated(
        "many",
        "matrix { clients = [1, 2, 4, 8, 16, 32] }
         phase asked { workload = long, requests = 60, concurrency = clients, seed = 3 }
         expect fast: asked.ttft.p50 < 10s
         rank best { highest = asked.output_throughput }",
    ));
    let kept = |ran: &Ran| {
        let cases = ["1", "2", "4", "8", "16", "32"].map(|n| format!("many/clients={n}"));
        let requests = cases.clone().map(|case| {
            let path = ran.folder.join("cases").join(case).join("requests.csv");
            std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        });
        let told = ran.events_named("case_ended");
        let told: Vec<_> = told.iter().map(|event| event["case"].clone()).collect();
        assert_eq!(told.len(), 6);
        (cases.map(|case| undated(ran.case(&case))), requests, told)
    };
    let one = pack.run(&["--on", "sim"]).exits(0);
    let first = kept(&one);
    std::fs::remove_dir_all(&one.folder).unwrap();
    // what this thread starts now has one processor, and so one case at a time
    let mut alone = nix::sched::CpuSet::new();
    let this = nix::unistd::Pid::from_raw(0);
    let allowed = nix::sched::sched_getaffinity(this).unwrap();
    let first_cpu = (0..).find(|cpu| allowed.is_set(*cpu).unwrap()).unwrap();
    alone.set(first_cpu).unwrap();
    nix::sched::sched_setaffinity(this, &alone).unwrap();
    let other = pack.run(&["--on", "sim"]).exits(0);
    assert_eq!(kept(&other), first);
}

#[test]
fn a_timeline_shows_steps_queues_and_requests() {
    let pack = Pack::new(&simulated(
        "shown",
        "phase asked { workload = long, requests = 12, concurrency = 4 }",
    ));
    let ran = pack.run(&["--on", "sim", "--timeline"]).exits(0);
    let path = ran.folder.join("cases/shown/case/timeline.json");
    let events = json(&path);
    let events = events.as_array().expect("an array of events");
    let of = |ph: &'static str| events.iter().filter(move |event| event["ph"] == ph);
    let names: Vec<&Value> = of("M").map(|event| &event["args"]["name"]).collect();
    assert_eq!(names, ["sut", "replica 0, stage 0"]);
    let steps: Vec<&Value> = of("X").filter(|event| event["name"] == "step").collect();
    let time = |event: &Value, key: &str| event[key].as_f64().expect("a time");
    let mut end = 0.0;
    for step in &steps {
        assert!(
            time(step, "ts") >= end,
            "{step} begins before the one before ends"
        );
        end = time(step, "ts") + time(step, "dur");
    }
    // every prompt's token is computed in a step, and all but the last of each answer's
    let tokens: f64 = steps.iter().map(|step| time(&step["args"], "tokens")).sum();
    let count = |name: &str| {
        let rows = ran.requests("shown/case");
        let all = rows
            .iter()
            .map(|row| row[name].parse::<f64>().expect("a count"));
        all.sum::<f64>()
    };
    let asked = count("prompt tokens (tok)") + count("completion tokens (tok)") - 12.0;
    assert_eq!(tokens, asked);
    // parts fill their step, but for what rounding leaves
    let parts: f64 = of("X")
        .filter(|event| event["name"] != "step")
        .map(|part| time(part, "dur"))
        .sum();
    let whole: f64 = steps.iter().map(|step| time(step, "dur")).sum();
    assert!((parts / whole - 1.0).abs() < 1e-3, "{parts} of {whole}");
    assert_eq!(
        of("C")
            .filter(|event| event["name"] == "replica 0: running")
            .count(),
        steps.len()
    );
    let ended = of("e").filter(|event| event["name"] != "to the first token");
    assert_eq!(ended.count(), 12);

    let real = pack.run(&["--timeline"]).exits(2);
    assert!(
        real.stderr.contains("--on sim --timeline"),
        "{}",
        real.stderr
    );
}

#[test]
fn a_long_case_stops_when_it_is_told_to() {
    let pack = Pack::new(&simulated(
        "long_case",
        "timeout = 30h
         phase day { workload = long, rate = 20 req/s, arrival = constant(), duration = 24h }",
    ));
    let mut run = pack.start(&["--on", "sim"]);
    run.wait_for("its case", |event| event["event"] == "case_started");
    run.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(run.end(), Some(130));
}

#[test]
fn a_case_ends_with_its_time() {
    let pack = Pack::new(&simulated(
        "short_of_time",
        "timeout = 5s
         phase all { workload = long, requests = 100000, concurrency = 2, seed = 1 }",
    ));
    let ran = pack.run(&["--on", "sim"]).exits(3);
    let case = ran.case("short_of_time/case");
    assert_eq!(case["error"]["kind"], "case_timeout", "{}", ran.stdout);
    let rows = ran.requests("short_of_time/case");
    // two clients, and no answer takes less than 50 steps
    assert!(rows.len() < 200, "{}", rows.len());
}

#[test]
fn a_load_without_a_request_is_no_data() {
    let pack = Pack::new(&simulated(
        "nobody",
        "phase asked { workload = long, rate = 0.01 req/s, arrival = poisson(), duration = 5s, seed = 1 }
         expect all: asked.success_rate == 100%",
    ));
    let ran = pack.run(&["--on", "sim"]).exits(3);
    assert_eq!(check(&ran.case("nobody/case"), "all")["verdict"], "no_data");
}
