//! Operands: names, numbers, strings, brackets, and what follows them.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use super::strings::{Piece, dedent, join, unescape};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::units::parse_unit;

/// Whether a name is that of a statistic: `p95`, `mean`.
fn is_statistic(name: &str) -> bool {
    let words = ["mean", "stddev", "min", "max", "count", "first", "last"];
    let digits = name.strip_prefix('p').unwrap_or("");
    words.contains(&name) || !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

impl Builder<'_> {
    pub(super) fn operand(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let whole = self.span(&pair);
        let count = pair.clone().into_inner().count() - 1;
        if !self.enter(count, whole) {
            return Self::broken(whole);
        }
        let mut parts = inner(pair);
        let mut expr = match parts.next() {
            Some(primary) => self.primary(primary),
            None => Self::broken(whole),
        };
        for part in parts {
            expr = self.postfix(expr, part);
        }
        self.level -= count;
        expr
    }

    fn postfix(&mut self, base: Expr, pair: Pair<'_, Rule>) -> Expr {
        let whole = self.span(&pair);
        let span = base.span.to(whole);
        match pair.as_rule() {
            Rule::dot => {
                let Some(name) = inner(pair).next() else {
                    return Self::broken(span);
                };
                if name.as_rule() == Rule::no_name && base.kind == ExprKind::Error {
                    return Self::broken(span);
                }
                if name.as_rule() == Rule::no_name {
                    if let ExprKind::Number { .. } = base.kind {
                        let found = Diagnostic::error(
                            codes::BAD_NUMBER,
                            span,
                            "a number has digits after its point",
                        )
                        .says("not a number")
                        .help(match self.source(whole).starts_with("..") || self.text[whole.end as usize..].starts_with('.') {
                            true => "write the numbers out: [1, 2, 4, 8]; `range(8)` counts from 0 to 7",
                            false => "versions and addresses stand in quotes",
                        });
                        self.say(found);
                    } else if let Some(found) = self.percentile(&base, whole) {
                        self.say(found);
                    } else {
                        self.expected(self.start(&name), "a name after `.`");
                    }
                    return Self::broken(span);
                }
                if let ExprKind::Number { unit: None, .. } = base.kind {
                    self.no_digits(base.span, span);
                    return Self::broken(span);
                }
                let field = self.ident(&name);
                Expr {
                    span,
                    kind: ExprKind::Field {
                        base: Box::new(base),
                        field,
                    },
                }
            }
            Rule::index if self.is_list_beside(&base, whole) => {
                let place = self.at(base.span.end as usize, base.span.end as usize);
                let found = Diagnostic::error(codes::SYNTAX, whole, "expected `,` before this")
                    .says("another list")
                    .fix("put `,` between", place, ",", true);
                self.say(found);
                Self::broken(span)
            }
            Rule::index => {
                let said = self.found.len();
                let index = self.enclosed(pair, "an index", "`]`");
                self.case_in_brackets(&base, whole, said);
                let kind = match &index.kind {
                    ExprKind::Error => ExprKind::Error,
                    _ => ExprKind::Index {
                        base: Box::new(base),
                        index: Box::new(index),
                    },
                };
                Expr { span, kind }
            }
            _ => {
                let empty = self.source(whole).trim_matches(['(', ')', ' ']).is_empty();
                let (place, help) = match &base.kind {
                    ExprKind::Field { field, .. } if empty && is_statistic(&field.text) => (
                        whole,
                        format!("a figure is read without brackets: `.{}`", field.text),
                    ),
                    ExprKind::Field { field, .. } => (
                        field.span,
                        format!(
                            "there are no methods: write `{}`",
                            self.called(&base, whole).1
                        ),
                    ),
                    _ => (
                        base.span,
                        "write the name of a builtin before `(`".to_owned(),
                    ),
                };
                let mut found = Diagnostic::error(
                    codes::SYNTAX,
                    place,
                    "only a builtin can be called, by its name alone",
                )
                .says("not a builtin's name")
                .help(help);
                if let (true, text) = self.called(&base, whole) {
                    found = found.fix("call it so", base.span.to(whole), text, false);
                }
                self.say(found);
                for part in inner(pair) {
                    self.args("", part);
                }
                Self::broken(span)
            }
        }
    }

    /// `1. tok`, `2.tok`: a point without digits, before what may be a unit.
    fn no_digits(&mut self, number: Span, whole: Span) {
        let behind = &self.source(whole)[(number.end - number.start) as usize..];
        let unit = behind.trim_start_matches(|c: char| c == '.' || c.is_whitespace());
        let text = format!("{} {unit}", self.source(number));
        let known = parse_unit(unit).is_some();
        let found = Diagnostic::error(
            codes::BAD_NUMBER,
            whole,
            "a number has digits after its point",
        )
        .says("not a number");
        self.say(match known {
            true => found.help(format!("write `{text}`, or the digits")).fix(
                "remove the point",
                whole,
                text,
                false,
            ),
            false => found.help("versions and addresses stand in quotes"),
        });
    }

    /// `[1, 2] [3, 4]`: nobody writes a list out and takes one of its values behind a blank.
    fn is_list_beside(&self, base: &Expr, index: Span) -> bool {
        let gap = self.text.get(base.span.end as usize..index.start as usize);
        let blank = gap.is_some_and(|gap| !gap.is_empty());
        blank && matches!(base.kind, ExprKind::List(_))
    }

    /// `ttft.p99.9`: the digits after the point belong to a percentile.
    fn percentile(&self, base: &Expr, dot: Span) -> Option<Diagnostic> {
        let ExprKind::Field { base: of, field } = &base.kind else {
            return None;
        };
        let whole = field.text.strip_prefix('p')?;
        let rest = self.text.get(dot.start as usize + 1..)?;
        let length = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let digits = &rest[..length];
        if digits.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let span = self.at(field.span.start as usize, dot.start as usize + 1 + length);
        let found = Diagnostic::error(codes::SYNTAX, span, "a statistic's name has no point");
        let of = self.source(of.span);
        let text = match digits.trim_end_matches('0') {
            "" => format!("{of}.p{whole}"),
            digits => format!("percentile({of}, {whole}.{digits}%)"),
        };
        let all = self.at(base.span.start as usize, span.end as usize);
        Some(
            found
                .says("not a name")
                .help(format!("write `{text}`"))
                .fix("write it out", all, text, false),
        )
    }

    fn primary(&mut self, pair: Pair<'_, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::reference => return self.reference(pair),
            Rule::literal => match pair.as_str() {
                "true" => ExprKind::Bool(true),
                "false" => ExprKind::Bool(false),
                _ => ExprKind::None,
            },
            Rule::quantity => self.quantity(pair, span),
            Rule::bare_fraction => {
                let text = format!("0{}", self.source(span));
                let found =
                    Diagnostic::error(codes::BAD_NUMBER, span, "a number starts with a digit")
                        .says("no digit before the point")
                        .fix("write a zero", span, text, true);
                self.say(found);
                ExprKind::Error
            }
            Rule::version => {
                let text = format!("\"{}\"", self.source(span));
                let found = Diagnostic::error(codes::BAD_NUMBER, span, "a number has one point")
                    .says("not a number")
                    .help("versions and addresses stand in quotes")
                    .fix("put it in quotes", span, text, false);
                self.say(found);
                ExprKind::Error
            }
            Rule::string => ExprKind::Str(self.string(pair)),
            Rule::list => self.list(pair),
            Rule::record => self.record(pair),
            Rule::paren => {
                let mut inside = self.enclosed(pair, "a value", "`)`");
                inside.span = span;
                return inside;
            }
            _ => ExprKind::Error,
        };
        Expr { span, kind }
    }

    pub(super) fn name(&mut self, name: &str, span: Span) -> ExprKind {
        let (right, kind) = match name {
            "True" | "TRUE" => ("true", ExprKind::Bool(true)),
            "False" | "FALSE" => ("false", ExprKind::Bool(false)),
            "None" | "null" | "nil" | "NULL" | "undefined" => ("none", ExprKind::None),
            _ => return ExprKind::Name(name.to_owned()),
        };
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            format!("`{name}` is written `{right}`"),
        )
        .says(format!("expected `{right}`"))
        .fix(format!("write `{right}`"), span, right, true);
        self.say(found);
        kind
    }

    fn quantity(&mut self, pair: Pair<'_, Rule>, span: Span) -> ExprKind {
        let mut value = 0.0;
        let mut unit = None;
        let mut digits = "";
        for part in inner(pair) {
            if part.as_rule() == Rule::number {
                digits = part.as_str();
                value = digits.replace('_', "").parse().unwrap_or(f64::INFINITY);
            } else {
                unit = Some(self.ident(&part));
            }
        }
        if !value.is_finite() {
            self.say(
                Diagnostic::error(codes::BAD_NUMBER, span, "this number is too large")
                    .says("more than 10^308")
                    .help("write it with a larger unit"),
            );
            return ExprKind::Error;
        }
        let other_base = unit.as_ref().is_some_and(|u| {
            digits == "0"
                && u.span.start == span.start + 1
                && u.text.len() > 1
                && u.text.starts_with(['x', 'b', 'o'])
                && u.text[1..].chars().all(|c| c.is_ascii_hexdigit())
        });
        if other_base {
            let written = self.source(span);
            let base = match &written[1..2] {
                "x" => 16,
                "b" => 2,
                _ => 8,
            };
            let mut found = Diagnostic::error(codes::BAD_NUMBER, span, "numbers are decimal")
                .says("not decimal");
            if let Ok(number) = u64::from_str_radix(&written[2..], base) {
                found = found.fix(format!("write `{number}`"), span, number.to_string(), true);
            }
            self.say(found);
            return ExprKind::Error;
        }
        let behind = digits.strip_prefix('0').unwrap_or("");
        if behind.starts_with(|c: char| c.is_ascii_digit() || c == '_') {
            return self.leading_zero(span, digits, ExprKind::Number { value, unit });
        }
        ExprKind::Number { value, unit }
    }

    fn string(&mut self, pair: Pair<'_, Rule>) -> Vec<StrPart> {
        let Some(form) = inner(pair).next() else {
            return Vec::new();
        };
        let triple = form.as_rule() == Rule::triple;
        let mut pieces = Vec::new();
        for part in inner(form) {
            match part.as_rule() {
                Rule::esc => {
                    let text = unescape(part.as_str()).unwrap_or_else(|why| {
                        let span = self.span(&part);
                        let found = Diagnostic::error(
                            codes::BAD_ESCAPE,
                            span,
                            format!("unknown escape `{}`", part.as_str().trim()),
                        )
                        .says("not an escape")
                        .help(why);
                        self.say(match part.as_str() {
                            "\\'" => found.fix("write `'`", span, "'", true),
                            other if !other.starts_with("\\u") && other.len() == 2 => {
                                found.fix("write two", span, format!("\\{other}"), false)
                            }
                            _ => found,
                        });
                        part.as_str().to_owned()
                    });
                    pieces.push(Piece::Escaped(text));
                }
                Rule::interp => {
                    let value = self.enclosed(part, "a value in `${…}`", "`}`");
                    pieces.push(Piece::Interpolation(value));
                }
                Rule::lost => {}
                _ => pieces.push(Piece::Written(part.as_str().to_owned())),
            }
        }
        if triple { dedent(pieces) } else { join(pieces) }
    }

    /// A string that cannot interpolate: a file, a key.
    pub(super) fn plain_text(&mut self, pair: Pair<'_, Rule>, what: &str) -> Ident {
        let span = self.span(&pair);
        let mut text = String::new();
        for part in self.string(pair) {
            match part {
                StrPart::Text(part) => text.push_str(&part),
                StrPart::Interpolation(value) => {
                    let found = Diagnostic::error(
                        codes::SYNTAX,
                        value.span,
                        format!("{what} is a plain text"),
                    )
                    .says("no value can stand here")
                    .help("write it out, without `${…}`");
                    self.say(found);
                }
            }
        }
        Ident { text, span }
    }

    /// The one expression within brackets.
    fn enclosed(&mut self, pair: Pair<'_, Rule>, what: &str, closer: &'static str) -> Expr {
        let whole = self.span(&pair);
        let mut value: Option<Expr> = None;
        for part in inner(pair) {
            let span = self.span(&part);
            match part.as_rule() {
                Rule::expr => value = Some(self.expr(part)),
                Rule::no_value => {
                    self.expected(span.start as usize, what);
                    value = Some(Self::broken(whole));
                }
                Rule::trail | Rule::rest | Rule::comma => {
                    let broken = matches!(&value, Some(v) if v.kind == ExprKind::Error);
                    match (&value, part.as_rule()) {
                        (None, _) => {
                            self.expected(span.start as usize, what);
                        }
                        (Some(_), _) if broken => {}
                        (Some(before), _) => {
                            let before = before.clone();
                            self.leftover(span, Some(&before), Place::Brackets(closer));
                        }
                    }
                    value = Some(Self::broken(whole));
                }
                _ => {}
            }
        }
        value.unwrap_or_else(|| Self::broken(whole))
    }
}
