//! Blocks, and what looks like one.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use super::starts::{FOR_USE, with_use};
use super::tokens::{Found, shorten, token_at};
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;

/// With what other languages give a value a name.
const LET_WORDS: [&str; 7] = ["const", "var", "val", "local", "set", "define", "auto"];

impl Builder<'_> {
    pub(super) fn block(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let start = self.start(&pair);
        let has_body = pair
            .clone()
            .into_inner()
            .all(|p| p.as_rule() != Rule::no_body);
        let mut kind = None;
        let (mut name, mut extends) = (None, None);
        let mut body = Vec::new();
        let mut end = start as u32;
        let said = self.found.len();
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::ident if kind.is_none() => kind = Some(self.ident(&part)),
                Rule::dashed | Rule::string if !has_body => {
                    name = Some(Ident {
                        text: String::new(),
                        span,
                    })
                }
                Rule::ident | Rule::dashed | Rule::string => name = Some(self.block_name(part)),
                Rule::path => extends = Some(self.path(&part)),
                Rule::no_name => {
                    self.no_name(&part, "the block that it extends");
                }
                Rule::allman => {
                    let brace = self.text[span.start as usize..]
                        .find('{')
                        .map_or(end as usize, |n| n + span.start as usize);
                    let gap = self.at(end as usize, brace);
                    let mut found = Diagnostic::error(
                        codes::SYNTAX,
                        self.at(brace, brace + 1),
                        "a block's `{` stands on its first line",
                    )
                    .says("expected on the line above");
                    if self.source(gap).trim().is_empty() {
                        found = found.fix("join the lines", gap, " ", true);
                    }
                    self.say(found);
                }
                Rule::body => {
                    let kind = kind.as_ref().and_then(|kind| schema::kind(&kind.text));
                    let around = std::mem::replace(&mut self.around, kind);
                    body = self.items(part.into_inner());
                    self.around = around;
                    end = span.end;
                }
                Rule::no_body => {
                    if let Some(attr) = self.attr_without_sign(start) {
                        let value = attr.value.span;
                        let (name, second) = (&attr.name, self.source(value));
                        let found = self.without_sign(&name.text, name.span, second, value);
                        self.found.truncate(said);
                        self.say(found);
                        return (ItemKind::Attr(attr), value.end.max(end));
                    }
                    self.bodiless(self.at(start, end as usize), kind.as_ref(), name.as_ref());
                    return (ItemKind::Error, end);
                }
                _ => {}
            }
            end = end.max(span.end);
        }
        if let (Some(axis), Some(sign)) = (&kind, &name)
            && sign.text == "in"
            && schema::kind(&axis.text).is_none()
        {
            self.found.truncate(said);
            self.say(axis_in_braces(axis, sign));
            let value = Self::broken(self.at(sign.span.end as usize, end as usize));
            let name = axis.clone();
            return (ItemKind::Attr(Attr { name, value }), end);
        }
        let bare = name.is_none() && extends.is_none();
        if let Some(kind) = kind.as_ref().filter(|_| bare)
            && is_value(&kind.text, &body)
        {
            self.found.truncate(said);
            self.say(braces_for_a_value(kind));
            return (ItemKind::Error, end);
        }
        match kind {
            Some(kind) => (
                ItemKind::Block(Block {
                    kind,
                    name,
                    extends,
                    body,
                }),
                end,
            ),
            None => (ItemKind::Error, end),
        }
    }

    /// `requests 20`: an attribute of the block around, whose value is not known. The value's line
    /// is told of where it is said that the sign is missing.
    pub(super) fn attr_without_sign(&self, start: usize) -> Option<Attr> {
        let (first, end, word) = token_at(self.text, start);
        let Found::Text(word) = word else { return None };
        let known = self.around?;
        let named = known.free.is_some() || known.attribute(word).is_some();
        let (at, value_end, value) = token_at(self.text, end);
        let Found::Text(value) = value else {
            return None;
        };
        let is_value = value.starts_with(|c: char| c.is_ascii_digit() || "\"'[".contains(c))
            || matches!(value, "true" | "false" | "none")
            || known.attribute(word).is_some()
                && value.starts_with(|c: char| c.is_ascii_alphabetic());
        let of_name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let attr = || Attr {
            name: Ident {
                text: word.to_owned(),
                span: self.at(first, end),
            },
            value: Self::broken(self.at(at, value_end)),
        };
        (named && of_name && is_value && !is_reserved(word)).then(attr)
    }

    fn block_name(&mut self, pair: Pair<'_, Rule>) -> Ident {
        match pair.as_rule() {
            Rule::dashed => self.dashed(&pair),
            Rule::string => {
                let name = self.plain_text(pair, "a name");
                let is_name = name
                    .text
                    .starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                    && name
                        .text
                        .chars()
                        .all(|c| c.is_ascii_alphanumeric() || c == '_');
                let mut found = Diagnostic::error(
                    codes::FOREIGN_FORM,
                    name.span,
                    "a block's name stands without quotes",
                )
                .says("in quotes");
                found = match is_name {
                    true => found.fix("remove the quotes", name.span, name.text.clone(), true),
                    false => found.help("a name is made of letters, digits and `_`"),
                };
                self.say(found);
                name
            }
            _ => self.new_name(&pair),
        }
    }

    /// `kind name` and nothing more.
    fn bodiless(&mut self, span: Span, kind: Option<&Ident>, name: Option<&Ident>) {
        let word = kind.map_or("", |k| k.text.as_str());
        if FOR_USE.contains(&word) {
            self.say(with_use(word, kind.map_or(span, |kind| kind.span)));
            return;
        }
        let place = self.at(span.end as usize, span.end as usize);
        let what = if name.is_some() {
            "`{`"
        } else {
            "a name or `{`"
        };
        let mut found = Diagnostic::error(
            codes::MISSING_BODY,
            place,
            format!("expected {what} after `{}`", self.source(span)),
        )
        .says("expected `{`")
        .label(span, "this starts a block");
        if ["assert", "check", "ensure", "require", "should"].contains(&word) {
            found = found.help("a condition that must hold starts with `expect`");
        } else {
            found = found.fix("give it a body", place, " {}", false);
        }
        self.say(found);
    }

    /// `const x = 1`, `server sut = { … }`
    pub(super) fn binding_like(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let mut pairs = inner(pair).peekable();
        let (Some(first), Some(second)) = (pairs.next(), pairs.next()) else {
            return (ItemKind::Error, 0);
        };
        let (word, name) = (self.span(&first), self.span(&second));
        let value = self.value(&mut pairs, "a value after `=`", Place::Line);
        let end = value.span.end.max(name.end);
        let written = first.as_str();
        let found = if LET_WORDS.contains(&written) {
            Diagnostic::error(codes::FOREIGN_FORM, word, "a value gets a name with `let`")
                .says("expected `let`")
                .fix("write `let`", word, "let", true)
        } else if matches!(value.kind, ExprKind::Record(_)) {
            let gap = self.at(name.end as usize, value.span.start as usize);
            let message = format!(
                "a block has no `=`: `{written} {} {{ … }}`",
                self.source(name)
            );
            Diagnostic::error(codes::FOREIGN_FORM, gap, message)
                .says("remove `=`")
                .fix("remove `=`", gap, " ", true)
        } else if schema::kind(written).is_some() {
            let head = format!("{written} {}", self.source(name));
            let inside = match (&value.kind, written) {
                (ExprKind::List(_), "suite") => {
                    let scenarios = shorten(self.source(value.span));
                    format!("scenarios = {scenarios}")
                }
                _ => "…".to_owned(),
            };
            let sign = self.at(name.end as usize, value.span.start as usize);
            let message = format!("a `{written}` is a block, and no value");
            Diagnostic::error(codes::FOREIGN_FORM, sign, message)
                .says("expected `{`")
                .help(format!("write `{head} {{ {inside} }}`"))
        } else {
            Diagnostic::error(
                codes::SYNTAX,
                word.to(name),
                "an attribute has one name before `=`",
            )
            .says("two names")
            .help("an attribute is `name = value`; a value of your own is `let name = …`")
        };
        self.say(found);
        let is_value =
            !matches!(value.kind, ExprKind::Record(_)) && second.as_rule() == Rule::ident;
        match is_value && LET_WORDS.contains(&written) {
            true => (
                ItemKind::Let(Binding {
                    name: self.ident(&second),
                    value,
                }),
                end,
            ),
            false => (ItemKind::Error, end),
        }
    }
}

/// Whether what is written as a block is an attribute: `accept { contains(answer, "a") }`.
fn is_value(name: &str, body: &[Item]) -> bool {
    let attribute = || schema::kinds().any(|kind| kind.attribute(name).is_some());
    !body.is_empty()
        && body.iter().all(|item| matches!(item.kind, ItemKind::Error))
        && schema::kind(name).is_none()
        && attribute()
}

/// `matrix { c in {0, 1} }`
fn axis_in_braces(axis: &Ident, sign: &Ident) -> Diagnostic {
    let message = format!("`{}` takes its values with `=`", axis.text);
    Diagnostic::error(codes::FOREIGN_FORM, sign.span, message)
        .says("expected `=`")
        .help(format!(
            "write `{} = […]`: a list stands in `[…]`",
            axis.text
        ))
}

fn braces_for_a_value(name: &Ident) -> Diagnostic {
    let message = format!("`{}` is an attribute, and no block", name.text);
    Diagnostic::error(codes::FOREIGN_FORM, name.span, message)
        .says("expected `=` after this")
        .help(format!("write `{} = …`, without braces", name.text))
}
