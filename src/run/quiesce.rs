//! Flushing caches, and waiting until a server rests, so that a floor can be read.

use super::Shared;
use super::gone::gone;
use super::phase::Watched;
use super::progress::{Event, Limit};
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
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

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
        let from = self.shared.clock.now();
        let look = || -> Vec<SeriesSet> {
            let samplers = self.servers.iter().map(|server| &server.sampler);
            let seen: Vec<SeriesSet> = samplers.map(|sampler| sampler.snapshot()).collect();
            if self.waits
                && let Some(what) = rest.restless(&seen)
            {
                self.shared.progress.event(Event::Waiting {
                    what,
                    waited_s: self.shared.clock.now() - from,
                    limit: Limit::AtMost((until - from).max(0.0)),
                    memory: self.memory(),
                });
            }
            seen
        };
        let runs = || {
            self.servers
                .iter()
                .all(|server| server.live.ended().is_none())
        };
        let rests = rest.wait(look, || self.stop.level() == StopLevel::Run && runs());
        tokio::select! {
            biased;
            quiet = rests => quiet,
            note = self.gone() => {
                let now = self.shared.clock.now();
                Quiet { from: now, to: now, notes: vec![note] }
            }
        }
    }

    /// Resolves when nobody listens any more where a server was whose process is not known; with
    /// what there is to say of it.
    async fn gone(&self) -> String {
        let gone = |live: &'_ Live| {
            let (url, name, shown) = (live.url.clone(), live.spec.name.clone(), live.shown_url());
            Box::pin(async move {
                gone(&url).await;
                format!(
                    "it was not waited until {name} rests: nobody listens at {shown} any more \
                     (connections are refused)"
                )
            })
        };
        let servers = self.servers.iter().map(|server| server.live);
        let unknown: Vec<_> = servers
            .filter(|live| self.waits && !live.is_watched())
            .map(gone)
            .collect();
        match unknown.is_empty() {
            true => std::future::pending().await,
            false => futures_util::future::select_all(unknown).await.0,
        }
    }

    /// What the servers hold now, where that is measured.
    fn memory(&self) -> Option<f64> {
        let held = self.servers.iter().map(|s| s.sampler.latest().memory);
        held.flatten().reduce(|a, b| a + b)
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

    /// What has not come to rest, where anything has not.
    fn restless(&self, seen: &[SeriesSet]) -> Option<String> {
        let mut each = self.servers.iter().zip(seen);
        each.find_map(|(watch, set)| {
            let server = watch.server;
            if let Some(metric) = not_idle(watch.metrics, set, self.begun) {
                return Some(format!("{server} to become idle ({metric})"));
            }
            let mut names = watch.series.iter();
            let moving = names.find(|name| still_since(set, name, self.begun).is_none())?;
            Some(format!("{} to settle", called(server, moving)))
        })
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
                let what = called(server, name);
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

/// A server's series, in a sentence.
pub(super) fn called(server: &str, series: &str) -> String {
    match series {
        MEMORY => format!("the memory of {server}"),
        name => format!("`{server}.{name}`"),
    }
}

/// `70.8 MB at the least and 128 MB at the most`, of what moved since `begun`.
pub(super) fn moved(set: &SeriesSet, name: &str, begun: f64) -> Option<String> {
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
pub(super) fn still_since(set: &SeriesSet, name: &str, begun: f64) -> Option<f64> {
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
mod tests;
