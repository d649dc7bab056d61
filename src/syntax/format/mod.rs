//! The formatter: one style for every file, and never another meaning.
//!
//! ```text
//! text ─▶ tokens, tree ─▶ layout ─▶ print ─▶ align ─▶ text
//!                                                      │ read again:
//!                                                      ╰ same tokens, same tree
//! ```
//!
//! The tree says where a line may break, the tokens say what stands there: every token of
//! the text but commas and blanks is printed as it was written, comments and strings too.
//!
//! The style:
//! - Two blanks for each level (up to 20 of them), and 100 columns. Where a line is too long, the outermost
//!   brackets or operators break first.
//! - A block or record stays on one line if it was and still fits; otherwise there is one
//!   thing on each line, without commas. A list or call is on one line if it fits, unless a
//!   new line stood after its opening bracket.
//! - `=`, `{` and the `:` of checks stand below one another in lines that follow each other.
//! - `because` starts a line of its own. One empty line stays, more become one.

mod align;
mod exprs;
mod items;
mod layout;
mod print;
mod same;
mod tokens;

use super::parse;
use crate::diagnostics::Diagnostic;
use crate::source::FileId;

/// Columns of a line; only what cannot be broken, and comments, go further.
pub const WIDTH: usize = 100;

/// Why a text was not formatted.
#[derive(Debug)]
pub enum Refused {
    /// It could not be read: its mistakes.
    Syntax(Vec<Diagnostic>),
    /// What the formatter made of it would mean something else: a fault of the formatter.
    Changed,
}

/// A file's text in the one style. Takes time in proportion to the text.
///
/// Errors: the text has mistakes of syntax, or the result would not be read as the same
/// tree with the same comments.
pub fn format(file: FileId, text: &str) -> Result<String, Refused> {
    let (ast, found) = parse(file, text);
    if !found.is_empty() {
        return Err(Refused::Syntax(found));
    }
    let tokens = tokens::tokens(text);
    // what it takes to print is gone before the text is read again
    let mut formatted = {
        let ops = layout::Layout::new(text, &tokens).file(&ast);
        let (printed, rows) = print::print(&ops);
        align::align(printed, &rows)
    };
    if windows_lines(text) {
        formatted = tokens::with_windows_lines(&formatted);
    }
    if formatted != text {
        let kept = tokens::same(text, &tokens, &formatted, &tokens::tokens(&formatted));
        // gone, too, before there are two trees
        drop(tokens);
        let (again, found) = parse(file, &formatted);
        if !found.is_empty() || !kept || !same::ast(&ast, &again) {
            return Err(Refused::Changed);
        }
    }
    Ok(formatted)
}

/// The first line ends as on Windows: then all do.
fn windows_lines(text: &str) -> bool {
    let first = text.split('\n').next().unwrap_or("");
    first.len() < text.len() && first.ends_with('\r')
}
