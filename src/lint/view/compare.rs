//! What a check compares with a constant.

use crate::eval::{Evaluator, Query, Reading, Scope, Stretch, Value};
use crate::measure::requests::share_of;
use crate::resolve::Flat;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

/// One figure compared with a constant: `figure op limit`, however it is written.
pub struct Comparison {
    pub op: BinaryOp,
    pub figure: Reading,
    /// In base units: seconds, bytes, requests, tokens. Of the figure itself, where the check
    /// compares a multiple of it.
    pub limit: f64,
    pub limit_span: Span,
    pub span: Span,
    /// Whether the case fails where it does not hold: no `or` and no measured `when` stands over it.
    pub certain: bool,
}

impl Comparison {
    /// Whether the figure has to be small.
    pub fn at_most(&self) -> bool {
        matches!(self.op, BinaryOp::Less | BinaryOp::LessEqual)
    }

    /// Whether the figure has to reach the limit.
    pub fn at_least(&self) -> bool {
        matches!(
            self.op,
            BinaryOp::Greater | BinaryOp::GreaterEqual | BinaryOp::Equal
        )
    }

    /// Of a statistic or a percentile: the phase, the metric and what statistic.
    pub fn statistic(&self) -> Option<(&Stretch, &'static str, Stat<'_>)> {
        statistic(&self.figure.query)
    }

    /// Of one figure of a whole phase: the phase and the metric.
    pub fn scalar(&self) -> Option<(&Stretch, &'static str)> {
        match &self.figure.query {
            Query::Scalar { of, metric } => Some((of, metric)),
            _ => None,
        }
    }
}

/// What is read of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat<'a> {
    /// The share below it, from 0 to 1.
    Percentile(f64),
    /// `mean`, `max`, …
    Named(&'a str),
}

/// Reads comparisons of one check.
pub(super) struct Reader<'e, 'a> {
    pub(super) eval: &'e Evaluator<'a>,
    pub(super) flat: &'e Flat,
    pub(super) scope: &'e Scope,
}

impl Reader<'_, '_> {
    /// What holds where `expr` is `holds`.
    pub(super) fn compared(
        &self,
        expr: &Expr,
        (holds, certain): (bool, bool),
        out: &mut Vec<Comparison>,
    ) {
        let (op, left, right) = match &expr.kind {
            ExprKind::Unary {
                op: UnaryOp::Not,
                value,
            } => return self.compared(value, (!holds, certain), out),
            ExprKind::Binary {
                op, left, right, ..
            } => (*op, left, right),
            _ => return,
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            // `not (a or b)` is `not a and not b`
            let certain = certain && (op == BinaryOp::And) == holds;
            self.compared(left, (holds, certain), out);
            self.compared(right, (holds, certain), out);
            return;
        }
        if !op.compares() || matches!(op, BinaryOp::In | BinaryOp::NotIn) {
            return;
        }
        let op = if holds { op } else { opposite(op) };
        let side = |expr: &Expr| {
            self.eval.take_trace();
            (self.eval.eval(expr, self.scope), self.eval.take_trace())
        };
        let ((left_value, left_read), (right_value, right_read)) = (side(left), side(right));
        let (op, read, limit, limited) = match (left_value, right_value) {
            (Value::Unknown(_), Value::Number(limit)) => (op, left_read, limit, (left, right)),
            (Value::Number(limit), Value::Unknown(_)) => {
                (op.turned(), right_read, limit, (right, left))
            }
            _ => return,
        };
        // of a figure itself or a multiple of it, and of nothing else that is computed from it
        if let ([figure], Some(factor)) = (read.as_slice(), self.scaled(limited.0)) {
            out.push(Comparison {
                op,
                figure: figure.clone(),
                limit: limit.value / factor,
                limit_span: limited.1.span,
                span: expr.span,
                certain,
            });
        }
    }

    /// How many times a figure an expression is; none where it is none, or not a multiple of it.
    pub(super) fn scaled(&self, expr: &Expr) -> Option<f64> {
        let constant = |expr: &Expr| match self.eval.eval(expr, self.scope) {
            Value::Number(number) if number.value > 0.0 => Some(number.value),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Binary {
                op: BinaryOp::Multiply,
                left,
                right,
                ..
            } => match constant(left) {
                Some(factor) => Some(self.scaled(right)? * factor),
                None => Some(self.scaled(left)? * constant(right)?),
            },
            ExprKind::Binary {
                op: BinaryOp::Divide,
                left,
                right,
                ..
            } => Some(self.scaled(left)? / constant(right)?),
            ExprKind::Binary { .. } | ExprKind::If { .. } | ExprKind::Unary { .. } => None,
            ExprKind::Name(name) => match self.flat.lets.get(name) {
                Some(attr) => {
                    let scope = &self.scope.in_module(attr.module);
                    let inner = Reader {
                        eval: self.eval,
                        flat: self.flat,
                        scope,
                    };
                    inner.scaled(&attr.expr)
                }
                None => Some(1.0),
            },
            ExprKind::Call { function, args } => match (function.text.as_str(), args.as_slice()) {
                ("mod" | "round" | "floor" | "ceil" | "len", _) => None,
                ("abs", [arg]) => self.scaled(&arg.value),
                _ => Some(1.0),
            },
            _ => Some(1.0),
        }
    }
}

/// What holds where the comparison does not.
fn opposite(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Less => BinaryOp::GreaterEqual,
        BinaryOp::LessEqual => BinaryOp::Greater,
        BinaryOp::Greater => BinaryOp::LessEqual,
        BinaryOp::GreaterEqual => BinaryOp::Less,
        BinaryOp::Equal => BinaryOp::NotEqual,
        BinaryOp::NotEqual => BinaryOp::Equal,
        other => other,
    }
}

/// Of a statistic or a percentile: the phase, the metric and what statistic.
pub fn statistic(query: &Query) -> Option<(&Stretch, &'static str, Stat<'_>)> {
    match query {
        Query::Statistic { of, metric, stat } => {
            let stat = share_of(stat).map_or(Stat::Named(stat), Stat::Percentile);
            Some((of, metric, stat))
        }
        Query::Percentile { of, metric, share } => Some((of, metric, Stat::Percentile(*share))),
        _ => None,
    }
}
