//! Several runs of one scenario beside each other: a row for each case, phase and metric, and a
//! column for each run, with what it comes to in relation to the real one.

use super::figures::{FEW, NONE, column, in_column_unit};
use super::markdown::{escape, table};
use super::model::{CaseResult, Figure, RunResult, World};
use super::text::cell;
use crate::units::number;
use indexmap::IndexSet;
use serde::Serialize;

/// A run, and its cases.
pub struct Run {
    pub run: RunResult,
    pub cases: Vec<CaseResult>,
}

/// The runs' figures beside each other.
#[derive(Debug, Serialize)]
pub struct SideBySide {
    /// What each run is called: its world, and where two are of one world its folder too.
    pub runs: Vec<String>,
    /// To which of them the others are related: the real one, or the first where none is.
    pub base: usize,
    pub rows: Vec<Row>,
}

#[derive(Debug, Serialize)]
pub struct Row {
    pub scenario: String,
    pub case: String,
    /// Or the server that it is of; empty where it is of the whole case.
    pub phase: String,
    pub metric: String,
    /// Whether `phase` is a server.
    #[serde(skip)]
    of_server: bool,
    /// Of each run; of what it does not know, why not.
    pub figures: Vec<Figure>,
    /// Of each run: the figure divided by the base's, where both are numbers.
    pub ratios: Vec<Option<f64>>,
}

/// What a row is of.
#[derive(PartialEq, Eq, Hash)]
enum Key<'a> {
    Verdict,
    Check(&'a str),
    Phase(&'a str, &'a str),
    Server(&'a str, &'a str),
}

impl SideBySide {
    /// None where the runs have no case in common.
    pub fn of(runs: &[Run]) -> Option<Self> {
        let base = runs.iter().position(|run| run.run.world == World::Real);
        let base = base.unwrap_or(0);
        let ids = |run: &'_ Run| -> IndexSet<(String, String)> {
            let cases = run.cases.iter();
            cases
                .map(|case| (case.scenario.clone(), case.case.clone()))
                .collect()
        };
        let all: IndexSet<(String, String)> = runs.iter().flat_map(ids).collect();
        let common = |id: &&(String, String)| runs.iter().all(|run| find(run, id).is_some());
        all.iter().find(common)?;
        let mut rows = Vec::new();
        for id in &all {
            let cases: Vec<Option<&CaseResult>> = runs.iter().map(|run| find(run, id)).collect();
            let keys: IndexSet<Key<'_>> = cases.iter().flatten().flat_map(|c| keys(c)).collect();
            let keys = sorted(keys);
            rows.extend(keys.iter().map(|key| row(id, key, &cases, base)));
        }
        Some(Self {
            runs: names(runs),
            base,
            rows,
        })
    }

    /// The table as Markdown: of distributions the mean, the median and p99 alone, and nothing that
    /// no run knows, or that is nothing in all. Why one does not stands below.
    pub fn markdown(&self) -> String {
        let mut reasons: IndexSet<String> = IndexSet::new();
        let several = |part: fn(&Row) -> &str| {
            let mut parts = self.rows.iter().map(part);
            let first = parts.next();
            parts.any(|one| Some(one) != first)
        };
        let (scenarios, cases) = (several(|row| &row.scenario), several(|row| &row.case));
        let mut headers: Vec<String> = Vec::new();
        headers.extend(scenarios.then(|| "scenario".to_string()));
        headers.extend(cases.then(|| "case".to_string()));
        headers.extend(["phase".into(), "metric".into()]);
        headers.extend(self.columns().map(|name| escape(&name)));
        let shown = self.rows.iter().filter(|row| row.matters());
        let rows: Vec<Vec<String>> = shown
            .map(|row| {
                let mut cells: Vec<String> = Vec::new();
                cells.extend(scenarios.then(|| escape(&row.scenario)));
                cells.extend(cases.then(|| escape(&row.case)));
                cells.extend([escape(&row.phase), escape(&row.metric)]);
                for (at, figure) in row.figures.iter().enumerate() {
                    cells.push(said(figure, &mut reasons));
                    if at != self.base {
                        cells.push(row.ratios[at].map_or(String::new(), |r| number(r, 3)));
                    }
                }
                cells
            })
            .collect();
        let mut text = table(&headers, &rows);
        if rows.iter().flatten().any(|cell| cell.ends_with(FEW)) {
            text.push_str(&format!("\n{FEW} of too few values\n"));
        }
        if !reasons.is_empty() {
            text.push('\n');
        }
        for (at, why) in reasons.iter().enumerate() {
            text.push_str(&format!("{}. {}\n", at + 1, escape(why)));
        }
        text
    }

    /// All rows as CSV: values in the row's unit, and why there is none in a column of its own.
    ///
    /// # Errors
    /// None but those of the CSV writer.
    pub fn csv(&self) -> Result<Vec<u8>, csv::Error> {
        let mut out = csv::Writer::from_writer(Vec::new());
        let mut headers = ["scenario", "case", "phase", "metric", "unit"]
            .map(String::from)
            .to_vec();
        headers.extend(self.columns());
        headers.extend(self.runs.iter().map(|name| format!("{name}: why not")));
        out.write_record(&headers)?;
        for row in &self.rows {
            let unit = row.figures.iter().find_map(|figure| figure.dimension);
            let unit = unit.map_or_else(String::new, |dimension| column(dimension).0);
            let named = [&row.scenario, &row.case, &row.phase, &row.metric, &unit];
            let mut cells: Vec<String> = named.map(|text| cell(text)).to_vec();
            for (at, figure) in row.figures.iter().enumerate() {
                cells.push(match in_column_unit(figure) {
                    Some(value) => value,
                    None if figure.unavailable.is_some() => String::new(),
                    None => cell(&figure.text),
                });
                if at != self.base {
                    cells.push(row.ratios[at].map_or(String::new(), |r| number(r, 6)));
                }
            }
            let whys = row.figures.iter();
            cells
                .extend(whys.map(|figure| cell(figure.unavailable.as_deref().unwrap_or_default())));
            out.write_record(&cells)?;
        }
        out.into_inner().map_err(|error| error.into_error().into())
    }

    /// Of each run its name, and of those that are related to another how.
    fn columns(&self) -> impl Iterator<Item = String> {
        let base = &self.runs[self.base];
        self.runs.iter().enumerate().flat_map(move |(at, name)| {
            let ratio = (at != self.base).then(|| format!("{name} / {base}"));
            std::iter::once(name.clone()).chain(ratio)
        })
    }
}

impl Row {
    /// Whether a page for people has it: something that a run knows and that is not nothing
    /// everywhere, and of servers what their engines say and how much memory they took.
    fn matters(&self) -> bool {
        let (series, statistic) = match self.metric.rsplit_once('.') {
            Some(parts) => parts,
            None => (&*self.metric, ""),
        };
        let known = (self.figures.iter()).any(|figure| figure.unavailable.is_none());
        let something = |figure: &Figure| figure.unavailable.is_none() && figure.value != Some(0.0);
        let something = self.figures.iter().any(something) || series.ends_with("failed");
        let wanted = match self.of_server {
            true if ["memory", "gpu_memory"].contains(&series) => {
                ["max", "growth"].contains(&statistic)
            }
            true => !self.of_process(series) && ["mean", "max"].contains(&statistic),
            false => {
                !series.ends_with("lateness") && ["", "mean", "p50", "p99"].contains(&statistic)
            }
        };
        known && something && wanted
    }

    /// Whether a series is one that is sampled of processes, of GPUs and of the machine.
    fn of_process(&self, series: &str) -> bool {
        let sampled = [
            "roles.",
            "gpus.",
            "gpu_",
            "host_",
            "cgroup_",
            "probe_",
            "memory_",
            "pss",
            "uss",
            "swap_pss",
            "processes",
        ];
        sampled.iter().any(|start| series.starts_with(start))
    }
}

fn find<'a>(run: &'a Run, (scenario, case): &(String, String)) -> Option<&'a CaseResult> {
    let named = |one: &&CaseResult| one.scenario == *scenario && one.case == *case;
    run.cases.iter().find(named)
}

fn names(runs: &[Run]) -> Vec<String> {
    let name = |one: &Run| {
        let world = one.run.world;
        let alike = runs.iter().filter(|other| other.run.world == world);
        match alike.count() {
            1 => world.name().to_string(),
            _ => format!("{} ({})", world.name(), one.run.id),
        }
    };
    runs.iter().map(name).collect()
}

fn keys(case: &CaseResult) -> impl Iterator<Item = Key<'_>> {
    let checks = case.checks.iter().map(|check| Key::Check(&check.name));
    let phases = case.phases.iter().flat_map(|phase| {
        let metrics = phase.metrics.keys();
        metrics.map(|metric| Key::Phase(&phase.name, metric))
    });
    let servers = case.servers.iter().flat_map(|server| {
        let metrics = server.metrics.keys();
        metrics.map(|metric| Key::Server(&server.name, metric))
    });
    std::iter::once(Key::Verdict)
        .chain(checks)
        .chain(phases)
        .chain(servers)
}

/// Rows of one thing beside each other, also those that the first run does not have.
fn sorted(keys: IndexSet<Key<'_>>) -> Vec<Key<'_>> {
    fn of<'a>(key: &Key<'a>) -> (u8, &'a str) {
        match key {
            Key::Verdict => (0, ""),
            Key::Check(_) => (1, ""),
            Key::Phase(phase, _) => (2, phase),
            Key::Server(server, _) => (3, server),
        }
    }
    let groups: IndexSet<(u8, &str)> = keys.iter().map(of).collect();
    let mut keys: Vec<Key<'_>> = keys.into_iter().collect();
    keys.sort_by_key(|key| (of(key).0, groups.get_index_of(&of(key))));
    keys
}

fn row(
    (scenario, case): &(String, String),
    key: &Key<'_>,
    cases: &[Option<&CaseResult>],
    base: usize,
) -> Row {
    let (phase, metric) = match key {
        Key::Verdict => ("", "verdict".to_string()),
        Key::Check(name) => ("", format!("check {name}")),
        Key::Phase(of, metric) | Key::Server(of, metric) => (*of, (*metric).to_string()),
    };
    let figure = |case: &Option<&CaseResult>| match case {
        Some(case) => figure(case, key),
        None => Figure::unavailable("the run has no such case"),
    };
    let figures: Vec<Figure> = cases.iter().map(figure).collect();
    let of_base = figures[base].value.filter(|value| *value != 0.0);
    let ratio = |figure: &Figure| Some(figure.value? / of_base?);
    let ratios = figures.iter().enumerate();
    Row {
        scenario: scenario.clone(),
        case: case.clone(),
        phase: phase.into(),
        metric,
        of_server: matches!(key, Key::Server(..)),
        ratios: ratios
            .map(|(at, figure)| ratio(figure).filter(|_| at != base))
            .collect(),
        figures,
    }
}

/// What a case has of it, or why it has nothing.
fn figure(case: &CaseResult, key: &Key<'_>) -> Figure {
    let nothing = |why: Option<&String>| {
        let of_case = || case.error.as_ref().map(|error| &error.message);
        let why = why.or(case.infeasible.as_ref()).or_else(of_case);
        Figure::unavailable(why.map_or("it was not measured", |why| why))
    };
    match *key {
        Key::Verdict => Figure::text(case.verdict.name()),
        Key::Check(name) => match case.checks.iter().find(|check| check.name == name) {
            Some(check) => Figure::text(check.verdict.name()),
            None => nothing(None),
        },
        Key::Phase(name, metric) => {
            let phase = case.phases.iter().find(|phase| phase.name == name);
            let known = phase.and_then(|phase| phase.metrics.get(metric));
            let why = || nothing(phase.and_then(|phase| phase.skipped.as_ref()));
            known.cloned().unwrap_or_else(why)
        }
        Key::Server(name, metric) => {
            let server = case.servers.iter().find(|server| server.name == name);
            let of = |metric: &str| server.and_then(|server| server.metrics.get(metric));
            // why there is nothing of a series its maximum says
            let series = metric.rsplit_once('.').map_or(metric, |(series, _)| series);
            let most = of(&format!("{series}.max"));
            let why = most.and_then(|figure| figure.unavailable.as_ref());
            let known = of(metric).cloned();
            known.unwrap_or_else(|| match (why, case.world.simulated()) {
                (None, Some(world)) if case.error.is_none() => {
                    Figure::unavailable(format!("nothing has it where all is {world}"))
                }
                _ => nothing(why),
            })
        }
    }
}

/// A cell, with the number of the reason where there is no figure.
fn said(figure: &Figure, reasons: &mut IndexSet<String>) -> String {
    match &figure.unavailable {
        Some(why) => {
            let (at, _) = reasons.insert_full(why.clone());
            format!("{NONE} ({})", at + 1)
        }
        None if figure.too_few() => format!("{} {FEW}", escape(&figure.text)),
        None => escape(&figure.text),
    }
}

#[cfg(test)]
#[path = "worlds_tests.rs"]
mod tests;
