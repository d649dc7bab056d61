//! What was not measured, left out or cut short decides nothing.

use super::*;

#[test]
fn what_was_not_measured_never_passes() {
    let gpu = one("expect sut.gpu_memory.max <= 80GB");
    says(
        &gpu,
        Verdict::NoData,
        "sut.gpu_memory.max: no NVML library was found",
    );
    assert_eq!(gpu.evidence[0].value.value, None);
    assert_eq!(
        gpu.evidence[0].value.unavailable.as_deref(),
        Some("no NVML library was found")
    );
    let role = one("expect sut.roles.worker.memory.max <= 80GB");
    says(
        &role,
        Verdict::NoData,
        "sut.roles.worker.memory.max: `sut.roles.worker.memory` was not sampled",
    );
    let nobody = one_with("expect stress.ttft.max <= 80s", |data| {
        for record in &mut stress(data).records {
            let class = FailureClass::Connect;
            record.outcome = Outcome::Failed(Failure {
                class,
                detail: "refused".into(),
            });
        }
    });
    says(
        &nobody,
        Verdict::NoData,
        "stress.ttft.max: no request of `stress` was answered",
    );
    let once = one("expect growth(sut.memory, during = stress) <= 1MB");
    assert_eq!(once.verdict, Verdict::NoData);
    assert!(once.why.contains("`repeat` of 2 or more"), "{}", once.why);
    assert_eq!(
        one_with("expect stress.ttft.max <= 80s", |data| data.phases.clear()).verdict,
        Verdict::NoData
    );
    assert_eq!(
        one_with("expect sut.memory.max <= 80GB", |data| data.servers.clear()).verdict,
        Verdict::NoData
    );
}

#[test]
fn what_cannot_be_computed_has_no_data_and_says_why() {
    let check = one("expect stress.requests / stress.failed >= 10");
    says(
        &check,
        Verdict::NoData,
        "it could not be evaluated: this divides by zero",
    );
    assert_eq!(check.evidence.len(), 3);
    let when = one("expect stress.success_rate >= 1% when stress.requests / stress.failed >= 10");
    assert_eq!(when.verdict, Verdict::NoData);
}

#[test]
fn conditions_leave_checks_out() {
    let check = one("expect stress.ttft.max <= 1ms when stress.requests > 100 req");
    says(
        &check,
        Verdict::Skipped,
        "`stress.requests > 100 req` does not hold",
    );
    assert_eq!(check.when.as_deref(), Some("stress.requests > 100 req"));
    assert_eq!(check.evidence[0].value.text, "8 req");
    let unknown = one("expect stress.ttft.max <= 1ms when sut.gpu_memory.max > 1GB");
    assert_eq!(unknown.verdict, Verdict::NoData);
    assert!(unknown.why.contains("no NVML library"), "{}", unknown.why);
    assert_eq!(
        one("expect stress.ttft.max <= 1s when stress.requests > 3 req").verdict,
        Verdict::Pass
    );
}

#[test]
fn a_phase_that_was_left_out_skips_its_checks() {
    let left_out = |data: &mut CaseData| {
        data.phases[1] = PhaseData {
            name: "stress".into(),
            skipped: Some("`false` does not hold".into()),
            ..PhaseData::default()
        };
    };
    let check = one_with("expect stress.ttft.max <= 1ms", left_out);
    says(
        &check,
        Verdict::Skipped,
        "`stress` was left out: `false` does not hold",
    );
    // what needs no such phase is judged
    assert_eq!(
        one_with("expect sut.memory.max <= 1GB", left_out).verdict,
        Verdict::Pass
    );
    assert_eq!(
        one_with(
            "expect sut.memory.max <= 1GB or stress.ttft.max <= 1s",
            left_out
        )
        .verdict,
        Verdict::Pass
    );
}

#[test]
fn no_verdict_rests_on_a_phase_that_was_cut_short() {
    let died = |data: &mut CaseData| stress(data).not_run = Some("the server died".into());
    let check = one_with("expect stress.ttft.max <= 1s", died);
    says(
        &check,
        Verdict::NoData,
        "`stress` did not wholly run: the server died",
    );
    assert_eq!(check.evidence[0].value.text, "800 ms");
    let baseline = "expect growth(sut.memory, from = baseline, to = baseline) <= 1MB";
    assert_eq!(one_with(baseline, died).verdict, Verdict::Pass);
    assert_eq!(
        one_with("expect sut.memory.max <= 1GB", died).verdict,
        Verdict::NoData
    );

    let stopped = |data: &mut CaseData| {
        stress(data).not_run = Some("the run was interrupted".into());
        stress(data).interrupted = true;
        data.phases[2] = PhaseData {
            name: "cooldown".into(),
            not_run: Some("the run was interrupted".into()),
            interrupted: true,
            ..PhaseData::default()
        };
    };
    assert_eq!(
        one_with("expect stress.ttft.max <= 1s", stopped).verdict,
        Verdict::Interrupted
    );
    let growth = "expect growth(sut.memory, from = baseline, to = cooldown) <= 1MB";
    let check = one_with(growth, stopped);
    says(
        &check,
        Verdict::Interrupted,
        "`cooldown` did not run: the run was interrupted",
    );
    assert_eq!(one_with(baseline, stopped).verdict, Verdict::Pass);
}
