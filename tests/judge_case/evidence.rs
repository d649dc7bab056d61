//! What a verdict shows of the figures that it rests on.

use super::*;

#[test]
fn a_comparison_says_both_sides() {
    let check = one("expect quick: stress.ttft.max <= 700ms because \"users wait\"");
    says(
        &check,
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 700 ms",
    );
    assert_eq!(check.name, "quick");
    assert_eq!(check.because.as_deref(), Some("users wait"));
    assert!(check.place.contains("test.scn:"), "{}", check.place);
    let [evidence] = check.evidence.as_slice() else {
        panic!("{check:#?}")
    };
    assert_eq!(evidence.text, "stress.ttft.max");
    assert_eq!(evidence.phase.as_deref(), Some("stress"));
    assert_eq!(evidence.value.text, "800 ms");
    assert_eq!(evidence.value.samples, Some(8));

    says(
        &one("expect stress.ttft.p50 < 1s"),
        Verdict::Pass,
        "stress.ttft.p50 = 450 ms, must be less than 1 s",
    );
    says(
        &one("expect 1s >= stress.ttft.p50"),
        Verdict::Pass,
        "stress.ttft.p50 = 450 ms, must be at most 1 s",
    );
    says(
        &one("expect 1s < stress.ttft.p50"),
        Verdict::Fail,
        "stress.ttft.p50 = 450 ms, must be more than 1 s",
    );
    says(
        &one("expect stress.requests == 9 req"),
        Verdict::Fail,
        "stress.requests = 8 req, expected 9 req",
    );
    says(
        &one("expect stress.ttft.max <= 2 * stress.ttft.min"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 2 * stress.ttft.min = 200 ms",
    );
}

#[test]
fn shares_are_in_per_cent_and_differences_are_shown() {
    let check = one("expect stress.success_rate >= 99%");
    says(
        &check,
        Verdict::Pass,
        "stress.success_rate = 100 %, must be at least 99 %",
    );
    assert_eq!(check.evidence[0].value.text, "100 %");
    // three digits would show 800 ms for both
    says(
        &one("expect stress.ttft.max <= 799.98ms"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 799.98 ms",
    );
    let close = one_with("expect stress.success_rate >= 99.9999%", |data| {
        let failure = Failure {
            class: FailureClass::Timeout,
            detail: "late".into(),
        };
        let mut all = vec![stress(data).records[0].clone(); 99_999];
        all.push(Record {
            outcome: Outcome::Failed(failure),
            ..Record::default()
        });
        stress(data).records = all;
    });
    says(
        &close,
        Verdict::Fail,
        "stress.success_rate = 99.999 %, must be at least 99.9999 %",
    );
}

#[test]
fn of_several_parts_those_that_decide_are_named() {
    let both = "stress.success_rate >= 99% and stress.ttft.max <= 700ms";
    says(
        &one(&format!("expect {both}")),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 700 ms",
    );
    says(
        &one("expect stress.success_rate >= 99% and stress.ttft.max <= 1s"),
        Verdict::Pass,
        "stress.success_rate = 100 %, must be at least 99 %; stress.ttft.max = 800 ms, must be at most 1 s",
    );
    says(
        &one("expect stress.ttft.max <= 1ms or stress.ttft.max <= 2ms"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 1 ms; stress.ttft.max = 800 ms, must be at most 2 ms",
    );
    says(
        &one("expect stress.ttft.max <= 1ms or stress.ttft.max <= 2s"),
        Verdict::Pass,
        "stress.ttft.max = 800 ms, must be at most 2 s",
    );
    says(
        &one("expect not (stress.ttft.max <= 2s)"),
        Verdict::Fail,
        "`not (stress.ttft.max <= 2s)` does not hold: stress.ttft.max = 800 ms, must be more than 2 s",
    );
    says(
        &one("expect if stress.requests > 3 req then stress.ttft.max <= 1ms else true"),
        Verdict::Fail,
        "stress.ttft.max = 800 ms, must be at most 1 ms",
    );
}

#[test]
fn growth_and_lets_are_judged_with_their_phases() {
    let check = one(
        "let grown = growth(sut.memory, from = baseline, to = cooldown)\n  expect grown <= 20MB",
    );
    says(
        &check,
        Verdict::Fail,
        "grown = 30 MB, must be at most 20 MB",
    );
    assert_eq!(
        check.evidence[0].text,
        "growth(sut.memory, from = baseline, to = cooldown)"
    );
    assert_eq!(
        check.evidence[0].phase.as_deref(),
        Some("baseline to cooldown")
    );
    says(
        &one("expect peak(sut.memory, during = stress) < 1GB"),
        Verdict::Pass,
        "peak(sut.memory, during = stress) = 180 MB, must be less than 1 GB",
    );
    says(
        &one("expect sut.running.max <= 4 req"),
        Verdict::Pass,
        "sut.running.max = 4 req, must be at most 4 req",
    );
}

#[test]
fn a_computed_side_is_evidence_too() {
    let check = one("expect stress.failed / stress.requests <= 1%");
    says(
        &check,
        Verdict::Pass,
        "stress.failed / stress.requests = 0 %, must be at most 1 %",
    );
    let texts: Vec<&str> = check.evidence.iter().map(|e| e.text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "stress.failed",
            "stress.requests",
            "stress.failed / stress.requests"
        ]
    );
    assert_eq!(check.evidence[2].value.value, Some(0.0));
}

#[test]
fn evidence_holds_what_and_and_or_need_not_read() {
    let parts = |check: &CheckResult| -> Vec<(String, bool)> {
        let parts = check.evidence.iter();
        parts
            .map(|part| (part.text.clone(), part.value.unavailable.is_none()))
            .collect()
    };
    let part = |text: &str, known| (text.to_string(), known);
    let both = [part("stress.ttft.p50", true), part("stress.failed", true)];
    let check = one("expect c: stress.ttft.p50 <= 1ms and stress.failed == 0");
    assert_eq!(check.verdict, Verdict::Fail);
    assert_eq!(parts(&check), both);
    let check = one("let fine = stress.ttft.p50 >= 1ms or stress.failed == 1\n expect c: fine");
    assert_eq!(check.verdict, Verdict::Pass);
    assert_eq!(parts(&check), both);
    // what was not measured, or cannot be computed, changes nothing where the other side decides
    let check = one(
        "expect c: not (stress.ttft.p50 <= 1ms and sut.gpu_memory.max / stress.failed <= 1 GB/req)",
    );
    assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    assert_eq!(
        parts(&check),
        [
            part("stress.ttft.p50", true),
            part("sut.gpu_memory.max", false),
            part("stress.failed", true)
        ]
    );
    let check = one("expect c: stress.failed == 1 and stress.requests / stress.failed > 2");
    assert_eq!(check.verdict, Verdict::Fail, "{check:?}");
    // and as ever none passes where nobody decides
    let check = one("expect c: stress.failed == 0 and sut.gpu_memory.max <= 1GB");
    assert_eq!(check.verdict, Verdict::NoData);
}
