//! Flushing caches, and waiting until a server rests, so that a floor can be read.

use super::Shared;
use super::progress::Event;
use super::server::Live;
use crate::probe::sampler::Sampler;
use crate::probe::series::SeriesSet;
use crate::stop::{Stop, StopLevel};
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
    let begun = shared.clock.now();
    let mut notes = Vec::new();
    let tick = interval.clamp(Duration::from_millis(50), Duration::from_millis(500));
    let mut last = sampler.snapshot();
    while shared.clock.now() - begun < PATIENCE.as_secs_f64()
        && stop.level() == StopLevel::Run
        && live.ended().is_none()
    {
        let idle = not_idle(live, &last, begun).is_none();
        if idle && still_since(&last, begun).is_some() {
            break;
        }
        tokio::time::sleep(tick).await;
        last = sampler.snapshot();
    }
    if let Some(metric) = not_idle(live, &last, begun) {
        notes.push(format!(
            "{} did not become idle within {} s: {metric}",
            live.spec.name,
            PATIENCE.as_secs()
        ));
    }
    let from = still_since(&last, begun).unwrap_or_else(|| {
        if last
            .series
            .get("memory")
            .is_some_and(|s| !s.points.is_empty())
        {
            notes.push(format!(
                "the memory of {} did not settle within {} s",
                live.spec.name,
                PATIENCE.as_secs()
            ));
        }
        shared.clock.now()
    });
    (from, notes)
}

/// A metric that has not returned to its idle value since `begun`; none where all have, or where
/// the engine does not tell.
fn not_idle(live: &Live, series: &SeriesSet, begun: f64) -> Option<String> {
    live.spec.metrics.iter().find_map(|metric| {
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
}
