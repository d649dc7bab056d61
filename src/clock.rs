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

    /// Seconds since the clock's start.
    pub fn now(&self) -> f64 {
        self.origin.elapsed().as_secs_f64()
    }

    /// Seconds on this clock of an instant; 0 for one before its start.
    pub fn at(&self, instant: Instant) -> f64 {
        instant.saturating_duration_since(self.origin).as_secs_f64()
    }

    /// The instant of a time on this clock.
    pub fn instant(&self, seconds: f64) -> Instant {
        self.origin + Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
    }
}
