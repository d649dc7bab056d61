//! When requests of an open loop are due: pure, seeded, and never rescaled to fit a duration.

use crate::load::spec::{Arrival, Curve, Ramp};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Gamma};
use std::time::Duration;

/// The due times of an open loop, as seconds from the load's start.
///
/// They are those of a process with one request per second on average, put where the rate has made
/// as many requests due: a Poisson process draws exponential gaps, the first one from the start, a
/// gamma process gaps of its shape, and a constant one is due at 0, 1/rate, 2/rate … . The same
/// seed gives the same times on every machine.
#[derive(Debug, Clone)]
pub struct Arrivals {
    rng: ChaCha8Rng,
    arrival: Arrival,
    rate: Rate,
    /// Where the process of one request per second is.
    at: f64,
    count: u64,
}

#[derive(Debug, Clone, Copy)]
enum Rate {
    Steady(f64),
    Ramp { ramp: Ramp, seconds: f64 },
}

impl Arrivals {
    /// `rate_per_s` must be above 0 and finite; otherwise nothing is ever due.
    pub fn new(arrival: Arrival, rate_per_s: f64, seed: u64) -> Self {
        Self::of(arrival, Rate::Steady(rate_per_s), seed)
    }

    /// The rate goes from one end of the ramp to the other in this time; nothing is due after it.
    pub fn ramped(arrival: Arrival, ramp: Ramp, over: Duration, seed: u64) -> Self {
        let seconds = over.as_secs_f64();
        Self::of(arrival, Rate::Ramp { ramp, seconds }, seed)
    }

    fn of(arrival: Arrival, rate: Rate, seed: u64) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            arrival,
            rate,
            at: 0.0,
            count: 0,
        }
    }

    /// The next due time; never earlier than the one before. Infinite where the rate is 0,
    /// negative, or not a finite number, and after a ramp.
    pub fn next_due(&mut self) -> f64 {
        self.at = match self.arrival {
            // Counted, not summed up: a million gaps add no rounding error.
            Arrival::Constant => self.count as f64,
            Arrival::Poisson => self.at + exponential(&mut self.rng),
            Arrival::Gamma { shape } => match Gamma::new(shape, 1.0 / shape) {
                Ok(gaps) => self.at + gaps.sample(&mut self.rng),
                Err(_) => f64::INFINITY,
            },
        };
        self.count += 1;
        self.rate.time_of(self.at)
    }
}

impl Rate {
    /// When so many requests are due, in seconds.
    fn time_of(self, requests: f64) -> f64 {
        match self {
            Self::Steady(rate) if rate > 0.0 && rate.is_finite() => requests / rate,
            Self::Steady(_) => f64::INFINITY,
            Self::Ramp { ramp, seconds } if requests > ramp.mean_per_s() * seconds => f64::INFINITY,
            Self::Ramp { ramp, seconds } => {
                let (from, to) = (ramp.from_per_s, ramp.to_per_s);
                match ramp.curve {
                    _ if from == to => requests / from,
                    // from·t + (to - from)/seconds · t²/2 = requests
                    Curve::Linear => {
                        let slope = (to - from) / seconds;
                        let root = (from * from + 2.0 * slope * requests).max(0.0).sqrt();
                        if requests == 0.0 {
                            0.0
                        } else {
                            2.0 * requests / (from + root)
                        }
                    }
                    // from · (factor^t - 1) / ln factor = requests
                    Curve::Exponential => {
                        let growth = (to / from).ln() / seconds;
                        (requests * growth / from).ln_1p() / growth
                    }
                }
            }
        }
    }
}

impl Ramp {
    /// Requests per second over the whole ramp.
    pub fn mean_per_s(&self) -> f64 {
        let (from, to) = (self.from_per_s, self.to_per_s);
        match self.curve {
            Curve::Exponential if from != to => (to - from) / (to / from).ln(),
            _ => (from + to) / 2.0,
        }
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

    /// Mean and coefficient of variation.
    fn spread(gaps: &[f64]) -> (f64, f64) {
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / n;
        (mean, variance.sqrt() / mean)
    }

    #[test]
    fn gamma_gaps_have_the_mean_of_the_rate_and_the_spread_of_the_shape() {
        for (shape, variation) in [(0.25, 2.0), (0.5, 1.414), (1.0, 1.0), (4.0, 0.5)] {
            let times = times(Arrival::Gamma { shape }, 20.0, 3, 40_000);
            let gaps: Vec<f64> = times.windows(2).map(|w| w[1] - w[0]).collect();
            assert!(gaps.iter().all(|gap| *gap >= 0.0));
            let (mean, found) = spread(&gaps);
            assert!((mean * 20.0 - 1.0).abs() < 0.05, "{shape}: mean {mean}");
            assert!((found / variation - 1.0).abs() < 0.06, "{shape}: {found}");
        }
    }

    fn ramp(from: f64, to: f64, curve: Curve) -> Ramp {
        Ramp {
            from_per_s: from,
            to_per_s: to,
            curve,
        }
    }

    fn ramped(arrival: Arrival, ramp: Ramp, seconds: u64) -> Vec<f64> {
        let mut arrivals = Arrivals::ramped(arrival, ramp, Duration::from_secs(seconds), 1);
        let due = std::iter::repeat_with(|| arrivals.next_due());
        due.take_while(|due| due.is_finite()).collect()
    }

    #[test]
    fn a_linear_ramp_makes_as_many_due_as_lie_below_its_line() {
        let up = ramped(Arrival::Constant, ramp(0.0, 20.0, Curve::Linear), 10);
        // 100 requests, and that of the moment at which it ends
        assert_eq!(up.len(), 101);
        assert_eq!((up[0], up[25], up[100]), (0.0, 5.0, 10.0));
        let down = ramped(Arrival::Constant, ramp(20.0, 0.0, Curve::Linear), 10);
        assert_eq!((down.len(), down[75]), (101, 5.0));
        for (one, other) in up.iter().zip(down.iter().rev()) {
            assert!((one - (10.0 - other)).abs() < 1e-9, "{one} {other}");
        }
        let flat = ramped(Arrival::Constant, ramp(4.0, 4.0, Curve::Linear), 10);
        assert_eq!((flat.len(), flat[40]), (41, 10.0));
    }

    #[test]
    fn an_exponential_ramp_has_the_same_factor_in_each_second() {
        let ramp = ramp(1.0, 64.0, Curve::Exponential);
        let times = ramped(Arrival::Constant, ramp, 6);
        let between = |a: f64, b: f64| times.iter().filter(|t| (a..b).contains(*t)).count() as f64;
        assert!((ramp.mean_per_s() - 63.0 / 64f64.ln()).abs() < 1e-9);
        assert!((times.len() as f64 - 6.0 * ramp.mean_per_s()).abs() <= 1.0);
        let (early, late) = (between(4.0, 5.0), between(5.0, 6.0));
        assert!((late / early - 2.0).abs() < 0.1, "{early} {late}");
    }

    #[test]
    fn a_poisson_ramp_has_its_rate_in_each_part() {
        let times = ramped(Arrival::Poisson, ramp(0.0, 2000.0, Curve::Linear), 10);
        let n = times.len() as f64;
        assert!((n - 10_000.0).abs() < 500.0, "{n}");
        let first = times.iter().filter(|t| **t < 5.0).count() as f64;
        assert!((first / n - 0.25).abs() < 0.03, "{first} of {n}");
        assert!(times.windows(2).all(|w| w[0] <= w[1]));
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
            for arrival in [Arrival::Poisson, Arrival::Constant, Arrival::Gamma { shape: 0.5 }] {
                prop_assert_eq!(times(arrival, rate, seed, 200), times(arrival, rate, seed, 200));
            }
        }
    }
}
