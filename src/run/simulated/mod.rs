//! A run in virtual time: the simulator in place of servers, and no waiting.

mod case;
mod flights;
mod load;
mod quiet;
mod samples;
mod timeline;
mod tokens;

use super::ended::{case_started, finish};
use super::result::Begun;
use super::{Shared, case::failed, error};
use crate::plan::Plan;
use crate::report::model::{CaseResult, RunResult};
use crate::scenario::Case;
use crate::stop::{Stop, StopLevel};
use crate::store::CaseFolder;
use std::collections::HashMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};

/// A case that has run, and the folder that it has.
type Ran = (CaseResult, Option<CaseFolder>);

/// All cases of a plan: no two share a server, so as many at once as there are processors. They are
/// told and kept in the plan's order, as if they had run one after the other.
pub(super) fn run(
    shared: &Arc<Shared>,
    cases: &[Case],
    plan: &Plan,
    stop: &Stop,
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    let launches = plan.launches.iter();
    let order: Vec<&Case> = launches
        .flat_map(|launch| launch.cases.iter().map(|index| &cases[*index]))
        .collect();
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let next = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..processors.min(order.len()) {
            let (sender, next, order) = (sender.clone(), &next, &order);
            scope.spawn(move || {
                while stop.level() <= StopLevel::Run {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(spec) = order.get(at) else {
                        break;
                    };
                    // nobody listens where the run has ended early
                    let _ = sender.send((at, one(shared, spec, stop)));
                }
            });
        }
        drop(sender);
        let mut early: HashMap<usize, Ran> = HashMap::new();
        for (at, spec) in order.iter().enumerate() {
            if stop.level() > StopLevel::Run {
                break;
            }
            shared.log(
                "case_started",
                serde_json::json!({ "scenario": spec.scenario, "case": spec.id }),
            );
            shared.progress.event(case_started(spec, results.len()));
            while !early.contains_key(&at)
                && let Ok((of, ran)) = receiver.recv()
            {
                early.insert(of, ran);
            }
            if let Some((result, folder)) = early.remove(&at) {
                finish(shared, folder.as_ref(), result, results, run);
            }
        }
    });
}

fn one(shared: &Arc<Shared>, spec: &Case, stop: &Stop) -> Ran {
    match shared.folder.case(&spec.scenario, &spec.id) {
        Ok(folder) => (case::run(shared, spec, &folder, stop), Some(folder)),
        Err(error) => {
            let error = error::of_store(&error, None);
            (failed(spec, shared, error, &Begun::now(shared)), None)
        }
    }
}
