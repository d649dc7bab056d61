//! `each`: what the files of a report tell of, and that each of them has a path of its own.

use super::compile::runs;
use super::context::Context;
use super::report::SUMMARY;
use super::{Case, PhaseSpec, ReportSpec};
use crate::check::names_in;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Handle, Scope, Value};
use crate::report::model::{Each, Part};
use crate::resolve::{Flat, FlatAttr};
use std::collections::HashMap;
use std::sync::Arc;

/// So many files of one report nobody reads.
const MOST_FILES: u64 = 10_000;

/// The parts that a case has in a report: one without a part where it says no `each`. None after
/// a mistake.
pub(super) fn of(cx: &Context<'_>, flat: &Flat, case: &Case) -> Option<Vec<Option<Part>>> {
    let each = match cx.attr(flat, "each") {
        Value::Text(each) => each,
        Value::None => return Some(vec![None]),
        _ => return None,
    };
    let part = |each, unit: &str| Part {
        each,
        unit: unit.to_string(),
        phase: None,
        round: None,
        figures: None,
    };
    let whole = |each, unit: &str| Some(vec![Some(part(each, unit))]);
    let each = match each.as_ref() {
        "run" => return whole(Each::Run, ""),
        "scenario" => return whole(Each::Scenario, &case.scenario),
        // the cases that share it are known once all are
        "server" => return whole(Each::Server, &case.id),
        "case" => return whole(Each::Case, &case.id),
        "phase" => Each::Phase,
        _ => Each::Round,
    };
    if !case.phases.iter().any(|phase| loaded(&phase)) && lacks_phases(cx, case) {
        return None;
    }
    if !case.phases.iter().any(|phase| loaded(&phase)) {
        let message = "no measured phase of this scenario sends load: there is nothing to write";
        let found = Diagnostic::error(codes::REPORT_FILES, cx.place(flat, "each"), message);
        cx.eval
            .report(found.help("`each = \"case\"` has figures of servers, too"));
        return None;
    }
    let files = case.phases.iter().filter(loaded).map(|phase| match each {
        Each::Phase => 1,
        _ => phase.repeat,
    });
    let files = files.fold(0u64, u64::saturating_add);
    if files > MOST_FILES {
        let message =
            format!("this report would be {files} files, and more than {MOST_FILES} are too many");
        let found = Diagnostic::error(codes::REPORT_FILES, cx.place(flat, "each"), message);
        cx.eval
            .report(found.help("write one file for each phase: `each = \"phase\"`"));
        return None;
    }
    let mut parts = Vec::new();
    let phases = case.phases.iter().filter(loaded);
    for phase in phases.filter(|phase| phase.skipped.is_none()) {
        let of_phase = |round: Option<u64>| Part {
            phase: Some(phase.name.clone()),
            round: round.and_then(|round| u32::try_from(round).ok()),
            ..part(
                each,
                &match round {
                    None => format!("{} / {}", case.id, phase.name),
                    Some(round) => format!("{} / {} / {round}", case.id, phase.name),
                },
            )
        };
        match each {
            Each::Phase => parts.push(Some(of_phase(None))),
            _ => parts.extend((0..phase.repeat).map(|round| Some(of_phase(Some(round))))),
        }
    }
    Some(parts)
}

/// The phase that a report says it is of, or the only one that it can be of; none where its files
/// are of one each, or nothing of it reads `phase`.
pub(super) fn phase(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    case: &Case,
    parts: &[Option<Part>],
) -> Option<Value> {
    let of_each = parts.iter().flatten().any(|part| part.phase.is_some());
    if let Some(attr) = flat.attrs.get("phase") {
        return Some(named(&cx.inside(flat), attr, of_each));
    }
    // what the scenario itself calls so stays that
    if of_each || cx.scope.has("phase") || !names_in(flat).contains("phase") {
        return None;
    }
    let mut all = case.phases.iter().filter(loaded);
    Some(match (all.next(), all.next()) {
        (Some(phase), None) => {
            let phase = phase.name.as_str().into();
            Value::Handle(Handle::Phase { phase })
        }
        // one that is wrong, or that is not known, may be the one
        (None, _) if lacks_phases(cx, case) => Value::Error,
        _ => {
            which_phase(cx, flat, case);
            Value::Error
        }
    })
}

/// Whether the scenario has a phase that is not among the case's, after a mistake that was
/// reported, or may have one that is not known.
fn lacks_phases(cx: &Context<'_>, case: &Case) -> bool {
    let known = |name: &str| case.phases.iter().any(|phase| phase.name == name);
    let mut phases = cx.flat.children_of("phase");
    cx.flat.incomplete || !runs(cx.flat) || phases.any(|phase| !known(phase.title()))
}

fn named(cx: &Context<'_>, attr: &FlatAttr, of_each: bool) -> Value {
    let wrong = |rule, message: String, help: &str| {
        let found = Diagnostic::error(rule, attr.expr.span, message);
        cx.eval.report(found.help(help));
        Value::Error
    };
    if of_each {
        let message = "`each` makes a file for each phase, and `phase` names one";
        return wrong(
            codes::CONTRADICTION,
            message.into(),
            "leave one of them out",
        );
    }
    match cx.eval.eval(&attr.expr, &cx.scope.in_module(attr.module)) {
        value @ (Value::Handle(Handle::Phase { .. }) | Value::Error) => value,
        other => {
            let message = format!("`phase` takes a phase, this is {}", other.describe());
            wrong(
                codes::TYPE_MISMATCH,
                message,
                "name one of the scenario: `phase = steady`",
            )
        }
    }
}

/// Reports a report that reads `phase` where it may be any of several, or there is none.
fn which_phase(cx: &Context<'_>, flat: &Flat, case: &Case) {
    let names = case.phases.iter().filter(loaded).map(|p| p.name.as_str());
    let names: Vec<&str> = names.collect();
    let title = flat.title();
    let (message, help) = match names.first() {
        Some(first) => (
            format!(
                "`{title}` is of one phase, and these send load: {}",
                names.join(", ")
            ),
            format!("say which: `phase = {first}`; or make a file for each: `each = \"phase\"`"),
        ),
        None => (
            format!("`{title}` is of one phase, and no measured one sends load"),
            "give one a load: `phase steady { workload = …, concurrency = 4, requests = 200 }`"
                .into(),
        ),
    };
    let found = Diagnostic::error(codes::WHICH_PHASE, flat.head(), message);
    cx.eval.report(found.help(help));
}

fn loaded(phase: &&Arc<PhaseSpec>) -> bool {
    phase.measured && !phase.loads.is_empty()
}

/// The names that a report's expressions see, with `phase` and `round` where there is one of them.
pub(super) fn scope(cx: &Context<'_>, part: Option<&Part>, phase: Option<&Value>) -> Scope {
    let of_part = part.and_then(|part| part.phase.as_deref());
    let round = part.and_then(|part| part.round);
    let of_part = of_part.map(|phase| {
        let phase = phase.into();
        Value::Handle(Handle::Phase { phase })
    });
    let phase = of_part
        .or_else(|| phase.cloned())
        .map(|phase| ("phase", phase));
    let round = round.map(|round| ("round", Value::plain(f64::from(round))));
    let values: Vec<(&str, Value)> = phase.into_iter().chain(round).collect();
    let unset: Vec<&str> = ["phase", "round"]
        .into_iter()
        .filter(|name| !values.iter().any(|(set, _)| set == name) && !cx.scope.has(name))
        .collect();
    let why = "a report has it that says `each = \"phase\"` or `each = \"round\"`";
    cx.scope.without(&unset, why).with_values(values)
}

/// Gives reports of one server their unit, and finds files that would tell of several units, and
/// units that would be torn apart.
pub(super) fn files(flat: &Flat, cases: &mut [Case]) -> Vec<Diagnostic> {
    share_servers(cases);
    let mut found: Vec<Diagnostic> = Vec::new();
    let mut by_name: HashMap<&str, Vec<&ReportSpec>> = HashMap::new();
    for spec in cases.iter().flat_map(|case| &case.reports) {
        by_name.entry(&spec.name).or_default().push(spec);
    }
    for block in flat.children_of("report") {
        let mut paths: HashMap<&str, &Part> = HashMap::new();
        let mut units: HashMap<&str, &ReportSpec> = HashMap::new();
        for spec in by_name.get(block.title()).into_iter().flatten() {
            let Some(part) = &spec.part else { continue };
            let named = spec.to.iter().filter(|path| *path != SUMMARY);
            let taken = named.filter_map(|path| match paths.insert(path, part) {
                Some(other) if other.unit != part.unit => Some((path, other)),
                _ => None,
            });
            let taken: Vec<_> = taken.collect();
            let other = units.insert(&part.unit, spec);
            let message = match (taken.first(), other.filter(|other| other.to != spec.to)) {
                (Some((path, other)), _) => format!(
                    "`{path}` would be of {} and of {}: `each` makes a file for each",
                    of_what(other),
                    of_what(part)
                ),
                (None, Some(other)) => format!(
                    "what is of {} would go to `{}` and to `{}`: `each` makes one file of it",
                    of_what(part),
                    other.to.join("`, `"),
                    spec.to.join("`, `")
                ),
                (None, None) => continue,
            };
            let place = block.attrs.get("to");
            let place = place.map_or(block.head(), |attr| attr.expr.span);
            found
                .push(Diagnostic::error(codes::REPORT_FILES, place, message).help(help(part.each)));
            break;
        }
    }
    found
}

/// The first case on equal servers names the unit, unless each case has fresh ones.
fn share_servers(cases: &mut [Case]) {
    let of_server = |spec: &Arc<ReportSpec>| {
        spec.part
            .as_ref()
            .is_some_and(|part| part.each == Each::Server)
    };
    if !cases.iter().flat_map(|case| &case.reports).any(of_server) {
        return;
    }
    for at in 1..cases.len() {
        let (before, rest) = cases.split_at_mut(at);
        let [case, ..] = rest else { continue };
        let shares = |other: &&Case| !other.isolate && other.servers == case.servers;
        let Some(first) = before.iter().find(shares).map(|first| first.id.clone()) else {
            continue;
        };
        let parts = case.reports.iter_mut().filter(|r| r.part.is_some());
        let parts = parts.filter_map(|r| Arc::make_mut(r).part.as_mut());
        for part in parts.filter(|part| part.each == Each::Server) {
            part.unit.clone_from(&first);
        }
    }
}

fn of_what(part: &Part) -> String {
    match part.each {
        Each::Run => "the run".into(),
        Each::Scenario => format!("the scenario `{}`", part.unit),
        Each::Server => format!("the server of `{}`", part.unit),
        Each::Case | Each::Phase | Each::Round => format!("`{}`", part.unit),
    }
}

fn help(each: Each) -> &'static str {
    match each {
        Each::Run => "name one file: `to = \"results.csv\"`",
        Each::Scenario => "name one file for it: `to = \"${scenario}.csv\"`",
        Each::Server => {
            "name the axes that the server is made of, and no others: `to = \"tp${tp}.csv\"`"
        }
        Each::Case => "name the case: `to = \"${case.name}.csv\"`",
        Each::Phase => "name case and phase: `to = \"${case.name}_${phase.name}.txt\"`",
        Each::Round => {
            "name case, phase and round: `to = \"${case.name}_${phase.name}_${round}.json\"`"
        }
    }
}
