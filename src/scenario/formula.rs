//! A metric that is worked out of others: `increase(hits) / increase(queries)`.

use super::context::Context;
use super::engine_metric::EngineMetric;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::Dimension;
use serde::Serialize;

/// What a metric comes to over a stretch of time. Numbers are in base units.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Formula {
    Number(f64),
    /// By how much a counter of the same engine rose.
    Increase(String),
    Add(Box<[Formula; 2]>),
    Subtract(Box<[Formula; 2]>),
    Multiply(Box<[Formula; 2]>),
    Divide(Box<[Formula; 2]>),
}

/// That a formula divides by nothing: what it is of did not happen.
pub struct Nothing;

impl Formula {
    /// The counters that it reads.
    pub fn counters(&self) -> Vec<&str> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Increase(name) => vec![name],
            Self::Add(of) | Self::Subtract(of) | Self::Multiply(of) | Self::Divide(of) => {
                of.iter().flat_map(Self::counters).collect()
            }
        }
    }

    /// What it comes to, by what its counters rose.
    ///
    /// # Errors
    /// Those of a counter, or that it divides by 0.
    pub fn value<E: From<Nothing>>(
        &self,
        increase: &dyn Fn(&str) -> Result<f64, E>,
    ) -> Result<f64, E> {
        let both = |of: &[Self; 2]| Ok::<_, E>((of[0].value(increase)?, of[1].value(increase)?));
        Ok(match self {
            Self::Number(number) => *number,
            Self::Increase(name) => increase(name)?,
            Self::Add(of) => both(of).map(|(a, b)| a + b)?,
            Self::Subtract(of) => both(of).map(|(a, b)| a - b)?,
            Self::Multiply(of) => both(of).map(|(a, b)| a * b)?,
            Self::Divide(of) => match both(of)? {
                (_, 0.0) => return Err(Nothing.into()),
                (a, b) => a / b,
            },
        })
    }
}

/// The formula of an expression, and its dimension; `None` after what is wrong was reported.
pub(super) fn lower(
    cx: &Context<'_>,
    expr: &Expr,
    counters: &[EngineMetric],
) -> Option<(Formula, Dimension)> {
    match &expr.kind {
        ExprKind::Binary {
            op, left, right, ..
        } => {
            let (a, of_a) = lower(cx, left, counters)?;
            let (b, of_b) = lower(cx, right, counters)?;
            let both = Box::new([a, b]);
            match op {
                BinaryOp::Multiply => Some((Formula::Multiply(both), of_a.times(of_b))),
                BinaryOp::Divide => Some((Formula::Divide(both), of_a.per(of_b))),
                BinaryOp::Add if of_a == of_b => Some((Formula::Add(both), of_a)),
                BinaryOp::Subtract if of_a == of_b => Some((Formula::Subtract(both), of_a)),
                BinaryOp::Add | BinaryOp::Subtract => {
                    let message =
                        format!("{} and {} are not alike", of_a.describe(), of_b.describe());
                    cx.eval.report(
                        Diagnostic::error(codes::DIMENSIONS, expr.span, message)
                            .help("divide one by its unit: increase(tokens) / 1 tok"),
                    );
                    None
                }
                _ => wrong(cx, expr.span),
            }
        }
        ExprKind::Call { function, args } if function.text == "increase" => {
            let [arg] = args.as_slice() else {
                return wrong(cx, expr.span);
            };
            let ExprKind::Name(name) = &arg.value.kind else {
                return wrong(cx, arg.value.span);
            };
            let counter = counters.iter().find(|counter| counter.name == *name);
            match counter.filter(|counter| counter.counter) {
                Some(counter) => Some((Formula::Increase(name.clone()), counter.dimension)),
                // a name that is not there at all is said as such
                None if !counters.iter().any(|metric| metric.name == *name)
                    && matches!(cx.eval.eval(&arg.value, &cx.scope), Value::Error) =>
                {
                    None
                }
                None => {
                    let names = counters.iter().filter(|counter| counter.counter);
                    let names: Vec<&str> = names.map(|counter| &*counter.name).collect();
                    let message = format!("the engine has no counter `{name}`");
                    cx.eval.report(
                        Diagnostic::error(codes::UNKNOWN_METRIC, arg.value.span, message)
                            .help(format!("it has {}", names.join(", "))),
                    );
                    None
                }
            }
        }
        ExprKind::Number { .. } => match cx.eval.eval(expr, &cx.scope) {
            Value::Number(number) => Some((Formula::Number(number.value), number.dimension)),
            _ => None,
        },
        _ => wrong(cx, expr.span),
    }
}

fn wrong<T>(cx: &Context<'_>, span: Span) -> Option<T> {
    let message = "a metric's `value` is worked out of what the engine's counters rose by";
    cx.eval
        .report(Diagnostic::error(codes::BAD_ARGUMENT, span, message).help(
        "value = increase(hits) / increase(queries): counters, numbers, and + - * / between them",
    ));
    None
}
