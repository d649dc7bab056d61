//! The figures of phases and servers as results keep them.

use super::case::PhaseData;
use super::floors;
use super::requests::{Requests, class, statistic};
use crate::load::record::{FailureClass, Outcome, Record};
use crate::probe::Reading;
use crate::probe::series::{Series, SeriesSet};
use crate::report::model::{FailureCount, Figure, PhaseResult};
use crate::schema::{DISTRIBUTION_STATS, MetricDef, PHASE_METRICS, SERIES_STATS, Shape};
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;

/// A phase's results: every metric (`request_rate`, and `ttft.p50` for each statistic), and the
/// same by load (`chat.ttft.p50`) where there are several. A phase without requests has none.
pub fn phase_result(phase: &PhaseData) -> PhaseResult {
    let all = Requests::of(phase, None);
    let mut metrics = IndexMap::new();
    let mut notes = phase.notes.clone();
    let absent = phase.absent();
    if let Some(lack) = phase.partial().filter(|_| absent.is_none()) {
        notes.push(lack.reason);
    }
    if !all.records().is_empty() {
        add_metrics(&mut metrics, "", &all);
        if phase.load_names.len() > 1 {
            for load in &phase.load_names {
                let requests = Requests::of(phase, Some(load));
                add_metrics(&mut metrics, &format!("{load}."), &requests);
            }
        }
        notes.extend(all.notes());
    }
    PhaseResult {
        name: phase.name.clone(),
        doc: phase.doc.clone(),
        start_s: phase.start,
        end_s: phase.end,
        measured: phase.measured,
        skipped: absent.map(|lack| {
            let why = phase.skipped.as_ref().or(phase.not_run.as_ref());
            why.cloned().unwrap_or(lack.reason)
        }),
        load: phase.load_text.clone(),
        metrics,
        failures: failures(all.records()),
        notes,
    }
}

fn add_metrics(metrics: &mut IndexMap<String, Figure>, prefix: &str, requests: &Requests<'_>) {
    for metric in PHASE_METRICS {
        let name = metric.name;
        if metric.shape == Shape::Scalar {
            let figure = figure(requests.scalar(name), metric);
            metrics.insert(format!("{prefix}{name}"), figure);
            continue;
        }
        let values = requests.distribution(name);
        for stat in DISTRIBUTION_STATS {
            let key = format!("{prefix}{name}.{stat}");
            metrics.insert(
                key,
                match statistic(&values, stat) {
                    Ok((count, _)) if *stat == "count" => Figure::quantity(Quantity::plain(count)),
                    Ok((value, samples)) => figure(Ok(value), metric).with_samples(samples),
                    Err(why) => Figure::unavailable(why.0),
                },
            );
        }
    }
}

fn figure(value: Reading<f64>, metric: &MetricDef) -> Figure {
    match value {
        Ok(value) if metric.ratio => Figure::ratio(value),
        Ok(value) => Figure::quantity(Quantity::new(value, metric.dimension)),
        Err(why) => Figure::unavailable(why.0),
    }
}

/// Failures by class, the most frequent first, each with the first in words.
fn failures(records: &[&Record]) -> Vec<FailureCount> {
    let mut counts: IndexMap<FailureClass, FailureCount> = IndexMap::new();
    for record in records {
        let Some(class) = class(record) else { continue };
        let count = counts.entry(class).or_insert_with(|| FailureCount {
            class: class.name().to_string(),
            count: 0,
            example: match &record.outcome {
                Outcome::Failed(failure) => failure.detail.clone(),
                Outcome::Ok => "the answer was not accepted".into(),
            },
        });
        count.count += 1;
    }
    let mut counts: Vec<FailureCount> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

/// A server's figures over the whole case: the statistics of every series (`memory.max`,
/// `roles.worker.memory.last`, `kv_usage.mean`), and the checkpoint at the end of each phase
/// that has one (`pss@stress`). A series without a value has its reason as `<series>.max`; so
/// have memory and GPU memory where they were not sampled at all. Roles that no process of the
/// server played are left out: another layout has them.
pub fn server_figures(set: &SeriesSet, phases: &[PhaseData]) -> IndexMap<String, Figure> {
    let mut figures = IndexMap::new();
    let processes_seen = set.series.get("memory").is_some_and(|all| !all.points.is_empty());
    for (name, series) in &set.series {
        if series.points.is_empty() && name.starts_with("roles.") && processes_seen {
            continue;
        }
        if series.points.is_empty() {
            let why = series
                .unavailable
                .as_deref()
                .unwrap_or("it was not sampled");
            figures.insert(format!("{name}.max"), Figure::unavailable(why));
            continue;
        }
        for stat in SERIES_STATS {
            if let Ok(value) = floors::statistic(series, stat, floors::EVER) {
                figures.insert(format!("{name}.{stat}"), in_series(series, value));
            }
        }
        if floors::at_checkpoints(name) {
            for phase in phases.iter().filter(|phase| phase.absent().is_none()) {
                if let Ok(value) = floors::checkpoint(phases, phase, series) {
                    figures.insert(format!("{name}@{}", phase.name), in_series(series, value));
                }
            }
        }
    }
    for name in ["memory", "gpu_memory"] {
        if !set.series.contains_key(name) {
            let figure = Figure::unavailable("it was not sampled");
            figures.insert(format!("{name}.max"), figure);
        }
    }
    figures
}

fn in_series(series: &Series, value: f64) -> Figure {
    let dimension = series.dimension.unwrap_or(Dimension::NONE);
    Figure::quantity(Quantity::new(value, dimension))
}
