//! Text that fits nowhere: what did the writer mean? Names the right form where a form
//! of another language is recognised, and says what was expected where not.

use super::ast::{Expr, ExprKind};
use super::forms::rightmost;
use super::grammar::Builder;
use super::tokens::{Found, shorten, token_at};
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
    /// After the condition or the reason of a check.
    Clause,
    /// After the condition of an exclusion.
    Exclusion,
    /// Within brackets that this closes.
    Brackets(&'static str),
}

impl Place {
    fn starts(self) -> bool {
        matches!(self, Self::Item | Self::Record)
    }
}

/// Of `[a = 1, b = 2]`.
pub(super) const LABELLED: &str = "values with names stand in braces";
pub(super) const NO_NAMES: &str = "the values of a list have no names";

/// Operators of which each wants a value on both sides.
pub(super) const OPERATORS: [&str; 17] = [
    "+", "-", "*", "/", "%", "==", "!=", "<", ">", "<=", ">=", "and", "or", "in", "&&", "||", ".",
];

impl Builder<'_> {
    /// Reports the text of a span, which follows `before` (if that is known).
    pub(super) fn leftover(&mut self, span: Span, before: Option<&Expr>, place: Place) {
        // what follows a broken value is part of the same mistake
        if before.is_some_and(|before| rightmost(before).kind == ExprKind::Error) {
            return;
        }
        let blanks = self.source(span).len() - self.source(span).trim_start().len();
        let (start, end, found) = token_at(self.text, span.start as usize + blanks);
        let Found::Text(token) = found else {
            // Only what was put in or taken out of the text, and reported with that.
            if self.found.is_empty() {
                self.say(
                    Diagnostic::error(codes::SYNTAX, span, "this cannot be read")
                        .help("remove it, and write the statement anew"),
                );
            }
            return;
        };
        let at = self.at(start, end);
        // A later group of a number that the first one told about.
        if self
            .group_before(start)
            .is_some_and(|first| self.group_before(first).is_some())
        {
            return;
        }
        let new_line = blanks > 0 && self.source(span)[..blanks].contains('\n');
        let found = self
            .foreign(token, at, span, before, place)
            .or_else(|| {
                if place.starts() || new_line {
                    self.bad_start(token, at, span)
                } else {
                    None
                }
            })
            .unwrap_or_else(|| match self.list_in_braces(at, place) {
                Some((braces, list)) => generic(token, at, place)
                    .help(format!("write a list: `{list}`"))
                    .fix("write a list", braces, list, false),
                None => generic(token, at, place),
            });
        self.say(found);
    }

    /// `{0, 1}`: values in braces on one line, of which this is the first; the braces, and the list
    /// that they would be.
    fn list_in_braces(&self, at: Span, place: Place) -> Option<(Span, String)> {
        let head = self.text[..at.start as usize].trim_end_matches(' ');
        let open = head.strip_suffix('{').filter(|_| place == Place::Record)?;
        // `${…}` is no record
        if open.ends_with('$') {
            return None;
        }
        let rest = &self.text[at.start as usize..];
        let (inside, _) = rest.split_once('}')?;
        if inside.len() > LONGEST_LIST || inside.contains(['{', '[', '(', '=', ':', '\n', '#']) {
            return None;
        }
        let end = at.start as usize + inside.len() + 1;
        Some((self.at(open.len(), end), format!("[{}]", inside.trim_end())))
    }

    /// Forms of other languages.
    fn foreign(
        &self,
        token: &str,
        at: Span,
        span: Span,
        before: Option<&Expr>,
        place: Place,
    ) -> Option<Diagnostic> {
        let foreign = |message: &str, says: &str| {
            Diagnostic::error(codes::FOREIGN_FORM, at, message).says(says)
        };
        match token {
            "?" => Some(self.ternary(at, span, before)),
            "if" if before.is_some() => self.choice_after(at, span, before, place),
            "=" if place == Place::Brackets("`]`")
                && before.is_some_and(|e| matches!(e.kind, ExprKind::Name(_))) =>
            {
                let list = self.text[..at.start as usize].rsplit_once('[');
                let set = list.and_then(|(head, _)| head.trim_end().strip_suffix('='));
                let name = set.map(|head| {
                    let head = head.trim_end();
                    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    head[head.trim_end_matches(is_name).len()..].to_string()
                });
                let set = name.filter(|name| !name.is_empty());
                let set = set.map_or(String::new(), |name| format!("{name} = "));
                let named = before.map_or("", |before| self.source(before.span));
                Some(foreign(NO_NAMES, "no `=` in `[…]`").help(format!(
                    "names stand in braces, each with its value: {set}{{ {named} = … }}"
                )))
            }
            "=" if before.is_some() => Some(
                foreign(
                    "`=` sets an attribute: it compares nothing",
                    "expected `==` to compare",
                )
                .fix("write `==`", at, "==", false),
            ),
            "=<" | "=>" if before.is_some() => {
                let right = if token == "=<" { "<=" } else { ">=" };
                Some(
                    foreign(
                        &format!("the operator is `{right}`, not `{token}`"),
                        &format!("expected `{right}`"),
                    )
                    .fix(format!("write `{right}`"), at, right, token == "=<"),
                )
            }
            "=>" | "->" => Some(
                foreign(&format!("there is no `{token}`"), "not an operator")
                    .help("a value is set with `=`"),
            ),
            "&" | "|" => {
                let word = if token == "&" { "and" } else { "or" };
                Some(
                    foreign(
                        &format!("the operator is the word `{word}`, not `{token}`"),
                        &format!("expected `{word}`"),
                    )
                    .help(format!("write `{word}`")),
                )
            }
            "??" => Some(
                foreign("there is no `??`", "not an operator")
                    .help("what may be missing is read with `get(record, \"key\", default)`"),
            ),
            "++" => Some(
                foreign("there is no `++`", "not an operator")
                    .help("texts and lists are joined with `+`"),
            ),
            "{" if place == Place::Check => {
                let name = before.filter(|e| matches!(e.kind, ExprKind::Name(_)))?;
                let name = self.source(name.span);
                let message = "the condition of a check stands behind `:`, and in no braces";
                Some(foreign(message, "no braces here").help(format!("write `expect {name}: …`")))
            }
            ":" if place == Place::Brackets("`]`") => {
                let titles = |e: &&Expr| matches!(e.kind, ExprKind::Name(_) | ExprKind::Str(_));
                let name = self.source(before.filter(titles)?.span);
                let name = name.trim_matches(['"', '\'']);
                Some(foreign(NO_NAMES, "no `:` in `[…]`").help(format!(
                    "names stand in braces, each with its value: `{{ {} = …, … }}`",
                    shorten(name)
                )))
            }
            ":" if place == Place::Line => {
                let name = before.filter(|e| matches!(e.kind, ExprKind::Name(_)))?;
                let name = self.source(name.span);
                Some(foreign(LABELLED, "not in braces").help(format!(
                    "names stand in braces, each with its value: `{{ {name} = …, … }}`"
                )))
            }
            "$" => Some(self.dollar(at)),
            "," if place == Place::Brackets("`)`") && before.is_some() => {
                Some(foreign("a list stands in `[…]`", "a second value").help("write `[a, b]`"))
            }
            "is" if before.is_some() => {
                let not = self.is_not(at);
                let (right, wrong) = match not {
                    Some(_) => ("!=", "is not"),
                    None => ("==", "is"),
                };
                Some(
                    foreign(
                        &format!("the operator is `{right}`, not `{wrong}`"),
                        &format!("expected `{right}`"),
                    )
                    .fix(
                        format!("write `{right}`"),
                        not.unwrap_or(at),
                        right,
                        false,
                    ),
                )
            }
            "contains" | "includes" if before.is_some() => Some(
                foreign(
                    &format!("there is no operator `{token}`"),
                    "not an operator",
                )
                .help("write `\"part\" in text`, or `contains_any(text, [\"part\", …])`"),
            ),
            "x" if before.is_some() => {
                Some(foreign("the operator is `*`, not `x`", "expected `*`").fix(
                    "write `*`",
                    at,
                    "*",
                    false,
                ))
            }
            "@" if place.starts() => Some(
                foreign("there are no annotations", "not a statement")
                    .help("what it says is an attribute of the block, or a comment"),
            ),
            "for" if before.is_some() => Some(
                foreign("a list made with `for` stands in `[…]`", "not in brackets")
                    .help("write `[e for x in xs]`"),
            ),
            "elif" => Some(foreign("expected `else if`", "expected `else if`")),
            "when" if place == Place::Exclusion => Some(
                Diagnostic::error(codes::SYNTAX, at, "an exclusion has one `when`")
                    .says("the second")
                    .help("join the conditions with `and`, or write two exclusions"),
            ),
            "when" | "because" if matches!(place, Place::Line | Place::Exclusion) => Some(
                Diagnostic::error(codes::SYNTAX, at, format!("only checks have a `{token}`"))
                    .says("not part of an attribute")
                    .help(if token == "when" {
                        "choose a value with `if a then b else c`"
                    } else {
                        "say why in a comment"
                    }),
            ),
            _ => self
                .number_forms(token, at, before)
                .or_else(|| self.text_forms(token, at, before?, place)),
        }
    }

    /// From `is` to the `not` behind it on its line, which are one operator.
    fn is_not(&self, at: Span) -> Option<Span> {
        let behind = &self.text[at.end as usize..];
        let blanks = behind.len() - behind.trim_start_matches([' ', '\t']).len();
        let rest = behind[blanks..].strip_prefix("not")?;
        let ends = !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let end = at.end as usize + blanks + "not".len();
        (ends && blanks > 0).then(|| self.at(at.start as usize, end))
    }

    pub(super) fn dollar(&self, at: Span) -> Diagnostic {
        let found = Diagnostic::error(codes::FOREIGN_FORM, at, "a name stands without `$`")
            .says("only a string has `${…}`");
        let rest = &self.text[at.end as usize..];
        let line = rest.lines().next().unwrap_or("");
        if let Some((name, _)) = line.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let end = at.end as usize + name.len() + 2;
            let whole = self.at(at.start as usize, end);
            return found.fix("write the name alone", whole, name.trim(), false);
        }
        let length = line.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &line[..length.unwrap_or(line.len())];
        match !name.is_empty() && name.to_uppercase() == name {
            true => found.help(format!(
                "a key is read from the environment with env(\"{name}\"); other values come from a `param`"
            )),
            false => found.fix("remove `$`", at, "", false),
        }
    }
}

/// The longest list that is repeated in a message, in bytes.
const LONGEST_LIST: usize = 60;

/// What could be said of nothing better.
fn generic(token: &str, at: Span, place: Place) -> Diagnostic {
    let token = shorten(token);
    let (expected, help) = match place {
        Place::Item => (
            "an attribute, a block or a check".to_owned(),
            "write `name = value`, `kind name { … }`, or `expect name: …`",
        ),
        Place::Record => (
            "`name = value`".to_owned(),
            "a record is `{ name = value, … }`; a list is `[value, …]`",
        ),
        Place::Check | Place::Clause => (
            "the end of the line".to_owned(),
            "a check may end with `when …` and `because \"…\"`",
        ),
        Place::Line | Place::Exclusion => (
            "the end of the line".to_owned(),
            "a text of several words stands in quotes: \"…\"",
        ),
        Place::Brackets("`}`") => (
            "`}`".to_owned(),
            "one value stands in `${…}`; for a plain `${` write `$${`",
        ),
        Place::Brackets(closer) => (format!("`,` or {closer}"), "values are separated with `,`"),
    };
    Diagnostic::error(
        codes::SYNTAX,
        at,
        format!("expected {expected}, found `{token}`"),
    )
    .says(format!("expected {expected}"))
    .help(help)
}
