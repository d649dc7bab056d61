//! What is measured: figures of phases, series of servers, and how they are read.

use super::part::{Part, code};
use super::{Entry, Page, kinds};
use crate::load::record::FailureClass;
use crate::schema::{
    DISTRIBUTION_STATS, MetricDef, PHASE_METRICS, SERIES_STATS, SERVER_SERIES, SeriesDef, Shape,
    stat_doc,
};
use crate::units::Dimension;

pub fn page() -> Page {
    let mut parts = vec![Part::text(
        "A figure that could not be measured is unavailable, with a reason, and never 0: a check \
         on it says *no data*. Latency counts from the moment a request was due, not from the \
         moment it was sent.",
    )];
    parts.push(Part::Heading(2, "Figures of a phase".into()));
    parts.push(Part::text(
        "Read as `phase.figure`, such as `steady.request_rate`; of one of several loads as \
         `phase.load.figure`. A distribution has a value for each request (of `itl`: for each \
         gap), and is read through a statistic: `steady.ttft.p99`.",
    ));
    let rows = PHASE_METRICS.iter().map(|metric| {
        vec![
            code(metric.name),
            shape(metric).into(),
            unit(metric.dimension, metric.ratio),
            metric.doc.into(),
        ]
    });
    parts.extend(Part::table(
        &["figure", "is", "unit", "meaning"],
        rows.collect(),
    ));
    parts.push(Part::Heading(2, "Failures".into()));
    parts.push(Part::text(
        "`phase.failures.<class>` counts the requests that failed in one way, such as \
         `steady.failures.timeout`.",
    ));
    let rows = FailureClass::ALL.map(|class| vec![code(class.name()), class.doc().into()]);
    parts.extend(Part::table(&["class", "meaning"], rows.to_vec()));
    parts.push(Part::Heading(2, "Statistics of a distribution".into()));
    parts.push(Part::text(
        "Other percentiles: `percentile(steady.ttft, 99.5%)`. A check on a percentile of fewer \
         values than it needs is inconclusive; tables mark it with `†`.",
    ));
    parts.extend(stats(DISTRIBUTION_STATS));
    parts.push(Part::Heading(2, "Series of a server".into()));
    parts.push(Part::text(
        "Sampled over the whole case, and read as `server.series.statistic`, such as \
         `sut.memory.max`; or with [growth](builtins.md#growth), [peak](builtins.md#peak) and \
         [increase](builtins.md#increase). Those of memory exist by role too: \
         `sut.roles.worker.memory`. An engine's own series, such as `sut.kv_usage`, are the \
         metrics in its entry of [the library](stdlib.md).",
    ));
    let rows = SERVER_SERIES.iter().map(|series| {
        vec![
            code(series.name),
            unit(series.dimension, false),
            series.doc.into(),
        ]
    });
    parts.extend(Part::table(&["series", "unit", "meaning"], rows.collect()));
    parts.push(Part::Heading(2, "Statistics of a series".into()));
    parts.extend(stats(SERIES_STATS));
    parts.push(Part::Heading(2, "The case".into()));
    parts.push(Part::text(
        "Checks and columns may also read `case.name` (made of the axis values), `case.scenario`, \
         `case.gpus` (what its servers need), `case.price` (what their GPUs cost together, per hour, \
         by the `price` of their `gpu`; unavailable where that is not said), and every axis by its \
         name. Columns alone may also be how the case ended: `case.verdict`, `case.stage` (how far it \
         got: `end`, the phase that it ended in, `start` where its servers did not start, `plan` where \
         nothing of it was begun), `case.reason` (what speaks against it; empty where it passed) and \
         `case.place` (its place in its scenario's rank; of several ranks `best 1, cheap 3`).",
    ));
    Page {
        file: "metrics.md".into(),
        title: "Figures".into(),
        summary: "What is measured, in which unit, and what exactly it means.".into(),
        parts,
    }
}

pub fn entries() -> Vec<Entry> {
    let metric = |metric: &MetricDef| {
        let read = match metric.shape {
            Shape::Scalar => code(&format!("steady.{}", metric.name)),
            Shape::Distribution => {
                let stats: Vec<String> = DISTRIBUTION_STATS.iter().map(|s| code(s)).collect();
                format!(
                    "`steady.{}.p99`; statistics: {}",
                    metric.name,
                    stats.join(" ")
                )
            }
        };
        Entry {
            name: metric.name.into(),
            what: format!("a figure of a phase: {}", shape(metric)),
            parts: vec![
                Part::text(metric.doc),
                Part::Text(format!("Unit: {}.", unit(metric.dimension, metric.ratio))),
                Part::Text(format!("Read as {read}.")),
            ],
        }
    };
    let series = |series: &SeriesDef| Entry {
        name: series.name.into(),
        what: "a series of a server".into(),
        parts: vec![
            Part::text(series.doc),
            Part::Text(format!("Unit: {}.", unit(series.dimension, false))),
            Part::Text(format!("Read as `sut.{}.max`.", series.name)),
        ],
    };
    let class = |class: FailureClass| Entry {
        name: format!("failures.{}", class.name()),
        what: "a figure of a phase: one count".into(),
        parts: vec![Part::text(class.doc())],
    };
    let stat = |name: &&str| Entry {
        name: (*name).into(),
        what: "a statistic".into(),
        parts: stat_doc(name).map(Part::text).into_iter().collect(),
    };
    let of_series = SERIES_STATS
        .iter()
        .filter(|name| !DISTRIBUTION_STATS.contains(name));
    let mut entries: Vec<Entry> = PHASE_METRICS.iter().map(metric).collect();
    entries.extend(SERVER_SERIES.iter().map(series));
    entries.extend(FailureClass::ALL.map(class));
    entries.extend(DISTRIBUTION_STATS.iter().chain(of_series).map(stat));
    entries
}

fn shape(metric: &MetricDef) -> &'static str {
    match (metric.shape, metric.ratio) {
        (Shape::Distribution, _) => "distribution",
        (Shape::Scalar, true) => "share",
        (Shape::Scalar, false) => "one figure",
    }
}

fn unit(dimension: Dimension, ratio: bool) -> String {
    match (ratio, dimension.is_none()) {
        (true, _) => "`%`".into(),
        (false, true) => "none".into(),
        (false, false) => kinds::units_of(dimension),
    }
}

fn stats(names: &[&str]) -> Option<Part> {
    let rows = names
        .iter()
        .map(|name| vec![code(name), stat_doc(name).unwrap_or_default().into()]);
    Part::table(&["statistic", "meaning"], rows.collect())
}
