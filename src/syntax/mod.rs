//! From text to tree. Parsing cannot fail: what is broken becomes an `Error` node and a
//! diagnostic, and the rest of the file goes on.
//!
//! ```text
//! text ─▶ scan ─▶ brackets ─▶ patch ─▶ grammar (pest) ─▶ items, exprs ─▶ Ast
//!         strings, depth      balanced text              leftover: what was meant
//! ```
//!
//! No type of pest leaves this room.

pub mod ast;
pub mod comments;
pub mod format;
pub mod secrets;

mod below;
mod bindings;
mod blocks;
mod brackets;
mod checks;
mod climb;
mod collections;
mod dashed;
mod docs;
mod echoes;
mod exprs;
mod foreign_blocks;
mod foreign_heads;
mod forms;
mod grammar;
mod items;
mod leftover;
mod letters;
mod methods;
mod operands;
mod patch;
mod rows;
mod scan;
mod starts;
mod strings;
mod tokens;
mod words;

pub use words::is_reserved;

use crate::diagnostics::{Diagnostic, MOST_MISTAKES, codes, more_mistakes, tidy};
use crate::source::{FileId, Span};
use ast::Ast;

/// A longer file is read in parts of this size, so that the grammar's pairs of one part, some 200
/// bytes for each of the text, are gone before those of the next come.
const PART: usize = 8 << 10;

/// Programs are told so many of a short file, and of a longer one as many more as its length and what
/// may be taken for it allow.
const MOST_FOUND: usize = 3_000;
const BYTES_EACH: usize = 16;

/// Reads a file's text. Never fails, and takes time in proportion to the text: every
/// mistake is a diagnostic, and an `Error` node where nothing better can stand.
pub fn parse(file: FileId, text: &str) -> (Ast, Vec<Diagnostic>) {
    let (ast, found) = parse_in_parts(file, text, PART);
    (ast, capped(file, found, MOST_MISTAKES))
}

/// As [`parse`], and tells all mistakes but where they are so many that they take much memory.
pub fn parse_all(file: FileId, text: &str) -> (Ast, Vec<Diagnostic>) {
    let (ast, found) = parse_in_parts(file, text, PART);
    (
        ast,
        capped(file, found, MOST_FOUND + text.len() / BYTES_EACH),
    )
}

fn parse_in_parts(file: FileId, text: &str, part: usize) -> (Ast, Vec<Diagnostic>) {
    if u32::try_from(text.len()).is_err() {
        let found = Diagnostic::error(
            codes::SYNTAX,
            Span::new(file, 0, 0),
            "the file is larger than 4 GiB",
        );
        return (
            Ast {
                file,
                doc: None,
                items: Vec::new(),
            },
            vec![found],
        );
    }
    let mut scan = scan::scan(file, text, part);
    if !brackets::settle(file, text, &mut scan) {
        return too_deep(file);
    }
    let patched = patch::Patched::new(text, std::mem::take(&mut scan.patches));
    let docs = docs::Docs::new(text, std::mem::take(&mut scan.docs));
    let cuts: Vec<usize> = scan.cuts.iter().map(|at| patched.repaired(*at)).collect();
    let mut builder = grammar::Builder::new(file, text, &patched, docs, scan.found);
    let Some(ast) = builder.file(&cuts) else {
        return too_deep(file);
    };
    builder.say_dashed();
    let mut found = letters::foreign(text, tidy(echoes::without(text, builder.found)));
    comments::kept(text, &mut found);
    if let Some(at) = lone_return(text) {
        found.insert(0, lone_return_found(Span::new(file, at, at + 1)));
    }
    (ast, found)
}

/// The first carriage return that ends no line with a line feed. Old editors end lines so; here
/// the first comment of such a file would swallow the rest of it.
fn lone_return(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'\r', bytes).find(|at| bytes.get(at + 1) != Some(&b'\n'))
}

fn lone_return_found(span: Span) -> Diagnostic {
    let message = "a carriage return without a line feed ends no line";
    Diagnostic::error(codes::SYNTAX, span, message)
        .says("what follows is read as the same line")
        .help("save the file with LF or CRLF line ends; in a text, write `\\r`")
}

fn too_deep(file: FileId) -> (Ast, Vec<Diagnostic>) {
    let found = Diagnostic::error(
        codes::TOO_DEEP,
        Span::new(file, 0, 0),
        "this file is nested too deeply to be read",
    )
    .help("give inner parts names with `let`");
    (
        Ast {
            file,
            doc: None,
            items: Vec::new(),
        },
        vec![found],
    )
}

fn capped(file: FileId, mut found: Vec<Diagnostic>, most: usize) -> Vec<Diagnostic> {
    if found.len() > most {
        let more = found.len() - most;
        found.truncate(most);
        let place = found.last().map_or(Span::new(file, 0, 0), Diagnostic::span);
        found.push(more_mistakes(more, place));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Texts that go on over lines in every way, sound and broken.
        #[test]
        fn in_parts_as_in_one(text in concat!(
            r#"(a = |b |c \{|x y \{|\}|\{|\[|\]|1|,|\n|\n|\n| and | when |if |then |else |elsif |"#,
            r#"expect |let |use |for |"|'|"""|# c|## d|//|/\*|\*/|\\\n|=|==|=>|:|e \{\}\nf = 1\n|\+ |extends |é){0,30}"#
        )) {
            let parts = parse_in_parts(FileId(0), &text, 0);
            let whole = parse_in_parts(FileId(0), &text, usize::MAX);
            prop_assert_eq!(parts, whole);
        }
    }
}
