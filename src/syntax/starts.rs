//! Text that cannot start a statement: which one was meant?

use super::grammar::Builder;
use super::leftover::OPERATORS;
use super::tokens::{Found, shorten, token_at};
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

/// Words that take in other files elsewhere.
pub(super) const FOR_USE: [&str; 4] = ["import", "include", "require", "from"];

/// Words that judge elsewhere.
const FOR_EXPECT: [&str; 4] = ["assert", "check", "ensure", "should"];

/// Words of programs.
const OF_PROGRAMS: [&str; 9] = [
    "if", "for", "while", "def", "function", "fn", "else", "elif", "return",
];

fn syntax(at: Span, message: String) -> Diagnostic {
    Diagnostic::error(codes::SYNTAX, at, message)
}

impl Builder<'_> {
    /// What cannot start a statement: `span` from its first token on.
    pub(super) fn bad_start(&self, token: &str, at: Span, span: Span) -> Option<Diagnostic> {
        let found = self.sign_first(token, at);
        let found = found.or_else(|| no_name(token, at));
        if found.is_some() {
            return found;
        }
        if !token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        let rest = self
            .text
            .get(at.end as usize..span.end as usize)
            .unwrap_or("")
            .trim();
        if FOR_USE.contains(&token) && (token == "from" || !rest.is_empty()) {
            return Some(with_use(token, at));
        }
        if let Some(found) = word_of_others(token, at) {
            return Some(found);
        }
        if let Some(found) = self.foreign_head(token, at) {
            return Some(found);
        }
        if rest.is_empty() {
            let place = self.at(at.end as usize, at.end as usize);
            let message = format!("expected `=` or `{{` after `{}`", shorten(token));
            return Some(
                syntax(place, message)
                    .says("expected `=` or `{`")
                    .help("an attribute is `name = value`, a block is `kind name { … }`"),
            );
        }
        self.two_words(token, at)
    }

    /// An operator or dashes where a name should stand.
    fn sign_first(&self, token: &str, at: Span) -> Option<Diagnostic> {
        let line_starts = || {
            self.text[..at.start as usize]
                .trim_end_matches([' ', '\t'])
                .ends_with('\n')
        };
        if OPERATORS.contains(&token) && line_starts() {
            return Some(
                syntax(at, format!("a line cannot start with `{token}`"))
                    .says("nothing before it")
                    .help(format!("an expression goes on after an operator: end the line before with `{token}`")),
            );
        }
        let name = self.text[at.start as usize..].strip_prefix("--")?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
        let name = name[..end.unwrap_or(name.len())].replace('-', "_");
        if name.is_empty() || name.starts_with('_') {
            return None;
        }
        let dashes = self.at(at.start as usize, at.start as usize + 2);
        Some(
            Diagnostic::error(
                codes::FOREIGN_FORM,
                dashes,
                "an option is written without dashes",
            )
            .says("no dashes here")
            .help(format!(
                "write `{name} = …`; unchecked words go to `arguments = [\"--flag\", \"value\"]`"
            )),
        )
    }

    /// `name value`, `kind 1st {`, `expcet name: …`, and any other two words.
    fn two_words(&self, token: &str, at: Span) -> Option<Diagnostic> {
        let (start, end, next) = token_at(self.text, at.end as usize);
        let Found::Text(next) = next else { return None };
        let value = next.starts_with(|c: char| c.is_ascii_digit() || "\"'[".contains(c))
            || self.text[end..].starts_with(['.', '('])
            || matches!(next, "true" | "false" | "none");
        let second = self.at(start, end);
        if value {
            return Some(self.without_sign(token, at, next, second));
        }
        // `expcet name: …`
        if self.text[end..].trim_start().starts_with(':')
            && let Some(near) = ["expect", "warn"]
                .into_iter()
                .find(|word| token.len() <= 8 && strsim::damerau_levenshtein(token, word) <= 2)
        {
            return Some(
                syntax(at, format!("there is no statement `{}`", shorten(token)))
                    .says("not a statement")
                    .help(format!("did you mean `{near}`?"))
                    .fix("the nearest word", at, near, false),
            );
        }
        let message = format!(
            "expected `=` or `{{` after `{}`, found `{}`",
            shorten(token),
            shorten(next)
        );
        Some(
            syntax(second, message)
                .says("expected `=` or `{`")
                .label(at, "this starts an attribute or a block")
                .help("an attribute is `name = value`, a block is `kind name { … }`"),
        )
    }

    /// `requests 20`: a value behind a name.
    pub(super) fn without_sign(
        &self,
        token: &str,
        at: Span,
        next: &str,
        value: Span,
    ) -> Diagnostic {
        let line = self.text[value.start as usize..]
            .lines()
            .next()
            .unwrap_or("");
        if line.trim_end().ends_with('{') && !next.starts_with('[') {
            return syntax(value, format!("`{}` is no name", shorten(next)))
                .says("a name is of letters, digits and `_`, and does not start with a digit")
                .help(format!("write `{} some_name {{ … }}`", shorten(token)));
        }
        let text = line.split([',', '}', ';', '#']).next().unwrap_or("").trim();
        let gap = self.at(at.end as usize, value.start as usize);
        let message = format!(
            "expected `=` after `{}`, found `{}`",
            shorten(token),
            shorten(next)
        );
        let found = syntax(value, message).says("expected `=` before this");
        let short = text.chars().count() <= 60 && !text.contains(['"', '[', '(']);
        let found = match short {
            true => found.help(format!("write `{} = {text}`", shorten(token))),
            false => found,
        };
        found.fix("put `=` between", gap, " = ", false)
    }
}

/// Letters of other alphabets.
fn no_name(token: &str, at: Span) -> Option<Diagnostic> {
    let first = token.chars().next()?;
    (first.is_alphabetic() && !token.is_ascii()).then(|| {
        let message = "names are written in ASCII letters, digits and `_`";
        syntax(at, message.to_owned())
            .says("not a name")
            .help("write another name; a text may hold any letters")
    })
}

/// `import std.engines`
pub(super) fn with_use(word: &str, at: Span) -> Diagnostic {
    let message = "modules and files are taken in with `use`";
    let found = Diagnostic::error(codes::FOREIGN_FORM, at, message).says("expected `use`");
    match word {
        "from" => {
            found.help("`use std.models` binds the module, whose names follow a dot: `models.name`")
        }
        _ => found.fix("write `use`", at, "use", true),
    }
}

/// Words that start statements elsewhere, or stand further back here.
fn word_of_others(token: &str, at: Span) -> Option<Diagnostic> {
    if FOR_EXPECT.contains(&token) {
        let message = "a condition that must hold starts with `expect`";
        return Some(
            Diagnostic::error(codes::FOREIGN_FORM, at, message)
                .says("expected `expect`")
                .fix("write `expect`", at, "expect", true),
        );
    }
    if OF_PROGRAMS.contains(&token) {
        let help = match token {
            "for" | "while" => {
                "make a list with `[e for x in xs]`, or spread values over cases with `matrix { … }`"
            }
            "if" | "else" | "elif" => "choose a value with `if a then b else c`",
            _ => "give a value a name with `let name = …`",
        };
        let message = format!("there is no `{token}` statement");
        return Some(
            Diagnostic::error(codes::FOREIGN_FORM, at, message)
                .says("not a statement")
                .help(help),
        );
    }
    (is_reserved(token) && matches!(token, "then" | "when" | "because")).then(|| {
        let message = format!("`{token}` does not follow a statement that it could belong to");
        syntax(at, message)
            .says("not a statement")
            .help("put it on the line of the check that it belongs to")
    })
}
