//! What names stand for: local ones, those of modules, and definitions that need themselves.

use super::{
    Active, Binding, BlockValue, Evaluator, Known, Reading, Scope, Shape, Value, shape_of,
};
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, ModuleId};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use std::sync::Arc;

impl Evaluator<'_> {
    pub(super) fn name(&self, name: &str, span: Span, scope: &Scope) -> Value {
        let Some((binding, inner)) = scope.find(name) else {
            let names = &self.program.module(scope.module).names;
            if scope.is_open() && !names.contains_key(name) {
                return Value::Error;
            }
            return self.global(scope.module, name, span);
        };
        if let Some(value) = binding.value() {
            return value;
        }
        let expr = match binding {
            Binding::Value(_) | Binding::Case(_) => return Value::Error,
            Binding::Block(flat) => {
                return Value::Block(Arc::new(BlockValue::new(flat.clone(), &inner)));
            }
            Binding::Unset(why) => return self.unset(name, span, why),
            Binding::Lazy { expr, .. } => expr,
        };
        let Some(holder) = scope.holder(name) else {
            return Value::Error;
        };
        let key = (Arc::as_ptr(&holder) as usize, name.to_string());
        if let Some(known) = self.memo.borrow().get(&key) {
            // its readings count as made again, so that each check is traced
            let mut trace = self.trace.borrow_mut();
            for reading in &known.readings {
                if !trace.iter().any(|r| r.same(reading)) {
                    trace.push(reading.clone());
                }
            }
            return known.value.clone();
        }
        let before = self.trace.borrow().len();
        let value = self.guarded((key.0, usize::MAX, key.1.clone()), expr.span, || {
            self.eval(expr, &inner)
        });
        let mut readings: Vec<Reading> = Vec::new();
        for reading in self.trace.borrow().iter().skip(before) {
            if !readings.iter().any(|r| r.same(reading)) {
                readings.push(reading.clone());
            }
        }
        let known = Known {
            value: value.clone(),
            readings,
            _layer: holder,
        };
        self.memo.borrow_mut().insert(key, known);
        value
    }

    /// The value that a local name has without being evaluated.
    pub(super) fn bound(&self, name: &str, scope: &Scope) -> Option<Value> {
        scope.find(name)?.0.value()
    }

    /// Evaluates a module's own definition.
    pub fn definition(&self, module: ModuleId, name: &str) -> Value {
        self.global(module, name, Span::default())
    }

    /// Evaluates a name that is in scope.
    pub fn local(&self, name: &str, scope: &Scope) -> Value {
        self.name(name, Span::default(), scope)
    }

    /// A name that is known, but not at this place.
    fn unset(&self, name: &str, span: Span, why: &str) -> Value {
        let message = format!("`{name}` is not known here");
        self.report(Diagnostic::error(codes::UNKNOWN_NAME, span, message).help(why));
        Value::Error
    }

    /// A name of a module. A name that is unknown is reported by the checker too, which knows
    /// more names to suggest; of the two only that one is shown.
    pub(super) fn global(&self, module: ModuleId, name: &str, span: Span) -> Value {
        let Some(definition) = self.program.module(module).names.get(name) else {
            // what a block of the library reads is said at the block that extends it
            let of_library = self.program.standard.values().any(|id| *id == module);
            let module = self.program.module(module);
            if of_library || module.is_open() || module.may_mean(name) {
                return Value::Error;
            }
            return self.unset(name, span, "it is known in other places only");
        };
        let key = (module, name.to_string());
        if let Some(value) = self.globals.borrow().get(&key) {
            return value.clone();
        }
        let scope = Scope::of(module);
        let lazy = |expr: &Expr| {
            self.guarded((usize::MAX, module.0, name.into()), expr.span, || {
                self.eval(expr, &scope)
            })
        };
        let value = match &definition.kind {
            DefinitionKind::Broken => Value::Error,
            DefinitionKind::Module(of) => return self.module_as_value(name, *of, span),
            // it stands where it cannot, which was reported
            DefinitionKind::Block(flat) if schema::kind_in(&flat.kind.text, "file").is_none() => {
                Value::Error
            }
            DefinitionKind::Block(flat) => {
                Value::Block(Arc::new(BlockValue::new(flat.clone(), &scope)))
            }
            // its default fixes what it is
            DefinitionKind::Param(expr) if self.shapes => match lazy(expr) {
                value @ (Value::Number(_) | Value::Text(_) | Value::Bool(_)) => shape_of(&value),
                _ => Value::Unknown(Shape::Any),
            },
            DefinitionKind::Param(expr) => match self.params.get(&key) {
                Some(value) => value.clone(),
                None => lazy(expr),
            },
            DefinitionKind::Let(expr) => lazy(expr),
        };
        self.globals.borrow_mut().insert(key, value.clone());
        value
    }

    fn module_as_value(&self, name: &str, module: ModuleId, span: Span) -> Value {
        let message = format!("`{name}` is a module, not a value");
        let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
        let names = &self.program.module(module).names;
        // `h200` for the scenario `h200` of that file; what it uses itself is hardly meant
        let namesake = names.get_key_value(name);
        let own = names
            .iter()
            .find(|(_, it)| !matches!(it.kind, DefinitionKind::Module(_)));
        let first = namesake.or(own).or_else(|| names.first());
        self.report(match first.map(|(name, _)| name) {
            Some(first) => diagnostic.help(format!("name something in it: `{name}.{first}`")),
            None => diagnostic.help("it defines nothing that could be named"),
        });
        Value::Error
    }

    /// Evaluates a definition, once at a time: one that needs itself is a cycle. Whichever
    /// of a cycle's definitions is asked for first, the same one is reported.
    pub(super) fn guarded(
        &self,
        key: (usize, usize, String),
        place: Span,
        eval: impl FnOnce() -> Value,
    ) -> Value {
        let from = self.active.borrow().iter().position(|one| one.key == key);
        if let Some(from) = from {
            let active = self.active.borrow();
            let circle = &active[from..];
            let first = (0..circle.len())
                .min_by_key(|i| circle[*i].place)
                .unwrap_or(0);
            let name = |i: usize| circle[(first + i) % circle.len()].key.2.as_str();
            let chain: Vec<&str> = (0..=circle.len()).map(name).collect();
            let message = format!("`{}` is defined by itself", name(0));
            let diagnostic = Diagnostic::error(codes::CYCLE, circle[first].place, message)
                .help(chain.join(" → "))
                .help("let one of them stand by itself");
            self.report(diagnostic);
            return Value::Error;
        }
        self.active.borrow_mut().push(Active { key, place });
        let value = eval();
        self.active.borrow_mut().pop();
        value
    }

    /// The module that a name stands for, where it stands for one.
    pub(super) fn module_named(&self, expr: &Expr, scope: &Scope) -> Option<ModuleId> {
        let ExprKind::Name(name) = &expr.kind else {
            return None;
        };
        if scope.find(name).is_some() {
            return None;
        }
        match self.program.module(scope.module).names.get(name)?.kind {
            DefinitionKind::Module(id) => Some(id),
            _ => None,
        }
    }
}
