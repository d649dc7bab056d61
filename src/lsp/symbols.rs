//! The outline of a file, and hints in its lines.

use super::hover::first_line;
use super::text::Lines;
use crate::source::Span;
use crate::syntax::ast::{Ast, Block, Ident, Item, ItemKind};
use indexmap::IndexMap;
use serde_json::{Value, json};

/// Kinds of symbols, as the protocol counts them.
mod sort {
    pub const MODULE: u8 = 2;
    pub const CLASS: u8 = 5;
    pub const VARIABLE: u8 = 13;
    pub const CONSTANT: u8 = 14;
    pub const BOOLEAN: u8 = 17;
    pub const STRUCT: u8 = 23;
    pub const EVENT: u8 = 24;
}

/// The outline: definitions, and what stands in blocks.
pub fn symbols(ast: &Ast, lines: &Lines<'_>) -> Vec<Value> {
    ast.items
        .iter()
        .filter_map(|item| symbol(item, lines))
        .collect()
}

fn symbol(item: &Item, lines: &Lines<'_>) -> Option<Value> {
    let of = |name: &Ident, kind: u8, detail: String, children: Vec<Value>| {
        let own = name.span;
        json!({
            "name": name.text,
            "kind": kind,
            "detail": detail,
            // what is selected lies in what is shown
            "range": lines.range(item.span.to(own)),
            "selectionRange": lines.range(own),
            "children": children,
        })
    };
    match &item.kind {
        ItemKind::Param(binding) => Some(of(&binding.name, sort::VARIABLE, "param".into(), vec![])),
        ItemKind::Let(binding) => Some(of(&binding.name, sort::CONSTANT, "let".into(), vec![])),
        ItemKind::Use(used) => {
            let name = super::names::used_as(used)?;
            Some(of(&name, sort::MODULE, "use".into(), vec![]))
        }
        ItemKind::Check(check) => {
            let name = check.name.as_ref()?;
            Some(of(name, sort::BOOLEAN, "check".into(), vec![]))
        }
        ItemKind::Block(block) => {
            let kind = match block.kind.text.as_str() {
                "scenario" => sort::CLASS,
                "phase" => sort::EVENT,
                _ => sort::STRUCT,
            };
            let inner = block
                .body
                .iter()
                .filter_map(|item| symbol(item, lines))
                .collect();
            let detail = match &block.name {
                Some(_) => block.kind.text.clone(),
                None => first_line(item),
            };
            let name = block.name.as_ref().unwrap_or(&block.kind);
            Some(of(name, kind, detail, inner))
        }
        ItemKind::Attr(_) | ItemKind::Exclude(_) | ItemKind::Error => None,
    }
}

/// Behind each `matrix` the number of cases that its scenario has.
pub fn hints(
    ast: &Ast,
    lines: &Lines<'_>,
    within: Span,
    cases: &IndexMap<String, usize>,
) -> Vec<Value> {
    let scenarios = ast.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Block(block) if block.kind.text == "scenario" => Some(block),
        _ => None,
    });
    let hints = scenarios.filter_map(|scenario| {
        let count = *cases.get(&scenario.name.as_ref()?.text)?;
        let place = matrix(scenario)?.kind.span;
        let shown = within.start <= place.end && place.end <= within.end;
        let plural = if count == 1 { "" } else { "s" };
        shown.then(|| {
            json!({
                "position": lines.position(place.end as usize),
                "label": format!("{count} case{plural}"),
                "paddingLeft": true,
            })
        })
    });
    hints.collect()
}

fn matrix(scenario: &Block) -> Option<&Block> {
    scenario.body.iter().find_map(|item| match &item.kind {
        ItemKind::Block(block) if block.kind.text == "matrix" => Some(block),
        _ => None,
    })
}
