//! The validation as a page for a terminal: a table for each source, and its errors by figure.

use super::{Compared, Validation, percentile};
use comfy_table::{CellAlignment, Table, presets};
use indexmap::IndexMap;

/// All of it.
pub fn page(validation: &Validation, every_row: bool) -> String {
    let mut sources: IndexMap<&str, Vec<&Compared>> = IndexMap::new();
    for row in &validation.rows {
        sources.entry(&row.source).or_default().push(row);
    }
    let parts = sources.iter().map(|(source, rows)| {
        let mut text = format!("{source}\n");
        for taken in taken(rows) {
            text += &format!("  {taken}\n");
        }
        if every_row {
            text += &figures(rows);
        }
        text += &summary(rows);
        text + &unusable(rows)
    });
    parts.collect::<Vec<_>>().join("\n")
}

/// What was taken of the engine's defaults, each once.
fn taken(rows: &[&Compared]) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for row in rows {
        if let Some(taken) = &row.taken {
            let line = format!("{} on {}: {taken}", row.model, row.gpu);
            if !seen.contains(&line) {
                seen.push(line);
            }
        }
    }
    seen
}

/// A table without lines; columns from that one on hold numbers.
pub fn plain_table(headers: &[&str], numbers_from: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(headers.iter().copied());
    for (at, column) in table.column_iter_mut().enumerate() {
        if at >= numbers_from {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn figures(rows: &[&Compared]) -> String {
    let mut table = plain_table(
        &[
            "model",
            "GPU",
            "run",
            "figure",
            "measured",
            "predicted",
            "error",
        ],
        4,
    );
    let mut any = false;
    for row in rows {
        if let (Some(predicted), Some(error)) = (row.predicted, row.relative_error) {
            any = true;
            table.add_row([
                row.model.clone(),
                row.gpu.clone(),
                row.run.clone(),
                row.metric.clone(),
                figure(row.measured),
                figure(predicted),
                format!("{:+.1}%", error * 100.0),
            ]);
        }
    }
    if any {
        format!("{table}\n")
    } else {
        String::new()
    }
}

fn figure(value: f64) -> String {
    crate::units::number(value, 5)
}

/// Errors by figure, those that count.
fn summary(rows: &[&Compared]) -> String {
    let mut groups: IndexMap<&str, Vec<f64>> = IndexMap::new();
    let mut left_out = 0;
    for row in rows {
        if let (Some(group), Some(error)) = (row.group, row.relative_error) {
            match row.judged {
                true => groups.entry(group).or_default().push(error.abs()),
                false => left_out += 1,
            }
        }
    }
    let mut table = plain_table(&["figure", "rows", "median error", "90th percentile"], 1);
    for (group, errors) in &groups {
        let percent = |share| {
            let value = percentile(errors, share).unwrap_or(0.0);
            format!("{:.1}%", value * 100.0)
        };
        table.add_row([
            (*group).to_string(),
            errors.len().to_string(),
            percent(0.5),
            percent(0.9),
        ]);
    }
    let mut text = if groups.is_empty() {
        String::new()
    } else {
        format!("{table}\n")
    };
    if left_out > 0 {
        text += &format!("  {left_out} not counted: their source says not to judge by them\n");
    }
    text
}

/// Why rows could not be used, and how many.
fn unusable(rows: &[&Compared]) -> String {
    let mut reasons: IndexMap<&str, usize> = IndexMap::new();
    for row in rows {
        if let Some(why) = &row.unusable {
            *reasons.entry(why).or_default() += 1;
        }
    }
    let lines = reasons.iter().map(|(why, count)| {
        let rows = if *count == 1 { "row" } else { "rows" };
        format!("  {count} {rows} not usable: {why}\n")
    });
    lines.collect()
}
