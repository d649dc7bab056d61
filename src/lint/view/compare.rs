//! What a check compares with a constant.

use super::conditions::Condition;
use crate::eval::{Evaluator, Query, Reading, Scope, Stretch, Value};
use crate::measure::requests::share_of;
use crate::resolve::Flat;
use crate::source::Span;
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};

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

/// A figure less another one compared with a constant: `last - first <= limit`.
pub struct Difference {
    pub op: BinaryOp,
    pub more: Reading,
    pub less: Reading,
    /// In base units.
    pub limit: f64,
    pub limit_span: Span,
}

/// What conditions compare with constants.
#[derive(Default)]
pub(super) struct Compared {
    pub(super) comparisons: Vec<Comparison>,
    pub(super) differences: Vec<Difference>,
}

/// Reads comparisons of one condition.
pub(super) struct Reader<'e, 'a> {
    pub(super) eval: &'e Evaluator<'a>,
    pub(super) flat: &'e Flat,
    pub(super) scope: &'e Scope,
}

/// `… op limit`, as a condition says it of something.
struct Limit<'c> {
    op: BinaryOp,
    value: f64,
    span: Span,
    of: &'c Condition<'c>,
}

impl Reader<'_, '_> {
    /// What a condition compares.
    pub(super) fn compared(&self, of: &Condition<'_>, out: &mut Compared) {
        let ExprKind::Binary {
            op, left, right, ..
        } = &of.expr.kind
        else {
            return;
        };
        // to be in a list of one value is to be that
        let (left, right) = (&**left, &**right);
        let (op, right) = match (op, &right.kind) {
            (BinaryOp::In, ExprKind::List(items)) if items.len() == 1 => {
                (BinaryOp::Equal, &items[0])
            }
            (BinaryOp::In | BinaryOp::NotIn, _) => return,
            (op, _) if !op.compares() => return,
            (op, _) => (*op, right),
        };
        let op = if of.holds { op } else { opposite(op) };
        let side = |expr: &Expr| self.eval.eval(expr, self.scope);
        let (op, value, figure, limit) = match (side(left), side(right)) {
            (Value::Unknown(_), Value::Number(limit)) => (op, limit.value, left, right),
            (Value::Number(limit), Value::Unknown(_)) => (op.turned(), limit.value, right, left),
            _ => return,
        };
        let span = limit.span;
        let limit = Limit {
            op,
            value,
            span,
            of,
        };
        self.limited(figure, &limit, out);
    }

    /// `a - 1MB` and `a + 1MB`, less or more than a figure: that one, and what is added to it.
    fn moved<'x>(&self, expr: &'x Expr) -> Option<(&'x Expr, f64)> {
        let ExprKind::Binary {
            op, left, right, ..
        } = &expr.kind
        else {
            return None;
        };
        let constant = |expr: &Expr| match self.eval.eval(expr, self.scope) {
            Value::Number(number) => Some(number.value),
            _ => None,
        };
        match op {
            BinaryOp::Subtract => Some((&**left, -constant(right)?)),
            BinaryOp::Add => match constant(right) {
                Some(more) => Some((&**left, more)),
                None => Some((&**right, constant(left)?)),
            },
            _ => None,
        }
    }

    /// What a limit says of the figures in an expression.
    fn limited(&self, expr: &Expr, limit: &Limit<'_>, out: &mut Compared) {
        if let Some((figure, more)) = self.moved(expr) {
            // its place is that of the whole, as the limit is written nowhere
            let limit = Limit {
                op: limit.op,
                value: limit.value - more,
                span: limit.of.expr.span,
                of: limit.of,
            };
            return self.limited(figure, &limit, out);
        }
        if let Some(each) = each_limited(expr, limit.op) {
            return each.for_each(|one| self.limited(one, limit, out));
        }
        self.eval.take_trace();
        self.eval.eval(expr, self.scope);
        let read = self.eval.take_trace();
        // of a figure itself or a multiple of it, and of nothing else that is computed from it
        if let ([figure], Some(factor)) = (read.as_slice(), self.scaled(expr)) {
            out.comparisons.push(Comparison {
                op: limit.op,
                figure: figure.clone(),
                limit: limit.value / factor,
                limit_span: limit.span,
                span: limit.of.expr.span,
                certain: limit.of.certain,
            });
        } else if let Some((more, less)) = self.difference(expr) {
            out.differences.push(Difference {
                op: limit.op,
                more,
                less,
                limit: limit.value,
                limit_span: limit.span,
            });
        }
    }

    /// `a - b`, of two figures.
    fn difference(&self, expr: &Expr) -> Option<(Reading, Reading)> {
        let alone = |expr: &Expr| {
            self.eval.take_trace();
            self.eval.eval(expr, self.scope);
            let [figure] = <[Reading; 1]>::try_from(self.eval.take_trace()).ok()?;
            (self.scaled(expr) == Some(1.0)).then_some(figure)
        };
        match &expr.kind {
            ExprKind::Binary {
                op: BinaryOp::Subtract,
                left,
                right,
                ..
            } => Some((alone(left)?, alone(right)?)),
            ExprKind::Name(name) => {
                let attr = self.flat.lets.get(name)?;
                let scope = &self.scope.in_module(attr.module);
                Reader { scope, ..*self }.difference(&attr.expr)
            }
            _ => None,
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
            ExprKind::If { cond, then, other } => match self.eval.eval(cond, self.scope) {
                Value::Bool(true) => self.scaled(then),
                Value::Bool(false) => self.scaled(other),
                _ => None,
            },
            ExprKind::Binary { .. } | ExprKind::Unary { .. } => None,
            ExprKind::List(_) | ExprKind::Comprehension { .. } => None,
            ExprKind::Name(name) => match self.flat.lets.get(name) {
                Some(attr) => {
                    let scope = &self.scope.in_module(attr.module);
                    Reader { scope, ..*self }.scaled(&attr.expr)
                }
                None => Some(1.0),
            },
            ExprKind::Call { function, args } => match (function.text.as_str(), args.as_slice()) {
                ("mod" | "round" | "floor" | "ceil" | "len" | "min" | "max", _) => None,
                ("abs", [arg]) => self.scaled(&arg.value),
                _ => Some(1.0),
            },
            _ => Some(1.0),
        }
    }
}

/// Where the same limit is one of several: the greatest of them is at most that where each is, and
/// the least at least that.
fn each_limited(expr: &Expr, op: BinaryOp) -> Option<impl Iterator<Item = &Expr>> {
    let ExprKind::Call { function, args } = &expr.kind else {
        return None;
    };
    let each = match function.text.as_str() {
        "max" => matches!(op, BinaryOp::Less | BinaryOp::LessEqual),
        "min" => matches!(op, BinaryOp::Greater | BinaryOp::GreaterEqual),
        _ => false,
    };
    each.then(|| args.iter().flat_map(|arg| listed(&arg.value)))
}

/// The items of a list, or what is none.
fn listed(expr: &Expr) -> &[Expr] {
    match &expr.kind {
        ExprKind::List(items) => items,
        _ => std::slice::from_ref(expr),
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
