//! CSV: one unit per column, in its header.

use super::error::ReportError;
use super::figures::{column, in_column_unit};
use super::model::Figure;
use super::table::Table;
use super::text::cell;
use crate::units::Dimension;
use indexmap::IndexSet;

/// What the cells of a CSV column hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Number(Dimension),
    Text,
}

/// The last column of a table with percentiles: which of a row's cells are of too few values.
const FEW: &str = "too few values";

/// The column after it, of a table with cases that cannot work: why they cannot.
const INFEASIBLE: &str = "not feasible";

/// The table as CSV. Unavailable cells are empty (their reasons are in `result.json`). Where a
/// header's figures have several dimensions, each gets a column of its own. Cells hold plain
/// numbers: which percentiles are of too few values is told by a column of its own at the end.
pub(super) fn csv(table: &Table) -> Result<Vec<u8>, ReportError> {
    let mut columns: Vec<(usize, Option<Kind>)> = Vec::new();
    for at in 0..table.headers.len() {
        let kinds: IndexSet<Kind> = cells(table, at).filter_map(kind).collect();
        if kinds.is_empty() {
            // a column without a value keeps its unit, so that headers do not change from run to run
            let dimension = cells(table, at).find_map(|figure| figure.dimension);
            columns.push((at, dimension.map(Kind::Number)));
        }
        columns.extend(kinds.into_iter().map(|kind| (at, Some(kind))));
    }
    let header = |(at, kind): &(usize, Option<Kind>)| {
        let name = cell(&table.headers[*at]);
        match kind {
            Some(Kind::Number(dimension)) if !dimension.is_none() => {
                format!("{name} ({})", column(*dimension).0)
            }
            _ => name,
        }
    };
    let failed = |why: String| ReportError::Data {
        what: "the table".into(),
        why,
    };
    let mut out = csv::Writer::from_writer(Vec::new());
    // whether or not there are too few in this run: headers do not change from run to run
    let percentiles = (table.rows.iter().flatten().flatten()).any(|f| f.needed.is_some());
    let infeasible = table.infeasible.iter().any(Option::is_some);
    let few = percentiles.then(|| FEW.to_string());
    let not_feasible = infeasible.then(|| INFEASIBLE.to_string());
    out.write_record(columns.iter().map(header).chain(few).chain(not_feasible))
        .map_err(|e| failed(e.to_string()))?;
    for (row, why) in table.rows.iter().zip(&table.infeasible) {
        let text = |(at, column): &(usize, Option<Kind>)| match row[*at].as_ref() {
            Some(figure) if kind(figure).is_some() && kind(figure) == *column => {
                in_column_unit(figure).unwrap_or_else(|| cell(&figure.text))
            }
            _ => String::new(),
        };
        let few = percentiles.then(|| too_few(&table.headers, row));
        let why = infeasible.then(|| why.as_deref().map_or_else(String::new, cell));
        out.write_record(columns.iter().map(text).chain(few).chain(why))
            .map_err(|e| failed(e.to_string()))?;
    }
    out.into_inner().map_err(|e| failed(e.to_string()))
}

/// `ttft.p99 (20 of 100)`, joined by semicolons: the column, how many values there were, and how
/// many it needs.
fn too_few(headers: &[String], row: &[Option<Figure>]) -> String {
    let cells = headers.iter().zip(row);
    let few = cells.filter_map(|(header, figure)| {
        let figure = figure.as_ref().filter(|figure| figure.too_few())?;
        let (samples, needed) = (figure.samples?, figure.needed?);
        Some(format!("{} ({samples} of {needed})", cell(header)))
    });
    few.collect::<Vec<_>>().join("; ")
}

fn cells(table: &Table, at: usize) -> impl Iterator<Item = &Figure> {
    table.rows.iter().filter_map(move |row| row[at].as_ref())
}

/// None for what is unavailable.
fn kind(figure: &Figure) -> Option<Kind> {
    match (figure.value, &figure.unavailable) {
        (_, Some(_)) => None,
        (Some(v), None) if v.is_finite() => {
            Some(Kind::Number(figure.dimension.unwrap_or(Dimension::NONE)))
        }
        (Some(_), None) => None,
        (None, None) => Some(Kind::Text),
    }
}
