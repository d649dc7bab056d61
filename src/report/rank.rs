//! The places of cases in a scenario's ranks, from their results alone.

use super::model::{CaseResult, RankValue, Verdict};
use super::text::one_line;
use crate::syntax::ast::CheckLevel;
use crate::units::number;
use indexmap::IndexMap;
use serde::Serialize;
use std::cmp::Ordering;

/// One rank over the cases of its scenario, a group for each value of what `within` names.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ranking {
    pub scenario: String,
    pub name: String,
    /// By what, as written.
    pub metric: String,
    pub highest: bool,
    pub groups: Vec<Group>,
}

/// Cases that are compared with each other, the best first; those without a place last: what failed
/// its checks or did not run to its end is not the best of anything, however fast it was.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// `concurrency=16`; empty where the rank is over all cases.
    pub within: String,
    pub rows: Vec<Row>,
    /// How far the best is ahead of the next; none where there is no next, or its figure is 0.
    pub margin: Option<Margin>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Margin {
    /// `12.3 % more`, `4 % less`.
    pub text: String,
    /// The next case; several that are equal are one place.
    pub over: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// From 1, equal figures share one; 0 for a case without a figure, and for one that is not
    /// eligible.
    pub place: usize,
    pub case: String,
    /// As people read it, with `†` for a percentile of too few values.
    pub value: String,
    /// Why it has no place, or what is doubtful about it: `failed: quick`; empty where all is well.
    pub remark: String,
}

impl Group {
    /// The cases that share the first place, each with its figure; or why there is none. One line.
    pub fn best(&self) -> String {
        let first = self.rows.iter().filter(|row| row.place == 1);
        let best = first.map(|row| {
            let remark = match row.remark.as_str() {
                "" => String::new(),
                remark => format!(", {}", one_line(remark)),
            };
            let (case, value) = (one_line(&row.case), one_line(&row.value));
            format!("{case} ({value}{remark})")
        });
        let best: Vec<String> = best.collect();
        match best.is_empty() {
            true => self.no_place(),
            false => best.join(", "),
        }
    }

    /// Why no case of it is the best.
    fn no_place(&self) -> String {
        let mut remarks = self.rows.iter().filter(|row| !row.remark.is_empty());
        let Some(first) = remarks.next() else {
            return "no data".into();
        };
        let more = match remarks.count() {
            0 => String::new(),
            1 => "; and 1 case more".into(),
            more => format!("; and {more} cases more"),
        };
        let (case, remark) = (one_line(&first.case), one_line(&first.remark));
        format!("none is eligible ({case} {remark}{more})")
    }
}

/// All ranks of all cases, in the order of scenarios, ranks and cases.
pub fn rankings(cases: &[CaseResult]) -> Vec<Ranking> {
    type Members<'a> = Vec<(&'a CaseResult, &'a RankValue)>;
    let mut all: IndexMap<(&str, &str), IndexMap<String, Members<'_>>> = IndexMap::new();
    for case in cases {
        for rank in &case.ranks {
            let within = rank.within.iter();
            let within: Vec<String> = within
                .map(|(name, value)| format!("{name}={}", value.text))
                .collect();
            let groups = all.entry((&case.scenario, &rank.name)).or_default();
            let group = groups.entry(within.join(", ")).or_default();
            group.push((case, rank));
        }
    }
    let ranking = |((scenario, name), groups): ((&str, &str), IndexMap<String, Members<'_>>)| {
        let (_, first) = groups.values().flatten().next()?;
        Some(Ranking {
            scenario: scenario.into(),
            name: name.into(),
            metric: first.metric.clone(),
            highest: first.highest,
            groups: groups.into_iter().map(placed).collect(),
        })
    };
    all.into_iter().filter_map(ranking).collect()
}

fn placed((within, mut members): (String, Vec<(&CaseResult, &RankValue)>)) -> Group {
    let order =
        |(case, rank): &(&CaseResult, &RankValue)| match (counts(case, rank), rank.value.value) {
            (true, _) => 0,
            (false, Some(_)) => 1,
            (false, None) => 2,
        };
    members.sort_by(|one, other| {
        let figures = match (one.1.value.value, other.1.value.value) {
            (Some(x), Some(y)) if one.1.highest => y.total_cmp(&x),
            (Some(x), Some(y)) => x.total_cmp(&y),
            _ => Ordering::Equal,
        };
        order(one).cmp(&order(other)).then(figures)
    });
    let placed = members.iter().filter(|(case, rank)| counts(case, rank));
    let placed: Vec<(&CaseResult, &RankValue)> = placed.copied().collect();
    let place = |member: &(&CaseResult, &RankValue)| match order(member) {
        0 => {
            let ahead = placed
                .iter()
                .take_while(|(_, r)| r.value.value != member.1.value.value);
            1 + ahead.count()
        }
        _ => 0,
    };
    let row = |member: &(&CaseResult, &RankValue)| Row {
        place: place(member),
        case: member.0.case.clone(),
        value: match member.1.value.too_few() {
            true => format!("{} †", member.1.value.text),
            // why there is none is said of the case
            false if lost(member) => "–".into(),
            false => member.1.value.text.clone(),
        },
        remark: remark(member.0),
    };
    Group {
        rows: members.iter().map(row).collect(),
        margin: margin(&placed),
        within,
    }
}

/// Whether a case competes: it has the figure, and nothing speaks against the case. One of which a
/// check could not be decided for want of values competes with that remark.
fn counts(case: &CaseResult, rank: &RankValue) -> bool {
    let fit = match case.verdict {
        Verdict::Pass | Verdict::Skipped | Verdict::NotDecided | Verdict::Inconclusive => true,
        Verdict::NoData | Verdict::Fail | Verdict::Error | Verdict::Interrupted => false,
    };
    fit && rank.value.value.is_some()
}

/// Whether the error of its case alone is why it has no figure.
fn lost((case, rank): &(&CaseResult, &RankValue)) -> bool {
    let why = rank.value.unavailable.as_deref();
    let error = case.error.as_ref().map(|error| error.message.as_str());
    why.zip(error)
        .is_some_and(|(why, error)| why.contains(error))
}

/// What speaks against a case: its error, or its `expect`s that do not hold, by name.
fn remark(case: &CaseResult) -> String {
    let verdict = match case.verdict {
        Verdict::Pass | Verdict::Skipped | Verdict::NotDecided => return String::new(),
        Verdict::Fail => "failed",
        other => other.name(),
    };
    if let Some(error) = &case.error {
        return match error.kind.replace('_', " ") {
            kind if kind == verdict => kind,
            kind => format!("{verdict}: {kind}"),
        };
    }
    let checks = case.checks.iter();
    let checks = checks.filter(|c| c.level == CheckLevel::Expect && c.verdict == case.verdict);
    let names: Vec<&str> = checks.map(|check| check.name.as_str()).collect();
    match names.is_empty() {
        true => verdict.into(),
        false => format!("{verdict}: {}", names.join(", ")),
    }
}

/// Of members in their order.
fn margin(members: &[(&CaseResult, &RankValue)]) -> Option<Margin> {
    let mut rest = members.iter();
    let best = rest.next()?.1;
    let (next, value) = rest.find_map(|(case, rank)| {
        let value = rank.value.value.filter(|v| Some(*v) != best.value.value)?;
        Some((case, value))
    })?;
    let ahead = (best.value.value? - value) / value.abs();
    ahead.is_finite().then(|| Margin {
        text: format!(
            "{} % {}",
            number(ahead.abs() * 100.0, 3),
            if ahead > 0.0 { "more" } else { "less" }
        ),
        over: next.case.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::Figure;

    fn case(id: &str, concurrency: &str, value: Option<f64>) -> CaseResult {
        let json = serde_json::json!({
            "schema": 1, "scenario": "s", "case": id, "axes": {}, "tags": [], "world": "real",
            "verdict": "pass", "started": "", "start_s": 0.0, "duration_s": 0.0, "servers": [],
            "phases": [], "checks": [], "reports": [], "notes": [],
        });
        let mut case: CaseResult = serde_json::from_value(json).unwrap();
        let value = value.map_or_else(
            || Figure::unavailable("the server died"),
            |value| Figure::quantity(crate::units::Quantity::plain(value)),
        );
        case.ranks.push(RankValue {
            name: "best".into(),
            metric: "load.tpot.mean".into(),
            highest: false,
            within: vec![("concurrency".into(), Figure::text(concurrency))],
            value,
        });
        case
    }

    #[test]
    fn the_best_comes_first_and_what_has_no_figure_gets_no_place() {
        let cases = [
            case("a", "1", None),
            case("b", "1", Some(3.0)),
            case("c", "2", Some(9.0)),
            case("d", "1", Some(2.0)),
            case("e", "1", Some(2.0)),
        ];
        let [ranking] = rankings(&cases).try_into().unwrap();
        let groups = ranking.groups.iter().map(|group| {
            let rows = group.rows.iter();
            let rows: Vec<String> = rows.map(|r| format!("{} {}", r.place, r.case)).collect();
            format!("{}: {}", group.within, rows.join(", "))
        });
        assert_eq!(
            groups.collect::<Vec<_>>(),
            ["concurrency=1: 1 d, 1 e, 3 b, 0 a", "concurrency=2: 1 c"]
        );
        let margins = ranking.groups.iter().map(|group| {
            let margin = group.margin.as_ref();
            margin.map(|margin| format!("{} than {}", margin.text, margin.over))
        });
        // the first place is shared by two, and alone in the other group
        assert_eq!(
            margins.collect::<Vec<_>>(),
            [Some("33.3 % less than b".to_string()), None]
        );
        let mut highest = cases;
        for case in &mut highest {
            case.ranks[0].highest = true;
        }
        let first = &rankings(&highest)[0].groups[0].rows[0];
        assert_eq!((first.place, first.case.as_str()), (1, "b"));
        assert!(rankings(&[]).is_empty());
    }

    #[test]
    fn a_remark_says_nothing_twice() {
        let mut one = case("a", "1", None);
        one.verdict = Verdict::Interrupted;
        let error = |kind: &str| {
            serde_json::from_value(serde_json::json!({ "kind": kind, "message": "m" }))
        };
        one.error = Some(error("interrupted").unwrap());
        assert_eq!(remark(&one), "interrupted");
        one.verdict = Verdict::Error;
        one.error = Some(error("server_died").unwrap());
        assert_eq!(remark(&one), "error: server died");
    }

    #[test]
    fn the_error_of_a_case_is_said_once() {
        let mut one = case("a", "1", None);
        one.verdict = Verdict::Error;
        let error = serde_json::json!({ "kind": "server_died", "message": "the server died" });
        one.error = Some(serde_json::from_value(error).unwrap());
        let row =
            |case: &CaseResult| rankings(std::slice::from_ref(case))[0].groups[0].rows[0].clone();
        assert_eq!(
            (row(&one).value.as_str(), row(&one).remark.as_str()),
            ("–", "error: server died")
        );
        // another reason is said
        one.ranks[0].value = Figure::unavailable("no answer was judged");
        assert!(row(&one).value.contains("no answer was judged"));
    }

    #[test]
    fn what_failed_or_did_not_end_is_not_the_best() {
        let mut cases = [
            case("failed", "1", Some(1.0)),
            case("few", "1", Some(2.0)),
            case("good", "1", Some(3.0)),
            case("died", "1", Some(0.5)),
            case("none", "1", None),
        ];
        cases[0].verdict = Verdict::Fail;
        let check = |name: &str, verdict: &str| {
            serde_json::from_value(serde_json::json!({
                "name": name, "level": "expect", "verdict": verdict, "text": "", "place": "",
                "evidence": [], "why": "",
            }))
        };
        cases[0].checks = vec![
            check("quick", "fail").unwrap(),
            check("answered", "pass").unwrap(),
        ];
        cases[1].verdict = Verdict::Inconclusive;
        cases[1].checks = vec![check("tail", "inconclusive").unwrap()];
        cases[3].verdict = Verdict::Error;
        cases[3].error = Some(crate::report::model::WorldError {
            kind: "server_died".into(),
            ..Default::default()
        });
        let ranking = &rankings(&cases)[0];
        let rows = ranking.groups[0].rows.iter();
        let rows: Vec<String> = rows
            .map(|row| format!("{} {} ({})", row.place, row.case, row.remark))
            .collect();
        assert_eq!(
            rows,
            [
                "1 few (inconclusive: tail)",
                "2 good ()",
                "0 died (error: server died)",
                "0 failed (failed: quick)",
                "0 none ()"
            ]
        );
        let margin = ranking.groups[0].margin.as_ref().unwrap();
        assert_eq!(
            margin.over, "good",
            "those without a place are not compared with"
        );
    }
}
