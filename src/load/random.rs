//! Values that are drawn at random for each request: how long its prompt and its answer are, how
//! long a client thinks. Pure: what is drawn follows from the seed and the request's number alone,
//! whatever the order in which requests are made.

use crate::units::{Dimension, Quantity};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, LogNormal, Normal, Zipf};
use serde::{Serialize, Serializer, ser::SerializeMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A value, or a distribution that each request draws its own from. In base units.
#[derive(Debug, Clone, PartialEq)]
pub struct Random {
    pub law: Law,
    pub dimension: Dimension,
}

/// How values are distributed. Draws below 0 are 0.
#[derive(Debug, Clone, PartialEq)]
pub enum Law {
    Constant(f64),
    /// Both ends included; of counts every whole number between them is as likely.
    Uniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        stddev: f64,
        ends: Ends,
    },
    /// Mean and deviation are those of the variable itself, not of its logarithm.
    Lognormal {
        mean: f64,
        stddev: f64,
        ends: Ends,
    },
    /// Whole numbers `k` from 1 to `most`, as likely as `1 / k^exponent`.
    Zipf {
        most: f64,
        exponent: f64,
    },
    /// One of these, each as likely; sorted, and at least one.
    Empirical(Arc<[f64]>),
}

/// Draws beyond them are taken to be them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Ends {
    pub least: Option<f64>,
    pub most: Option<f64>,
}

/// What is drawn for a request: each from random numbers of its own, so that one does not change
/// with what else is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Input,
    Output,
    Think,
    Words,
}

/// The random numbers for one thing of one request of a round with this seed.
pub fn rng(seed: u64, index: u64, what: What) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // stream 0 is that of arrivals
    rng.set_stream(index.wrapping_mul(4).wrapping_add(1 + what as u64));
    rng
}

/// How many deviations above the mean one draw of 1000 lies, of a normal distribution.
const ONE_OF_1000: f64 = 3.0902;

impl Random {
    pub fn constant(value: f64, dimension: Dimension) -> Self {
        Self {
            law: Law::Constant(value),
            dimension,
        }
    }

    /// The value, where it is always the same.
    pub fn fixed(&self) -> Option<f64> {
        match &self.law {
            Law::Constant(value) => Some(*value),
            Law::Uniform { low, high } if low == high => Some(*low),
            _ => None,
        }
    }

    /// Draws one value, 0 or more.
    pub fn draw(&self, rng: &mut impl Rng) -> f64 {
        let drawn = match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, high } => match self.dimension.is_count() {
                true => rng.random_range(*low as u64..=*high as u64) as f64,
                false => rng.random_range(*low..=*high),
            },
            Law::Normal { mean, stddev, ends } => match Normal::new(*mean, *stddev) {
                Ok(normal) => ends.within(normal.sample(rng)),
                Err(_) => *mean,
            },
            Law::Lognormal { mean, stddev, ends } => {
                match LogNormal::from_mean_cv(*mean, stddev / mean) {
                    Ok(lognormal) => ends.within(lognormal.sample(rng)),
                    Err(_) => *mean,
                }
            }
            Law::Zipf { most, exponent } => match Zipf::new(*most, *exponent) {
                Ok(zipf) => zipf.sample(rng),
                Err(_) => *most,
            },
            Law::Empirical(values) => values
                .get(rng.random_range(0..values.len().max(1)))
                .copied()
                .unwrap_or_default(),
        };
        drawn.max(0.0)
    }

    /// Draws a whole number, 1 or more.
    pub fn draw_count(&self, rng: &mut impl Rng) -> u64 {
        self.draw(rng).round().max(1.0) as u64
    }

    /// Draws a time; for values in seconds.
    pub fn draw_time(&self, rng: &mut impl Rng) -> Duration {
        Duration::try_from_secs_f64(self.draw(rng)).unwrap_or(Duration::MAX)
    }

    /// What is drawn on average, ends and 0 regarded.
    pub fn mean(&self) -> f64 {
        match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, high } => (low + high) / 2.0,
            Law::Normal { mean, stddev, ends } => {
                over_bell(|z| ends.within(mean + z * stddev).max(0.0))
            }
            Law::Lognormal { mean, ends, .. } if *ends == Ends::default() => *mean,
            Law::Lognormal { mean, stddev, ends } => {
                let (mu, sigma) = of_logarithm(*mean, *stddev);
                over_bell(|z| ends.within((mu + z * sigma).exp()))
            }
            Law::Zipf { most, exponent } => {
                let sum = |power: f64| (1..=*most as u64).map(|k| (k as f64).powf(power)).sum();
                let (values, weights): (f64, f64) = (sum(1.0 - exponent), sum(-exponent));
                values / weights
            }
            Law::Empirical(values) => values.iter().sum::<f64>() / values.len().max(1) as f64,
        }
    }

    /// The least that can be drawn.
    pub fn least(&self) -> f64 {
        match &self.law {
            Law::Constant(value) => *value,
            Law::Uniform { low, .. } => *low,
            Law::Normal { ends, .. } | Law::Lognormal { ends, .. } => ends.least.unwrap_or(0.0),
            Law::Zipf { .. } => 1.0,
            Law::Empirical(values) => values.first().copied().unwrap_or_default(),
        }
    }

    /// The most that can be drawn, where there is a bound.
    pub fn most(&self) -> Option<f64> {
        match &self.law {
            Law::Constant(value) => Some(*value),
            Law::Uniform { high, .. } => Some(*high),
            Law::Normal { ends, .. } | Law::Lognormal { ends, .. } => ends.most,
            Law::Zipf { most, .. } => Some(*most),
            Law::Empirical(values) => values.last().copied(),
        }
    }

    /// What is expected to be drawn at most: the bound, and without one what one draw of 1000
    /// exceeds.
    pub fn reach(&self) -> f64 {
        if let Some(most) = self.most() {
            return most;
        }
        match &self.law {
            Law::Normal { mean, stddev, .. } => mean + ONE_OF_1000 * stddev,
            Law::Lognormal { mean, stddev, .. } => {
                let (mu, sigma) = of_logarithm(*mean, *stddev);
                (mu + ONE_OF_1000 * sigma).exp()
            }
            _ => self.mean(),
        }
    }
}

/// Mean and deviation of a lognormal variable's logarithm, from those of the variable itself.
fn of_logarithm(mean: f64, stddev: f64) -> (f64, f64) {
    let variance = (1.0 + (stddev / mean).powi(2)).ln();
    (mean.ln() - variance / 2.0, variance.sqrt())
}

/// The mean of a function of a standard normal variable.
fn over_bell(value: impl Fn(f64) -> f64) -> f64 {
    let points = (-800..=800).map(|i| f64::from(i) / 100.0);
    let (sum, weights) = points.fold((0.0, 0.0), |(sum, weights), z| {
        let weight = (-z * z / 2.0).exp();
        (sum + weight * value(z), weights + weight)
    });
    sum / weights
}

impl Ends {
    fn within(self, value: f64) -> f64 {
        let value = self.least.map_or(value, |least| value.max(least));
        self.most.map_or(value, |most| value.min(most))
    }
}

impl From<Duration> for Random {
    fn from(time: Duration) -> Self {
        Self::constant(time.as_secs_f64(), Dimension::TIME)
    }
}

/// As it is written: `uniform(50 tok, 100 tok)`, and a fixed value as that value.
impl fmt::Display for Random {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let q = |value: &f64| Quantity::new(*value, self.dimension);
        match &self.law {
            Law::Constant(value) => write!(f, "{}", q(value)),
            Law::Uniform { low, high } => write!(f, "uniform({}, {})", q(low), q(high)),
            Law::Normal { mean, stddev, ends } => {
                write!(f, "normal(mean = {}, stddev = {}", q(mean), q(stddev))?;
                self.write_ends(f, ends)
            }
            Law::Lognormal { mean, stddev, ends } => {
                write!(f, "lognormal(mean = {}, stddev = {}", q(mean), q(stddev))?;
                self.write_ends(f, ends)
            }
            Law::Zipf { most, exponent } => {
                write!(f, "zipf({}, exponent = {exponent})", q(most))
            }
            Law::Empirical(values) => {
                let n = values.len();
                let (least, most) = (self.least(), self.most().unwrap_or_default());
                write!(
                    f,
                    "empirical({n} values from {} to {})",
                    q(&least),
                    q(&most)
                )
            }
        }
    }
}

impl Random {
    fn write_ends(&self, f: &mut fmt::Formatter<'_>, ends: &Ends) -> fmt::Result {
        for (name, end) in [("min", ends.least), ("max", ends.most)] {
            if let Some(end) = end {
                write!(f, ", {name} = {}", Quantity::new(end, self.dimension))?;
            }
        }
        f.write_str(")")
    }
}

/// A fixed value is a number; a distribution says what it is, and its mean.
impl Serialize for Random {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.law {
            Law::Constant(value) if self.dimension.is_count() => {
                serializer.serialize_i64(value as i64)
            }
            Law::Constant(value) => serializer.serialize_f64(value),
            _ => {
                let mut map = serializer.serialize_map(Some(2))?;
                map.serialize_entry("distribution", &self.to_string())?;
                map.serialize_entry("mean", &self.mean())?;
                map.end()
            }
        }
    }
}

#[cfg(test)]
#[path = "random_tests.rs"]
mod tests;
