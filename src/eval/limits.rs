//! What figures can be at all, against the limits that they are compared with: a limit outside
//! of it means nothing, and one at its end may hold always or never.

use super::{Evaluator, Query, Scope, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};
use crate::units::{Quantity, display, number};

/// The least value that a figure can have, and the largest where there is one, in base units.
type Bounds = (f64, Option<f64>);

impl Query {
    /// None where it may be anything, as a growth may.
    fn bounds(&self) -> Option<Bounds> {
        match self {
            _ if self.is_ratio() => Some((0.0, Some(1.0))),
            // the client's own clocks may be a hair apart
            Self::Statistic { metric, .. } | Self::Percentile { metric, .. } => {
                (*metric != "lateness").then_some((0.0, None))
            }
            Self::Scalar { .. } | Self::Failures { .. } => Some((0.0, None)),
            // the engine's own series are what they are; the others are amounts and shares
            Self::SeriesStat { series, .. }
            | Self::Peak { series, .. }
            | Self::Mean { series, .. } => {
                let name = series.name.rsplit('.').next().unwrap_or_default();
                schema::server_series(name).map(|_| match name {
                    "gpu_util" => (0.0, Some(1.0)),
                    _ => (0.0, None),
                })
            }
            Self::Growth { .. } | Self::Increase { .. } => None,
        }
    }
}

impl Evaluator<'_> {
    /// Whether an expression is one figure that is measured and never less than 0.
    pub fn never_negative(&self, expr: &Expr, scope: &Scope) -> bool {
        let before = self.take_trace();
        let value = self.eval(expr, scope);
        let read = self.trace.replace(before);
        let least = |query: &Query| query.bounds().is_some_and(|(least, _)| least >= 0.0);
        matches!(value, Value::Unknown(_)) && matches!(read.as_slice(), [one] if least(&one.query))
    }

    /// Reports a comparison of what will be measured with a limit that it cannot cross; true
    /// where the limit is none at all.
    pub(super) fn beyond_limits(
        &self,
        op: BinaryOp,
        (a, left): (&Value, &Expr),
        (b, right): (&Value, &Expr),
    ) -> bool {
        let sides = [
            (a, left, b, right, Some(op)),
            (b, right, a, left, mirrored(op)),
        ];
        for (figure, at, limit, expr, op) in sides {
            let (Value::Unknown(_), Value::Number(limit)) = (figure, limit) else {
                continue;
            };
            let Some((least, most)) = self.bounds_at(at, *limit) else {
                continue;
            };
            if limit.value < least {
                let shown = match most {
                    Some(_) => format!("{}%", number(limit.value * 100.0, 15)),
                    None => display(*limit),
                };
                self.report(self.too_little(&shown, at, expr));
                return true;
            }
            if most.is_some_and(|most| limit.value > most) {
                self.report(too_much(*limit, at, expr));
                return true;
            }
            // a limit that varies may be at the end in one case
            if let Some(op) = op.filter(|_| is_literal(expr)) {
                self.at_the_end(op, *limit, (least, most), at, expr);
            }
        }
        false
    }

    /// The bounds of the figure that is read by exactly this text, where the limit is like it.
    fn bounds_at(&self, at: &Expr, limit: Quantity) -> Option<Bounds> {
        let trace = self.trace.borrow();
        let reading = trace.iter().rev().find(|reading| reading.span == at.span)?;
        if reading.query.dimension() != limit.dimension {
            return None;
        }
        reading.query.bounds()
    }

    fn too_little(&self, limit: &str, at: &Expr, expr: &Expr) -> Diagnostic {
        let text = self.program.sources.text(at.span);
        let message = format!("`{text}` is never less than 0, and this is {limit}");
        Diagnostic::error(codes::OUT_OF_RANGE, expr.span, message)
            .label(at.span, "0 or more")
            .help(
                "write a limit that it can cross, without the minus sign if that is what was meant",
            )
    }

    /// `failed >= 0` holds whatever is measured, and `failed < 0` never does.
    fn at_the_end(
        &self,
        op: BinaryOp,
        limit: Quantity,
        (least, most): Bounds,
        at: &Expr,
        expr: &Expr,
    ) {
        let lowest = limit.value == least;
        let highest = most == Some(limit.value);
        let holds = match op {
            BinaryOp::GreaterEqual if lowest => true,
            BinaryOp::LessEqual if highest => true,
            BinaryOp::Less if lowest => false,
            BinaryOp::Greater if highest => false,
            _ => return,
        };
        let text = self.program.sources.text(at.span);
        let end = if lowest { "less" } else { "more" };
        let written = self.program.sources.text(expr.span);
        let why = format!("`{text}` is never {end} than {written}");
        let span = at.span.to(expr.span);
        self.report(match holds {
            true => Diagnostic::warning(
                codes::ALWAYS_HOLDS,
                span,
                format!("this always holds: {why}"),
            )
            .help("write a limit that can be missed, or drop the comparison"),
            false => {
                Diagnostic::error(codes::NEVER_HOLDS, span, format!("this never holds: {why}"))
                    .help(format!("`== {written}` is all that it can be at that end"))
            }
        });
    }
}

/// A share of one compared with more than one: most likely a `%` was forgotten.
fn too_much(limit: Quantity, at: &Expr, expr: &Expr) -> Diagnostic {
    let shown = number(limit.value, 15);
    let percent = number(limit.value * 100.0, 15);
    let diagnostic = Diagnostic::error(
        codes::OUT_OF_RANGE,
        expr.span,
        format!("a share is never more than 100%, this is {percent}%"),
    )
    .label(at.span, "a share of one");
    let is_share =
        matches!(&expr.kind, ExprKind::Number { unit: Some(unit), .. } if unit.text == "%");
    if is_share || !(2.0..=100.0).contains(&limit.value) {
        return diagnostic.help("write a share of at most 100%, like 99%");
    }
    diagnostic
        .help(format!("write `{shown}%`, if that is what was meant"))
        .fix(
            "add the per cent sign",
            expr.span,
            format!("{shown}%"),
            false,
        )
}

/// The operator with its sides changed over; none where it has no order.
fn mirrored(op: BinaryOp) -> Option<BinaryOp> {
    Some(match op {
        BinaryOp::Less => BinaryOp::Greater,
        BinaryOp::LessEqual => BinaryOp::GreaterEqual,
        BinaryOp::Greater => BinaryOp::Less,
        BinaryOp::GreaterEqual => BinaryOp::LessEqual,
        _ => return None,
    })
}

fn is_literal(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number { .. } => true,
        ExprKind::Unary {
            op: UnaryOp::Minus,
            value,
        } => is_literal(value),
        _ => false,
    }
}
