//! The conditions of checks, and the figures that each of them reads, however they go into it.

use crate::eval::{Evaluator, Reading, Scope, Value};
use crate::resolve::Flat;
use crate::scenario::Thunk;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

/// What stands between `and`, `or` and `not` in a check, and may hold or not.
pub struct Condition<'a> {
    pub expr: &'a Expr,
    pub scope: Scope,
    /// Whether it has to hold; it must not behind a `not`.
    pub holds: bool,
    /// Whether the case fails where it does not come to that: no `or` and no measured `when` stands
    /// over it.
    pub certain: bool,
    /// What it reads, of this case and of others.
    pub reads: Vec<Reading>,
    /// How it compares each of these with a constant, where it does nothing else with it.
    pub ops: Vec<Option<BinaryOp>>,
}

/// So deep names of definitions are followed: one that names itself has been reported.
const DEEPEST: u32 = 64;

/// Takes checks apart.
pub(super) struct Parts<'e, 'a> {
    pub(super) eval: &'e Evaluator<'e>,
    pub(super) flat: &'a Flat,
    pub(super) out: Vec<Condition<'a>>,
}

impl<'a> Parts<'_, 'a> {
    pub(super) fn check(&mut self, check: &'a Thunk, certain: bool) {
        self.walk(&check.expr, &check.scope, (true, certain), DEEPEST);
    }

    fn walk(&mut self, expr: &'a Expr, scope: &Scope, (holds, certain): (bool, bool), left: u32) {
        match &expr.kind {
            ExprKind::Unary {
                op: UnaryOp::Not,
                value,
            } => return self.walk(value, scope, (!holds, certain), left),
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left: a,
                right: b,
                ..
            } => {
                // one side may decide it without a measurement, as `c == 1 and …` does
                let decides = |side| self.truth(side, scope) == Some(*op == BinaryOp::Or);
                if decides(a) || decides(b) {
                    return;
                }
                // `not (a or b)` is `not a and not b`
                let certain = certain && (*op == BinaryOp::And) == holds;
                self.walk(a, scope, (holds, certain), left);
                return self.walk(b, scope, (holds, certain), left);
            }
            ExprKind::If { cond, then, other } => match self.truth(cond, scope) {
                Some(true) => return self.walk(then, scope, (holds, certain), left),
                Some(false) => return self.walk(other, scope, (holds, certain), left),
                None => {}
            },
            ExprKind::Name(name) if left > 0 => {
                if let Some(attr) = self.flat.lets.get(name)
                    && is_condition(&attr.expr)
                {
                    let scope = scope.in_module(attr.module);
                    return self.walk(&attr.expr, &scope, (holds, certain), left - 1);
                }
            }
            _ => {}
        }
        self.eval.take_trace();
        self.eval.eval(expr, scope);
        self.out.push(Condition {
            expr,
            scope: scope.clone(),
            holds,
            certain,
            reads: self.eval.take_trace(),
            ops: Vec::new(),
        });
    }

    /// What a condition comes to before anything is measured.
    fn truth(&self, expr: &Expr, scope: &Scope) -> Option<bool> {
        match self.eval.eval(expr, scope) {
            Value::Bool(holds) => Some(holds),
            _ => None,
        }
    }
}

/// Whether an expression may have conditions in it that can be told apart.
fn is_condition(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Binary { op, .. } => op.compares() || matches!(op, BinaryOp::And | BinaryOp::Or),
        ExprKind::Unary { op, .. } => *op == UnaryOp::Not,
        ExprKind::If { .. } | ExprKind::Name(_) => true,
        _ => false,
    }
}
