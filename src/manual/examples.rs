//! Examples of the manual: pieces of the files in `docs/examples`, and of the standard library for
//! what these do not have. Tests lint both as a whole.

use super::part::{Part, one_line};
use crate::source::{FileId, Span};
use crate::stdlib;
use crate::syntax::ast::{Ast, Item, ItemKind};
use crate::syntax::parse;
use std::sync::LazyLock;

const TEXTS: [&str; 3] = [
    include_str!("../../docs/examples/builtins.scn"),
    include_str!("../../docs/examples/scenario.scn"),
    include_str!("../../docs/examples/engine.scn"),
];

/// The texts with their trees; those of the library last.
static FILES: LazyLock<Vec<(&str, Ast)>> = LazyLock::new(|| {
    let library = stdlib::names().into_iter().flat_map(stdlib::module);
    let texts = TEXTS.into_iter().chain(library.map(|(_, text)| text));
    texts.map(|text| (text, parse(FileId(0), text).0)).collect()
});

/// All items of a file, outer ones before those inside.
fn items(ast: &Ast) -> Vec<&Item> {
    let mut all = Vec::new();
    let mut next: Vec<&Item> = ast.items.iter().rev().collect();
    while let Some(item) = next.pop() {
        all.push(item);
        if let ItemKind::Block(block) = &item.kind {
            next.extend(block.body.iter().rev());
        }
    }
    all
}

/// A piece of a text, its indentation that of a piece at the head of a line, and on one line
/// without the blanks that set it under others.
pub fn piece(text: &str, span: Span) -> String {
    let (start, end) = (span.start as usize, span.end as usize);
    let line = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let indent = text[line..].len() - text[line..].trim_start_matches(' ').len();
    let mut lines = text[start..end].trim_end().lines();
    let first = lines.next().unwrap_or("");
    let mut out = String::new();
    for line in lines {
        let common = indent.min(line.len() - line.trim_start_matches(' ').len());
        out.push('\n');
        out.push_str(&line[common..]);
    }
    if !out.is_empty() && first.ends_with(['{', '[', '(']) {
        return format!("{first}{out}");
    }
    // what stands in quotes is as it is
    let (head, rest) = first.split_at(first.find(['"', '\'']).unwrap_or(first.len()));
    let blank = if head.ends_with(' ') { " " } else { "" };
    format!("{}{blank}{rest}{out}", one_line(head))
}

/// The blocks of a kind that have a doc comment, each with it above; of the library's, one does.
pub fn of_kind(kind: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (text, ast) in FILES.iter().take(TEXTS.len()) {
        for item in of_that_kind(ast, kind) {
            if let Some(doc) = &item.doc {
                parts.push(Part::Text(one_line(doc)));
                parts.push(Part::Code(piece(text, item.span)));
            }
        }
    }
    if parts.is_empty() {
        let mut library = FILES.iter().skip(TEXTS.len());
        let first = library.find_map(|(text, ast)| {
            let item = of_that_kind(ast, kind).next()?;
            Some(Part::Code(piece(text, item.span)))
        });
        parts.extend(first);
    }
    parts
}

fn of_that_kind<'a>(ast: &'a Ast, kind: &'a str) -> impl Iterator<Item = &'a Item> {
    let is = move |item: &&Item| matches!(&item.kind, ItemKind::Block(b) if b.kind.text == kind);
    items(ast).into_iter().filter(is)
}

/// The first place where a block of the kind sets the attribute.
pub fn of_attribute(kind: &str, name: &str) -> Option<Part> {
    let set = |block: &Item| {
        let ItemKind::Block(block) = &block.kind else {
            return None;
        };
        let mut body = block.body.iter();
        body.find(|item| matches!(&item.kind, ItemKind::Attr(attr) if attr.name.text == name))
            .map(|item| item.span)
    };
    FILES.iter().find_map(|(text, ast)| {
        let span = of_that_kind(ast, kind).find_map(set)?;
        Some(Part::Code(piece(text, span)))
    })
}

/// The first statement that begins so, of one line or a few.
pub fn of_statement(word: &str) -> Option<Part> {
    FILES.iter().find_map(|(text, ast)| {
        let begins = |item: &&Item| {
            let rest = text[item.span.start as usize..].strip_prefix(word);
            rest.is_some_and(|rest| rest.starts_with(' '))
        };
        let item = items(ast).into_iter().find(begins)?;
        Some(Part::Code(piece(text, item.span)))
    })
}

/// The shortest block in whose head the word stands, of the first file that has one.
pub fn of_head(word: &str) -> Option<Part> {
    let word = format!(" {word} ");
    FILES.iter().find_map(|(text, ast)| {
        let pieces = items(ast).into_iter().map(|item| piece(text, item.span));
        let heads = |piece: &String| {
            let head = piece.split_once(" {").map(|(head, _)| head);
            head.is_some_and(|head| head.contains(&word) && !head.contains(['\n', '#']))
        };
        pieces.filter(heads).min_by_key(String::len).map(Part::Code)
    })
}

/// The shortest statement that calls the builtin, of the first file that has one.
pub fn of_builtin(name: &str) -> Option<Part> {
    let call = format!("{name}(");
    let calls = |text: &str| {
        text.match_indices(&call).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    FILES.iter().find_map(|(text, ast)| {
        let statements = items(ast).into_iter().filter_map(|item| match &item.kind {
            ItemKind::Let(binding) => Some(binding.value.span),
            ItemKind::Attr(_) | ItemKind::Check(_) => Some(item.span),
            _ => None,
        });
        let found = statements
            .map(|span| piece(text, span))
            .filter(|piece| calls(piece));
        found.min_by_key(String::len).map(Part::Code)
    })
}
