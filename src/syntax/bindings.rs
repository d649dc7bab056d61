//! What gives something a name: `use`, `param`, `let`.

use pest::iterators::Pair;

use super::ast::*;
use super::grammar::{Builder, Rule, inner};
use super::leftover::Place;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;

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
                    end = span.end;
                    match target.take() {
                        Some(UseTarget::Module(path)) if alias.is_none() => {
                            let (path, name) = self.foreign_path(path, span);
                            target = path.map(UseTarget::Module);
                            alias = name;
                        }
                        other => {
                            self.leftover(span, None, Place::Line);
                            target = other;
                        }
                    }
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

    /// `std::engines`, `std.engines.*`: the module that was meant, if that is known, and its name
    /// here.
    fn foreign_path(&mut self, mut path: Path, tail: Span) -> (Option<Path>, Option<Ident>) {
        let touches = path.span.end == tail.start;
        let before = path.clone();
        let mut at = tail.start as usize;
        let separator = |rest: &str| ["::", "."].iter().find(|s| rest.starts_with(**s)).copied();
        while let Some(sign) = separator(&self.text[at..tail.end as usize]) {
            let name = &self.text[at + sign.len()..tail.end as usize];
            let name = &name[..name.find(|c| !is_of_name(c)).unwrap_or(name.len())];
            if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
                break;
            }
            let start = at + sign.len();
            at = start + name.len();
            path.parts.push(Ident {
                text: name.to_owned(),
                span: self.at(start, at),
            });
        }
        path.span = self.at(path.span.start as usize, at);
        let rest = self.at(at, tail.end as usize);
        let behind = self.source(rest);
        let names: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
        let dotted = names.join(".");
        if touches && separator(behind).is_some() {
            let found = Diagnostic::error(codes::FOREIGN_FORM, rest, "`use` takes in one module")
                .says("not the name of a module");
            if names.len() < 2 {
                let help = "name the module, and read what it holds behind a dot: \
                            `use std.engines`, and `engines.builtin`";
                self.say(found.help(help));
                return (None, None);
            }
            let last = names[names.len() - 1];
            let place = path.span.to(rest);
            let found = found.help(format!("its names stand behind a dot: `{last}.…`"));
            self.say(found.fix("write the module alone", place, dotted, false));
            return (Some(path), None);
        }
        if !touches || names.len() == before.parts.len() {
            self.leftover(tail, None, Place::Line);
            return (Some(before), None);
        }
        let found = Diagnostic::error(
            codes::FOREIGN_FORM,
            path.span,
            "a dot stands between the names of a module",
        );
        let found = found.says("expected `.` for `::`");
        self.say(found.fix("write a dot", path.span, dotted, true));
        let words: Vec<&str> = behind.split_whitespace().collect();
        let alias = match words.as_slice() {
            ["as", name] if name.chars().all(is_of_name) => {
                let end = at + behind.trim_end().len();
                Some(Ident {
                    text: (*name).to_owned(),
                    span: self.at(end - name.len(), end),
                })
            }
            _ => None,
        };
        (Some(path), alias)
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

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
