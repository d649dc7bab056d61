//! Text that fits nowhere: what did the writer mean? Names the right form where a form
//! of another language is recognised, and says what was expected where not.

use super::ast::{Expr, ExprKind};
use super::grammar::Builder;
use super::tokens::{Found, shorten, token_at};
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Where the text is left over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Where a statement should start.
    Item,
    /// Where a record's field should start.
    Record,
    /// After the value of a statement.
    Line,
    /// After the condition of a check.
    Check,
    /// Within brackets that this closes.
    Brackets(&'static str),
}

impl Place {
    fn starts(self) -> bool {
        matches!(self, Self::Item | Self::Record)
    }
}

/// Operators of which each wants a value on both sides.
const OPERATORS: [&str; 17] =
    ["+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "&&", "||", "."];

impl Builder<'_> {
    /// Reports the text of a span, which follows `before` (if that is known).
    pub(super) fn leftover(&mut self, span: Span, before: Option<&Expr>, place: Place) {
        let (start, end, found) = token_at(self.text, span.start as usize);
        let Found::Text(token) = found else {
            // Only what was put in or taken out of the text: reported with the repair.
            return;
        };
        let at = self.at(start, end);
        let found = self
            .foreign(token, at, span, before, place)
            .or_else(|| if place.starts() { self.bad_start(token, at, span) } else { None })
            .unwrap_or_else(|| generic(token, at, place));
        self.say(found);
    }

    /// Forms of other languages.
    fn foreign(&self, token: &str, at: Span, span: Span, before: Option<&Expr>, place: Place) -> Option<Diagnostic> {
        let foreign = |message: &str, says: &str| Diagnostic::error(codes::FOREIGN_FORM, at, message).says(says);
        match token {
            "?" => Some(self.ternary(at, span, before)),
            "if" if before.is_some() => self.choice_after(at, span, before, place),
            "=" if before.is_some() => Some(
                foreign("`=` sets an attribute: it compares nothing", "expected `==` to compare")
                    .fix("write `==`", at, "==", false),
            ),
            "=>" | "->" => Some(foreign(&format!("there is no `{token}`"), "not an operator").help("a value is set with `=`")),
            "&" | "|" => {
                let word = if token == "&" { "and" } else { "or" };
                Some(foreign(&format!("the operator is the word `{word}`, not `{token}`"), &format!("expected `{word}`")))
            }
            "??" => Some(
                foreign("there is no `??`", "not an operator").help("what may be missing is read with `get(record, \"key\", default)`"),
            ),
            "++" => Some(foreign("there is no `++`", "not an operator").help("texts and lists are joined with `+`")),
            "$" => Some(foreign("a name stands without `$`", "only a string has `${…}`")),
            "@" => Some(foreign("there are no annotations", "not a statement")),
            "for" if before.is_some() => Some(
                foreign("a list made with `for` stands in `[…]`", "not in brackets").help("write `[e for x in xs]`"),
            ),
            "elif" => Some(foreign("expected `else if`", "expected `else if`")),
            "when" | "because" if place == Place::Line => Some(
                Diagnostic::error(codes::SYNTAX, at, format!("only checks have a `{token}`"))
                    .says("not part of an attribute")
                    .help(if token == "when" { "choose a value with `if a then b else c`" } else { "say why in a comment" }),
            ),
            _ => self.number_forms(token, at, before),
        }
    }

    fn number_forms(&self, token: &str, at: Span, before: Option<&Expr>) -> Option<Diagnostic> {
        let digits = token.starts_with(|c: char| c.is_ascii_digit());
        let start = at.start as usize;
        // `1,000`
        if digits && token.len() >= 3 && token.as_bytes()[..3].iter().all(u8::is_ascii_digit) {
            let whole = &self.text[..start];
            let head = whole.strip_suffix(',').unwrap_or("");
            let first = head.len() - head.bytes().rev().take_while(u8::is_ascii_digit).count();
            if first < head.len() {
                let comma = self.at(start - 1, start);
                return Some(
                    Diagnostic::error(codes::FOREIGN_FORM, self.at(first, at.end as usize), "a number is written without `,`")
                        .says("`,` ends the attribute")
                        .help("large numbers can be grouped with `_`: `1_000`")
                        .fix("remove `,`", comma, "", true),
                );
            }
        }
        let before = before?;
        let ExprKind::Number { unit, .. } = &before.kind else { return None };
        let touches = before.span.end == at.start;
        match unit {
            // `5%3`
            Some(unit) if unit.text == "%" && digits && touches => {
                let number = self.source(before.span).trim_end_matches('%');
                let text = format!("mod({number}, {token})");
                let found = Diagnostic::error(codes::FOREIGN_FORM, unit.span, "the remainder is `mod(a, b)`")
                    .says("`%` is the unit of a percentage")
                    .fix("call `mod`", before.span.to(at), text, true);
                Some(found)
            }
            // `1.2.3`
            _ if touches && (token == "." || token == "..") => {
                let rest = self.text[start..].find([' ', ',', '\n', '}', ']', ')', '\r']).unwrap_or(self.text.len() - start);
                let whole = self.at(before.span.start as usize, start + rest);
                let text = format!("\"{}\"", self.source(whole));
                let found = Diagnostic::error(codes::BAD_NUMBER, whole, "a number has one point")
                    .says("not a number")
                    .help("versions and addresses stand in quotes")
                    .fix("put it in quotes", whole, text, false);
                Some(found)
            }
            _ => None,
        }
    }

    /// `c ? a : b`
    fn ternary(&self, at: Span, span: Span, before: Option<&Expr>) -> Diagnostic {
        let found = Diagnostic::error(codes::FOREIGN_FORM, at, "a choice has the form `if a then b else c`")
            .says("no `?` here");
        let parts = self.source(span).strip_prefix('?').and_then(|rest| split_outside(rest, ':'));
        match (before, parts) {
            (Some(cond), Some((a, b))) if !b.contains(['?', '#', '\n']) && !a.contains('?') => {
                let text = format!("if {} then {} else {}", self.source(cond.span), a.trim(), b.trim());
                found.fix("write `if … then … else`", cond.span.to(span), text, true)
            }
            _ => found,
        }
    }

    /// `a if c else b`, and `if` where a check has `when`.
    fn choice_after(&self, at: Span, span: Span, before: Option<&Expr>, place: Place) -> Option<Diagnostic> {
        let rest = self.source(span).strip_prefix("if")?;
        if let (Some((cond, other)), Some(value)) = (rest.split_once(" else "), before) {
            let found = Diagnostic::error(codes::FOREIGN_FORM, at, "a choice has the form `if a then b else c`")
                .says("the condition comes first");
            let simple = !rest.contains(['#', '\n', '"']) && !format!("{rest} ").contains(" for ") && !other.contains(" if ");
            if !simple {
                return Some(found);
            }
            let text = format!("if {} then {} else {}", cond.trim(), self.source(value.span), other.trim());
            return Some(found.fix("write `if … then … else`", value.span.to(span), text, true));
        }
        let found = Diagnostic::error(codes::FOREIGN_FORM, at, "a choice has the form `if a then b else c`");
        Some(match place {
            Place::Check => Diagnostic::error(codes::FOREIGN_FORM, at, "a check's condition starts with `when`")
                .says("expected `when`")
                .fix("write `when`", at, "when", true),
            _ => found.says("no value without `else`"),
        })
    }

    /// What cannot start a statement.
    fn bad_start(&self, token: &str, at: Span, span: Span) -> Option<Diagnostic> {
        let syntax = |message: String| Diagnostic::error(codes::SYNTAX, at, message);
        if OPERATORS.contains(&token) {
            return Some(
                syntax(format!("a statement cannot start with `{token}`"))
                    .says("nothing before it")
                    .help(format!("an expression goes on after an operator: end the line before with `{token}`")),
            );
        }
        let first = token.chars().next()?;
        if first.is_alphabetic() && !first.is_ascii_alphabetic() || first.is_alphabetic() && !token.is_ascii() {
            return Some(syntax("names are written in ASCII letters, digits and `_`".to_owned()).says("not a name"));
        }
        if !(first.is_ascii_alphabetic() || first == '_') {
            return None;
        }
        let rest = self.text.get(at.end as usize..span.end as usize).unwrap_or("").trim();
        if ["import", "include", "require"].contains(&token) && !rest.is_empty() {
            return Some(
                Diagnostic::error(codes::FOREIGN_FORM, at, "modules and files are taken in with `use`")
                    .says("expected `use`")
                    .fix("write `use`", at, "use", true),
            );
        }
        if token == "from" {
            return Some(
                Diagnostic::error(codes::FOREIGN_FORM, at, "modules and files are taken in with `use`")
                    .says("expected `use`")
                    .help("`use std.models` binds the module, whose names follow a dot: `models.name`"),
            );
        }
        if ["assert", "check", "ensure", "should"].contains(&token) {
            return Some(
                Diagnostic::error(codes::FOREIGN_FORM, at, "a condition that must hold starts with `expect`")
                    .says("expected `expect`")
                    .fix("write `expect`", at, "expect", true),
            );
        }
        if ["if", "for", "while", "def", "function", "fn", "else", "elif", "return"].contains(&token) {
            let help = match token {
                "for" | "while" => "make a list with `[e for x in xs]`, or spread values over cases with `matrix { … }`",
                "if" | "else" | "elif" => "choose a value with `if a then b else c`",
                _ => "give a value a name with `let name = …`",
            };
            return Some(
                Diagnostic::error(codes::FOREIGN_FORM, at, format!("there is no `{token}` statement")).says("not a statement").help(help),
            );
        }
        if is_reserved(token) && matches!(token, "then" | "when" | "because") {
            return Some(
                syntax(format!("`{token}` does not follow a statement that it could belong to")).says("not a statement"),
            );
        }
        if rest.is_empty() {
            let place = self.at(at.end as usize, at.end as usize);
            return Some(
                Diagnostic::error(codes::SYNTAX, place, format!("expected `=` or `{{` after `{}`", shorten(token)))
                    .says("expected `=` or `{`"),
            );
        }
        let (start, end, next) = token_at(self.text, at.end as usize);
        let Found::Text(next) = next else { return None };
        Some(
            Diagnostic::error(codes::SYNTAX, self.at(start, end), format!("expected `=` or `{{` after `{}`, found `{}`", shorten(token), shorten(next)))
                .says("expected `=` or `{`")
                .label(at, "this starts an attribute or a block"),
        )
    }
}

fn generic(token: &str, at: Span, place: Place) -> Diagnostic {
    let token = shorten(token);
    let (expected, help) = match place {
        Place::Item => ("an attribute, a block or a check".to_owned(), None),
        Place::Record => ("`name = value`".to_owned(), None),
        Place::Line | Place::Check => ("the end of the line".to_owned(), (place == Place::Check).then_some("a check may end with `when …` and `because \"…\"`")),
        Place::Brackets(closer) if closer == "`}`" => ("`}`".to_owned(), None),
        Place::Brackets(closer) => (format!("`,` or {closer}"), None),
    };
    let mut found = Diagnostic::error(codes::SYNTAX, at, format!("expected {expected}, found `{token}`"))
        .says(format!("expected {expected}"));
    if let Some(help) = help {
        found = found.help(help);
    }
    found
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
                _ if c == sign && depth == 0 => return Some((&text[..n], &text[n + c.len_utf8()..])),
                _ => {}
            },
        }
    }
    None
}
