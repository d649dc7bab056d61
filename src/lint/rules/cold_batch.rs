//! # cold-batch (W0619)
//!
//! A closed loop on a server on GPUs, whose latency is checked, with more clients than any load
//! before it.
//!
//! ## Why it matters
//!
//! An engine compiles and records graphs for each size of batch when it first sees it. A warm-up
//! with fewer clients leaves that to what is measured.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload report {
//!   rows   = range(200)
//!   prompt = "Report ${row} on the harbour."
//!   output = 64
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase warmup { workload = report, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = report, requests = 400, concurrency = 32 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload report {
//!   rows   = range(200)
//!   prompt = "Report ${row} on the harbour."
//!   output = 64
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase warmup { workload = report, requests = 64, concurrency = 32, measured = false }
//!   phase steady { workload = report, requests = 400, concurrency = 32 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{LATENCIES, View, keep, place, value, warning};
use crate::load::spec::Pace;
use crate::resolve::Flat;
use crate::scenario::{LoadSpec, one_line};
use std::collections::HashMap;

const RULE: Rule = ("W0619", "cold-batch");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let seen = seen(view);
    let speeds = view.checked_speeds();
    for speed in speeds.filter(|speed| LATENCIES.contains(&speed.metric)) {
        let of = speed.of;
        for (load, block) in view.loads(of) {
            let most = before(&seen, &load.server, view.phase_place(&of.phase));
            if let (Some(most), Some(now)) = (most, clients(load))
                && now > most
                && view.starts_on_gpus(&load.server)
            {
                let message = format!("the server has seen no more than {most} requests at once");
                keep(
                    &mut found,
                    warning(RULE, place(block, "concurrency"), message)
                        .label(speed.span, "checked here")
                        .help(warm_up(view, &of.phase, block, now)),
                );
            }
        }
    }
    found
}

/// What to warm up with, in words that hold for all cases: the expression that says how many clients
/// the load has, where that is another number in each.
fn warm_up(view: &View<'_>, phase: &str, block: &Flat, now: u64) -> String {
    let written = value(block, "concurrency").map(|span| view.text(span));
    let is_number = |text: &&str| text.chars().all(|c| c.is_ascii_digit() || c == '_');
    match written.filter(|text| !is_number(text)) {
        Some(text) => format!(
            "warm up with as many clients as `{phase}` has: `concurrency = {}`",
            one_line(text)
        ),
        None => format!("warm up with `concurrency = {now}`"),
    }
}

/// How many requests at once a load sends; none where nothing bounds them.
fn clients(load: &LoadSpec) -> Option<u64> {
    match load.load.pace {
        Pace::Closed { concurrency, .. } => Some(concurrency),
        Pace::Batch => load.load.requests,
        Pace::Open { .. } => None,
    }
}

/// For each server the phases that load it, by their place, and the most requests at once that it
/// had seen when each of them was over; none where nothing bounded them.
type Seen<'a> = HashMap<&'a str, Vec<(usize, Option<u64>)>>;

fn seen<'a>(view: &View<'a>) -> Seen<'a> {
    let mut seen: Seen<'a> = HashMap::new();
    for (place, (phase, _)) in view.phases().enumerate() {
        let all: Option<Vec<u64>> = phase.loads.iter().map(clients).collect();
        let most = all.map(|all| all.into_iter().max().unwrap_or(0));
        for load in &phase.loads {
            let of_server = seen.entry(&load.server).or_default();
            let most = match of_server.last() {
                Some((last, _)) if *last == place => continue,
                Some((_, before)) => before.zip(most).map(|(a, b)| a.max(b)),
                None => most,
            };
            of_server.push((place, most));
        }
    }
    seen
}

/// The most that a server has seen before a phase; none where it has seen nothing, or no bound.
fn before(seen: &Seen<'_>, server: &str, place: Option<usize>) -> Option<u64> {
    let of_server = seen.get(server)?;
    let earlier = of_server.partition_point(|(at, _)| place.is_none_or(|place| *at < place));
    of_server[..earlier].last()?.1
}
