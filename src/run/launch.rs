//! The cases of one launch.

use super::ended::{case_started, finish};
use super::result::Begun;
use super::{Shared, attempts, case, error};
use crate::plan::Launch;
use crate::report::model::{CaseResult, RunResult, Verdict};
use crate::scenario::Case;
use crate::stop::{Stop, StopLevel};
use crate::store::CaseFolder;
use std::sync::Arc;

/// The cases of one launch, one after the other, on servers that stay up between them. Servers
/// that died are started again for the next case.
pub(super) async fn run_launch(
    shared: &Arc<Shared>,
    cases: &[Case],
    launch: &Launch,
    number: &mut u32,
    stop: &Stop,
    results: &mut Vec<CaseResult>,
    run: &mut RunResult,
) {
    let mut servers: Option<case::Servers> = None;
    let mut again = false;
    for index in &launch.cases {
        if stop.level() > StopLevel::Run {
            break;
        }
        let spec = &cases[*index];
        let begun = Begun::now(shared);
        shared.log(
            "case_started",
            serde_json::json!({ "scenario": spec.scenario, "case": spec.id }),
        );
        let folder = match shared.folder.case(&spec.scenario, &spec.id) {
            Ok(folder) => folder,
            Err(error) => {
                let error = error::of_store(&error, None);
                let result = case::failed(spec, shared, error, &begun);
                finish(shared, None, result, results, run);
                continue;
            }
        };
        let mut tries = Vec::new();
        let mut said = false;
        let result = loop {
            attempts::without_dead(shared, &mut servers, stop).await;
            let mut start = None;
            if servers.is_none() {
                *number += 1;
                start = Some(case::Start {
                    launch: launch.number,
                    number: *number,
                    again: std::mem::replace(&mut again, true),
                });
            }
            let result = one_try(shared, spec, (&mut servers, start), &folder, stop, || {
                if !std::mem::replace(&mut said, true) {
                    shared.progress.event(case_started(spec, results.len()));
                }
            })
            .await;
            let Some(error) = attempts::reason(spec, &result, tries.len(), stop).cloned() else {
                break result;
            };
            // its log goes where the rest of the try goes
            attempts::without_dead(shared, &mut servers, stop).await;
            let place = (&folder, tries.len() + 1);
            match attempts::put_aside(shared, spec, &result, &error, place) {
                Ok(attempt) => tries.push(attempt),
                Err(error) => {
                    shared.keep(error);
                    break result;
                }
            }
        };
        let result = attempts::with(result, tries);
        finish(shared, Some(&folder), result, results, run);
    }
    if let Some(servers) = servers {
        servers.stop(shared, stop).await;
    }
}

/// A case on its servers, which are started first where `start` says so.
async fn one_try(
    shared: &Arc<Shared>,
    spec: &Case,
    (servers, start): (&mut Option<case::Servers>, Option<case::Start>),
    folder: &CaseFolder,
    stop: &Stop,
    say: impl FnOnce(),
) -> CaseResult {
    let begun = Begun::now(shared);
    if let Some(start) = start {
        match case::Servers::start(shared, spec, start, folder, stop).await {
            Ok(started) => *servers = Some(started),
            Err(error) => {
                say();
                let mut result = case::failed(spec, shared, error, &begun);
                if stop.level() > StopLevel::Run {
                    result.verdict = Verdict::Interrupted;
                }
                return result;
            }
        }
    }
    say();
    match servers {
        Some(servers) => case::run(shared, spec, servers, folder, stop).await,
        None => {
            let error = error::other("server_not_started", "there is no server", None);
            case::failed(spec, shared, error, &begun)
        }
    }
}
