//! # open-loop-above-capacity (W0632)
//!
//! An open loop that sends more than the server's replicas are said to carry, and that only ends
//! with its number of requests.
//!
//! ## Why it matters
//!
//! What is not answered waits, and the queue grows until the last request is sent: latencies then
//! tell how long the phase is, and nothing of the server. Overload is tested with a limit in time:
//! a `duration` of the load, or a `timeout` of its requests.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin, capacity = 12 req/s }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, rate = 20 req/s, requests = 1000 }
//!   expect quick: steady.ttft.p95 <= 1s
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin, capacity = 12 req/s }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, rate = 10 req/s, requests = 1000 }
//!   expect quick: steady.ttft.p95 <= 1s
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::load::spec::Pace;
use crate::resolve::Flat;
use crate::scenario::{LoadSpec, PhaseSpec, ServerSpec};
use crate::units::{Dimension, Quantity};

const RULE: Rule = ("W0632", "open-loop-above-capacity");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let servers = view.case.servers.iter();
    let carrying = servers.filter_map(|server| Some((server, server.capacity?)));
    carrying
        .flat_map(|(server, capacity)| {
            let phases = view.phases_on(&server.name);
            phases.filter_map(move |loaded| above(view, server, capacity, loaded))
        })
        .collect()
}

fn above(
    view: &View<'_>,
    server: &ServerSpec,
    capacity: f64,
    (phase, block, loads): (&PhaseSpec, &Flat, &[&LoadSpec]),
) -> Option<Diagnostic> {
    let rate: f64 = open_rates(loads).sum();
    let carried = capacity * server.layout.dp as f64;
    if rate <= carried || is_bounded(view, phase, block, loads) {
        return None;
    }
    let shown = |rate: f64| Quantity::new(rate, Dimension::REQUESTS.per(Dimension::TIME));
    let carries = match server.layout.dp {
        1 => format!("{}", shown(carried)),
        dp => format!("{dp} × {} = {}", shown(capacity), shown(carried)),
    };
    let message = format!(
        "`{}` sends {}, and `{}` is said to carry {carries}: its queue grows until the end",
        phase.name,
        shown(rate),
        server.name
    );
    let mut found = warning(RULE, place(block, "rate"), message);
    if let Some(server) = view.server_block(&server.name) {
        found = found.label(place(server, "capacity"), "said here");
    }
    Some(found.help(
        "lower the rate, add replicas (`layout { dp = … }`), or set a limit in time, if overload is what is tested: `duration = 30s`, or a `timeout` of the requests",
    ))
}

/// The rates of the open loops among loads, in requests per second.
pub(super) fn open_rates(loads: &[&LoadSpec]) -> impl Iterator<Item = f64> {
    loads.iter().filter_map(|load| match load.load.pace {
        Pace::Open { rate_per_s, .. } => Some(rate_per_s),
        Pace::Closed { .. } | Pace::Batch => None,
    })
}

/// Whether every open loop has a limit in time of the writer's own.
fn is_bounded(view: &View<'_>, phase: &PhaseSpec, block: &Flat, loads: &[&LoadSpec]) -> bool {
    let limited = |load: &&LoadSpec| {
        let own = view.load_block(&phase.name, load).unwrap_or(block);
        load.load.duration.is_some() || own.attrs.contains_key("timeout")
    };
    let mut open = (loads.iter()).filter(|load| matches!(load.load.pace, Pace::Open { .. }));
    open.all(limited)
}
