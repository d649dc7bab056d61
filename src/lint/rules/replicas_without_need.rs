//! # replicas-without-need (W0633)
//!
//! Data-parallel replicas, where no phase sends more than one of them is said to carry.
//!
//! ## Why it matters
//!
//! The other replicas have nothing to do: what is measured is one replica, at the price of
//! several, and whatever would go wrong between them is not seen.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin, layout { dp = 4 }, capacity = 12 req/s }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, rate = 10 req/s, duration = 1min }
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
//!   server sut { engine = engines.builtin, layout { dp = 4 }, capacity = 12 req/s }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, rate = 40 req/s, duration = 1min }
//!   expect quick: steady.ttft.p95 <= 1s
//! }
//! ```

use super::open_loop_above_capacity::open_rates;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{View, place, warning};
use crate::scenario::{LoadSpec, ServerSpec};
use crate::units::{Dimension, Quantity};

const RULE: Rule = ("W0633", "replicas-without-need");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let servers = view.case.servers.iter();
    servers.filter_map(|server| idle(view, server)).collect()
}

fn idle(view: &View<'_>, server: &ServerSpec) -> Option<Diagnostic> {
    let capacity = server.capacity?;
    let measured = (view.phases_on(&server.name)).filter(|(phase, ..)| phase.measured);
    // what clients in a closed loop send is not known
    let rate = |loads: &[&LoadSpec]| {
        let rates: Vec<f64> = open_rates(loads).collect();
        (rates.len() == loads.len()).then(|| rates.into_iter().sum::<f64>())
    };
    let rates = measured.map(|(_, _, loads)| rate(loads));
    let rates: Vec<f64> = rates.collect::<Option<_>>()?;
    let most = rates.into_iter().reduce(f64::max)?;
    if server.layout.dp <= 1 || most > capacity {
        return None;
    }
    let shown = |rate: f64| Quantity::new(rate, Dimension::REQUESTS.per(Dimension::TIME));
    let message = format!(
        "{} replicas share {}, and one is said to carry {}",
        server.layout.dp,
        shown(most),
        shown(capacity)
    );
    let block = view.server_block(&server.name)?;
    let at = match block.child("layout") {
        Some(layout) => place(layout, "dp"),
        None => place(block, "layout"),
    };
    Some(
        warning(RULE, at, message)
            .label(place(block, "capacity"), "said here")
            .help("send more than one replica carries, or take fewer replicas"),
    )
}
