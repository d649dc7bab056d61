//! One monotonic clock for a run: every time in records, series and events is seconds since
//! its start, so that load and memory can be laid over each other.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock that reads 0 now.
    pub fn start() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Seconds since the clock's start, in [whole nanoseconds](whole_nanoseconds).
    pub fn now(&self) -> f64 {
        seconds(self.origin.elapsed())
    }

    /// Seconds on this clock of an instant; 0 for one before its start.
    pub fn at(&self, instant: Instant) -> f64 {
        seconds(instant.saturating_duration_since(self.origin))
    }

    /// The instant of a time on this clock.
    pub fn instant(&self, seconds: f64) -> Instant {
        self.origin + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
    }
}

fn seconds(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e9
}

/// The whole nanosecond that is nearest to a time in seconds. Files keep times to the nanosecond:
/// of such times they give back the same numbers, to the last bit, and figures that are made from
/// files are those that the run itself made.
pub fn whole_nanoseconds(seconds: f64) -> f64 {
    (seconds * 1e9).round() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_their_text() {
        for t in [0.1 + 0.2, 10.350_000_001, 9.475e-6, 12_345.678_901_234, 0.0] {
            let whole = whole_nanoseconds(t);
            assert!((whole - t).abs() < 1e-9);
            assert_eq!(format!("{whole:.9}").parse(), Ok(whole));
            assert_eq!(whole_nanoseconds(whole), whole);
        }
        let clock = Clock::start();
        let now = clock.now();
        assert_eq!(whole_nanoseconds(now), now);
        let later = clock.at(Instant::now());
        assert_eq!(whole_nanoseconds(later), later);
    }
}
