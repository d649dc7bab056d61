//! Why a condition holds or not, in words: `stress.ttft.p95 = 812 ms, must be at most 800 ms`.

use super::check::Outcome;
use super::{Evaluated, Judge};
use crate::eval::{Reading, Scope, Value};
use crate::scenario::Thunk;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::units::{Quantity, display, display_precise, number, source_form};
use std::sync::Arc;

impl Judge<'_> {
    /// Why a decided condition is as it is. Of several parts, those that made it so.
    pub(super) fn explain(&self, thunk: &Thunk, holds: bool) -> String {
        self.parts(&thunk.expr, &thunk.scope, holds, false)
            .join("; ")
    }

    /// `inverted`: within a `not`, where the opposite of what is written is wanted.
    fn parts(&self, expr: &Expr, scope: &Scope, holds: bool, inverted: bool) -> Vec<String> {
        match &expr.kind {
            ExprKind::Binary {
                op: op @ (BinaryOp::And | BinaryOp::Or),
                left,
                right,
                ..
            } => {
                // `and` that holds and `or` that does not rest on both sides, the others on one
                let of = |side: &Expr| match self.decided(side, scope) {
                    Some(value) if value == holds => self.parts(side, scope, value, inverted),
                    _ => Vec::new(),
                };
                let mut parts = of(left);
                let one_is_enough = (*op == BinaryOp::Or) == holds;
                if parts.is_empty() || !one_is_enough || !holds {
                    parts.extend(of(right));
                }
                parts
            }
            ExprKind::Binary {
                op, left, right, ..
            } if compares(*op) => {
                let wanted = if inverted { opposite(*op) } else { *op };
                vec![self.comparison(wanted, left, right, scope)]
            }
            ExprKind::Unary {
                op: UnaryOp::Not,
                value,
            } => {
                let inner = self.parts(value, scope, !holds, !inverted).join("; ");
                vec![format!("{}: {inner}", self.plainly(expr, holds))]
            }
            ExprKind::If { cond, then, other } => match self.decided(cond, scope) {
                Some(true) => self.parts(then, scope, holds, inverted),
                Some(false) => self.parts(other, scope, holds, inverted),
                None => vec![self.plainly(expr, holds)],
            },
            _ => vec![self.plainly(expr, holds)],
        }
    }

    /// The comparison that a reading stands in, with its limit; none where it is in no comparison.
    pub(super) fn limit(&self, thunk: &Thunk, reading: Span) -> Option<String> {
        let (op, left, right) = comparison_with(&thunk.expr, reading, false)?;
        Some(self.comparison(op, left, right, &thunk.scope))
    }

    fn plainly(&self, expr: &Expr, holds: bool) -> String {
        let verb = if holds { "holds" } else { "does not hold" };
        format!("`{}` {verb}", self.text(expr.span))
    }

    fn decided(&self, expr: &Expr, scope: &Scope) -> Option<bool> {
        let evaluated = self.evaluate(&self.trusted, &part(expr, scope));
        match self.outcome(&evaluated) {
            Outcome::Decided(value) => Some(value),
            _ => None,
        }
    }

    fn comparison(&self, op: BinaryOp, left: &Expr, right: &Expr, scope: &Scope) -> String {
        let a = self.evaluate(&self.all, &part(left, scope));
        let b = self.evaluate(&self.all, &part(right, scope));
        let percent = written_in_percent(left) || written_in_percent(right);
        let (a_text, b_text) = pair(&a, &b, percent);
        let only_right = a.trace.is_empty() && !b.trace.is_empty();
        let word = match (op, only_right) {
            (BinaryOp::Equal, _) => "expected",
            (BinaryOp::NotEqual, _) => "expected other than",
            (BinaryOp::In, _) => "expected in",
            (BinaryOp::NotIn, _) => "expected not in",
            (BinaryOp::Less, false) | (BinaryOp::Greater, true) => "must be less than",
            (BinaryOp::Greater, false) | (BinaryOp::Less, true) => "must be more than",
            (BinaryOp::LessEqual, false) | (BinaryOp::GreaterEqual, true) => "must be at most",
            _ => "must be at least",
        };
        match (a.trace.is_empty(), b.trace.is_empty()) {
            (false, false) => {
                format!(
                    "{} = {a_text}, {word} {} = {b_text}",
                    self.text(left.span),
                    self.text(right.span)
                )
            }
            (true, false) => format!("{} = {b_text}, {word} {a_text}", self.text(right.span)),
            (_, true) => format!("{} = {a_text}, {word} {b_text}", self.text(left.span)),
        }
    }
}

/// The comparison within a condition in which something stands, as it must hold: turned round within
/// a `not`. What stands elsewhere (in a `let`) is of the only comparison there is.
fn comparison_with(expr: &Expr, what: Span, inverted: bool) -> Option<(BinaryOp, &Expr, &Expr)> {
    match &expr.kind {
        ExprKind::Binary {
            op: BinaryOp::And | BinaryOp::Or,
            left,
            right,
            ..
        } => {
            let holds = |side: &Expr| {
                let span = side.span;
                span.file == what.file && span.start <= what.start && what.end <= span.end
            };
            let side = [left, right].into_iter().find(|side| holds(side))?;
            comparison_with(side, what, inverted)
        }
        ExprKind::Binary {
            op, left, right, ..
        } if compares(*op) => {
            let op = if inverted { opposite(*op) } else { *op };
            Some((op, left, right))
        }
        ExprKind::Unary {
            op: UnaryOp::Not,
            value,
        } => comparison_with(value, what, !inverted),
        _ => None,
    }
}

fn part(expr: &Expr, scope: &Scope) -> Thunk {
    Thunk {
        expr: Arc::new(expr.clone()),
        scope: scope.clone(),
    }
}

/// Whether an operator compares two values.
pub(super) fn compares(op: BinaryOp) -> bool {
    use BinaryOp as B;
    matches!(
        op,
        B::Equal
            | B::NotEqual
            | B::Less
            | B::LessEqual
            | B::Greater
            | B::GreaterEqual
            | B::In
            | B::NotIn
    )
}

/// The comparison that holds where this one does not.
fn opposite(op: BinaryOp) -> BinaryOp {
    use BinaryOp as B;
    match op {
        B::Equal => B::NotEqual,
        B::NotEqual => B::Equal,
        B::Less => B::GreaterEqual,
        B::LessEqual => B::Greater,
        B::Greater => B::LessEqual,
        B::GreaterEqual => B::Less,
        B::In => B::NotIn,
        B::NotIn => B::In,
        other => other,
    }
}

/// Two values in words; with more digits where the short forms would look equal and are not.
fn pair(a: &Evaluated, b: &Evaluated, percent_written: bool) -> (String, String) {
    let (Value::Number(x), Value::Number(y)) = (&a.value, &b.value) else {
        return (shown(&a.value), shown(&b.value));
    };
    let share = (percent_written && x.dimension.is_none())
        || is_share(&a.value, &a.trace)
        || is_share(&b.value, &b.trace);
    let forms: [fn(Quantity) -> String; 3] = match share {
        true => [|q| percent(q, 4), |q| percent(q, 8), |q| percent(q, 17)],
        false => [display, display_precise, source_form],
    };
    let mut texts = (String::new(), String::new());
    for form in forms {
        texts = (form(*x), form(*y));
        if texts.0 != texts.1 || x.value == y.value {
            break;
        }
    }
    texts
}

/// `1%`: then the other side is a share too, computed as it may be.
fn written_in_percent(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Number { unit: Some(unit), .. } if unit.text == "%")
}

fn percent(q: Quantity, digits: i32) -> String {
    format!("{} %", number(q.value * 100.0, digits))
}

fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("\"{text}\""),
        other => other.shown().unwrap_or_else(|| "***".into()),
    }
}

/// Whether a value is a share that was read as it is, and so is shown in per cent.
pub(super) fn is_share(value: &Value, trace: &[Reading]) -> bool {
    matches!(trace, [reading] if reading.query.is_ratio() && reading.value == *value)
}
