//! Servers that do not start, die, or answer wrongly: the class, the message, what is kept.

use crate::support::*;

const CHECKED: &str =
    "phase a { workload = w, requests = 10, concurrency = 2 }\nexpect ok: a.success_rate == 100%";

#[test]
fn servers_that_do_not_start_are_told_apart_and_the_others_still_run() {
    let broken = |name: &str, server: &str| {
        format!(
            "scenario {name} {{ server sut {{ engine = engines.builtin\n {server} }}\n {CHECKED} }}\n"
        )
    };
    let text = [
        broken(
            "unready",
            "ready { timeout = 500ms }\n options { never_ready = true }",
        ),
        broken("refused", "arguments = [\"--no-such-flag\"]"),
        broken("missing", "program = \"/no/such/program\""),
        scenario("fine", "", CHECKED),
    ]
    .concat();
    let ran = Pack::new(&text).run(&[]).exits(3);
    for (name, kind, said, tail) in [
        ("unready", "server_not_ready", "503", "listening on"),
        (
            "refused",
            "server_exited",
            "exit status 2",
            "--no-such-flag",
        ),
        ("missing", "program_missing", "/no/such/program", ""),
    ] {
        let case = ran.case(&format!("{name}/case"));
        let error = &case["error"];
        assert_eq!(case["verdict"], "error");
        assert_eq!(error["kind"], kind, "{error:#}");
        let message = error["message"].as_str().unwrap();
        assert!(
            message.contains("`sut`") && message.contains(said),
            "{message}"
        );
        assert!(!message.ends_with(':'), "{message}");
        assert!(error["help"].is_string());
        assert!(
            error["log_tail"]
                .as_str()
                .unwrap_or_default()
                .contains(tail),
            "{error:#}"
        );
        assert_eq!(check(&case, "ok")["verdict"], "no_data");
        assert!(phase(&case, "a")["skipped"].is_string(), "{case:#}");
        assert!(ran.stdout.contains(message), "{}", ran.stdout);
    }
    let log = std::fs::read_to_string(ran.folder.join("cases/unready/case/server.log")).unwrap();
    assert!(log.contains("listening on"), "{log}");
    assert_eq!(ran.case("fine/case")["verdict"], "pass");
    // readiness was waited for, and that is said
    assert!(ran.case("unready/case")["duration_s"].as_f64().unwrap() >= 0.5);
    for started in ran.events_named("server_started") {
        assert!(
            !runs(i32::try_from(started["pid"].as_i64().unwrap()).unwrap()),
            "{started}"
        );
    }
}

#[test]
fn an_error_of_many_cases_is_told_once_and_none_of_them_is_the_best() {
    let report = "columns = [case.name, case.verdict, case.stage, case.reason, a.ttft.p50]";
    let body = format!(
        "{CHECKED}\nexpect few: a.e2e.p50 <= limit\nrank best {{ lowest = a.ttft.p50 }}\n\
         report ended {{ {report}, to = \"ended.csv\" }}"
    );
    let text = [
        format!(
            "scenario missing {{ matrix {{ limit = [1us, 1min] }}\n\
             server sut {{ engine = engines.builtin, program = \"/no/such/program\" }}\n{} }}\n",
            body.replace("ended.csv", "missing.csv")
        ),
        scenario(
            "ran",
            "",
            &format!("matrix {{ limit = [1us, 1min] }}\n{body}"),
        ),
    ];
    let ran = Pack::new(&text.concat()).run(&[]).exits(1);
    let said = "/no/such/program";
    // by the progress and by the outcome; the second case is named there
    assert_eq!(ran.stdout.matches(said).count(), 1, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("so it was in limit=60s"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("  limit=60s ("), "{}", ran.stdout);
    let of = |name: &str| {
        let path = ran.folder.join("reports").join(name);
        let mut reader = csv::Reader::from_path(path).unwrap();
        let rows: Vec<Vec<String>> = reader.deserialize().map(Result::unwrap).collect();
        rows
    };
    for row in of("missing.csv") {
        assert_eq!(row[1..3], ["error", "start"], "{row:?}");
        assert!(row[3].contains(said) && row[4].is_empty(), "{row:?}");
        let why = row.last().unwrap();
        assert!(
            why.starts_with("a.ttft.p50: ") && why.contains(said),
            "{row:?}"
        );
    }
    let [failed, passed] = of("ended.csv").try_into().unwrap();
    assert_eq!(failed[1..3], ["fail", "end"], "{failed:?}");
    assert!(failed[3].starts_with("few: a.e2e.p50 = "), "{failed:?}");
    assert_eq!(passed[1..4], ["pass", "end", ""], "{passed:?}");
    assert_ne!(passed[4], "");
    // the results have it too
    let kept = ran.case("ran/limit=1us");
    assert_eq!(
        kept["reports"][0]["columns"][1][1]["text"], "fail",
        "{kept:#}"
    );
}

#[test]
fn every_fault_has_its_class() {
    let faults = [
        ("status", "fail_rate = 100%", "status", "500"),
        ("cut", "cut_rate = 100%", "cut_stream", ""),
        ("page", "not_sse = true", "bad_answer", "text/html"),
        ("garbage", "garbage = true", "bad_answer", "not JSON"),
        ("stalled", "stall_after = 4", "timeout", "0.3 s"),
    ];
    let body = "phase a { workload = w, requests = 10, concurrency = 4, timeout = 300ms }\nexpect ok: a.success_rate == 100%";
    let text: String = faults
        .iter()
        .map(|(name, options, _, _)| scenario(name, options, body))
        .collect();
    let ran = Pack::new(&text).run(&[]).exits(1);
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    for (name, _, class, said) in faults {
        // people see it where they look first
        let class_words = class.replace('_', " ");
        for page in [&ran.stdout, &junit] {
            let of_class = format!("failed ({class_words}): ");
            let lines = page.lines().filter(|line| line.contains(&of_class));
            assert!(lines.clone().any(|line| line.contains(said)), "{page}");
        }
        let case = ran.case(&format!("{name}/case"));
        assert_eq!(case["verdict"], "fail", "{name}");
        assert!(case["error"].is_null(), "{name}: {case:#}");
        let failures = &phase(&case, "a")["failures"];
        assert_eq!(failures[0]["class"], class, "{name}: {failures:#}");
        assert!(
            failures[0]["example"].as_str().unwrap().contains(said),
            "{name}: {failures:#}"
        );
        let evidence = &check(&case, "ok")["evidence"][0];
        assert_eq!(evidence["phase"], "a", "{evidence:#}");
        assert!(evidence["value"]["value"].as_f64().unwrap() < 1.0);
        let rows = ran.requests(&format!("{name}/case"));
        assert_eq!(rows.len(), 10, "{name}");
        assert!(
            rows.iter().filter(|row| row["failure"] == class).count() >= 3,
            "{name}: {rows:#?}"
        );
        let answers =
            std::fs::read_to_string(ran.folder.join(format!("cases/{name}/case/answers.jsonl")))
                .unwrap();
        assert!(answers.contains(class), "{name}: {answers}");
    }
}

#[test]
fn a_missing_marker_after_a_whole_answer_is_noted() {
    let body = "phase a { workload = w, requests = 4 }\nexpect ok: a.success_rate == 100%";
    let ran = Pack::new(&scenario("s", "omit_done = true", body))
        .run(&[])
        .exits(0);
    let case = ran.case("s/case");
    let notes = &phase(&case, "a")["notes"];
    let said = "4 answers ended whole but without [DONE]";
    assert!(notes.to_string().contains(said), "{notes:#}");
}

#[test]
fn missing_usage_is_no_data_and_never_zero() {
    let body = "phase a { workload = w, requests = 4 }\nexpect ok: a.success_rate == 100%\nexpect tokens: a.output.mean >= 1 tok";
    let ran = Pack::new(&scenario("s", "omit_usage = true", body))
        .run(&[])
        .exits(3);
    let case = ran.case("s/case");
    assert_eq!(check(&case, "ok")["verdict"], "pass");
    let tokens = check(&case, "tokens");
    assert_eq!(tokens["verdict"], "no_data");
    assert!(
        tokens["why"].as_str().unwrap().contains("usage"),
        "{tokens:#}"
    );
    for name in ["output.mean", "output_throughput", "tpot.mean"] {
        let figure = &phase(&case, "a")["metrics"][name];
        assert!(figure["value"].is_null(), "{name}: {figure}");
        assert!(
            figure["unavailable"].as_str().unwrap().contains("usage"),
            "{name}: {figure}"
        );
    }
}

#[test]
fn a_case_that_nobody_answered_never_passes() {
    let failing = "fail_rate = 100%";
    let load = "phase a { workload = w, requests = 4 }";
    let bounds = "expect slow: a.output_throughput <= 1 tok/s
        expect rate: a.request_rate == 0 req/s
        expect fails: a.failed == 4 req
        expect none: a.success_rate == 0%";
    let text = [
        scenario("unchecked", failing, load),
        scenario("checked", failing, &format!("{load}\n{bounds}")),
        scenario("answered", "", load),
    ]
    .concat();
    let ran = Pack::new(&text).run(&[]).exits(3);
    let unchecked = ran.case("unchecked/case");
    assert_eq!(unchecked["verdict"], "no_data");
    let note = unchecked["notes"][0].as_str().unwrap();
    assert!(note.contains("no request of `a` was answered"), "{note}");
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    assert!(
        junit.contains("errors=\"1\"") && junit.contains("no request"),
        "{junit}"
    );
    let checked = ran.case("checked/case");
    for (name, verdict) in [
        ("slow", "no_data"),
        ("rate", "no_data"),
        ("fails", "pass"),
        ("none", "pass"),
    ] {
        let check = check(&checked, name);
        assert_eq!(check["verdict"], verdict, "{check:#}");
    }
    let why = check(&checked, "slow")["why"].as_str().unwrap().to_owned();
    assert!(why.contains("no request of `a` was answered"), "{why}");
    assert_eq!(ran.case("answered/case")["verdict"], "pass");
}

#[test]
fn a_server_that_dies_ends_its_case_and_is_started_again_for_the_next() {
    let body = "matrix { n = [1, 2] }
        phase a { workload = w, duration = 10min, concurrency = n, think = 1ms }
        phase b { workload = w, requests = 3 }
        expect ok: a.success_rate == 100%
        expect later: b.success_rate == 100%";
    let ran = Pack::new(&scenario("s", "die_after = 5", body))
        .run(&[])
        .exits(3);
    for name in ["s/n=1", "s/n=2"] {
        let case = ran.case(name);
        assert_eq!(case["error"]["kind"], "server_died", "{case:#}");
        assert_eq!(case["error"]["phase"], "a");
        let message = case["error"]["message"].as_str().unwrap();
        assert!(message.contains("exit status 3"), "{message}");
        assert!(
            case["error"]["log_tail"]
                .as_str()
                .unwrap()
                .contains("dies after"),
            "{case:#}"
        );
        assert_eq!(check(&case, "ok")["verdict"], "no_data");
        assert_eq!(check(&case, "later")["verdict"], "no_data");
        let answered = ran
            .requests(name)
            .iter()
            .filter(|row| row["failure"].is_empty())
            .count();
        assert!(answered >= 5, "{answered}");
        assert!(
            ran.folder
                .join("cases")
                .join(name)
                .join("samples.csv")
                .exists()
        );
        let log = std::fs::read_to_string(ran.folder.join("cases").join(name).join("server.log"))
            .unwrap();
        assert_eq!(
            log.matches("listening on").count(),
            1,
            "each start has a log of its own: {log}"
        );
    }
    let started = ran.events_named("server_started");
    assert_eq!(started.len(), 2, "{started:?}");
    assert_ne!(started[0]["pid"], started[1]["pid"]);
    assert_eq!(ran.case("s/n=2")["servers"][0]["launch"], 2);
}

#[test]
fn a_death_in_the_last_moment_of_the_last_phase_is_seen() {
    // the long answer is cut when the server dies of the short one, and nothing comes after it
    let body = "phase a {
          load short { workload = w, requests = 1 }
          load long  { workload = endless, requests = 1 }
        }
        warn ok: a.success_rate == 100%";
    let text = format!(
        "workload endless {{ prompt = \"x\", output = 20000 }}\n{}",
        scenario("s", "die_after = 1", body)
    );
    let ran = Pack::new(&text).run(&[]).exits(3);
    let case = ran.case("s/case");
    assert_eq!(case["error"]["kind"], "server_died", "{case:#}");
    assert_eq!(ran.requests("s/case").len(), 2);
}

#[test]
fn a_server_outlives_clients_that_go_away() {
    // half of the requests are given up by their client in the middle of the answer
    let body = "phase a { workload = long, requests = 60, concurrency = 12, timeout = 30ms }
        phase b { workload = w, requests = 3 }
        expect ok: b.success_rate == 100%";
    let text = format!(
        "workload long {{ prompt = \"x\", output = 200 }}\n{}",
        scenario("s", "", body)
    );
    let ran = Pack::new(&text).run(&[]).exits(0);
    assert_eq!(
        phase(&ran.case("s/case"), "a")["failures"][0]["class"],
        "timeout"
    );
}

#[test]
fn a_server_that_ignores_sigterm_is_killed_after_its_grace() {
    let text =
        "engine stubborn extends engines.builtin { stop { signal = \"TERM\", grace = 300ms } }
        scenario s {
          server sut { engine = stubborn, options { ttft = 1ms, itl = 1ms, ignore_term = true } }
          phase a { workload = w, requests = 3 }
          expect ok: a.success_rate == 100%
        }";
    let ran = Pack::new(text).run(&[]).exits(0);
    let stopped = &ran.events_named("server_stopped")[0]["report"];
    assert_eq!(stopped["grace_over"], true, "{stopped:#}");
    assert!(!stopped["killed"].as_array().unwrap().is_empty());
    assert_eq!(stopped["left"].as_array().unwrap().len(), 0);
    let pid = ran.events_named("server_started")[0]["pid"]
        .as_i64()
        .unwrap();
    assert!(!runs(i32::try_from(pid).unwrap()));
}

#[test]
fn a_request_that_cannot_be_sent_refuses_the_phase() {
    let text = format!(
        "workload twice {{ prompt = \"x\", body = {{ stream = false }} }}\n{}",
        scenario(
            "s",
            "",
            "phase a { workload = twice, requests = 1000 }\nphase b { workload = w, requests = 2 }\nexpect ok: a.success_rate == 100%"
        )
    );
    let ran = Pack::new(&text).run(&[]).exits(3);
    let case = ran.case("s/case");
    assert_eq!(case["error"]["kind"], "bad_request", "{case:#}");
    let message = case["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("`twice`") && message.contains("stream"),
        "{message}"
    );
    assert_eq!(ran.requests("s/case").len(), 0);
    assert_eq!(check(&case, "ok")["verdict"], "no_data");
}

#[test]
fn what_ends_a_case_is_said_once_and_not_by_each_of_its_checks() {
    let body = "phase a { workload = w, requests = 3 }
        expect one: a.success_rate == 100%
        expect two: a.ttft.max <= 10s
        expect three: sut.memory.max < 1TB
        warn four: a.ttft.max <= 10s
        report page extends reports.summary {}";
    let text = format!(
        "scenario s {{ server sut {{ engine = engines.builtin, program = \"/no/such/program\" }}\n{body}\n}}\n"
    );
    let ran = Pack::new(&text).run(&[]).exits(3);
    let message = ran.case("s/case")["error"]["message"].clone();
    let message = message.as_str().unwrap();
    for stream in [&ran.stdout, &ran.stderr] {
        assert_eq!(stream.matches(message).count(), 1, "{stream}");
        assert!(stream.contains("4 checks not reached"), "{stream}");
    }
    let junit = std::fs::read_to_string(ran.folder.join("junit.xml")).unwrap();
    let of_warn = junit.split("case / four\"").nth(1).unwrap();
    let of_warn = of_warn.split("</testcase>").next().unwrap();
    assert!(of_warn.contains("<skipped"), "{junit}");
}
