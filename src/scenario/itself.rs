//! Figures that are compared with themselves, or with some times themselves.

use super::context::{Context, one_line};
use super::decided::{Compared, comparisons, say_decided};
use crate::eval::Scope;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::number;

/// Reports a figure that is compared with itself.
pub(super) fn with_itself(cx: &Context<'_>, expr: &Expr, scope: &Scope) {
    comparisons(expr)
        .iter()
        .for_each(|one| compared(cx, one, scope));
}

fn compared(cx: &Context<'_>, one: &Compared<'_>, scope: &Scope) {
    let ((a, first), (b, second)) = (times(one.left), times(one.right));
    let text = |expr: &Expr| one_line(&cx.program.sources.shown(expr.span));
    let factor = b / a;
    if text(first) != text(second) || !factor.is_finite() {
        return;
    }
    let amount = cx.eval.never_negative(first, scope);
    if !amount && !cx.eval.rests(first, scope).measured {
        return;
    }
    let (holds, but_zero) = match factor == 1.0 {
        true => match decided(one.op, 1.0) {
            Some(holds) => (holds, false),
            None => return,
        },
        // of what may be negative, some times it may be more or less
        false if !amount => return,
        false => match (decided(one.op, factor), decided(one.op, 1.0)) {
            // 0 is any times itself
            (Some(holds), Some(at_zero)) => (holds, holds != at_zero),
            _ => return,
        },
    };
    let why = match factor == 1.0 {
        true => "both sides are the same figure".to_string(),
        false => format!(
            "both sides are the same figure, the right one {} times the left",
            number(factor, 6)
        ),
    };
    let unless = if but_zero { ", unless it is 0" } else { "" };
    let help = "compare it with a limit, or with a figure of another phase or case: at(tp = 2).steady.ttft.p50";
    say_decided(cx, one.whole, holds, &format!("{unless}: {why}"), help);
}

/// Whether something greater than 0 compares so with so many times itself.
fn decided(op: BinaryOp, factor: f64) -> Option<bool> {
    Some(match op {
        BinaryOp::LessEqual => 1.0 <= factor,
        BinaryOp::GreaterEqual => 1.0 >= factor,
        BinaryOp::Less => 1.0 < factor,
        BinaryOp::Greater => 1.0 > factor,
        BinaryOp::Equal => factor == 1.0,
        BinaryOp::NotEqual => factor != 1.0,
        _ => return None,
    })
}

/// By which number something is multiplied, as it is written: `1.5 * x`, `x * 150%`, `x / 2`.
fn times(expr: &Expr) -> (f64, &Expr) {
    let ExprKind::Binary {
        op, left, right, ..
    } = &expr.kind
    else {
        return (1.0, expr);
    };
    let (factor, of) = match (op, plain(left), plain(right)) {
        (BinaryOp::Multiply, Some(factor), _) => (factor, right),
        (BinaryOp::Multiply, _, Some(factor)) => (factor, left),
        (BinaryOp::Divide, _, Some(by)) => (1.0 / by, left),
        _ => return (1.0, expr),
    };
    // by less than nothing, what is greater becomes less
    match factor > 0.0 {
        true => {
            let (more, of) = times(of);
            (factor * more, of)
        }
        false => (1.0, expr),
    }
}

/// A number without a unit, or a percentage.
fn plain(expr: &Expr) -> Option<f64> {
    match &expr.kind {
        ExprKind::Number {
            value, unit: None, ..
        } => Some(*value),
        ExprKind::Number {
            value,
            unit: Some(unit),
            ..
        } if unit.text == "%" => Some(value / 100.0),
        _ => None,
    }
}
