//! Evaluates expressions, constant and measured, over typed values. Does not know where a
//! measured value comes from: it asks [`Measurements`]. Before a run every measured value is
//! `Unknown` with its dimension, so that one evaluator both checks and computes.

mod access;
mod builtins;
mod coerce;
mod measurements;
mod measuring;
mod ops;
mod scope;
mod value;

pub use measurements::{Measurements, Nothing, Query, SeriesRef, Stretch, Window};
pub use scope::{Binding, Layer, Scope};
pub use value::{BlockValue, Handle, Part, Shape, Value};

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, ModuleId, Program};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Loop, StrPart};
use crate::units::{self, Quantity};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Values of `param`s set from outside, by name: they hold in the root files.
pub type Params = HashMap<String, Value>;

/// Most entries that a list may come to: a total language has no other way to run away.
const MOST_ENTRIES: usize = 1_000_000;

/// Evaluates; keeps what it found, and every measured figure it read.
pub struct Evaluator<'a> {
    pub program: &'a Program,
    params: &'a Params,
    measurements: &'a dyn Measurements,
    found: RefCell<Vec<Diagnostic>>,
    /// Local lets that were evaluated: the layer is kept alive, so that its address stays its own.
    memo: RefCell<HashMap<(usize, String), (Value, Arc<Layer>)>>,
    globals: RefCell<HashMap<(ModuleId, String), Value>>,
    active: RefCell<HashSet<(usize, usize, String)>>,
    secrets: RefCell<Vec<Arc<str>>>,
    trace: RefCell<Vec<Reading>>,
}

/// One measured figure that an expression read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub span: Span,
    pub query: Query,
    pub value: Value,
}

impl<'a> Evaluator<'a> {
    pub fn new(
        program: &'a Program,
        params: &'a Params,
        measurements: &'a dyn Measurements,
    ) -> Self {
        Self {
            program,
            params,
            measurements,
            found: RefCell::default(),
            memo: RefCell::default(),
            globals: RefCell::default(),
            active: RefCell::default(),
            secrets: RefCell::default(),
            trace: RefCell::default(),
        }
    }

    /// What was found wrong since the last call.
    pub fn take_found(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.found.borrow_mut())
    }

    /// The figures read since the last call.
    pub fn take_trace(&self) -> Vec<Reading> {
        std::mem::take(&mut self.trace.borrow_mut())
    }

    /// Every secret value seen so far, to be kept out of all that is written.
    pub fn secrets(&self) -> Vec<Arc<str>> {
        self.secrets.borrow().clone()
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }

    fn fail(&self, rule: codes::Rule, span: Span, message: impl Into<String>) -> Value {
        self.report(Diagnostic::error(rule, span, message));
        Value::Error
    }

    /// The value of an expression; what is wrong is kept as a diagnostic.
    pub fn eval(&self, expr: &Expr, scope: &Scope) -> Value {
        match &expr.kind {
            ExprKind::Error => Value::Error,
            ExprKind::None => Value::None,
            ExprKind::Bool(b) => Value::Bool(*b),
            ExprKind::Number { value, unit: None } => Value::plain(*value),
            ExprKind::Number {
                value,
                unit: Some(unit),
            } => self.quantity(*value, &unit.text, unit.span),
            ExprKind::Str(parts) => self.string(parts, scope),
            ExprKind::List(items) => {
                Value::list(items.iter().map(|item| self.eval(item, scope)).collect())
            }
            ExprKind::Comprehension { body, loops, cond } => {
                let mut out = Vec::new();
                self.comprehend(body, loops, cond.as_deref(), scope, &mut out);
                Value::list(out)
            }
            ExprKind::Record(fields) => {
                let mut record = indexmap::IndexMap::new();
                for field in fields {
                    let key = &field.key;
                    if record
                        .insert(key.text.clone(), self.eval(&field.value, scope))
                        .is_some()
                    {
                        self.fail(
                            codes::DUPLICATE,
                            key.span,
                            format!("`{}` stands here twice", key.text),
                        );
                    }
                }
                Value::Record(Arc::new(record))
            }
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Field { base, field } => {
                if let Some(module) = self.module_named(base, scope) {
                    return self.member(module, field);
                }
                let value = self.eval(base, scope);
                self.field(value, base.span, field, expr.span)
            }
            ExprKind::Index { base, index } => {
                let (of, at) = (self.eval(base, scope), self.eval(index, scope));
                self.index(of, at, base.span, index.span)
            }
            ExprKind::Call { function, args } => {
                let args: Vec<(&Arg, Value)> = args
                    .iter()
                    .map(|arg| (arg, self.eval(&arg.value, scope)))
                    .collect();
                self.call(function, &args, expr.span)
            }
            ExprKind::Unary { op, value } => {
                let operand = self.eval(value, scope);
                self.unary(*op, operand, value.span)
            }
            ExprKind::Binary {
                op,
                op_span,
                left,
                right,
            } => self.binary(*op, *op_span, left, right, scope),
            ExprKind::If { cond, then, other } => self.choose(cond, then, other, scope),
        }
    }

    fn quantity(&self, value: f64, unit: &str, span: Span) -> Value {
        if let Some((factor, dimension)) = units::parse_unit(unit) {
            return Value::Number(Quantity::new(value * factor, dimension));
        }
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_UNIT,
            span,
            format!("there is no unit `{unit}`"),
        );
        let near = units::suggest_units(unit);
        self.report(match near.as_slice() {
            [] => diagnostic.help("units are ms, s, min, MB, GiB, tok, req, req/s, tok/s, %, …"),
            [one] => diagnostic.help(format!("did you mean `{one}`?")).fix(
                "the nearest unit",
                span,
                *one,
                false,
            ),
            several => diagnostic.help(format!("did you mean one of: {}?", several.join(", "))),
        });
        Value::Error
    }

    fn string(&self, parts: &[StrPart], scope: &Scope) -> Value {
        let mut text = String::new();
        for part in parts {
            let expr = match part {
                StrPart::Text(plain) => {
                    text.push_str(plain);
                    continue;
                }
                StrPart::Interpolation(expr) => expr,
            };
            match self.eval(expr, scope) {
                Value::Error => return Value::Error,
                Value::Unknown(_) => return Value::Unknown(Shape::Text),
                Value::Secret(_) => {
                    self.report(
                        Diagnostic::error(
                            codes::TYPE_MISMATCH,
                            expr.span,
                            "a secret cannot stand inside a text",
                        )
                        .help("give the secret by itself: `api_key = env(\"NAME\")`"),
                    );
                    return Value::Error;
                }
                value => match value.shown() {
                    Some(shown) => text.push_str(&shown),
                    None => {
                        let message = format!("{} cannot stand inside a text", value.describe());
                        return self.fail(codes::TYPE_MISMATCH, expr.span, message);
                    }
                },
            }
        }
        Value::text(text)
    }

    fn comprehend(
        &self,
        body: &Expr,
        loops: &[Loop],
        cond: Option<&Expr>,
        scope: &Scope,
        out: &mut Vec<Value>,
    ) {
        let Some((first, rest)) = loops.split_first() else {
            if !self.kept(cond, scope) {
                return;
            }
            if out.len() == MOST_ENTRIES {
                self.fail(
                    codes::OUT_OF_RANGE,
                    body.span,
                    format!("this list has more than {MOST_ENTRIES} entries"),
                );
            }
            if out.len() <= MOST_ENTRIES {
                out.push(self.eval(body, scope));
            }
            return;
        };
        let items = match self.eval(&first.values, scope) {
            Value::List(items) => items,
            Value::Error => return,
            other => {
                let message = format!("`for` goes over a list, this is {}", other.describe());
                self.fail(codes::TYPE_MISMATCH, first.values.span, message);
                return;
            }
        };
        for item in items.iter() {
            if out.len() > MOST_ENTRIES {
                return;
            }
            self.comprehend(
                body,
                rest,
                cond,
                &scope.with_value(&first.name.text, item.clone()),
                out,
            );
        }
    }

    /// Whether a comprehension's condition keeps an entry.
    fn kept(&self, cond: Option<&Expr>, scope: &Scope) -> bool {
        let Some(cond) = cond else { return true };
        match self.eval(cond, scope) {
            Value::Bool(keep) => keep,
            Value::Error => false,
            other => {
                let message = format!("a condition is true or false, this is {}", other.describe());
                self.fail(codes::TYPE_MISMATCH, cond.span, message);
                false
            }
        }
    }

    fn choose(&self, cond: &Expr, then: &Expr, other: &Expr, scope: &Scope) -> Value {
        match self.eval(cond, scope) {
            Value::Bool(true) => self.eval(then, scope),
            Value::Bool(false) => self.eval(other, scope),
            Value::Error => Value::Error,
            Value::Unavailable(reason) => Value::Unavailable(reason),
            Value::Unknown(Shape::Bool | Shape::Any) => {
                let (a, b) = (self.eval(then, scope), self.eval(other, scope));
                match (ops::dimension_of(&a), ops::dimension_of(&b)) {
                    (Some(x), Some(y)) if x == y => Value::Unknown(Shape::Number(x)),
                    (Some(x), Some(y)) => {
                        self.report(
                            Diagnostic::error(
                                codes::DIMENSIONS,
                                then.span,
                                "the two branches have unlike dimensions",
                            )
                            .says(x.describe())
                            .label(other.span, y.describe()),
                        );
                        Value::Error
                    }
                    _ if matches!((&a, &b), (Value::Text(_), Value::Text(_))) => {
                        Value::Unknown(Shape::Text)
                    }
                    _ => Value::Unknown(Shape::Any),
                }
            }
            value => {
                let message = format!("a condition is true or false, this is {}", value.describe());
                self.fail(codes::TYPE_MISMATCH, cond.span, message)
            }
        }
    }

    fn name(&self, name: &str, span: Span, scope: &Scope) -> Value {
        let Some((binding, inner)) = scope.find(name) else {
            return self.global(scope.module, name, span);
        };
        let expr = match binding {
            Binding::Value(value) => return value.clone(),
            Binding::Block(flat) => {
                return Value::Block(Arc::new(BlockValue {
                    flat: flat.clone(),
                    scope: inner,
                }));
            }
            Binding::Lazy { expr, .. } => expr,
        };
        let Some(holder) = scope.holder(name) else {
            return Value::Error;
        };
        let key = (Arc::as_ptr(&holder) as usize, name.to_string());
        if let Some((value, _)) = self.memo.borrow().get(&key) {
            return value.clone();
        }
        let readings = self.trace.borrow().len();
        let value = self.guarded((key.0, usize::MAX, key.1.clone()), name, span, || {
            self.eval(expr, &inner)
        });
        // what reads measurements is read again each time, so that its readings are traced
        if self.trace.borrow().len() == readings && !value.is_measured() {
            self.memo.borrow_mut().insert(key, (value.clone(), holder));
        }
        value
    }

    /// A name of a module. Unknown names are reported by the checker, so this is silent.
    fn global(&self, module: ModuleId, name: &str, span: Span) -> Value {
        let Some(definition) = self.program.module(module).names.get(name) else {
            return Value::Error;
        };
        let key = (module, name.to_string());
        if let Some(value) = self.globals.borrow().get(&key) {
            return value.clone();
        }
        let scope = Scope::of(module);
        let lazy = |expr: &Expr| {
            self.guarded((usize::MAX, module.0, name.into()), name, span, || {
                self.eval(expr, &scope)
            })
        };
        let value = match &definition.kind {
            DefinitionKind::Module(_) => Value::Error,
            DefinitionKind::Block(flat) => Value::Block(Arc::new(BlockValue {
                flat: flat.clone(),
                scope: scope.clone(),
            })),
            DefinitionKind::Param(expr) => {
                match self
                    .params
                    .get(name)
                    .filter(|_| self.program.roots.contains(&module))
                {
                    Some(value) => value.clone(),
                    None => lazy(expr),
                }
            }
            DefinitionKind::Let(expr) => lazy(expr),
        };
        self.globals.borrow_mut().insert(key, value.clone());
        value
    }

    /// Evaluates a definition, once at a time: one that needs itself is a cycle.
    fn guarded(
        &self,
        key: (usize, usize, String),
        name: &str,
        span: Span,
        eval: impl FnOnce() -> Value,
    ) -> Value {
        if !self.active.borrow_mut().insert(key.clone()) {
            return self.fail(codes::CYCLE, span, format!("`{name}` is defined by itself"));
        }
        let value = eval();
        self.active.borrow_mut().remove(&key);
        value
    }

    /// The module that a name stands for, where it stands for one.
    fn module_named(&self, expr: &Expr, scope: &Scope) -> Option<ModuleId> {
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

    fn secret(&self, text: &str) -> Value {
        let text: Arc<str> = text.into();
        if !text.is_empty() {
            self.secrets.borrow_mut().push(text.clone());
        }
        Value::Secret(text)
    }

    fn read(&self, query: Query, span: Span) -> Value {
        let value = self.measurements.measure(&query);
        self.trace.borrow_mut().push(Reading {
            span,
            query,
            value: value.clone(),
        });
        value
    }

    /// Reports a phase, series or distribution where one figure is due.
    pub fn not_one_figure(&self, value: &Value, expr: &Expr) -> Option<Value> {
        self.not_a_figure(value, expr)
    }
}
