//! Goes over everything that can be pointed at in a file, with what it sees.

use super::names::{Meaning, Names, Scope, Thing, What, used_as, value};
use crate::resolve::ModuleId;
use crate::schema::{self, Kind, Type};
use crate::source::Span;
use crate::syntax::ast::{
    Arg, Block, Expr, ExprKind, Field, Ident, Item, ItemKind, Path, StrPart, Use,
};
use std::collections::HashMap;
use std::rc::Rc;

/// Something that can be pointed at.
#[derive(Clone, Copy)]
pub enum Node<'a> {
    /// The word that says a block's kind.
    Kind(&'a Block),
    /// A name where it is given to something; the place of what it replaces, or its own.
    Defined(&'a Ident, Span),
    /// An attribute, or the key of a record that stands for a block of the kind.
    Key(&'a Ident, Option<&'static Kind>),
    Use(&'a Use),
    /// What a block extends.
    Parent(&'a Path, &'a Block),
    Expr(&'a Expr),
    /// The name of an argument, and the function that it is for.
    Argument(&'a Ident, &'a Ident),
}

impl Node<'_> {
    pub fn span(&self) -> Span {
        match self {
            Self::Kind(block) => block.kind.span,
            Self::Defined(name, _) | Self::Key(name, _) | Self::Argument(name, _) => name.span,
            Self::Use(used) => {
                let target = match &used.target {
                    crate::syntax::ast::UseTarget::Module(path) => path.span,
                    crate::syntax::ast::UseTarget::File { span, .. } => *span,
                };
                used.alias
                    .as_ref()
                    .map_or(target, |alias| target.to(alias.span))
            }
            Self::Parent(path, _) => path.span,
            Self::Expr(expr) => expr.span,
        }
    }
}

/// Goes over a file; outer things come before inner ones.
pub fn walk<'a>(names: Names<'a>, module: ModuleId, see: &mut dyn FnMut(Node<'a>, &Scope<'a>)) {
    let scope = Scope::of(module);
    let mut walk = Walk {
        names,
        see,
        replaced: HashMap::new(),
    };
    for item in names.items(module) {
        walk.item(item, &scope);
    }
}

/// A check or a report, by its name.
#[derive(PartialEq, Eq, Hash)]
enum Replaced<'a> {
    Check(&'a str),
    Report(&'a str),
}

struct Walk<'a, 's> {
    names: Names<'a>,
    see: &'s mut dyn FnMut(Node<'a>, &Scope<'a>),
    /// The checks and reports that the block around takes over: where each was first written.
    replaced: HashMap<Replaced<'a>, Span>,
}

impl<'a> Walk<'a, '_> {
    fn item(&mut self, item: &'a Item, scope: &Scope<'a>) {
        match &item.kind {
            ItemKind::Use(used) => {
                (self.see)(Node::Use(used), scope);
                if let Some(alias) = used.alias.as_ref() {
                    (self.see)(Node::Defined(alias, alias.span), scope);
                }
            }
            ItemKind::Param(binding) | ItemKind::Let(binding) => {
                let local = scope.locals.get(&binding.name.text);
                let span = local
                    .and_then(|local| local.span)
                    .unwrap_or(binding.name.span);
                (self.see)(Node::Defined(&binding.name, span), scope);
                self.expr(&binding.value, scope);
            }
            ItemKind::Attr(attr) => {
                let kind = self.kind(scope);
                (self.see)(Node::Key(&attr.name, kind), scope);
                if scope.kind() == "matrix"
                    && let Some(span) = scope.locals.get(&attr.name.text).and_then(|m| m.span)
                {
                    (self.see)(Node::Defined(&attr.name, span), scope);
                }
                let inner = Scope {
                    key: Some(&attr.name),
                    ..scope.clone()
                };
                let ty = kind.and_then(|kind| Some(kind.attribute(&attr.name.text)?.ty));
                self.valued(&attr.value, ty, &inner);
            }
            ItemKind::Block(block) => self.block(block, scope),
            ItemKind::Check(check) => {
                if let Some(name) = &check.name {
                    let base = self.replaced.get(&Replaced::Check(&name.text));
                    (self.see)(Node::Defined(name, *base.unwrap_or(&name.span)), scope);
                }
                let more = check.when.iter().chain(&check.because);
                for expr in std::iter::once(&check.expr).chain(more) {
                    self.expr(expr, scope);
                }
            }
            ItemKind::Exclude(expr) => self.expr(expr, scope),
            ItemKind::Error => {}
        }
    }

    fn kind(&self, scope: &Scope<'a>) -> Option<&'static Kind> {
        let parent = match scope.blocks.as_slice() {
            [.., parent, _] => &parent.kind.text,
            _ => "file",
        };
        schema::kind_in(scope.kind(), parent).or_else(|| schema::kind(scope.kind()))
    }

    fn block(&mut self, block: &'a Block, scope: &Scope<'a>) {
        (self.see)(Node::Kind(block), scope);
        if let Some(name) = &block.name {
            // in a scenario it may stand in place of one of the base
            let inside = scope.kind() == "scenario" && block.kind.text != "report";
            let local = scope.locals.get(&name.text).filter(|_| inside);
            let local = local.and_then(|local| local.span);
            let report = || self.replaced.get(&Replaced::Report(&name.text)).copied();
            let base = local.or_else(|| report().filter(|_| block.kind.text == "report"));
            (self.see)(Node::Defined(name, base.unwrap_or(name.span)), scope);
        }
        if let Some(path) = &block.extends {
            (self.see)(Node::Parent(path, block), scope);
        }
        let mut blocks = scope.blocks.as_ref().clone();
        blocks.push(block);
        let inner = Scope {
            module: scope.module,
            locals: self.names.locals(block, scope),
            blocks: Rc::new(blocks),
            key: None,
        };
        let taken_over = match block.extends {
            Some(_) => self.taken_over(block, scope.module),
            None => HashMap::new(),
        };
        let around = std::mem::replace(&mut self.replaced, taken_over);
        for item in &block.body {
            self.item(item, &inner);
        }
        self.replaced = around;
    }

    /// The named checks and reports of a block and of what it extends: one takes the place of one
    /// of its name.
    fn taken_over(&self, block: &'a Block, module: ModuleId) -> HashMap<Replaced<'a>, Span> {
        let mut found = HashMap::new();
        for (_, item) in self.names.bodies(block, module) {
            let (name, one): (_, fn(&'a str) -> Replaced<'a>) = match &item.kind {
                ItemKind::Check(check) => (check.name.as_ref(), Replaced::Check),
                ItemKind::Block(block) if block.kind.text == "report" => {
                    (block.name.as_ref(), Replaced::Report)
                }
                _ => continue,
            };
            if let Some(name) = name {
                found.insert(one(&name.text), name.span);
            }
        }
        found
    }

    /// A value of which a block of some kind may be due: then a record has its attributes.
    fn valued(&mut self, expr: &'a Expr, ty: Option<Type>, scope: &Scope<'a>) {
        match (&expr.kind, ty) {
            (ExprKind::Record(fields), Some(Type::Block(kind))) => {
                (self.see)(Node::Expr(expr), scope);
                self.fields(fields, schema::kind(kind), scope);
            }
            (ExprKind::List(items), Some(Type::List(of) | Type::Many(of))) => {
                (self.see)(Node::Expr(expr), scope);
                items
                    .iter()
                    .for_each(|item| self.valued(item, Some(*of), scope));
            }
            (_, Some(Type::Many(of))) => self.valued(expr, Some(*of), scope),
            _ => self.expr(expr, scope),
        }
    }

    fn fields(&mut self, fields: &'a [Field], kind: Option<&'static Kind>, scope: &Scope<'a>) {
        for field in fields {
            (self.see)(Node::Key(&field.key, kind), scope);
            let ty = kind.and_then(|kind| Some(kind.attribute(&field.key.text)?.ty));
            self.valued(&field.value, ty, scope);
        }
    }

    fn expr(&mut self, expr: &'a Expr, scope: &Scope<'a>) {
        (self.see)(Node::Expr(expr), scope);
        match &expr.kind {
            ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Number { .. }
            | ExprKind::Name(_)
            | ExprKind::Error => {}
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(expr) = part {
                        self.expr(expr, scope);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item, scope)),
            ExprKind::Record(fields) => self.fields(fields, None, scope),
            ExprKind::Comprehension { body, loops, cond } => {
                let mut inner = scope.clone();
                for one in loops {
                    self.expr(&one.values, &inner);
                    (self.see)(Node::Defined(&one.name, one.name.span), &inner);
                    let mut locals = inner.locals.as_ref().clone();
                    let thing = value(What::Loop, &one.values, inner.module);
                    let meaning = Meaning::new(&one.name.text, thing).at(&one.name, None);
                    locals.insert(one.name.text.clone(), meaning);
                    inner.locals = Rc::new(locals);
                }
                self.expr(body, &inner);
                if let Some(cond) = cond {
                    self.expr(cond, &inner);
                }
            }
            ExprKind::Field { base, .. } => self.expr(base, scope),
            ExprKind::Index { base, index } => {
                self.expr(base, scope);
                self.expr(index, scope);
            }
            ExprKind::Call { function, args } => {
                args.iter()
                    .for_each(|arg| self.argument(function, arg, scope));
            }
            ExprKind::Unary { value, .. } => self.expr(value, scope),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left, scope);
                self.expr(right, scope);
            }
            ExprKind::If { cond, then, other } => {
                [cond, then, other]
                    .into_iter()
                    .for_each(|e| self.expr(e, scope));
            }
        }
    }

    fn argument(&mut self, function: &'a Ident, arg: &'a Arg, scope: &Scope<'a>) {
        if let Some(name) = &arg.name {
            (self.see)(Node::Argument(name, function), scope);
        }
        self.expr(&arg.value, scope);
    }
}

/// A place where something is named, and where that is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Occurrence {
    pub span: Span,
    pub target: Span,
    pub defines: bool,
}

/// Every place of a file that names something whose definition is known.
pub fn occurrences(names: Names<'_>, module: ModuleId) -> Vec<Occurrence> {
    let mut out = Vec::new();
    let mut add = |span, meaning: Option<Meaning<'_>>| {
        if let Some(target) = meaning.and_then(|meaning| meaning.span) {
            out.push(Occurrence {
                span,
                target,
                defines: span == target,
            });
        }
    };
    walk(names, module, &mut |node, scope| match node {
        Node::Defined(name, target) => {
            let meaning = Meaning {
                span: Some(target),
                ..Meaning::new(&name.text, Thing::Unread)
            };
            add(name.span, Some(meaning));
        }
        Node::Use(used) => {
            if let Some(name) = used_as(used) {
                add(name.span, names.top_level(module, &name.text));
            }
        }
        Node::Parent(path, _) => {
            if let [alias, _] = path.parts.as_slice() {
                add(alias.span, names.top_level(module, &alias.text));
            }
            if let Some(last) = path.parts.last() {
                add(last.span, names.path(path, module));
            }
        }
        Node::Argument(name, function) if function.text == "at" => {
            add(name.span, scope.locals.get(&name.text).cloned());
        }
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Name(_) => add(expr.span, names.expr(expr, scope)),
            ExprKind::Field { field, .. } => add(field.span, names.expr(expr, scope)),
            _ => {}
        },
        Node::Kind(_) | Node::Key(..) | Node::Argument(..) => {}
    });
    out.sort_unstable();
    out.dedup();
    out
}
