//! How good the simulator is: measured tables, run again in it, figure by figure.

mod drive;
mod metrics;
mod page;
mod setups;
mod table;

pub use drive::{Bench, Load, Measured, drive, mean, percentile};
pub use page::page;
pub use table::{Asked, Row, read};

use crate::sim::FrontEnd;
pub use metrics::Metric;
use serde::Serialize;
pub use setups::{Made, Setups};
use std::collections::HashMap;
use std::sync::Mutex;

/// What came of a table.
#[derive(Debug, Clone, Serialize)]
pub struct Validation {
    pub rows: Vec<Compared>,
}

/// A measured figure beside the simulated one.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    pub source: String,
    pub model: String,
    pub gpu: String,
    pub metric: String,
    pub measured: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub predicted: Option<f64>,
    /// `predicted / measured − 1`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_error: Option<f64>,
    /// Why it cannot be run again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unusable: Option<String>,
    /// Whether errors are counted: some sources say themselves that a figure is not to be judged by.
    pub judged: bool,
    /// The layout and the load, in words.
    pub run: String,
    /// What was taken of the engine's defaults.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
    #[serde(skip)]
    pub group: Option<&'static str>,
}

/// A row with its server, and the number of its run among those that are made.
struct Planned<'r> {
    row: &'r Row,
    ready: Result<(Made, Metric, Option<usize>), String>,
}

/// Runs every row that can be, on as many threads as there are processors. What comes out does not
/// depend on their number.
pub fn validate(rows: &[Row]) -> Validation {
    let mut setups = Setups::default();
    let mut runs: Vec<(Made, &Asked)> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let planned: Vec<Planned<'_>> = rows
        .iter()
        .map(|row| {
            let ready = row.asked.as_ref().map_err(Clone::clone);
            let ready = ready.and_then(|(asked, metric)| {
                let made = setups.of(asked)?;
                let run = asked.bench.is_some().then(|| {
                    *known.entry(format!("{asked:?}")).or_insert_with(|| {
                        runs.push((made.clone(), asked));
                        runs.len() - 1
                    })
                });
                Ok((made, *metric, run))
            });
            Planned { row, ready }
        })
        .collect();
    let done = all(&runs);
    let rows = planned.into_iter().map(|row| compared(row, &done));
    Validation {
        rows: rows.collect(),
    }
}

/// Carries runs out, in any order.
fn all(runs: &[(Made, &Asked)]) -> Vec<Result<Measured, String>> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = Mutex::new(0..runs.len());
    let done = Mutex::new(vec![Err(String::new()); runs.len()]);
    std::thread::scope(|scope| {
        for _ in 0..threads.min(runs.len()) {
            scope.spawn(|| {
                while let Some(at) = taken(&next) {
                    let (made, asked) = &runs[at];
                    let result = one(made, asked);
                    if let Ok(mut done) = done.lock() {
                        done[at] = result;
                    }
                }
            });
        }
    });
    done.into_inner().unwrap_or_default()
}

fn taken(next: &Mutex<std::ops::Range<usize>>) -> Option<usize> {
    next.lock().ok()?.next()
}

fn one(made: &Made, asked: &Asked) -> Result<Measured, String> {
    let Some(bench) = &asked.bench else {
        return Ok(Measured::default());
    };
    let mut setup = made.setup.as_ref().clone();
    if asked.offline {
        setup.front = FrontEnd::NONE;
    }
    drive(&setup, bench)
}

fn compared(planned: Planned<'_>, done: &[Result<Measured, String>]) -> Compared {
    let row = planned.row;
    let asked = row.asked.as_ref().ok().map(|(asked, _)| asked);
    let read = |made: &Made, metric: &Metric, run: Option<usize>| {
        let nothing = Ok(Measured::default());
        let run = run.map_or(&nothing, |run| &done[run]).as_ref();
        let run = run.map_err(Clone::clone)?;
        let gpus = asked.map_or(1, |asked| asked.tp * asked.pp * asked.dp);
        let prompt = asked.and_then(|asked| Some(asked.bench.as_ref()?.prompt));
        let value = metric.read(&made.setup, gpus, run, prompt.unwrap_or(0));
        value.ok_or_else(|| "the run has no such figure".to_string())
    };
    let (predicted, made, group) = match &planned.ready {
        Ok((made, metric, run)) => (
            read(made, metric, *run),
            Some(made.taken.clone()),
            Some(metric.group()),
        ),
        Err(why) => (Err(why.clone()), None, None),
    };
    let error = |value: &f64| (row.measured != 0.0).then(|| value / row.measured - 1.0);
    Compared {
        source: row.source.clone(),
        model: row.model.clone(),
        gpu: row.gpu.clone(),
        metric: row.metric.clone(),
        measured: row.measured,
        relative_error: predicted.as_ref().ok().and_then(error),
        unusable: predicted.as_ref().err().cloned(),
        predicted: predicted.ok(),
        judged: row.judged,
        run: asked.map_or(String::new(), words),
        taken: made,
        group,
    }
}

/// `tp 2, 1024/256, 32 at once`
fn words(asked: &Asked) -> String {
    let axes = [
        ("tp", asked.tp),
        ("pp", asked.pp),
        ("dp", asked.dp),
        ("ep", asked.ep),
    ];
    let axes = axes.iter().filter(|(_, n)| *n > 1);
    let mut parts: Vec<String> = axes.map(|(name, n)| format!("{name} {n}")).collect();
    if !asked.precision.is_empty() {
        parts.push(asked.precision.clone());
    }
    if let Some(bench) = &asked.bench {
        parts.push(format!("{}/{}", bench.prompt, bench.output));
        parts.push(match &bench.load {
            Load::Closed { together } => format!("{together} at once"),
            Load::Poisson { stretches } => {
                let rates = stretches.iter().map(|(rate, _)| format!("{rate}"));
                format!("{}/s", rates.collect::<Vec<_>>().join(" then "))
            }
        });
    }
    parts.join(", ")
}
