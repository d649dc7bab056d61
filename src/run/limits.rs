//! What a suite allows of a run: how long it may take, and whether its first failure ends it.

use super::Shared;
use super::progress::Event;
use crate::report::model::{CaseResult, Verdict};
use crate::scenario::{Case, SuiteLimits};
use crate::stop::{StopLevel, Stopper};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio::task::JoinHandle;

/// Of a run without a suite there are none.
pub(super) struct Limits {
    suite: Option<SuiteLimits>,
    stopper: Stopper,
    /// How many cases each scenario has.
    planned: HashMap<String, usize>,
    ended: OnceLock<Ended>,
}

/// Why the suite ended the run before all cases had run.
struct Ended {
    why: String,
    /// Its time was over; otherwise a scenario failed.
    late: bool,
}

impl Limits {
    pub fn new(suite: Option<SuiteLimits>, stopper: Stopper, cases: &[Case]) -> Self {
        let mut planned = HashMap::new();
        for case in cases {
            *planned.entry(case.scenario.clone()).or_default() += 1;
        }
        Self {
            suite,
            stopper,
            planned,
            ended: OnceLock::new(),
        }
    }

    /// Why the suite ended the run, where it did.
    pub fn ended(&self) -> Option<&str> {
        self.ended.get().map(|ended| ended.why.as_str())
    }

    /// The exit code of a run that the suite ended: that of what had run; where nothing of it
    /// failed, that not all could run is an error.
    pub fn exit_code(&self, results: &[CaseResult]) -> Option<i32> {
        let ended = self.ended.get()?;
        let ran = results.iter().filter(|r| r.verdict != Verdict::Interrupted);
        let code = crate::judge::exit_code(ran, false);
        Some(if ended.late && code != 1 { 3 } else { code })
    }
}

/// Stops the run in order when the suite's time is over; to be aborted at the run's end.
pub(super) fn watch(shared: &Arc<Shared>) -> Option<JoinHandle<()>> {
    let suite = shared.limits.suite.as_ref()?;
    let (name, timeout) = (suite.name.clone(), suite.timeout?);
    let shared = shared.clone();
    Some(tokio::spawn(async move {
        tokio::time::sleep(timeout).await;
        let time = crate::units::Quantity::seconds(timeout.as_secs_f64());
        end(
            &shared,
            format!("the suite `{name}` was stopped at its `timeout` of {time}"),
            true,
        );
    }))
}

/// Ends the run where the suite wants that, and a scenario has wholly run and failed.
pub(super) fn after_case(shared: &Shared, results: &[CaseResult]) {
    let Some(suite) = shared
        .limits
        .suite
        .as_ref()
        .filter(|suite| suite.stop_early)
    else {
        return;
    };
    let Some(last) = results.last() else { return };
    let of = || results.iter().filter(|r| r.scenario == last.scenario);
    let failed =
        |r: &CaseResult| matches!(r.verdict, Verdict::Fail | Verdict::Error | Verdict::NoData);
    let all = shared.limits.planned.get(&last.scenario).copied();
    let waits = results.len() < shared.limits.planned.values().sum();
    if all == Some(of().count()) && waits && of().any(failed) {
        let why = format!(
            "the suite `{}` ends after its first failed scenario, which was `{}`",
            suite.name, last.scenario
        );
        end(shared, why, false);
    }
}

fn end(shared: &Shared, why: String, late: bool) {
    shared.log("suite_ended", serde_json::json!({ "why": why }));
    let text = why.clone();
    // one that the user has stopped is stopped already
    if shared.limits.ended.set(Ended { why, late }).is_ok() {
        shared.progress.event(Event::Note { text });
        shared.limits.stopper.raise(StopLevel::Finish);
    }
}
