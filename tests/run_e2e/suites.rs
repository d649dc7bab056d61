//! What a suite allows, cases that are run again, pauses between servers, and copies of logs.

use crate::support::*;
use std::os::unix::fs::PermissionsExt;

const PHASE: &str = "phase a { workload = w, requests = 3 }\n";

#[test]
fn the_first_failed_scenario_ends_a_suite_that_says_so() {
    let good = scenario(
        "good",
        "",
        &format!("{PHASE} expect ok: a.success_rate == 100%"),
    );
    let bad = format!("matrix {{ n = [1, 2] }}\n{PHASE} expect no: a.input.mean >= n * 1000 tok");
    let text = format!(
        "{}{}{good}
         suite early {{ scenarios = [first, bad, good], stop_early = true }}
         suite all   {{ scenarios = [bad, good] }}",
        good.replace("scenario good", "scenario first"),
        scenario("bad", "", &bad),
    );
    let pack = Pack::new(&text);
    // servers are alike, and the plan keeps the suite's order
    let early = pack.run(&["--suite", "early"]).exits(1);
    assert_eq!(early.case("first/case")["verdict"], "pass");
    for case in ["bad/n=1", "bad/n=2"] {
        assert_eq!(early.case(case)["verdict"], "fail", "{case}");
    }
    let left = early.case("good/case");
    assert_eq!(left["verdict"], "interrupted");
    let why = left["error"]["message"].as_str().unwrap();
    assert!(
        why.contains("`early` ends after its first failed scenario, which was `bad`"),
        "{why}"
    );
    assert_eq!(early.events_named("suite_ended").len(), 1);
    let run = json(&early.folder.join("run.json"));
    assert_eq!(
        (&run["exit_code"], &run["interrupted"]),
        (&1.into(), &false.into())
    );

    std::fs::remove_dir_all(&early.folder).unwrap();
    let all = pack.run(&["--suite", "all"]).exits(1);
    assert_eq!(all.case("good/case")["verdict"], "pass");
}

#[test]
fn a_suite_is_stopped_in_order_when_its_time_is_over() {
    let quick = scenario(
        "quick",
        "",
        &format!("{PHASE} expect ok: a.success_rate == 100%"),
    );
    let long = scenario("long", "", "phase a { workload = w, duration = 10min }");
    let never = scenario("never", "ttft = 2ms", PHASE).replace("ttft = 1ms, ", "");
    let text =
        format!("{quick}{long}{never}suite s {{ scenarios = [quick, long, never], timeout = 4s }}");
    let pack = Pack::new(&text);
    let ran = pack.run(&["--suite", "s"]).exits(3);
    assert!(
        ran.stderr.contains("stopped at its `timeout` of 4 s"),
        "{}",
        ran.stderr
    );
    let long = ran.case("long/case");
    assert_eq!(long["verdict"], "interrupted");
    assert!(
        long["notes"]
            .to_string()
            .contains("the suite `s` was stopped"),
        "{long:#}"
    );
    // nobody interrupted it
    let a = phase(&long, "a");
    assert!(
        a["notes"].to_string().contains("its `timeout` of 4 s"),
        "{a:#}"
    );
    let page = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    assert!(page.starts_with("# ➖ Stopped: "), "{page}");
    assert!(page.contains("Not all of it was run: the suite"), "{page}");
    // its figures are those of what ran of it
    let completed = &a["metrics"]["completed"];
    assert!(
        completed["cut"].to_string().contains("did not wholly run"),
        "{completed}"
    );
    assert!(
        page.contains("\n‡ `a` did not wholly run: the suite"),
        "{page}"
    );
    // one process, of one role: its memory is said once
    assert!(page.contains("\n| memory "), "{page}");
    assert!(!page.contains("memory, "), "{page}");
    let never = ran.case("never/case");
    assert!(
        never["error"]["message"]
            .as_str()
            .unwrap()
            .contains("the suite `s`"),
        "{never:#}"
    );
    assert!(ran.folder.join("reports/summary.md").exists());
    // in order: the server was asked to end
    assert!(!ran.events_named("server_stopped").is_empty());
}

/// A program that ends at once, as often as that, and then is the built-in engine.
fn flaky(pack: &Pack, often: usize) {
    let script = format!(
        "#!/bin/sh\nn=$(cat tries 2>/dev/null || echo 0)\necho $((n + 1)) > tries\n\
         [ $n -ge {often} ] || {{ echo \"not today\"; exit 7; }}\nexec {} \"$@\"\n",
        env!("CARGO_BIN_EXE_scn")
    );
    let path = pack.path().join("flaky.sh");
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn on_flaky(body: &str) -> Pack {
    let text = scenario("s", "", body);
    let pack = Pack::new("");
    let program = pack.path().join("flaky.sh");
    let text = text.replace(
        "engine = engines.builtin",
        &format!(
            "engine = engines.builtin, program = \"{}\"",
            program.display()
        ),
    );
    std::fs::write(pack.path().join("s.scn"), format!("{HEAD}{text}")).unwrap();
    pack
}

#[test]
fn a_case_whose_server_did_not_start_is_run_again_and_says_so() {
    let pack = on_flaky(&format!(
        "retry = 2\n{PHASE} expect ok: a.success_rate == 100%"
    ));
    flaky(&pack, 2);
    let ran = pack.run(&[]).exits(0);
    let case = ran.case("s/case");
    assert_eq!(case["verdict"], "pass", "{case:#}");
    assert!(case["error"].is_null(), "{case:#}");
    let attempts = case["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 2, "{case:#}");
    assert_eq!(attempts[0]["error"]["kind"], "server_exited");
    assert!(
        case["notes"].to_string().contains("run again after try 2"),
        "{case:#}"
    );
    assert!(
        ran.stderr.contains("it is run again (1 of 2)"),
        "{}",
        ran.stderr
    );
    for n in [1, 2] {
        let log = ran
            .folder
            .join(format!("cases/s/case/attempt.{n}/server.log"));
        assert!(std::fs::read_to_string(log).unwrap().contains("not today"));
    }
    let log = std::fs::read_to_string(ran.folder.join("cases/s/case/server.log")).unwrap();
    assert!(
        log.contains("listening on") && !log.contains("not today"),
        "{log}"
    );
    assert_eq!(ran.requests("s/case").len(), 3);
    assert_eq!(ran.events_named("case_retried").len(), 2);
    assert_eq!(ran.events_named("case_ended").len(), 1);

    // not more often than it says
    let pack = on_flaky(&format!("retry = 1\n{PHASE}"));
    flaky(&pack, 2);
    let ran = pack.run(&[]).exits(3);
    let case = ran.case("s/case");
    assert_eq!(case["error"]["kind"], "server_exited");
    assert_eq!(case["attempts"].as_array().unwrap().len(), 1);
}

#[test]
fn a_case_whose_server_died_is_run_again_on_a_fresh_one_and_a_failed_check_is_not() {
    // it dies each time
    let died = scenario(
        "died",
        "die_after = 2",
        "retry = 1\nphase a { workload = w, requests = 50 }",
    );
    let failed = scenario(
        "failed",
        "",
        &format!("retry = 3\n{PHASE} expect no: a.input.mean >= 1000 tok"),
    );
    let ran = Pack::new(&format!("{died}{failed}")).run(&[]).exits(1);
    let case = ran.case("died/case");
    assert_eq!(case["error"]["kind"], "server_died", "{case:#}");
    assert_eq!(case["attempts"][0]["error"]["kind"], "server_died");
    assert_eq!(case["attempts"][0]["error"]["phase"], "a");
    assert!(
        ran.folder
            .join("cases/died/case/attempt.1/requests.csv")
            .exists()
    );
    let failed = ran.case("failed/case");
    assert_eq!(failed["verdict"], "fail");
    assert!(failed.get("attempts").is_none(), "{failed:#}");
}

#[test]
fn the_next_server_waits_for_the_pause_of_the_one_before() {
    let body = format!("isolate = true\nmatrix {{ n = [1, 2] }}\n{PHASE}");
    let text = scenario("s", "", &body).replace("engine =", "pause = 300ms, engine =");
    let ran = Pack::new(&text).run(&[]).exits(0);
    let names: Vec<String> = ran
        .events()
        .iter()
        .map(|event| event["event"].as_str().unwrap().to_string())
        .filter(|name| ["server_stopped", "pause", "server_started"].contains(&name.as_str()))
        .collect();
    let order = [
        "server_started",
        "server_stopped",
        "pause",
        "server_started",
        "server_stopped",
    ];
    assert_eq!(names, order);
}

#[test]
fn logs_are_copied_where_they_are_wanted() {
    let body = format!("matrix {{ n = [1, 2] }}\n{PHASE}");
    let text = scenario("s", "api_key = secret(\"sk-12345678\")", &body)
        .replace("engine =", "log = \"logs/${case.name}.log\", engine =");
    let pack = Pack::new(&text.replace(
        "server sut {",
        "server sut { api_key = secret(\"sk-12345678\"),",
    ));
    let ran = pack.run(&[]).exits(0);
    // a name of its own for each case does not part the cases
    assert_eq!(ran.events_named("server_started").len(), 1);
    let copies = || {
        ["n=1", "n=2"].map(|case| {
            let log = ran.folder.join(format!("reports/logs/{case}.log"));
            std::fs::read_to_string(log).unwrap()
        })
    };
    let first = copies();
    assert_eq!(first[0], first[1]);
    assert_eq!(first[0].matches("listening on").count(), 1, "{}", first[0]);
    assert!(!first[0].contains("12345678"));
    std::fs::remove_dir_all(ran.folder.join("reports")).unwrap();
    pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert_eq!(copies(), first);
}
