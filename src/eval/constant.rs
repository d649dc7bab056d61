//! What must be known before the run: a measured value in it is said once, by the metric's name,
//! at the part of the expression that it stands in.

use super::{Evaluator, Handle, Scope, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};

impl Evaluator<'_> {
    /// The value of an expression that is to be known before the run. What is measured in it is
    /// reported, also inside of lists and records; `what` says in words of what it would be.
    pub fn known(&self, what: &str, expr: &Expr, scope: &Scope) -> Value {
        let value = self.eval(expr, scope);
        if self.shapes || !has_measured(&value) {
            return value;
        }
        let mut parts = Vec::new();
        measured_parts(expr, &value, &mut parts);
        for part in parts {
            let (_, read) = self.first_read(part, scope);
            self.say_measured(what, part.span, read);
        }
        Value::Error
    }

    /// Reports a measured value where one is to be known: at `span`, in which `metric` is read.
    pub(super) fn say_measured(&self, what: &str, span: Span, metric: Option<Span>) {
        let metric = metric.unwrap_or(span);
        let message = match self.program.sources.text(metric) {
            "" => format!("{what} must be known before the run"),
            text => format!("{what} must be known before the run, and `{text}` is measured in it"),
        };
        let found = Diagnostic::error(codes::NOT_CONSTANT, span, message)
            .help("measured values are for checks, reports and lets that these use");
        self.report(match metric == span {
            true => found,
            false => found.label(metric, "measured"),
        });
    }

    /// The last figure that was read within this text.
    pub(super) fn read_within(&self, span: Span) -> Option<Span> {
        let trace = self.trace.borrow();
        let mut places = trace.iter().rev().map(|reading| reading.span);
        places.find(|one| one.file == span.file && span.start <= one.start && one.end <= span.end)
    }
}

/// Whether a value, or what it is made of, is measured. A phase or a server is the wrong thing
/// altogether, and said to be one.
fn has_measured(value: &Value) -> bool {
    let within = |value: &Value| match value {
        Value::Unavailable(_) => false,
        value => has_measured(value),
    };
    match value {
        Value::List(items) => items.iter().any(within),
        Value::Record(fields) => fields.values().any(within),
        Value::Handle(
            Handle::Phase { .. } | Handle::Load { .. } | Handle::Server { .. } | Handle::Ending(_),
        ) => false,
        value => value.is_measured(),
    }
}

/// The parts of an expression that are measured, as far as they are written out in it.
fn measured_parts<'e>(expr: &'e Expr, value: &Value, out: &mut Vec<&'e Expr>) {
    match (&expr.kind, value) {
        _ if !has_measured(value) => {}
        (ExprKind::List(items), Value::List(values)) if items.len() == values.len() => {
            for (item, value) in items.iter().zip(values.iter()) {
                measured_parts(item, value, out);
            }
        }
        (ExprKind::Record(fields), Value::Record(values)) => {
            for field in fields {
                if let Some(value) = values.get(&field.key.text) {
                    measured_parts(&field.value, value, out);
                }
            }
        }
        _ => out.push(expr),
    }
}
