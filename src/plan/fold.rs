//! What differs between the cases of a scenario, and by which axes: a hundred cases are read as
//! one where they are alike.

use crate::scenario::Case;
use indexmap::{IndexMap, IndexSet};

/// One of the texts that something has over the cases, and the cases it has it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    /// `concurrency = 1, 4`; empty where all cases have the text.
    pub when: String,
    pub text: String,
}

/// More values than this are counted, not listed.
const MOST_VALUES: usize = 6;

/// The distinct texts in order, each with the axis values that lead to it.
pub(super) fn variants(cases: &[&Case], text: impl Fn(&Case) -> String) -> Vec<Variant> {
    let texts: Vec<String> = cases.iter().map(|case| text(case)).collect();
    let distinct: IndexSet<&String> = texts.iter().collect();
    if distinct.len() <= 1 {
        return distinct
            .into_iter()
            .map(|text| Variant {
                when: String::new(),
                text: text.clone(),
            })
            .collect();
    }
    let axes = deciding(cases, &texts);
    distinct
        .into_iter()
        .map(|text| {
            let these = cases
                .iter()
                .zip(&texts)
                .filter(|(_, own)| *own == text)
                .map(|(case, _)| *case);
            Variant {
                when: values(these, axes.as_deref()),
                text: text.clone(),
            }
        })
        .collect()
}

/// The axis, or the two, whose values decide the text.
fn deciding<'c>(cases: &[&'c Case], texts: &[String]) -> Option<Vec<&'c str>> {
    let names: Vec<&str> = cases.first()?.axes.keys().map(String::as_str).collect();
    let singles = names.iter().map(|name| vec![*name]);
    let pairs = names
        .iter()
        .enumerate()
        .flat_map(|(i, a)| names[i + 1..].iter().map(move |b| vec![*a, *b]));
    singles.chain(pairs).find(|axes| {
        let mut seen: IndexMap<Vec<&str>, &String> = IndexMap::new();
        cases
            .iter()
            .zip(texts)
            .all(|(case, text)| *seen.entry(row(case, axes)).or_insert(text) == text)
    })
}

fn row<'c>(case: &'c Case, axes: &[&str]) -> Vec<&'c str> {
    axes.iter()
        .map(|axis| {
            case.axes
                .get(*axis)
                .map_or("", |figure| figure.text.as_str())
        })
        .collect()
}

fn values<'c>(cases: impl Iterator<Item = &'c Case>, axes: Option<&[&str]>) -> String {
    let Some(axes) = axes else {
        return listed(cases.map(|case| case.id.clone()).collect(), ", ");
    };
    let rows: IndexSet<Vec<&str>> = cases.map(|case| row(case, axes)).collect();
    match axes {
        [axis] => {
            let values = rows.iter().map(|row| row[0].to_string()).collect();
            format!("{axis} = {}", listed(values, ", "))
        }
        _ => {
            let said = |row: &Vec<&str>| {
                let pairs: Vec<String> = axes
                    .iter()
                    .zip(row)
                    .map(|(axis, value)| format!("{axis} = {value}"))
                    .collect();
                pairs.join(", ")
            };
            listed(rows.iter().map(said).collect(), "; ")
        }
    }
}

/// `a, b, c`, or `a, b, c, d, e and 12 more`
pub(super) fn listed(values: Vec<String>, between: &str) -> String {
    if values.len() <= MOST_VALUES {
        return values.join(between);
    }
    let shown = &values[..MOST_VALUES - 1];
    format!(
        "{} and {} more",
        shown.join(between),
        values.len() - shown.len()
    )
}
