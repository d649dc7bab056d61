//! How good the simulator is: measured tables, run again in it, figure by figure.

mod drive;
mod metrics;
mod page;
mod runs;
mod setups;
mod table;

pub use drive::{Bench, Lengths, Load, Measured, drive, mean, percentile};
pub use metrics::Metric;
pub use page::{page, plain_table};
pub use runs::{Plan, Planned, carry_out, setup_of};
pub use setups::{Made, Setups};
pub use table::{Asked, Row, read};

use serde::Serialize;

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

/// Runs every row that can be, on as many threads as there are processors. What comes out does not
/// depend on their number.
pub fn validate(rows: &[Row]) -> Validation {
    let plan = Plan::of(rows, &mut Setups::default());
    let runs: Vec<_> = (plan.runs.iter())
        .filter_map(|(made, asked)| Some((setup_of(made, asked), asked.bench.as_ref()?)))
        .collect();
    let done = carry_out(&runs);
    let rows = plan.rows.into_iter().map(|row| compared(row, &done));
    Validation {
        rows: rows.collect(),
    }
}

fn compared(planned: Planned<'_>, done: &[Result<Measured, String>]) -> Compared {
    let row = planned.row;
    let asked = row.asked.as_ref().ok().map(|(asked, _)| asked);
    let read = |made: &Made, metric: &Metric, run: Option<usize>| {
        let nothing = Ok(Measured::default());
        let run = run.map_or(&nothing, |run| &done[run]).as_ref();
        let run = run.map_err(Clone::clone)?;
        let gpus = asked.map_or(1, Asked::gpus);
        let bench = asked.and_then(|asked| asked.bench.as_ref());
        let value = metric.read(&made.setup, gpus, (run, bench));
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
pub fn words(asked: &Asked) -> String {
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
        if let Lengths::Alike { prompt, output, .. } = bench.of {
            parts.push(format!("{prompt}/{output}"));
        }
        parts.push(match &bench.load {
            Load::Closed { together } => format!("{together} at once"),
            Load::Poisson { stretches } => {
                let rates = stretches.iter().map(|(rate, _)| format!("{rate}"));
                format!("{}/s", rates.collect::<Vec<_>>().join(" then "))
            }
            Load::At(moments) => format!("{} in time", moments.len()),
        });
    }
    parts.join(", ")
}
