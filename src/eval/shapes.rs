//! The sorts and dimensions of expressions, whatever their constants come to: every branch and
//! every side is looked at, also those that these values leave unevaluated.

use super::{Evaluator, Handle, Scope, Shape, Value, ops};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::syntax::ast::{Arg, BinaryOp, Expr, ExprKind, Loop, StrPart};
use crate::units::Dimension;
use indexmap::IndexMap;
use std::sync::Arc;

/// What these come to is data's or the case's to say, and so is its sort.
const OPEN: [&str; 6] = ["data", "get", "env", "secret", "at", "fit"];

/// Of these an argument that is wrong by its sort is wrong whatever it comes to.
const TYPED: [&str; 15] = [
    "len",
    "abs",
    "round",
    "floor",
    "ceil",
    "mod",
    "range",
    "ring",
    "mesh",
    "keys",
    "matches",
    "percentile",
    "growth",
    "peak",
    "increase",
];

/// Of a list with more entries nothing is said: their shapes would take as much room as the list.
const MOST_SHAPED: usize = 10_000;

const ANY: Value = Value::Unknown(Shape::Any);
const TRUTH: Value = Value::Unknown(Shape::Bool);

/// Whether a record holds the shapes of values, and no value: as `options` of an engine does.
fn is_of_shapes(value: &Value) -> bool {
    let shape = |value: &Value| matches!(value, Value::Unknown(_));
    matches!(value, Value::Record(fields) if fields.values().all(shape))
}

impl Evaluator<'_> {
    /// Gives shapes in place of values, and finds what can be right with no values.
    pub fn of_shapes(self) -> Self {
        Self {
            shapes: true,
            ..self
        }
    }

    pub(super) fn shape(&self, expr: &Expr, scope: &Scope) -> Value {
        let value = match &expr.kind {
            ExprKind::Str(parts) => return self.text_of(parts, scope),
            ExprKind::Comprehension { body, loops, cond } => {
                self.each(body, loops, cond.as_deref(), scope)
            }
            ExprKind::Field { base, field } if self.module_named(base, scope).is_none() => {
                match self.eval(base, scope) {
                    Value::Unknown(Shape::Any) | Value::None => ANY,
                    // what an engine has may be another case's
                    Value::Handle(Handle::Roles { .. } | Handle::Role { .. }) => ANY,
                    Value::Handle(Handle::Server { .. })
                        if schema::server_series(&field.text).is_none() =>
                    {
                        ANY
                    }
                    // what a value has may depend on the case; of what is written out it is seen,
                    // and of the options of an engine
                    value => match &base.kind {
                        ExprKind::Record(_) => self.field(value, base.span, field, expr.span),
                        ExprKind::Name(name) if name == "options" && is_of_shapes(&value) => {
                            self.field(value, base.span, field, expr.span)
                        }
                        _ => self.without(codes::UNKNOWN_FIELD, || {
                            self.field(value, base.span, field, expr.span)
                        }),
                    },
                }
            }
            ExprKind::Index { base, index } => {
                let at = self.eval(index, scope);
                let number = ops::dimension_of(&at);
                match self.eval(base, scope) {
                    of @ Value::List(_)
                        if matches!(at, Value::Text(_) | Value::Bool(_))
                            || number.is_some_and(|dimension| !dimension.is_none()) =>
                    {
                        self.index(of, at, base.span, index.span)
                    }
                    of @ Value::Record(_) if number.is_some() || matches!(at, Value::Bool(_)) => {
                        self.index(of, at, base.span, index.span)
                    }
                    Value::List(items) => joined(items.iter()),
                    Value::Error => Value::Error,
                    _ => ANY,
                }
            }
            ExprKind::Call { function, args } if OPEN.contains(&function.text.as_str()) => {
                args.iter().for_each(|arg| {
                    self.eval(&arg.value, scope);
                });
                ANY
            }
            ExprKind::Call { function, args } if TYPED.contains(&function.text.as_str()) => {
                let value = |arg: &Arg| match (&arg.value.kind, self.eval(&arg.value, scope)) {
                    (ExprKind::Number { .. } | ExprKind::Str(_), value) => value,
                    (_, value) => shape_of(&value),
                };
                let args: Vec<(&Arg, Value)> = args.iter().map(|arg| (arg, value(arg))).collect();
                // of what is not known nothing is wrong
                if args
                    .iter()
                    .any(|(_, value)| matches!(value, Value::Unknown(Shape::Any)))
                {
                    // a length is a number, whatever it is of
                    return match function.text.as_str() {
                        "len" => Value::Unknown(Shape::Number(Dimension::NONE)),
                        _ => ANY,
                    };
                }
                self.call(function, &args, expr.span)
            }
            ExprKind::Call { function, args } => {
                let args: Vec<(&Arg, Value)> = args
                    .iter()
                    .map(|arg| (arg, self.eval(&arg.value, scope)))
                    .collect();
                self.without(codes::BAD_ARGUMENT, || {
                    self.call(function, &args, expr.span)
                })
            }
            ExprKind::If { cond, then, other } => {
                self.condition(cond, scope);
                let (a, b) = (self.eval(then, scope), self.eval(other, scope));
                self.either(&a, &b, then, other)
            }
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
                ..
            } => {
                let (a, b) = (self.eval(left, scope), self.eval(right, scope));
                // each side by itself: with the other true or false as may be
                for (value, side) in [(a, left), (b, right)] {
                    if !matches!(value, Value::Error) {
                        self.logic(*op, value, TRUTH, side.span, side.span);
                    }
                }
                TRUTH
            }
            ExprKind::Binary { .. } | ExprKind::Unary { .. } => match self.evaluated(expr, scope) {
                Value::Bool(_) => TRUTH,
                value => value,
            },
            _ => self.evaluated(expr, scope),
        };
        match value {
            Value::None | Value::Unavailable(_) | Value::Secret(_) => ANY,
            value => value,
        }
    }

    /// Evaluates, and says nothing of a rule that depends on what values come to.
    fn without(&self, rule: codes::Rule, eval: impl FnOnce() -> Value) -> Value {
        let (value, found) = self.apart(eval);
        let others = found.into_iter().filter(|d| d.code != rule.0);
        others.for_each(|d| self.report(d));
        value
    }

    /// A text, of which the parts are looked at.
    fn text_of(&self, parts: &[StrPart], scope: &Scope) -> Value {
        let mut plain = String::new();
        let mut known = true;
        for part in parts {
            match part {
                StrPart::Text(text) => plain.push_str(text),
                StrPart::Interpolation(expr) => {
                    self.eval(expr, scope);
                    known = false;
                }
            }
        }
        match known {
            true => Value::text(plain),
            false => Value::Unknown(Shape::Text),
        }
    }

    /// A comprehension of one entry, which stands for all of them, be there any or none.
    fn each(&self, body: &Expr, loops: &[Loop], cond: Option<&Expr>, scope: &Scope) -> Value {
        let mut inner = scope.clone();
        for one in loops {
            let item = match self.eval(&one.values, &inner) {
                Value::List(items) => joined(items.iter()),
                _ => ANY,
            };
            inner = inner.with_value(&one.name.text, item);
        }
        if let Some(cond) = cond {
            self.condition(cond, &inner);
        }
        Value::list(vec![self.eval(body, &inner)])
    }

    /// Reports what is neither true nor false.
    pub fn condition(&self, cond: &Expr, scope: &Scope) {
        let value = self.eval(cond, scope);
        let fine = matches!(
            value,
            Value::Bool(_) | Value::Error | Value::Unknown(Shape::Bool | Shape::Any)
        );
        if !fine {
            self.no_condition(&value, cond.span);
        }
    }

    /// What an `if` comes to, whichever way it goes.
    pub(super) fn either(&self, a: &Value, b: &Value, then: &Expr, other: &Expr) -> Value {
        let (Some(x), Some(y)) = (ops::dimension_of(a), ops::dimension_of(b)) else {
            return joined([a, b].into_iter());
        };
        // a bare number does for a count
        let counts = x.is_none() && y.is_count() || y.is_none() && x.is_count();
        if x != y && !counts {
            self.report(
                Diagnostic::error(
                    codes::DIMENSIONS,
                    then.span,
                    "the two branches have unlike dimensions",
                )
                .says(x.describe())
                .label(other.span, y.describe())
                .help("give both the same unit: which of them is taken must not change what it is"),
            );
        }
        joined([a, b].into_iter())
    }
}

/// What a value is, without what it comes to.
pub fn shape_of(value: &Value) -> Value {
    match value {
        Value::Number(_) | Value::Between(_) => match ops::dimension_of(value) {
            Some(dimension) => Value::Unknown(Shape::Number(dimension)),
            None => ANY,
        },
        Value::Bool(_) => TRUTH,
        Value::Text(_) => Value::Unknown(Shape::Text),
        Value::List(items) if items.len() > MOST_SHAPED => ANY,
        Value::List(items) => Value::list(items.iter().map(shape_of).collect()),
        Value::Record(fields) => {
            let shape = |(key, value): (&String, &Value)| (key.clone(), shape_of(value));
            Value::record(fields.iter().map(shape))
        }
        Value::None | Value::Error | Value::Secret(_) | Value::Unavailable(_) => ANY,
        other => other.clone(),
    }
}

/// What all of them are; any where they differ.
pub fn joined<'v>(mut values: impl Iterator<Item = &'v Value>) -> Value {
    let Some(first) = values.next() else {
        return ANY;
    };
    values.fold(shape_of(first), |all, value| join(&all, &shape_of(value)))
}

fn join(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Unknown(x), Value::Unknown(y)) if x == y => a.clone(),
        (Value::Record(x), Value::Record(y)) => {
            let keys = x.keys().chain(y.keys().filter(|key| !x.contains_key(*key)));
            let both = |key: &String| match (x.get(key), y.get(key)) {
                (Some(a), Some(b)) => join(a, b),
                _ => ANY,
            };
            let fields = keys.map(|key| (key.clone(), both(key)));
            Value::Record(Arc::new(fields.collect::<IndexMap<_, _>>()))
        }
        (Value::List(x), Value::List(y)) => Value::list(vec![joined(x.iter().chain(y.iter()))]),
        (a, b) if a == b => a.clone(),
        _ => ANY,
    }
}
