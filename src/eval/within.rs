//! `x in list`: each entry is compared as `==` would, with sorts and dimensions checked.

use super::ops::{dimension_of, sort};
use super::{Evaluator, Shape, Value, between};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::{BinaryOp, Expr, ExprKind};
use crate::units::Dimension;

fn is_answer(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Name(name) if name == "answer")
}

impl Evaluator<'_> {
    pub(super) fn within(
        &self,
        op: BinaryOp,
        a: Value,
        b: Value,
        left: &Expr,
        right: &Expr,
    ) -> Value {
        let yes = op == BinaryOp::In;
        if let Some(error) = self.not_a_figure(&a, left) {
            return error;
        }
        match (&a, &b) {
            (_, Value::List(items)) => self.among(op, a, items, left, right),
            (
                _,
                Value::Number(_)
                | Value::Between(_)
                | Value::Bool(_)
                | Value::Unknown(Shape::Number(_) | Shape::Bool),
            ) => self.no_container(op, &b, right),
            (Value::Unavailable(reason), _) | (_, Value::Unavailable(reason)) => {
                Value::Unavailable(reason.clone())
            }
            (Value::Unknown(Shape::Text), Value::Text(whole)) if is_answer(left) => {
                self.answer_in_text(whole, op, left, right);
                Value::Unknown(Shape::Bool)
            }
            (Value::Text(part), Value::Unknown(Shape::Text)) if part.is_empty() => {
                let message = format!(
                    "every text has \"\" in it: this {} holds",
                    match yes {
                        true => "always",
                        false => "never",
                    }
                );
                self.report(
                    Diagnostic::warning(codes::ALWAYS_HOLDS, left.span, message)
                        .help("write the part that a right answer has"),
                );
                Value::Unknown(Shape::Bool)
            }
            (Value::Unknown(Shape::Text | Shape::Any), Value::Text(_) | Value::Record(_))
            | (_, Value::Unknown(Shape::Any)) => Value::Unknown(Shape::Bool),
            // whatever the text will be
            (Value::Text(_) | Value::Unknown(Shape::Text | Shape::Any), Value::Unknown(_)) => {
                Value::Unknown(Shape::Bool)
            }
            (Value::Text(part), Value::Text(whole)) => {
                Value::Bool(whole.contains(part.as_ref()) == yes)
            }
            (Value::Text(key), Value::Record(fields)) => {
                Value::Bool(fields.contains_key(key.as_ref()) == yes)
            }
            (_, Value::Text(_) | Value::Record(_) | Value::Unknown(_)) => {
                self.operand(op.symbol(), "a text on its left", &a, left.span)
            }
            _ => self.no_container(op, &b, right),
        }
    }

    /// An answer that is to be a part of a text: most likely the text is to be one of the answer.
    fn answer_in_text(&self, whole: &str, op: BinaryOp, left: &Expr, right: &Expr) {
        let source = |expr: &Expr| self.program.sources.text(expr.span);
        let (answer, text) = (source(left), source(right));
        let message = "whether the answer is a part of the text: an empty one is";
        let turned = format!("{text} {} {answer}", op.symbol());
        let span = left.span.to(right.span);
        let found = Diagnostic::warning(codes::ANSWER_IN_TEXT, span, message);
        let short = text.len() <= 60 && whole.len() <= 60;
        self.report(match short {
            true => found
                .help(format!("whether the answer has it: `{turned}`; whether it is one of several: `{answer} {} [{text}]`", op.symbol()))
                .fix("turn it around", span, turned, false),
            false => found.help("whether the answer has it: `\"…\" in answer`"),
        });
    }

    fn no_container(&self, op: BinaryOp, b: &Value, right: &Expr) -> Value {
        let needs = "a list, a text or a record on its right";
        self.operand(op.symbol(), needs, b, right.span)
    }

    /// Whether one of the entries is equal; none of them may be of another dimension.
    fn among(&self, op: BinaryOp, a: Value, items: &[Value], left: &Expr, right: &Expr) -> Value {
        let yes = op == BinaryOp::In;
        let written = match &right.kind {
            ExprKind::List(written) => written.as_slice(),
            _ => &[],
        };
        let mut open = None;
        let mut held = false;
        for (index, item) in items.iter().enumerate() {
            let place = written.get(index).unwrap_or(right);
            let (mut one, mut item) = (a.clone(), item.clone());
            if let (Some(x), Some(y)) = (dimension_of(&one), dimension_of(&item))
                && x != y
            {
                (one, item) = (self.as_count(one, left, y), self.as_count(item, place, x));
                if dimension_of(&one) != dimension_of(&item) {
                    return self.unlike(op, &one, &item, left, place);
                }
            }
            match between::binary(BinaryOp::Equal, &one, &item) {
                Some(Value::Bool(same)) => held |= same,
                Some(value) => open = open.or(Some(value)),
                None => match (&one, &item) {
                    (Value::Error, _) | (_, Value::Error) => return Value::Error,
                    (Value::Unavailable(_), _) => open = open.or(Some(one)),
                    (_, Value::Unavailable(_)) => open = open.or(Some(item)),
                    (Value::Unknown(_), _) | (_, Value::Unknown(_)) => {
                        open = open.or(Some(Value::Unknown(Shape::Bool)));
                    }
                    _ => held |= one == item,
                },
            }
        }
        // a list of one other sort has no entry that could be it
        let other = |item: &Value| matches!((sort(&a), sort(item)), (Some(x), Some(y)) if x != y);
        if let Some(first) = items.first()
            && items.iter().all(other)
        {
            let message = format!("{} is never equal to {}", a.describe(), first.describe());
            self.report(
                Diagnostic::error(codes::TYPE_MISMATCH, right.span, message)
                    .says(format!("a list of this: {}", first.describe()))
                    .label(left.span, a.describe())
                    .help("compare values of one type; a text is quoted, a number is not"),
            );
            return Value::Error;
        }
        match open {
            Some(value) if !held => value,
            _ => Value::Bool(held == yes),
        }
    }
}

/// Entries of two lists or records that stand in the same place and are of unlike dimensions.
pub(super) fn unlike_inside(a: &Value, b: &Value) -> Option<(Dimension, Dimension)> {
    let pair = |x: &Value, y: &Value| match (dimension_of(x), dimension_of(y)) {
        (Some(x), Some(y)) => {
            let counts = x.is_none() && y.is_count() || y.is_none() && x.is_count();
            (x != y && !counts).then_some((x, y))
        }
        _ => unlike_inside(x, y),
    };
    match (a, b) {
        (Value::List(x), Value::List(y)) => x.iter().zip(y.iter()).find_map(|(x, y)| pair(x, y)),
        (Value::Record(x), Value::Record(y)) => {
            (x.iter()).find_map(|(key, x)| y.get(key).and_then(|y| pair(x, y)))
        }
        _ => None,
    }
}
