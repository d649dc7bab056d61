//! What a builtin comes to where an argument is still to be measured.

use super::Bound;
use super::apply::{DIGITS, is_digits};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Shape, Value, ops};
use crate::schema::Builtin;
use crate::source::Span;
use crate::units::{Dimension, column_unit};

impl Evaluator<'_> {
    /// The shape of a call whose arguments are still to be measured.
    pub(super) fn unmeasured(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let name = builtin.name;
        if matches!(name, "round" | "floor" | "ceil")
            && let Some(error) = self.hidden_unit(name, bound)
        {
            return error;
        }
        let no_number = |value: &Value| {
            matches!(value, Value::Unknown(Shape::Text | Shape::Bool))
                || !matches!(
                    value,
                    Value::Unknown(_) | Value::Number(_) | Value::Between(_)
                )
        };
        match name {
            "abs" | "round" | "floor" | "ceil" | "mod" if no_number(bound.value(0)) => {
                self.apply(builtin, bound, bound.span)
            }
            "mod" if no_number(bound.value(1)) => {
                self.wrong_argument(builtin, bound, 1, "a number")
            }
            "len" if ops::dimension_of(bound.value(0)).is_some() => {
                self.apply(builtin, bound, bound.span)
            }
            "range" | "ring" | "mesh"
                if no_number(bound.value(0))
                    || ops::dimension_of(bound.value(0)).is_some_and(|d| !d.is_none()) =>
            {
                self.apply(builtin, bound, bound.span)
            }
            "mod" => self.remainder_to_come(builtin, bound),
            "abs" | "round" | "floor" | "ceil" => Value::Unknown(match bound.value(0) {
                Value::Unknown(shape) => shape.clone(),
                _ => Shape::Any,
            }),
            "min" | "max" => {
                let dimensions: Vec<_> = bound
                    .rest
                    .iter()
                    .map(|(v, e)| (ops::dimension_of(v), *e))
                    .collect();
                if let [(Some(first), _), others @ ..] = dimensions.as_slice() {
                    if let Some((other, expr)) =
                        others.iter().find(|(d, _)| d.is_some_and(|d| d != *first))
                    {
                        let other = other.map_or_else(String::new, |d| d.describe());
                        return self.fail(
                            codes::DIMENSIONS,
                            expr.span,
                            format!("`{name}` compares {} with {other}", first.describe()),
                        );
                    }
                    return Value::Unknown(Shape::Number(*first));
                }
                Value::Unknown(Shape::Any)
            }
            "fixed"
                if !matches!(bound.value(1), Value::Unknown(_)) && !is_digits(bound.value(1)) =>
            {
                self.wrong_argument(builtin, bound, 1, DIGITS)
            }
            "fixed" => match ops::dimension_of(bound.value(0)) {
                Some(d) if !d.is_none() => self.needs_bare(bound.value(0), bound.span(0)),
                _ => Value::Unknown(Shape::Text),
            },
            "join" => Value::Unknown(Shape::Text),
            // what does not wait for the answer is checked now
            "contains_any" | "contains_all" | "matches" => {
                let text = match bound.value(0) {
                    Value::Unknown(Shape::Text | Shape::Any) => Value::text(""),
                    known => known.clone(),
                };
                if name != "matches"
                    && let Some(wrong) = self.vain_words(builtin, bound)
                {
                    return wrong;
                }
                let pattern = matches!(bound.value(1), Value::Unknown(_));
                if pattern {
                    return Value::Unknown(Shape::Bool);
                }
                let mut now = bound.clone();
                if let Some(Some((value, _))) = now.values.first_mut() {
                    *value = text;
                }
                match self.apply(builtin, &now, bound.span) {
                    Value::Error => Value::Error,
                    _ => Value::Unknown(Shape::Bool),
                }
            }
            "len" => Value::Unknown(Shape::Number(Dimension::NONE)),
            _ => Value::Unknown(Shape::Any),
        }
    }

    pub(super) fn needs_bare(&self, value: &Value, span: Span) -> Value {
        let message = format!("`fixed` takes a bare number, this is {}", value.describe());
        self.report(
            Diagnostic::error(codes::DIMENSIONS, span, message)
                .help("divide by the unit to print it in: fixed(bench.e2e.mean / 1s, 2)"),
        );
        Value::Error
    }

    /// `round`, `floor` or `ceil` of what has a unit: the whole numbers of which unit is not said.
    pub(super) fn hidden_unit(&self, name: &str, bound: &Bound<'_>) -> Option<Value> {
        let dimension = ops::dimension_of(bound.value(0))?;
        if dimension.is_none() || dimension.is_count() {
            return None;
        }
        let text = self.program.sources.text(bound.span(0));
        let text = if text.len() <= 60 { text } else { "…" };
        let unit = match dimension {
            Dimension::TIME => "1ms".to_string(),
            other => format!("1 {}", column_unit(other)),
        };
        let message = format!(
            "`{name}` takes a bare number, this is {}",
            dimension.describe()
        );
        self.report(
            Diagnostic::error(codes::DIMENSIONS, bound.span(0), message).help(format!(
                "divide by the unit to round to: `{name}({text} / {unit})`"
            )),
        );
        Some(Value::Error)
    }

    /// The remainder of what is still to be measured.
    fn remainder_to_come(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let [a, b] = [0, 1].map(|index| ops::dimension_of(bound.value(index)));
        let by_zero = matches!(bound.value(1), Value::Number(by) if by.value == 0.0);
        match (a, b) {
            (Some(a), Some(b)) if a != b && !(a.is_count() && b.is_none()) => {
                self.wrong_argument(builtin, bound, 1, &a.describe())
            }
            _ if by_zero => self.remainder_by_zero(bound),
            (Some(dimension), _) | (None, Some(dimension)) => {
                Value::Unknown(Shape::Number(dimension))
            }
            (None, None) => Value::Unknown(Shape::Any),
        }
    }

    pub(super) fn remainder_by_zero(&self, bound: &Bound<'_>) -> Value {
        let message = "the remainder of a division by zero";
        self.report(
            Diagnostic::error(codes::ARITHMETIC, bound.span(1), message)
                .help("where it may be 0, choose: `if x == 0 then 0 else mod(a, x)`"),
        );
        Value::Error
    }
}
