//! The builtins whose values requests draw: distributions, arrivals and ramps. Parameters that no
//! distribution has are found here, before anything starts.

use super::builtins::Bound;
use super::{Evaluator, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::load::random::{Ends, Law, Random};
use crate::load::spec::{Arrival, Curve, Ramp};
use crate::schema::Builtin;
use crate::source::Span;
use crate::units::{Dimension, Quantity};
use std::sync::Arc;

/// The largest value that a `zipf` has: each of them is summed up where its mean is.
const MOST_RANKS: f64 = 1e6;

/// Larger shapes are arrivals at equal gaps, smaller ones all at once.
const SHAPES: std::ops::RangeInclusive<f64> = 0.01..=10_000.0;

/// Arguments of one call as numbers; none after what is wrong has been reported.
struct Numbers<'a, 'e> {
    eval: &'a Evaluator<'a>,
    builtin: &'a Builtin,
    bound: &'a Bound<'e>,
}

impl Evaluator<'_> {
    pub(super) fn random(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let numbers = Numbers {
            eval: self,
            builtin,
            bound,
        };
        let random = match builtin.name {
            "poisson" => return Value::Arrival(Arrival::Poisson),
            "constant" if bound.expr(0).is_none() => return Value::Arrival(Arrival::Constant),
            "gamma" => return numbers.gamma().map_or(Value::Error, Value::Arrival),
            "ramp" => return numbers.ramp().map_or(Value::Error, Value::Ramp),
            "constant" => numbers
                .number(0)
                .map(|q| Random::constant(q.value, q.dimension)),
            "uniform" => numbers.uniform(),
            "zipf" => numbers.zipf(),
            "empirical" => numbers.empirical(),
            _ => numbers.bell(),
        };
        random.map_or(Value::Error, |random| Value::Random(Arc::new(random)))
    }
}

impl Numbers<'_, '_> {
    fn wrong(&self, span: Span, message: String, help: &str) {
        let found = Diagnostic::error(codes::BAD_DISTRIBUTION, span, message);
        self.eval.report(found.help(help));
    }

    fn number(&self, index: usize) -> Option<Quantity> {
        match self.bound.value(index) {
            Value::Number(q) => Some(*q),
            other => {
                let (name, parameter) = (self.builtin.name, self.builtin.parameters[index]);
                let message = format!(
                    "`{name}` takes a number as `{parameter}`, this is {}",
                    other.describe()
                );
                self.eval.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, self.bound.span(index), message)
                        .help(format!("it is called as {}", self.builtin.signature)),
                );
                None
            }
        }
    }

    /// A number of the same dimension as the first one; none where it was not given.
    fn alike(&self, index: usize, dimension: Dimension) -> Option<Option<f64>> {
        if self.bound.expr(index).is_none() {
            return Some(None);
        }
        let q = self.number(index)?;
        if q.dimension != dimension {
            let (name, parameter) = (self.builtin.name, self.builtin.parameters[index]);
            self.eval.report(
                Diagnostic::error(
                    codes::DIMENSIONS,
                    self.bound.span(index),
                    format!(
                        "`{parameter}` of `{name}` is {}, and the first value {}",
                        q.dimension.describe(),
                        dimension.describe()
                    ),
                )
                .help("write all of them with the same unit"),
            );
            return None;
        }
        Some(Some(q.value))
    }

    fn uniform(&self) -> Option<Random> {
        let low = self.number(0)?;
        let high = self.alike(1, low.dimension)??;
        if low.value > high {
            self.wrong(
                self.bound.span,
                format!(
                    "no value lies between {low} and {}",
                    Quantity::new(high, low.dimension)
                ),
                "the lower end stands first: uniform(50 tok, 100 tok)",
            );
            return None;
        }
        if low.value < 0.0 {
            self.negative(0, low);
            return None;
        }
        Some(Random {
            law: Law::Uniform {
                low: low.value,
                high,
            },
            dimension: low.dimension,
        })
    }

    fn negative(&self, index: usize, q: Quantity) {
        let message = format!("nothing that is drawn is less than 0, this is {q}");
        self.wrong(self.bound.span(index), message, "write 0 or more");
    }

    /// `normal` or `lognormal`.
    fn bell(&self) -> Option<Random> {
        let mean = self.number(0)?;
        let dimension = mean.dimension;
        let stddev = self.alike(1, dimension)??;
        let ends = Ends {
            least: self.alike(2, dimension)?,
            most: self.alike(3, dimension)?,
        };
        if mean.value <= 0.0 {
            let message = format!("the mean of what is drawn is more than 0, this is {mean}");
            self.wrong(self.bound.span(0), message, "write a mean above 0");
            return None;
        }
        if stddev < 0.0 {
            let stddev = Quantity::new(stddev, dimension);
            let message = format!("a standard deviation is 0 or more, this is {stddev}");
            self.wrong(self.bound.span(1), message, "write it without the sign");
            return None;
        }
        if let Some(least) = ends.least.filter(|least| *least < 0.0) {
            self.negative(2, Quantity::new(least, dimension));
            return None;
        }
        if let Some(most) = ends.most
            && most <= ends.least.unwrap_or(0.0)
        {
            let most = Quantity::new(most, dimension);
            let message = format!("`max` is more than `min` and than 0, this is {most}");
            self.wrong(self.bound.span(3), message, "write a larger one");
            return None;
        }
        // all that is drawn is then far from the mean that is written
        let beyond = |end: f64| (end, Quantity::new(end, dimension));
        let outside = match (ends.least.map(beyond), ends.most.map(beyond)) {
            (Some((least, shown)), _) if least > mean.value => {
                Some((2, format!("the mean, {mean}, is below `min`, {shown}")))
            }
            (_, Some((most, shown))) if most < mean.value => {
                Some((3, format!("the mean, {mean}, is above `max`, {shown}")))
            }
            _ => None,
        };
        if let Some((index, message)) = outside {
            let help = "the mean lies between `min` and `max`";
            self.wrong(self.bound.span(index), message, help);
            return None;
        }
        let (mean, law) = (mean.value, self.builtin.name);
        Some(Random {
            law: match law {
                "normal" => Law::Normal { mean, stddev, ends },
                _ => Law::Lognormal { mean, stddev, ends },
            },
            dimension,
        })
    }

    fn zipf(&self) -> Option<Random> {
        let most = self.number(0)?;
        let exponent = match self.bound.expr(1) {
            None => 1.0,
            Some(_) => self.alike(1, Dimension::NONE)??,
        };
        let counts = most.dimension.is_none() || most.dimension.is_count();
        if !counts || most.value.fract() != 0.0 || !(1.0..=MOST_RANKS).contains(&most.value) {
            let message = format!(
                "`zipf` goes over whole numbers from 1 to a million at most, this is {most}"
            );
            let help = "give the largest one: zipf(4096 tok, exponent = 1.1)";
            self.wrong(self.bound.span(0), message, help);
            return None;
        }
        if !(0.0..=100.0).contains(&exponent) {
            let message =
                format!("the exponent of `zipf` is between 0 and 100, this is {exponent}");
            self.wrong(self.bound.span(1), message, "about 1 is usual");
            return None;
        }
        Some(Random {
            law: Law::Zipf {
                most: most.value,
                exponent,
            },
            dimension: most.dimension,
        })
    }

    fn empirical(&self) -> Option<Random> {
        let span = self.bound.span(0);
        let value = match self.bound.value(0) {
            Value::Text(name) => column(self.eval.data(name, span)),
            other => other.clone(),
        };
        let items = match &value {
            Value::List(items) => items,
            Value::Error => return None,
            other => {
                let message = format!(
                    "`empirical` takes a list of numbers, or a file that holds one, this is {}",
                    other.describe()
                );
                self.eval.report(
                    Diagnostic::error(codes::BAD_ARGUMENT, span, message).help(
                        "of a file with several columns, name one: empirical([r.tokens for r in data(\"lengths.csv\")])",
                    ),
                );
                return None;
            }
        };
        let mut values = Vec::with_capacity(items.len());
        let mut dimension = None;
        for item in items.iter() {
            match item {
                Value::Error => return None,
                Value::Number(q) if *dimension.get_or_insert(q.dimension) == q.dimension => {
                    if q.value < 0.0 || !q.value.is_finite() {
                        self.negative(0, *q);
                        return None;
                    }
                    values.push(q.value);
                }
                other => {
                    let message = format!(
                        "`empirical` draws numbers of one dimension, and one of these is {}",
                        other.describe()
                    );
                    self.wrong(span, message, "leave out what is none, or give it its unit");
                    return None;
                }
            }
        }
        if values.is_empty() {
            let message = "there is nothing to draw from: the list is empty".to_string();
            self.wrong(span, message, "give it at least one value");
            return None;
        }
        values.sort_by(f64::total_cmp);
        Some(Random {
            law: Law::Empirical(values.into()),
            dimension: dimension.unwrap_or(Dimension::NONE),
        })
    }

    fn gamma(&self) -> Option<Arrival> {
        let shape = self.number(0)?;
        if !shape.dimension.is_none() || !SHAPES.contains(&shape.value) {
            let (least, most) = (SHAPES.start(), SHAPES.end());
            let message = format!(
                "the shape of `gamma` is a plain number from {least} to {most}, this is {shape}"
            );
            let help = "0.5 comes in bursts, 1 is Poisson, 4 is more even";
            self.wrong(self.bound.span(0), message, help);
            return None;
        }
        Some(Arrival::Gamma { shape: shape.value })
    }

    fn ramp(&self) -> Option<Ramp> {
        let rate = Dimension::REQUESTS.per(Dimension::TIME);
        let end = |index: usize| {
            let q = self.number(index)?;
            if q.dimension != rate {
                let message = format!(
                    "`{}` of `ramp` is a rate, this is {}",
                    self.builtin.parameters[index],
                    q.dimension.describe()
                );
                self.eval.report(
                    Diagnostic::error(codes::DIMENSIONS, self.bound.span(index), message)
                        .help("write it with its unit: 10 req/s"),
                );
                return None;
            }
            Some(q.value)
        };
        let (from, to) = (end(0)?, end(1)?);
        let curve = match self.bound.value(2) {
            Value::None => Curve::Linear,
            Value::Text(text) if text.as_ref() == "linear" => Curve::Linear,
            Value::Text(text) if text.as_ref() == "exponential" => Curve::Exponential,
            _ => {
                self.eval.report(
                    Diagnostic::error(
                        codes::BAD_CHOICE,
                        self.bound.span(2),
                        "a ramp's `curve` is \"linear\" or \"exponential\"",
                    )
                    .help("left out, it is \"linear\""),
                );
                return None;
            }
        };
        let least_end = from.min(to);
        if least_end < 0.0 || from.max(to) <= 0.0 || !from.max(to).is_finite() {
            let message = "a ramp is between rates of 0 or more, and not from 0 to 0".to_string();
            self.wrong(
                self.bound.span,
                message,
                "ramp(from = 1 req/s, to = 20 req/s)",
            );
            return None;
        }
        if curve == Curve::Exponential && least_end == 0.0 {
            let message = "no factor leads from 0, or to it".to_string();
            let help = "start an exponential ramp a little above 0: ramp(from = 0.1 req/s, …)";
            self.wrong(self.bound.span, message, help);
            return None;
        }
        Some(Ramp {
            from_per_s: from,
            to_per_s: to,
            curve,
        })
    }
}

/// The only column of a file's records as a list. A header that is a number is the first value of a
/// file without one.
fn column(data: Value) -> Value {
    let Value::List(rows) = &data else {
        return data;
    };
    let mut values = Vec::with_capacity(rows.len() + 1);
    for row in rows.iter() {
        match row {
            Value::Record(fields) if fields.len() == 1 => {
                let Some((header, value)) = fields.first() else {
                    return data;
                };
                if values.is_empty()
                    && let Ok(first) = header.parse::<f64>()
                {
                    values.push(Value::plain(first));
                }
                values.push(value.clone());
            }
            Value::Record(_) => return Value::Record(Arc::default()),
            other => values.push(other.clone()),
        }
    }
    Value::list(values)
}
