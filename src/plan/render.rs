//! The plan for people. What the cases of a scenario have in common is said once.

use super::fold::{listed, variants};
use super::page::Page;
use super::wrap::{widest, wrap};
use super::{Estimate, Plan, count, gpus, phase_words, time_words, workload_words};
use crate::report::text::one_line;
use crate::scenario::{Case, LoadSpec, PhaseSpec, ReportSpec};
use crate::syntax::ast::CheckLevel;
use comfy_table::{ContentArrangement, Table, presets};
use indexmap::{IndexMap, IndexSet};
use std::sync::Arc;

/// How a plan is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal.
    pub width: usize,
}

/// The widest that labels get before their text moves away from them.
const WIDEST_LABEL: usize = 24;

/// The plan as text; ends with a line end.
pub fn render(cases: &[Case], plan: &Plan, style: Style) -> String {
    let mut page = Page::new(style);
    page.totals(cases, plan);
    let mut scenarios: IndexMap<&str, Vec<usize>> = IndexMap::new();
    for (index, case) in cases.iter().enumerate() {
        scenarios.entry(&case.scenario).or_default().push(index);
    }
    let mut launch_of = vec![None; cases.len()];
    for (launch, index) in plan.order() {
        launch_of[index] = Some(launch.number);
    }
    for (name, indices) in &scenarios {
        let rows: Vec<(Option<u32>, &Case)> = indices
            .iter()
            .map(|&index| (launch_of[index], &cases[index]))
            .collect();
        page.scenario(name, &rows);
    }
    page.launches(cases, plan);
    page.text
}

/// How many cases there are; `6 of 9 cases` where the others cannot work.
fn said_cases(cases: &[Case]) -> String {
    let left_out = cases
        .iter()
        .filter(|case| case.infeasible.is_some())
        .count();
    let all = count(cases.len() as u64, "case");
    match cases.len() - left_out {
        // nothing runs: that is said of each
        0 => all,
        _ if left_out == 0 => all,
        run => format!("{run} of {all}"),
    }
}

impl Page {
    fn totals(&mut self, cases: &[Case], plan: &Plan) {
        let launches = plan.launches.len();
        let simulated = plan.simulated(cases) as u64;
        if simulated > 0 && launches == 0 {
            let line = format!("{}, simulated; no GPU", said_cases(cases));
            let line = self.bold(&line);
            self.line(0, &line);
            return self.given(&plan.given);
        }
        let gpus = match plan.gpus() {
            0 => "no GPU".to_string(),
            gpus => count(gpus, "GPU"),
        };
        let starting = match plan.starts() {
            0 => String::new(),
            starts => format!(", plus {}", count(starts as u64, "server start")),
        };
        let line = format!(
            "{} on {launches} launch{}{}; {gpus}; time: {}{starting}",
            said_cases(cases),
            if launches == 1 { "" } else { "es" },
            match simulated {
                0 => String::new(),
                some => format!(", {some} of them simulated"),
            },
            plan.estimate(cases).words(),
        );
        for line in wrap(&line, self.style.width) {
            let line = self.bold(&line);
            self.line(0, &line);
        }
        if plan.estimate(cases).answers > 0 {
            let why = "answers are those of closed loops that come one after another (requests over clients): each takes as long as the server needs";
            self.entry(2, "time", 4, &[why.to_string()]);
        }
        for note in &plan.notes {
            self.entry(2, "note", 4, &[one_line(note)]);
        }
        self.given(&plan.given);
    }

    fn scenario(&mut self, name: &str, rows: &[(Option<u32>, &Case)]) {
        let cases: Vec<&Case> = rows.iter().map(|(_, case)| *case).collect();
        let Some(first) = cases.first() else { return };
        self.text.push('\n');
        let title = self.bold(&format!("scenario {}", one_line(name)));
        let tags = if first.tags.is_empty() {
            String::new()
        } else {
            format!("[{}]", first.tags.join(", "))
        };
        let tags = self.dim(&one_line(&tags));
        self.line(0, &format!("{title}  {tags}"));
        if let Some(doc) = &first.scenario_doc {
            for line in wrap(&one_line(doc), self.style.width.saturating_sub(2)) {
                self.line(2, &line);
            }
        }
        self.cases(rows);
        // of what does not run there is no more to say
        let mut cases = cases;
        cases.retain(|case| case.infeasible.is_none());
        self.phases(&cases);
        self.workloads(&cases);
        self.checks(&cases);
        self.ranks(&cases);
        self.reports(&cases);
    }

    /// A row per case: the launch, the axes, GPUs and time.
    fn cases(&mut self, rows: &[(Option<u32>, &Case)]) {
        let Some((_, first)) = rows.first() else {
            return;
        };
        self.heading("cases");
        let named = rows
            .iter()
            .any(|(_, case)| case.axes.is_empty() || case.id != id_of_axes(case));
        let mut table = Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic);
        table
            .set_width(u16::try_from(self.style.width.saturating_sub(4)).unwrap_or(u16::MAX))
            .force_no_tty();
        let mut header: Vec<String> = named.then(|| "case".to_string()).into_iter().collect();
        header.extend(first.axes.keys().cloned());
        header.extend(["launch".into(), "GPUs".into(), "time".into()]);
        table.set_header(header);
        for (launch, case) in rows {
            let mut row: Vec<String> = named.then(|| one_line(&case.id)).into_iter().collect();
            row.extend(case.axes.values().map(|figure| one_line(&figure.text)));
            let gpus = gpus(&case.servers).to_string();
            row.extend(match launch {
                Some(launch) => [launch.to_string(), gpus, Estimate::of_case(case).words()],
                None if case.infeasible.is_none() => ["–".into(), gpus, "simulated".into()],
                None => ["–".into(), gpus, "not feasible".into()],
            });
            table.add_row(row);
        }
        if let Some(column) = table.column_mut(0) {
            column.set_padding((0, 1));
        }
        for line in table.lines() {
            self.line(4, line.trim_end());
        }
        let mut reasons: IndexMap<&str, Vec<String>> = IndexMap::new();
        for (_, case) in rows {
            let why = case.infeasible.as_deref().into_iter();
            why.for_each(|why| reasons.entry(why).or_default().push(case.id.clone()));
        }
        for (why, ids) in reasons {
            let line = one_line(&format!("{}: {why}", listed(ids, "; ")));
            self.entry(4, "not feasible", 12, &[line]);
        }
        let cases: Vec<&Case> = rows.iter().map(|(_, case)| *case).collect();
        let limits = variants(&cases, |case| {
            let requests = match request_timeouts(case) {
                Some(text) => format!(", {text} per request"),
                None => String::new(),
            };
            format!(
                "{} per case{requests}",
                time_words(case.timeout.as_secs_f64())
            )
        });
        self.variants(4, "timeout", 7, &limits);
    }

    fn phases(&mut self, cases: &[&Case]) {
        self.heading("phases");
        let names: Vec<&str> = names(cases, |case| {
            case.phases
                .iter()
                .map(|phase| phase.name.as_str())
                .collect()
        });
        let width = widest(names.iter().copied(), WIDEST_LABEL);
        for name in names {
            let text = |case: &Case| match case.phases.iter().find(|phase| phase.name == name) {
                Some(phase) => format!("{}{}", phase_words(phase), asks(case, phase)),
                None => "absent".into(),
            };
            self.variants(4, name, width, &variants(cases, text));
        }
    }

    fn workloads(&mut self, cases: &[&Case]) {
        let names = names(cases, |case| {
            loads(case)
                .map(|load| load.workload.name.as_str())
                .collect()
        });
        if names.is_empty() {
            return;
        }
        self.heading("workloads");
        let width = widest(names.iter().copied(), WIDEST_LABEL);
        for name in names {
            let text = |case: &Case| {
                let asked = loads(case).find(|load| load.workload.name == name);
                asked.map_or("absent".into(), |load| workload_words(&load.workload))
            };
            self.variants(4, name, width, &variants(cases, text));
        }
    }

    fn checks(&mut self, cases: &[&Case]) {
        let names = names(cases, |case| {
            case.checks
                .iter()
                .map(|check| check.name.as_str())
                .collect()
        });
        if names.is_empty() {
            return;
        }
        self.heading("checks");
        let width = widest(names.iter().copied(), WIDEST_LABEL);
        for name in names {
            let text = |case: &Case| match case.checks.iter().find(|check| check.name == name) {
                Some(check) => {
                    let warn = if check.level == CheckLevel::Warn {
                        "warn "
                    } else {
                        ""
                    };
                    let when = check
                        .when_text
                        .as_ref()
                        .map(|when| format!(" when {when}"))
                        .unwrap_or_default();
                    let because = check
                        .because
                        .as_ref()
                        .map(|because| format!(" – {because}"))
                        .unwrap_or_default();
                    format!("{warn}{}{when}{because}", check.text)
                }
                None => "absent".into(),
            };
            // what reads other cases is judged once, and is in none of the others
            let across = |case: &&&Case| {
                let mut checks = case.checks.iter();
                checks.any(|check| check.name == name && check.across.is_some())
            };
            let judged: Vec<&Case> = cases.iter().filter(across).copied().collect();
            let of = if judged.is_empty() { cases } else { &judged };
            self.variants(4, name, width, &variants(of, text));
        }
    }

    fn ranks(&mut self, cases: &[&Case]) {
        let names = names(cases, |case| {
            case.ranks.iter().map(|rank| rank.name.as_str()).collect()
        });
        if names.is_empty() {
            return;
        }
        self.heading("ranks");
        let width = widest(names.iter().copied(), WIDEST_LABEL);
        for name in names {
            let text = |case: &Case| match case.ranks.iter().find(|rank| rank.name == name) {
                Some(rank) => {
                    let order = if rank.highest { "highest" } else { "lowest" };
                    let within: Vec<&str> =
                        rank.within.iter().map(|(text, _)| text.as_str()).collect();
                    let within = match within.is_empty() {
                        true => "over all cases".to_string(),
                        false => format!("within {}", within.join(", ")),
                    };
                    format!("{order} {}, {within}", rank.text)
                }
                None => "absent".into(),
            };
            self.variants(4, name, width, &variants(cases, text));
        }
    }

    fn reports(&mut self, cases: &[&Case]) {
        let names = names(cases, |case| {
            case.reports
                .iter()
                .map(|report| report.name.as_str())
                .collect()
        });
        if names.is_empty() {
            return;
        }
        self.heading("reports");
        let width = widest(names.iter().copied(), WIDEST_LABEL);
        for name in names {
            let reports: Vec<&Arc<ReportSpec>> = cases
                .iter()
                .flat_map(|case| case.reports.iter().filter(|report| report.name == name))
                .collect();
            let paths: IndexSet<String> = reports
                .iter()
                .flat_map(|report| report.to.iter().cloned())
                .collect();
            let from = reports.first().map(|report| match &report.template {
                Some(template) => format!(" from {}", template.name),
                None if report.columns.is_empty() => String::new(),
                None => format!(" ({})", count(report.columns.len() as u64, "column")),
            });
            let paths = listed(paths.into_iter().collect(), ", ");
            self.entry(
                4,
                name,
                width,
                &[one_line(&format!("{paths}{}", from.unwrap_or_default()))],
            );
        }
    }
}

/// The id that a case has where nothing names it otherwise.
fn id_of_axes(case: &Case) -> String {
    let axes: Vec<String> = case
        .axes
        .iter()
        .map(|(name, figure)| format!("{name}={}", figure.text.replace(' ', "")))
        .collect();
    axes.join(",")
}

/// Names in the order in which they first appear over the cases.
fn names<'c>(cases: &[&'c Case], of: impl Fn(&'c Case) -> Vec<&'c str>) -> Vec<&'c str> {
    let names: IndexSet<&str> = cases.iter().flat_map(|case| of(case)).collect();
    names.into_iter().collect()
}

/// ` (describe_image)`, and the server too where there are several.
fn asks(case: &Case, phase: &PhaseSpec) -> String {
    if phase.skipped.is_some() || phase.loads.is_empty() {
        return String::new();
    }
    let said = |load: &LoadSpec| match case.servers.len() {
        0 | 1 => load.workload.name.clone(),
        _ => format!("{} of {}", load.workload.name, load.server),
    };
    let asked: IndexSet<String> = phase.loads.iter().map(said).collect();
    format!(" ({})", asked.into_iter().collect::<Vec<_>>().join(", "))
}

/// `10 min`, or where loads differ `30 s to 10 min`; none without loads.
fn request_timeouts(case: &Case) -> Option<String> {
    let timeouts = || loads(case).map(|load| load.load.timeout);
    let [least, most] = [timeouts().min()?, timeouts().max()?];
    let [shortest, longest] = [least, most].map(|limit| time_words(limit.as_secs_f64()));
    Some(match least == most {
        true => longest,
        false => format!("{shortest} to {longest}"),
    })
}

fn loads(case: &Case) -> impl Iterator<Item = &LoadSpec> {
    case.phases.iter().flat_map(|phase| &phase.loads)
}
