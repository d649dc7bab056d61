//! Flushing caches, and waiting until a server rests, so that a floor can be read.

use super::Shared;
use super::progress::Event;
use super::server::Live;
use crate::clock::Clock;
use crate::probe::sampler::Sampler;
use crate::probe::series::SeriesSet;
use crate::scenario::EngineMetric;
use crate::stop::{Stop, StopLevel};
use crate::units::Quantity;
use std::time::Duration;

/// The longest that engine metrics may take to say that nothing runs, and memory to settle.
const PATIENCE: Duration = Duration::from_secs(30);

/// Memory has settled when it moved less than this share, or less than [`GRAIN`], for [`STILL`].
const SHARE: f64 = 0.002;
const GRAIN: f64 = 1_048_576.0;
const STILL: f64 = 1.0;

/// Asks the engine to empty its caches: every action whose name begins with `flush`. Returns what
/// did not work. A run that is asked to stop does not wait for it.
pub async fn flush(live: &Live, stop: &Stop) -> Vec<String> {
    let mut stop = stop.clone();
    tokio::select! {
        problems = flush_all(live) => problems,
        () = stop.reached(StopLevel::Finish) => Vec::new(),
    }
}

async fn flush_all(live: &Live) -> Vec<String> {
    let mut problems = Vec::new();
    if !live
        .spec
        .actions
        .iter()
        .any(|action| action.name.starts_with("flush"))
    {
        problems.push(format!(
            "caches were not flushed: {} has no request for it",
            live.spec.engine
        ));
    }
    for action in live
        .spec
        .actions
        .iter()
        .filter(|action| action.name.starts_with("flush"))
    {
        let mut why = String::new();
        for attempt in 0..=action.retry {
            if attempt > 0 {
                tokio::time::sleep(action.every).await;
            }
            match live.ask(&action.request, action.body.as_ref()).await {
                Ok((200..=299, _)) => {
                    why.clear();
                    break;
                }
                Ok((status, _)) => why = format!("status {status}"),
                Err(error) => why = error,
            }
        }
        if !why.is_empty() {
            let request = format!("{} {}", action.request.method, action.request.path);
            problems.push(format!(
                "caches were not flushed: `{}` ({request}): {why}",
                action.name
            ));
        }
    }
    problems
}

/// Waits until the engine says that it is idle and its memory has stopped moving. Returns the
/// start of the quiet stretch on the run's clock, and what did not come to rest.
pub async fn settle(
    shared: &Shared,
    live: &Live,
    sampler: &Sampler,
    interval: Duration,
    stop: &Stop,
) -> (f64, Vec<String>) {
    shared.progress.event(Event::Waiting {
        what: format!("{} to come to rest", live.spec.name),
    });
    let rest = Rest {
        server: &live.spec.name,
        metrics: &live.spec.metrics,
        clock: shared.clock,
        tick: interval.clamp(Duration::from_millis(50), Duration::from_millis(500)),
        patience: PATIENCE,
    };
    let goes_on = || stop.level() == StopLevel::Run && live.ended().is_none();
    rest.wait(|| sampler.snapshot(), goes_on).await
}

/// What is waited for until a server rests.
struct Rest<'a> {
    server: &'a str,
    metrics: &'a [EngineMetric],
    clock: Clock,
    /// How often it is looked at.
    tick: Duration,
    patience: Duration,
}

impl Rest<'_> {
    /// As [`settle`], of what `look` sees; ends early where it no longer `goes_on`.
    async fn wait(
        &self,
        look: impl Fn() -> SeriesSet,
        goes_on: impl Fn() -> bool,
    ) -> (f64, Vec<String>) {
        let begun = self.clock.now();
        let until = begun + self.patience.as_secs_f64();
        let mut seen = look();
        let mut rests = self.since(&seen, begun);
        while rests.is_none() && self.clock.now() < until && goes_on() {
            tokio::time::sleep(self.tick).await;
            seen = look();
            rests = self.since(&seen, begun);
        }
        match rests {
            Some(since) => (since, Vec::new()),
            // whoever stopped it, or the server's end, is told elsewhere
            None if !goes_on() => (self.clock.now(), Vec::new()),
            None => self.gave_up(&seen, begun),
        }
    }

    /// Since when the engine is idle and its memory still.
    fn since(&self, series: &SeriesSet, begun: f64) -> Option<f64> {
        match not_idle(self.metrics, series, begun) {
            Some(_) => None,
            None => still_since(series, begun),
        }
    }

    /// Where the quiet stretch begins nevertheless, and what had not come to rest.
    fn gave_up(&self, series: &SeriesSet, begun: f64) -> (f64, Vec<String>) {
        let (server, within) = (self.server, Quantity::seconds(self.patience.as_secs_f64()));
        let mut notes = Vec::new();
        if let Some(metric) = not_idle(self.metrics, series, begun) {
            notes.push(format!(
                "{server} did not become idle within {within}: {metric}"
            ));
        }
        let since = still_since(series, begun);
        if since.is_none()
            && let Some((first, last)) = moved(series, begun)
        {
            notes.push(format!(
                "the memory of {server} did not settle within {within}: it went from {first} to \
                 {last}, and a floor or growth that is read here is of memory that still moved"
            ));
        }
        (since.unwrap_or_else(|| self.clock.now()), notes)
    }
}

/// The first and the last memory since `begun`.
fn moved(series: &SeriesSet, begun: f64) -> Option<(Quantity, Quantity)> {
    let points = &series.series.get("memory")?.points;
    let first = points.iter().find(|(t, _)| *t >= begun).or(points.last())?;
    Some((Quantity::bytes(first.1), Quantity::bytes(points.last()?.1)))
}

/// A metric that has not returned to its idle value since `begun`; none where all have, or where
/// the engine does not tell.
fn not_idle(metrics: &[EngineMetric], series: &SeriesSet, begun: f64) -> Option<String> {
    metrics.iter().find_map(|metric| {
        let idle = metric.idle?;
        let points = &series.series.get(&metric.name)?.points;
        let (at, value) = points.last()?;
        if *at < begun {
            return Some(format!("`{}` was not read yet", metric.name));
        }
        (*value != idle).then(|| format!("`{}` is {value}", metric.name))
    })
}

/// Since when memory has not moved, where that is long enough; `begun` where there is no memory
/// to watch.
fn still_since(series: &SeriesSet, begun: f64) -> Option<f64> {
    let points = match series.series.get("memory") {
        Some(memory) if !memory.points.is_empty() => &memory.points,
        _ => return Some(begun),
    };
    let (now, last) = *points.last()?;
    let tolerance = (last * SHARE).max(GRAIN);
    // the first sample after the last one that differs
    let moved = points
        .iter()
        .rposition(|(_, value)| (value - last).abs() > tolerance);
    let since = moved.map_or(begun, |index| points[index + 1].0).max(begun);
    (now - since >= STILL).then_some(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Dimension;

    fn memory(points: &[(f64, f64)]) -> SeriesSet {
        let mut set = SeriesSet::default();
        for (t, value) in points {
            set.push("memory", Dimension::DATA, *t, *value);
        }
        set
    }

    #[test]
    fn memory_that_moves_is_not_still() {
        let moving = memory(&[(0.0, 1e9), (0.5, 1.1e9), (1.0, 1.2e9), (1.5, 1.3e9)]);
        assert_eq!(still_since(&moving, 0.0), None);
        let settling = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.4, 1.3e9)]);
        assert_eq!(still_since(&settling, 0.0), None, "only 0.9 s");
        let settled = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.6, 1.3e9)]);
        assert_eq!(still_since(&settled, 0.0), Some(0.5));
        assert_eq!(
            still_since(&settled, 0.9),
            None,
            "what was before the load does not count"
        );
    }

    #[test]
    fn without_memory_there_is_nothing_to_wait_for() {
        assert_eq!(still_since(&SeriesSet::default(), 3.0), Some(3.0));
    }

    fn rest(clock: Clock, metrics: &[EngineMetric], patience: Duration) -> Rest<'_> {
        Rest {
            server: "sut",
            metrics,
            clock,
            tick: Duration::from_millis(50),
            patience,
        }
    }

    /// What a sampler that looks every 50 ms has seen by now of memory that is so at a time.
    fn sampled(clock: Clock, memory_at: impl Fn(f64) -> f64) -> SeriesSet {
        let times = (0..).map(|n| f64::from(n) * 0.05);
        let points: Vec<(f64, f64)> = times
            .take_while(|t| *t <= clock.now())
            .map(|t| (t, memory_at(t)))
            .collect();
        memory(&points)
    }

    #[tokio::test]
    async fn memory_that_never_settles_is_given_up_and_said() {
        let clock = Clock::start();
        let rest = rest(clock, &[], Duration::from_millis(1300));
        let grows = |t: f64| 1e9 + t * 1e9;
        let (since, notes) = rest.wait(|| sampled(clock, grows), || true).await;
        assert!(since >= 1.3, "it was waited for: {since}");
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(
            note.starts_with("the memory of sut did not settle within 1.3 s: it went from 1."),
            "{note}"
        );
    }

    #[tokio::test]
    async fn memory_that_settles_is_not_waited_for_longer() {
        let clock = Clock::start();
        let rest = rest(clock, &[], Duration::from_secs(600));
        let settles = |t: f64| if t < 0.2 { 1e9 } else { 1.5e9 };
        let (since, notes) = rest.wait(|| sampled(clock, settles), || true).await;
        assert_eq!(notes, Vec::<String>::new());
        assert!((0.15..0.25).contains(&since), "{since}");
    }

    #[tokio::test]
    async fn an_engine_that_stays_busy_is_given_up_and_named() {
        let clock = Clock::start();
        let busy = EngineMetric {
            name: "running".into(),
            counter: false,
            series: "num_running".into(),
            dimension: Dimension::NONE,
            idle: Some(0.0),
        };
        let metrics = [busy];
        let rest = rest(clock, &metrics, Duration::from_millis(200));
        let look = || {
            let mut set = SeriesSet::default();
            set.push("running", Dimension::NONE, clock.now(), 3.0);
            set
        };
        let (since, notes) = rest.wait(look, || true).await;
        assert_eq!(
            notes,
            ["sut did not become idle within 200 ms: `running` is 3"]
        );
        assert!(since < 0.2, "without memory nothing else was waited for");
        // who stops a run does not want to hear what it did not wait for
        let (_, notes) = rest.wait(look, || false).await;
        assert!(notes.is_empty(), "{notes:?}");
    }
}
