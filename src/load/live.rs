//! What a load has come to so far, for a progress line: counters that cost next to nothing.

use crate::load::record::{Outcome, Record};
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many of the latest TTFTs are kept.
const RECENT: usize = 256;

/// Shared by a load's requests and whoever shows its progress.
#[derive(Debug, Default)]
pub struct Live {
    started: AtomicU64,
    /// When the last one was started, on the run's clock: the bits of seconds.
    last_start: AtomicU64,
    ended: AtomicU64,
    ok: AtomicU64,
    failed: AtomicU64,
    tokens: AtomicU64,
    ttft: Mutex<Ttft>,
}

#[derive(Debug, Default)]
struct Ttft {
    sum: f64,
    count: u64,
    recent: VecDeque<f64>,
}

/// One reading of a [`Live`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveReading {
    pub started: u64,
    /// When the last one was started, in seconds on the run's clock; 0 before the first.
    pub last_start: f64,
    pub in_flight: u64,
    pub ok: u64,
    /// Every outcome but ok, cancelled requests too.
    pub failed: u64,
    /// Completion tokens the server has reported; what it does not report is not in it.
    pub tokens: u64,
    /// Seconds; none before the first.
    pub ttft_mean: Option<f64>,
    /// Of the latest TTFTs, in seconds; none before the first.
    pub ttft_recent_median: Option<f64>,
    /// Of the latest TTFTs, the 95th percentile by nearest rank, in seconds.
    pub ttft_recent_p95: Option<f64>,
}

impl Live {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn reading(&self) -> LiveReading {
        // `ended` first: a request that ends in between counts as in flight, never as below 0.
        let ended = self.ended.load(Relaxed);
        let started = self.started.load(Relaxed);
        let ttft = self.ttft();
        let mut recent: Vec<f64> = ttft.recent.iter().copied().collect();
        recent.sort_by(f64::total_cmp);
        LiveReading {
            started,
            last_start: f64::from_bits(self.last_start.load(Relaxed)),
            in_flight: started.saturating_sub(ended),
            ok: self.ok.load(Relaxed),
            failed: self.failed.load(Relaxed),
            tokens: self.tokens.load(Relaxed),
            ttft_mean: (ttft.count > 0).then(|| ttft.sum / ttft.count as f64),
            ttft_recent_median: recent.get(recent.len() / 2).copied(),
            ttft_recent_p95: (!recent.is_empty())
                .then(|| recent[(recent.len() * 95).div_ceil(100) - 1]),
        }
    }

    pub(super) fn start(&self, now: f64) {
        self.last_start.store(now.to_bits(), Relaxed);
        self.started.fetch_add(1, Relaxed);
    }

    pub(super) fn end(&self, record: &Record) {
        match record.outcome {
            Outcome::Ok => self.ok.fetch_add(1, Relaxed),
            Outcome::Failed(_) => self.failed.fetch_add(1, Relaxed),
        };
        self.tokens
            .fetch_add(record.completion_tokens.unwrap_or(0), Relaxed);
        if let Some(first) = record.first_token {
            let seconds = first - record.due;
            let mut ttft = self.ttft();
            ttft.sum += seconds;
            ttft.count += 1;
            if ttft.recent.len() == RECENT {
                ttft.recent.pop_front();
            }
            ttft.recent.push_back(seconds);
        }
        self.ended.fetch_add(1, Relaxed);
    }

    fn ttft(&self) -> std::sync::MutexGuard<'_, Ttft> {
        self.ttft
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
