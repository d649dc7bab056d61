//! A run in virtual time: the simulator in place of servers, and no waiting.

mod case;
mod flights;
mod load;
mod quiet;
mod samples;
mod tokens;

use super::ended::{case_started, finish};
use super::result::Begun;
use super::{Shared, case::failed, error};
use crate::plan::Launch;
use crate::report::model::{CaseResult, RunResult};
use crate::scenario::Case;
use crate::stop::{Stop, StopLevel};
use std::sync::Arc;

/// The cases of one launch, one after the other.
pub(super) fn run_launch(
    shared: &Arc<Shared>,
    cases: &[Case],
    launch: &Launch,
    stop: &Stop,
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    for index in &launch.cases {
        if stop.level() > StopLevel::Run {
            break;
        }
        let spec = &cases[*index];
        shared.log(
            "case_started",
            serde_json::json!({ "scenario": spec.scenario, "case": spec.id }),
        );
        shared.progress.event(case_started(spec, results.len()));
        match shared.folder.case(&spec.scenario, &spec.id) {
            Ok(folder) => {
                let result = case::run(shared, spec, &folder, stop);
                finish(shared, Some(&folder), result, results, run);
            }
            Err(error) => {
                let error = error::of_store(&error, None);
                let result = failed(spec, shared, error, &Begun::now(shared));
                finish(shared, None, result, results, run);
            }
        }
    }
}
