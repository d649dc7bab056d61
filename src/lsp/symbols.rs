//! The outline of a file, and hints in its lines.

use super::hover::first_line;
use super::text::{Lines, Range};
use crate::source::Span;
use crate::syntax::ast::{Ast, Block, Ident, Item, ItemKind};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

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

/// A definition, or what stands in a block.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Symbol<'a> {
    name: Cow<'a, str>,
    kind: u8,
    detail: Cow<'a, str>,
    range: Range,
    selection_range: Range,
    children: Vec<Symbol<'a>>,
}

/// The outline: definitions, and what stands in blocks.
pub fn symbols<'a>(ast: &'a Ast, lines: &Lines<'_>) -> Vec<Symbol<'a>> {
    ast.items
        .iter()
        .filter_map(|item| symbol(item, lines))
        .collect()
}

fn symbol<'a>(item: &'a Item, lines: &Lines<'_>) -> Option<Symbol<'a>> {
    let of = |(name, own): (Cow<'a, str>, Span), kind, detail, children| Symbol {
        name,
        kind,
        detail,
        // what is selected lies in what is shown
        range: lines.range(item.span.to(own)),
        selection_range: lines.range(own),
        children,
    };
    let named = |name: &'a Ident| (Cow::from(name.text.as_str()), name.span);
    match &item.kind {
        ItemKind::Param(binding) => Some(of(
            named(&binding.name),
            sort::VARIABLE,
            "param".into(),
            vec![],
        )),
        ItemKind::Let(binding) => Some(of(
            named(&binding.name),
            sort::CONSTANT,
            "let".into(),
            vec![],
        )),
        ItemKind::Use(used) => {
            let name = super::names::used_as(used)?;
            let named = (name.text.into(), name.span);
            Some(of(named, sort::MODULE, "use".into(), vec![]))
        }
        ItemKind::Check(check) => {
            let name = check.name.as_ref()?;
            Some(of(named(name), sort::BOOLEAN, "check".into(), vec![]))
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
                Some(_) => block.kind.text.as_str().into(),
                None => first_line(item).into(),
            };
            let name = block.name.as_ref().unwrap_or(&block.kind);
            Some(of(named(name), kind, detail, inner))
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
