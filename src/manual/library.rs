//! The standard library: what its modules define, with their doc comments, and its templates.

use super::part::{Part, code, one_line};
use super::{Entry, Page, examples::piece};
use crate::source::FileId;
use crate::stdlib;
use crate::syntax::ast::{Block, Item, ItemKind};
use crate::syntax::{format::format, parse};

/// One definition of a module, with the text that it stands in.
struct Defined {
    text: &'static str,
    item: Item,
}

/// The overview, and a page for each module.
pub fn pages() -> Vec<Page> {
    let mut pages = vec![overview()];
    pages.extend(stdlib::names().into_iter().map(module));
    pages
}

fn overview() -> Page {
    let rows = stdlib::names().into_iter().map(|name| {
        let defined = defined(name);
        let names: Vec<String> = defined.iter().filter_map(name_of).map(code).collect();
        vec![format!("[std.{name}]({})", file(name)), names.join(" ")]
    });
    let mut parts = vec![Part::text(
        "`use std.engines` makes a module's definitions known as `engines.builtin` and so on. A block \
         of the library can be used as it is, or extended: `engine mine extends engines.builtin { … }`.",
    )];
    parts.extend(Part::table(&["module", "defines"], rows.collect()));
    parts.push(Part::Heading(2, "Templates".into()));
    parts.push(Part::text(
        "Named by a report: `report summary { template = \"std:summary.md.j2\", to = \"summary.md\" }`.",
    ));
    let rows = stdlib::templates().map(|(name, text)| {
        let said = text.trim_start().strip_prefix("{#");
        let said = said.and_then(|rest| rest.split_once("#}"));
        let said = said.map_or_else(String::new, |(said, _)| one_line(said));
        vec![code(&format!("std:{name}")), said]
    });
    parts.extend(Part::table(&["template", "is"], rows.collect()));
    Page {
        file: "stdlib.md".into(),
        title: "Standard library".into(),
        summary:
            "The modules that are part of scn: engines, reports and what else scenarios share."
                .into(),
        parts,
    }
}

fn module(name: &'static str) -> Page {
    let mut parts = Vec::new();
    let docs = stdlib::module(name)
        .into_iter()
        .filter_map(|(_, text)| parse(FileId(0), text).0.doc);
    parts.extend(docs.map(|doc| Part::text(&doc)));
    parts.push(Part::Text(code(&format!("use std.{name}"))));
    let defined = defined(name);
    let rows = defined.iter().filter_map(|one| {
        let own = name_of(one)?;
        let doc = one.item.doc.as_deref().map_or_else(String::new, one_line);
        Some(vec![format!("[{name}.{own}](#{name}{own})"), doc])
    });
    parts.extend(Part::table(&["name", "says"], rows.collect()));
    for one in &defined {
        if let Some(own) = name_of(one) {
            parts.push(Part::Heading(2, format!("{name}.{own}")));
            parts.extend(described(one));
        }
    }
    Page {
        file: file(name),
        title: format!("std.{name}"),
        summary: format!("What `use std.{name}` makes known."),
        parts,
    }
}

/// Modules, their definitions (`engines.builtin`), and what stands in these by name
/// (`engines.builtin.ttft`).
pub fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    for module in stdlib::names() {
        let defined = defined(module);
        let names = defined.iter().filter_map(name_of);
        let names: Vec<String> = names.map(|own| code(&format!("{module}.{own}"))).collect();
        entries.push(Entry {
            name: format!("std.{module}"),
            what: "a module of the standard library".into(),
            parts: vec![Part::Text(format!("It defines {}.", names.join(", ")))],
        });
        for one in &defined {
            let Some(own) = name_of(one) else { continue };
            entries.push(Entry {
                name: format!("{module}.{own}"),
                what: format!("{} of the standard library", sort(&one.item)),
                parts: described(one),
            });
            let ItemKind::Block(block) = &one.item.kind else {
                continue;
            };
            for item in &block.body {
                if let ItemKind::Block(inner) = &item.kind
                    && let Some(inner_name) = &inner.name
                {
                    let mut parts: Vec<Part> = item.doc.iter().map(|d| Part::text(d)).collect();
                    parts.push(Part::Code(piece(one.text, item.span)));
                    entries.push(Entry {
                        name: format!("{module}.{own}.{}", inner_name.text),
                        what: format!("{} of `{module}.{own}`", inner.kind.text),
                        parts,
                    });
                }
            }
        }
    }
    entries
}

fn file(module: &str) -> String {
    format!("std_{module}.md")
}

/// What a module defines that can be used by name, in the order of its files.
fn defined(module: &str) -> Vec<Defined> {
    let files = stdlib::module(module).into_iter();
    let items = files.flat_map(|(_, text)| {
        let items = parse(FileId(0), text).0.items.into_iter();
        items.map(move |item| Defined { text, item })
    });
    items.filter(|one| name_of(one).is_some()).collect()
}

fn name_of(one: &Defined) -> Option<&str> {
    match &one.item.kind {
        ItemKind::Block(block) => block.name.as_ref().map(|name| name.text.as_str()),
        ItemKind::Let(binding) | ItemKind::Param(binding) => Some(&binding.name.text),
        _ => None,
    }
}

/// The kind of what an item defines.
fn sort(item: &Item) -> &str {
    match &item.kind {
        ItemKind::Block(block) => &block.kind.text,
        ItemKind::Param(_) => "param",
        _ => "value",
    }
}

fn described(one: &Defined) -> Vec<Part> {
    let mut parts: Vec<Part> = one.item.doc.iter().map(|doc| Part::text(doc)).collect();
    match &one.item.kind {
        ItemKind::Block(block) if block.body.iter().any(is_named) => {
            parts.extend(tables(block, one.text));
        }
        _ => parts.push(Part::Code(piece(one.text, one.item.span))),
    }
    parts
}

fn is_named(item: &Item) -> bool {
    matches!(&item.kind, ItemKind::Block(block) if block.name.is_some())
}

/// A block of many parts: its attributes and nameless blocks as they are written, its options,
/// constraints, and a table for each other kind of named block in it.
fn tables(block: &Block, text: &str) -> Vec<Part> {
    let own = block.body.iter().filter(|item| match &item.kind {
        ItemKind::Attr(_) => true,
        ItemKind::Block(inner) => inner.name.is_none(),
        _ => false,
    });
    let own: Vec<String> = own.map(|item| piece(text, item.span)).collect();
    let mut parts = vec![Part::Code(aligned(&own.join("\n")))];
    let mut kinds: Vec<&str> = Vec::new();
    for item in block.body.iter().filter(|item| is_named(item)) {
        if let ItemKind::Block(inner) = &item.kind
            && !kinds.contains(&inner.kind.text.as_str())
        {
            kinds.push(&inner.kind.text);
        }
    }
    for kind in kinds {
        let inner = block.body.iter().filter_map(|item| match &item.kind {
            ItemKind::Block(inner) if inner.kind.text == kind => Some((item, inner)),
            _ => None,
        });
        let inner: Vec<(&Item, &Block)> = inner.collect();
        parts.push(Part::Heading(3, plural(kind)));
        parts.extend(match kind {
            "option" => options(&inner, text),
            _ => table(&inner, text),
        });
    }
    let rows = block.body.iter().filter_map(|item| match &item.kind {
        ItemKind::Check(check) => Some(vec![
            code(check.name.as_ref().map_or("", |name| &name.text)),
            code(&slice(text, check.expr.span)),
            check
                .when
                .iter()
                .map(|e| code(&slice(text, e.span)))
                .collect(),
            check
                .because
                .iter()
                .map(|e| quoted(&slice(text, e.span)))
                .collect(),
        ]),
        _ => None,
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if let Some(table) = Part::table(&["constraint", "must hold", "when", "because"], rows) {
        parts.push(Part::Heading(3, "Constraints".into()));
        parts.push(table);
    }
    parts
}

/// Statements of a block as the formatter writes them.
fn aligned(body: &str) -> String {
    let Ok(text) = format(FileId(0), &format!("block {{\n{body}\n}}\n")) else {
        return body.into();
    };
    let lines = text.lines().skip(1).filter(|line| *line != "}");
    let lines = lines.map(|line| line.strip_prefix("  ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

/// A column for each attribute that one of the blocks has.
fn table(blocks: &[(&Item, &Block)], text: &str) -> Option<Part> {
    let mut names: Vec<&str> = Vec::new();
    for (_, block) in blocks {
        for name in attributes(block).map(|(name, _)| name) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let rows = blocks.iter().map(|(item, block)| {
        let mut row = vec![code(title(block))];
        row.extend(names.iter().map(|name| code(&value(block, name, text))));
        row.push(said(item));
        row
    });
    let mut headers = vec!["name"];
    headers.extend(&names);
    headers.push("says");
    Part::table(&headers, rows.collect())
}

/// Options: what they take in one column, however it is said.
fn options(blocks: &[(&Item, &Block)], text: &str) -> Option<Part> {
    let rows = blocks.iter().map(|(item, block)| {
        let get = |name| value(block, name, text);
        let mut takes = vec![quoted(&get("type"))];
        let words = get("choices");
        let words = words.trim_matches(['[', ']', ' ', ',']);
        takes.push(code(words));
        for (name, sign) in [("min", "≥"), ("above", ">"), ("max", "≤")] {
            let limit = get(name);
            if !limit.is_empty() {
                takes.push(format!("{sign} {}", code(&limit)));
            }
        }
        takes.push(code(&get("pattern")));
        takes.retain(|one| !one.is_empty());
        let passed = match (get("value"), get("flag"), get("variable")) {
            (value, flag, variable) if value.is_empty() => {
                let place = format!("{}{}", quoted(&flag), quoted(&variable));
                code(&place)
            }
            (value, ..) => format!("{} unless set", code(&value)),
        };
        vec![
            code(title(block)),
            takes.join(", "),
            code(&get("default")),
            passed,
            said(item),
        ]
    });
    let headers = ["option", "takes", "default of the engine", "passed", "says"];
    Part::table(&headers, rows.collect())
}

fn attributes(block: &Block) -> impl Iterator<Item = (&str, crate::source::Span)> {
    block.body.iter().filter_map(|item| match &item.kind {
        ItemKind::Attr(attr) => Some((attr.name.text.as_str(), attr.value.span)),
        _ => None,
    })
}

/// An attribute's value as it is written, on one line; empty where it is not set.
fn value(block: &Block, name: &str, text: &str) -> String {
    let found = attributes(block).find(|(known, _)| *known == name);
    found.map_or_else(String::new, |(_, span)| slice(text, span))
}

fn slice(text: &str, span: crate::source::Span) -> String {
    let written = one_line(&text[span.start as usize..span.end as usize]);
    // of a list that was written over several lines
    written
        .replace("[ ", "[")
        .replace(", ]", "]")
        .replace("( ", "(")
        .replace(", )", ")")
}

/// A text without its quotes.
fn quoted(text: &str) -> String {
    text.trim_matches('"').into()
}

fn title(block: &Block) -> &str {
    block.name.as_ref().map_or("", |name| &name.text)
}

fn said(item: &Item) -> String {
    item.doc.as_deref().map_or_else(String::new, one_line)
}

/// `api` is `APIs` as a heading, `metric` is `Metrics`.
fn plural(kind: &str) -> String {
    if kind == "api" {
        return "APIs".into();
    }
    let mut letters = kind.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    format!("{}{}s", first.unwrap_or_default(), letters.as_str())
}
