//! Every name in every expression of the user's files, evaluated or not, against what is in scope.

mod braces;
mod columns;
mod due;
mod elsewhere;
mod locals;
mod meant;
mod nameless;
mod unknown;

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Flat, ModuleId, Program};
use crate::schema::{self, Naming};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind, StrPart};
use columns::Columns;
use due::{AXIS, Due};
use locals::Locals;
use meant::Meant;
use nameless::Nameless;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

pub(super) fn check(program: &Program) -> Vec<Diagnostic> {
    let mut walk = Walk {
        program,
        found: Vec::new(),
        open: false,
        unread: Vec::new(),
        module: None,
        nameless: Nameless::default(),
        given: false,
        columns: Columns::default(),
        top: (ModuleId(0), ""),
        measures: false,
        server: None,
        phase: None,
        around: Vec::new(),
        due: Due::Anything,
        head: Span::default(),
        comparisons: MOST_COMPARED,
        known: HashMap::new(),
        lacks: Vec::new(),
        pattern: false,
        in_braces: HashSet::new(),
        said: HashSet::new(),
    };
    for id in program.user_modules() {
        let module = program.module(id);
        let items = || module.asts.iter().flat_map(|ast| &ast.items);
        let unread = |item: &&Item| matches!(item.kind, ItemKind::Error);
        walk.open = module.lacks_a_module;
        let unread: Vec<Span> = items().filter(unread).map(|item| item.span).collect();
        walk.unread.clear();
        walk.not_read(&unread);
        walk.module = Some(id);
        walk.nameless.truncate(0);
        for definition in module.names.values() {
            if let DefinitionKind::Block(flat) = &definition.kind {
                walk.without_name(flat);
            }
        }
        for ast in &module.asts {
            for item in &ast.items {
                walk.top(id, item);
            }
        }
        for (name, definition) in &module.names {
            let DefinitionKind::Block(flat) = &definition.kind else {
                continue;
            };
            // a base may name what only the blocks that extend it have; there it is looked at
            let base = match flat.kind.text.as_str() {
                "report" => true,
                "scenario" if flat.children_of("phase").next().is_none() => {
                    walk.given = true;
                    program.is_base(id, name)
                }
                _ => false,
            };
            if !base {
                walk.top = (id, flat.title());
                walk.block(flat, "file", &Locals::default());
            }
            walk.given = false;
        }
    }
    walk.found
}

struct Walk<'a> {
    program: &'a Program,
    found: Vec<Diagnostic>,
    /// Part of what is around could not be read, and may be what defines a name.
    open: bool,
    /// What may be defined by what could not be read around.
    unread: Vec<HashSet<String>>,
    /// The file that is looked at.
    module: Option<ModuleId>,
    /// The blocks around that lack their names.
    nameless: Nameless<'a>,
    /// What extends the scenario around may give it phases.
    given: bool,
    /// The rows of the workload around.
    columns: Columns<'a>,
    /// The top-level block around: its file and name.
    top: (ModuleId, &'a str),
    /// What is at hand may read them.
    measures: bool,
    /// A server and a measured phase of the scenario around.
    server: Option<&'a str>,
    phase: Option<&'a str>,
    /// The blocks of the scenario around, by kind and name.
    around: Vec<(&'a str, &'a str)>,
    due: Due,
    /// The head of the block around.
    head: Span,
    /// So many names may still be compared with what is not known.
    comparisons: usize,
    /// What names were meant for where other names are not in scope: in the block at hand.
    known: HashMap<(ModuleId, Due, String), Meant>,
    /// Implicit names of the block around that have no value in it.
    lacks: Vec<&'static str>,
    /// The text at hand is a pattern, whose braces are its own.
    pattern: bool,
    /// Names in braces that were told of: blocks that extend each other have the same texts.
    in_braces: HashSet<Span>,
    /// What was said of the library's blocks that read what is not here: the place, and the name.
    said: HashSet<(Span, String)>,
}

/// So many times is a name compared with one that it may have been meant for, in all files. Names
/// that are not known after that are told without one that is near.
const MOST_COMPARED: usize = 100_000;

impl<'a> Walk<'a> {
    fn top(&mut self, module: ModuleId, item: &Item) {
        if let ItemKind::Param(binding) | ItemKind::Let(binding) = &item.kind {
            let name = &binding.name;
            // of engines and reports these are names as any, and stand within them alone
            let mut kinds =
                schema::kinds().filter(|kind| matches!(kind.name, "scenario" | "workload"));
            if kinds.any(|kind| kind.implicit.contains(&name.text.as_str())) {
                self.shadowed(&name.text, name.span, None);
            }
            self.expr(&binding.value, module, &Locals::default());
        }
    }

    fn block(&mut self, flat: &'a Flat, parent: &str, outer: &Locals<'_>) {
        // what stands where it cannot was reported, and sees other names than it would elsewhere
        let Some(kind) = schema::kind_in(&flat.kind.text, parent) else {
            return;
        };
        self.known.clear();
        let mut locals = outer.inside();
        for name in kind.implicit {
            locals.own.insert(name, None);
        }
        let before = (self.open, self.unread.len(), self.nameless.len());
        let rows = flat.attrs.get("rows").filter(|_| kind.name == "workload");
        let columns = std::mem::replace(&mut self.columns, Columns::of(rows));
        let lacked = std::mem::replace(&mut self.lacks, without_value(kind.name, flat));
        if kind.name == "scenario" {
            let named = |kind| flat.children_of(kind).filter(|child| !child.is_nameless());
            let first = |kind| named(kind).next().map(|child| child.title());
            let mut loaded = named("phase").filter(|phase| {
                phase.attrs.contains_key("workload") && !phase.attrs.contains_key("measured")
            });
            self.server = first("server");
            self.phase = loaded.next().map(|phase| phase.title()).or(first("phase"));
            let named =
                (flat.children.iter()).filter(|child| child.name.is_some() && !child.is_nameless());
            self.around = named
                .map(|child| (child.kind.text.as_str(), child.title()))
                .collect();
            let axes = flat
                .child("matrix")
                .into_iter()
                .flat_map(|m| m.attrs.keys());
            self.around.extend(axes.map(|axis| (AXIS, axis.as_str())));
        }
        let named = |child: &Arc<Flat>| {
            let kind = schema::kind_in(&child.kind.text, kind.name);
            child.name.is_some() || kind.is_none_or(|kind| kind.naming == Naming::Never)
        };
        if kind.name == "scenario" {
            self.open |= flat.lost_parent || !flat.children.iter().all(named);
            flat.children
                .iter()
                .for_each(|child| self.without_name(child));
        }
        if !flat.unread.is_empty() {
            self.not_read(&flat.unread);
        }
        if kind.name == "scenario" {
            self.unread.push(flat.meant_names(&self.program.sources));
        }
        let modules = modules_of(flat);
        for (name, attr) in &flat.lets {
            self.local(&mut locals, name, attr.name.span, &modules);
        }
        if flat.kind.text == "scenario" {
            for (name, axis) in flat.child("matrix").iter().flat_map(|matrix| &matrix.attrs) {
                self.local(&mut locals, name, axis.name.span, &modules);
            }
            for child in &flat.children {
                if let Some(name) = child
                    .name
                    .as_ref()
                    .filter(|_| !child.is_nameless())
                    .filter(|_| !matches!(child.kind.text.as_str(), "report" | "rank"))
                {
                    self.local(&mut locals, &name.text, name.span, &modules);
                }
            }
        }
        self.head = flat.head();
        for (name, attr) in &flat.attrs {
            if let Some(block) = &attr.block {
                let head = self.head;
                self.block(block, block.stands_in(), &locals);
                self.head = head;
                continue;
            }
            let ty = kind.attribute(name).map(|attribute| attribute.ty);
            self.due = match (kind.name, name.as_str()) {
                ("rank", "within") => Due::Block(AXIS),
                _ => ty.map_or(Due::Anything, Due::of),
            };
            self.pattern = PATTERNS.contains(&(kind.name, name.as_str()));
            self.expr(&attr.expr, attr.module, &locals);
        }
        self.pattern = false;
        self.due = Due::Anything;
        let measures = self.measures;
        self.measures |= kind.checks;
        for attr in flat.lets.values() {
            self.expr(&attr.expr, attr.module, &locals);
        }
        for check in &flat.checks {
            for expr in [
                Some(&check.expr),
                check.when.as_ref(),
                check.because.as_ref(),
            ]
            .into_iter()
            .flatten()
            {
                self.expr(expr, check.module, &locals);
            }
        }
        self.measures = measures;
        for (expr, module) in &flat.excludes {
            self.expr(expr, *module, &locals);
        }
        // a metric may be worked out of the engine's others
        let mut metrics = locals.inside();
        if kind.name == "engine" {
            let names = flat.children_of("metric").filter_map(|m| m.name.as_ref());
            let names = names.map(|name| (name.text.as_str(), Some(name.span)));
            metrics.own.extend(names);
        }
        for child in &flat.children {
            let of_engine = kind.name == "engine" && child.kind.text == "metric";
            let locals = if of_engine { &metrics } else { &locals };
            self.measures = matches!(child.kind.text.as_str(), "report" | "rank");
            self.block(child, kind.name, locals);
            self.measures = measures;
        }
        self.open = before.0;
        self.unread.truncate(before.1);
        self.nameless.truncate(before.2);
        self.lacks = lacked;
        self.columns = columns;
        if kind.name == "scenario" {
            self.around.clear();
        }
        self.known.clear();
    }

    /// A name that a block adds. Expressions of all the files that the block came from see it,
    /// so it must not stand for something else in any of them.
    fn local<'b>(
        &mut self,
        locals: &mut Locals<'b>,
        name: &'b str,
        span: Span,
        modules: &[ModuleId],
    ) {
        let global = |id: &ModuleId| {
            let definition = self.program.module(*id).names.get(name);
            let definition = definition.filter(|definition| definition.is_value());
            definition.map(|definition| Some(definition.span))
        };
        let before = locals.get(name);
        let before = before.or_else(|| modules.iter().find_map(global));
        if let Some(before) = before {
            self.shadowed(name, span, before);
        }
        locals.own.insert(name, Some(span));
    }

    fn shadowed(&mut self, name: &str, span: Span, before: Option<Span>) {
        let message = format!("the name `{name}` already means something here");
        let diagnostic = Diagnostic::error(codes::SHADOWED, span, message);
        let diagnostic = match before {
            Some(before) => diagnostic.label(before, "defined here"),
            None => diagnostic.help(format!("`{name}` is always there, by itself")),
        };
        self.found.push(diagnostic.help("give it another name"));
    }

    /// The names of an expression, of which something other is due than of what is around it.
    fn part(&mut self, due: Due, expr: &Expr, module: ModuleId, locals: &Locals<'_>) {
        let before = std::mem::replace(&mut self.due, due);
        self.expr(expr, module, locals);
        self.due = before;
    }

    fn expr(&mut self, expr: &Expr, module: ModuleId, locals: &Locals<'_>) {
        match &expr.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Number { .. } | ExprKind::Error => {}
            ExprKind::Name(name) => self.name(name, expr.span, module, locals),
            ExprKind::Str(parts) => {
                self.braces(parts, expr.span, module, locals);
                for part in parts {
                    if let StrPart::Interpolation(expr) = part {
                        self.part(Due::Value, expr, module, locals);
                    }
                }
            }
            ExprKind::List(items) => items
                .iter()
                .for_each(|item| self.expr(item, module, locals)),
            ExprKind::Record(fields) => fields
                .iter()
                .for_each(|field| self.part(Due::Anything, &field.value, module, locals)),
            ExprKind::Comprehension { body, loops, cond } => {
                let mut inner = locals.inside();
                for one in loops {
                    self.known.clear();
                    self.part(Due::Anything, &one.values, module, &inner);
                    let known = inner.get(&one.name.text);
                    let global = self.program.module(module).names.get(&one.name.text);
                    let before = known.or_else(|| global.map(|definition| Some(definition.span)));
                    if let Some(before) = before {
                        self.shadowed(&one.name.text, one.name.span, before);
                    }
                    inner.own.insert(&one.name.text, Some(one.name.span));
                }
                self.known.clear();
                for expr in [Some(body), cond.as_ref()].into_iter().flatten() {
                    self.expr(expr, module, &inner);
                }
                self.known.clear();
            }
            ExprKind::Field { base, .. } => self.part(Due::Fields, base, module, locals),
            ExprKind::Index { base, index } => {
                self.part(Due::Anything, base, module, locals);
                self.part(Due::Anything, index, module, locals);
            }
            ExprKind::Call { function, args } => {
                if schema::builtin(&function.text).is_none() {
                    self.function(&function.text, function.span, args);
                }
                let before = self.pattern;
                self.pattern |= function.text == "matches";
                for (at, arg) in args.iter().enumerate() {
                    let named = arg.name.as_ref().map(|name| name.text.as_str());
                    let due = Due::of_argument(&function.text, at, named);
                    self.part(due, &arg.value, module, locals);
                }
                self.pattern = before;
            }
            ExprKind::Unary { value, .. } => self.part(Due::Anything, value, module, locals),
            ExprKind::Binary { left, right, .. } => {
                self.part(Due::Anything, left, module, locals);
                self.part(Due::Anything, right, module, locals);
            }
            ExprKind::If { cond, then, other } => {
                self.part(Due::Value, cond, module, locals);
                for expr in [then, other] {
                    self.expr(expr, module, locals);
                }
            }
        }
    }
}

/// Attributes that are regular expressions.
const PATTERNS: [(&str, &str); 3] = [
    ("option", "pattern"),
    ("version", "pattern"),
    ("role", "title"),
];

/// Which of its implicit names a block has no value for.
fn without_value(kind: &str, flat: &Flat) -> Vec<&'static str> {
    let written = |name: &str| flat.attrs.contains_key(name);
    match kind {
        // the answer is there for `accept` alone
        "workload" if written("rows") => vec!["answer", "finish_reason"],
        "workload" => vec!["row", "answer", "finish_reason"],
        "report" if written("each") || written("phase") => Vec::new(),
        "report" => vec!["phase", "round"],
        _ => Vec::new(),
    }
}

/// The files that a block's expressions were written in.
pub fn modules_of(flat: &Flat) -> Vec<ModuleId> {
    fn add(flat: &Flat, out: &mut Vec<ModuleId>) {
        let attrs = flat.attrs.values().chain(flat.lets.values());
        let checks = flat.checks.iter().map(|check| check.module);
        let written = attrs.map(|attr| attr.module).chain(checks);
        for module in [flat.module].into_iter().chain(written) {
            if !out.contains(&module) {
                out.push(module);
            }
        }
        flat.children.iter().for_each(|child| add(child, out));
    }
    let mut out = Vec::new();
    add(flat, &mut out);
    out
}
