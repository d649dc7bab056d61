//! What gives something a name: `use`, `param`, `let`.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use crate::diagnostics::{Diagnostic, codes};

/// What other languages call the types of values.
const TYPES: [&str; 18] = [
    "int", "integer", "i32", "i64", "u32", "u64", "float", "double", "f32", "f64", "number", "str",
    "string", "text", "bool", "boolean", "list", "duration",
];

impl Builder<'_> {
    pub(super) fn use_(&mut self, pair: Pair<'_, Rule>) -> (ItemKind, u32) {
        let mut target = None;
        let mut alias = None;
        let mut end = self.start(&pair) as u32 + 3;
        for part in inner(pair) {
            match part.as_rule() {
                Rule::string => {
                    let path = self.plain_text(part, "a file");
                    end = path.span.end;
                    target = Some(UseTarget::File {
                        path: path.text,
                        span: path.span,
                    });
                }
                Rule::path => {
                    let path = self.path(&part);
                    end = path.span.end;
                    target = Some(UseTarget::Module(path));
                }
                Rule::ident => {
                    let name = self.new_name(&part);
                    end = name.span.end;
                    alias = Some(name);
                }
                Rule::no_name if target.is_some() => {
                    self.no_name(&part, "a name after `as`");
                }
                Rule::no_name => {
                    self.no_name(&part, "a module or a file in quotes");
                    return (ItemKind::Error, end);
                }
                Rule::tail => {
                    let span = self.span(&part);
                    self.leftover(span, None, Place::Line);
                    end = span.end;
                }
                _ => {}
            }
        }
        (
            target.map_or(ItemKind::Error, |target| {
                ItemKind::Use(Use { target, alias })
            }),
            end,
        )
    }

    pub(super) fn path(&self, pair: &Pair<'_, Rule>) -> Path {
        let span = self.span(pair);
        let mut at = span.start as usize;
        let mut parts = Vec::new();
        for part in pair.as_str().split('.') {
            parts.push(Ident {
                text: part.to_owned(),
                span: self.at(at, at + part.len()),
            });
            at += part.len() + 1;
        }
        Path { parts, span }
    }

    pub(super) fn binding(&mut self, pair: Pair<'_, Rule>, word: &str) -> (Binding, u32) {
        let mut pairs = inner(pair).peekable();
        let mut name = Ident {
            text: String::new(),
            span: self.at(0, 0),
        };
        let mut quiet = false;
        if let Some(first) = pairs.next() {
            name = match first.as_rule() {
                Rule::no_name => {
                    quiet = true;
                    self.no_name(&first, &format!("a name after `{word}`"))
                }
                _ => self.new_name(&first),
            };
        }
        if let Some(wrong) = pairs.next_if(|p| p.as_rule() == Rule::wrong_eq) {
            let at = self.span(&wrong);
            let line = self.text[at.end as usize..].lines().next().unwrap_or("");
            // `param rounds: int = 3`
            if let Some((typed, value)) = line.split_once('=').filter(|_| wrong.as_str() == ":")
                && typed
                    .trim()
                    .chars()
                    .all(|c| c.is_alphanumeric() || c == '_')
            {
                let span = self.at(at.start as usize, at.end as usize + typed.trim_end().len());
                let text = format!("{word} {} = {}", name.text, value.trim());
                let found = Diagnostic::error(
                    codes::FOREIGN_FORM,
                    span,
                    format!("a `{word}` has no type: its value has one"),
                )
                .says("remove this")
                .help(format!("write `{text}`"))
                .fix("remove the type", span, "", true);
                self.say(found);
                let end = at.end + line.len() as u32;
                let value = Self::broken(self.at(name.span.end as usize, end as usize));
                return (Binding { name, value }, end);
            }
            // `param rounds: int`
            let typed = line.split('#').next().unwrap_or("").trim();
            if wrong.as_str().trim() == ":" && TYPES.contains(&typed) {
                let end = at.end as usize + line.find(typed).unwrap_or(0) + typed.len();
                let found = Diagnostic::error(
                    codes::FOREIGN_FORM,
                    self.at(at.start as usize, end),
                    format!("a `{word}` has no type, and needs a value"),
                )
                .says("a type")
                .help(format!(
                    "write `{word} {} = 1`: the value says of what kind it is",
                    name.text
                ));
                self.say(found);
                let value = Self::broken(self.at(name.span.end as usize, end));
                return (Binding { name, value }, end as u32);
            }
            self.wrong_eq(&wrong, name.span);
        } else if let Some(none) = pairs.next_if(|p| p.as_rule() == Rule::no_eq) {
            if !quiet {
                let what = if word == "param" {
                    "`=` and a default"
                } else {
                    "`=` and a value"
                };
                self.expected(self.start(&none), what);
            }
            let mut end = name.span.end;
            for part in pairs {
                if part.as_rule() != Rule::no_value {
                    end = end.max(self.span(&part).end);
                }
            }
            let value = Self::broken(self.at(name.span.end as usize, end as usize));
            return (Binding { name, value }, end);
        }
        let value = self.value(&mut pairs, "a value after `=`", Place::Line);
        let end = value.span.end.max(name.span.end);
        (Binding { name, value }, end)
    }
}
