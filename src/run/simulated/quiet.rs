//! The quiet end of a round in virtual time. The rules are those of [`quiesce`](crate::run::quiesce):
//! drain, flush, wait until memory rests, idle, and look again.

use super::case::Stage;
use super::flights::seconds;
use crate::measure::case::PhaseData;
use crate::measure::rest::STILL;
use crate::run::case::rests;
use crate::run::quiesce::{PATIENCE, called, moved, still_since};
use crate::scenario::PhaseSpec;
use crate::sim::{Server, Time, nanoseconds};
use crate::units::Quantity;
use std::time::Duration;

/// Since when it was watched, and the quiet stretch, in seconds.
pub(super) type Quiet = (f64, (f64, f64));

impl Stage<'_> {
    /// Empties the caches of the servers, as far as their engines have a request for it.
    pub(super) fn flush(&mut self, data: &mut PhaseData) {
        for (spec, server) in self.spec.servers.iter().zip(&mut self.servers) {
            if spec.actions.iter().any(|one| one.name.starts_with("flush")) {
                server.forget_prefixes();
                continue;
            }
            let engine = &spec.engine;
            let note = format!("caches were not flushed: {engine} has no request for it");
            if !data.notes.contains(&note) {
                data.notes.push(note);
            }
        }
    }

    /// What a phase says of the end of a round; none where it says nothing.
    pub(super) fn quiet(&mut self, spec: &PhaseSpec, data: &mut PhaseData) -> Option<Quiet> {
        if !spec.quiesce && spec.idle.is_none() {
            return None;
        }
        if spec.quiesce {
            self.drain();
            self.flush(data);
        }
        let begun = self.now;
        let mut patience = 0;
        let mut stretch = None;
        if spec.quiesce {
            let until = begun + nanoseconds(PATIENCE.as_secs_f64());
            stretch = Some(self.settle((begun, until), spec, data));
            patience = until.saturating_sub(self.now);
        }
        if let Some(idle) = spec.idle {
            data.notes.retain(|note| !note.contains(UNSETTLED));
            self.pass(self.now + nanoseconds(idle.as_secs_f64()));
            stretch = Some(self.settle((begun, self.now + patience), spec, data));
        }
        let (from, to) = stretch?;
        Some((seconds(begun), (from, to)))
    }

    /// Lets the servers end the steps that they have under way.
    fn drain(&mut self) {
        while let Some(next) = self.servers.iter().filter_map(Server::next).min() {
            self.pass(next.max(self.now));
        }
    }

    /// Lets time pass in which nobody sends anything.
    fn pass(&mut self, to: Time) {
        let mut events = Vec::new();
        loop {
            let next = self.servers.iter().filter_map(Server::next).min();
            let now = next.unwrap_or(to).min(to);
            self.samples.until(now, &self.servers);
            for server in &mut self.servers {
                server.advance(now, &mut events);
            }
            if now == to {
                break;
            }
        }
        self.now = to;
    }

    /// Waits until nothing moves any more, at most until then; the quiet stretch.
    fn settle(
        &mut self,
        (begun, until): (Time, Time),
        spec: &PhaseSpec,
        data: &mut PhaseData,
    ) -> (f64, f64) {
        let tick = Duration::from_nanos(self.samples.every());
        let tick = tick.clamp(Duration::from_millis(50), Duration::from_millis(500));
        loop {
            if let Some(from) = self.since(begun) {
                return (from, seconds(self.now));
            }
            if self.now >= until {
                break;
            }
            self.pass(self.now + nanoseconds(tick.as_secs_f64()));
        }
        self.unsettled(begun, data);
        let idle = spec
            .idle
            .map_or(STILL, |idle| idle.as_secs_f64().max(STILL));
        let from = (seconds(self.now) - idle).max(seconds(begun));
        (from, seconds(self.now))
    }

    /// Since when all that is watched is still.
    fn since(&self, begun: Time) -> Option<f64> {
        let begun = seconds(begun);
        let mut since = begun;
        for (at, server) in self.spec.servers.iter().enumerate() {
            for name in rests(self.spec, &server.name) {
                since = since.max(still_since(self.samples.so_far(at), &name, begun)?);
            }
        }
        Some(since)
    }

    fn unsettled(&self, begun: Time, data: &mut PhaseData) {
        let within = Quantity::seconds(seconds(self.now - begun));
        let begun = seconds(begun);
        for (at, server) in self.spec.servers.iter().enumerate() {
            for name in rests(self.spec, &server.name) {
                let set = self.samples.so_far(at);
                if still_since(set, &name, begun).is_none()
                    && let Some(range) = moved(set, &name, begun)
                {
                    let what = called(&server.name, &name);
                    data.notes.push(format!(
                        "{what} {UNSETTLED} within {within}: it was {range}, so that a growth \
                         from here or to here is known no better than that"
                    ));
                }
            }
        }
    }
}

const UNSETTLED: &str = "did not settle";
