//! The rows of one report over all its cases.

use super::model::{CaseResult, Figure, ReportData};
use indexmap::IndexSet;

/// The first column of a table of several scenarios that has no column of that name, and none that
/// tells each row's scenario.
const SCENARIO: &str = "scenario";

/// One row per case; cases that lack a column have none there. Where the cases are of several
/// scenarios, which may be called alike, a column tells of which.
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
        let table = Self {
            rows: rows.collect(),
            infeasible: parts
                .iter()
                .map(|(case, _)| case.infeasible.clone())
                .collect(),
            headers: headers.into_iter().map(String::from).collect(),
        };
        let scenarios: Vec<&str> = parts.iter().map(|(case, _)| &*case.scenario).collect();
        table.telling(&scenarios)
    }

    /// With the scenario of each row before its cells, where nothing else tells it.
    fn telling(mut self, scenarios: &[&str]) -> Self {
        let several = scenarios.windows(2).any(|pair| pair[0] != pair[1]);
        let tells = |at: usize| {
            let cells = self.rows.iter().zip(scenarios);
            { cells }.all(|(row, name)| row[at].as_ref().is_some_and(|cell| cell.text == *name))
        };
        let told = || (0..self.headers.len()).any(|at| self.headers[at] == SCENARIO || tells(at));
        if !several || self.headers.is_empty() || told() {
            return self;
        }
        self.headers.insert(0, SCENARIO.into());
        for (row, name) in self.rows.iter_mut().zip(scenarios) {
            row.insert(0, Some(Figure::text(*name)));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::ReportData;

    fn table(scenarios: &[&str], columns: serde_json::Value) -> Table {
        let case = |name: &&str| -> CaseResult {
            serde_json::from_value(serde_json::json!({
                "schema": 1, "scenario": name, "case": "c=1", "axes": {}, "tags": [],
                "world": "real", "verdict": "pass", "started": "", "start_s": 0.0,
                "duration_s": 0.0, "servers": [], "phases": [], "checks": [], "notes": [],
                "reports": [{ "name": "r", "format": "csv", "to": ["r.csv"], "columns": columns }],
            }))
            .unwrap()
        };
        let cases: Vec<CaseResult> = scenarios.iter().map(case).collect();
        let parts: Vec<(&CaseResult, &ReportData)> =
            cases.iter().map(|case| (case, &case.reports[0])).collect();
        Table::of(&parts)
    }

    #[test]
    fn rows_of_several_scenarios_say_which() {
        let columns = serde_json::json!([["case", Figure::text("c=1")]]);
        let of_one = table(&["base", "base"], columns.clone());
        assert_eq!(of_one.headers, ["case"]);
        let of_two = table(&["base", "fast"], columns);
        assert_eq!(of_two.headers, ["scenario", "case"]);
        let first = of_two.rows.iter().map(|row| row[0].as_ref().unwrap());
        assert_eq!(
            first.map(|f| f.text.as_str()).collect::<Vec<_>>(),
            ["base", "fast"]
        );
        let own = serde_json::json!([["scenario", Figure::text("mine")]]);
        assert_eq!(table(&["base", "fast"], own).headers, ["scenario"]);
        assert!(
            table(&["base", "fast"], serde_json::json!([]))
                .headers
                .is_empty()
        );
    }
}
