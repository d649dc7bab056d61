//! The places of cases in their scenario's ranks, for columns that ask for `case.place`. They follow
//! from all cases, and so are put in where reports are written.

use super::ending::Ending;
use super::model::{CaseResult, Figure};
use super::rank::{Ranking, rankings};
use crate::units::Quantity;

/// Puts the places into the columns that ask for them.
pub(super) fn put(cases: &mut [CaseResult]) {
    let asked = cases.iter().flat_map(|case| &case.reports);
    let mut asked = asked.flat_map(|report| &report.columns);
    if !asked.any(|(_, figure)| figure.ending == Some(Ending::Place)) {
        return;
    }
    let all = rankings(cases);
    for case in cases {
        let place = of(&all, &case.scenario, &case.case);
        let columns = case.reports.iter_mut();
        let columns = columns.flat_map(|report| &mut report.columns);
        for (_, figure) in columns.filter(|(_, figure)| figure.ending == Some(Ending::Place)) {
            *figure = place.clone();
        }
    }
}

/// A number where the scenario has one rank, as `best 1, cheap 3` where it has several.
fn of(all: &[Ranking], scenario: &str, case: &str) -> Figure {
    let its = all.iter().filter(|ranking| ranking.scenario == scenario);
    let places = its.filter_map(|ranking| {
        let mut rows = ranking.groups.iter().flat_map(|group| &group.rows);
        Some((&ranking.name, rows.find(|row| row.case == case)?))
    });
    let places: Vec<_> = places.collect();
    let made = match places.as_slice() {
        [] => Figure::unavailable("its scenario has no `rank`"),
        [(_, row)] if row.place > 0 => Figure::quantity(Quantity::plain(row.place as f64)),
        [(_, row)] => Figure::unavailable(match row.remark.as_str() {
            "" => "it has no figure to go by",
            remark => remark,
        }),
        several => {
            let place = |place: usize| match place {
                0 => "–".to_string(),
                place => place.to_string(),
            };
            let said = several.iter();
            let said = said.map(|(name, row)| format!("{name} {}", place(row.place)));
            Figure::text(said.collect::<Vec<_>>().join(", "))
        }
    };
    Figure {
        ending: Some(Ending::Place),
        ..made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(id: &str, verdict: &str, ranks: &[(&str, f64)]) -> CaseResult {
        let rank = |(name, value): &(&str, f64)| {
            serde_json::json!({
                "name": name, "metric": "m", "highest": true, "within": [],
                "value": Figure::quantity(Quantity::plain(*value)),
            })
        };
        serde_json::from_value(serde_json::json!({
            "schema": 1, "scenario": "s", "case": id, "axes": {}, "tags": [], "world": "real",
            "verdict": verdict, "started": "", "start_s": 0.0, "duration_s": 0.0, "servers": [],
            "phases": [], "checks": [], "notes": [],
            "ranks": ranks.iter().map(rank).collect::<Vec<_>>(),
            "reports": [{
                "name": "r", "format": "csv", "to": ["r.csv"],
                "columns": [["place", Figure::ending(Ending::Place, "")]],
            }],
        }))
        .unwrap()
    }

    fn places(mut cases: Vec<CaseResult>) -> Vec<String> {
        put(&mut cases);
        let figure = |case: &CaseResult| case.reports[0].columns[0].1.text.clone();
        cases.iter().map(figure).collect()
    }

    #[test]
    fn a_column_has_the_place_of_its_case() {
        let one = [("a", "pass", 1.0), ("b", "pass", 3.0), ("c", "fail", 9.0)];
        let one = one.map(|(id, verdict, value)| case(id, verdict, &[("best", value)]));
        assert_eq!(places(one.into()), ["2", "1", "unavailable: failed"]);
        let two = [("a", "pass", 1.0), ("b", "pass", 3.0), ("c", "fail", 9.0)];
        let two = two
            .map(|(id, verdict, value)| case(id, verdict, &[("best", value), ("worst", -value)]));
        let expected = ["best 2, worst 1", "best 1, worst 2", "best –, worst –"];
        assert_eq!(places(two.into()), expected);
        let none = vec![case("a", "pass", &[])];
        assert_eq!(places(none), ["unavailable: its scenario has no `rank`"]);
    }
}
