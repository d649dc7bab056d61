//! Numbers and choices as other languages write them.

use super::ast::{Expr, ExprKind};
use super::grammar::Builder;
use super::leftover::Place;
use super::tokens::shorten;
use crate::diagnostics::{Diagnostic, Fix, codes};
use crate::source::Span;

impl Builder<'_> {
    pub(super) fn number_forms(
        &self,
        token: &str,
        at: Span,
        before: Option<&Expr>,
    ) -> Option<Diagnostic> {
        let digits = token.starts_with(|c: char| c.is_ascii_digit());
        let start = at.start as usize;
        if digits && let Some(first) = self.group_before(start) {
            return Some(self.grouped_number(first));
        }
        let before = rightmost(before?);
        let ExprKind::Number {
            unit: Some(unit), ..
        } = &before.kind
        else {
            return None;
        };
        // `5%3`
        if unit.text != "%" || !digits || before.span.end != at.start {
            return None;
        }
        let number = self.source(before.span).trim_end_matches('%');
        let text = format!("mod({number}, {token})");
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            unit.span,
            "the remainder is `mod(a, b)`",
        )
        .says("`%` is the unit of a percentage")
        .fix("call `mod`", before.span.to(at), text, true);
        Some(found)
    }

    /// Texts without quotes, or with too many, and a check's name without its colon.
    pub(super) fn text_forms(
        &self,
        token: &str,
        at: Span,
        before: &Expr,
        place: Place,
    ) -> Option<Diagnostic> {
        let touches = before.span.end == at.start;
        let first = token.chars().next()?;
        if touches && matches!(first, '"' | '\'') && matches!(before.kind, ExprKind::Name(_)) {
            let prefix = self.source(before.span);
            let found = Diagnostic::error(
                codes::FOREIGN_FORM,
                before.span,
                format!("a text has no `{prefix}` before its quotes"),
            )
            .says("remove this")
            .help("every text in `\"…\"` takes `${…}`; one in `'…'` is as it stands");
            // its values would become plain words in `'…'`
            let takes_values = matches!(prefix, "f" | "F") && first == '\'' && token.contains('{');
            if !takes_values {
                return Some(found.fix(format!("remove `{prefix}`"), before.span, "", false));
            }
            let inside = token.trim_matches('\'');
            return Some(match inside.contains(['"', '\\']) {
                true => found,
                false => {
                    let text = format!("\"{inside}\"");
                    found.fix("write it in `\"…\"`", before.span.to(at), text, false)
                }
            });
        }
        if touches && self.texts_touch(at.start as usize, at.start as usize) {
            return Some(touching(at, token));
        }
        if touches && matches!(before.kind, ExprKind::Str(_)) && first.is_alphanumeric() {
            return Some(
                Diagnostic::error(codes::SYNTAX, at, format!("the text ends before `{token}`"))
                    .label(before.span, "this is the whole text")
                    .says("outside of the quotes")
                    .help("inside a text a quote is written `\\\"`; or the whole stands in `'…'`"),
            );
        }
        if let ExprKind::Number {
            unit: Some(unit), ..
        } = &rightmost(before).kind
            && unit.text == "x"
        {
            return Some(
                Diagnostic::error(
                    codes::FOREIGN_FORM,
                    unit.span,
                    "the operator is `*`, not `x`",
                )
                .says("expected `*`")
                .fix("write `*`", unit.span, "*", false),
            );
        }
        match (&before.kind, place) {
            (ExprKind::Name(name), Place::Check) if first.is_ascii_alphabetic() => Some(
                Diagnostic::error(
                    codes::SYNTAX,
                    at,
                    format!("expected `:` or an operator after `{name}`, found `{token}`"),
                )
                .says("expected `:` before this")
                .help(format!("a check's name ends with `:`: `expect {name}: …`"))
                .fix(
                    "put `:` after the name",
                    self.at(before.span.end as usize, before.span.end as usize),
                    ":",
                    false,
                ),
            ),
            _ => None,
        }
    }

    /// `'it''s'`: one text ends where the next starts.
    pub(super) fn texts_touch(&self, before: usize, start: usize) -> bool {
        let quotes = ['"', '\''];
        let texts = self
            .text
            .get(..start)
            .is_some_and(|head| head.ends_with(quotes))
            && self.text[start..].starts_with(quotes);
        before == start && texts
    }

    /// Says what `"say ""hi"" now"` means, once for all its parts.
    pub(super) fn touching_texts(&mut self, at: Span) {
        let said = |d: &Diagnostic| d.message.starts_with(ENDS_BEFORE) && d.span().end == at.start;
        match self.found.last_mut().filter(|d| said(d)) {
            Some(last) => {
                if let Some(label) = last.labels.first_mut() {
                    label.span = label.span.to(at);
                }
            }
            None => {
                let found = touching(at, self.source(at));
                self.say(found);
            }
        }
    }

    /// Where a number starts of which what stands here is a group: `000` in `1,000`.
    pub(super) fn group_before(&self, at: usize) -> Option<usize> {
        let group = &self.text.as_bytes()[at..];
        let digits = group.iter().take_while(|b| b.is_ascii_digit()).count();
        let head = self.text[..at].strip_suffix(',')?;
        let first = head.len() - head.bytes().rev().take_while(u8::is_ascii_digit).count();
        (digits == 3 && first < head.len()).then_some(first)
    }

    /// `1,000,000`: said once, for its first group.
    pub(super) fn grouped_number(&self, first: usize) -> Diagnostic {
        let digits = |from: usize| {
            let bytes = self.text.as_bytes()[from..].iter();
            from + bytes.take_while(|b| b.is_ascii_digit()).count()
        };
        let mut end = digits(first);
        let mut commas = Vec::new();
        while self.text[end..].starts_with(',') && self.group_before(end + 1).is_some() {
            commas.push((self.at(end, end + 1), String::new()));
            end = digits(end + 1);
        }
        let mut found = Diagnostic::error(
            codes::FOREIGN_FORM,
            self.at(first, end),
            "a number is written without `,`",
        )
        .says("`,` ends the value")
        .help("large numbers can be grouped with `_`: `1_000`");
        found.fixes.push(Fix {
            title: "remove `,`".to_owned(),
            edits: commas,
            safe: true,
        });
        found
    }

    /// `0777`, which other languages read as octal, and `000` of `[1,000]`.
    pub(super) fn leading_zero(&mut self, span: Span, digits: &str, value: ExprKind) -> ExprKind {
        let start = span.start as usize;
        let mut first = start;
        while let Some(before) = self.group_before(first) {
            first = before;
        }
        let is_group = first < start && self.text[first..].find(',').is_some_and(|at| at <= 3);
        if is_group {
            let found = self.grouped_number(first);
            let said = |last: &Diagnostic| last.span() == found.span();
            if !self.found.last().is_some_and(said) {
                self.say(found);
            }
            return ExprKind::Error;
        }
        let number = self.at(start, start + digits.len());
        let plain = match digits.trim_start_matches(['0', '_']) {
            rest if rest.starts_with(|c: char| c.is_ascii_digit()) => rest.to_owned(),
            rest => format!("0{rest}"),
        };
        let found = Diagnostic::error(
            codes::BAD_NUMBER,
            number,
            "a number does not begin with a `0` that means nothing",
        )
        .says("numbers are decimal: this is no octal one")
        .fix(format!("write `{plain}`"), number, plain, false);
        self.say(found);
        value
    }

    /// `c ? a : b`
    pub(super) fn ternary(&self, at: Span, span: Span, before: Option<&Expr>) -> Diagnostic {
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            at,
            "a choice has the form `if a then b else c`",
        )
        .says("no `?` here");
        let parts = self
            .source(span)
            .strip_prefix('?')
            .and_then(|rest| split_outside(rest, ':'));
        match (before, parts) {
            (Some(cond), Some((a, b))) if !b.contains(['?', '#', '\n']) && !a.contains('?') => {
                let text = format!(
                    "if {} then {} else {}",
                    self.source(cond.span),
                    a.trim(),
                    b.trim()
                );
                found.fix("write `if … then … else`", cond.span.to(span), text, true)
            }
            _ => found.help("put `if` before the condition, `then` and `else` between"),
        }
    }

    /// `a if c else b`, and `if` where a check has `when`.
    pub(super) fn choice_after(
        &self,
        at: Span,
        span: Span,
        before: Option<&Expr>,
        place: Place,
    ) -> Option<Diagnostic> {
        let rest = self.source(span).strip_prefix("if")?;
        if let (Some((cond, other)), Some(value)) = (rest.split_once(" else "), before) {
            let found = Diagnostic::error(
                codes::FOREIGN_FORM,
                at,
                "a choice has the form `if a then b else c`",
            )
            .says("the condition comes first");
            let simple = !rest.contains(['#', '\n', '"'])
                && !format!("{rest} ").contains(" for ")
                && !other.contains(" if ");
            if !simple {
                return Some(found.help("put the condition first"));
            }
            let text = format!(
                "if {} then {} else {}",
                cond.trim(),
                self.source(value.span),
                other.trim()
            );
            return Some(found.fix("write `if … then … else`", value.span.to(span), text, true));
        }
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            at,
            "a choice has the form `if a then b else c`",
        );
        Some(match place {
            Place::Check => Diagnostic::error(
                codes::FOREIGN_FORM,
                at,
                "a check's condition starts with `when`",
            )
            .says("expected `when`")
            .fix("write `when`", at, "when", true),
            Place::Exclusion => Diagnostic::error(
                codes::FOREIGN_FORM,
                at,
                "an exclusion has one condition, which starts with `when`",
            )
            .says("a second one")
            .help("join both: exclude when a and b"),
            _ => found
                .says("no value without `else`")
                .help("say what the value is otherwise, too"),
        })
    }
}

/// Of texts that touch each other.
const ENDS_BEFORE: &str = "the text ends before";

fn touching(at: Span, token: &str) -> Diagnostic {
    let help = match token.starts_with('\'') {
        true => "a text in `'…'` holds no `'`: write `\"it's\"`",
        false => "inside a text a quote is written `\\\"`; or the whole stands in `'…'`",
    };
    let message = format!("{ENDS_BEFORE} `{}`", shorten(token));
    Diagnostic::error(codes::SYNTAX, at, message)
        .says("another text, with nothing between")
        .help(help)
}

/// The operand that an expression ends with.
pub(super) fn rightmost(mut expr: &Expr) -> &Expr {
    loop {
        expr = match &expr.kind {
            ExprKind::Binary { right, .. } if right.span.end == expr.span.end => right,
            ExprKind::Unary { value, .. } if value.span.end == expr.span.end => value,
            ExprKind::If { other, .. } if other.span.end == expr.span.end => other,
            _ => return expr,
        }
    }
}

/// Splits at a sign that stands outside brackets and strings.
fn split_outside(text: &str, sign: char) -> Option<(&str, &str)> {
    let mut depth = 0_i32;
    let mut quote = None;
    for (n, c) in text.char_indices() {
        match quote {
            Some(open) => {
                if c == open {
                    quote = None;
                }
            }
            None => match c {
                '"' | '\'' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ if c == sign && depth == 0 => {
                    return Some((&text[..n], &text[n + c.len_utf8()..]));
                }
                _ => {}
            },
        }
    }
    None
}
