//! Blocks that other languages have: `if (x) { … }`, `for x in y { … }`.

use std::collections::HashSet;

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// What the items so far define, as far as they were looked at.
#[derive(Default)]
pub(super) struct Defined {
    names: HashSet<(String, String)>,
    looked_at: usize,
}

impl Defined {
    /// Adds items that stood in a block of another language, but for what is there already: `if`
    /// and `else` define the same.
    pub(super) fn splice(&mut self, to: &mut Vec<Item>, items: Vec<Item>) {
        self.names
            .extend(to[self.looked_at..].iter().filter_map(defined));
        for item in items {
            if defined(&item).is_none_or(|name| self.names.insert(name)) {
                to.push(item);
            }
        }
        self.looked_at = to.len();
    }
}

impl Builder<'_> {
    /// `if (x) { … }`, `for x in y { … }`, `try { … }`: what is inside is read as if it stood
    /// around; of `def f(x) { … }` nothing is. The first item stands for the head, and may
    /// define its names.
    pub(super) fn foreign_block(&mut self, pair: Pair<'_, Rule>) -> Vec<Item> {
        let start = self.start(&pair);
        let mut word = None;
        let mut head = self.at(start, start);
        let mut items: Vec<Item> = Vec::new();
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::control if word.is_none() => word = Some((part.as_str().to_owned(), span)),
                Rule::body => {
                    if head.end <= head.start {
                        head = self.at(start, span.start as usize);
                    }
                    let of = word.as_ref().map_or("", |(word, _)| word.as_str());
                    // the body of a function is wholly of another language
                    if matches!(of, "def" | "function" | "fn") {
                        head = head.to(span);
                        continue;
                    }
                    items.extend(self.items(part.into_inner()));
                }
                _ => {}
            }
        }
        if let Some((word, span)) = word {
            self.say(no_such_block(&word, span));
        }
        let head = Item {
            doc: None,
            span: head,
            kind: ItemKind::Error,
        };
        items.insert(0, head);
        items
    }
}

/// What an item defines, where a block may have no other of the same.
fn defined(item: &Item) -> Option<(String, String)> {
    let name = |name: &Ident| name.text.clone();
    match &item.kind {
        ItemKind::Attr(attr) => Some((name(&attr.name), String::new())),
        ItemKind::Let(binding) => Some(("let".into(), name(&binding.name))),
        ItemKind::Block(block) => {
            let title = block.name.as_ref().map(name);
            Some((name(&block.kind), title.unwrap_or_default()))
        }
        ItemKind::Check(check) => Some(("expect".into(), name(check.name.as_ref()?))),
        _ => None,
    }
}

fn no_such_block(word: &str, span: Span) -> Diagnostic {
    let (message, help) = match word {
        "for" | "while" => (
            "there are no loops",
            "repeat a phase with `repeat = n`, spread values over cases with `matrix { … }`, or make a list with `[e for x in xs]`",
        ),
        "def" | "function" | "fn" => (
            "there are no functions of one's own",
            "give a value a name with `let name = …`, or take over a block with `extends`",
        ),
        "try" | "catch" | "finally" => (
            "nothing is caught",
            "a request that fails is counted: judge it with a check, `steady.failed == 0`",
        ),
        _ => (
            "there are no conditional blocks",
            "choose a value with `if a then b else c`, or make a phase or check conditional with `when`",
        ),
    };
    Diagnostic::error(codes::FOREIGN_FORM, span, message)
        .says("not a statement")
        .help(help)
}
