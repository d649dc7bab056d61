//! When requests of an open loop are due: pure, seeded, and never rescaled to fit a duration.

use crate::load::spec::Arrival;
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// The due times of an open loop, as seconds from the load's start.
///
/// A Poisson process draws exponential gaps, the first one from the start; a constant one is
/// due at 0, 1/rate, 2/rate … . The same seed gives the same times on every machine.
#[derive(Debug, Clone)]
pub struct Arrivals {
    rng: ChaCha8Rng,
    arrival: Arrival,
    rate_per_s: f64,
    count: u64,
    last: f64,
}

impl Arrivals {
    /// `rate_per_s` must be above 0 and finite; otherwise nothing is ever due.
    pub fn new(arrival: Arrival, rate_per_s: f64, seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            arrival,
            rate_per_s,
            count: 0,
            last: 0.0,
        }
    }

    /// The next due time; never earlier than the one before. Infinite where the rate is 0,
    /// negative, or not a finite number.
    pub fn next_due(&mut self) -> f64 {
        if !(self.rate_per_s > 0.0 && self.rate_per_s.is_finite()) {
            return f64::INFINITY;
        }
        self.last = match self.arrival {
            // Multiplied, not summed up: a million gaps add no rounding error.
            Arrival::Constant => self.count as f64 / self.rate_per_s,
            Arrival::Poisson => self.last + exponential(&mut self.rng) / self.rate_per_s,
        };
        self.count += 1;
        self.last
    }
}

/// A draw from the exponential distribution with mean 1, by inversion.
fn exponential(rng: &mut impl Rng) -> f64 {
    let uniform: f64 = rng.random();
    // `uniform` is in [0, 1): 1 − uniform is never 0.
    -(1.0 - uniform).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn times(arrival: Arrival, rate: f64, seed: u64, n: usize) -> Vec<f64> {
        let mut arrivals = Arrivals::new(arrival, rate, seed);
        (0..n).map(|_| arrivals.next_due()).collect()
    }

    #[test]
    fn constant_is_exact_after_a_million() {
        let times = times(Arrival::Constant, 1000.0, 1, 1_000_001);
        assert_eq!(times[0], 0.0);
        assert_eq!(times[1_000_000], 1000.0);
    }

    #[test]
    fn nothing_is_due_without_a_rate() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(times(Arrival::Poisson, rate, 1, 1), [f64::INFINITY]);
        }
    }

    #[test]
    fn seeds_differ_and_the_draws_are_pinned() {
        let one = times(Arrival::Poisson, 10.0, 1, 3);
        assert_ne!(one, times(Arrival::Poisson, 10.0, 2, 3));
        let shown: Vec<String> = one.iter().map(|t| format!("{t:.9}")).collect();
        assert_eq!(shown, ["0.051497700", "0.059877577", "0.150650372"]);
    }

    proptest! {
        #[test]
        fn poisson_has_the_mean_and_spread_of_its_rate(rate in 0.1f64..5000.0, seed: u64) {
            let n = 20_000;
            let times = times(Arrival::Poisson, rate, seed, n);
            let gaps: Vec<f64> = std::iter::once(times[0])
                .chain(times.windows(2).map(|w| w[1] - w[0]))
                .map(|gap| gap * rate)
                .collect();
            prop_assert!(gaps.iter().all(|gap| *gap >= 0.0));
            let mean = gaps.iter().sum::<f64>() / n as f64;
            let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n as f64;
            // The standard errors are 0.007 and 0.02: six of them.
            prop_assert!((mean - 1.0).abs() < 0.045, "mean gap {mean}");
            prop_assert!((variance - 1.0).abs() < 0.13, "variance {variance}");
            // Memoryless, unlike a constant pace with jitter: 1 - 1/e of gaps below the mean.
            let below = gaps.iter().filter(|g| **g < 1.0).count() as f64 / n as f64;
            prop_assert!((below - 0.632).abs() < 0.021, "below the mean {below}");
        }

        #[test]
        fn the_same_seed_gives_the_same_times(rate in 0.1f64..5000.0, seed: u64) {
            for arrival in [Arrival::Poisson, Arrival::Constant] {
                prop_assert_eq!(times(arrival, rate, seed, 200), times(arrival, rate, seed, 200));
            }
        }
    }
}
