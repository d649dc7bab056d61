//! Tables: in lines that follow each other, what comes after the names stands in one column.

use super::WIDTH;
use super::print::{Class, Row};

/// Puts blanks into the printed text's slots. A line that would become too long by it is
/// left as it is, and so are the only ones of their class.
pub fn align(text: String, rows: &[Row<'_>]) -> String {
    let mut pads: Vec<(usize, usize)> = Vec::new();
    let mut run: Vec<Row<'_>> = Vec::new();
    for row in rows {
        if run.last().is_some_and(|last| !follows(last, row)) {
            table(&run, &mut pads);
            run.clear();
        }
        if row.line == row.end_line {
            run.push(*row);
        } else {
            table(&run, &mut pads);
            run.clear();
        }
    }
    table(&run, &mut pads);
    pad(text, &pads)
}

/// Nothing but comments stands between two rows, and they are alike.
fn follows(before: &Row<'_>, row: &Row<'_>) -> bool {
    before.class == row.class
        && before.indent == row.indent
        && row.line - before.last_line == row.comments - before.comments + 1
}

fn table(run: &[Row<'_>], pads: &mut Vec<(usize, usize)>) {
    let words = run
        .iter()
        .filter_map(|row| row.word.map(|(_, width)| width));
    let words = words.max().unwrap_or(0);
    let after_word = |row: &Row<'_>| match row.class {
        Class::Check => row.word.map_or(0, |(_, width)| words - width),
        _ => 0,
    };
    let head = |row: &Row<'_>| row.head + after_word(row);
    let widest = run.iter().map(head).max().unwrap_or(0);
    // what does not fit into the widest table stays out of it
    let fits = |row: &&Row<'_>| row.end + widest - row.head <= WIDTH;
    let column = run.iter().filter(fits).map(head).max().unwrap_or(0);
    for row in run.iter().filter(fits) {
        if let Some((place, _)) = row.word {
            pads.push((place, after_word(row)));
        }
        pads.push((row.slot, column - head(row)));
    }
}

fn pad(text: String, pads: &[(usize, usize)]) -> String {
    let all: usize = pads.iter().map(|(_, blanks)| blanks).sum();
    if all == 0 {
        return text;
    }
    let mut out = String::with_capacity(text.len() + all);
    let mut done = 0;
    for (place, blanks) in pads {
        out.push_str(&text[done..*place]);
        out.extend(std::iter::repeat_n(' ', *blanks));
        done = *place;
    }
    out.push_str(&text[done..]);
    out
}
