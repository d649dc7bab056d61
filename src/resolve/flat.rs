//! Blocks as written: their attributes, checks and blocks by name, without what they extend.

use super::{ModuleId, by_body, is_hidden, records};
use crate::check::{meant_kind, nearest, unknown_kind};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema::{self, Naming};
use crate::source::Span;
use crate::syntax::ast::{
    Attr, Binding, Block, CheckLevel, Expr, ExprKind, Ident, Item, ItemKind, Path,
};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::sync::Arc;

/// A block, flattened. Every expression keeps the module it was written in, whose names it sees.
#[derive(Debug, Clone)]
pub struct Flat {
    pub kind: Ident,
    pub name: Option<Ident>,
    pub span: Span,
    pub doc: Option<String>,
    pub module: ModuleId,
    /// The top-level block that it builds on; already worked in, once a program is loaded.
    pub extends: Option<Path>,
    /// Shared with the blocks that build on it.
    pub attrs: IndexMap<String, Arc<FlatAttr>>,
    pub lets: IndexMap<String, Arc<FlatAttr>>,
    pub children: Vec<Arc<Flat>>,
    pub checks: Vec<FlatCheck>,
    pub excludes: Vec<(Arc<Expr>, ModuleId)>,
    /// Part of it could not be read, or its parent is unknown: what is missing may be there.
    pub incomplete: bool,
    /// What of it could not be read.
    pub unread: Vec<Span>,
    /// Its parent is unknown, and may have given it any name.
    pub lost_parent: bool,
}

#[derive(Debug, Clone)]
pub struct FlatAttr {
    pub name: Ident,
    pub doc: Option<String>,
    pub expr: Arc<Expr>,
    pub module: ModuleId,
    /// The block that its value stands for, where that is a record.
    pub block: Option<Arc<Flat>>,
}

impl FlatAttr {
    pub(super) fn new(name: &Ident, value: &Expr, doc: Option<String>, module: ModuleId) -> Self {
        Self {
            name: name.clone(),
            doc,
            expr: Arc::new(value.clone()),
            module,
            block: None,
        }
    }
}

#[derive(Debug, Clone)]
pub struct FlatCheck {
    pub module: ModuleId,
    pub doc: Option<String>,
    pub span: Span,
    pub level: CheckLevel,
    pub name: Option<Ident>,
    pub expr: Arc<Expr>,
    pub when: Option<Arc<Expr>>,
    pub because: Option<Arc<Expr>>,
    /// It stands for one of the same name in what the block extends.
    pub replaces: bool,
}

impl Flat {
    /// A block of a kind with nothing in it.
    pub fn empty(kind: Ident, module: ModuleId) -> Self {
        Self {
            span: kind.span,
            kind,
            name: None,
            doc: None,
            module,
            extends: None,
            attrs: IndexMap::new(),
            lets: IndexMap::new(),
            children: Vec::new(),
            checks: Vec::new(),
            excludes: Vec::new(),
            incomplete: false,
            unread: Vec::new(),
            lost_parent: false,
        }
    }

    /// That what it builds on is not known.
    pub(super) fn lose_parent(&mut self) {
        self.incomplete = true;
        self.lost_parent = true;
        // each of its blocks may have been to change one of the parent's
        for child in &mut self.children {
            Arc::make_mut(child).within_lost();
        }
    }

    /// That what it is to change may not be known.
    fn within_lost(&mut self) {
        self.incomplete = true;
        for child in &mut self.children {
            Arc::make_mut(child).within_lost();
        }
    }

    /// The block's name; a sentence's word for one without.
    pub fn title(&self) -> &str {
        self.name.as_ref().map_or("", |name| name.text.as_str())
    }

    /// What tells it from its siblings: its kind and name.
    pub(super) fn key(&self) -> (&str, &str) {
        (&self.kind.text, self.title())
    }

    /// Whether it needs a name and has none.
    pub fn is_nameless(&self) -> bool {
        self.name.as_ref().is_some_and(|name| is_hidden(&name.text))
    }

    /// Whether its first line was lost: what is told of that is all that is to be said of it.
    pub fn lost_its_head(&self) -> bool {
        self.kind.span.start == self.kind.span.end
    }

    /// What a sentence calls it: "phase `steady`".
    pub fn called(&self) -> String {
        let kind = &self.kind.text;
        match &self.name {
            Some(name) if !is_hidden(&name.text) => format!("{kind} `{}`", name.text),
            _ => format!("{kind} without a name"),
        }
    }

    /// The same without its kind, where it has a name.
    pub fn quoted(&self) -> String {
        match self.is_nameless() {
            true => format!("this {}", self.kind.text),
            false => format!("`{}`", self.title()),
        }
    }

    /// The place of the kind and name.
    pub fn head(&self) -> Span {
        self.name
            .as_ref()
            .map_or(self.kind.span, |name| self.kind.span.to(name.span))
    }

    /// How many attributes, checks and blocks it holds, all in all.
    pub fn size(&self) -> usize {
        let own = self.attrs.len() + self.lets.len() + self.checks.len() + self.excludes.len();
        1 + own
            + self
                .children
                .iter()
                .map(|child| child.size())
                .sum::<usize>()
    }

    /// The only child of a kind that has no names.
    pub fn child(&self, kind: &str) -> Option<&Arc<Flat>> {
        self.children.iter().find(|child| child.kind.text == kind)
    }

    pub fn children_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Arc<Flat>> {
        self.children
            .iter()
            .filter(move |child| child.kind.text == kind)
    }
}

/// A block as written, without its parent. Duplicates are reported.
pub(super) fn own(
    block: &Block,
    item: &Item,
    module: ModuleId,
    parent: &str,
    found: &mut Vec<Diagnostic>,
) -> Flat {
    let mut kind = block.kind.clone();
    // what is surely misspelt is read as what was meant, so that the rest of it makes sense
    if let Some(meant) = meant_kind(&kind.text, parent) {
        found.push(unknown_kind(&kind, parent));
        kind.text = meant.to_string();
    }
    let mut name = block.name.clone();
    if let Some(meant) = by_body::kind_of(block, parent).filter(|_| kind.text == block.kind.text) {
        found.push(by_body::without_kind(&kind, meant, parent));
        name = Some(kind.clone());
        kind.text = meant.name.to_string();
    }
    let name = name.or_else(|| hidden_name(&kind, parent));
    let mut flat = Flat {
        name,
        span: item.span,
        doc: item.doc.clone(),
        extends: block.extends.clone(),
        ..Flat::empty(kind, module)
    };
    let mut named = Named::default();
    for item in &block.body {
        add(&mut flat, item, module, &mut named, found);
    }
    if block.lost_its_head() {
        flat.lose_parent();
    }
    misspelt_attributes(&mut flat);
    flat
}

/// So many attributes of a block may be misspelt.
const MOST_MISSPELT: usize = 50;

/// What is set by a name that is surely misspelt is no more missing than known.
fn misspelt_attributes(flat: &mut Flat) {
    let Some(kind) = schema::kind(&flat.kind.text).filter(|kind| kind.free.is_none()) else {
        return;
    };
    let names = || kind.attributes.iter().map(|one| one.name);
    let unknown = |name: &str| {
        let child = kind.children().any(|child| child.name == name);
        !child && kind.attribute(name).is_none()
    };
    let mut meant = Vec::new();
    let written = flat.attrs.values();
    for attr in (written.filter(|attr| unknown(&attr.name.text))).take(MOST_MISSPELT) {
        if let Some(name) = nearest(&attr.name.text, names())
            && !flat.attrs.contains_key(name)
        {
            let span = attr.name.span;
            let text = name.to_owned();
            let value = Expr {
                span: attr.expr.span,
                kind: ExprKind::Error,
            };
            meant.push(FlatAttr::new(
                &Ident { text, span },
                &value,
                None,
                attr.module,
            ));
        }
    }
    for attr in meant {
        flat.attrs
            .entry(attr.name.text.clone())
            .or_insert_with(|| Arc::new(attr));
    }
}

/// What a block is kept as that needs a name and has none: what is in it is looked at all the same.
fn hidden_name(kind: &Ident, parent: &str) -> Option<Ident> {
    let known = schema::kind_in(&kind.text, parent)?;
    (known.naming == Naming::Required).then(|| Ident {
        text: super::hidden(&kind.text, kind.span.start as usize),
        span: kind.span,
    })
}

/// Where the names of a block were first written, so that none is looked for in all that is there.
#[derive(Default)]
struct Named<'a> {
    checks: HashMap<&'a str, Span>,
    /// By kind and name.
    children: HashMap<(String, &'a str), Span>,
    /// The kinds of the children.
    kinds: HashMap<String, Span>,
}

impl<'a> Named<'a> {
    fn child(&mut self, child: &Flat, title: &'a str) {
        let kind = &child.kind;
        self.kinds.entry(kind.text.clone()).or_insert(kind.span);
        self.children
            .insert((kind.text.clone(), title), child.head());
    }
}

fn add<'a>(
    flat: &mut Flat,
    item: &'a Item,
    module: ModuleId,
    named: &mut Named<'a>,
    found: &mut Vec<Diagnostic>,
) {
    let attr =
        |name: &Ident, value: &Expr| Arc::new(FlatAttr::new(name, value, item.doc.clone(), module));
    match &item.kind {
        ItemKind::Attr(written) => {
            let before = flat.attrs.get(&written.name.text).map(|a| a.name.span);
            let before = before.or_else(|| named.kinds.get(&written.name.text).copied());
            if let Some(before) = before {
                found.push(duplicate(&written.name, before));
            } else if let Some(child) = as_block(flat, written, module) {
                without_sign(written, found);
                named.child(&child, "");
                flat.children.push(Arc::new(child));
            } else {
                let (name, value) = (&written.name, &written.value);
                let mut attr = FlatAttr::new(name, value, item.doc.clone(), module);
                let within = (flat.kind.text.as_str(), flat.title());
                attr.block = records::as_block(within, &attr, module, found);
                flat.attrs.insert(name.text.clone(), Arc::new(attr));
            }
        }
        ItemKind::Let(written) if flat.kind.text == "matrix" => {
            let name = &written.name;
            found.push(let_of_axis(item.span, written));
            match flat.attrs.get(&name.text) {
                Some(before) => found.push(duplicate(name, before.name.span)),
                None => {
                    let values = listed(&written.value);
                    flat.attrs.insert(name.text.clone(), attr(name, &values));
                }
            }
        }
        ItemKind::Let(written) => {
            let name = &written.name;
            let key = match flat.lets.get(&name.text) {
                None => name.text.clone(),
                Some(before) => {
                    found.push(duplicate(name, before.name.span));
                    super::hidden(&name.text, flat.lets.len())
                }
            };
            flat.lets.insert(key, attr(name, &written.value));
        }
        ItemKind::Block(block) => {
            let child = own(block, item, module, &flat.kind.text, found);
            let left_out = block.kind.text != child.kind.text && child.name.is_some();
            let written = block.name.as_ref();
            let written = written.or(Some(&block.kind).filter(|_| left_out));
            let title = written.map_or("", |name| name.text.as_str());
            if child.is_nameless() {
                flat.children.push(Arc::new(child));
                return;
            }
            let key = (child.kind.text.clone(), title);
            if let Some(before) = named.children.get(&key) {
                let name = block.name.as_ref().unwrap_or(&block.kind);
                found.push(duplicate(name, *before));
                // what is wrong in it is wrong all the same
                if block.name.is_some() {
                    flat.children.push(Arc::new(child));
                }
            } else if let Some(before) = flat
                .attrs
                .get(&block.kind.text)
                .filter(|_| block.name.is_none())
            {
                found.push(duplicate(&block.kind, before.name.span));
            } else {
                named.child(&child, title);
                flat.children.push(Arc::new(child));
            }
        }
        ItemKind::Check(check) => {
            if let Some(name) = &check.name {
                if let Some(before) = named.checks.get(name.text.as_str()) {
                    found.push(duplicate(name, *before));
                } else {
                    named.checks.insert(&name.text, item.span);
                }
            }
            flat.checks.push(FlatCheck {
                module,
                doc: item.doc.clone(),
                span: item.span,
                level: check.level,
                name: check.name.clone(),
                expr: Arc::new(check.expr.clone()),
                when: check.when.clone().map(Arc::new),
                because: check.because.clone().map(Arc::new),
                replaces: false,
            });
        }
        ItemKind::Exclude(expr) => flat.excludes.push((Arc::new(expr.clone()), module)),
        ItemKind::Use(_) | ItemKind::Param(_) => {
            let word = if matches!(item.kind, ItemKind::Use(_)) {
                "use"
            } else {
                "param"
            };
            found.push(
                Diagnostic::error(
                    codes::MISPLACED,
                    item.span,
                    format!("`{word}` stands only at the top level of a file"),
                )
                .help("move it out of the block"),
            );
        }
        ItemKind::Error => {
            flat.incomplete = true;
            flat.unread.push(item.span);
        }
    }
}

/// `matrix = { … }`, where only a block can be meant.
fn as_block(parent: &Flat, attr: &Attr, module: ModuleId) -> Option<Flat> {
    let kind = schema::kind_in(&attr.name.text, &parent.kind.text)?;
    let ExprKind::Record(fields) = &attr.value.kind else {
        return None;
    };
    let takes = schema::kind(&parent.kind.text)?;
    let free = takes.free.is_some() || takes.attribute(kind.name).is_some();
    if kind.naming != Naming::Never || free || crate::check::is_child(kind.name) {
        return None;
    }
    let mut flat = Flat::empty(attr.name.clone(), module);
    for field in fields {
        let value = FlatAttr::new(&field.key, &field.value, None, module);
        flat.attrs.insert(field.key.text.clone(), Arc::new(value));
    }
    Some(flat)
}

/// That a block has no sign before its brace: in place of what was said of a wrong one.
fn without_sign(attr: &Attr, found: &mut Vec<Diagnostic>) {
    let gap = Span {
        start: attr.name.span.end,
        end: attr.value.span.start,
        ..attr.name.span
    };
    let within = |span: Span| {
        span.file == gap.file && span.start >= gap.start && span.end <= gap.end.max(gap.start + 1)
    };
    let wrong =
        (found.iter_mut().rev()).find(|d| d.code == codes::FOREIGN_FORM.0 && within(d.span()));
    let Some(wrong) = wrong else {
        return found.push(no_equals(attr));
    };
    let name = &attr.name.text;
    let message = format!("`{name}` is a block: nothing stands between it and its `{{`");
    *wrong = Diagnostic::error(codes::FOREIGN_FORM, wrong.span(), message)
        .says("remove this")
        .help(format!("write `{name} {{ … }}`"))
        .fix("make it a block", gap, " ", true);
}

/// `matrix { let n = [1, 2] }`
fn let_of_axis(item: Span, written: &Binding) -> Diagnostic {
    let name = &written.name.text;
    let word = Span {
        end: written.name.span.start,
        ..item
    };
    let message = "a matrix holds axes, and an axis has no `let`";
    let found = Diagnostic::error(codes::MISPLACED, word, message);
    match written.value.kind {
        ExprKind::List(_) | ExprKind::Comprehension { .. } => found
            .help(format!("write `{name} = [ … ]`"))
            .fix("make it an axis", word, "", false),
        _ => found.help(format!(
            "a value of your own stands in the scenario, above the matrix: `let {name} = …`"
        )),
    }
}

/// The value of an axis, or a list of what is surely one value alone.
fn listed(value: &Expr) -> Expr {
    let one = matches!(
        value.kind,
        ExprKind::Number { .. } | ExprKind::Str(_) | ExprKind::Bool(_) | ExprKind::Record(_)
    );
    match one {
        true => Expr {
            span: value.span,
            kind: ExprKind::List(vec![value.clone()]),
        },
        false => value.clone(),
    }
}

fn no_equals(attr: &Attr) -> Diagnostic {
    let name = &attr.name.text;
    let gap = Span {
        start: attr.name.span.end,
        end: attr.value.span.start,
        ..attr.name.span
    };
    Diagnostic::error(
        codes::UNKNOWN_ATTRIBUTE,
        attr.name.span,
        format!("`{name}` is a block, not an attribute"),
    )
    .help(format!("without `=`: write `{name} {{ … }}`"))
    .fix("remove `=`", gap, " ", true)
}

pub(super) fn duplicate(name: &Ident, before: Span) -> Diagnostic {
    Diagnostic::error(
        codes::DUPLICATE,
        name.span,
        format!("`{}` stands here twice", name.text),
    )
    .says("the second")
    .label(before, "the first")
    .help("keep one of them")
}
