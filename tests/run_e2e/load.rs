//! What is measured: leaks, latencies from due times, concurrency, accepted answers.

use crate::support::*;

const QUIET: &str = "phase before { quiesce = true, idle = 100ms }
    phase a { workload = w, requests = 40, concurrency = 4 }
    phase after { quiesce = true, idle = 100ms }
    expect bounded: growth(sut.memory, from = before, to = after) <= 15MB";

#[test]
fn a_leak_is_seen_where_there_is_one() {
    let text = [
        scenario("leaks", "leak = 1MB/req", QUIET),
        scenario("holds", "", QUIET),
    ]
    .concat();
    let ran = Pack::new(&text).run(&[]).exits(1);
    let leaks = ran.case("leaks/case");
    let bounded = check(&leaks, "bounded");
    assert_eq!(bounded["verdict"], "fail", "{bounded:#}");
    let grown = bounded["evidence"][0]["value"]["value"].as_f64().unwrap();
    assert!(grown >= 38e6, "{grown}");
    assert!(
        bounded["why"].as_str().unwrap().contains("at most 15 MB"),
        "{bounded:#}"
    );
    let metrics = &leaks["servers"][0]["metrics"];
    // the page's growth is the check's, not that from the first sample to the last
    assert_eq!(metrics["memory.growth"]["value"].as_f64(), Some(grown));
    assert_eq!(leaks["growth_between"]["from"], "before");
    assert_eq!(leaks["growth_between"]["to"], "after");
    assert!(
        metrics["roles.server.memory.max"]["value"]
            .as_f64()
            .unwrap()
            >= 38e6,
        "{metrics:#}"
    );
    assert!(
        metrics["pss@after"]["value"].as_f64().unwrap() >= 38e6,
        "{metrics:#}"
    );
    // like `memory`, and unlike `pss`, without files; one process shares nothing
    let value = |name: &str| metrics[name]["value"].as_f64().unwrap();
    let apart = value("memory_pss.growth") - grown;
    assert!(apart.abs() <= 2e6, "{metrics:#}");
    assert!(
        value("memory_pss@after") <= value("pss@after"),
        "{metrics:#}"
    );
    // no GPU here is no GPU memory of 0
    let gpu = &metrics["gpu_memory.max"];
    assert!(
        gpu["value"].as_f64().is_some_and(|v| v > 0.0) || gpu["unavailable"].is_string(),
        "{gpu}"
    );

    let holds = ran.case("holds/case");
    assert_eq!(check(&holds, "bounded")["verdict"], "pass", "{holds:#}");
    let samples = std::fs::read_to_string(ran.folder.join("cases/leaks/case/samples.csv")).unwrap();
    let headers = samples
        .lines()
        .filter(|line| line.starts_with("t (s)"))
        .count();
    assert_eq!(headers, 1);
    assert!(
        samples.lines().any(|line| line.contains(",sut,memory,")),
        "{samples}"
    );
}

/// Seconds of a request's due time, and of its end after that.
fn times(ran: &Ran, case: &str) -> Vec<(f64, f64)> {
    let mut times: Vec<(f64, f64)> = ran
        .requests(case)
        .iter()
        .map(|row| {
            (
                row["due (s)"].parse().unwrap(),
                row["e2e (ms)"].parse::<f64>().unwrap() / 1e3,
            )
        })
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    times
}

#[test]
fn an_open_loop_counts_from_due_times() {
    // one at a time and 20 ms each, but one is due every 5 ms
    let body = "phase a { workload = w, rate = 200 req/s, arrival = constant(), requests = 40 }
        expect quick: a.e2e.max <= 100ms";
    let server = "server sut { engine = engines.builtin, options { max_concurrent = 1, ttft = 20ms, itl = 1ms } }";
    let ran = Pack::new(&format!("scenario s {{ {server}\n {body} }}"))
        .run(&[])
        .exits(1);
    let times = times(&ran, "s/case");
    assert_eq!(times.len(), 40);
    // due by the rate, whatever the server did
    for pair in times.windows(2) {
        assert!((pair[1].0 - pair[0].0 - 0.005).abs() < 0.001, "{pair:?}");
    }
    let case = ran.case("s/case");
    let metrics = &phase(&case, "a")["metrics"];
    let delay = &metrics["client_delay"];
    assert!(
        delay["value"].as_f64().is_some_and(|v| v >= 0.0) || delay["unavailable"].is_string(),
        "{delay}"
    );
    let few = &metrics["e2e.p99"];
    assert_eq!((&few["samples"], &few["needed"]), (&40.into(), &100.into()));
    // the last waited for all before it
    assert!(times[39].1 > 0.3, "{times:?}");
    assert!(times[39].1 > 5.0 * times[0].1, "{times:?}");
}

/// Seconds between the due times of one load's requests.
fn gaps(ran: &Ran, case: &str, load: &str) -> Vec<f64> {
    let mut due: Vec<f64> = ran
        .requests(case)
        .iter()
        .filter(|row| row["load"] == load)
        .map(|row| row["due (s)"].parse().unwrap())
        .collect();
    due.sort_by(f64::total_cmp);
    due.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[test]
fn loads_draw_apart_and_a_rerun_draws_the_same() {
    let load = "workload = w, rate = 200 req/s, arrival = poisson(), requests = 20, seed = 3";
    let body =
        format!("matrix {{ n = [1, 2] }}\nphase a {{ load x {{ {load} }}\nload y {{ {load} }} }}");
    let ran = Pack::new(&scenario("s", "", &body)).run(&[]).exits(0);
    let of = |n: u8, load| gaps(&ran, &format!("s/n={n}"), load);
    let same = |one: &[f64], other: &[f64]| {
        // the file rounds to microseconds
        one.iter()
            .zip(other)
            .filter(|(a, b)| (*a - *b).abs() < 5e-6)
            .count()
    };
    let (x, y) = (of(1, "x"), of(1, "y"));
    assert_eq!((x.len(), y.len()), (19, 19));
    assert!(same(&x, &y) < 3, "{x:?} {y:?}");
    assert_eq!(same(&x, &of(2, "x")), 19);
    assert_eq!(same(&y, &of(2, "y")), 19);
}

#[test]
fn a_closed_loop_has_so_many_requests_at_a_time() {
    let body = "phase a { workload = w, concurrency = 5, requests = 60 }\nexpect ok: a.success_rate == 100%";
    let ran = Pack::new(&scenario("s", "", body)).run(&[]).exits(0);
    let mut edges: Vec<(f64, i32)> = Vec::new();
    for (due, took) in times(&ran, "s/case") {
        // the file rounds to microseconds
        edges.extend([(due + 1e-6, 1), (due + took - 2e-6, -1)]);
    }
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let (mut now, mut most) = (0, 0);
    for (_, step) in edges {
        now += step;
        most = most.max(now);
    }
    assert_eq!(most, 5);
}

#[test]
fn wrong_answers_are_failures_of_their_own() {
    let text = format!(
        "workload asks {{ prompt = \"x\", output = 4, accept = contains_any(answer, [\"hello\"]) }}\n{}{}",
        scenario("wrong", "answer = \"good bye\"", "phase a { workload = asks, requests = 5 }
            expect right: a.accept_rate == 100%\nexpect answered: a.completed == 5 req\nexpect ok: a.success_rate == 0%"),
        scenario("right", "answer = \"hello there\"", "phase a { workload = asks, requests = 5 }
            expect right: a.accept_rate == 100%"),
    );
    let ran = Pack::new(&text).run(&[]).exits(1);
    let wrong = ran.case("wrong/case");
    assert_eq!(check(&wrong, "right")["verdict"], "fail");
    assert_eq!(check(&wrong, "answered")["verdict"], "pass", "{wrong:#}");
    assert_eq!(check(&wrong, "ok")["verdict"], "pass", "{wrong:#}");
    let failures = &phase(&wrong, "a")["failures"];
    assert_eq!(failures[0]["class"], "wrong_answer");
    assert_eq!(failures[0]["count"], 5);
    assert!(
        failures[0]["example"]
            .as_str()
            .unwrap()
            .contains("good bye"),
        "{failures:#}"
    );
    let answers =
        std::fs::read_to_string(ran.folder.join("cases/wrong/case/answers.jsonl")).unwrap();
    assert_eq!(
        answers
            .lines()
            .filter(|line| line.contains("good bye"))
            .count(),
        5,
        "{answers}"
    );
    assert!(
        ran.requests("wrong/case")
            .iter()
            .all(|row| row["accepted"] == "false")
    );
    assert!(!ran.folder.join("cases/right/case/answers.jsonl").exists());
}

#[test]
fn an_answer_that_cannot_be_judged_is_no_wrong_one() {
    // the answer has more than two letters: the list has no such entry
    let text = format!(
        "workload asks {{ prompt = \"x\", output = 4, accept = [true, false][len(answer)] }}\n{}",
        scenario(
            "s",
            "answer = \"good bye\"",
            "phase a { workload = asks, requests = 5 }
            expect right: a.accept_rate == 100%\nexpect answered: a.completed == 5 req
            expect unjudged: a.failures.not_judged == 5"
        ),
    );
    let ran = Pack::new(&text).run(&[]);
    let case = ran.case("s/case");
    let right = check(&case, "right");
    assert_eq!(right["verdict"], "no_data", "{right:#}");
    let said = right["evidence"][0]["value"]["unavailable"].as_str();
    let said = said.unwrap_or_default();
    assert!(
        said.contains("5 of 5 answers of `a` could not be judged: `accept` could not be evaluated"),
        "{right:#}"
    );
    assert_eq!(check(&case, "answered")["verdict"], "pass", "{case:#}");
    assert_eq!(check(&case, "unjudged")["verdict"], "pass", "{case:#}");
    assert_eq!(phase(&case, "a")["failures"][0]["class"], "not_judged");
}

#[test]
fn a_case_whose_phases_were_all_left_out_is_not_green() {
    let text = [
        scenario(
            "checked",
            "",
            "phase a { workload = w, requests = 1, when = false }\nexpect e: a.failed == 0",
        ),
        scenario(
            "bare",
            "",
            "phase a { workload = w, requests = 1, when = false }\nreport page extends reports.summary {}",
        ),
    ]
    .concat();
    let ran = Pack::new(&text).run(&[]).exits(0);
    for name in ["checked/case", "bare/case"] {
        assert_eq!(ran.case(name)["verdict"], "skipped", "{name}");
    }
    let said = [ran.stdout.as_str(), ran.stderr.as_str()].concat();
    assert!(said.contains("left out all of its phases"), "{said}");
    let page = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(page.contains("# ➖ Nothing was checked"), "{page}");
    assert!(!page.contains('✅'), "{page}");
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    assert_eq!(junit.matches("<skipped").count(), 2, "{junit}");
}

#[test]
fn memory_that_swings_decides_nothing_that_the_swings_could_turn() {
    let text = scenario(
        "swings",
        "",
        "phase before { idle = 2s }
         phase after { idle = 2s }
         expect tight: growth(sut.memory, from = before, to = after) <= 5MB
         expect wide: growth(sut.memory, from = before, to = after) <= 10GB",
    );
    let swings = "server sut { url = \"URL\", pid = PID }";
    let at = text.find("server sut").unwrap();
    let end = at + text[at..].find('\n').unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        use std::io::{Read, Write};
        while let Ok((mut stream, _)) = listener.accept() {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).unwrap_or(0);
            if buffer[..read].starts_with(b"STOP") {
                return;
            }
            let body = r#"{"object":"list","data":[{"id":"m","object":"model"}]}"#;
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
        }
    });
    let going = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let goes_on = going.clone();
    let swinging = std::thread::spawn(move || {
        let pause = std::time::Duration::from_millis(300);
        while goes_on.load(std::sync::atomic::Ordering::Relaxed) {
            let held = std::hint::black_box(vec![1_u8; 60_000_000]);
            std::thread::sleep(pause);
            drop(held);
            std::thread::sleep(pause);
        }
    });
    let server = swings
        .replace("URL", &url)
        .replace("PID", &std::process::id().to_string());
    let ran = Pack::new(&format!("{}{server}{}", &text[..at], &text[end..])).run(&[]);
    going.store(false, std::sync::atomic::Ordering::Relaxed);
    swinging.join().unwrap();
    let address = url.trim_start_matches("http://");
    let mut stop = std::net::TcpStream::connect(address).unwrap();
    std::io::Write::write_all(&mut stop, b"STOP").unwrap();
    serving.join().unwrap();
    let ran = ran.exits(5);
    let case = ran.case("swings/case");
    let tight = check(&case, "tight");
    assert_eq!(tight["verdict"], "inconclusive", "{tight:#}");
    let why = tight["why"].as_str().unwrap();
    assert!(why.contains(" is between -"), "{why}");
    assert!(
        why.contains("`memory` did not settle at the end of `before`"),
        "{why}"
    );
    let bounds = &tight["evidence"][0]["value"]["between"];
    let width = bounds["most"].as_f64().unwrap() - bounds["least"].as_f64().unwrap();
    assert!(width >= 60e6, "{bounds}");
    assert_eq!(check(&case, "wide")["verdict"], "pass", "{case:#}");
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    assert!(junit.contains("did not settle at the end of"), "{junit}");
    let note = phase(&case, "before")["notes"][0].as_str().unwrap();
    assert!(note.contains(" at the least and "), "{note}");
}
