//! Evaluates expressions, constant and measured, over typed values. Does not know where a
//! measured value comes from: it asks [`Measurements`]. Before a run every measured value is
//! `Unknown` with its dimension, so that one evaluator both checks and computes.

mod access;
mod alone;
mod at;
mod between;
mod builtins;
mod coerce;
mod constant;
mod data;
mod fits;
mod flags;
pub(crate) mod formats;
mod limits;
mod lookup;
mod meant;
mod measurements;
mod measuring;
mod ops;
mod patterns;
mod random;
mod rests;
mod scope;
mod shapes;
mod unlike;
mod value;
mod weight;
mod within;
mod written;

pub use at::{Cases, FEASIBLE};
pub use between::Between;
pub use data::{DataFiles, DataRow};
pub use fits::Fitted;
pub use measurements::{Measurements, Nothing, Query, SeriesRef, Stretch, Window};
pub use patterns::Patterns;
pub use scope::{Binding, Layer, Scope};
pub use shapes::{joined, shape_of};
pub use value::{BlockValue, Handle, Link, Part, Shape, Value};

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{ModuleId, Program};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Field, Ident, Loop, StrPart};
use crate::units::{self, Quantity};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::sync::Arc;

/// Values of `param`s set from outside, by the file that defines them and their name.
pub type Params = HashMap<(ModuleId, String), Value>;

/// Most entries that a list may come to: a total language has no other way to run away.
const MOST_ENTRIES: usize = 150_000;

/// Longest text that an expression may make, in bytes.
const LONGEST_TEXT: usize = 6 << 20;

/// A list of a million entries, each with the same mistake, is said this often at most.
const MOST_SAID: usize = 10_000;

/// So many nodes one evaluator visits, and so deep: far beyond any scenario, and still no wait.
const MOST_STEPS: u64 = 20_000_000;
const DEEPEST: u32 = 256;

/// What stands for a secret whose text is not known: its variable is not set where the scenario is
/// only looked at, or is not kept with a run. No rule about a text's form is applied to it.
pub const UNKNOWN_SECRET: &str = "***";

/// Evaluates; keeps what it found, and every measured figure it read.
pub struct Evaluator<'a> {
    pub program: &'a Program,
    params: &'a Params,
    measurements: &'a dyn Measurements,
    found: RefCell<Vec<Diagnostic>>,
    /// Local lets that were evaluated: the layer is kept alive, so that its address stays its own.
    memo: RefCell<HashMap<(usize, String), Known>>,
    globals: RefCell<HashMap<(ModuleId, String), Value>>,
    /// Definitions being evaluated, outermost first, to see cycles.
    active: RefCell<Vec<Active>>,
    steps: Cell<u64>,
    depth: Cell<u32>,
    too_deep: Cell<bool>,
    /// Whether it was reported that there is no room for more values.
    full: Cell<bool>,
    secrets: RefCell<Vec<Arc<str>>>,
    trace: RefCell<Vec<Reading>>,
    /// What stood in a text and was `none`.
    nones: RefCell<Vec<Span>>,
    /// Whether what `and` and `or` need not read is read all the same.
    reads_all: bool,
    /// Whether shapes are worked out in place of values.
    shapes: bool,
    /// The other case that figures are read from.
    elsewhere: RefCell<Option<Arc<str>>>,
}

/// A local `let` that was evaluated, and the figures that it read.
struct Known {
    value: Value,
    readings: Vec<Reading>,
    _layer: Arc<Layer>,
}

/// A definition that is being evaluated.
struct Active {
    key: (usize, usize, String),
    place: Span,
}

/// One measured figure that an expression read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub span: Span,
    pub query: Query,
    /// The case that it was read from, where that is another: `at(tp = 2)`.
    pub case: Option<Arc<str>>,
    pub value: Value,
}

impl Reading {
    /// Whether it is the same figure at the same place.
    pub fn same(&self, other: &Self) -> bool {
        self.span == other.span && self.query == other.query && self.case == other.case
    }
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
            steps: Cell::default(),
            depth: Cell::default(),
            too_deep: Cell::default(),
            full: Cell::default(),
            secrets: RefCell::default(),
            trace: RefCell::default(),
            nones: RefCell::default(),
            reads_all: false,
            shapes: false,
            elsewhere: RefCell::default(),
        }
    }

    /// Reads both sides of `and` and `or`, also where one decides: for those who want to see all
    /// that an expression measures. What it comes to, and what is found wrong, stay the same.
    pub fn reading_all(self) -> Self {
        Self {
            reads_all: true,
            ..self
        }
    }

    /// What was found wrong since the last call.
    pub fn take_found(&self) -> Vec<Diagnostic> {
        std::mem::take(&mut self.found.borrow_mut())
    }

    /// What some work gives, and what was found wrong in it alone: the caller reports what of that
    /// is to be said. What was found before stays where it is, however much it is.
    pub fn apart<T>(&self, work: impl FnOnce() -> T) -> (T, Vec<Diagnostic>) {
        let before = self.take_found();
        let out = work();
        (out, self.found.replace(before))
    }

    /// The figures read since the last call.
    pub fn take_trace(&self) -> Vec<Reading> {
        std::mem::take(&mut self.trace.borrow_mut())
    }

    /// What stood in a text and was `none` since the last call: it is the word there.
    pub fn take_nones(&self) -> Vec<Span> {
        std::mem::take(&mut self.nones.borrow_mut())
    }

    /// Every secret value seen so far, to be kept out of all that is written.
    pub fn secrets(&self) -> Vec<Arc<str>> {
        self.secrets.borrow().clone()
    }

    /// How many nodes it has visited.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub fn report(&self, diagnostic: Diagnostic) {
        let mut found = self.found.borrow_mut();
        if found.len() < MOST_SAID {
            found.push(diagnostic);
        }
    }

    fn fail(&self, rule: codes::Rule, span: Span, message: impl Into<String>) -> Value {
        self.report(Diagnostic::error(rule, span, message));
        Value::Error
    }

    /// The value of an expression; what is wrong is kept as a diagnostic.
    pub fn eval(&self, expr: &Expr, scope: &Scope) -> Value {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS {
            if self.steps.get() == MOST_STEPS + 1 {
                let message = "this takes too long to compute";
                self.report(
                    Diagnostic::error(codes::OUT_OF_RANGE, expr.span, message)
                        .help("make the lists that it goes over shorter"),
                );
            }
            return Value::Error;
        }
        if self.full_for(0, expr.span) {
            return Value::Error;
        }
        if self.depth.get() == DEEPEST {
            if self.too_deep.replace(true) {
                return Value::Error;
            }
            let message = "definitions build on each other too deeply here";
            self.report(
                Diagnostic::error(codes::TOO_DEEP, expr.span, message)
                    .help("build on fewer definitions"),
            );
            return Value::Error;
        }
        self.depth.set(self.depth.get() + 1);
        let value = match self.shapes {
            true => self.shape(expr, scope),
            false => self.evaluated(expr, scope),
        };
        self.depth.set(self.depth.get() - 1);
        value
    }

    fn evaluated(&self, expr: &Expr, scope: &Scope) -> Value {
        match &expr.kind {
            ExprKind::Error => Value::Error,
            ExprKind::None => Value::None,
            ExprKind::Bool(b) => Value::Bool(*b),
            ExprKind::Number { value, unit: None } => Value::plain(*value),
            ExprKind::Number {
                value,
                unit: Some(unit),
            } => self.quantity(*value, &unit.text, unit.span, expr.span),
            ExprKind::Str(parts) => self.string(parts, expr.span, scope),
            ExprKind::List(items) => {
                let items = items.iter().map(|item| self.eval(item, scope));
                self.light(Value::list(items.collect()), expr.span)
            }
            ExprKind::Comprehension { body, loops, cond } => {
                let mut out = Vec::new();
                match self.comprehend(body, loops, cond.as_deref(), scope, &mut out) {
                    Some(open) => open,
                    None => self.light(Value::list(out), expr.span),
                }
            }
            ExprKind::Record(fields) => {
                let mut record = indexmap::IndexMap::new();
                for field in fields {
                    let key = &field.key;
                    let value = self.eval(&field.value, scope);
                    if record.insert(key.text.clone(), value).is_some() {
                        self.report(twice(fields, key));
                    }
                }
                self.light(Value::Record(Arc::new(record)), expr.span)
            }
            ExprKind::Name(name) => self.name(name, expr.span, scope),
            ExprKind::Field { base, field } => {
                if let Some(module) = self.module_named(base, scope) {
                    return self.member(module, field);
                }
                let before = self.trace.borrow().len();
                let value = self.eval(base, scope);
                let value = self.field(value, base.span, field, expr.span);
                self.read_alone(before, base, &field.text, scope);
                value
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

    /// A number with its unit; `whole` is the place of both.
    fn quantity(&self, value: f64, unit: &str, span: Span, whole: Span) -> Value {
        if let Some((factor, dimension)) = units::parse_unit(unit) {
            return Value::Number(Quantity::new(value * factor, dimension));
        }
        let diagnostic = Diagnostic::error(
            codes::UNKNOWN_UNIT,
            span,
            format!("there is no unit `{unit}`"),
        );
        let near = units::suggest_units(unit);
        // of tokens people write thousands so, and mean one or the other
        if matches!(unit, "k" | "K") {
            let tokens =
                [1000.0, 1024.0].map(|many| format!("{} tok", units::number(value * many, 15)));
            let (thousands, plain) = (&tokens, units::number(value, 15));
            let mut found = diagnostic.help(format!(
                "of tokens write `{}` or `{}`, whichever is meant; of data `{plain}kB` or `{plain}KiB`",
                thousands[0], thousands[1],
            ));
            for text in tokens {
                found = found.fix("write the tokens", whole, text, false);
            }
            self.report(found);
            return Value::Error;
        }
        self.report(match near.as_slice() {
            [] if exponent(unit) => {
                diagnostic.help("a number with an exponent stands apart from its unit: `1e3 ms`")
            }
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

    fn string(&self, parts: &[StrPart], span: Span, scope: &Scope) -> Value {
        let mut text = String::new();
        let mut measured = false;
        for part in parts {
            let expr = match part {
                StrPart::Text(plain) => {
                    text.push_str(plain);
                    continue;
                }
                StrPart::Interpolation(expr) => expr,
            };
            match self.as_part(expr, scope) {
                Value::Error => return Value::Error,
                Value::Unknown(_) => measured = true,
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
                    Some(shown) => {
                        let mut nones = self.nones.borrow_mut();
                        if matches!(value, Value::None) && !nones.contains(&expr.span) {
                            nones.push(expr.span);
                        }
                        text.push_str(&shown);
                    }
                    None => {
                        if let Some(error) = self.not_a_figure(&value, expr) {
                            return error;
                        }
                        let message = format!("{} cannot stand inside a text", value.describe());
                        self.report(
                            Diagnostic::error(codes::TYPE_MISMATCH, expr.span, message)
                                .help("texts, numbers, lists and records of these, and names of blocks can"),
                        );
                        return Value::Error;
                    }
                },
            }
        }
        if measured {
            Value::Unknown(Shape::Text)
        } else {
            self.bounded(text, span)
        }
    }

    /// A text that is not too long.
    fn bounded(&self, text: String, span: Span) -> Value {
        if text.len() > LONGEST_TEXT {
            return self.fail(codes::OUT_OF_RANGE, span, "this text is longer than 6 MiB");
        }
        Value::text(text)
    }

    /// Puts the entries into `out`. Where a measurement decides what is in the list, and it is
    /// still to be made or could not be, that is what it comes to; and an error where it is not
    /// known what is in it after a mistake.
    fn comprehend(
        &self,
        body: &Expr,
        loops: &[Loop],
        cond: Option<&Expr>,
        scope: &Scope,
        out: &mut Vec<Value>,
    ) -> Option<Value> {
        let Some((first, rest)) = loops.split_first() else {
            match self.kept(cond, scope) {
                Value::Bool(true) => {}
                open @ (Value::Unknown(_) | Value::Unavailable(_)) => {
                    // what is wrong with the entry is so whether it is kept or not
                    self.eval(body, scope);
                    return Some(match open {
                        Value::Unknown(_) => Value::Unknown(Shape::Any),
                        open => open,
                    });
                }
                Value::Bool(false) => return None,
                _ => return Some(Value::Error),
            }
            if out.len() == MOST_ENTRIES {
                let message = format!("this list has more than {MOST_ENTRIES} entries");
                self.report(
                    Diagnostic::error(codes::OUT_OF_RANGE, body.span, message)
                        .help("go over fewer values, or leave some out with `if`"),
                );
            }
            if out.len() <= MOST_ENTRIES {
                out.push(self.eval(body, scope));
            }
            return None;
        };
        let items = match self.eval(&first.values, scope) {
            Value::List(items) => items,
            open @ (Value::Error | Value::Unknown(Shape::Any) | Value::Unavailable(_)) => {
                return Some(open);
            }
            other => {
                let message = format!("`for` goes over a list, this is {}", other.describe());
                let found = Diagnostic::error(codes::TYPE_MISMATCH, first.values.span, message);
                self.report(found.help(match other {
                    Value::Record(_) => "`for key in keys(record)` goes over a record's keys",
                    _ => "put it in brackets: [ … ]",
                }));
                return Some(Value::Error);
            }
        };
        // at once, so that smaller ones are not left behind
        if rest.is_empty() && cond.is_none() {
            out.reserve(items.len().min(MOST_ENTRIES));
        }
        let mut open = None;
        for item in items.iter() {
            if out.len() > MOST_ENTRIES {
                return open;
            }
            let inner = scope.with_value(&first.name.text, item.clone());
            let now = self.comprehend(body, rest, cond, &inner, out);
            open = match now {
                Some(Value::Error) => now,
                _ => open.or(now),
            };
        }
        open
    }

    /// Whether a comprehension's condition keeps an entry: true, false, or not known.
    fn kept(&self, cond: Option<&Expr>, scope: &Scope) -> Value {
        let Some(cond) = cond else {
            return Value::Bool(true);
        };
        match self.eval(cond, scope) {
            Value::Unknown(Shape::Bool | Shape::Any) => Value::Unknown(Shape::Bool),
            known @ (Value::Bool(_) | Value::Error | Value::Unavailable(_)) => known,
            other => self.no_condition(&other, cond.span),
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
                match self.either(&a, &b, then, other) {
                    one @ (Value::Unknown(_) | Value::Error) => one,
                    // which entries and fields it will have is not known
                    _ => Value::Unknown(Shape::Any),
                }
            }
            value => self.no_condition(&value, cond.span),
        }
    }

    /// Reports a condition that is neither true nor false.
    fn no_condition(&self, value: &Value, span: Span) -> Value {
        let message = format!("a condition is true or false, this is {}", value.describe());
        self.report(
            Diagnostic::error(codes::TYPE_MISMATCH, span, message)
                .help("write a comparison: `a == b`, `a > 0`"),
        );
        Value::Error
    }

    /// A text as a secret, to be kept out of all that is written.
    pub fn secret(&self, text: &str) -> Value {
        let text: Arc<str> = text.into();
        if !text.is_empty() {
            self.secrets.borrow_mut().push(text.clone());
        }
        Value::Secret(text)
    }

    /// The metric that was read by exactly this text.
    fn metric_at(&self, span: Span) -> Option<String> {
        let trace = self.trace.borrow();
        let reading = trace.iter().rev().find(|reading| reading.span == span)?;
        Some(reading.query.metric().to_string())
    }

    /// Whether a share of one is read by exactly this text.
    fn reads_share(&self, span: Span) -> bool {
        let trace = self.trace.borrow();
        let reading = trace.iter().rev().find(|reading| reading.span == span);
        reading.is_some_and(|reading| reading.query.is_ratio())
    }

    /// The value, and the first figure that went into it, as it is written.
    fn first_read(&self, expr: &Expr, scope: &Scope) -> (Value, Option<Span>) {
        let before = self.take_trace();
        let value = self.eval(expr, scope);
        let mut trace = self.trace.borrow_mut();
        let first = trace.first().map(|reading| reading.span);
        trace.splice(0..0, before);
        (value, first)
    }

    fn read(&self, query: Query, span: Span) -> Value {
        let case = self.elsewhere.borrow().clone();
        let value = match &case {
            None => self.measurements.measure(&query),
            Some(case) => self.measurements.measure_at(case, &query),
        };
        self.trace.borrow_mut().push(Reading {
            span,
            query,
            case,
            value: value.clone(),
        });
        value
    }

    /// Reports a phase, series or distribution where one figure is due.
    pub fn not_one_figure(&self, value: &Value, expr: &Expr) -> Option<Value> {
        self.not_a_figure(value, expr)
    }
}

/// `e400s`: what is left of `1e400s`, in which the exponent runs into the unit.
fn exponent(unit: &str) -> bool {
    let digits = unit.strip_prefix(['e', 'E']);
    digits.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// A key that a record has already.
pub(crate) fn twice(fields: &[Field], key: &Ident) -> Diagnostic {
    let first = fields.iter().find(|field| field.key.text == key.text);
    let first = first.map_or(key.span, |field| field.key.span);
    let message = format!("`{}` stands here twice", key.text);
    Diagnostic::error(codes::DUPLICATE, key.span, message)
        .says("the second")
        .label(first, "the first")
        .help("keep one of them")
}
