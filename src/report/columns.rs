//! CSV, and the same as JSON: one unit per column, in its header.

use super::error::ReportError;
use super::figures::{column, in_column_unit};
use super::model::Figure;
use super::table::Table;
use super::text::cell;
use crate::units::Dimension;
use indexmap::{IndexMap, IndexSet};

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

/// The column after it, of a table with figures of phases that did not wholly run: which, and why.
const CUT: &str = "cut short";

/// The last column of all, of a table with cells that have no figure: why they have none.
const UNAVAILABLE: &str = "unavailable";

/// A table as files have it: a header for each column, and what stands in each row.
struct Grid {
    headers: Vec<String>,
    rows: Vec<Vec<Entry>>,
}

enum Entry {
    Number(String),
    Text(String),
    Nothing,
}

impl Entry {
    fn said(text: String) -> Self {
        match text.is_empty() {
            true => Entry::Nothing,
            false => Entry::Text(text),
        }
    }
}

/// The table as CSV; see [`grid`].
///
/// Errors: none but those of the CSV writer.
pub(super) fn csv(table: &Table) -> Result<Vec<u8>, ReportError> {
    let failed = |why: String| ReportError::Data {
        what: "the table".into(),
        why,
    };
    let grid = grid(table);
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(&grid.headers)
        .map_err(|e| failed(e.to_string()))?;
    for row in &grid.rows {
        let text = |entry: &Entry| match entry {
            Entry::Number(text) | Entry::Text(text) => text.clone(),
            Entry::Nothing => String::new(),
        };
        out.write_record(row.iter().map(text))
            .map_err(|e| failed(e.to_string()))?;
    }
    out.into_inner().map_err(|e| failed(e.to_string()))
}

/// The table as a list of records, whose keys are the headers of the CSV; empty cells are null.
///
/// Errors: none but those of the JSON writer.
pub(super) fn json(table: &Table) -> Result<Vec<u8>, ReportError> {
    let grid = grid(table);
    let value = |entry: &Entry| match entry {
        Entry::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| text.clone().into()),
        Entry::Text(text) => text.clone().into(),
        Entry::Nothing => serde_json::Value::Null,
    };
    let record = |row: &Vec<Entry>| {
        let fields = grid.headers.iter().cloned().zip(row.iter().map(value));
        fields.collect::<serde_json::Map<_, _>>()
    };
    let rows: Vec<_> = grid.rows.iter().map(record).collect();
    let mut bytes = serde_json::to_vec_pretty(&rows).map_err(|e| ReportError::Data {
        what: "the table as JSON".into(),
        why: e.to_string(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Where a header's figures have several dimensions, each gets a column of its
/// own. Cells hold plain numbers, so that programs read a column as numbers, and unavailable ones
/// are empty: which percentiles are of too few values, which cases cannot work, which figures are of
/// phases that were cut short, and why cells are empty is told by columns of their own at the end.
fn grid(table: &Table) -> Grid {
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
    // whether or not there are too few in this run: headers do not change from run to run
    let percentiles = (table.rows.iter().flatten().flatten()).any(|f| f.needed.is_some());
    let infeasible = table.infeasible.iter().any(Option::is_some);
    let few = percentiles.then(|| FEW.to_string());
    let not_feasible = infeasible.then(|| INFEASIBLE.to_string());
    let by_reason = |of: fn(&Figure) -> Option<&str>| -> Vec<String> {
        let rows = table.rows.iter().zip(&table.infeasible);
        rows.map(|(row, why)| match why {
            None => reasons(&table.headers, row, of),
            Some(_) => String::new(),
        })
        .collect()
    };
    let cut = by_reason(|figure| figure.cut.as_deref());
    let lacking = by_reason(|figure| figure.unavailable.as_deref());
    let column = |name: &str, cells: &[String]| {
        let any = cells.iter().any(|cell| !cell.is_empty());
        any.then(|| name.to_string())
    };
    let (cut_short, unavailable) = (column(CUT, &cut), column(UNAVAILABLE, &lacking));
    let (some_cut, some_lack) = (cut_short.is_some(), unavailable.is_some());
    let named = [few, not_feasible, cut_short, unavailable];
    let headers = columns.iter().map(header);
    let headers = headers.chain(named.into_iter().flatten()).collect();
    let said = cut.into_iter().zip(lacking);
    let rows = table.rows.iter().zip(&table.infeasible).zip(said);
    let rows = rows.map(|((row, why), (cut, lack))| {
        let entry = |(at, column): &(usize, Option<Kind>)| match row[*at].as_ref() {
            Some(figure) if kind(figure).is_some() && kind(figure) == *column => {
                match in_column_unit(figure) {
                    Some(number) => Entry::Number(number),
                    None => Entry::said(cell(figure.link.as_deref().unwrap_or(&figure.text))),
                }
            }
            _ => Entry::Nothing,
        };
        let few = percentiles.then(|| too_few(&table.headers, row));
        let why = infeasible.then(|| why.as_deref().map_or_else(String::new, cell));
        let said = [few, why, some_cut.then_some(cut), some_lack.then_some(lack)];
        let said = said.into_iter().flatten().map(Entry::said);
        columns.iter().map(entry).chain(said).collect()
    });
    Grid {
        rows: rows.collect(),
        headers,
    }
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

/// `ttft.p50, e2e.p50: the server ended`: the columns that something is said of, by what it is,
/// joined by semicolons.
fn reasons(headers: &[String], row: &[Option<Figure>], of: fn(&Figure) -> Option<&str>) -> String {
    let mut by_reason: IndexMap<&str, Vec<String>> = IndexMap::new();
    for (header, figure) in headers.iter().zip(row) {
        if let Some(reason) = figure.as_ref().and_then(of) {
            by_reason.entry(reason).or_default().push(cell(header));
        }
    }
    let said = by_reason.iter();
    let said = said.map(|(reason, headers)| format!("{}: {}", headers.join(", "), cell(reason)));
    cell(&said.collect::<Vec<_>>().join("; "))
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
