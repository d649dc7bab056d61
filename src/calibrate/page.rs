//! What was fitted, as a page for a terminal.

use super::simulate::NOT_ASKED;
use super::{Calibration, Spread};
use crate::validate::plain_table;
use indexmap::IndexMap;
use std::fmt::Write;

/// All of it but the blocks.
pub fn page(calibration: &Calibration) -> String {
    let count = |count: usize, what: &str| match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    };
    let mut text = format!(
        "Fitted to {}, {}. Held out: {}.\n",
        count(calibration.cases, "case"),
        count(calibration.rows.len(), "figure"),
        calibration.held_out
    );
    for (why, times) in &calibration.unusable {
        // writing to a text cannot fail
        let _ = writeln!(text, "  {times} not usable: {why}");
    }
    for note in &calibration.notes {
        let _ = writeln!(text, "  note: {note}");
    }
    text + &errors(calibration) + &constants(calibration) + &kept(calibration)
}

/// Absolute errors, a table for each source.
fn errors(calibration: &Calibration) -> String {
    let mut sources: IndexMap<&str, Vec<_>> = IndexMap::new();
    for errors in &calibration.errors {
        sources.entry(&errors.source).or_default().push(errors);
    }
    let tables = sources.iter().map(|(source, all)| {
        let headers = [
            "absolute error",
            "rows",
            "before",
            "p90",
            "fitted",
            "p90",
            "held out",
            "p90",
        ];
        let mut table = plain_table(&headers, 1);
        for one in all {
            let mut cells = vec![one.figure.to_string(), one.rows.to_string()];
            for Spread { median, p90 } in [one.before, one.fitted, one.held_out] {
                cells.extend([median, p90].map(|share| match share.is_finite() {
                    true => format!("{:.1}%", share * 100.0),
                    false => "no end".into(),
                }));
            }
            table.add_row(cells);
        }
        format!("\n{source}\n{table}\n")
    });
    tables.collect()
}

fn constants(calibration: &Calibration) -> String {
    let mut table = plain_table(&["constant", "before", "after"], 1);
    for one in calibration
        .constants
        .iter()
        .filter(|one| one.kept.is_none())
    {
        let shown = |value| one.constant.written(value);
        table.add_row([one.name.clone(), shown(one.before), shown(one.after)]);
    }
    format!("\n{table}\n")
}

/// What stays as it was, by the reason.
fn kept(calibration: &Calibration) -> String {
    let mut reasons: IndexMap<&str, Vec<&str>> = IndexMap::new();
    for one in &calibration.constants {
        // who names some knows the others
        if let Some(why) = one.kept.filter(|why| *why != NOT_ASKED) {
            reasons.entry(why).or_default().push(&one.name);
        }
    }
    let mut text = String::new();
    for (why, names) in reasons {
        let _ = writeln!(text, "Not fitted, since {why}:");
        for name in names {
            let _ = writeln!(text, "  {name}");
        }
    }
    text
}
