//! What may be written at a place. The word that is being written is replaced by a mark, the text
//! with it is read as any other, and what the mark turned out to be says what may stand there.

use super::cursor::{around, word};
use super::hover::{detail, entry};
use super::names::{Meaning, Names, Scope, Thing};
use super::text::{Lines, Range};
use super::walk::{Node, walk};
use crate::resolve::{ModuleId, Program};
use crate::schema::{self, BUILTINS, Kind, Naming, STATEMENTS, Type};
use crate::syntax::ast::{Block, ExprKind, ItemKind, StrPart, UseTarget};
use crate::units::{Dimension, known_units, parse_unit};
use serde_json::{Value, json};
use std::collections::HashSet;

/// Stands for the word that is being written.
const MARK: &str = "scn0cursor";

/// So many are shown at once: of more, those that go on as the word at hand begins, and the first.
const MOST_SHOWN: usize = 500;

/// Kinds of items, as the protocol counts them.
mod sort {
    pub const FUNCTION: u8 = 3;
    pub const FIELD: u8 = 5;
    pub const VARIABLE: u8 = 6;
    pub const CLASS: u8 = 7;
    pub const MODULE: u8 = 9;
    pub const PROPERTY: u8 = 10;
    pub const UNIT: u8 = 11;
    pub const ENUM: u8 = 20;
    pub const KEYWORD: u8 = 14;
}

/// The text with the mark, and what is to be replaced in the text without it.
pub struct Marked {
    pub text: String,
    /// Bytes from and to.
    replaces: (usize, usize),
    /// What follows has a value already.
    valued: bool,
}

/// Puts the mark in; none where nothing is ever completed.
pub fn mark(text: &str, offset: usize) -> Option<Marked> {
    let place = around(text, offset);
    if place.comment {
        return None;
    }
    let (start, end) = word(text, offset);
    // behind a number there is its unit
    let digits = text[start..offset].trim_start_matches(|c: char| c.is_ascii_digit());
    let start = offset - digits.len();
    let line = text[..start].rsplit('\n').next().unwrap_or_default();
    let before = line.trim_end().chars().next_back();
    let begins = matches!(before, None | Some('{' | '}' | ';' | ','));
    let statement = begins && !place.text && matches!(place.bracket, None | Some('{'));
    let after = text[end..].trim_start_matches([' ', '\t']);
    let valued = after.starts_with('=') || after.starts_with('{');
    let named = after.starts_with(|c: char| c.is_ascii_alphabetic());
    let value = if statement && !valued && !named {
        " = 0"
    } else {
        ""
    };
    let marked = [&text[..start], digits, MARK, value, &text[end..]].concat();
    Some(Marked {
        text: marked,
        replaces: (start, offset),
        valued,
    })
}

/// What may stand at the mark; and whether there is more, for other letters. `text` is the text
/// without it.
pub fn complete(
    program: &Program,
    module: ModuleId,
    marked: &Marked,
    text: &str,
) -> (Vec<Value>, bool) {
    let names = Names { program };
    let mut list = List {
        names,
        known: HashSet::new(),
        items: Vec::new(),
        from: marked.replaces,
        valued: marked.valued,
    };
    let mut done = false;
    walk(names, module, &mut |node, scope| {
        if !done {
            done = list.node(node, scope);
        }
    });
    list.shown(text)
}

struct List<'a> {
    names: Names<'a>,
    known: HashSet<String>,
    items: Vec<Offered>,
    from: (usize, usize),
    valued: bool,
}

/// What may be written.
struct Offered {
    label: String,
    /// What is written for it, where that is something else.
    new: Option<String>,
    kind: u8,
    detail: String,
    doc: Option<String>,
    rank: &'static str,
}

/// Whether the letters of a word stand in a name, in their order, as editors look for them.
fn goes_on(word: &str, name: &str) -> bool {
    let mut letters = name.chars().map(|c| c.to_ascii_lowercase());
    let mut word = word.chars().map(|c| c.to_ascii_lowercase());
    word.all(|c| letters.any(|other| other == c))
}

fn goes_on_at_once(word: &str, name: &str) -> bool {
    let head = name.as_bytes().get(..word.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
}

impl<'a> List<'a> {
    /// Adds what may stand where the node does, if it is the mark.
    fn node(&mut self, node: Node<'a>, scope: &Scope<'a>) -> bool {
        match node {
            Node::Key(key, kind) if key.text.contains(MARK) => match (scope.key, kind) {
                (None, _) => self.body(scope, kind),
                (Some(_), Some(kind)) => self.attributes(kind, &[]),
                (Some(_), None) => {}
            },
            Node::Kind(block) if block.kind.text.contains(MARK) => self.kinds(scope, &[]),
            Node::Defined(name, _) if name.text.contains(MARK) => {}
            Node::Use(used) => {
                let UseTarget::Module(path) = &used.target else {
                    return false;
                };
                let Some(at) = path.parts.iter().position(|part| part.text.contains(MARK)) else {
                    return false;
                };
                for name in crate::stdlib::names() {
                    let whole = format!("std.{name}");
                    let label = if at == 0 { &whole } else { name };
                    self.add(label, sort::MODULE, "", entry(&whole), "1");
                }
            }
            Node::Parent(path, block) => {
                let Some(at) = path.parts.iter().position(|part| part.text.contains(MARK)) else {
                    return false;
                };
                self.parents(
                    path.parts.first().filter(|_| at > 0).map(|p| &p.text),
                    block,
                    scope,
                );
            }
            Node::Expr(expr) => match &expr.kind {
                ExprKind::Name(name) if name.contains(MARK) => self.operand(scope),
                ExprKind::Field { base, field } if field.text.contains(MARK) => {
                    if let Some(of) = self.names.expr(base, scope) {
                        for one in self.names.members(&of, scope) {
                            self.meaning(&one, sort::FIELD, "1");
                        }
                    }
                }
                ExprKind::Number {
                    unit: Some(unit), ..
                } if unit.text.contains(MARK) => {
                    self.from.0 = unit.span.start as usize;
                    self.units(scope);
                }
                ExprKind::Str(parts) if parts.iter().any(is_marked) => {
                    if let Some(Type::Choice(words)) = due(scope) {
                        for word in words {
                            self.add(word, sort::ENUM, "", None, "1");
                        }
                    }
                }
                _ => return false,
            },
            _ => return false,
        }
        true
    }

    /// The first of them, as the protocol has them.
    fn shown(self, text: &str) -> (Vec<Value>, bool) {
        let lines = Lines::new(text);
        let word = text.get(self.from.0..self.from.1).unwrap_or_default();
        let range = Range {
            start: lines.position(self.from.0),
            end: lines.position(self.from.1),
        };
        let (all, range) = (self.items.len(), json!(range));
        let mut items = self.items;
        if all > MOST_SHOWN {
            items.retain(|item| goes_on(word, &item.label));
            // what begins so comes first, and then what is likelier
            let begins = |item: &Offered| goes_on_at_once(word, &item.label);
            items.sort_by_key(|item| (!begins(item), item.rank));
            items.truncate(MOST_SHOWN);
        }
        items.sort_by_key(|item| item.rank);
        let shown = items.into_iter().enumerate().map(|(n, item)| {
            let new = item.new.as_deref().unwrap_or(&item.label);
            let mut shown = json!({
                "label": item.label,
                "kind": item.kind,
                "sortText": format!("{}{n:04}", item.rank),
                "textEdit": { "range": range, "newText": new },
            });
            if !item.detail.is_empty() {
                shown["detail"] = json!(item.detail);
            }
            if let Some(doc) = item.doc {
                shown["documentation"] = json!({ "kind": "markdown", "value": doc });
            }
            shown
        });
        (shown.collect(), all > MOST_SHOWN)
    }

    fn add(
        &mut self,
        label: &str,
        kind: u8,
        detail: &str,
        doc: Option<String>,
        rank: &'static str,
    ) {
        self.add_as(label, label, kind, detail, doc, rank);
    }

    fn add_as(
        &mut self,
        label: &str,
        new: &str,
        kind: u8,
        detail: &str,
        doc: Option<String>,
        rank: &'static str,
    ) {
        if self.known.insert(label.to_owned()) {
            self.items.push(Offered {
                label: label.into(),
                new: (new != label).then(|| new.into()),
                kind,
                detail: detail.into(),
                doc,
                rank,
            });
        }
    }

    fn meaning(&mut self, meaning: &Meaning<'a>, kind: u8, rank: &'static str) {
        let detail = detail(self.names, meaning);
        let doc = match &meaning.thing {
            Thing::Metric(metric) => Some(metric.doc.to_string()),
            Thing::Series(series) => Some(series.doc.to_string()),
            _ => meaning.doc.map(str::to_string),
        };
        self.add(&meaning.name, kind, &detail, doc, rank);
    }

    /// In a block, or at the top of a file: attributes, blocks and statements.
    fn body(&mut self, scope: &Scope<'a>, kind: Option<&'static Kind>) {
        let body = scope.blocks.last().map_or(&[][..], |block| &block.body);
        let set: Vec<&str> = body
            .iter()
            .filter_map(|item| match &item.kind {
                ItemKind::Attr(attr) => Some(attr.name.text.as_str()),
                ItemKind::Block(block) if block.name.is_none() => Some(block.kind.text.as_str()),
                _ => None,
            })
            .collect();
        if let Some(kind) = kind {
            self.attributes(kind, &set);
            if kind.name == "options" {
                self.options(scope, &set);
            }
        }
        self.kinds(scope, &set);
        for one in STATEMENTS {
            let fits = match one.name {
                "use" | "param" => kind.is_none(),
                "let" => true,
                "exclude" => kind.is_some_and(|kind| kind.name == "matrix"),
                _ => kind.is_some_and(|kind| kind.checks),
            };
            if fits {
                self.add(one.name, sort::KEYWORD, one.form, Some(one.doc.into()), "3");
            }
        }
    }

    fn assigned(&self, name: &str) -> String {
        match self.valued {
            true => name.to_string(),
            false => format!("{name} = "),
        }
    }

    fn attributes(&mut self, kind: &'static Kind, set: &[&str]) {
        for attribute in kind.attributes {
            if set.contains(&attribute.name) {
                continue;
            }
            let new = self.assigned(attribute.name);
            let rank = if attribute.required { "0" } else { "1" };
            let detail = match (attribute.required, attribute.default) {
                (true, _) => "required".to_string(),
                (false, Some(default)) => format!("default {default}"),
                (false, None) => String::new(),
            };
            let doc = entry(&format!("{}.{}", kind.name, attribute.name));
            self.add_as(attribute.name, &new, sort::PROPERTY, &detail, doc, rank);
        }
    }

    fn options(&mut self, scope: &Scope<'a>, set: &[&str]) {
        let [.., server, _] = scope.blocks.as_slice() else {
            return;
        };
        for (item, block) in self.names.of_engine(server, scope, scope.module) {
            let Some(name) = block.name.as_ref().filter(|_| block.kind.text == "option") else {
                continue;
            };
            if !set.contains(&name.text.as_str()) {
                let new = self.assigned(&name.text);
                self.add_as(
                    &name.text,
                    &new,
                    sort::PROPERTY,
                    "option",
                    item.doc.clone(),
                    "1",
                );
            }
        }
    }

    fn kinds(&mut self, scope: &Scope<'a>, set: &[&str]) {
        let parent = scope.kind();
        for kind in schema::kinds().filter(|kind| kind.parents.contains(&parent)) {
            if kind.naming == Naming::Never && set.contains(&kind.name) {
                continue;
            }
            let new = match (self.valued, kind.naming) {
                (true, _) => kind.name.to_string(),
                (false, Naming::Required) => format!("{} ", kind.name),
                (false, Naming::Never) => format!("{} {{", kind.name),
            };
            self.add_as(
                kind.name,
                &new,
                sort::CLASS,
                "block",
                Some(kind.doc.into()),
                "2",
            );
        }
    }

    /// What a block of that kind may extend.
    fn parents(&mut self, alias: Option<&String>, block: &'a Block, scope: &Scope<'a>) {
        let of = alias.and_then(|alias| self.names.top_level(scope.module, alias));
        let all = match of.map(|of| of.thing) {
            Some(Thing::Module(id)) => self.names.module(id),
            Some(_) => return,
            None => self.names.module(scope.module),
        };
        for one in all {
            let fits = match &one.thing {
                Thing::Block { block: other, .. } => {
                    other.kind.text == block.kind.text && !std::ptr::eq(*other, block)
                }
                Thing::Module(_) => alias.is_none(),
                Thing::Unread => true,
                _ => false,
            };
            if fits {
                self.meaning(&one, sort::CLASS, "1");
            }
        }
    }

    /// Where a value is due: what fits the attribute first, then all names and functions.
    fn operand(&mut self, scope: &Scope<'a>) {
        let due = due(scope);
        match due {
            Some(Type::Choice(words)) => {
                for word in words {
                    self.add(&format!("\"{word}\""), sort::ENUM, "", None, "0");
                }
            }
            Some(Type::Arrival) => {
                for word in ["poisson()", "constant()", "gamma(shape = 0.5)"] {
                    self.add(word, sort::ENUM, "", None, "0");
                }
            }
            Some(Type::Bool) => {
                for word in ["true", "false"] {
                    self.add(word, sort::KEYWORD, "", None, "0");
                }
            }
            _ => {}
        }
        let mut names: Vec<Meaning<'a>> = scope.locals.values().cloned().collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        names.extend(self.names.module(scope.module));
        for one in names
            .iter()
            .filter(|one| one.is_value() && !one.name.contains(MARK))
        {
            let fits = match (&one.thing, due) {
                (Thing::Block { block, .. }, Some(Type::Block(kind))) => block.kind.text == kind,
                _ => false,
            };
            let sort = match one.thing {
                Thing::Module(_) => sort::MODULE,
                Thing::Block { .. } => sort::CLASS,
                _ => sort::VARIABLE,
            };
            self.meaning(one, sort, if fits { "0" } else { "1" });
        }
        for one in BUILTINS {
            let new = format!("{}(", one.name);
            self.add_as(
                one.name,
                &new,
                sort::FUNCTION,
                one.signature,
                Some(one.doc.into()),
                "2",
            );
        }
    }

    /// Units of the attribute's dimension; all of them where none is due.
    fn units(&mut self, scope: &Scope<'a>) {
        let dimension = match due(scope) {
            Some(Type::Quantity(dimension) | Type::Count(dimension)) => Some(dimension),
            Some(Type::Ratio) => Some(Dimension::NONE),
            _ => None,
        };
        for unit in known_units() {
            let own = parse_unit(unit).map(|(_, dimension)| dimension);
            if dimension.is_none() || own == dimension {
                let detail = own.map_or_else(String::new, Dimension::describe);
                self.add(unit, sort::UNIT, &detail, None, "1");
            }
        }
    }
}

/// What the attribute around is to be.
fn due(scope: &Scope<'_>) -> Option<Type> {
    let parent = match scope.blocks.as_slice() {
        [.., parent, _] => &parent.kind.text,
        _ => "file",
    };
    let kind = schema::kind_in(scope.kind(), parent)?;
    let mut ty = kind.attribute(&scope.key?.text)?.ty;
    while let Type::List(of) | Type::Many(of) | Type::Drawn(of) | Type::Ramped(of) = ty {
        ty = *of;
    }
    Some(ty)
}

fn is_marked(part: &StrPart) -> bool {
    matches!(part, StrPart::Text(text) if text.contains(MARK))
}
