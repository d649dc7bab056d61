//! A page of the manual as Markdown.

use super::part::Part;
use super::terminal::plain;
use super::{Entry, Page};
use std::fmt::Write;

/// The first line of every page: what is not written by hand is known by it.
pub const MARK: &str =
    "<!-- Written by `scn doc`: change the schema or the standard library, and run it again. -->";

pub fn page(page: &Page) -> String {
    let mut text = format!("{MARK}\n\n# {}\n\n{}\n", page.title, page.summary);
    for part in &page.parts {
        text.push('\n');
        add(&mut text, part);
    }
    text
}

/// One entry by itself, as editors show it: without links, as there are no pages around it.
pub fn entry(entry: &Entry) -> String {
    let mut text = format!("**{}** ({})\n", entry.name, entry.what);
    for part in &entry.parts {
        text.push('\n');
        add(&mut text, part);
    }
    plain(&text)
}

fn add(text: &mut String, part: &Part) {
    // writing to a string cannot fail
    let _ = match part {
        Part::Heading(level, title) => writeln!(text, "{} {title}", "#".repeat(*level)),
        Part::Text(paragraph) => writeln!(text, "{paragraph}"),
        Part::Code(code) => writeln!(text, "```scn\n{code}\n```"),
        Part::Table { headers, rows } => {
            row(text, headers);
            let _ = writeln!(text, "|{}", " --- |".repeat(headers.len()));
            rows.iter().for_each(|cells| row(text, cells));
            Ok(())
        }
    };
}

fn row(text: &mut String, cells: &[String]) {
    for cell in cells {
        let _ = write!(text, "| {} ", cell.replace('|', "\\|"));
    }
    text.push_str("|\n");
}
