//! `x >= 90% or x < 90%`: one of two limits of a figure that leave nothing between them.

use super::context::{Context, one_line};
use super::decided::say_decided;
use crate::eval::{Scope, Value};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

/// Reports conditions joined with `or` of which one holds, whatever is measured.
pub(super) fn decided(cx: &Context<'_>, expr: &Expr, scope: &Scope) {
    let ExprKind::Binary {
        op, left, right, ..
    } = &expr.kind
    else {
        return;
    };
    match op {
        BinaryOp::And => {
            decided(cx, left, scope);
            decided(cx, right, scope);
        }
        BinaryOp::Or => {
            let mut limits = Vec::new();
            joined(cx, expr, scope, &mut limits);
            let pairs = limits.iter().enumerate();
            let pairs = pairs.flat_map(|(at, a)| limits[at + 1..].iter().map(move |b| (a, b)));
            let mut met = pairs.filter(|(a, b)| a.figure == b.figure && a.meets(b));
            if let Some((one, _)) = met.next() {
                let why = format!(
                    ": one of its limits of `{}` is kept by any value",
                    one.figure
                );
                say_decided(cx, expr, true, &why, "keep the limit that has to hold");
            }
        }
        _ => {}
    }
}

/// `figure op limit`
struct Limit {
    figure: String,
    op: BinaryOp,
    value: f64,
}

impl Limit {
    /// Whether every value keeps this or the other.
    fn meets(&self, other: &Self) -> bool {
        let (above, below) = match (self.is_below(), other.is_below()) {
            (Some(false), Some(true)) => (self, other),
            (Some(true), Some(false)) => (other, self),
            _ => return false,
        };
        let closed = |one: &Self| matches!(one.op, BinaryOp::LessEqual | BinaryOp::GreaterEqual);
        above.value < below.value || above.value == below.value && (closed(above) || closed(below))
    }

    /// Whether the figure has to be small; none where it has to be another.
    fn is_below(&self) -> Option<bool> {
        match self.op {
            BinaryOp::Less | BinaryOp::LessEqual => Some(true),
            BinaryOp::Greater | BinaryOp::GreaterEqual => Some(false),
            _ => None,
        }
    }
}

/// The limits of figures among conditions that `or` joins.
fn joined(cx: &Context<'_>, expr: &Expr, scope: &Scope, out: &mut Vec<Limit>) {
    let ExprKind::Binary {
        op, left, right, ..
    } = &expr.kind
    else {
        return;
    };
    if *op == BinaryOp::Or {
        joined(cx, left, scope, out);
        return joined(cx, right, scope, out);
    }
    if !op.compares() || out.len() >= MOST {
        return;
    }
    let figure = |expr: &Expr| one_line(&cx.program.sources.shown(expr.span));
    let sides = (cx.eval.eval(left, scope), cx.eval.eval(right, scope));
    match sides {
        (Value::Unknown(_), Value::Number(limit)) => out.push(Limit {
            figure: figure(left),
            op: *op,
            value: limit.value,
        }),
        (Value::Number(limit), Value::Unknown(_)) => out.push(Limit {
            figure: figure(right),
            op: op.turned(),
            value: limit.value,
        }),
        _ => {}
    }
}

/// So many conditions of one check are compared with each other.
const MOST: usize = 32;
