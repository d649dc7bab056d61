//! Copies of servers' logs, to where their blocks want them.

use super::error::ReportError;
use super::group::below;
use super::model::CaseResult;
use std::path::PathBuf;

/// A copy: the log below the case's folder, and its place below `reports`.
pub(super) struct Copy<'a> {
    pub case: &'a CaseResult,
    pub log: &'a str,
    pub to: &'a str,
    pub path: Result<PathBuf, ReportError>,
}

/// One for each path: cases of one launch share a log, and any of them has all of it.
pub(super) fn copies(cases: &[CaseResult]) -> Vec<Copy<'_>> {
    let mut all: Vec<Copy<'_>> = Vec::new();
    for case in cases {
        for server in &case.servers {
            let (Some(log), Some(to)) = (&server.log, &server.log_copy) else {
                continue;
            };
            if all.iter().any(|copy| copy.to == to) {
                continue;
            }
            let path = below(to).map_err(|why| ReportError::Path {
                report: format!("log of {}", server.name),
                to: to.clone(),
                why: why.into(),
            });
            all.push(Copy {
                case,
                log,
                to,
                path,
            });
        }
    }
    all
}
