//! Suites: what their scenarios need of the machine and of its time.

use super::view::place;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Params;
use crate::plan::{Estimate, gpus};
use crate::resolve::{Flat, Program};
use crate::scenario::{Case, SuiteLimits, suite_limits, suite_scenarios};
use crate::units::Quantity;

/// What is found in the suites of the root files, of the cases that were compiled.
pub(super) fn check(program: &Program, params: &Params, cases: &[Case]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (_, suite) in program.root_blocks("suite") {
        let limits = suite_limits(program, params, suite);
        let named = suite_scenarios(program, params, suite);
        let its = |case: &&Case| named.iter().any(|flat| flat.title() == case.scenario);
        let cases: Vec<&Case> = cases.iter().filter(its).collect();
        let whole = named
            .iter()
            .filter(|flat| flat.children_of("phase").next().is_some())
            .all(|flat| cases.iter().any(|case| case.scenario == flat.title()));
        let cases = without_skipped(&limits, cases);
        found.extend(no_time(suite, &limits));
        found.extend(needs(suite, &limits, &cases));
        if whole {
            found.extend(takes(suite, &limits, &cases));
        }
    }
    found
}

/// Without the cases that the suite leaves out: those of which the machine has too few GPUs, where
/// their scenario says so and has others.
fn without_skipped<'a>(limits: &SuiteLimits, cases: Vec<&'a Case>) -> Vec<&'a Case> {
    let over = |case: &Case| limits.gpus.is_some_and(|there| gpus(&case.servers) > there);
    let left = |case: &Case| case.skips && (over(case) || case.infeasible.is_some());
    let runs = |case: &&Case| {
        let others = || cases.iter().filter(|other| other.scenario == case.scenario);
        !left(case) || others().all(|other| left(other))
    };
    cases.iter().copied().filter(runs).collect()
}

fn needs(suite: &Flat, limits: &SuiteLimits, cases: &[&Case]) -> Option<Diagnostic> {
    let there = limits.gpus?;
    let (most, case) = cases
        .iter()
        .map(|case| (gpus(&case.servers), case))
        .max_by_key(|(gpus, _)| *gpus)?;
    if most <= there {
        return None;
    }
    let message = format!(
        "`{}` needs {most} GPUs at once ({}), and the suite has {there}",
        case.scenario, case.id
    );
    let found = Diagnostic::error(codes::SUITE_GPUS, place(suite, "gpus"), message)
        .help("run it in a suite of a larger machine, or with a smaller `layout`");
    // one that says so has no case that this machine could run
    Some(match case.skips {
        true => found,
        false => found
            .help("`infeasible = \"skip\"` of the scenario leaves such cases out, with the reason"),
    })
}

/// A suite that ends before its first case.
fn no_time(suite: &Flat, limits: &SuiteLimits) -> Option<Diagnostic> {
    limits.timeout.filter(|timeout| timeout.is_zero())?;
    let message = "`timeout` is more than 0: the run would be stopped at once";
    Some(
        Diagnostic::error(codes::OUT_OF_RANGE, place(suite, "timeout"), message)
            .help("write how long the suite may take: `timeout = 2h`; or leave it out"),
    )
}

fn takes(suite: &Flat, limits: &SuiteLimits, cases: &[&Case]) -> Option<Diagnostic> {
    let timeout = limits.timeout.filter(|timeout| !timeout.is_zero())?;
    let sum: f64 = cases
        .iter()
        .map(|case| Estimate::of_case(case).seconds)
        .sum();
    if sum <= timeout.as_secs_f64() {
        return None;
    }
    let message = format!(
        "the suite's cases take about {} in all, the starts of servers apart, and its timeout is {}",
        Quantity::seconds(sum),
        Quantity::seconds(timeout.as_secs_f64())
    );
    Some(
        Diagnostic::warning(codes::SUITE_TIMEOUT, place(suite, "timeout"), message)
            .help("raise `timeout`, or make two suites of it"),
    )
}
