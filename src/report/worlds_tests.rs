//! Tables of several runs.

use super::*;
use serde_json::json;

/// A run in a world with one case, whose phase has these figures.
fn run(world: &str, case: &str, metrics: serde_json::Value) -> Run {
    let phase = json!({ "name": "load", "start_s": 0.0, "end_s": 1.0, "measured": true,
        "load": "", "metrics": metrics, "failures": [], "notes": [] });
    let case = json!({ "schema": 2, "scenario": "s", "case": case, "axes": {}, "tags": [],
        "world": world, "verdict": "pass", "started": "", "start_s": 0.0, "duration_s": 1.0,
        "servers": [], "phases": [phase], "checks": [], "reports": [], "notes": [] });
    let case: CaseResult = serde_json::from_value(case).expect("a case");
    let run = RunResult {
        world: case.world,
        id: format!("of {world}"),
        ..RunResult::default()
    };
    Run {
        run,
        cases: vec![case],
    }
}

fn seconds(value: f64) -> Figure {
    Figure::quantity(crate::units::Quantity::seconds(value))
}

#[test]
fn runs_stand_beside_each_other_and_are_related_to_the_real_one() {
    let not_known = Figure::unavailable("nobody waits");
    let runs = [
        run(
            "sim",
            "a",
            json!({ "ttft.p50": seconds(0.5), "client_delay": not_known }),
        ),
        run(
            "real",
            "a",
            json!({ "ttft.p50": seconds(0.4), "client_delay": seconds(0.1) }),
        ),
    ];
    let table = SideBySide::of(&runs).expect("a table");
    assert_eq!((table.runs.join(" "), table.base), ("sim real".into(), 1));
    assert_eq!(
        table.markdown(),
        "| phase | metric       | sim    | sim / real | real   |\n\
         | ----- | ------------ | ------ | ---------: | ------ |\n\
         |       | verdict      | pass   |            | pass   |\n\
         | load  | ttft.p50     | 500 ms |       1.25 | 400 ms |\n\
         | load  | client_delay | – (1)  |            | 100 ms |\n\
         \n1. nobody waits\n"
    );
    let csv = String::from_utf8(table.csv().expect("CSV")).expect("UTF-8");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(
        lines[0],
        "scenario,case,phase,metric,unit,sim,sim / real,real,sim: why not,real: why not"
    );
    assert_eq!(lines[2], "s,a,load,ttft.p50,ms,500,1.25,400,,");
    assert_eq!(lines[3], "s,a,load,client_delay,ms,,,100,nobody waits,");
}

#[test]
fn without_a_real_run_the_first_counts_and_two_of_a_world_have_their_folders() {
    let one = || run("sim", "a", json!({ "ttft.p50": seconds(0.5) }));
    let table = SideBySide::of(&[one(), one()]).expect("a table");
    assert_eq!(table.base, 0);
    assert_eq!(table.runs, ["sim (of sim)", "sim (of sim)"]);
    assert!(SideBySide::of(&[one(), run("mock", "b", json!({}))]).is_none());
}
