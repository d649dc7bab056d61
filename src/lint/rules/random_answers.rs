//! # random-answers (W0608)
//!
//! A check of accepted answers (`accept_rate`, `failures.wrong_answer`, or how many requests fail or
//! succeed, since wrong answers do not) of a workload whose answers are random: its `temperature` is
//! above 0; or it says none, and the engine samples then; or the model's weights, or the prompts, are
//! random. Only an `accept` that looks for certain words is meant, or, where the temperature is above
//! 0, for a pattern; and only a check that may fail when a tenth of the answers is wrong. A lower
//! share (`accept_rate >= 50%`) is a sensible one of random answers.
//!
//! ## Why it matters
//!
//! The same server passes today and fails tomorrow. Without a `temperature`, vLLM and SGLang take 1
//! and llama.cpp 0.8, unless the model's own generation config says another; none of them takes 0.
//!
//! ## Wrong
//!
//! ```scn
//! use std.engines
//!
//! workload hello {
//!   prompt      = "Say hello."
//!   output      = 16
//!   temperature = 0.8
//!   accept      = contains_any(answer, ["hello"])
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect right: steady.accept_rate >= 95%
//! }
//! ```
//!
//! ## Right
//!
//! ```scn
//! use std.engines
//!
//! workload hello {
//!   prompt      = "Say hello."
//!   output      = 16
//!   temperature = 0
//!   accept      = contains_any(answer, ["hello"])
//! }
//!
//! scenario basic {
//!   server sut { engine = engines.builtin }
//!   phase warmup { workload = hello, requests = 10, measured = false }
//!   phase steady { workload = hello, requests = 100, concurrency = 4 }
//!   expect right: steady.accept_rate >= 95%
//! }
//! ```

use crate::diagnostics::Diagnostic;
use crate::diagnostics::codes::Rule;
use crate::eval::{Cases, Fitted, Measurements, Query, Reading, Shape, Value};
use crate::lint::view::{Condition, View, warning};
use crate::lint::wanted::{looks_for_text, looks_for_words};
use crate::resolve::Flat;
use crate::scenario::{Case, LoadSpec, ServerSpec, Unmeasured};
use crate::units::{Dimension, Quantity, number};
use std::sync::Arc;

const RULE: Rule = ("W0608", "random-answers");

pub fn check(view: &View<'_>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for condition in view.conditions() {
        let judged = judged(view, condition);
        if judged.is_empty() {
            continue;
        }
        // what is shown of one load is shown once
        let mut loads: Vec<(&LoadSpec, &Flat, &ServerSpec)> = Vec::new();
        for one in &judged {
            for (load, block) in &one.loads {
                let of = one.case.servers.iter().find(|s| s.name == load.server);
                let same = |(other, ..): &(&LoadSpec, _, _)| other.load.name == load.load.name;
                if let Some(server) = of.filter(|_| !loads.iter().any(same)) {
                    loads.push((load, block, server));
                }
            }
        }
        let random = loads.into_iter().filter_map(|(load, block, server)| {
            let (why, help) = random(load, server)?;
            Some((load, block, why, help))
        });
        let mut random = random.peekable();
        if random.peek().is_none() || !fails_by_a_few(view, condition, &judged) {
            continue;
        }
        for (load, block, why, help) in random {
            let message = format!("the answers of `{}` are random: {why}", load.workload.name);
            found.push(
                warning(RULE, condition.expr.span, message)
                    .label(block.head(), "asked here")
                    .help(help),
            );
        }
    }
    found
}

/// Why the judged answers of a load are random, and what to do.
fn random(load: &LoadSpec, server: &ServerSpec) -> Option<(String, &'static str)> {
    let workload = &load.workload;
    let accept = workload.accept.as_ref()?;
    let zero = "say `temperature = 0` in the workload";
    let body = workload.body.get("temperature");
    let body = body.or_else(|| server.body.get("temperature"));
    let stated = body.map_or(workload.asks.temperature, |value| value.as_f64());
    if stated.is_some_and(|t| t > 0.0) && looks_for_text(&accept.expr) {
        return Some(("its temperature is above 0".into(), zero));
    }
    if !looks_for_words(&accept.expr) {
        return None;
    }
    if server.random_weights {
        let why = format!("`{}` has random weights", server.name);
        return Some((
            why,
            "judge how long answers are, or load the model's own weights",
        ));
    }
    let temperature = server.temperature?;
    if workload.asks.input.is_some() {
        let why = "its prompts are random words".to_string();
        return Some((
            why,
            "ask for what is looked for: `prompt` in place of `input`",
        ));
    }
    (stated.is_none() && temperature > 0.0).then(|| {
        let why = format!(
            "it says no temperature, and {} takes {} then, or what the model's generation config says",
            server.engine,
            number(temperature, 3)
        );
        (why, zero)
    })
}

/// A figure of a condition that wrong answers change.
struct Judged<'v> {
    reading: &'v Reading,
    case: &'v Case,
    loads: Vec<(&'v LoadSpec, &'v Flat)>,
    /// How many requests it counts.
    requests: f64,
}

/// Where a phase does not say how many it sends.
const MANY: f64 = 1000.0;

fn judged<'v>(view: &'v View<'v>, condition: &'v Condition<'v>) -> Vec<Judged<'v>> {
    let of = |reading: &'v Reading| {
        let of = match &reading.query {
            Query::Scalar { of, metric } => {
                matches!(*metric, "accept_rate" | "failed" | "success_rate").then_some(of)?
            }
            Query::Failures { of, class } => (class.as_ref() == "wrong_answer").then_some(of)?,
            _ => return None,
        };
        let case = view.case_of(reading.case.as_deref())?;
        let loads = match case.id == view.case.id {
            true => view.loads(of),
            false => view.loads_in(case, of),
        };
        let phase = case.phases.iter().find(|phase| phase.name == *of.phase)?;
        let sent = loads.iter().map(|(load, _)| load.load.requests);
        let sent = sent.sum::<Option<u64>>();
        let requests = sent.map_or(MANY, |sent| sent as f64 * phase.repeat as f64);
        Some(Judged {
            reading,
            case,
            loads,
            requests,
        })
    };
    condition.reads.iter().filter_map(of).collect()
}

/// The share of right answers with which a check of random ones may fail: one that holds with it is
/// of a share, as is sensible of random answers.
const RIGHT: f64 = 0.89;

/// So many figures of a condition are looked at, one by one.
const FIGURES: usize = 8;

/// Whether a condition does not hold where some of the figures that it reads are of a few wrong
/// answers, and the others of none.
fn fails_by_a_few(view: &View<'_>, condition: &Condition<'_>, judged: &[Judged<'_>]) -> bool {
    let one_by_one = judged.len().min(FIGURES);
    let all = std::iter::once(None).chain((0..one_by_one).map(Some));
    let mut worlds = all.flat_map(|alone| [(alone, true), (alone, false)]);
    worlds.any(|(alone, wrong)| {
        let right = |at: usize| match alone.is_none_or(|alone| alone == at) == wrong {
            true => RIGHT,
            false => 1.0,
        };
        // without any wrong answer it may fail for another reason
        if alone.is_none() && !wrong {
            return false;
        }
        let figures = Answers {
            names: Unmeasured::of(view.case),
            here: &view.case.id,
            judged,
            right: &right,
        };
        view.eval_with(condition, &figures) == Value::Bool(!condition.holds)
    })
}

/// Measurements of answers, some of which are wrong, and of nothing else.
struct Answers<'w> {
    names: Unmeasured,
    here: &'w str,
    judged: &'w [Judged<'w>],
    /// The share of right answers by the place of a figure among the judged ones.
    right: &'w dyn Fn(usize) -> f64,
}

impl Answers<'_> {
    fn figure(&self, case: &str, query: &Query) -> Value {
        let of = |one: &Judged<'_>| one.case.id == case && one.reading.query == *query;
        let number = |value: f64| Value::Number(Quantity::new(value, query.dimension()));
        if let Some(at) = self.judged.iter().position(of) {
            let (right, requests) = ((self.right)(at), self.judged[at].requests);
            return number(match query.metric() {
                "accept_rate" | "success_rate" => right,
                _ => (1.0 - right) * requests,
            });
        }
        let counted =
            |one: &&Judged<'_>| one.case.id == case && one.reading.query.phases() == query.phases();
        match (query, self.judged.iter().find(counted)) {
            (Query::Failures { .. }, _) => number(0.0),
            (Query::Scalar { metric, .. }, Some(one))
                if matches!(*metric, "requests" | "completed") =>
            {
                number(one.requests)
            }
            _ => Value::Unknown(Shape::Number(query.dimension())),
        }
    }
}

impl Measurements for Answers<'_> {
    fn loads(&self, phase: &str) -> Vec<Arc<str>> {
        self.names.loads(phase)
    }

    fn engine_metrics(&self, server: &str) -> Vec<(Arc<str>, Dimension)> {
        self.names.engine_metrics(server)
    }

    fn roles(&self, server: &str) -> Vec<Arc<str>> {
        self.names.roles(server)
    }

    fn measure(&self, query: &Query) -> Value {
        self.figure(self.here, query)
    }

    fn fit(&self, server: &str) -> Option<Fitted> {
        self.names.fit(server)
    }

    fn cases(&self) -> Option<(Arc<Cases>, Arc<str>)> {
        self.names.cases()
    }

    fn measure_at(&self, case: &str, query: &Query) -> Value {
        self.figure(case, query)
    }
}
