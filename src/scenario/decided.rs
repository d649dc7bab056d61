//! Comparisons of a check, each by itself, and how one is said that is decided before anything is
//! measured.

use super::context::{Context, one_line};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

/// `left op right`, as it is written.
pub(super) struct Compared<'e> {
    pub whole: &'e Expr,
    pub op: BinaryOp,
    pub left: &'e Expr,
    pub right: &'e Expr,
}

/// The comparisons that `and` and `or` join, but for `in` and `not in`.
pub(super) fn comparisons(expr: &Expr) -> Vec<Compared<'_>> {
    let ExprKind::Binary {
        op, left, right, ..
    } = &expr.kind
    else {
        return Vec::new();
    };
    match op {
        BinaryOp::And | BinaryOp::Or => {
            let mut all = comparisons(left);
            all.extend(comparisons(right));
            all
        }
        BinaryOp::In | BinaryOp::NotIn => Vec::new(),
        op if op.compares() => vec![Compared {
            whole: expr,
            op: *op,
            left,
            right,
        }],
        _ => Vec::new(),
    }
}

/// Reports a comparison that always holds, or never does; `why` goes on from those words.
pub(super) fn say_decided(cx: &Context<'_>, expr: &Expr, holds: bool, why: &str, help: &str) {
    let text = one_line(&cx.program.sources.shown(expr.span));
    let found = match holds {
        true => Diagnostic::warning(
            codes::ALWAYS_HOLDS,
            expr.span,
            format!("`{text}` always holds{why}"),
        ),
        false => Diagnostic::error(
            codes::NEVER_HOLDS,
            expr.span,
            format!("`{text}` never holds{why}"),
        ),
    };
    cx.eval.report(found.help(help));
}
