//! An entry of the manual as lines of a terminal.

use super::Entry;
use super::part::Part;
use crate::plan::wrap::wrap;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};
use regex::Regex;

/// The widest that lines get, in columns: longer ones are hard to read.
const WIDEST: usize = 100;

/// The longest name that keeps the first column of a table as wide as it is, in bytes.
const LONGEST_NAME: usize = 40;

/// The entry under a line with its name. `width` is in columns.
pub fn entry(entry: &Entry, width: usize, color: bool) -> String {
    let width = width.min(WIDEST);
    let title = match color {
        true => format!("\x1b[1m{}\x1b[0m", entry.name),
        false => entry.name.clone(),
    };
    let mut text = format!("{title}  ({})\n", entry.what);
    for part in &entry.parts {
        text.push('\n');
        match part {
            Part::Heading(_, title) => text.push_str(&format!("{}:\n", plain(title))),
            Part::Text(paragraph) => lines(&mut text, &wrap(&plain(paragraph), width)),
            Part::Code(code) => {
                let indented = code.lines().map(|line| match line {
                    "" => String::new(),
                    line => format!("    {line}"),
                });
                lines(&mut text, &indented.collect::<Vec<_>>());
            }
            Part::Table { headers, rows } => lines(&mut text, &table(headers, rows, width)),
        }
    }
    text
}

fn lines(text: &mut String, lines: &[String]) {
    for line in lines {
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn table(headers: &[String], rows: &[Vec<String>], width: usize) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(u16::try_from(width).unwrap_or(u16::MAX))
        .force_no_tty()
        .set_header(headers.iter().map(|header| header.to_uppercase()));
    for row in rows {
        table.add_row(row.iter().map(|cell| bare(&plain(cell)).to_string()));
    }
    // a name that is cut cannot be copied
    let names = rows.iter().filter_map(|row| row.first());
    if names.map(|name| name.len()).max() <= Some(LONGEST_NAME)
        && let Some(column) = table.column_mut(0)
    {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    table.lines().collect()
}

/// Without the targets of links.
pub(super) fn plain(text: &str) -> String {
    let link = Regex::new(r"\[([^\]]+)\]\((?:[^)]+\.md|#)[^)]*\)").expect("a pattern of our own");
    link.replace_all(text, "$1").into_owned()
}

/// A cell that is code alone, without the signs that say so.
fn bare(cell: &str) -> &str {
    let inner = cell.strip_prefix('`').and_then(|c| c.strip_suffix('`'));
    inner.filter(|inner| !inner.contains('`')).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_markdown_only_is_left_out() {
        let parts = vec![
            Part::Text("See [phase](kinds.md#phase) and `load`.".into()),
            Part::Code("a = 1\n\nb = 2".into()),
            Part::Table {
                headers: vec!["name".into()],
                rows: vec![vec!["`ttft`".into()], vec!["`a`, `b`".into()]],
            },
        ];
        let shown = Entry {
            name: "x".into(),
            what: "kind".into(),
            parts,
        };
        let text = entry(&shown, 80, false);
        let expected = "x  (kind)\n\nSee phase and `load`.\n\n    a = 1\n\n    b = 2\n\n NAME\n ttft\n `a`, `b`\n";
        assert_eq!(text, expected);
    }
}
