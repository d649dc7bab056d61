//! Operators, with dimensions checked.

use super::between;
use super::{Evaluator, MOST_ENTRIES, Scope, Shape, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::units::{Dimension, Quantity, column_unit, parse_unit};

/// The dimension of a number, measured or not.
pub(super) fn dimension_of(value: &Value) -> Option<Dimension> {
    match value {
        Value::Number(q) => Some(q.dimension),
        Value::Unknown(Shape::Number(dimension)) => Some(*dimension),
        Value::Between(between) => Some(between.dimension),
        _ => None,
    }
}

/// Whether nothing is known of what it will be.
fn is_open(value: &Value) -> bool {
    matches!(value, Value::Unknown(Shape::Any))
}

/// Whether something in it was wrong, and was reported.
fn is_broken(value: &Value) -> bool {
    match value {
        Value::Error => true,
        Value::List(items) => items.iter().any(is_broken),
        Value::Record(fields) => fields.values().any(is_broken),
        _ => false,
    }
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_) | Value::Unknown(Shape::Text))
}

/// The sort of a value that can be compared, measured or not.
pub(super) fn sort(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Bool(_) | Value::Unknown(Shape::Bool) => "bool",
        Value::Number(_) | Value::Unknown(Shape::Number(_)) | Value::Between(_) => "number",
        Value::Text(_) | Value::Unknown(Shape::Text) => "text",
        Value::Secret(_) => "secret",
        Value::List(_) => "list",
        Value::Record(_) => "record",
        Value::Block(_) => "block",
        Value::Part(_) => "part",
        Value::Random(_) => "distribution",
        Value::Arrival(_) => "arrival",
        Value::Ramp(_) => "ramp",
        Value::Link(_) => "link",
        Value::Handle(_) => "handle",
        Value::Error | Value::None | Value::Unknown(Shape::Any) | Value::Unavailable(_) => {
            return None;
        }
    })
}

impl Evaluator<'_> {
    /// A number that is one: what overflows is no result.
    fn finite(&self, q: Quantity, span: Span) -> Value {
        if q.value.is_finite() {
            return Value::Number(q);
        }
        self.report(
            Diagnostic::error(
                codes::ARITHMETIC,
                span,
                "the result is too large for a number",
            )
            .help("numbers go up to 10^308: is a unit or a factor wrong?"),
        );
        Value::Error
    }

    pub(super) fn unary(&self, op: UnaryOp, value: Value, span: Span) -> Value {
        match (op, value) {
            (_, Value::Error) => Value::Error,
            (_, Value::Unavailable(reason)) => Value::Unavailable(reason),
            (UnaryOp::Not, Value::Bool(b)) => Value::Bool(!b),
            (UnaryOp::Not, Value::Unknown(Shape::Bool | Shape::Any)) => Value::Unknown(Shape::Bool),
            (UnaryOp::Minus, Value::Number(q)) => {
                Value::Number(Quantity::new(-q.value, q.dimension))
            }
            (UnaryOp::Minus, Value::Between(between)) => between.negated(),
            (UnaryOp::Minus, Value::Unknown(shape @ (Shape::Number(_) | Shape::Any))) => {
                Value::Unknown(shape)
            }
            (op, value) => {
                let (word, needs) = match op {
                    UnaryOp::Not => ("not", "true or false"),
                    UnaryOp::Minus => ("-", "a number"),
                };
                self.operand(word, needs, &value, span)
            }
        }
    }

    pub(super) fn binary(
        &self,
        op: BinaryOp,
        op_span: Span,
        left: &Expr,
        right: &Expr,
        scope: &Scope,
    ) -> Value {
        if op == BinaryOp::Subtract
            && let Some(value) = self.grows(left, right, scope)
        {
            return value;
        }
        let a = self.eval(left, scope);
        // what decides by itself leaves the other side unread
        if let (BinaryOp::And, Value::Bool(false)) | (BinaryOp::Or, Value::Bool(true)) = (op, &a) {
            if self.reads_all {
                self.apart(|| self.eval(right, scope));
            }
            return a;
        }
        let b = self.eval(right, scope);
        if matches!(a, Value::Error) || matches!(b, Value::Error) {
            return Value::Error;
        }
        let (a, b) = match (dimension_of(&a), dimension_of(&b)) {
            (Some(x), Some(y)) if op.compares() && x != y => {
                (self.as_count(a, left, y), self.as_count(b, right, x))
            }
            _ => (a, b),
        };
        if let Some(value) = between::binary(op, &a, &b) {
            return value;
        }
        match op {
            BinaryOp::And | BinaryOp::Or => self.logic(op, a, b, left.span, right.span),
            BinaryOp::Equal | BinaryOp::NotEqual => self.equal(op, a, b, left, right),
            BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual => {
                self.order(op, a, b, left, right)
            }
            BinaryOp::In | BinaryOp::NotIn => self.within(op, a, b, left, right),
            BinaryOp::Add | BinaryOp::Subtract => self.sum(op, a, b, left, right),
            BinaryOp::Multiply | BinaryOp::Divide => self.product(op, a, b, op_span, left, right),
        }
    }

    /// `after.sut.memory - before.sut.memory`: the growth between two phases was meant. Reports it.
    fn grows(&self, left: &Expr, right: &Expr, scope: &Scope) -> Option<Value> {
        let (to, of_to) = self.held_in(left, scope)?;
        let (from, of_from) = self.held_in(right, scope)?;
        if of_to != of_from {
            return None;
        }
        let growth = format!("growth({of_to}, from = {from}, to = {to})");
        let span = left.span.to(right.span);
        let message = format!("a phase has no series of a server: `{of_to}` is read of the server");
        self.report(
            Diagnostic::error(codes::UNKNOWN_METRIC, span, message)
                .help(format!("what it holds more than before is `{growth}`"))
                .fix("write the growth", span, growth, false),
        );
        Some(Value::Error)
    }

    /// The phase, and the series of a server that is read as if it were the phase's:
    /// `after.sut.memory`, with or without a statistic behind it.
    fn held_in(&self, expr: &Expr, scope: &Scope) -> Option<(String, String)> {
        let mut path = Vec::new();
        let mut at = expr;
        while let ExprKind::Field { base, field } = &at.kind {
            path.push(field.text.as_str());
            at = base;
        }
        let ExprKind::Name(phase) = &at.kind else {
            return None;
        };
        path.reverse();
        let [server, series, rest @ ..] = path.as_slice() else {
            return None;
        };
        let handle = |name: &str| match self.bound(name, scope) {
            Some(Value::Handle(handle)) => Some(handle),
            _ => None,
        };
        let is_phase = matches!(handle(phase), Some(super::Handle::Phase { .. }));
        let is_server = matches!(handle(server), Some(super::Handle::Server { .. }));
        let is_series = schema::server_series(series).is_some();
        (is_phase && is_server && is_series && rest.len() <= 1)
            .then(|| (phase.clone(), format!("{server}.{series}")))
    }

    pub(super) fn logic(&self, op: BinaryOp, a: Value, b: Value, left: Span, right: Span) -> Value {
        for (value, span) in [(&a, left), (&b, right)] {
            if !matches!(
                value,
                Value::Bool(_) | Value::Unknown(Shape::Bool | Shape::Any) | Value::Unavailable(_)
            ) {
                return self.operand(op.symbol(), "true or false", value, span);
            }
        }
        // a side that decides does so whatever the other one would have been
        let decides = op == BinaryOp::Or;
        match (a, b) {
            (Value::Bool(x), Value::Bool(y)) => Value::Bool(if decides { x || y } else { x && y }),
            (Value::Bool(x), _) | (_, Value::Bool(x)) if x == decides => Value::Bool(x),
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason)
            }
            _ => Value::Unknown(Shape::Bool),
        }
    }

    fn equal(&self, op: BinaryOp, a: Value, b: Value, left: &Expr, right: &Expr) -> Value {
        if let (Some(x), Some(y)) = (dimension_of(&a), dimension_of(&b))
            && x != y
        {
            return self.unlike(op, &a, &b, left, right);
        }
        // what is wrong in it may be what they have in common
        if is_broken(&a) || is_broken(&b) {
            return Value::Error;
        }
        if let Some(value) = self
            .not_a_figure(&a, left)
            .or_else(|| self.not_a_figure(&b, right))
        {
            return value;
        }
        if let (Some(x), Some(y)) = (sort(&a), sort(&b))
            && x != y
        {
            let message = format!("{} is never equal to {}", a.describe(), b.describe());
            let found = Diagnostic::error(codes::TYPE_MISMATCH, right.span, message)
                .says(b.describe())
                .label(left.span, a.describe());
            // of one that is written there the quotes may be what is wrong
            let is_text = |value: &Value, expr: &Expr| {
                let text = matches!(value, Value::Text(_) | Value::Unknown(Shape::Text));
                text && !matches!(expr.kind, ExprKind::Str(_))
            };
            self.report(match (&a, &b) {
                (Value::Text(text), Value::Number(_)) | (Value::Number(_), Value::Text(text))
                    if text.parse::<f64>().is_ok() && (is_text(&a, left) || is_text(&b, right)) =>
                {
                    found.help(
                        "it is a text where it is defined: write the number without quotes there",
                    )
                }
                (text, Value::Number(_)) if is_text(text, left) => {
                    self.with_text(found, (&b, right), false)
                }
                (Value::Number(_), text) if is_text(text, right) => {
                    self.with_text(found, (&a, left), false)
                }
                _ => found.help("compare values of one type; a text is quoted, a number is not"),
            });
            return Value::Error;
        }
        if self.beyond_limits(op, (&a, left), (&b, right)) {
            return Value::Error;
        }
        if let Some((x, y)) = super::within::unlike_inside(&a, &b) {
            let message = format!("{} cannot be compared with {}", x.describe(), y.describe());
            self.report(
                Diagnostic::error(codes::DIMENSIONS, right.span, message)
                    .says(format!("holds {}", y.describe()))
                    .label(left.span, format!("holds {}", x.describe()))
                    .help("entries that stand in the same place are of one dimension"),
            );
            return Value::Error;
        }
        match (&a, &b) {
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason.clone())
            }
            (Value::Unknown(_), _) | (_, Value::Unknown(_)) => Value::Unknown(Shape::Bool),
            _ => Value::Bool((a == b) == (op == BinaryOp::Equal)),
        }
    }

    fn order(&self, op: BinaryOp, a: Value, b: Value, left: &Expr, right: &Expr) -> Value {
        if let Some(value) = self
            .not_a_figure(&a, left)
            .or_else(|| self.not_a_figure(&b, right))
        {
            return value;
        }
        if self.beyond_limits(op, (&a, left), (&b, right)) {
            return Value::Error;
        }
        match (&a, &b) {
            (Value::Number(x), Value::Number(y)) if x.dimension == y.dimension => {
                Value::Bool(match op {
                    // what equals is neither less nor more, however it was computed
                    BinaryOp::Less => x.value < y.value && !x.equals(*y),
                    BinaryOp::LessEqual => x.value <= y.value || x.equals(*y),
                    BinaryOp::Greater => x.value > y.value && !x.equals(*y),
                    _ => x.value >= y.value || x.equals(*y),
                })
            }
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason.clone())
            }
            (Value::Unknown(Shape::Any), _) | (_, Value::Unknown(Shape::Any)) => {
                Value::Unknown(Shape::Bool)
            }
            _ => match (dimension_of(&a), dimension_of(&b)) {
                (Some(x), Some(y)) if x == y => Value::Unknown(Shape::Bool),
                (Some(_), Some(_)) => self.unlike(op, &a, &b, left, right),
                (None, _) => self.operand(op.symbol(), "a number", &a, left.span),
                (_, None) => self.operand(op.symbol(), "a number", &b, right.span),
            },
        }
    }

    /// `10/s` where a server is called `s`: the unit was meant. Reports it.
    fn is_unit(&self, below: &Value, left: &Expr, right: &Expr) -> bool {
        let (ExprKind::Number { unit, .. }, ExprKind::Name(name), Value::Handle(handle)) =
            (&left.kind, &right.kind, below)
        else {
            return false;
        };
        let written = self.program.sources.text(left.span);
        let rate = match unit {
            // what happens per time without a unit of its own is requests
            None => format!("{written} req/{name}"),
            Some(unit) => {
                let number = written.strip_suffix(unit.text.as_str()).unwrap_or(written);
                format!("{} {}/{name}", number.trim_end(), unit.text)
            }
        };
        let known = rate.rsplit_once(' ').and_then(|(_, unit)| parse_unit(unit));
        if known.is_none() {
            return false;
        }
        let span = left.span.to(right.span);
        let message = format!("`{name}` is {} here, and no unit", handle.describe());
        self.report(
            Diagnostic::error(codes::TYPE_MISMATCH, right.span, message)
                .help(format!("write `{rate}`, if that is what was meant"))
                .fix("write it as a unit", span, rate, false),
        );
        true
    }

    /// `stress.ttft <= 800ms`: a distribution, a series or a phase is no figure yet.
    pub(super) fn not_a_figure(&self, value: &Value, expr: &Expr) -> Option<Value> {
        let Value::Handle(handle) = value else {
            return None;
        };
        let of = match handle {
            super::Handle::Of { of, .. } => of,
            handle => handle,
        };
        let help = match of {
            super::Handle::Distribution { .. } => {
                "choose a statistic: .p50, .p95, .p99, .mean, .max, or percentile(…, 99.9%)"
            }
            super::Handle::Series { .. } => {
                "choose a statistic: .max, .mean, .last, or growth(…, from = …, to = …)"
            }
            super::Handle::Failures { .. } => {
                "choose a class: .timeout, .status, .cut_stream, …; `failed` counts them all"
            }
            super::Handle::Ending(_) => {
                "it is known when the case has ended: only a report's column may read it, and alone: `columns = [case.name, case.verdict, case.reason]`"
            }
            _ => "choose one of its metrics: .ttft.p95, .success_rate, …",
        };
        self.report(
            Diagnostic::error(
                codes::TYPE_MISMATCH,
                expr.span,
                format!("{} is not one figure", handle.describe()),
            )
            .help(help),
        );
        Some(Value::Error)
    }

    fn sum(&self, op: BinaryOp, a: Value, b: Value, left: &Expr, right: &Expr) -> Value {
        if let Some(value) = self
            .not_a_figure(&a, left)
            .or_else(|| self.not_a_figure(&b, right))
        {
            return value;
        }
        match (&a, &b) {
            (Value::Number(x), Value::Number(y)) if x.dimension == y.dimension => {
                let value = if op == BinaryOp::Add {
                    x.value + y.value
                } else {
                    x.value - y.value
                };
                self.finite(Quantity::new(value, x.dimension), left.span.to(right.span))
            }
            (Value::Text(x), Value::Text(y)) if op == BinaryOp::Add => {
                self.bounded(format!("{x}{y}"), left.span.to(right.span))
            }
            (Value::List(x), Value::List(y)) if op == BinaryOp::Add => {
                if x.len() + y.len() > MOST_ENTRIES {
                    let message = format!("this list has more than {MOST_ENTRIES} entries");
                    let span = left.span.to(right.span);
                    self.report(
                        Diagnostic::error(codes::OUT_OF_RANGE, span, message)
                            .help("join fewer values"),
                    );
                    return Value::Error;
                }
                let joined = Value::list(x.iter().chain(y.iter()).cloned().collect());
                self.light(joined, left.span.to(right.span))
            }
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason.clone())
            }
            _ => match (dimension_of(&a), dimension_of(&b)) {
                (Some(x), Some(y)) if x == y => Value::Unknown(Shape::Number(x)),
                (Some(_), Some(_)) => self.unlike(op, &a, &b, left, right),
                _ if is_open(&a) || is_open(&b) => Value::Unknown(Shape::Any),
                (None, None) if is_text(&a) && is_text(&b) && op == BinaryOp::Add => {
                    Value::Unknown(Shape::Text)
                }
                (None, Some(_)) if !is_text(&a) => {
                    self.operand(op.symbol(), "a number", &a, left.span)
                }
                (Some(_), None) if !is_text(&b) => {
                    self.operand(op.symbol(), "a number", &b, right.span)
                }
                _ => {
                    let message = format!(
                        "{} and {} cannot be joined with `{}`",
                        a.describe(),
                        b.describe(),
                        op.symbol()
                    );
                    let help = match op {
                        BinaryOp::Add => "texts are joined by interpolation: \"${a} ${b}\"",
                        _ => {
                            "no text is made a number: one is looked for as it is written, `contains_any(answer, [\"42\"])`"
                        }
                    };
                    let place = left.span.to(right.span);
                    self.report(Diagnostic::error(codes::TYPE_MISMATCH, place, message).help(help));
                    Value::Error
                }
            },
        }
    }

    fn product(
        &self,
        op: BinaryOp,
        a: Value,
        b: Value,
        op_span: Span,
        left: &Expr,
        right: &Expr,
    ) -> Value {
        if op == BinaryOp::Divide && self.is_unit(&b, left, right) {
            return Value::Error;
        }
        if let Some(value) = self
            .not_a_figure(&a, left)
            .or_else(|| self.not_a_figure(&b, right))
        {
            return value;
        }
        let combine = |x: Dimension, y: Dimension| {
            if op == BinaryOp::Multiply {
                x.times(y)
            } else {
                x.per(y)
            }
        };
        match (&a, &b) {
            (x, Value::Number(y))
                if op == BinaryOp::Divide && y.value == 0.0 && dimension_of(x).is_some() =>
            {
                self.report(
                    Diagnostic::error(
                        codes::ARITHMETIC,
                        op_span.to(right.span),
                        "this divides by zero",
                    )
                    .help("where it may be 0, choose: `if x == 0 then 0 else a / x`"),
                );
                Value::Error
            }
            (Value::Number(x), Value::Number(y)) => self.finite(
                if op == BinaryOp::Multiply {
                    *x * *y
                } else {
                    *x / *y
                },
                left.span.to(right.span),
            ),
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason.clone())
            }
            _ => match (dimension_of(&a), dimension_of(&b)) {
                (Some(x), Some(y)) => Value::Unknown(Shape::Number(combine(x, y))),
                _ if is_open(&a) || is_open(&b) => Value::Unknown(Shape::Any),
                (None, _) => self.operand(op.symbol(), "a number", &a, left.span),
                (_, None) => self.operand(op.symbol(), "a number", &b, right.span),
            },
        }
    }

    pub(super) fn operand(&self, op: &str, needs: &str, value: &Value, span: Span) -> Value {
        if matches!(value, Value::Error) {
            return Value::Error;
        }
        let message = format!("`{op}` takes {needs}, this is {}", value.describe());
        let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
        let text = self.program.sources.text(span);
        let short = if text.len() <= 60 { text } else { "…" };
        self.report(match (needs, value) {
            ("true or false", _) if dimension_of(value).is_some() => {
                let unit = match dimension_of(value) {
                    Some(dimension) if !dimension.is_count() => column_unit(dimension),
                    _ => String::new(),
                };
                let gap = if unit.contains('/') { " " } else { "" };
                diagnostic.help(format!(
                    "write a comparison: `{short} > 0{gap}{unit}`, `{short} == 0{gap}{unit}`"
                ))
            }
            ("true or false", _) => diagnostic.help("write a comparison: `a == b`"),
            (_, Value::Text(_)) if needs == "a number" => {
                diagnostic.help("a number with its unit stands without quotes: 30s, 500MB, 99%")
            }
            ("a number", _) => diagnostic.help("write a number, or the name of one"),
            ("a text on its left", _) if dimension_of(value).is_some() => {
                let text = match short.starts_with(|c: char| c.is_ascii_digit()) {
                    true => short.to_string(),
                    false => format!("${{{short}}}"),
                };
                diagnostic.help(format!("write it as a text: `\"{text}\" {op} …`"))
            }
            _ => diagnostic.help("as in `x in [1, 2]`, `\"part\" in text`, `\"key\" in record`"),
        });
        Value::Error
    }
}
