//! Expressions: `if … then … else`, and rows of operators and operands.

use std::iter::Peekable;

use pest::iterators::Pair;

use super::ast::*;
use super::climb::Token;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use super::tokens::{Found, token_at};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// So deep may the tree of one expression be: everything that walks it recurses.
pub const MAX_LEVEL: usize = 256;

impl Builder<'_> {
    /// An expression, or what stands in its place, and the text left over after it.
    pub(super) fn value<'i>(
        &mut self,
        pairs: &mut Peekable<impl Iterator<Item = Pair<'i, Rule>>>,
        what: &str,
        place: Place,
    ) -> Expr {
        let said = self.found.len();
        let value = self.value_as_read(pairs, what, place);
        self.without_torn_text(value, said)
    }

    /// What a value holds of which a text lost its first quote is not known, and what was said of it
    /// on that line is said with the quote.
    fn without_torn_text(&mut self, value: Expr, said: usize) -> Expr {
        let (start, end) = (value.span.start as usize, value.span.end as usize);
        let first = self.torn.partition_point(|at| *at < start);
        let last = self.torn.partition_point(|at| *at <= end);
        if first >= last {
            return value;
        }
        // what is around is known but for this
        let torn: Vec<usize> = self.torn.drain(first..last).collect();
        let text = self.text;
        let one_line = |a: usize, b: usize| {
            let between = text.get(a.min(b)..a.max(b));
            between.is_some_and(|between| !between.contains('\n'))
        };
        let mut later = self.found.split_off(said);
        later.retain(|d| {
            let at = d.span().start as usize;
            let next = torn.partition_point(|quote| *quote < at);
            let near = [next.checked_sub(1), Some(next)].into_iter().flatten();
            let mut near = near.filter_map(|n| torn.get(n));
            !near.any(|quote| one_line(*quote, at))
        });
        self.found.extend(later);
        Self::broken(value.span)
    }

    fn value_as_read<'i>(
        &mut self,
        pairs: &mut Peekable<impl Iterator<Item = Pair<'i, Rule>>>,
        what: &str,
        place: Place,
    ) -> Expr {
        let Some(first) = pairs.next() else {
            return Self::broken(self.at(0, 0));
        };
        let start = self.start(&first);
        let expr = match first.as_rule() {
            Rule::expr => Some(self.expr(first)),
            _ => None,
        };
        let tail = pairs.next_if(|p| matches!(p.as_rule(), Rule::tail | Rule::trail | Rule::rest));
        let tail = tail.map(|t| self.span(&t));
        match (expr, tail) {
            (Some(expr), None) => expr,
            (Some(expr), Some(tail)) => {
                self.leftover(tail, Some(&expr), place);
                Self::broken(expr.span.to(tail))
            }
            (None, Some(tail)) if self.source(tail).starts_with('$') => {
                self.leftover(tail, None, place);
                Self::broken(tail)
            }
            (None, tail) => {
                self.expected(start, what);
                Self::broken(tail.unwrap_or(self.gap(start)))
            }
        }
    }

    /// Goes `levels` down the tree, unless that is too deep.
    pub(super) fn enter(&mut self, levels: usize, span: Span) -> bool {
        if self.level + levels > MAX_LEVEL {
            let found = Diagnostic::error(codes::TOO_DEEP, span, "this expression is too long")
                .says(format!(
                    "more than {MAX_LEVEL} operators within one another"
                ))
                .help("give a part of it a name with `let`");
            self.say(found);
            return false;
        }
        self.level += levels;
        true
    }

    pub(super) fn expr(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let whole = self.span(&pair);
        let count = pair.clone().into_inner().count();
        if !self.enter(count, whole) {
            return Self::broken(whole);
        }
        let mut ifs = Vec::new();
        let mut tokens = Vec::new();
        for part in inner(pair) {
            match part.as_rule() {
                Rule::iff | Rule::elif => ifs.push(self.branch(part)),
                _ => {
                    let sound = ifs.last().is_none_or(|branch| branch.sound);
                    self.token(part, sound, &mut tokens);
                }
            }
        }
        let mut expr = if tokens.is_empty() {
            Self::broken(whole)
        } else {
            self.climb(tokens)
        };
        for branch in ifs.into_iter().rev() {
            let span = self.at(branch.start, (expr.span.end as usize).max(branch.end));
            let kind = match branch.sound {
                true => ExprKind::If {
                    cond: Box::new(branch.cond),
                    then: Box::new(branch.then),
                    other: Box::new(expr),
                },
                false => ExprKind::Error,
            };
            expr = Expr { span, kind };
        }
        self.level -= count;
        expr
    }

    fn token(&mut self, part: Pair<'_, Rule>, sound: bool, tokens: &mut Vec<Token>) {
        match part.as_rule() {
            Rule::prefix => {
                let span = self.span(&part);
                tokens.extend(self.prefix(part.as_str().trim_end(), span));
            }
            Rule::infix | Rule::word_infix => {
                // the grammar lets it run on over blanks and a comment
                let symbol = part.as_str().split('#').next().unwrap_or("").trim();
                let start = self.start(&part);
                let span = self.at(start, start + symbol.len());
                tokens.push(Token::Infix(symbol.to_owned(), span));
            }
            Rule::operand => tokens.push(Token::Operand(self.operand(part))),
            Rule::no_value => {
                let start = self.start(&part);
                let mut span = self.at(start, start);
                if sound {
                    let place = super::tokens::end_before(self.text, start);
                    span = self.at(place, place);
                    if !self.lonely_percent(tokens.as_slice(), start) {
                        let what = match tokens.last() {
                            Some(Token::Infix(symbol, _)) => format!("a value after `{symbol}`"),
                            Some(Token::Prefix(op, _)) => {
                                format!(
                                    "a value after `{}`",
                                    if *op == UnaryOp::Not { "not" } else { "-" }
                                )
                            }
                            _ => "a value".to_owned(),
                        };
                        self.expected(start, &what);
                    }
                }
                tokens.push(Token::Operand(Self::broken(span)));
            }
            _ => {}
        }
    }

    /// `99 %`: the sign touches its number.
    fn lonely_percent(&mut self, tokens: &[Token], _at: usize) -> bool {
        let [.., Token::Operand(number), Token::Infix(symbol, sign)] = tokens else {
            return false;
        };
        if symbol != "%" || !matches!(number.kind, ExprKind::Number { unit: None, .. }) {
            return false;
        }
        let gap = self.at(number.span.end as usize, sign.start as usize);
        let found = Diagnostic::error(codes::SYNTAX, *sign, "`%` touches its number")
            .says("a blank before it")
            .fix("remove the blank", gap, "", true);
        self.say(found);
        true
    }

    /// Whether of `when if a` nothing more is said, up to a place.
    fn is_behind_when(&self, start: usize, end: Span) -> bool {
        let before = self.text[..start].trim_end().strip_suffix("when");
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let ends = match token_at(self.text, end.start as usize) {
            (.., Found::Text(next)) => matches!(next, "}" | "," | ";" | "because"),
            _ => true,
        };
        ends && before.is_some_and(|before| !before.ends_with(is_word))
    }

    /// `if … then … else`, up to what comes after `else`.
    fn branch(&mut self, pair: Pair<'_, Rule>) -> Branch {
        let mut start = self.start(&pair);
        let mut sound = true;
        let mut end = start;
        let mut values: Vec<Expr> = Vec::new();
        for part in pair.into_inner() {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::kw_elif => {
                    start = span.start as usize;
                    let found = Diagnostic::error(codes::FOREIGN_FORM, span, "expected `else if`")
                        .says("expected `else if`")
                        .fix("write `else if`", span, "else if", true);
                    self.say(found);
                }
                Rule::expr => {
                    let expr = self.expr(part);
                    end = end.max(expr.span.end as usize);
                    values.push(expr);
                }
                Rule::no_value => {
                    let what = if values.is_empty() {
                        "a condition after `if`"
                    } else {
                        "a value after `then`"
                    };
                    self.expected(span.start as usize, what);
                    values.push(Self::broken(self.gap(span.start as usize)));
                }
                Rule::no_then if values.len() == 1 && self.is_behind_when(start, span) => {
                    sound = false;
                    let gap = self.at(start, values[0].span.start as usize);
                    let message = "the condition stands right behind `when`";
                    let found =
                        Diagnostic::error(codes::FOREIGN_FORM, self.at(start, start + 2), message);
                    self.say(found.says("not needed").fix("remove `if`", gap, "", true));
                }
                Rule::no_then | Rule::no_else => {
                    sound = false;
                    let what = if part.as_rule() == Rule::no_then {
                        "`then`"
                    } else {
                        "`else`"
                    };
                    self.expected(span.start as usize, what);
                }
                _ => end = end.max(span.end as usize),
            }
        }
        let mut values = values.into_iter();
        let none = Self::broken(self.at(start, start));
        let cond = values.next().unwrap_or_else(|| none.clone());
        let then = values.next().unwrap_or(none);
        Branch {
            start,
            end,
            cond,
            then,
            sound,
        }
    }
}

struct Branch {
    start: usize,
    end: usize,
    cond: Expr,
    then: Expr,
    sound: bool,
}
