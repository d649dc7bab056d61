//! Things in a row, and what separates them.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::LABELLED;
use super::tokens::Found;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Watches over the separators between things in a row.
#[derive(Default)]
pub(super) struct Row {
    /// Where the thing before ends, if no separator came since.
    before: Option<usize>,
    pub(super) comma: bool,
    any: bool,
}

impl Row {
    /// Where the thing before ends, if a separator is due.
    pub fn before(&self) -> Option<usize> {
        self.before
    }

    pub fn follow(&mut self, span: Span) {
        *self = Self {
            before: Some(span.end as usize),
            comma: false,
            any: true,
        };
    }

    /// After broken text no separator is asked for.
    pub fn after_junk() -> Self {
        Self {
            before: None,
            comma: false,
            any: true,
        }
    }
}

impl Builder<'_> {
    pub(super) fn comma(&mut self, row: &mut Row, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        if row.comma || !row.any {
            let found = Diagnostic::error(codes::SYNTAX, span, "nothing stands before this `,`")
                .says("one too many")
                .fix("remove it", span, "", true);
            self.say(found);
        }
        *row = Row {
            before: None,
            comma: true,
            any: true,
        };
    }

    pub(super) fn semicolon(&mut self, row: &mut Row, pair: &Pair<'_, Rule>) {
        let span = self.span(pair);
        let next = super::tokens::token_at(self.text, span.end as usize).2;
        let ends = !matches!(next, Found::Text(token) if token != "}");
        let (title, with) = if ends {
            ("remove it", "")
        } else {
            ("write `,`", ",")
        };
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "statements end with their line, or with `,`",
        )
        .says("no `;` here")
        .fix(title, span, with, true);
        self.say(found);
        *row = Row {
            before: None,
            comma: false,
            any: true,
        };
    }

    /// Two statements on one line need a comma.
    pub(super) fn separated(&mut self, row: &Row, start: usize, bad: bool) {
        let Some(before) = row.before else { return };
        if bad
            || self
                .text
                .get(before..start)
                .is_none_or(|between| between.contains('\n'))
        {
            return;
        }
        // what cannot be read may end elsewhere than it seems
        if self.is_unread(start) {
            return;
        }
        let place = self.at(before, before);
        let (start, end, _) = super::tokens::token_at(self.text, start);
        let found = Diagnostic::error(
            codes::SYNTAX,
            self.at(start, end),
            "expected a new line or `,` before this",
        )
        .says("a second statement on the line")
        .fix("put `,` between", place, ",", true);
        self.say(found);
    }

    /// `columns = a: x, b: y`: said once, for the first.
    pub(super) fn is_labelled(&self, start: usize, pair: &Pair<'_, Rule>) -> bool {
        let colon = || {
            let sign = inner(pair.clone()).nth(1);
            sign.is_some_and(|p| p.as_rule() == Rule::wrong_eq && p.as_str().trim() == ":")
        };
        let said = self.found.last().filter(|d| d.message == LABELLED);
        said.is_some_and(|d| self.one_line(d.span(), start)) && colon()
    }

    /// `expect ok a.failed = 0`, of which it was said that it cannot be read.
    pub(super) fn ends_a_check(&self, row: &Row, before: Option<&Item>, start: usize) -> bool {
        let check = before.is_some_and(|item| matches!(item.kind, ItemKind::Check(_)));
        check && row.before().is_some() && self.is_unread(start)
    }

    /// Whether something on the line before a place could not be read.
    fn is_unread(&self, start: usize) -> bool {
        let last = self.found.last().filter(|d| d.code == codes::SYNTAX.0);
        last.is_some_and(|d| self.one_line(d.span(), start))
    }

    fn one_line(&self, from: Span, to: usize) -> bool {
        let between = self.text.get(from.end as usize..to);
        between.is_some_and(|between| !between.contains('\n'))
    }
}
