//! Checks and exclusions: `expect … when … because …`, `exclude when …`.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

impl Builder<'_> {
    pub(super) fn check(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let start = self.start(&pair);
        let mut level = CheckLevel::Expect;
        let (mut name, mut when, mut because) = (None, None, None);
        let mut expr = Self::broken(self.at(start, start));
        let mut end = start as u32;
        for part in inner(pair) {
            match part.as_rule() {
                Rule::kw_warn => {
                    level = CheckLevel::Warn;
                    end = self.span(&part).end;
                }
                Rule::kw_expect => end = self.span(&part).end,
                Rule::ident => {
                    let ident = self.ident(&part);
                    end = ident.span.end;
                    name = Some(ident);
                }
                Rule::wrong_set => {
                    let span = self.span(&part);
                    let found = Diagnostic::error(
                        codes::FOREIGN_FORM,
                        span,
                        "`=` sets an attribute: it compares nothing",
                    )
                    .says("expected `:` after a check's name, or `==`")
                    .fix("write `:`", span, ":", false)
                    .fix("write `==`", span, "==", false);
                    self.say(found);
                }
                Rule::expr => {
                    expr = self.expr(part);
                    end = expr.span.end;
                }
                Rule::no_value => {
                    self.expected(self.start(&part), "a condition");
                    expr = Self::broken(self.at(end as usize, end as usize));
                }
                Rule::when_clause => {
                    let span = self.span(&part);
                    let value = self.clause(part, "a condition after `when`");
                    end = value.span.end;
                    if because.is_some() && when.is_none() {
                        let found = Diagnostic::error(
                            codes::SYNTAX,
                            span,
                            "`when` stands before `because`",
                        )
                        .says("expected before `because`")
                        .help("move it before `because`");
                        self.say(found);
                    }
                    self.once(
                        when.replace(value),
                        span,
                        "when",
                        "join the conditions with `and`",
                    );
                }
                Rule::because_clause => {
                    let span = self.span(&part);
                    let value = self.clause(part, "a reason in quotes after `because`");
                    end = value.span.end;
                    if !matches!(value.kind, ExprKind::Str(_) | ExprKind::Error) {
                        let found = self.no_reason(&value);
                        self.say(found);
                    }
                    self.once(because.replace(value), span, "because", "write one reason");
                }
                Rule::tail => {
                    let span = self.span(&part);
                    self.leftover(span, Some(&expr), Place::Check);
                    end = span.end;
                    expr = Self::broken(expr.span);
                }
                _ => {}
            }
        }
        (
            ItemKind::Check(Box::new(Check {
                level,
                name,
                expr,
                when,
                because,
            })),
            end,
        )
    }

    fn clause(&mut self, pair: Pair<'_, Rule>, what: &str) -> Expr {
        self.value(&mut inner(pair).peekable(), what, Place::Check)
    }

    fn once(&mut self, before: Option<Expr>, span: Span, word: &str, help: &str) {
        if let Some(before) = before {
            let found = Diagnostic::error(codes::SYNTAX, span, format!("a check has one `{word}`"))
                .says("the second")
                .label(before.span, "the first")
                .help(help);
            self.say(found);
        }
    }

    /// Of what stands behind `because` and is no text: `why`, or the `f` of `f"…"`.
    fn no_reason(&self, value: &Expr) -> Diagnostic {
        let word = self.source(value.span);
        let is_name = matches!(value.kind, ExprKind::Name(_));
        let behind = &self.text[value.span.end as usize..];
        if is_name && behind.starts_with(['"', '\'']) {
            let message = format!("a text has no `{word}` before its quotes");
            return Diagnostic::error(codes::FOREIGN_FORM, value.span, message)
                .says("remove this")
                .help("every text in `\"…\"` takes `${…}`; one in `'…'` is as it stands")
                .fix(format!("remove `{word}`"), value.span, "", false);
        }
        let found = Diagnostic::error(codes::SYNTAX, value.span, "a reason is a text in quotes")
            .says("not in quotes")
            .help("put it in quotes: because \"…\"");
        match is_name {
            true => found.help(format!(
                "the value of a name stands in it so: \"${{{word}}}\""
            )),
            false => found,
        }
    }

    pub(super) fn exclude(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let end = self.start(&pair) as u32 + "exclude".len() as u32;
        let mut pairs = inner(pair).peekable();
        if let Some(wrong) = pairs.next_if(|p| p.as_rule() == Rule::wrong_when) {
            let span = self.span(&wrong);
            let found =
                Diagnostic::error(codes::FOREIGN_FORM, span, "expected `when` after `exclude`")
                    .says("expected `when`")
                    .fix("write `when`", span, "when", wrong.as_str() != "unless");
            self.say(found);
        } else if pairs.next_if(|p| p.as_rule() == Rule::no_when).is_some() {
            let place = self.at(end as usize, end as usize);
            let found = Diagnostic::error(codes::SYNTAX, place, "expected `when` after `exclude`")
                .says("expected `when`")
                .fix("put `when` here", place, " when", true);
            self.say(found);
            if pairs.peek().is_some_and(|p| p.as_rule() == Rule::no_value) {
                return (ItemKind::Error, end);
            }
        }
        let value = self.value(&mut pairs, "a condition after `when`", Place::Line);
        let end = value.span.end;
        (ItemKind::Exclude(value), end)
    }
}
