//! Flushing caches, and waiting until a server rests, so that a floor can be read.

use super::Shared;
use super::phase::Watched;
use super::progress::Event;
use super::server::Live;
use crate::clock::Clock;
use crate::measure::rest::{self, STILL};
use crate::probe::series::SeriesSet;
use crate::scenario::EngineMetric;
use crate::stop::{Stop, StopLevel};
use crate::units::{Dimension, Quantity};
use std::time::Duration;

/// The series that is always watched.
pub const MEMORY: &str = "memory";

/// The longest that engine metrics may take to say that nothing runs, and memory to settle.
const PATIENCE: Duration = Duration::from_secs(30);

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

/// The quiet end of a round, as it was left.
#[derive(Debug, Default, PartialEq)]
pub struct Quiet {
    /// Since when nothing moved, on the run's clock: what is measured from here on is a floor.
    pub from: f64,
    /// When that was seen, on the run's clock.
    pub to: f64,
    /// What did not come to rest.
    pub notes: Vec<String>,
}

/// A quiet end in the making: the time from which it counts, and how long it may take.
pub struct Quieting<'a> {
    pub shared: &'a Shared,
    pub servers: &'a [Watched<'a>],
    /// The sampling interval.
    pub sample: Duration,
    pub stop: &'a Stop,
    /// When the load had ended and the caches were flushed, on the run's clock.
    pub begun: f64,
    /// Whether to wait until the servers rest; else it is only looked at.
    pub waits: bool,
    /// The phase's `idle`, which is waited for in between.
    pub idle: Option<Duration>,
}

impl Quieting<'_> {
    /// Waits until the engines say that they are idle and their memory has stopped moving; then
    /// for `idling`; then looks again, and waits for what moved meanwhile. So the stretch that
    /// is returned is the end of the quiet, whatever moved before.
    ///
    /// # Errors
    /// Those of `idling`.
    pub async fn wait<E>(&self, idling: impl Future<Output = Result<(), E>>) -> Result<Quiet, E> {
        let mut patience = match self.waits {
            true => PATIENCE.as_secs_f64(),
            false => 0.0,
        };
        if self.waits {
            let until = self.shared.clock.now() + patience;
            let quiet = self.settle(until).await;
            if self.idle.is_none() {
                return Ok(quiet);
            }
            // what came to rest, or did not, is asked again after the idle time
            patience = (until - self.shared.clock.now()).max(0.0);
        }
        idling.await?;
        Ok(self.settle(self.shared.clock.now() + patience).await)
    }

    async fn settle(&self, until: f64) -> Quiet {
        let rest = Rest {
            servers: (self.servers.iter())
                .map(|server| {
                    let metrics: &[EngineMetric] = match self.waits {
                        true => &server.live.spec.metrics,
                        false => &[],
                    };
                    Watch {
                        server: &server.live.spec.name,
                        metrics,
                        series: &server.rests,
                    }
                })
                .collect(),
            clock: self.shared.clock,
            tick: (self.sample).clamp(Duration::from_millis(50), Duration::from_millis(500)),
            begun: self.begun,
            until,
            fallback: self
                .idle
                .map_or(STILL, |idle| idle.as_secs_f64().max(STILL)),
        };
        let look = || -> Vec<SeriesSet> {
            let samplers = self.servers.iter().map(|server| &server.sampler);
            samplers.map(|sampler| sampler.snapshot()).collect()
        };
        let runs = || {
            self.servers
                .iter()
                .all(|server| server.live.ended().is_none())
        };
        if self.waits && rest.since(&look()).is_none() {
            let names: Vec<&str> = rest.servers.iter().map(|watch| watch.server).collect();
            self.shared.progress.event(Event::Waiting {
                what: format!("{} to come to rest", names.join(" and ")),
            });
        }
        rest.wait(look, || self.stop.level() == StopLevel::Run && runs())
            .await
    }
}

/// What is watched of a server.
struct Watch<'a> {
    server: &'a str,
    /// What its engine tells.
    metrics: &'a [EngineMetric],
    /// The series that are to settle.
    series: &'a [String],
}

/// What is waited for until servers rest.
struct Rest<'a> {
    servers: Vec<Watch<'a>>,
    clock: Clock,
    /// How often they are looked at.
    tick: Duration,
    /// What was before does not count. Both are on the run's clock.
    begun: f64,
    until: f64,
    /// Seconds at the end in which a floor is read where memory did not settle: the least of
    /// what comes and goes.
    fallback: f64,
}

impl Rest<'_> {
    /// Waits for what `look` sees of each server; ends early where it no longer `goes_on`.
    async fn wait(&self, look: impl Fn() -> Vec<SeriesSet>, goes_on: impl Fn() -> bool) -> Quiet {
        let mut to = self.clock.now();
        let mut seen = look();
        let mut rests = self.since(&seen);
        while rests.is_none() && to < self.until && goes_on() {
            tokio::time::sleep(self.tick).await;
            to = self.clock.now();
            seen = look();
            rests = self.since(&seen);
        }
        let notes = Vec::new();
        match rests {
            Some(from) => Quiet { from, to, notes },
            // whoever stopped it, or the server's end, is told elsewhere
            None if !goes_on() => Quiet {
                from: to,
                to,
                notes,
            },
            None => self.gave_up(&seen, to),
        }
    }

    /// Since when all engines are idle and what is watched of all is still.
    fn since(&self, seen: &[SeriesSet]) -> Option<f64> {
        let mut since = self.begun;
        for (watch, set) in self.servers.iter().zip(seen) {
            if not_idle(watch.metrics, set, self.begun).is_some() {
                return None;
            }
            for name in watch.series {
                since = since.max(still_since(set, name, self.begun)?);
            }
        }
        Some(since)
    }

    /// Where the quiet stretch begins nevertheless, and what had not come to rest by `now`.
    fn gave_up(&self, seen: &[SeriesSet], now: f64) -> Quiet {
        let within = Quantity::seconds(((now - self.begun) * 10.0).round() / 10.0);
        let mut from = self.begun;
        let mut notes = Vec::new();
        for (watch, set) in self.servers.iter().zip(seen) {
            let server = watch.server;
            if let Some(metric) = not_idle(watch.metrics, set, self.begun) {
                notes.push(format!(
                    "{server} did not become idle within {within}: {metric}"
                ));
            }
            for name in watch.series {
                if let Some(since) = still_since(set, name, self.begun) {
                    from = from.max(since);
                    continue;
                }
                from = from.max(now - self.fallback);
                let what = match name.as_str() {
                    MEMORY => format!("the memory of {server}"),
                    name => format!("`{server}.{name}`"),
                };
                notes.extend(moved(set, name, self.begun).map(|range| {
                    format!(
                        "{what} did not settle within {within}: it was {range}, so that a growth \
                         from here or to here is known no better than that"
                    )
                }));
            }
        }
        Quiet {
            from,
            to: now,
            notes,
        }
    }
}

/// `70.8 MB at the least and 128 MB at the most`, of what moved since `begun`.
fn moved(set: &SeriesSet, name: &str, begun: f64) -> Option<String> {
    let series = set.series.get(name)?;
    let (least, most) = rest::moved(&series.points, series.dimension, begun)?.seen;
    let dimension = series.dimension.unwrap_or(Dimension::NONE);
    let [least, most] = [least, most].map(|value| Quantity::new(value, dimension));
    Some(format!("{least} at the least and {most} at the most"))
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

/// Since when a series has not moved, where that is long enough; `begun` where there is nothing
/// to watch, as it says itself. Memory that was not read yet is none to go by; what an engine or
/// a driver may never tell is not waited for.
fn still_since(set: &SeriesSet, name: &str, begun: f64) -> Option<f64> {
    let Some(series) = set.series.get(name) else {
        return (name != MEMORY).then_some(begun);
    };
    let told = series.points.last().is_some_and(|(t, _)| *t >= begun);
    if !told && (series.unavailable.is_some() || series.points.is_empty() && name != MEMORY) {
        return Some(begun);
    }
    rest::still_since(&series.points, series.dimension, begun)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::LazyLock;

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
        assert_eq!(still_since(&moving, MEMORY, 0.0), None);
        let settling = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.4, 1.3e9)]);
        assert_eq!(still_since(&settling, MEMORY, 0.0), None, "only 0.9 s");
        let settled = memory(&[(0.0, 1e9), (0.5, 1.3e9), (1.0, 1.3e9), (1.6, 1.3e9)]);
        assert_eq!(still_since(&settled, MEMORY, 0.0), Some(0.5));
        assert_eq!(
            still_since(&settled, MEMORY, 0.9),
            None,
            "what was before the load does not count"
        );
    }

    #[test]
    fn without_memory_there_is_nothing_to_wait_for() {
        assert_eq!(still_since(&unmeasured(), MEMORY, 3.0), Some(3.0));
        assert_eq!(
            still_since(&SeriesSet::default(), MEMORY, 3.0),
            None,
            "not read yet"
        );
    }

    fn unmeasured() -> SeriesSet {
        let mut set = SeriesSet::default();
        set.unavailable("memory", "it runs on another host");
        set
    }

    fn watch<'a>(server: &'a str, metrics: &'a [EngineMetric]) -> Watch<'a> {
        static SERIES: LazyLock<Vec<String>> = LazyLock::new(|| vec![MEMORY.into()]);
        Watch {
            server,
            metrics,
            series: &SERIES,
        }
    }

    fn rest(clock: Clock, metrics: &[EngineMetric], until: f64) -> Rest<'_> {
        Rest {
            servers: vec![watch("sut", metrics)],
            clock,
            tick: Duration::from_millis(50),
            begun: 0.0,
            until,
            fallback: STILL,
        }
    }

    /// What a sampler that looks every 50 ms has seen by then of memory that is so at a time.
    fn sampled(until: f64, memory_at: impl Fn(f64) -> f64) -> SeriesSet {
        let times = (0..).map(|n| f64::from(n) * 0.05);
        let points: Vec<(f64, f64)> = times
            .take_while(|t| *t <= until)
            .map(|t| (t, memory_at(t)))
            .collect();
        memory(&points)
    }

    #[tokio::test]
    async fn memory_that_never_settles_is_given_up_and_said() {
        let clock = Clock::start();
        let rest = rest(clock, &[], 1.3);
        let grows = |t: f64| 1e9 + t * 1e9;
        let look = || vec![sampled(clock.now(), grows)];
        let Quiet { from, notes, .. } = rest.wait(look, || true).await;
        let waited = clock.now();
        assert!(waited >= 1.3, "it was waited for: {waited}");
        assert!((0.3..=waited - 1.0).contains(&from), "its end: {from}");
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        let said = "the memory of sut did not settle within 1.";
        assert!(note.starts_with(said), "{note}");
        assert!(
            note.contains(" s: it was 1 GB at the least and 2."),
            "{note}"
        );
    }

    #[tokio::test]
    async fn memory_that_settles_is_not_waited_for_longer() {
        let clock = Clock::start();
        let rest = rest(clock, &[], 600.0);
        let settles = |t: f64| if t < 0.2 { 1e9 } else { 1.5e9 };
        let look = || vec![sampled(clock.now(), settles)];
        let Quiet { from, notes, .. } = rest.wait(look, || true).await;
        assert_eq!(notes, Vec::<String>::new());
        assert!((0.15..0.25).contains(&from), "{from}");
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
        let rest = rest(clock, &metrics, 0.2);
        let look = || {
            let mut set = unmeasured();
            set.push("running", Dimension::NONE, clock.now(), 3.0);
            vec![set]
        };
        let Quiet { from, notes, .. } = rest.wait(look, || true).await;
        let [note] = &notes[..] else {
            panic!("{notes:?}")
        };
        assert!(
            note.starts_with("sut did not become idle within "),
            "{note}"
        );
        assert!(note.ends_with(": `running` is 3"), "{note}");
        assert_eq!(from, 0.0, "without memory nothing else was waited for");
        // who stops a run does not want to hear what it did not wait for
        let stopped = rest.wait(look, || false).await;
        assert!(stopped.notes.is_empty(), "{stopped:?}");
    }

    #[test]
    fn the_quiet_stretch_is_what_followed_the_last_move() {
        let rest = rest(Clock::start(), &[], 0.0);
        let since = |t: f64, memory_at: fn(f64) -> f64| rest.since(&[sampled(t, memory_at)]);
        // kept from 1.5 s on: still for a second before, but that is not how it ended
        let late = |t: f64| if t < 1.5 { 11e6 } else { 95e6 };
        assert_eq!(since(1.2, late), Some(0.0));
        assert_eq!(since(2.0, late), None, "it moved half a second ago");
        let from = since(4.0, late).unwrap();
        assert!((1.45..1.55).contains(&from), "{from}");
    }

    #[test]
    fn servers_rest_when_all_of_them_do() {
        let mut rest = rest(Clock::start(), &[], 0.0);
        rest.servers.push(watch("other", &[]));
        let still = |t: f64| sampled(t, |_| 1e9);
        let steps = |t: f64| sampled(t, |t| if t < 1.0 { 1e9 } else { 2e9 });
        assert_eq!(rest.since(&[still(1.5), steps(1.5)]), None);
        let from = rest.since(&[steps(2.5), still(2.5)]).unwrap();
        assert!((0.95..1.05).contains(&from), "{from}");
    }

    #[test]
    fn a_short_idle_time_in_which_nothing_moved_is_not_noted() {
        let rest = rest(Clock::start(), &[], 0.0);
        let still = rest.gave_up(&[sampled(0.5, |_| 1e9)], 0.5);
        assert_eq!(still.notes, Vec::<String>::new());
        let moved = rest.gave_up(&[sampled(0.5, |t| if t < 0.2 { 1e9 } else { 2e9 })], 0.5);
        assert_eq!(moved.notes.len(), 1, "{moved:?}");
    }
}
