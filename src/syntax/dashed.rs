//! Names with a hyphen, `warm-up`: where one is defined, what is written so elsewhere in the file is
//! that name and no subtraction, and one finding tells of all of it.

use super::ast::*;
use super::climb::Token;
use super::grammar::Builder;
use crate::diagnostics::{Diagnostic, Label, codes};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// So many uses of a name are shown with its definition.
const SHOWN: usize = 5;

/// No name has more parts.
const MOST_PARTS: usize = 8;

/// What is said of each of them.
const TITLE: &str = "write `_`";

/// The names with hyphens that a text defines, by its looks, and where they are used.
#[derive(Debug, Default)]
pub struct Dashed<'a> {
    names: HashSet<&'a str>,
    /// What those of more than two parts begin with.
    begun: HashSet<&'a str>,
    used: Vec<Span>,
}

impl<'a> Dashed<'a> {
    pub fn of(text: &'a str) -> Self {
        let names: HashSet<&str> = text.lines().filter_map(defined).collect();
        let parts = |name: &'a str| {
            let hyphens = name.match_indices('-').skip(1).take(MOST_PARTS);
            hyphens.map(|(at, _)| &name[..at])
        };
        Self {
            begun: names.iter().copied().flat_map(parts).collect(),
            names,
            used: Vec::new(),
        }
    }
}

/// The name that a line defines: of a block, or of an axis.
fn defined(line: &str) -> Option<&str> {
    if !line.contains('-') {
        return None;
    }
    let line = line.trim_start();
    let line = line.strip_prefix("matrix").map_or(line, |rest| {
        rest.trim_start().trim_start_matches('{').trim_start()
    });
    let (first, rest) = word(line)?;
    let rest = rest.trim_start();
    let (name, behind) = match word(rest) {
        Some(second) if !first.contains('-') => second,
        _ => (first, rest),
    };
    let behind = behind.trim_start();
    let defines = match name == first {
        true => behind.starts_with('=') && !behind.starts_with("=="),
        false => behind.starts_with(['{', '=']) || behind.starts_with("extends "),
    };
    (defines && name.contains('-')).then_some(name)
}

/// The word that a text begins with, with its hyphens, and what follows.
fn word(text: &str) -> Option<(&str, &str)> {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let name = word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (name && !word.ends_with('-')).then_some((word, rest))
}

impl Builder<'_> {
    /// Says that a name is written with `_`, and what it is then.
    pub(super) fn without_dashes(&mut self, span: Span) -> String {
        let name = self.source(span).replace('-', "_");
        let message = format!("names are written with `_`: `{name}`");
        self.say(
            Diagnostic::error(codes::FOREIGN_FORM, span, message)
                .says("`-` is a minus sign")
                .fix(TITLE, span, name.clone(), true),
        );
        name
    }

    /// The row with names that the file defines with a hyphen in place of the subtractions that
    /// they look like.
    pub(super) fn with_dashed(&mut self, tokens: Vec<Token>) -> Vec<Token> {
        if self.dashed.names.is_empty() {
            return tokens;
        }
        let mut out: Vec<Token> = Vec::with_capacity(tokens.len());
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let Token::Operand(mut operand) = token else {
                out.push(token);
                continue;
            };
            // `a`, `-`, `b.c`: what stands before is one name, and what stands behind begins with one
            if let [.., Token::Operand(left), Token::Infix(sign, at)] = out.as_slice()
                && sign == "-"
                && matches!(left.kind, ExprKind::Name(_))
                && left.span.end == at.start
                && let Some(root) = root(&mut operand)
                && root.span.start == at.end
            {
                let whole = left.span.to(root.span);
                let goes_on = matches!(tokens.peek(), Some(Token::Infix(sign, next))
                    if sign == "-" && next.start == whole.end);
                let written = self.source(whole);
                if self.dashed.names.contains(written)
                    || goes_on && self.dashed.begun.contains(written)
                {
                    root.kind = ExprKind::Name(written.replace('-', "_"));
                    begins_at(&mut operand, whole.start);
                    if !goes_on {
                        self.dashed.used.push(whole);
                    }
                    out.truncate(out.len() - 2);
                }
            }
            out.push(Token::Operand(operand));
        }
        out
    }

    /// Adds the uses of each name to what is said of its definition: of several, to the one above.
    pub(super) fn say_dashed(&mut self) {
        let mut used = std::mem::take(&mut self.dashed.used);
        used.sort_unstable();
        used.dedup();
        let mut definitions: HashMap<String, Vec<(u32, usize)>> = HashMap::new();
        for (index, one) in self.found.iter().enumerate() {
            if let [fix] = one.fixes.as_slice()
                && fix.title == TITLE
                && let [(span, name)] = fix.edits.as_slice()
            {
                let of_name = definitions.entry(name.clone()).or_default();
                of_name.push((span.start, index));
            }
        }
        definitions
            .values_mut()
            .for_each(|places| places.sort_unstable());
        for span in used {
            let name = self.source(span).replace('-', "_");
            let Some(definitions) = definitions.get(&name) else {
                self.without_dashes(span);
                continue;
            };
            let above = definitions.partition_point(|(at, _)| *at < span.start);
            let (_, index) = definitions[above.saturating_sub(1)];
            let one = &mut self.found[index];
            one.fixes[0].edits.push((span, name));
            if one.labels.len() <= SHOWN {
                one.labels.push(Label {
                    span,
                    text: "the same name".into(),
                    primary: false,
                });
            }
        }
    }
}

/// The name that an operand begins with: `b` of `b.c[0]`.
fn root(expr: &mut Expr) -> Option<&mut Expr> {
    match expr.kind {
        ExprKind::Name(_) => Some(expr),
        ExprKind::Field { ref mut base, .. } | ExprKind::Index { ref mut base, .. } => root(base),
        _ => None,
    }
}

/// Makes an operand, and all that it begins with, start there.
fn begins_at(expr: &mut Expr, start: u32) {
    expr.span.start = start;
    if let ExprKind::Field { base, .. } | ExprKind::Index { base, .. } = &mut expr.kind {
        begins_at(base, start);
    }
}
