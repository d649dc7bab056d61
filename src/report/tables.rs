//! Tables of figures as Markdown: dashes and marks, and what they mean below.

use super::figures::{CUT, FEW, NONE, shown};
use super::filters::{figure, string};
use super::markdown;
use super::model::Figure;
use super::table::Table;
use indexmap::{IndexMap, IndexSet};
use minijinja::value::ValueKind;
use minijinja::{Error, Value};

/// What the marks and numbers in the cells of one table mean.
#[derive(Default)]
struct Notes {
    reasons: IndexSet<String>,
    /// The columns with percentiles of too few values, by how many they need.
    few: IndexMap<u64, IndexSet<String>>,
    /// Why phases did not wholly run.
    cut: IndexSet<String>,
}

impl Notes {
    /// A figure in a cell, marked where it is a percentile of too few values, or of
    /// a phase that did not wholly run.
    fn cell(&mut self, header: &str, figure: &Figure) -> String {
        let text = match figure
            .link
            .as_ref()
            .filter(|_| figure.unavailable.is_none())
        {
            Some(url) => markdown::link(&figure.text, url),
            None => markdown::escape(shown(figure)),
        };
        let text = match figure.needed.filter(|_| figure.too_few()) {
            None => text,
            Some(needed) => {
                self.few.entry(needed).or_default().insert(header.into());
                format!("{text} {FEW}")
            }
        };
        match &figure.cut {
            None => text,
            Some(why) => {
                self.cut.insert(why.clone());
                format!("{text} {CUT}")
            }
        }
    }

    /// The same with the number of its reason where it is unavailable.
    fn cell_with_reason(&mut self, header: &str, figure: &Figure) -> String {
        match &figure.unavailable {
            None => self.cell(header, figure),
            Some(reason) => {
                let (at, _) = self.reasons.insert_full(reason.clone());
                format!("{NONE} ({})", at + 1)
            }
        }
    }

    /// The table, and below it what it means.
    fn below(mut self, mut table: String) -> String {
        let reasons = self.reasons.iter().enumerate();
        let mut lines: Vec<String> = reasons
            .map(|(at, reason)| format!("({}) {}", at + 1, markdown::escape(reason)))
            .collect();
        if !self.few.is_empty() {
            self.few.sort_unstable_keys();
            let needs = self.few.iter().map(|(needed, columns)| {
                let names: Vec<String> = columns.iter().map(|c| markdown::escape(c)).collect();
                let verb = if names.len() == 1 { "needs" } else { "need" };
                format!("{} {verb} {needed}", names.join(", "))
            });
            let needs: Vec<String> = needs.collect();
            lines.push(format!(
                "{FEW} of too few values to tell a percentile: {}",
                needs.join("; ")
            ));
        }
        let cut = self.cut.iter().map(|why| markdown::escape(why));
        lines.extend(cut.map(|why| format!("{CUT} {why}")));
        for (n, line) in lines.iter().enumerate() {
            // a break keeps notes on lines of their own without making a list of them
            let before = if n == 0 { "\n" } else { "<br>\n" };
            table.push_str(&format!("{before}{line}"));
        }
        table
    }
}

/// A report of format `markdown`.
pub(super) fn of_report(table: &Table) -> String {
    let mut notes = Notes::default();
    let headers: Vec<String> = table.headers.iter().map(|h| markdown::escape(h)).collect();
    let rows: Vec<Vec<String>> = table
        .rows
        .iter()
        .map(|row| {
            let cells = table.headers.iter().zip(row);
            let cell = |(header, figure): (&String, &Option<Figure>)| {
                let figure = figure.as_ref();
                figure.map_or_else(String::new, |figure| notes.cell_with_reason(header, figure))
            };
            cells.map(cell).collect()
        })
        .collect();
    let mut page = notes.below(markdown::table(&headers, &rows));
    if !page.ends_with('\n') {
        page.push('\n');
    }
    page
}

/// `rows | md_table(headers)`: cells are figures, numbers or texts, and are escaped.
pub(super) fn md_table(rows: &Value, headers: &Value) -> Result<String, Error> {
    let headers = headers.try_iter()?.map(|h| string(&h));
    let headers = headers.collect::<Result<Vec<String>, _>>()?;
    let mut notes = Notes::default();
    let mut cells: Vec<Vec<String>> = Vec::new();
    for row in rows.try_iter()? {
        let mut line = Vec::new();
        for (at, cell) in row.try_iter()?.enumerate() {
            line.push(match cell.kind() {
                ValueKind::Map => {
                    let header = headers.get(at).map_or("", String::as_str);
                    notes.cell_with_reason(header, &figure(&cell)?)
                }
                _ => markdown::escape(&string(&cell)?),
            });
        }
        cells.push(line);
    }
    let headers: Vec<String> = headers.iter().map(|h| markdown::escape(h)).collect();
    let page = notes.below(markdown::table(&headers, &cells));
    Ok(page.trim_end().into())
}

/// `rows | figure_table(first_header, [[header, metric], …])`: a row is `{name, metrics}`. Columns
/// that no row has are left out; why a figure is unavailable stands in a numbered note below.
pub(super) fn figure_table(rows: &Value, first: &str, columns: &Value) -> Result<String, Error> {
    let mut chosen = Vec::new();
    for column in columns.try_iter()? {
        let header = string(&column.get_item(&Value::from(0))?)?;
        chosen.push((header, column.get_item(&Value::from(1))?));
    }
    let mut names = Vec::new();
    let mut metrics = Vec::new();
    for row in rows.try_iter()? {
        names.push(string(&row.get_attr("name")?)?);
        metrics.push(row.get_attr("metrics")?);
    }
    let find = |map: &Value, name: &Value| {
        let found = map.get_item(name)?;
        Ok::<_, Error>((!found.is_undefined() && !found.is_none()).then_some(found))
    };
    let mut headers = vec![markdown::escape(first)];
    let mut cells: Vec<Vec<String>> = names.iter().map(|n| vec![markdown::escape(n)]).collect();
    let mut notes = Notes::default();
    for (header, name) in chosen {
        let column = metrics.iter().map(|map| find(map, &name));
        let column = column.collect::<Result<Vec<_>, _>>()?;
        if column.iter().all(Option::is_none) {
            continue;
        }
        headers.push(markdown::escape(&header));
        for (row, value) in cells.iter_mut().zip(column) {
            row.push(match value {
                None => String::new(),
                Some(value) => notes.cell_with_reason(&header, &figure(&value)?),
            });
        }
    }
    let page = notes.below(markdown::table(&headers, &cells));
    Ok(page.trim_end().into())
}
