//! What servers' own metrics would say, sampled in virtual time under the names that their engines
//! give them: requests that run and that wait, and the share of the KV cache that is taken. And
//! the memory of their processes, where their `faults` say what that is.

use super::flights::seconds;
use crate::probe::series::SeriesSet;
use crate::scenario::{Case, names_of};
use crate::sim::{Server, Time, nanoseconds};
use crate::units::Dimension;
use indexmap::IndexMap;
use std::sync::Arc;

/// The series so far, in the order of the case's servers.
pub struct Samples {
    every: Time,
    next: Time,
    servers: Vec<Of>,
}

struct Of {
    name: String,
    metrics: Vec<(Arc<str>, Dimension)>,
    set: SeriesSet,
}

impl Samples {
    /// At the intervals that the case says, from its beginning on.
    pub fn of(case: &Case, servers: &[Server]) -> Self {
        let names = names_of(case);
        let of = |(at, name): (usize, &String)| {
            let mut set = SeriesSet::default();
            if servers.get(at).and_then(Server::memory).is_none() {
                set.unavailable("memory", NO_PROCESS);
            }
            set.unavailable("gpu_memory", NO_PROCESS);
            Of {
                name: name.clone(),
                metrics: names.engine_metrics(name),
                set,
            }
        };
        Self {
            every: nanoseconds(case.sample.as_secs_f64()).max(1),
            next: 0,
            servers: (case.servers.iter().map(|server| &server.name))
                .enumerate()
                .map(of)
                .collect(),
        }
    }

    /// Takes those that are due before `now`, of servers at which nothing happens until then.
    pub fn until(&mut self, now: Time, servers: &[Server]) {
        while self.next < now {
            let at = seconds(self.next);
            for (of, server) in self.servers.iter_mut().zip(servers) {
                if let Some(bytes) = server.memory() {
                    for name in ["memory", "memory_anon"] {
                        of.set.push(name, Dimension::DATA, at, bytes as f64);
                    }
                }
                for (name, dimension) in &of.metrics {
                    if let Some(value) = figure(name, server) {
                        of.set.push(name, *dimension, at, value);
                    }
                }
            }
            self.next += self.every;
        }
    }

    /// How often they are taken.
    pub fn every(&self) -> Time {
        self.every
    }

    /// Those of a server so far, by its index.
    pub fn so_far(&self, server: usize) -> &SeriesSet {
        &self.servers[server].set
    }

    /// All of them, by server.
    pub fn series(self) -> IndexMap<String, SeriesSet> {
        let servers = self.servers.into_iter();
        servers.map(|of| (of.name, of.set)).collect()
    }
}

const NO_PROCESS: &str = "not decided in virtual time: there is no process that has it";

/// What the simulator knows of an engine's metrics.
fn figure(metric: &str, server: &Server) -> Option<f64> {
    match metric {
        "running" => Some(server.running() as f64),
        "waiting" => Some(server.waiting() as f64),
        "kv_usage" => {
            let (used, all) = server.blocks();
            (all > 0).then(|| used as f64 / all as f64)
        }
        _ => None,
    }
}
