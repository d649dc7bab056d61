//! Numbers that are only known to lie between two values: what is computed from them lies between
//! two values too, and a comparison that holds, or does not, on all of it is decided.

use super::Value;
use crate::syntax::ast::BinaryOp;
use crate::units::{Dimension, Quantity};
use std::sync::Arc;

/// Where a number lies, in base units, both ends included. An end that is not known is infinite.
#[derive(Debug, Clone, PartialEq)]
pub struct Between {
    pub least: f64,
    pub most: f64,
    pub dimension: Dimension,
    /// Why no more is known of it.
    pub why: Arc<str>,
}

impl Between {
    /// As sentences name it: `between 10 MB and 30 MB`.
    pub fn shown(&self) -> String {
        let [least, most] = [self.least, self.most].map(|v| Quantity::new(v, self.dimension));
        match (self.least.is_finite(), self.most.is_finite()) {
            (true, false) => format!("at least {least}"),
            (false, true) => format!("at most {most}"),
            _ => format!("between {least} and {most}"),
        }
    }

    pub(super) fn negated(&self) -> Value {
        self.to(-self.most, -self.least)
    }

    pub(super) fn abs(&self) -> Value {
        let (a, b) = (self.least.abs(), self.most.abs());
        let around_none = self.least <= 0.0 && self.most >= 0.0;
        self.to(if around_none { 0.0 } else { a.min(b) }, a.max(b))
    }

    fn to(&self, least: f64, most: f64) -> Value {
        Value::Between(Arc::new(Self {
            least,
            most,
            ..self.clone()
        }))
    }
}

/// An operator over two numbers of which at least one is not known exactly; none for all others,
/// and where their dimensions do not go together.
pub(super) fn binary(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    let why = match (a, b) {
        (Value::Between(x), Value::Number(_) | Value::Between(_)) => &x.why,
        (Value::Number(_), Value::Between(y)) => &y.why,
        _ => return None,
    };
    let (x, y) = (ends(a)?, ends(b)?);
    let open = || Value::Unavailable(why.clone());
    let scales = matches!(op, BinaryOp::Multiply | BinaryOp::Divide);
    if !scales && x.dimension != y.dimension {
        return None;
    }
    let truth = |always: bool, never: bool| match (always, never) {
        (true, _) => Value::Bool(true),
        (_, true) => Value::Bool(false),
        _ => open(),
    };
    let made = |dimension: Dimension, values: &[f64]| {
        let least = values.iter().copied().fold(f64::INFINITY, f64::min);
        let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        match values.iter().all(|value| !value.is_nan()) {
            true => Value::Between(Arc::new(Between {
                least,
                most,
                dimension,
                why: why.clone(),
            })),
            false => open(),
        }
    };
    let apart = x.most < y.least || y.most < x.least;
    let all = |f: fn(f64, f64) -> f64| {
        let corners = [
            (x.least, y.least),
            (x.least, y.most),
            (x.most, y.least),
            (x.most, y.most),
        ];
        corners.map(|(a, b)| f(a, b))
    };
    Some(match op {
        BinaryOp::Less => truth(x.most < y.least, x.least >= y.most),
        BinaryOp::LessEqual => truth(x.most <= y.least, x.least > y.most),
        BinaryOp::Greater => truth(x.least > y.most, x.most <= y.least),
        BinaryOp::GreaterEqual => truth(x.least >= y.most, x.most < y.least),
        BinaryOp::Equal => truth(false, apart),
        BinaryOp::NotEqual => truth(apart, false),
        BinaryOp::Add => made(x.dimension, &all(|a, b| a + b)),
        BinaryOp::Subtract => made(x.dimension, &all(|a, b| a - b)),
        BinaryOp::Multiply => made(x.dimension.times(y.dimension), &all(|a, b| a * b)),
        BinaryOp::Divide if y.least <= 0.0 && y.most >= 0.0 => open(),
        BinaryOp::Divide => made(x.dimension.per(y.dimension), &all(|a, b| a / b)),
        BinaryOp::In | BinaryOp::NotIn | BinaryOp::And | BinaryOp::Or => return None,
    })
}

/// The least or the most of several numbers.
pub(super) fn extreme(name: &str, a: &Value, b: &Value) -> Option<Value> {
    let (x, y) = (ends(a)?, ends(b)?);
    let why = [a, b].into_iter().find_map(|value| match value {
        Value::Between(between) => Some(between.why.clone()),
        _ => None,
    })?;
    let pick = if name == "min" { f64::min } else { f64::max };
    (x.dimension == y.dimension).then(|| {
        Value::Between(Arc::new(Between {
            least: pick(x.least, y.least),
            most: pick(x.most, y.most),
            dimension: x.dimension,
            why,
        }))
    })
}

struct Ends {
    least: f64,
    most: f64,
    dimension: Dimension,
}

fn ends(value: &Value) -> Option<Ends> {
    let (least, most, dimension) = match value {
        Value::Number(q) => (q.value, q.value, q.dimension),
        Value::Between(between) => (between.least, between.most, between.dimension),
        _ => return None,
    };
    Some(Ends {
        least,
        most,
        dimension,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(least: f64, most: f64) -> Value {
        Value::Between(Arc::new(Between {
            least,
            most,
            dimension: Dimension::NONE,
            why: "it moved".into(),
        }))
    }

    #[track_caller]
    fn of(op: BinaryOp, a: &Value, b: &Value) -> Value {
        binary(op, a, b).expect("it is for them")
    }

    #[test]
    fn a_comparison_is_decided_where_all_of_it_agrees() {
        let grown = between(-3.0, 7.0);
        let holds = |op, limit: f64| match of(op, &grown, &Value::plain(limit)) {
            Value::Bool(holds) => Some(holds),
            Value::Unavailable(why) => {
                assert_eq!(why.as_ref(), "it moved");
                None
            }
            other => panic!("{other:?}"),
        };
        use BinaryOp as B;
        assert_eq!(
            [7.0, 6.9, -3.0, -3.1].map(|limit| holds(B::LessEqual, limit)),
            [Some(true), None, None, Some(false)]
        );
        assert_eq!(
            [7.1, 7.0, -2.9, -3.0].map(|limit| holds(B::Less, limit)),
            [Some(true), None, None, Some(false)]
        );
        assert_eq!(
            [-3.0, 0.0, 7.1].map(|limit| holds(B::GreaterEqual, limit)),
            [Some(true), None, Some(false)]
        );
        assert_eq!([0.0, 8.0].map(|x| holds(B::Equal, x)), [None, Some(false)]);
        assert_eq!(
            [0.0, 8.0].map(|x| holds(B::NotEqual, x)),
            [None, Some(true)]
        );
        // and from the other side
        let mirrored = of(B::Less, &Value::plain(8.0), &grown);
        assert_eq!(mirrored, Value::Bool(false));
    }

    #[test]
    fn what_is_computed_lies_between_too() {
        use BinaryOp as B;
        let grown = between(-3.0, 7.0);
        let two = Value::plain(2.0);
        assert_eq!(of(B::Add, &grown, &two), between(-1.0, 9.0));
        assert_eq!(of(B::Subtract, &two, &grown), between(-5.0, 5.0));
        assert_eq!(
            of(B::Multiply, &grown, &Value::plain(-2.0)),
            between(-14.0, 6.0)
        );
        assert_eq!(of(B::Divide, &grown, &two), between(-1.5, 3.5));
        let open = of(B::Divide, &two, &grown);
        assert!(matches!(open, Value::Unavailable(_)), "{open:?}");
        let Value::Between(grown) = grown else {
            panic!()
        };
        assert_eq!(grown.abs(), between(0.0, 7.0));
        assert_eq!(grown.negated(), between(-7.0, 3.0));
        let most = extreme("max", &between(-3.0, 7.0), &Value::plain(1.0));
        assert_eq!(most, Some(between(1.0, 7.0)));
        assert_eq!(binary(B::Add, &two, &two), None, "both are known");
    }
}
