//! Statements: the items of a file, of a block and of a record.

use pest::iterators::Pair;

use super::ast::*;
use super::foreign_blocks::Defined;
use super::grammar::{self, Builder, Rule, inner};
use super::leftover::Place;
use super::rows::Row;
use super::tokens::shorten;
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Items so far, and what the next one follows.
#[derive(Default)]
struct Items {
    row: Row,
    items: Vec<Item>,
    /// What stands here goes on with a list that lacks its brackets.
    listed: bool,
    /// What stands here goes on with a check that was cut off before an operator, or before `if`.
    cut: bool,
    defined: Defined,
}

impl Builder<'_> {
    /// The whole file, read in parts that end at the cuts; none if it could not be read.
    pub fn file(&mut self, cuts: &[usize]) -> Option<Ast> {
        let text: &str = &self.patched.text;
        let mut items = Items::default();
        for cut in cuts.iter().copied().chain([text.len()]) {
            let pairs = grammar::read(&text[self.base..cut])?;
            self.more(&mut items, pairs);
            self.base = cut;
        }
        Some(Ast {
            file: self.file,
            doc: self.docs.head(),
            items: items.items,
        })
    }

    pub(super) fn items<'i>(&mut self, pairs: impl Iterator<Item = Pair<'i, Rule>>) -> Vec<Item> {
        let mut items = Items::default();
        self.more(&mut items, pairs);
        items.items.shrink_to_fit();
        items.items
    }

    fn more<'i>(&mut self, to: &mut Items, pairs: impl Iterator<Item = Pair<'i, Rule>>) {
        let Items {
            row,
            items,
            listed,
            cut,
            defined,
        } = to;
        for pair in pairs {
            match pair.as_rule() {
                Rule::comma => self.comma(row, &pair),
                Rule::semi => self.semicolon(row, &pair),
                Rule::close | Rule::lost | Rule::EOI => {}
                Rule::stray => {
                    self.leftover(self.span(&pair), None, Place::Item);
                }
                rule => {
                    let start = self.start(&pair);
                    let bad = rule == Rule::bad_item;
                    self.separated(row, start, bad);
                    let doc = self.docs.above(start);
                    // `columns = a.b, c.d`: said once, for the second
                    let attr = items.last().filter(|_| bad && row.comma);
                    match attr.map(|item| &item.kind) {
                        Some(ItemKind::Attr(attr)) if self.goes_on(start) => {
                            self.unbracketed(attr, self.span(&pair));
                            *listed = true;
                        }
                        _ => *listed &= bad,
                    }
                    let said = self.found.len();
                    if bad && !row.comma && self.goes_on_below(items.last_mut(), &pair) {
                        // of several such lines the first is the mistake
                        if *cut {
                            self.found.truncate(said);
                        }
                        *cut = true;
                        *row = Row::after_junk();
                        continue;
                    }
                    if bad && !row.comma && self.condition_below(items.last_mut(), &pair) {
                        *cut = true;
                        *row = Row::after_junk();
                        continue;
                    }
                    if *cut && self.clause_below(items.last_mut(), &pair) {
                        continue;
                    }
                    *cut = false;
                    if *listed && bad {
                        let span = self.span(&pair);
                        *row = Row::after_junk();
                        if !matches!(items.last().map(|item| &item.kind), Some(ItemKind::Error)) {
                            items.push(Item {
                                doc,
                                span,
                                kind: ItemKind::Error,
                            });
                        }
                        continue;
                    }
                    if rule == Rule::attr && row.comma && self.is_labelled(start, &pair) {
                        row.follow(self.span(&pair));
                        continue;
                    }
                    let sets = matches!(rule, Rule::set | Rule::attr);
                    if sets && self.ends_a_check(row, items.last(), start) {
                        row.follow(self.span(&pair));
                        continue;
                    }
                    if rule == Rule::foreign_block {
                        let whole = self.span(&pair);
                        let inside = self.foreign_block(pair);
                        defined.splice(items, inside);
                        *row = Row::after_junk();
                        row.follow(whole);
                        continue;
                    }
                    let (kind, span) = self.item(pair);
                    *row = Row::after_junk();
                    if !bad {
                        row.follow(span);
                    }
                    items.push(Item { doc, span, kind });
                }
            }
        }
    }

    /// Whether a value stands where a statement should, and no group of a number: `1,000`.
    fn goes_on(&self, at: usize) -> bool {
        let rest = &self.text[at..];
        let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let is_value = rest.starts_with(|c: char| c.is_ascii_digit() || c == '"' || c == '\'')
            || name.len() < rest.len() && name.starts_with('.');
        is_value && self.group_before(at).is_none()
    }

    /// A list without its brackets.
    fn unbracketed(&mut self, attr: &Attr, second: Span) {
        let span = attr.value.span.to(second);
        let name = &attr.name.text;
        let message = format!("`,` ends the attribute `{name}`: a list stands in `[…]`");
        let first = shorten(self.source(attr.value.span));
        let found = Diagnostic::error(codes::FOREIGN_FORM, span, message)
            .says("not in brackets")
            .help(format!("write `{name} = [{first}, …]`"));
        self.say(found);
    }

    fn item(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, Span) {
        let start = self.start(&pair);
        let whole = self.span(&pair);
        let (kind, end) = match pair.as_rule() {
            Rule::set => {
                let attr = self.attr(pair);
                let end = attr.value.span.end;
                (ItemKind::Attr(attr), end)
            }
            Rule::attr => {
                if let Some(axes) = axes_after_colon(&pair) {
                    return self.matrix_with_colon(pair, &axes);
                }
                let attr = self.attr(pair);
                let end = attr.value.span.end;
                (ItemKind::Attr(attr), end)
            }
            Rule::use_ => self.use_(pair),
            Rule::param => {
                let (binding, end) = self.binding(pair, "param");
                (ItemKind::Param(binding), end)
            }
            Rule::let_ => {
                let (binding, end) = self.binding(pair, "let");
                (ItemKind::Let(binding), end)
            }
            Rule::check => self.check(pair),
            Rule::exclude => self.exclude(pair),
            Rule::plain_block | Rule::block => self.block(pair),
            Rule::binding_like => self.binding_like(pair),
            _ => {
                self.leftover(whole, None, Place::Item);
                match self.attr_without_sign(start) {
                    Some(attr) => (ItemKind::Attr(attr), whole.end),
                    None => (ItemKind::Error, whole.end),
                }
            }
        };
        let end = (end as usize).max(start);
        (kind, self.at(start, end))
    }

    /// `name = value`, of a block or a record.
    pub(super) fn attr(&mut self, pair: Pair<'_, Rule>) -> Attr {
        let mut pairs = inner(pair).peekable();
        let mut name = Ident {
            text: String::new(),
            span: self.at(0, 0),
        };
        if let Some(key) = pairs.next() {
            name = self.key(&key);
        }
        let wrong = pairs.next_if(|p| p.as_rule() == Rule::wrong_eq);
        let said = self.found.len();
        let mut value = self.value(&mut pairs, "a value after `=`", Place::Line);
        if let Some(wrong) = wrong {
            let compares = matches!(&value.kind, ExprKind::Binary { op, .. } if op.compares());
            if wrong.as_str().trim() == ":" && compares {
                let found = Diagnostic::error(
                    codes::FOREIGN_FORM,
                    name.span,
                    "a condition that must hold starts with `expect`",
                )
                .says("expected `expect` before this")
                .fix(
                    "write `expect`",
                    name.span,
                    format!("expect {}", name.text),
                    true,
                );
                self.say(found);
            } else {
                // before what its value was reported for
                let later = self.found.split_off(said);
                self.wrong_eq(&wrong, name.span);
                self.found.extend(later);
            }
        }
        value.span = if value.span.start < name.span.end {
            name.span
        } else {
            value.span
        };
        Attr { name, value }
    }

    /// `matrix: clients = [1, 2]`: one mistake, whatever it looks like from within.
    fn matrix_with_colon(&mut self, pair: Pair<'_, Rule>, axes: &str) -> (ItemKind, Span) {
        let span = self.span(&pair);
        let said = self.found.len();
        let attr = self.attr(pair);
        self.found.truncate(said);
        let whole = format!("matrix {{ {axes} }}");
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            attr.name.span,
            "`matrix` is a block: its axes stand in braces",
        )
        .says("expected `{` after this");
        let found = found.help(format!("write `{whole}`"));
        self.say(found);
        (ItemKind::Error, span)
    }

    fn key(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        match pair.as_rule() {
            Rule::string => self.plain_text(pair.clone(), "a key"),
            Rule::dashed => self.dashed(pair),
            Rule::dotted => {
                let span = self.span(pair);
                let written = pair.as_str();
                let (outer, last) = written.rsplit_once('.').unwrap_or(("", written));
                let help = format!("write `{} {{ {last} = … }}`", outer.replace('.', " { "));
                let found =
                    Diagnostic::error(codes::FOREIGN_FORM, span, "an attribute's name has no dots")
                        .says("dots in a name")
                        .help(if outer.contains('.') {
                            "put it into the blocks that it belongs to".to_owned()
                        } else {
                            help
                        });
                self.say(found);
                Ident {
                    text: written.to_owned(),
                    span,
                }
            }
            _ => self.ident(pair),
        }
    }

    pub(super) fn dashed(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        let span = self.span(pair);
        let text = self.without_dashes(span);
        Ident { text, span }
    }

    pub(super) fn wrong_eq(&mut self, pair: &Pair<'_, Rule>, name: Span) {
        let span = self.span(pair);
        let with = if name.end == span.start { " =" } else { "=" };
        let after = self.text[span.end as usize..].starts_with([' ', '\t', '\n', '\r']);
        let with = if after {
            with.to_owned()
        } else {
            format!("{with} ")
        };
        let message = format!("a value is set with `=`, not `{}`", pair.as_str().trim());
        let found = Diagnostic::error(codes::FOREIGN_FORM, span, message)
            .says("expected `=`")
            .fix("write `=`", span, with, pair.as_str().trim() != "+=");
        self.say(found);
    }

    /// A name that is defined here, so that expressions can use it.
    pub(super) fn new_name(&mut self, pair: &Pair<'_, Rule>) -> Ident {
        let name = self.ident(pair);
        if is_reserved(&name.text) {
            let message = format!(
                "`{}` is a word of the language and cannot be a name",
                name.text
            );
            self.say(
                Diagnostic::error(codes::SYNTAX, name.span, message)
                    .says("a word of the language")
                    .help(format!("choose another name: `{}_`", name.text)),
            );
        }
        name
    }
}

/// The axes of `matrix: clients = [1, 2]`, on one line and without doubled blanks.
fn axes_after_colon(pair: &Pair<'_, Rule>) -> Option<String> {
    let axes = pair.as_str().strip_prefix("matrix")?.trim_start();
    let axes = axes.strip_prefix(':')?;
    let (name, value) = axes.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let sets = is_name && !value.starts_with('=');
    let words: Vec<&str> = axes.split_whitespace().collect();
    sets.then(|| words.join(" "))
}
