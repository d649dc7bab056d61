//! A statement that goes on below with an operator, or a check with `if`: one mistake, and what is cut off is broken.

use pest::iterators::Pair;

use super::ast::*;
use super::forms::rightmost;
use super::grammar::{Builder, Rule};
use super::leftover::{OPERATORS, Place};
use super::tokens::{Found, token_at};
use crate::diagnostics::{Diagnostic, Fix, codes};

impl Builder<'_> {
    /// Whether broken text is the rest of the statement before, which ended before its operator.
    /// Says so, and lets nothing more be said of what that statement holds.
    pub(super) fn goes_on_below(&mut self, last: Option<&mut Item>, rest: &Pair<'_, Rule>) -> bool {
        let span = self.span(rest);
        let (start, end, Found::Text(token)) = token_at(self.text, span.start as usize) else {
            return false;
        };
        let Some(last) = last.filter(|_| OPERATORS.contains(&token)) else {
            return false;
        };
        let before = last.span.end as usize;
        let starts_line = |between: &str| {
            let (_, indent) = between.rsplit_once('\n')?;
            indent.trim().is_empty().then_some(())
        };
        let between = self.text.get(before..start).and_then(starts_line);
        let Some(value) = last_value(last).filter(|_| between.is_some()) else {
            return false;
        };
        // what stands before is whole, whatever is meant here
        if self.text[start..].starts_with("--") {
            let dashes = self.at(start, start + 2);
            let found =
                Diagnostic::error(codes::FOREIGN_FORM, dashes, "a line cannot start with `--`")
                    .says("no comment, and nothing before it")
                    .help("a comment starts with `#`")
                    .fix("write `#`", dashes, "#", false);
            self.say(found);
            return true;
        }
        value.kind = ExprKind::Error;
        last.span = last.span.to(span);
        let mut found = Diagnostic::error(
            codes::SYNTAX,
            self.at(start, end),
            format!("a line cannot start with `{token}`"),
        )
        .says("nothing before it")
        .help(format!(
            "an expression goes on after an operator: end the line before with `{token}`"
        ));
        // a dot with what it reads is no operator between two values
        if let (right, _, Found::Text(_)) = token_at(self.text, end)
            && token != "."
        {
            found.fixes.push(Fix {
                title: "move it to the line above".to_owned(),
                edits: vec![
                    (self.at(before, before), format!(" {token}")),
                    (self.at(start, right), String::new()),
                ],
                safe: true,
            });
        }
        self.say(found);
        true
    }
}

impl Builder<'_> {
    /// Whether broken text is `if …` where the `when` of the check before may stand: says so.
    pub(super) fn condition_below(
        &mut self,
        last: Option<&mut Item>,
        rest: &Pair<'_, Rule>,
    ) -> bool {
        let span = self.span(rest);
        let (start, end, Found::Text("if")) = token_at(self.text, span.start as usize) else {
            return false;
        };
        let Some((check, whole)) = last.and_then(|item| match &mut item.kind {
            ItemKind::Check(check) => Some((check, &mut item.span)),
            _ => None,
        }) else {
            return false;
        };
        let words = || self.source(span).split_whitespace();
        let choice = words().any(|word| matches!(word, "then" | "else"));
        let whole_before = check.when.is_none()
            && check.because.is_none()
            && rightmost(&check.expr).kind != ExprKind::Error;
        if choice || words().count() < 2 || !whole_before {
            return false;
        }
        let at = self.at(start, end);
        let found = self.choice_after(at, span, None, Place::Check);
        check.when = Some(Self::broken(span));
        *whole = whole.to(span);
        found.into_iter().for_each(|found| self.say(found));
        true
    }

    /// Whether what stands here is a `when` or `because` of the check before, which was cut off.
    pub(super) fn clause_below(&self, last: Option<&mut Item>, rest: &Pair<'_, Rule>) -> bool {
        let word = rest.as_str();
        let word = &word[..word
            .find(|c: char| !c.is_alphanumeric())
            .unwrap_or(word.len())];
        let is_clause = matches!(rest.as_rule(), Rule::bad_item | Rule::block)
            && ["when", "because"].contains(&word);
        let check = last.filter(|item| is_clause && matches!(item.kind, ItemKind::Check(_)));
        let found = check.is_some();
        if let Some(check) = check {
            check.span = check.span.to(self.span(rest));
        }
        found
    }
}

/// The value that a statement ends with, where an operator can follow.
fn last_value(item: &mut Item) -> Option<&mut Expr> {
    match &mut item.kind {
        ItemKind::Attr(one) => Some(&mut one.value),
        ItemKind::Let(one) | ItemKind::Param(one) => Some(&mut one.value),
        ItemKind::Exclude(value) => Some(value),
        ItemKind::Check(check) if check.because.is_none() => {
            let Check { expr, when, .. } = &mut **check;
            Some(when.as_mut().unwrap_or(expr))
        }
        _ => None,
    }
}
