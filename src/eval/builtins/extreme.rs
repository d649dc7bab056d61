//! `min` and `max`.

use super::Bound;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Shape, Value, between, ops};
use crate::source::Span;

impl Evaluator<'_> {
    /// The extreme of values of which one is still to be measured, or could not be; none of others.
    fn extreme_to_come(&self, name: &str, values: &[Value], span: Span) -> Option<Value> {
        let lacking = values
            .iter()
            .find(|value| matches!(value, Value::Error | Value::Unavailable(_)));
        if let Some(value) = lacking {
            return Some(value.clone());
        }
        values
            .iter()
            .find(|value| matches!(value, Value::Unknown(_)))?;
        let mut dimensions = values.iter().filter_map(ops::dimension_of);
        let Some(first) = dimensions.next() else {
            return Some(Value::Unknown(Shape::Any));
        };
        Some(match dimensions.find(|other| *other != first) {
            None => Value::Unknown(Shape::Number(first)),
            Some(other) => {
                let message = format!(
                    "`{name}` compares {} with {}",
                    first.describe(),
                    other.describe()
                );
                self.report(
                    Diagnostic::error(codes::DIMENSIONS, span, message)
                        .help("all of the values have one unit: compare the others on their own"),
                );
                Value::Error
            }
        })
    }

    pub(super) fn extreme(&self, name: &str, bound: &Bound<'_>) -> Value {
        let values: Vec<Value> = match bound.rest.as_slice() {
            [(Value::List(items), _)] => items.as_ref().clone(),
            rest => rest.iter().map(|(value, _)| value.clone()).collect(),
        };
        if let Some(value) = self.extreme_to_come(name, &values, bound.span) {
            return value;
        }
        let mut best: Option<Value> = None;
        for value in values {
            if let Some(open) = best
                .as_ref()
                .and_then(|b| between::extreme(name, b, &value))
            {
                best = Some(open);
                continue;
            }
            match (&value, &best) {
                (Value::Number(_) | Value::Between(_), None) => best = Some(value),
                (Value::Number(q), Some(Value::Number(b))) if q.dimension == b.dimension => {
                    if (q.value < b.value) == (name == "min") {
                        best = Some(value);
                    }
                }
                (Value::Number(_) | Value::Between(_), Some(b)) => {
                    let message = format!(
                        "`{name}` compares {} with {}",
                        b.describe(),
                        value.describe()
                    );
                    return self.fail(codes::DIMENSIONS, bound.span, message);
                }
                (other, _) => {
                    return self.fail(
                        codes::BAD_ARGUMENT,
                        bound.span,
                        format!("`{name}` takes numbers, this is {}", other.describe()),
                    );
                }
            }
        }
        best.unwrap_or_else(|| {
            self.report(
                Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    bound.span,
                    format!("`{name}` of an empty list"),
                )
                .help(format!("give it a value: `{name}(list + [0])`")),
            );
            Value::Error
        })
    }
}
