//! Figures that a check compares with each other: `at(tp = 4).x >= 1.5 * at(tp = 2).x`.

use crate::eval::{Evaluator, Reading, Scope, Value};
use crate::resolve::Flat;
use crate::scenario::CheckSpec;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

/// `left op right`, however it is written: each side is a figure times a factor.
pub struct Ratio {
    pub op: BinaryOp,
    pub left: Scaled,
    pub right: Scaled,
    pub span: Span,
    /// Whether the case fails where it does not hold.
    pub certain: bool,
}

/// A figure times a factor.
#[derive(Clone)]
pub struct Scaled {
    pub factor: f64,
    pub figure: Reading,
}

impl Ratio {
    /// With its sides changed over.
    pub fn turned(&self) -> Self {
        Self {
            op: self.op.turned(),
            left: self.right.clone(),
            right: self.left.clone(),
            ..*self
        }
    }

    /// How many times the right figure the left one has to be, at least or at most.
    pub fn factor(&self) -> f64 {
        self.right.factor / self.left.factor
    }

    /// Whether the left figure has to reach the right one.
    pub fn at_least(&self) -> bool {
        matches!(self.op, BinaryOp::Greater | BinaryOp::GreaterEqual)
    }

    /// Whether the left figure must not be more than the right one.
    pub fn at_most(&self) -> bool {
        matches!(self.op, BinaryOp::Less | BinaryOp::LessEqual)
    }
}

/// What a check compares so.
pub(super) fn ratios(
    eval: &Evaluator<'_>,
    flat: &Flat,
    check: &CheckSpec,
    certain: bool,
    out: &mut Vec<Ratio>,
) {
    let reader = Reader { eval, flat };
    reader.compared(&check.expr.expr, &check.expr.scope, certain, out);
    // what was evaluated here is no one else's
    eval.take_trace();
}

struct Reader<'e, 'a> {
    eval: &'e Evaluator<'a>,
    flat: &'e Flat,
}

impl Reader<'_, '_> {
    fn compared(&self, expr: &Expr, scope: &Scope, certain: bool, out: &mut Vec<Ratio>) {
        let ExprKind::Binary {
            op, left, right, ..
        } = &expr.kind
        else {
            return;
        };
        if matches!(op, BinaryOp::And | BinaryOp::Or) {
            let certain = certain && *op == BinaryOp::And;
            self.compared(left, scope, certain, out);
            self.compared(right, scope, certain, out);
            return;
        }
        if !op.compares() || matches!(op, BinaryOp::In | BinaryOp::NotIn) {
            return;
        }
        let quotient = |quotient: &Expr, limit: &Expr, op: BinaryOp| {
            let (a, b) = self.divided(quotient, scope)?;
            let factor = b.factor * self.constant(limit, scope)?;
            Some((op, a, Scaled { factor, ..b }))
        };
        let each = || Some((*op, self.scaled(left, scope)?, self.scaled(right, scope)?));
        let found = each()
            .or_else(|| quotient(left, right, *op))
            .or_else(|| quotient(right, left, op.turned()));
        if let Some((op, left, right)) = found
            && left.factor > 0.0
            && right.factor > 0.0
        {
            out.push(Ratio {
                op,
                left,
                right,
                span: expr.span,
                certain,
            });
        }
    }

    /// `a / b`, of two figures.
    fn divided(&self, expr: &Expr, scope: &Scope) -> Option<(Scaled, Scaled)> {
        match &expr.kind {
            ExprKind::Binary {
                op: BinaryOp::Divide,
                left,
                right,
                ..
            } => Some((self.scaled(left, scope)?, self.scaled(right, scope)?)),
            ExprKind::Name(name) => {
                let attr = self.flat.lets.get(name)?;
                self.divided(&attr.expr, &scope.in_module(attr.module))
            }
            _ => None,
        }
    }

    fn scaled(&self, expr: &Expr, scope: &Scope) -> Option<Scaled> {
        let times = |scaled: Scaled, factor: f64| Scaled {
            factor: scaled.factor * factor,
            ..scaled
        };
        match &expr.kind {
            ExprKind::Binary {
                op: BinaryOp::Multiply,
                left,
                right,
                ..
            } => match self.constant(left, scope) {
                Some(factor) => Some(times(self.scaled(right, scope)?, factor)),
                None => Some(times(
                    self.scaled(left, scope)?,
                    self.constant(right, scope)?,
                )),
            },
            ExprKind::Binary {
                op: BinaryOp::Divide,
                left,
                right,
                ..
            } => {
                let by = self.constant(right, scope).filter(|by| *by != 0.0)?;
                Some(times(self.scaled(left, scope)?, 1.0 / by))
            }
            ExprKind::Name(name) => {
                let attr = self.flat.lets.get(name)?;
                self.scaled(&attr.expr, &scope.in_module(attr.module))
            }
            ExprKind::Field { .. } | ExprKind::Call { .. } => {
                self.eval.take_trace();
                let value = self.eval.eval(expr, scope);
                let trace = self.eval.take_trace();
                // the figure itself, and nothing that is computed from it
                match (value, trace.as_slice()) {
                    (Value::Unknown(_), [figure]) if figure.span == expr.span => Some(Scaled {
                        factor: 1.0,
                        figure: figure.clone(),
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn constant(&self, expr: &Expr, scope: &Scope) -> Option<f64> {
        match self.eval.eval(expr, scope) {
            Value::Number(number) => Some(number.value),
            _ => None,
        }
    }
}
