//! Examples of the manual: pieces of the files in `docs/examples`, which tests lint as a whole.

use super::part::{Part, one_line};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Ast, Item, ItemKind};
use crate::syntax::parse;
use std::sync::LazyLock;

const TEXTS: [&str; 3] = [
    include_str!("../../docs/examples/builtins.scn"),
    include_str!("../../docs/examples/scenario.scn"),
    include_str!("../../docs/examples/engine.scn"),
];

static FILES: LazyLock<Vec<(&str, Ast)>> =
    LazyLock::new(|| TEXTS.map(|text| (text, parse(FileId(0), text).0)).to_vec());

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

/// A piece of a text, its indentation that of a piece at the head of a line.
pub fn piece(text: &str, span: Span) -> String {
    let (start, end) = (span.start as usize, span.end as usize);
    let line = text[..start].rfind('\n').map_or(0, |n| n + 1);
    let indent = text[line..].len() - text[line..].trim_start_matches(' ').len();
    let mut lines = text[start..end].trim_end().lines();
    let mut out = lines.next().unwrap_or("").to_string();
    for line in lines {
        let common = indent.min(line.len() - line.trim_start_matches(' ').len());
        out.push('\n');
        out.push_str(&line[common..]);
    }
    out
}

/// The blocks of a kind that have a doc comment: each with it above.
pub fn of_kind(kind: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    for (text, ast) in FILES.iter() {
        for item in items(ast) {
            if let (ItemKind::Block(block), Some(doc)) = (&item.kind, &item.doc)
                && block.kind.text == kind
            {
                parts.push(Part::Text(one_line(doc)));
                parts.push(Part::Code(piece(text, item.span)));
            }
        }
    }
    parts
}

/// The first place where a block of the kind sets the attribute.
pub fn of_attribute(kind: &str, name: &str) -> Option<Part> {
    let set = |block: &&Item| match &block.kind {
        ItemKind::Block(block) if block.kind.text == kind => {
            let mut body = block.body.iter();
            body.find(|item| matches!(&item.kind, ItemKind::Attr(attr) if attr.name.text == name))
                .map(|item| item.span)
        }
        _ => None,
    };
    FILES.iter().find_map(|(text, ast)| {
        let span = items(ast).iter().find_map(set)?;
        Some(Part::Code(piece(text, span)))
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
