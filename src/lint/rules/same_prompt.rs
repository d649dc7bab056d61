//! # same-prompt (W0611)
//!
//! A time to the first token, a whole latency or a throughput that is checked, that cases are ranked
//! by, or that a report's columns show, on a server on GPUs which gets one and the same prompt, or a
//! few, again and again, and which does not have its prefix cache turned off; or on one that already
//! runs, which gets one and the same.
//!
//! ## Why it matters
//!
//! Engines keep the prefixes that they have seen. Once a prompt has been there, nothing of it is
//! computed but the last token, and the check is one of the cache.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello { prompt = "Say hello.", output = 16 }
//!
//! scenario basic {
//!   server sut { engine = engines.vllm, model = { path = "/models/mine" } }
//!   phase warmup { workload = hello, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
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
//!   phase warmup { workload = report, requests = 20, concurrency = 4, measured = false }
//!   phase steady { workload = report, requests = 200, concurrency = 4 }
//!   expect quick: steady.ttft.p95 <= 800ms
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::lint::view::{RATES, View, keep, place, warning};
use crate::scenario::{LoadSpec, PartSpec};
use std::sync::Arc;

const RULE: Rule = ("W0611", "same-prompt");

/// What a prefix cache changes beside the time to the first token.
const FIRST: [&str; 3] = ["ttft", "ttfa", "e2e"];

/// So few different prompts come again and again, if each is sent this often.
const FEW: usize = 16;
const OFTEN: u64 = 10;

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let cached = |metric: &str| FIRST.contains(&metric) || RATES.contains(&metric);
    let mut found: Vec<Diagnostic> = Vec::new();
    for speed in view.speeds().filter(|speed| cached(speed.metric)) {
        let (of, span) = (speed.of, speed.span);
        for (load, block) in view.loads(of) {
            let server = view.server(&load.server);
            let kept = server.and_then(|server| server.prefix_cache) != Some(false);
            // one that runs elsewhere may be there to be tried with a few requests
            let here = view.starts_on_gpus(&load.server);
            let elsewhere = || view.runs_elsewhere(&load.server) && is_one(load);
            if let Some(message) = recur(load)
                && kept
                && (here || elsewhere())
            {
                keep(
                    &mut found,
                    warning(RULE, place(block, "workload"), message)
                        .label(span, "after the first, this is the prefix cache's")
                        .help(
                            "give the workload rows, and let `row` stand first in its prompt; or \
                             turn the cache off in the server's options; or, if the cache is what \
                             is measured, say so: # scn: allow(same-prompt) because …",
                        ),
                );
            }
        }
    }
    found
}

/// Whether all requests of a load have one prompt.
fn is_one(load: &LoadSpec) -> bool {
    let mut requests = load.workload.requests.iter();
    let first = requests.next();
    first.is_some_and(|first| {
        requests.all(|other| other.system == first.system && other.content == first.content)
    })
}

/// That the prompts of a load are the same ones all the time.
fn recur(load: &LoadSpec) -> Option<String> {
    let (name, requests) = (&load.workload.name, &load.workload.requests);
    // random words are never the same, and one request is
    if load.workload.asks.input.is_some() || load.load.requests == Some(1) {
        return None;
    }
    let mut prompts: Vec<(&Option<Arc<str>>, &[PartSpec])> = Vec::new();
    for request in requests.iter() {
        let prompt = (&request.system, &*request.content);
        if !prompts.contains(&prompt) {
            prompts.push(prompt);
        }
        if prompts.len() > FEW {
            return None;
        }
    }
    match (prompts.len(), load.load.requests) {
        (1, _) => Some(format!("every request of `{name}` has the same prompt")),
        (few, Some(sent)) if sent >= OFTEN.saturating_mul(few as u64) => Some(format!(
            "the {sent} requests of `{name}` have {few} prompts"
        )),
        _ => None,
    }
}
