//! The figures of phases and servers as results keep them.

use super::case::PhaseData;
use super::requests::{OF_REPLICAS, Requests, class, statistic};
use super::{floors, followed, late};
use crate::eval;
use crate::load::record::{FailureClass, Outcome, Record};
use crate::probe::Reading;
use crate::probe::series::{Series, SeriesSet};
use crate::report::model::{Between, FailureCount, Figure, PhaseResult, World};
use crate::schema::{
    DISTRIBUTION_STATS, MetricDef, PHASE_METRICS, RestsOn, SERIES_STATS, Shape, rests_on,
};
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;

/// A phase's results: every metric (`request_rate`, and `ttft.p50` for each statistic), and the
/// same by load (`chat.ttft.p50`) where there are several. A phase without requests has none.
pub fn phase_result(phase: &PhaseData) -> PhaseResult {
    let all = Requests::of(phase, None);
    let mut metrics = IndexMap::new();
    let mut notes = phase.notes.clone();
    let mut warnings = Vec::new();
    let absent = phase.absent();
    let cut = phase.cut().filter(|_| absent.is_none());
    if let Some(lack) = &cut {
        notes.push(lack.reason.clone());
    }
    if !all.records().is_empty() {
        add_metrics(&mut metrics, "", &all);
        if phase.load_names.len() > 1 {
            for load in &phase.load_names {
                let requests = Requests::of(phase, Some(load));
                add_metrics(&mut metrics, &format!("{load}."), &requests);
            }
        }
        if !phase.judged {
            metrics.retain(|name: &String, _| !is_accept_rate(name));
        }
        if let Some(lack) = &cut {
            let values = metrics.values_mut().filter(|f| f.value.is_some());
            values.for_each(|figure| figure.cut = Some(lack.reason.clone()));
        }
        notes.extend(all.notes());
        warnings.extend(late::warning(phase.client_delay.as_ref(), &all));
        if phase.open_loop {
            warnings.extend(late::sends(phase.client_delay.as_ref(), &all));
            // of several loads it is not known here which are open loops
            let one = phase.load_names.len() < 2;
            warnings.extend(followed::warning(&all).filter(|_| one));
        }
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
        open_loop: phase.open_loop,
        metrics,
        failures: failures(all.records()),
        warnings,
        notes,
    }
}

/// The same in a world: of what is not known there, why not.
pub fn phase_result_in(world: World, phase: &PhaseData) -> PhaseResult {
    let mut result = phase_result(phase);
    for (name, figure) in &mut result.metrics {
        // of a load its name stands before
        let metric = name.rsplit('.').next().unwrap_or(name);
        let rests_on = rests_on(metric);
        let why = world.lacks(rests_on);
        *figure = match (why, rests_on) {
            (None, _) => continue,
            (Some(_), RestsOn::Answers) if !phase.judged => continue,
            (Some(why), RestsOn::Answers) => {
                Figure::unavailable(format!("answers are judged, and {why}"))
            }
            (Some(why), _) => Figure::unavailable(why),
        };
    }
    result
}

/// Of a phase, or of one of its loads: a figure that only workloads with an `accept` have.
fn is_accept_rate(metric: &str) -> bool {
    metric == "accept_rate" || metric.ends_with(".accept_rate")
}

/// Metrics of a `batch`.
const OF_BATCHES: [&str; 2] = ["prefill_throughput", "decode_throughput"];

fn add_metrics(metrics: &mut IndexMap<String, Figure>, prefix: &str, requests: &Requests<'_>) {
    for metric in PHASE_METRICS {
        let name = metric.name;
        // loops have no prefill and decode apart: there is nothing that could not be measured
        if OF_BATCHES.contains(&name) && !requests.sent_at_once() {
            continue;
        }
        if OF_REPLICAS.contains(&name) && !requests.knows_replicas() {
            continue;
        }
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
                    Ok((value, support)) => figure(Ok(value), metric).with_support(support),
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

/// So many wrong answers are told of, besides the first, each to a row of its own.
const MORE_WRONG: usize = 2;

/// Failures by class, the most frequent first, each with the first in words.
fn failures(records: &[&Record]) -> Vec<FailureCount> {
    let mut counts: IndexMap<FailureClass, FailureCount> = IndexMap::new();
    let mut told: Vec<usize> = Vec::new();
    for record in records {
        let Some(class) = class(record) else { continue };
        let count = counts.entry(class).or_insert_with(|| FailureCount {
            class: class.name().to_string(),
            count: 0,
            example: match &record.outcome {
                Outcome::Failed(failure) => failure.detail.clone(),
                Outcome::Ok => "the answer was not accepted".into(),
            },
            more: Vec::new(),
        });
        count.count += 1;
        if class == FailureClass::WrongAnswer
            && told.len() <= MORE_WRONG
            && !told.contains(&record.row)
        {
            told.push(record.row);
            if let (Outcome::Failed(failure), 2..) = (&record.outcome, told.len()) {
                count.more.push(failure.detail.clone());
            }
        }
    }
    let mut counts: Vec<FailureCount> = counts.into_values().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

/// A server's figures over the whole case: the statistics of every series (`memory.max`,
/// `roles.worker.memory.last`, `kv_usage.mean`), and the checkpoint at the end of each phase
/// that has one (`pss@stress`). What is in bytes has its growth too (`memory.growth`, see
/// [`growth_between`]), as `growth(…)` of a check defines it. A series without a value has its reason as `<series>.max`; so
/// have memory and GPU memory where they were not sampled at all. Roles that no process of the
/// server played are left out: another layout has them.
pub fn server_figures(set: &SeriesSet, phases: &[PhaseData]) -> IndexMap<String, Figure> {
    let mut figures = IndexMap::new();
    let processes_seen = set
        .series
        .get("memory")
        .is_some_and(|all| !all.points.is_empty());
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
        if let Some(between) = growth_between(phases)
            && series.dimension == Some(Dimension::DATA)
        {
            let window = eval::Window::Between {
                from: between.from.into(),
                to: between.to.into(),
            };
            let growth = floors::growth(phases, set, name, &window);
            let figure = match growth {
                Ok(growth) => {
                    let figure = in_series(series, growth.value);
                    match growth.between {
                        Some(bounds) => figure.with_bounds(bounds),
                        None => figure,
                    }
                }
                Err(lack) => Figure::unavailable(lack.reason),
            };
            figures.insert(format!("{name}.growth"), figure);
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

/// The phases between whose floors a case's `memory.growth` is: the first and the last with a
/// quiet end. None where there are no two.
pub fn growth_between(phases: &[PhaseData]) -> Option<Between> {
    let (from, to) = floors::quiet_ends(phases)?;
    Some(Between {
        from: from.name.clone(),
        to: to.name.clone(),
    })
}

fn in_series(series: &Series, value: f64) -> Figure {
    let dimension = series.dimension.unwrap_or(Dimension::NONE);
    Figure::quantity(Quantity::new(value, dimension))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::record::Failure;
    use crate::measure::case::Round;

    fn failed(class: FailureClass, detail: &str) -> Record {
        Record {
            outcome: Outcome::Failed(Failure {
                class,
                detail: detail.into(),
            }),
            ..Record::default()
        }
    }

    fn answered(load: &str) -> Record {
        Record {
            load: Some(load.into()),
            first_token: Some(0.25),
            end: 1.0,
            ..Record::default()
        }
    }

    #[test]
    fn a_phase_has_every_metric_and_its_loads_have_theirs() {
        let mut phase = PhaseData {
            name: "mix".into(),
            load_names: vec!["chat".into(), "batch".into()],
            judged: true,
            records: vec![
                answered("chat"),
                answered("batch"),
                failed(FailureClass::Status, "500: no"),
                failed(FailureClass::Connect, "refused"),
                failed(FailureClass::Connect, "refused again"),
            ],
            ..PhaseData::default()
        };
        let result = phase_result(&phase);
        let of_requests = |metric: &&MetricDef| !OF_REPLICAS.contains(&metric.name);
        for metric in PHASE_METRICS.iter().filter(of_requests) {
            let stats: &[&str] = match metric.shape {
                Shape::Scalar => &[""],
                Shape::Distribution => DISTRIBUTION_STATS,
            };
            for stat in stats {
                let dot = if stat.is_empty() { "" } else { "." };
                for prefix in ["", "chat.", "batch."] {
                    let key = format!("{prefix}{}{dot}{stat}", metric.name);
                    assert!(result.metrics.contains_key(&key), "{key}");
                }
            }
        }
        let metric = |key: &str| result.metrics[key].clone();
        assert_eq!(metric("ttft.p50").text, "250 ms");
        assert_eq!(metric("ttft.p50").samples, Some(2));
        assert_eq!(metric("ttft.count").text, "2");
        assert_eq!(metric("chat.ttft.p50").samples, Some(1));
        assert_eq!(metric("success_rate").text, "40 %");
        assert_eq!(metric("chat.success_rate").text, "100 %");
        assert!(metric("tpot.p50").value.is_none() && metric("tpot.p50").unavailable.is_some());
        let failures: Vec<(&str, u64, &str)> = (result.failures.iter())
            .map(|f| (f.class.as_str(), f.count, f.example.as_str()))
            .collect();
        assert_eq!(
            failures,
            [("connect", 2, "refused"), ("status", 1, "500: no")]
        );
        assert_eq!(result.skipped, None);

        phase.judged = false;
        let unjudged = phase_result(&phase).metrics;
        for gone in ["accept_rate", "chat.accept_rate", "batch.accept_rate"] {
            assert!(!unjudged.contains_key(gone), "{gone}");
        }
        assert_eq!(unjudged.len() + 3, result.metrics.len());

        phase.not_run = Some("the server died".into());
        let cut = phase_result(&phase);
        assert_eq!(cut.skipped, None);
        assert_eq!(cut.notes[0], "`mix` did not wholly run: the server died");
        (phase.records, phase.load_names) = (Vec::new(), Vec::new());
        let never = phase_result(&phase);
        assert_eq!(never.skipped.as_deref(), Some("the server died"));
        assert!(never.metrics.is_empty() && never.notes.is_empty());
    }

    #[test]
    fn a_server_has_the_figures_of_its_series() {
        let mut set = SeriesSet::default();
        for (t, value) in [(0.0, 5e8), (1.0, 9e8), (2.0, 6e8)] {
            set.push("memory", Dimension::DATA, t, value);
            set.push("kv_usage", Dimension::NONE, t, value / 1e9);
        }
        set.push("roles.worker.pss", Dimension::DATA, 1.5, 4e8);
        set.unavailable("gpu_memory", "no NVML library");
        let phases = [PhaseData {
            name: "stress".into(),
            rounds: vec![Round {
                start: 0.5,
                end: 1.0,
                ..Round::default()
            }],
            start: 0.5,
            end: 1.0,
            ..PhaseData::default()
        }];
        let figures = server_figures(&set, &phases);
        let text = |key: &str| figures[key].text.as_str();
        assert_eq!(
            ["memory.first", "memory.max", "memory.last"].map(text),
            ["500 MB", "900 MB", "600 MB"]
        );
        assert_eq!(text("kv_usage.mean"), "0.667");
        assert_eq!(text("roles.worker.pss@stress"), "400 MB");
        let gpu = &figures["gpu_memory.max"];
        assert_eq!(gpu.unavailable.as_deref(), Some("no NVML library"));
        assert_eq!(gpu.value, None);
        let nothing = server_figures(&SeriesSet::default(), &[]);
        assert!(nothing["memory.max"].unavailable.is_some());
    }
}
