//! The rows of one report over all its cases.

use super::model::{CaseResult, Figure, ReportData};
use indexmap::IndexSet;

/// One row per case; cases that lack a column have none there.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Table {
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Option<Figure>>>,
    /// Of each row, why its case cannot work.
    pub infeasible: Vec<Option<String>>,
}

impl Table {
    /// Headers in the order in which they first appear.
    pub(super) fn of(parts: &[(&CaseResult, &ReportData)]) -> Self {
        let headers: IndexSet<&str> = parts
            .iter()
            .flat_map(|(_, part)| part.columns.iter().map(|(header, _)| header.as_str()))
            .collect();
        let rows = parts.iter().map(|(_, part)| {
            let find = |header: &&str| {
                let found = part.columns.iter().find(|(h, _)| h == header);
                found.map(|(_, figure)| figure.clone())
            };
            headers.iter().map(find).collect()
        });
        Self {
            rows: rows.collect(),
            infeasible: parts
                .iter()
                .map(|(case, _)| case.infeasible.clone())
                .collect(),
            headers: headers.into_iter().map(String::from).collect(),
        }
    }
}
