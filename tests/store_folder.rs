//! The run folder: made once, never shared, never overwritten, and readable after a kill.

#[path = "report_fixtures/mod.rs"]
mod report_fixtures;

use report_fixtures::*;
use scn::load::record::{Failure, FailureClass, Outcome, Record};
use scn::plan::Plan;
use scn::probe::series::SeriesSet;
use scn::report::model::*;
use scn::store::{Redactor, RunFolder, RunState, StoreError};
use scn::units::Dimension;
use serde_json::json;
use std::fs;
use std::io::Write;
use std::path::Path;

fn place() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn what_is_written_is_read_back() {
    let place = place();
    let cases = [case("tp=2", vec![failing()]), broken("tp=4/odd")];
    folder(&place.path().join("run"), &cases);
    let read = RunFolder::open(&place.path().join("run")).unwrap();
    assert_eq!(read.run().unwrap(), run(&cases));
    assert_eq!(read.cases().unwrap(), cases);
    assert_eq!(read.env().unwrap(), Some(host()));
    assert_eq!(read.state().unwrap(), RunState::Finished);
    assert!(read.unfinished().unwrap().is_empty());
}

#[test]
fn numbers_come_back_to_the_last_bit() {
    let place = place();
    let mut odd = case("odd", vec![]);
    // values that a careless reader of decimal numbers gets wrong by one bit
    odd.duration_s = 0.1 + 0.2;
    odd.start_s = 1.1754943508222875e-5;
    odd.phases[1].end_s = 9007199254740993.0 / 3.0;
    folder(&place.path().join("run"), std::slice::from_ref(&odd));
    let read = RunFolder::open(&place.path().join("run")).unwrap();
    assert_eq!(read.cases().unwrap(), [odd]);
}

#[test]
fn a_folder_in_use_a_finished_one_and_a_strange_one_are_refused() {
    let place = place();
    let path = place.path().join("run");
    let first = RunFolder::create(Some(&path), &now()).unwrap();
    let error = RunFolder::create(Some(&path), &now()).unwrap_err();
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert_eq!(
        RunFolder::open(&path).unwrap().state().unwrap(),
        RunState::Running
    );

    first.write_run(&run(&[])).unwrap();
    drop(first);
    let error = RunFolder::create(Some(&path), &now()).unwrap_err();
    assert!(matches!(error, StoreError::Finished { .. }), "{error}");
    assert!(error.help().contains("--out"), "{}", error.help());

    let strange = place.path().join("strange");
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("thesis.tex"), "precious").unwrap();
    let error = RunFolder::create(Some(&strange), &now()).unwrap_err();
    assert!(error.to_string().contains("thesis.tex"), "{error}");
    let names: Vec<_> = fs::read_dir(&strange)
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(
        names,
        ["thesis.tex"],
        "nothing was left in a folder of others"
    );
}

#[test]
fn a_killed_run_can_be_read_and_its_folder_used_again() {
    let place = place();
    let path = place.path().join("run");
    let killed = RunFolder::create(Some(&path), &now()).unwrap();
    killed
        .event(0.5, "run_started", json!({"cases": 2}))
        .unwrap();
    killed
        .case("stress", "tp=2")
        .unwrap()
        .write_result(&case("tp=2", vec![]))
        .unwrap();
    killed.case("stress", "tp=4").unwrap().requests().unwrap();
    drop(killed); // as a kill does: no `finished`, and the case is not in run.json

    let read = RunFolder::open(&path).unwrap();
    assert_eq!(read.state().unwrap(), RunState::Killed);
    assert_eq!(read.cases().unwrap(), [case("tp=2", vec![])]);
    assert_eq!(read.run().unwrap().cases[0].folder, "cases/stress/tp=2");
    assert_eq!(read.unfinished().unwrap(), ["cases/stress/tp=4"]);

    for n in 1..=2 {
        RunFolder::create(Some(&path), &now()).unwrap();
        assert!(!path.join("cases").exists());
        let aside = path.join(format!("earlier/{n}"));
        assert!(aside.join("run.json").exists(), "{n}");
        assert_eq!(aside.join("cases/stress/tp=2/result.json").exists(), n == 1);
    }
}

#[test]
fn events_survive_a_cut() {
    let place = place();
    let path = place.path().join("run");
    let folder = RunFolder::create(Some(&path), &now()).unwrap();
    folder
        .event(1.0, "phase_started", json!({"phase": "stress"}))
        .unwrap();
    folder
        .event(
            2.5,
            "phase_ended",
            json!({"phase": "stress", "event": "not this"}),
        )
        .unwrap();
    let mut file = fs::OpenOptions::new()
        .append(true)
        .open(path.join("events.jsonl"))
        .unwrap();
    file.write_all(b"garbage\n{\"t\": 3.0, \"wall\": \"2026")
        .unwrap();
    let read = folder.events().unwrap();
    let names: Vec<&str> = read.events.iter().map(|e| e.event.as_str()).collect();
    assert_eq!(names, ["phase_started", "phase_ended"]);
    assert_eq!(read.events[0].fields["phase"], "stress");
    assert!(read.truncated);
    assert_eq!(read.damaged, [3]);
}

#[test]
fn requests_and_samples_are_there_before_the_end() {
    let place = place();
    let folder = RunFolder::create(Some(&place.path().join("run")), &now()).unwrap();
    let case = folder.case("stress", "case").unwrap();
    let mut requests = case.requests().unwrap();
    let failed = Record {
        due: 1.0,
        end: 1.5,
        answer: "x".repeat(5000),
        outcome: Outcome::Failed(Failure {
            class: FailureClass::WrongAnswer,
            detail: "not what was asked".into(),
        }),
        ..Record::default()
    };
    requests
        .write(
            "stress",
            &Record {
                due: 1.0,
                end: 2.0,
                answer: "fine".into(),
                ..Record::default()
            },
        )
        .unwrap();
    requests.write("stress", &failed).unwrap();
    requests.flush().unwrap();
    let mut samples = case.samples().unwrap();
    let mut set = SeriesSet::default();
    set.push("memory", Dimension::DATA, 1.0, 1e9);
    samples.write_new("sut", &set).unwrap();
    set.push("memory", Dimension::DATA, 2.0, 1.5e9);
    samples.write_new("sut", &set).unwrap();

    // both logs are still open: this is what a kill now would leave
    let mut rows = csv::Reader::from_path(case.path().join("requests.csv")).unwrap();
    let header = rows.headers().unwrap().clone();
    let rows: Vec<_> = rows.records().map(|r| r.unwrap()).collect();
    let at = |row: usize, name: &str| {
        let column = header.iter().position(|h| h == name).unwrap();
        rows[row][column].to_string()
    };
    assert_eq!(rows.len(), 2);
    assert_eq!(at(0, "e2e (ms)"), "1000");
    assert_eq!(at(0, "completion tokens (tok)"), "");
    assert_eq!(at(1, "failure"), "wrong_answer");
    let answers = fs::read_to_string(case.path().join("answers.jsonl")).unwrap();
    assert_eq!(answers.lines().count(), 1, "answers of failures only");
    assert!(answers.contains("5000 characters in all") && answers.len() < 2500);
    assert_eq!(
        fs::read_to_string(case.path().join("samples.csv")).unwrap(),
        "t (s),server,series,value,unit,unavailable\n1,sut,memory,1000000000,B,\n2,sut,memory,1500000000,B,\n"
    );
}

#[test]
fn secrets_reach_no_file() {
    let place = place();
    let mut folder = RunFolder::create(Some(&place.path().join("run")), &now()).unwrap();
    let secret = "sk-live-\"0123\"";
    folder.set_redactor(Redactor::new([secret.to_string()]));
    let mut leaky = case("case", vec![failing()]);
    leaky.notes = vec![format!("the server said {secret}")];
    leaky.checks[0].why = secret.into();
    leaky.axes.insert(secret.into(), Figure::text(secret));
    let mut whole = run(std::slice::from_ref(&leaky));
    whole.command.push(format!("--key={secret}"));
    folder.write_run(&whole).unwrap();
    folder
        .write_plan(
            &[],
            &Plan {
                notes: vec![format!("it is called with {secret}")],
                ..Plan::default()
            },
        )
        .unwrap();
    folder
        .event(1.0, "error", json!({"message": [secret]}))
        .unwrap();
    let made = folder.case("stress", &format!("key={secret}")).unwrap();
    made.write_result(&leaky).unwrap();
    let mut requests = made.requests().unwrap();
    let failure = Failure {
        class: FailureClass::Status,
        detail: format!("401: {secret}"),
    };
    let record = Record {
        outcome: Outcome::Failed(failure),
        answer: secret.into(),
        ..Record::default()
    };
    requests.write("stress", &record).unwrap();
    requests.sync().unwrap();
    scn::report::write_all(&whole, &[leaky], &folder, None).unwrap();

    let mut seen = 0;
    look(folder.path(), &mut |path, text| {
        seen += 1;
        let name = path.display().to_string();
        assert!(!text.contains("0123") && !name.contains("0123"), "{name}");
    });
    assert!(seen >= 11, "only {seen} files were looked at");
}

fn look(folder: &Path, check: &mut impl FnMut(&Path, &str)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, check);
        } else {
            let text = fs::read(&path).unwrap();
            check(&path, &String::from_utf8_lossy(&text));
        }
    }
}

#[test]
fn default_folders_are_named_by_time_and_never_shared() {
    // the default is below the working folder, so a process of its own has to look
    let place = place();
    let test = std::env::current_exe().unwrap();
    let made = std::process::Command::new(test)
        .args([
            "--exact",
            "default_folders_helper",
            "--ignored",
            "--nocapture",
        ])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "{}",
        String::from_utf8_lossy(&made.stdout)
    );
    for name in ["2026-11-21T23-57-02", "2026-11-21T23-57-02-2"] {
        assert!(
            place
                .path()
                .join("runs")
                .join(name)
                .join("run.json")
                .exists(),
            "{name}"
        );
    }
}

#[test]
#[ignore = "run by default_folders_are_named_by_time_and_never_shared, in a folder of its own"]
fn default_folders_helper() {
    let first = RunFolder::create(None, &now()).unwrap();
    assert_eq!(first.id(), "2026-11-21T23-57-02");
    assert_eq!(
        RunFolder::create(None, &now()).unwrap().id(),
        "2026-11-21T23-57-02-2"
    );
}

#[test]
fn what_is_no_run_folder_says_so() {
    let place = place();
    let error = RunFolder::open(&place.path().join("gone")).unwrap_err();
    assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
    let error = RunFolder::open(place.path()).unwrap_err();
    assert!(matches!(error, StoreError::NoRun { .. }), "{error}");
    fs::write(place.path().join("run.json"), "{\"schema\": 1,\n oops").unwrap();
    let error = RunFolder::open(place.path()).unwrap_err();
    assert!(error.to_string().contains("line 2"), "{error}");
    fs::write(place.path().join("run.json"), "{\"schema\": 99}").unwrap();
    let error = RunFolder::open(place.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Newer { found: 99, .. }),
        "{error}"
    );
    fs::write(place.path().join("run.json"), "{\"schema\": 1}").unwrap();
    let error = RunFolder::open(place.path()).unwrap_err();
    assert!(
        matches!(error, StoreError::Older { found: 1, .. }),
        "{error}"
    );
    assert!(error.help().contains("run again"), "{}", error.help());
}
