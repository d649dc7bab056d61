//! Which cases share a launch, in what order, and how long they take.

mod plan_support;

use plan_support::{cases, planned};
use scn::plan::{Estimate, Sure, planned_requests, planned_seconds};

/// Launches as the ids of their cases.
fn launches(text: &str) -> Vec<Vec<String>> {
    let (cases, plan) = planned(text);
    plan.launches
        .iter()
        .map(|launch| {
            launch
                .cases
                .iter()
                .map(|&i| format!("{}/{}", cases[i].scenario, cases[i].id))
                .collect()
        })
        .collect()
}

const SWEEP: &str = r#"
scenario sweep {
  matrix { concurrency = [1, 16], tp = [2, 4] }
  server sut { engine = demo, model = tiny, layout { tp = tp } }
  phase load { workload = hello, requests = 20, concurrency = concurrency }
}
"#;

#[test]
fn cases_that_describe_the_same_server_share_its_launch() {
    assert_eq!(
        launches(SWEEP),
        [
            ["sweep/concurrency=1,tp=2", "sweep/concurrency=16,tp=2"],
            ["sweep/concurrency=1,tp=4", "sweep/concurrency=16,tp=4"],
        ]
    );
    let (_, plan) = planned(SWEEP);
    assert_eq!((plan.starts(), plan.gpus()), (2, 4));
    assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    assert!(plan.notes[0].contains("run together"));
}

#[test]
fn scenarios_share_a_launch_too_and_keep_their_order_otherwise() {
    let text = r#"
scenario a { server sut { engine = demo, model = tiny }, phase x { workload = hello, requests = 1 } }
scenario b { server sut { engine = demo, model = tiny, layout { tp = 2 } }, phase x { workload = hello, requests = 1 } }
scenario c { server sut { engine = demo, model = tiny }, phase x { workload = hello, requests = 1 } }
"#;
    assert_eq!(launches(text), [vec!["a/case", "c/case"], vec!["b/case"]]);
}

#[test]
fn an_isolated_case_shares_with_nobody() {
    let isolated = SWEEP.replace("matrix {", "isolate = true\n  matrix {");
    let all: Vec<Vec<String>> = launches(&isolated);
    assert_eq!(all.len(), 4);
    assert!(all.iter().all(|launch| launch.len() == 1));
    let text = r#"
scenario a { isolate = true, server sut { engine = demo, model = tiny }, phase x { workload = hello, requests = 1 } }
scenario b { server sut { engine = demo, model = tiny }, phase x { workload = hello, requests = 1 } }
scenario c { server sut { engine = demo, model = tiny }, phase x { workload = hello, requests = 1 } }
"#;
    assert_eq!(launches(text), [vec!["a/case"], vec!["b/case", "c/case"]]);
}

#[test]
fn servers_that_differ_in_a_secret_only_do_not_share() {
    // SAFETY: nothing else in this test's process reads or writes these variables
    unsafe {
        std::env::set_var("PLAN_TEST_KEY_A", "sk-one-11111");
        std::env::set_var("PLAN_TEST_KEY_B", "sk-two-22222");
    }
    let text = r#"
scenario keys {
  matrix { which = ["A", "B"] }
  server sut { engine = demo, model = tiny, api_key = if which == "A" then env("PLAN_TEST_KEY_A") else env("PLAN_TEST_KEY_B") }
  phase load { workload = hello, requests = 20 }
}
"#;
    let (cases, plan) = planned(text);
    assert_eq!(plan.launches.len(), 2);
    let shown = scn::plan::render(
        &cases,
        &plan,
        scn::plan::Style {
            color: false,
            width: 100,
        },
    ) + &scn::plan::to_json(&cases, &plan).to_string()
        + &format!("{plan:?}");
    assert!(
        !shown.contains("sk-one") && !shown.contains("sk-two"),
        "{shown}"
    );
    assert!(shown.contains("***"));
}

/// The estimate of a scenario's only case, with these phases.
fn estimate(body: &str) -> Estimate {
    let (cases, plan) = planned(&format!(
        "scenario one {{ server sut {{ engine = demo, model = tiny }}\n{body}\n}}"
    ));
    let estimate = Estimate::of_case(&cases[0]);
    assert_eq!(plan.estimate(&cases), estimate);
    estimate
}

#[test]
fn times_that_are_known_are_exact_and_others_say_what_they_are() {
    let quiet = estimate("phase a { idle = 10s, repeat = 3, pause = 2s }\n phase b { idle = 1s }");
    assert_eq!(
        (quiet.seconds, quiet.sure, quiet.exact()),
        (35.0, Sure::Exactly, true)
    );
    assert_eq!(quiet.words(), "35 s");

    let open = estimate(
        "phase a { workload = hello, rate = 4 req/s, requests = 200, repeat = 2, pause = 5s }",
    );
    assert_eq!((open.seconds, open.sure), (105.0, Sure::About));
    let first_to_come =
        estimate("phase a { workload = hello, rate = 4 req/s, requests = 200, duration = 20s }");
    assert_eq!(first_to_come.words(), "about 20 s");

    let closed = estimate(
        "phase a { workload = hello, requests = 200, concurrency = 4 }\n phase b { idle = 90s }",
    );
    assert_eq!(
        (closed.seconds, closed.sure, closed.most),
        (90.0, Sure::AtLeast, None)
    );
    assert_eq!(closed.words(), "at least 1 min 30 s + 50 answers");
    let of = |body: &str| estimate(body).words();
    assert_eq!(
        of("phase a { workload = hello, requests = 200 }"),
        "200 answers"
    );
    assert_eq!(
        of("phase a { workload = hello, requests = 201, concurrency = 8, repeat = 3 }"),
        "78 answers"
    );
    assert_eq!(
        of("phase a { workload = hello, requests = 4, concurrency = 8 }"),
        "1 answer"
    );
    // loads at once wait for the longer one; what ends by the clock waits for none
    assert_eq!(
        of("phase a {
              load x { workload = hello, concurrency = 2, requests = 20 }
              load y { workload = hello, concurrency = 4, requests = 60 } }"),
        "15 answers"
    );
    assert_eq!(
        of("phase a { quiesce = true }"),
        "until the server is at rest"
    );

    let bounded = estimate(
        "phase a { workload = hello, requests = 200, duration = 60s }\n phase b { idle = 10s }",
    );
    assert_eq!(bounded.words(), "10 s to 1 min 10 s");

    let thinking =
        estimate("phase a { workload = hello, requests = 10, concurrency = 4, think = 3s }");
    assert_eq!(thinking.words(), "at least 6 s + 3 answers");

    let settles = estimate("phase a { idle = 10s, quiesce = true }");
    assert_eq!(settles.words(), "at least 10 s");

    let both = estimate(
        "phase a { duration = 30s
           load x { workload = hello, concurrency = 2 }
           load y { workload = hello, rate = 2 req/s, duration = 45s } }",
    );
    assert_eq!(both.words(), "about 45 s");

    let skipped = estimate(
        "phase a { workload = hello, requests = 9, when = 1 > 2 }\n phase b { idle = 1s }",
    );
    assert_eq!(skipped.words(), "1 s");

    let written = estimate("estimate = 5min\n phase a { workload = hello, requests = 200 }");
    assert_eq!((written.seconds, written.sure), (300.0, Sure::About));
}

#[test]
fn a_timeout_that_cannot_hold_is_noted() {
    let (_, plan) = planned(
        "scenario long { timeout = 10s, server sut { engine = demo, model = tiny }\n phase quiet { idle = 20s } }",
    );
    assert_eq!(plan.notes.len(), 1);
    assert!(
        plan.notes[0].contains("long / case") && plan.notes[0].contains("its timeout is 10 s"),
        "{:?}",
        plan.notes
    );
}

#[test]
fn nothing_to_do_is_a_plan_too() {
    let plan = scn::plan::plan(&[]);
    assert!(plan.launches.is_empty());
    assert_eq!(scn::plan::to_json(&[], &plan)["totals"]["cases"], 0);
    assert!(
        scn::plan::render(
            &[],
            &plan,
            scn::plan::Style {
                color: false,
                width: 80
            }
        )
        .starts_with("0 cases")
    );
}

#[test]
fn progress_knows_how_far_a_phase_goes() {
    let planned = |body: &str| {
        let (cases, _) = planned(&format!(
            "scenario one {{ server sut {{ engine = demo, model = tiny }}\n{body}\n}}"
        ));
        let phase = &cases[0].phases[0];
        (planned_requests(phase), planned_seconds(phase))
    };
    let closed =
        "phase a { workload = hello, requests = 200, repeat = 12, pause = 2s, quiesce = true }";
    assert_eq!(planned(closed), (Some(2400), None));
    assert_eq!(
        planned("phase a { workload = hello, duration = 30s, repeat = 2, pause = 1s }"),
        (None, Some(61.0))
    );
    assert_eq!(
        planned("phase a { workload = hello, requests = 9, duration = 30s }"),
        (Some(9), Some(30.0))
    );
    assert_eq!(
        planned("phase a { idle = 10s, quiesce = true }"),
        (None, Some(10.0))
    );
    assert_eq!(planned("phase a { quiesce = true }"), (None, None));
    let both = "phase a { duration = 30s
        load x { workload = hello, concurrency = 2, requests = 5 }
        load y { workload = hello, rate = 2 req/s } }";
    assert_eq!(planned(both), (None, Some(30.0)));
}

/// In which cases a check stands.
fn stands(text: &str) -> Vec<String> {
    let cases = cases(text);
    let of = cases.iter().filter(|case| !case.checks.is_empty());
    of.map(|case| case.id.clone()).collect()
}

#[test]
fn a_check_of_other_cases_stands_in_the_first_that_it_reads() {
    let with = |matrix: &str, check: &str| {
        format!(
            "engine even extends demo {{ expect even: layout.tp in [1, 2, 4] because \"odd\" }}
             scenario s {{ infeasible = \"skip\"
               matrix {{ {matrix} }}
               server sut {{ engine = even, model = tiny, layout {{ tp = tp }} }}
               phase load {{ workload = hello, requests = 20 }}
               expect scales: {check}
             }}"
        )
    };
    let figure = |at: &str| format!("at({at}).load.request_rate");
    let (one, four) = (figure("tp = 1"), figure("tp = 4"));
    let of = |check: &str| stands(&with("tp = [1, 2, 4]", check));
    assert_eq!(of(&format!("{four} >= 2 * {one}")), ["tp=4"]);
    assert_eq!(of(&format!("2 * {one} <= {four}")), ["tp=1"]);
    // what stands behind `when` is read behind
    assert_eq!(
        of(&format!("{four} > 1 req/s when {one} > 0 req/s")),
        ["tp=4"]
    );
    // the first that it reads cannot work: the next that it reads
    let three = figure("tp = 3");
    let odd = with("tp = [2, 3, 4]", &format!("{three} <= {four}"));
    assert_eq!(stands(&odd), ["tp=4"]);
    // one for each value of an axis that it names
    let two = with("tp = [1, 4], n = [1, 2]", &format!("{four} >= n * {one}"));
    assert_eq!(stands(&two), ["tp=4,n=1", "tp=4,n=2"]);
}
