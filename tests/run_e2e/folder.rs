//! The run folder, reports, selection, what is printed where, and exit codes.

use crate::support::*;
use std::collections::BTreeSet;

const REPORTS: &str = r#"
  report page extends reports.summary { to = ["summary.md", "github:summary"] }
  report numbers { columns = [case.name, a.ttft.p50, sut.memory.max], to = "results.csv" }
"#;

fn passing() -> Pack {
    let body = format!(
        "matrix {{ n = [1, 2] }}
         phase a {{ workload = w, requests = 6, concurrency = n }}
         expect ok: a.success_rate == 100%
         {REPORTS}"
    );
    Pack::new(&scenario("s", "", &body))
}

#[test]
fn the_run_folder_is_complete_and_reports_are_written_again_from_it() {
    let pack = passing();
    let summary = pack.path().join("step.md");
    std::fs::write(&summary, "before\n").unwrap();
    let mut command = pack.scn(&["run", "s.scn", "--out", "out"]);
    command.env("GITHUB_STEP_SUMMARY", &summary);
    let ran = pack.ran(command).exits(0);

    let mut wanted: BTreeSet<String> = [
        "run.json",
        "plan.json",
        "env.json",
        "events.jsonl",
        "junit.xml",
        "reports/summary.md",
        "reports/results.csv",
    ]
    .map(String::from)
    .into();
    for case in ["n=1", "n=2"] {
        for file in ["result.json", "requests.csv", "samples.csv", "server.log"] {
            wanted.insert(format!("cases/s/{case}/{file}"));
        }
    }
    let there = files(&ran.folder);
    let missing: Vec<_> = wanted.difference(&there).collect();
    assert!(missing.is_empty(), "{missing:?} not in {there:?}");
    let left: Vec<_> = there.iter().filter(|name| name.contains(".tmp")).collect();
    assert!(left.is_empty(), "{left:?}");

    let run = json(&ran.folder.join("run.json"));
    assert_eq!(run["exit_code"], 0);
    assert_eq!(run["interrupted"], false);
    assert!(run["finished"].is_string());
    assert_eq!(run["cases"].as_array().unwrap().len(), 2);
    assert_eq!(ran.requests("s/n=1").len(), 6);

    // either it may come before others, or the system said why not
    let client = &json(&ran.folder.join("env.json"))["client"];
    assert_eq!(
        client["realtime"] == true,
        client["refused"].is_null(),
        "{client}"
    );

    let step = std::fs::read_to_string(&summary).unwrap();
    assert!(step.starts_with("before\n") && step.len() > 100, "{step}");

    // the verdicts are on standard output, the progress on the other
    assert!(ran.stdout.contains("2 checks: 2 passed"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("2 passed"), "{}", ran.stderr);
    assert!(!ran.stderr.is_empty());

    let read = |name: &String| std::fs::read(ran.folder.join(name)).unwrap();
    let before: Vec<(String, Vec<u8>)> = there
        .iter()
        .map(|name| (name.clone(), read(name)))
        .collect();
    for name in ["junit.xml", "reports/summary.md", "reports/results.csv"] {
        std::fs::remove_file(ran.folder.join(name)).unwrap();
    }
    let again = pack.ran(pack.scn(&["report", "out"])).exits(0);
    assert!(
        again.stdout.contains("2 checks: 2 passed"),
        "{}",
        again.stdout
    );
    for (name, bytes) in before {
        assert_eq!(read(&name), bytes, "{name}");
    }
}

#[test]
fn json_on_standard_output_is_alone_there() {
    let pack = passing();
    let ran = pack.run(&["--json", "-"]).exits(0);
    let value: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON alone");
    assert_eq!(value["exit_code"], 0);
    assert_eq!(value["cases"].as_array().unwrap().len(), 2);

    let again = pack
        .ran(pack.scn(&["report", "out", "--json", "-"]))
        .exits(0);
    let value: serde_json::Value = serde_json::from_str(&again.stdout).expect("JSON alone");
    assert_eq!(value["cases"].as_array().unwrap().len(), 2);

    let plan = pack
        .ran(pack.scn(&["plan", "s.scn", "--json", "-"]))
        .exits(0);
    let _: serde_json::Value = serde_json::from_str(&plan.stdout).expect("JSON alone");
}

#[test]
fn json_that_cannot_be_written_is_found_before_anything_starts() {
    let pack = passing();
    std::fs::create_dir(pack.path().join("folder")).unwrap();
    for path in ["no/such/folder/x.json", "folder", "s.scn/x.json"] {
        let ran = pack.run(&["--json", path]).exits(2);
        assert!(ran.stderr.contains(path), "{}", ran.stderr);
        assert!(ran.stderr.contains("nothing was started"), "{}", ran.stderr);
        assert!(!ran.folder.exists(), "nothing was started");
        pack.ran(pack.scn(&["plan", "s.scn", "--json", path]))
            .exits(2);
        pack.ran(pack.scn(&["lint", "s.scn", "--json", path]))
            .exits(2);
    }
    // a disk that is full at the end is the world's
    pack.run(&["--json", "/dev/full"]).exits(3);
    // the run folder and the results are told by one code: 2 of a path that is none, 3 of a place
    // that takes no file
    for (place, code) in [("/proc/none", 2), ("s.scn", 2), ("/sys", 3)] {
        let out = format!("{place}/run");
        pack.ran(pack.scn(&["run", "s.scn", "--out", &out]))
            .exits(code);
        let json = format!("{place}/x.json");
        for command in ["run", "plan", "lint"] {
            pack.ran(pack.scn(&[command, "s.scn", "--json", &json]))
                .exits(code);
        }
        pack.ran(pack.scn(&["run", "s.scn", "--out", &out, "--json", &json]))
            .exits(code);
    }
}

#[test]
fn a_json_file_keeps_what_it_holds_until_the_results_are_there() {
    let pack = passing();
    let path = pack.path().join("results.json");
    let text = || std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, "of the last run").unwrap();
    std::fs::create_dir(pack.path().join("foreign")).unwrap();
    std::fs::write(pack.path().join("foreign/x"), "").unwrap();
    let early = ["run", "s.scn", "--json", "results.json", "--out", "foreign"];
    pack.ran(pack.scn(&early)).exits(2);
    assert_eq!(text(), "of the last run");
    let unknown = ["run", "s.scn", "--json", "results.json", "--only", "t"];
    pack.ran(pack.scn(&unknown)).exits(4);
    assert_eq!(json(&path)["exit_code"], 4, "why nothing was done");

    // a link stays one, and nothing is left beside
    std::os::unix::fs::symlink("results.json", pack.path().join("link.json")).unwrap();
    pack.run(&["--json", "link.json"]).exits(0);
    assert_eq!(json(&path)["exit_code"], 0);
    assert!(pack.path().join("link.json").is_symlink());
    let here: BTreeSet<String> = std::fs::read_dir(pack.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted = ["foreign", "link.json", "out", "results.json", "s.scn"];
    assert_eq!(here, wanted.map(String::from).into());

    // the run's own folder takes it too
    let inside = ["run", "s.scn", "--out", "new", "--json", "new/x.json"];
    pack.ran(pack.scn(&inside)).exits(0);
    assert_eq!(json(&pack.path().join("new/x.json"))["exit_code"], 0);
}

#[test]
fn json_of_an_invalid_scenario_is_what_lint_finds() {
    let pack = Pack::new("scenario s { nonsense = 1 }\n");
    let of = |arguments: &[&str], code: i32| {
        let ran = pack.ran(pack.scn(arguments)).exits(code);
        serde_json::from_str::<serde_json::Value>(&ran.stdout).expect("JSON alone")
    };
    let found = of(&["lint", "s.scn", "--json", "-"], 1);
    assert_eq!(found[0]["code"], "E0202", "{found:#}");
    assert_eq!(of(&["run", "s.scn", "--json", "-"], 2), found);
    assert_eq!(of(&["plan", "s.scn", "--json", "-"], 2), found);
    assert!(!pack.path().join("runs").exists());
    pack.ran(pack.scn(&["plan", "s.scn", "--json", "found.json"]))
        .exits(2);
    assert_eq!(json(&pack.path().join("found.json")), found);
}

#[test]
fn json_of_a_command_that_does_nothing_says_why() {
    let pack = passing();
    for (command, arguments, code, says) in [
        ("run", ["s.scn", "missing.scn"].as_slice(), 2, "missing.scn"),
        ("plan", &["missing.scn"], 2, "missing.scn"),
        ("lint", &["missing.scn"], 2, "missing.scn"),
        ("run", &["s.scn", "--only", "nobody"], 4, "nobody"),
        ("lint", &["s.scn", "--suite", "nobody"], 4, "nobody"),
    ] {
        let arguments = [&[command], arguments, &["--json", "-"]].concat();
        let ran = pack.ran(pack.scn(&arguments)).exits(code);
        let said: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON alone");
        assert_eq!(said["exit_code"], code, "{said}");
        assert!(said["error"].as_str().unwrap().contains(says), "{said}");
    }
    std::fs::write(
        pack.path().join("nothing.scn"),
        "workload w { prompt = \"hi\" }\n",
    )
    .unwrap();
    let ran = pack
        .ran(pack.scn(&["run", "nothing.scn", "--json", "-"]))
        .exits(4);
    assert!(ran.stdout.contains("nothing is selected"), "{}", ran.stdout);
}

#[test]
fn lint_of_a_file_that_is_no_scenario_finds_an_error() {
    let pack = passing();
    let contents: [&[u8]; 4] = [b"", b" \n", b"\x7fELF\0\0", b"a = \"\xff\"\n"];
    for content in contents {
        std::fs::write(pack.path().join("x.scn"), content).unwrap();
        let ran = pack.ran(pack.scn(&["lint", "x.scn"])).exits(1);
        assert!(ran.stderr.contains("error["), "{}", ran.stderr);
        for command in ["plan", "run"] {
            pack.ran(pack.scn(&[command, "x.scn"])).exits(2);
        }
    }
}

#[test]
fn a_parameter_that_does_not_fit_is_shown_at_its_declaration() {
    let pack = Pack::new(&format!(
        "param rounds = 2\nparam size = 1.5 GiB\nparam name = \"x\"\n{}",
        scenario(
            "s",
            "",
            "phase a { workload = w, requests = rounds }\nexpect m: sut.memory.max <= size"
        )
    ));
    for (given, wanted, example, line) in [
        ("rounds=potato", "takes a bare number", "-p rounds=2", 4),
        ("rounds=5MB", "takes a bare number", "-p rounds=2", 4),
        ("rounds=", "takes a bare number", "-p rounds=2", 4),
        ("size=5", "takes an amount of data", "-p 'size=1.5 GiB'", 5),
    ] {
        let ran = pack.run(&["-p", given, "--json", "-"]).exits(2);
        for said in [given, wanted, example] {
            assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
        }
        let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(found[0]["line"], line, "{found:#}");
        assert!(!ran.folder.exists());
        pack.ran(pack.scn(&["lint", "s.scn", "-p", given])).exits(2);
    }
    let ran = pack.run(&["-p", "round=2"]).exits(2);
    assert!(
        ran.stderr.contains("did you mean `rounds`"),
        "{}",
        ran.stderr
    );
}

#[test]
fn quiet_shows_verdicts_only_and_a_closed_pipe_changes_nothing() {
    let pack = passing();
    let allowed = ["--quiet", "--allow", "few-requests-per-client"];
    let ran = pack.run(&allowed).exits(0);
    assert!(ran.stderr.is_empty(), "{}", ran.stderr);
    assert!(ran.stdout.contains("2 passed"), "{}", ran.stdout);

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = pack.scn(&["run", "s.scn", "--out", "piped"]);
    let status = command
        .stdout(writer)
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    assert_eq!(json(&pack.path().join("piped/run.json"))["exit_code"], 0);
}

#[test]
fn scenarios_are_selected_and_parameters_are_set() {
    let one = |name: &str| {
        scenario(
            name,
            "",
            "phase a { workload = w, requests = rounds }\nexpect ok: a.completed >= 1 req",
        )
    };
    let pack = Pack::new(&format!(
        "param rounds = 2\n{}{}suite fast {{ scenarios = [second] }}\n",
        one("first"),
        one("second")
    ));
    let ran = pack.run(&["--only", "first", "-p", "rounds=5"]).exits(0);
    assert_eq!(ran.requests("first/case").len(), 5);
    assert!(!ran.folder.join("cases/second").exists());
    assert_eq!(json(&ran.folder.join("run.json"))["params"]["rounds"], "5");

    // without --out: a folder below runs/, named by the time
    let ran = pack
        .ran(pack.scn(&["run", "s.scn", "--suite", "fast"]))
        .exits(0);
    let runs: Vec<_> = std::fs::read_dir(pack.path().join("runs"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    assert_eq!(runs.len(), 1, "{runs:?}");
    assert!(runs[0].join("cases/second/case/result.json").exists());
    assert!(!runs[0].join("cases/first").exists());
    assert!(
        ran.stdout
            .contains(runs[0].file_name().unwrap().to_str().unwrap()),
        "{}",
        ran.stdout
    );

    let ran = pack
        .ran(pack.scn(&["run", "s.scn", "--only", "frist"]))
        .exits(4);
    assert!(
        ran.stderr.contains("did you mean `first`"),
        "{}",
        ran.stderr
    );
    pack.ran(pack.scn(&["run", "s.scn", "--suite", "slow"]))
        .exits(4);
    pack.ran(pack.scn(&["run", "s.scn", "-p", "rounds=5MB"]))
        .exits(2);
    pack.ran(pack.scn(&["run", "s.scn", "-p", "round=5"]))
        .exits(2);
    pack.ran(pack.scn(&["run"])).exits(2);
    pack.ran(pack.scn(&["run", "missing.scn"])).exits(2);
}

#[test]
fn exit_codes_and_their_order() {
    let load = "phase a { workload = w, requests = 3 }\n";
    let text = [
        scenario(
            "good",
            "",
            &format!("{load}expect ok: a.success_rate == 100%"),
        ),
        scenario(
            "bad",
            "",
            &format!("{load}expect ok: a.input.mean >= 1000 tok"),
        ),
        scenario(
            "warned",
            "",
            &format!("{load}warn ok: a.input.mean >= 1000 tok\nexpect ran: a.completed >= 1 req"),
        ),
        scenario("few", "", &format!("{load}expect tail: a.ttft.p99 <= 10s")),
        scenario(
            "blind",
            "omit_usage = true",
            &format!("{load}expect tokens: a.output.mean >= 1 tok"),
        ),
    ]
    .concat();
    let pack = Pack::new(&text);
    let run = |only: &[&str], code: i32| {
        let folder = only.join("_");
        let mut arguments = vec!["run", "s.scn", "--out", &folder];
        only.iter()
            .for_each(|name| arguments.extend(["--only", name]));
        let ran = pack.ran(pack.scn(&arguments)).exits(code);
        assert_eq!(
            json(&pack.path().join(&folder).join("run.json"))["exit_code"],
            code
        );
        ran
    };
    run(&["good"], 0);
    run(&["warned", "good"], 0);
    let few = run(&["few"], 5);
    assert!(few.stdout.contains("p99 needs at least"), "{}", few.stdout);
    run(&["few", "blind"], 3);
    run(&["few", "blind", "bad", "good"], 1);

    // one file that is invalid comes before all that the others would come to
    std::fs::write(
        pack.path().join("invalid.scn"),
        "scenario i { nonsense = 1 }\n",
    )
    .unwrap();
    let mixed = ["run", "s.scn", "invalid.scn", "--out", "mixed"];
    let ran = pack.ran(pack.scn(&mixed)).exits(2);
    assert!(ran.stderr.contains("invalid.scn"), "{}", ran.stderr);
    assert!(!pack.path().join("mixed").exists(), "nothing was started");

    let broken = Pack::new("scenario s { nonsense = 1 }\n");
    let ran = broken.run(&[]).exits(2);
    assert!(ran.stderr.contains("nonsense"), "{}", ran.stderr);
    assert!(
        !ran.folder.exists(),
        "nothing is written for an invalid scenario"
    );
    Pack::new("").run(&[]).exits(4);
}

#[test]
fn arguments_that_are_not_utf8_are_no_panic() {
    use std::os::unix::ffi::OsStrExt;
    let pack = passing();
    let mut command = pack.scn(&["run", "s.scn", "--only", "s", "--out"]);
    command.arg(std::ffi::OsStr::from_bytes(b"out\xff"));
    pack.ran(command).exits(0);
    let mut command = pack.scn(&["run", "s.scn", "--json", "-", "--out"]);
    command.arg(std::ffi::OsStr::from_bytes(b"json\xff"));
    pack.ran(command).exits(0);
}

#[test]
fn phases_are_left_out_and_cases_time_out() {
    let pack = Pack::new(
        &[
            scenario(
                "gap",
                "",
                "phase a { workload = w, requests = 2 }
            phase b { when = 1 > 2, workload = w, requests = 2 }
            expect ok: a.success_rate == 100%
            expect later: b.success_rate == 100%",
            ),
            scenario(
                "slow",
                "",
                "timeout = 1s
            phase a { workload = w, duration = 10min, think = 5ms }
            phase b { workload = w, requests = 2 }
            expect ok: a.success_rate == 100%
            report numbers {
              columns = [case.name, a.completed, fixed(a.ttft.mean / 1ms, 1), b.completed]
              to = [\"slow.csv\", \"slow.md\"]
            }",
            ),
        ]
        .concat(),
    );
    let ran = pack.run(&[]).exits(3);
    let gap = ran.case("gap/case");
    assert_eq!(gap["verdict"], "pass");
    assert_eq!(check(&gap, "later")["verdict"], "skipped");
    assert!(
        phase(&gap, "b")["skipped"]
            .as_str()
            .unwrap()
            .contains("1 > 2"),
        "{gap:#}"
    );
    assert_eq!(ran.requests("gap/case").len(), 2);

    let slow = ran.case("slow/case");
    assert_eq!(slow["error"]["kind"], "case_timeout");
    assert_eq!(slow["error"]["phase"], "a");
    assert!(slow["error"]["help"].as_str().unwrap().contains("timeout"));
    assert!(phase(&slow, "b")["skipped"].is_string());
    // what was measured until then is there
    assert!(
        phase(&slow, "a")["metrics"]["completed"]["value"]
            .as_f64()
            .unwrap()
            > 0.0,
        "{slow:#}"
    );
    assert!(!ran.requests("slow/case").is_empty());
    // and marked as what a phase had that was cut short
    let why = "`a` did not wholly run: the case took longer than its `timeout`";
    let file = |name| std::fs::read_to_string(ran.folder.join("reports").join(name)).unwrap();
    let (table, page) = (file("slow.csv"), file("slow.md"));
    let mut rows = csv::Reader::from_reader(table.as_bytes());
    let headers = rows.headers().unwrap().clone();
    let row = rows.records().next().unwrap().unwrap();
    let cell = |name| row.get(headers.iter().position(|h| h == name).unwrap());
    assert_eq!(
        cell("cut short").unwrap(),
        format!("a.completed, fixed(a.ttft.mean / 1ms, 1): {why}"),
        "{table}"
    );
    assert!(
        cell("unavailable").unwrap().starts_with("b.completed: "),
        "{table}"
    );
    assert_eq!(page.matches(" ‡ |").count(), 2, "{page}");
    assert!(page.contains(&format!("‡ {why}")), "{page}");
}

#[test]
fn a_scenario_is_no_run_to_report() {
    let pack = passing();
    let ran = pack.ran(pack.scn(&["report", "s.scn"])).exits(2);
    assert!(
        ran.stderr.contains("folder of a run, such as `runs/"),
        "{}",
        ran.stderr
    );
    assert!(!ran.stderr.contains("--out"), "{}", ran.stderr);
}

#[test]
fn the_command_of_a_page_runs_again_as_it_stands() {
    let text = "phase a { workload = w, requests = 1 }\nreport page extends reports.summary {}";
    let pack = Pack::new(&scenario("s", "", text));
    let ran = pack.run(&["--json", "r.json"]).exits(0);
    let page = std::fs::read_to_string(ran.folder.join("reports/summary.md")).unwrap();
    let line = page
        .lines()
        .find(|line| line.contains("run s.scn"))
        .unwrap();
    assert!(line.ends_with(" run s.scn"), "{line}");
}
