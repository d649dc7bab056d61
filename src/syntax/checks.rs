//! Checks and exclusions: `expect … when … because …`, `exclude when …`.

use pest::iterators::Pair;

use super::ast::*;
use super::forms::rightmost;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use super::tokens::{Found, token_at};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

impl Builder<'_> {
    pub(super) fn check(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let start = self.start(&pair);
        let mut level = CheckLevel::Expect;
        let (mut name, mut when, mut because) = (None, None, None);
        let mut expr = Self::broken(self.at(start, start));
        let mut end = start as u32;
        let mut left = None;
        let mut unquoted = false;
        for part in inner(pair) {
            match part.as_rule() {
                Rule::kw_warn => {
                    level = CheckLevel::Warn;
                    end = self.span(&part).end;
                }
                Rule::kw_expect => end = self.span(&part).end,
                Rule::lone_colon => {
                    let gap = self.at(end as usize, self.span(&part).end as usize);
                    end = gap.end;
                    self.no_name_before(gap);
                }
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
                        // of a quote that is missing before it was told
                        if !self.is_torn(span) {
                            let found = self.no_reason(&value);
                            self.say(found);
                        }
                        unquoted = true;
                    }
                    self.once(because.replace(value), span, "because", "write one reason");
                }
                Rule::tail => {
                    let span = self.span(&part);
                    end = span.end;
                    left = Some((span, because.is_some()));
                }
                _ => {}
            }
        }
        if let Some((span, reasoned)) = left {
            match self.second_condition(span, when.is_some(), reasoned) {
                // the rest of `because it is so` is part of the same mistake
                _ if reasoned && unquoted => {}
                Some(found) if rightmost(&expr).kind != ExprKind::Error => self.say(found),
                _ if reasoned => self.leftover(span, because.as_ref(), Place::Clause),
                _ => match when.as_mut().filter(|when| when.span.end <= span.start) {
                    Some(when) => {
                        self.leftover(span, Some(when), Place::Clause);
                        *when = Self::broken(when.span);
                    }
                    None => self.leftover(span, Some(&expr), Place::Check),
                },
            }
            expr = Self::broken(expr.span);
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

    /// `expect: a < b`
    fn no_name_before(&mut self, gap: Span) {
        let colon = self.at(gap.end as usize - 1, gap.end as usize);
        let rest = &self.text[gap.end as usize..];
        if rest
            .trim_start_matches([' ', '\t'])
            .starts_with(['\n', '}', ';'])
            || rest.is_empty()
        {
            // that there is no condition is what is said
            return;
        }
        let blank = if rest.starts_with([' ', '\t']) {
            ""
        } else {
            " "
        };
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            colon,
            "a `:` stands behind a check's name, and this has none",
        )
        .says("no name before it")
        .help("with a name it is `expect name: …`")
        .fix("remove `:`", gap, blank, true);
        self.say(found);
    }

    /// `if` where a check has its `when` already, or its reason: what is left over with one more
    /// `when` would not be a check either.
    fn second_condition(&self, left: Span, when: bool, reasoned: bool) -> Option<Diagnostic> {
        let mut tokens = self.words_of(left);
        let at = tokens.next().filter(|at| self.source(*at) == "if")?;
        let next = tokens.next()?;
        let found = |message: &str| Diagnostic::error(codes::FOREIGN_FORM, at, message);
        if self.source(next) == "when" && !when {
            let gap = self.at(at.start as usize, next.start as usize);
            let found = found("a check's condition starts with `when` alone").says("not needed");
            return Some(found.fix("remove `if`", gap, "", true));
        }
        let mut others = std::iter::once(next).chain(tokens);
        let (mut again, mut choice) = (false, false);
        others.by_ref().for_each(|other| {
            again |= self.source(other) == "when";
            choice |= self.source(other) == "else";
        });
        if choice && !reasoned {
            return None;
        }
        if when || again {
            let found = found("a check has one condition, which starts with `when`");
            return Some(found.says("a second one").help("join both: when a and b"));
        }
        let found = found("a check's condition starts with `when`, and stands before `because`");
        reasoned.then(|| {
            found
                .says("expected before `because`")
                .help("write it so: … when … because \"…\"")
        })
    }

    /// The places of the tokens of a text on one line.
    fn words_of(&self, span: Span) -> impl Iterator<Item = Span> {
        let mut from = span.start as usize;
        std::iter::from_fn(move || {
            let (start, end, found) = token_at(self.text, from);
            from = end;
            let inside = end <= span.end as usize && matches!(found, Found::Text(_));
            inside.then(|| self.at(start, end))
        })
    }

    /// Whether a text without its first quote ends on the line of a clause.
    fn is_torn(&self, clause: Span) -> bool {
        let start = clause.start as usize;
        let next = self.torn.get(self.torn.partition_point(|at| *at < start));
        next.is_some_and(|at| !self.text[start..*at].contains('\n'))
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
        let found = |at: Span| {
            Diagnostic::error(codes::SYNTAX, at, "a reason is a text in quotes")
                .says("not in quotes")
        };
        if let Some(words) = self.words_at(value.span) {
            let quoted = format!("\"{}\"", self.source(words));
            return found(words).fix("put it in quotes", words, quoted, true);
        }
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
        let found = found(value.span).help("put it in quotes: because \"…\"");
        match is_name {
            true => found.help(format!(
                "the value of a name stands in it so: \"${{{word}}}\""
            )),
            false => found,
        }
    }

    /// `because it is so`: the rest of the line from a value on, where that is several words and
    /// nothing else.
    fn words_at(&self, value: Span) -> Option<Span> {
        let start = value.start as usize;
        let rest = &self.text[start..];
        let of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '\'' | ' ');
        let words = rest.find(|c| !of_word(c)).map_or(rest, |end| &rest[..end]);
        let behind = &rest[words.len()..];
        let words = words.trim_end();
        let is_word = |word: &str| {
            word.starts_with(char::is_alphanumeric) && !["when", "because", "if"].contains(&word)
        };
        let whole = (behind.is_empty() || behind.starts_with(['\n', '\r', '#', '}']))
            && value.end as usize <= start + words.len()
            && words.contains(' ')
            && words.split_whitespace().all(is_word);
        whole.then(|| self.at(start, start + words.len()))
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
        let value = self.value(&mut pairs, "a condition after `when`", Place::Exclusion);
        let end = value.span.end;
        (ItemKind::Exclude(value), end)
    }
}
