//! Numbers of unlike dimensions under one operator: what a bare number stands for, and which
//! unit was forgotten.

use super::ops::dimension_of;
use super::{Evaluator, Shape, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::{Dimension, Quantity, column_unit, number};

/// `5%`, as it is written.
fn is_share(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number { unit, .. } => unit.as_ref().is_some_and(|unit| unit.text == "%"),
        ExprKind::Unary { value, .. } => is_share(value),
        _ => false,
    }
}

/// Whether the number itself stands there, and no name of one.
fn is_written(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Number { .. } => true,
        ExprKind::Unary { value, .. } => is_written(value),
        _ => false,
    }
}

impl Evaluator<'_> {
    /// The unit that a number is written with.
    fn unit_of(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Number { unit, .. } => unit.as_ref().map(|unit| unit.text.clone()),
            ExprKind::Unary { value, .. } => self.unit_of(value),
            _ => None,
        }
    }

    /// A bare number beside a count: `failed == 0` is `failed == 0 req`.
    pub(super) fn as_count(&self, value: Value, expr: &Expr, other: Dimension) -> Value {
        if !other.is_count() || is_share(expr) {
            return value;
        }
        match value {
            Value::Number(q) if q.dimension.is_none() => {
                Value::Number(Quantity::new(q.value, other))
            }
            // of what only shapes are known of, a param or an axis: its values are looked at too
            Value::Unknown(Shape::Number(Dimension::NONE)) if self.shapes => {
                Value::Unknown(Shape::Number(other))
            }
            value => value,
        }
    }

    /// Two numbers of unlike dimensions under an operator that needs like ones.
    pub(super) fn unlike(
        &self,
        op: BinaryOp,
        a: &Value,
        b: &Value,
        left: &Expr,
        right: &Expr,
    ) -> Value {
        let (Some(x), Some(y)) = (dimension_of(a), dimension_of(b)) else {
            return Value::Error;
        };
        // `a - b` takes b from a; the others read the same from either side
        let cannot = |first: &str, second: &str| match op {
            BinaryOp::Add => format!("{first} cannot be added to {second}"),
            BinaryOp::Subtract => format!("{second} cannot be subtracted from {first}"),
            _ => format!("{first} cannot be compared with {second}"),
        };
        // a metric is said by its name: `a duration (ttft)`
        let says = |value: &Value, expr: &Expr, dimension: Dimension| match value {
            Value::Unknown(_) => match self.metric_at(expr.span) {
                Some(metric) => format!("{} ({metric})", dimension.describe()),
                None if self.shapes => dimension.describe(),
                None => format!("{}, when it is measured", dimension.describe()),
            },
            _ => dimension.describe(),
        };
        // one side is bare: most likely its unit was forgotten
        let bare =
            [(x, y, b, right), (y, x, a, left)]
                .into_iter()
                .find(|(with, without, value, _)| {
                    !with.is_none() && without.is_none() && matches!(value, Value::Number(_))
                });
        if let Some((with, _, Value::Number(q), expr)) = bare {
            let right_is_bare = std::ptr::eq(expr, right);
            let (value, other) = if right_is_bare { (a, left) } else { (b, right) };
            let likely = column_unit(with);
            let unit = self.unit_of(other).unwrap_or(likely);
            let told = |bare: &str| match right_is_bare && op == BinaryOp::Subtract {
                true => cannot(&with.describe(), bare),
                false => cannot(bare, &with.describe()),
            };
            let source = |expr: &Expr| self.program.sources.text(expr.span);
            // the whole comparison as it should be, where that is short
            let mended = |text: &str| {
                let whole = match right_is_bare {
                    true => format!("{} {} {text}", source(left), op.symbol()),
                    false => format!("{text} {} {}", op.symbol(), source(right)),
                };
                let member = matches!(op, BinaryOp::In | BinaryOp::NotIn);
                let short = whole.len() <= 90 && !whole.contains('\n') && !member;
                if short { whole } else { text.to_string() }
            };
            if is_share(expr) {
                let count = format!("{} {unit}", number(q.value * 100.0, 15));
                let phase = source(other).rsplit_once('.').filter(|(_, metric)| {
                    with == Dimension::REQUESTS && schema::phase_metric(metric).is_some()
                });
                let of = match phase {
                    Some((phase, _)) => format!("{} / {phase}.requests", source(other)),
                    None => "… / …".to_string(),
                };
                let share = format!("`{of} {} {}`", op.symbol(), source(expr));
                self.report(
                    Diagnostic::error(codes::DIMENSIONS, expr.span, told("a share"))
                        .says("a share of what?")
                        .label(other.span, says(value, other, with))
                        .help(format!("for an amount write `{}`", mended(&count)))
                        .help(format!(
                            "for a share divide by what it is a share of: {share}"
                        )),
                );
                return Value::Error;
            }
            let text = format!("{} {unit}", number(q.value, 15));
            let shown = mended(&text);
            let found = Diagnostic::error(codes::MISSING_UNIT, expr.span, told("a bare number"))
                .says("which unit?")
                .label(other.span, says(value, other, with));
            // a name's value is written elsewhere; beside what is added a guess would be as good as any
            let sum = matches!(op, BinaryOp::Add | BinaryOp::Subtract);
            let guess = sum && self.unit_of(other).is_none();
            self.report(match is_written(expr) {
                true if guess => found.help(format!("write its unit, as in `{shown}`")),
                true => found
                    .help(format!(
                        "write the unit: `{shown}`, if that is what was meant"
                    ))
                    .fix("add the likely unit", expr.span, text, false),
                false => found.help(format!(
                    "multiply it by its unit, `… * 1 {unit}`, or write the unit where its number is"
                )),
            });
            return Value::Error;
        }
        let what = |expr: &Expr, dimension: Dimension| match self.reads_share(expr.span) {
            true => "a share".to_string(),
            false => dimension.describe(),
        };
        let (first, second) = (what(left, x), what(right, y));
        let label = |value: &Value, expr: &Expr, dimension: Dimension| {
            let says = says(value, expr, dimension);
            match self.reads_share(expr.span) {
                true => says.replace(&dimension.describe(), "a share"),
                false => says,
            }
        };
        self.report(
            Diagnostic::error(codes::DIMENSIONS, right.span, cannot(&first, &second))
                .says(label(b, right, y))
                .label(left.span, label(a, left, x))
                .help(match (x, y) {
                    (Dimension::TIME, Dimension::DATA) if matches!(a, Value::Unknown(_)) => "for memory read the server: growth(sut.memory, from = baseline, to = cooldown) <= 500MB",
                    _ => "both sides must be of one dimension; divide or multiply to get there",
                }),
        );
        Value::Error
    }
}
