//! Raw values, sorted once, and what is said of them.

/// The values of one figure, such as the TTFT of every request of a phase.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Distribution {
    sorted: Vec<f64>,
    mean: f64,
    left_out: usize,
}

/// How many values a figure stands on, and how many it needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Support {
    pub samples: u64,
    /// What [`Distribution::needed`] says of a percentile; none for other figures.
    pub needed: Option<u64>,
}

impl Support {
    /// Of a percentile (a share of 0 to 1) of so many values.
    pub fn of_percentile(share: f64, samples: usize) -> Self {
        Self {
            samples: samples as u64,
            needed: Distribution::needed(share).map(|needed| needed as u64),
        }
    }

    /// Whether a percentile of so few values says little: checks of it are inconclusive, and
    /// tables mark it. The one place that decides it.
    pub fn too_few(self) -> bool {
        self.needed.is_some_and(|needed| self.samples < needed)
    }
}

impl Distribution {
    /// Values that are not finite are left out, and counted.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut left_out = 0;
        let mut sorted: Vec<f64> = values
            .into_iter()
            .filter(|value| {
                left_out += usize::from(!value.is_finite());
                value.is_finite()
            })
            .collect();
        sorted.sort_unstable_by(f64::total_cmp);
        // A running mean keeps its precision over many values.
        let mut mean = 0.0;
        for (n, value) in sorted.iter().enumerate() {
            mean += (value - mean) / (n + 1) as f64;
        }
        Self {
            sorted,
            mean,
            left_out,
        }
    }

    pub fn count(&self) -> usize {
        self.sorted.len()
    }

    /// How many values were NaN or infinite.
    pub fn left_out(&self) -> usize {
        self.left_out
    }

    /// In ascending order.
    pub fn values(&self) -> &[f64] {
        &self.sorted
    }

    /// None without values, as for all figures here.
    pub fn mean(&self) -> Option<f64> {
        (!self.sorted.is_empty()).then_some(self.mean)
    }

    pub fn min(&self) -> Option<f64> {
        self.sorted.first().copied()
    }

    pub fn max(&self) -> Option<f64> {
        self.sorted.last().copied()
    }

    /// The standard deviation of a sample (divided by n − 1); none for fewer than two values.
    pub fn stddev(&self) -> Option<f64> {
        let below = self
            .sorted
            .len()
            .checked_sub(1)
            .filter(|below| *below > 0)?;
        let squares: f64 = self.sorted.iter().map(|v| (v - self.mean).powi(2)).sum();
        Some((squares / below as f64).sqrt())
    }

    pub fn median(&self) -> Option<f64> {
        self.percentile(0.5)
    }

    /// The value below which the share `q` (0 to 1) of the values lies, interpolated linearly
    /// between its neighbours at position `q · (n − 1)`: numpy's default, type 7 of Hyndman and
    /// Fan. None without values or for a `q` outside 0 to 1.
    ///
    /// Of few values it says little: ask [`Support::too_few`].
    pub fn percentile(&self, q: f64) -> Option<f64> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let last = self.sorted.len().checked_sub(1)?;
        let position = q * last as f64;
        let below = (position.floor() as usize).min(last);
        let above = (below + 1).min(last);
        let (low, high) = (self.sorted[below], self.sorted[above]);
        let part = position - below as f64;
        // Weighted rather than `low + part · (high − low)`, which can overflow; held between its
        // neighbours, which rounding could leave.
        Some((low * (1.0 - part) + high * part).clamp(low, high))
    }

    /// Between what the percentile of that share lies, however few the values: from the median on it
    /// is not below the least value, below the median not above the greatest. Its other end is open:
    /// what is rare may not have been seen. None without values.
    pub fn at_any_rate(&self, q: f64) -> Option<(f64, f64)> {
        match q >= 0.5 {
            true => Some((self.min()?, f64::INFINITY)),
            false => Some((f64::NEG_INFINITY, self.max()?)),
        }
    }

    /// How many values tell a percentile: enough that one of them is expected beyond it,
    /// `ceil(1 / (1 − q))`, or `ceil(1 / q)` for one below the median. So p99 needs 100 values.
    /// The ends, 0 and 1, are minimum and maximum of what was seen and need one. None for a `q`
    /// outside 0 to 1.
    pub fn needed(q: f64) -> Option<usize> {
        if !(0.0..=1.0).contains(&q) {
            return None;
        }
        let beyond = q.min(1.0 - q);
        if beyond == 0.0 {
            return Some(1);
        }
        // 1 / (1 − 0.9) is a little above 10: that is no eleventh value.
        let exact = 1.0 / beyond;
        Some((exact * (1.0 - 1e-9)).ceil() as usize)
    }
}

impl FromIterator<f64> for Distribution {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        Self::new(values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn figures_of_a_known_sample() {
        let d = Distribution::new([4.0, 1.0, 3.0, 2.0]);
        assert_eq!((d.count(), d.min(), d.max()), (4, Some(1.0), Some(4.0)));
        assert_eq!((d.mean(), d.median()), (Some(2.5), Some(2.5)));
        // As numpy.percentile([1, 2, 3, 4], [25, 90, 99]) says.
        assert_eq!(d.percentile(0.25), Some(1.75));
        assert!((d.percentile(0.9).unwrap() - 3.7).abs() < 1e-12);
        assert!((d.percentile(0.99).unwrap() - 3.97).abs() < 1e-12);
        assert_eq!(
            (d.percentile(0.0), d.percentile(1.0)),
            (Some(1.0), Some(4.0))
        );
        assert!((d.stddev().unwrap() - (5.0f64 / 3.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let d = Distribution::new([]);
        assert_eq!(
            (d.mean(), d.min(), d.max(), d.stddev(), d.percentile(0.5)),
            (None, None, None, None, None)
        );
        let one = Distribution::new([7.0, f64::NAN, f64::INFINITY]);
        assert_eq!((one.count(), one.left_out()), (1, 2));
        assert_eq!((one.percentile(0.99), one.stddev()), (Some(7.0), None));
        assert_eq!(
            (one.percentile(1.5), one.percentile(f64::NAN)),
            (None, None)
        );
    }

    #[test]
    fn a_percentile_needs_values_beyond_it() {
        let needed = |q| Distribution::needed(q).unwrap();
        assert_eq!(
            [0.5, 0.9, 0.95, 0.99, 0.999, 0.01, 0.0, 1.0].map(needed),
            [2, 10, 20, 100, 1000, 100, 1, 1]
        );
        assert!(Support::of_percentile(0.99, 99).too_few());
        assert!(!Support::of_percentile(0.99, 100).too_few());
        assert!(
            !Support::default().too_few(),
            "a mean needs no number of values"
        );
        assert_eq!(Distribution::needed(1.01), None);
    }

    proptest! {
        #[test]
        fn percentiles_are_in_order_and_within_the_values(
            values in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..50),
            (a, b) in (0.0f64..=1.0, 0.0f64..=1.0),
        ) {
            let d = Distribution::new(values);
            let (low, high) = (d.percentile(a.min(b)).unwrap(), d.percentile(a.max(b)).unwrap());
            // Rounding may turn neighbours of one interval by a last place.
            let slack = low.abs().max(high.abs()) * 1e-12;
            prop_assert!(low <= high + slack, "{low} {high}");
            prop_assert!(d.min().unwrap() <= low && high <= d.max().unwrap());
        }

        #[test]
        fn shifting_shifts_the_mean_and_keeps_the_deviation(
            values in prop::collection::vec(-1e6f64..1e6, 2..50), by in -1e6f64..1e6,
        ) {
            let d = Distribution::new(values.iter().copied());
            let shifted = Distribution::new(values.iter().map(|v| v + by));
            prop_assert!((d.mean().unwrap() + by - shifted.mean().unwrap()).abs() < 1e-6);
            prop_assert!((d.stddev().unwrap() - shifted.stddev().unwrap()).abs() < 1e-6);
        }
    }
}
