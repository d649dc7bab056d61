//! Heads of blocks as other languages write them: `phase(steady) { … }`, `suite nightly: [a, b]`.

use super::grammar::Builder;
use super::tokens::{Found, shorten, token_at};
use super::words::is_reserved;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;

impl Builder<'_> {
    /// What stands behind the kind of a block, of which `kind` is the word at `at`.
    pub(super) fn foreign_head(&self, kind: &str, at: Span) -> Option<Diagnostic> {
        let (start, end, Found::Text(next)) = token_at(self.text, at.end as usize) else {
            return None;
        };
        if next == "(" {
            return self.name_in_brackets(kind, at, end);
        }
        schema::kind(kind).filter(|_| is_name(next))?;
        let (sign, behind, Found::Text(token)) = token_at(self.text, end) else {
            return None;
        };
        let listed = kind == "suite" && token == "[";
        if token != ":" && !listed {
            return None;
        }
        let (value, after, found) = match token {
            ":" => token_at(self.text, behind),
            _ => (sign, behind, Found::Text("[")),
        };
        let Found::Text(first) = found else {
            return None;
        };
        let head = format!("{kind} {}", shorten(next));
        if first == "{" {
            let gap = self.at(end, value);
            let message = format!("a block has no `:`: `{head} {{ … }}`");
            let found = Diagnostic::error(codes::FOREIGN_FORM, gap, message);
            return Some(found.says("remove `:`").fix("remove `:`", gap, " ", true));
        }
        let line = self.text[after..].lines().next().unwrap_or("");
        let list = line.split_once(']').filter(|_| first == "[");
        let inside = match (kind, list) {
            ("suite", Some((list, _))) => format!("scenarios = {}", shorten(&format!("[{list}]"))),
            ("suite", None) => "scenarios = […]".to_owned(),
            _ => "…".to_owned(),
        };
        let message = format!("a `{kind}` is a block, and no value");
        Some(
            Diagnostic::error(codes::FOREIGN_FORM, self.at(start, behind), message)
                .says("expected `{` behind the name")
                .help(format!("write `{head} {{ {inside} }}`")),
        )
    }

    /// `phase(steady) {`; `open` is right behind the bracket.
    fn name_in_brackets(&self, kind: &str, at: Span, open: usize) -> Option<Diagnostic> {
        let line = self.text[open..].lines().next()?;
        let (inside, behind) = line.split_once(')')?;
        let name = inside.trim().trim_matches(['"', '\'']);
        if !is_name(name) || !behind.trim_start().starts_with('{') {
            return None;
        }
        let brackets = self.at(at.end as usize, open + inside.len() + 1);
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            brackets,
            "a block's name stands without brackets",
        )
        .says("in brackets");
        let known = schema::kind(kind).is_some();
        Some(match known {
            true => found.fix("remove the brackets", brackets, format!(" {name}"), true),
            false => found.help(format!(
                "write `{} {} {{ … }}`; the kinds of blocks: `scn doc kinds`",
                shorten(kind),
                shorten(name)
            )),
        })
    }
}

/// Whether a block can be called so.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !is_reserved(text)
}
