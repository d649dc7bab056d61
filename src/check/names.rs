//! Every name in every expression of the root files, evaluated or not, against what is in scope.

use super::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Flat, ModuleId, Program};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind, StrPart};
use std::collections::HashMap;

pub(super) fn check(program: &Program) -> Vec<Diagnostic> {
    let mut walk = Walk { program, found: Vec::new() };
    for id in &program.roots {
        let module = program.module(*id);
        for ast in &module.asts {
            for item in &ast.items {
                walk.top(*id, item);
            }
        }
        for definition in module.names.values() {
            if let DefinitionKind::Block(flat) = &definition.kind {
                walk.block(flat, &Locals::default());
            }
        }
    }
    walk.found
}

/// Names between a block and its file: where each was defined (none for implicit ones).
#[derive(Clone, Default)]
struct Locals<'a>(HashMap<&'a str, Option<Span>>);

struct Walk<'a> {
    program: &'a Program,
    found: Vec<Diagnostic>,
}

impl<'a> Walk<'a> {
    fn top(&mut self, module: ModuleId, item: &Item) {
        if let ItemKind::Param(binding) | ItemKind::Let(binding) = &item.kind {
            self.expr(&binding.value, module, &Locals::default());
        }
    }

    fn block(&mut self, flat: &'a Flat, outer: &Locals<'a>) {
        let mut locals = outer.clone();
        if let Some(kind) = schema::kind(&flat.kind.text) {
            for name in kind.implicit {
                locals.0.insert(name, None);
            }
        }
        for (name, attr) in &flat.lets {
            self.local(&mut locals, name, attr.name.span, attr.module);
        }
        if flat.kind.text == "scenario" {
            for (name, axis) in flat.child("matrix").iter().flat_map(|matrix| &matrix.attrs) {
                self.local(&mut locals, name, axis.name.span, axis.module);
            }
            for child in &flat.children {
                if let Some(name) = child.name.as_ref().filter(|_| child.kind.text != "report") {
                    self.local(&mut locals, &name.text, name.span, child.module);
                }
            }
        }
        for attr in flat.attrs.values().chain(flat.lets.values()) {
            self.expr(&attr.expr, attr.module, &locals);
        }
        for check in &flat.checks {
            for expr in [Some(&check.expr), check.when.as_ref(), check.because.as_ref()].into_iter().flatten() {
                self.expr(expr, check.module, &locals);
            }
        }
        for (expr, module) in &flat.excludes {
            self.expr(expr, *module, &locals);
        }
        for child in &flat.children {
            self.block(child, &locals);
        }
    }

    fn local(&mut self, locals: &mut Locals<'a>, name: &'a str, span: Span, module: ModuleId) {
        let before = locals.0.get(name).copied().or_else(|| {
            self.program.module(module).names.get(name).map(|definition| Some(definition.span))
        });
        if let Some(before) = before {
            let mut diagnostic =
                Diagnostic::error(codes::SHADOWED, span, format!("the name `{name}` already means something here"));
            diagnostic = match before {
                Some(before) => diagnostic.label(before, "defined here"),
                None => diagnostic.help(format!("`{name}` is always there, by itself")),
            };
            self.found.push(diagnostic.help("give it another name"));
        }
        locals.0.insert(name, Some(span));
    }

    fn expr(&mut self, expr: &Expr, module: ModuleId, locals: &Locals<'_>) {
        match &expr.kind {
            ExprKind::None | ExprKind::Bool(_) | ExprKind::Number { .. } | ExprKind::Error => {}
            ExprKind::Name(name) => self.name(name, expr.span, module, locals),
            ExprKind::Str(parts) => {
                for part in parts {
                    if let StrPart::Interpolation(expr) = part {
                        self.expr(expr, module, locals);
                    }
                }
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(item, module, locals)),
            ExprKind::Record(fields) => fields.iter().for_each(|field| self.expr(&field.value, module, locals)),
            ExprKind::Comprehension { body, loops, cond } => {
                let mut inner = Locals(locals.0.iter().map(|(k, v)| (*k, *v)).collect());
                for one in loops {
                    self.expr(&one.values, module, &inner);
                    inner.0.insert(&one.name.text, Some(one.name.span));
                }
                for expr in [Some(body), cond.as_ref()].into_iter().flatten() {
                    self.expr(expr, module, &inner);
                }
            }
            ExprKind::Field { base, .. } => self.expr(base, module, locals),
            ExprKind::Index { base, index } => {
                self.expr(base, module, locals);
                self.expr(index, module, locals);
            }
            ExprKind::Call { function, args } => {
                if schema::builtin(&function.text).is_none() {
                    self.function(&function.text, function.span);
                }
                args.iter().for_each(|arg| self.expr(&arg.value, module, locals));
            }
            ExprKind::Unary { value, .. } => self.expr(value, module, locals),
            ExprKind::Binary { left, right, .. } => {
                self.expr(left, module, locals);
                self.expr(right, module, locals);
            }
            ExprKind::If { cond, then, other } => {
                for expr in [cond, then, other] {
                    self.expr(expr, module, locals);
                }
            }
        }
    }

    fn name(&mut self, name: &str, span: Span, module: ModuleId, locals: &Locals<'_>) {
        let names = &self.program.module(module).names;
        if locals.0.contains_key(name) || names.contains_key(name) {
            return;
        }
        let diagnostic = Diagnostic::error(codes::UNKNOWN_NAME, span, format!("`{name}` is not defined here"));
        let mut candidates: Vec<&str> = locals.0.keys().copied().chain(names.keys().map(String::as_str)).collect();
        candidates.sort_unstable();
        self.found.push(match nearest(name, candidates.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix("the nearest name", span, near, false),
            None if schema::builtin(name).is_some() => diagnostic.help(format!("`{name}` is a function: write {name}(…)")),
            None if crate::stdlib::names().contains(&name) => {
                diagnostic.help(format!("write `use std.{name}` at the top of the file"))
            }
            None if crate::units::parse_unit(name).is_some() => {
                diagnostic.help(format!("a unit stands behind its number: `1 {name}`"))
            }
            None => diagnostic.help(format!("a text is quoted: \"{name}\"; a value of your own is `let {name} = …`")),
        });
    }

    fn function(&mut self, name: &str, span: Span) {
        let diagnostic = Diagnostic::error(codes::UNKNOWN_FUNCTION, span, format!("there is no function `{name}`"));
        let known = schema::BUILTINS.iter().map(|b| b.name);
        self.found.push(match nearest(name, known) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix("the nearest function", span, near, false),
            None => diagnostic.help("functions are built in; a file cannot define one"),
        });
    }
}
