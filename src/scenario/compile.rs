//! From flat blocks to cases. Everything constant is evaluated here, once per case, so that
//! what is wrong with any of them is known before anything starts.

use super::by_name::Servers;
use super::context::Context;
use super::unmeasured::{Launched, Unmeasured};
use super::{
    Across, Case, ServerSpec, by_case, checks, cluster, constants, feasible, matrix, phase, rank,
    report, report_parts, server, server_log,
};
use crate::check::{is_whole, modules_of};
use crate::diagnostics::{Diagnostic, codes, has_errors};
use crate::eval::{
    Binding, Cases, Evaluator, FEASIBLE, Fitted, Handle, Layer, Nothing, Params, Scope, Shape,
    Value, shape_of,
};
use crate::report::Ending;
use crate::resolve::{Definition, DefinitionKind, Flat, ModuleId, Program};
use crate::units::{Dimension, Quantity, display_precise};
use indexmap::IndexMap;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Cases in order, what was found wrong with them, and the secrets that were seen.
#[derive(Debug, Default)]
pub struct Compiled {
    pub cases: Vec<Case>,
    pub found: Vec<Diagnostic>,
    pub secrets: Vec<Arc<str>>,
}

/// The scenarios of the root files that run, in order. One without phases is a base for others
/// and never runs.
pub fn scenarios(program: &Program) -> Vec<Arc<Flat>> {
    program
        .root_blocks("scenario")
        .map(|(_, flat)| flat.clone())
        .filter(|flat| runs(flat))
        .collect()
}

/// Whether a scenario has something to run.
pub(super) fn runs(flat: &Flat) -> bool {
    flat.children_of("phase").next().is_some()
}

/// Compiles every scenario of the root files for which `select` holds.
pub fn compile(program: &Program, params: &Params, select: &dyn Fn(&str) -> bool) -> Compiled {
    let mut chosen = scenarios(program);
    chosen.retain(|flat| select(flat.title()));
    compile_these(program, params, &chosen, None)
}

/// Compiles scenarios, be they of root files or of files that these use. `gpus` is how many the
/// machine has, where that is known: a scenario that leaves out what cannot work leaves out the
/// cases that need more.
pub fn compile_these(
    program: &Program,
    params: &Params,
    chosen: &[Arc<Flat>],
    gpus: Option<u64>,
) -> Compiled {
    let mut compiled = Compiled::default();
    let mut names: IndexMap<&str, Vec<&Arc<Flat>>> = IndexMap::new();
    for flat in chosen.iter().filter(|flat| runs(flat)) {
        let alike = names.entry(flat.title()).or_default();
        if alike.iter().any(|before| before.head() == flat.head()) {
            continue;
        }
        alike.push(flat);
        if alike.len() == 1 {
            let locals = Locals {
                gpus,
                ..Locals::of(program, flat)
            };
            scenario(locals, params, flat, &mut compiled);
        }
    }
    let repeated = names
        .iter()
        .filter_map(|(name, alike)| namesakes(program, name, alike));
    compiled.found.extend(repeated);
    let asked = compiled.cases.iter().any(|case| !case.reports.is_empty());
    if let (false, Some(summary)) = (asked, report::summary()) {
        for case in &mut compiled.cases {
            case.reports.push(summary.clone());
        }
    }
    compiled
}

/// So many attributes, checks and blocks may the cases of a scenario have in all: ten thousand cases
/// of what a screen shows.
const MOST_PARTS: usize = 1_000_000;

/// So many nodes of expressions may they visit.
const MOST_STEPS: u64 = 10_000_000;

/// So many files are named where many define scenarios of one name.
const FILES_NAMED: usize = 3;

/// Scenarios of one name, said once however many there are.
fn namesakes(program: &Program, name: &str, alike: &[&Arc<Flat>]) -> Option<Diagnostic> {
    let [first, second, rest @ ..] = alike else {
        return None;
    };
    let many = alike.len();
    let count = if rest.is_empty() {
        "two".into()
    } else {
        many.to_string()
    };
    let message = format!("{count} scenarios are called `{name}`");
    let mut found = Diagnostic::error(codes::DUPLICATE, second.head(), message)
        .says("the second")
        .label(first.head(), "the first");
    if !rest.is_empty() {
        let file = |flat: &&Arc<Flat>| program.sources.get(flat.head().file).name.clone();
        let named: Vec<String> = alike.iter().take(FILES_NAMED).map(file).collect();
        let more = if many > FILES_NAMED { ", …" } else { "" };
        found = found.help(format!(
            "{many} files define it: {}{more}",
            named.join(", ")
        ));
    }
    Some(found.help(
        "rename all but one, so that reports can tell them apart, or run their files one by one",
    ))
}

fn scenario(locals: Locals<'_>, params: &Params, flat: &Arc<Flat>, out: &mut Compiled) {
    let program = locals.program;
    let constant = Evaluator::new(program, params, &Nothing);
    let scope = |axes: &IndexMap<String, Value>| locals.scope(axes, None);
    let launched = |axes: &IndexMap<String, Value>| launched(&locals, params, flat, axes);
    let matrix::Rows {
        mut rows,
        mut unknown,
    } = matrix::rows(&constant, params, flat, &scope, &launched)
        .within(MOST_PARTS, &constant, flat);
    out.found.extend(constant.take_found());
    out.secrets.extend(constant.secrets());
    let mut ids: HashMap<String, IndexMap<String, Value>> = HashMap::new();
    let mut found = Vec::new();
    let mut cases = Vec::new();
    for axes in &rows {
        let (case, diagnostics) = one(&locals, params, flat, axes, &mut out.secrets);
        found.push((case.id.clone(), diagnostics));
        cases.push(case);
        if locals.steps.get() > MOST_STEPS {
            out.found.push(too_long(flat, cases.len(), rows.len()));
            unknown.extend(axes.keys().cloned());
            break;
        }
    }
    rows.truncate(cases.len());
    // checks may ask of other cases whether they can work
    let all = Arc::new(Cases {
        infeasible: feasible::of_all(&cases),
        fits: fits(&cases),
        unknown,
        ..all_cases(flat, &rows, &cases)
    });
    let first = out.cases.len();
    for ((mut case, axes), (_, found)) in cases.into_iter().zip(rows).zip(&mut found) {
        case.cases = all.clone();
        if locals.steps.get() > 2 * MOST_STEPS {
            out.found
                .push(too_long(flat, out.cases.len() - first, all.rows.len()));
            break;
        }
        found.extend(measured(
            &locals,
            params,
            flat,
            &axes,
            &mut case,
            &mut out.secrets,
        ));
        match ids.get(&case.id) {
            Some(before) => out.found.push(same_id(flat, &case.id, before, &axes)),
            None => {
                ids.insert(case.id.clone(), axes);
                out.cases.push(case);
            }
        }
    }
    let cases = &mut out.cases[first..];
    let gathered = by_case::gather(found);
    // one that is wrong in another way may be feasible once it is mended
    if !has_errors(&gathered) {
        out.found.extend(feasible::none_left(flat, cases));
    }
    out.found.extend(gathered);
    across(cases);
    out.found.extend(report_parts::files(flat, cases));
    out.found.extend(server_log::shared(flat, cases));
}

/// Of a scenario with more to evaluate in all of its cases than anyone waits for.
fn too_long(flat: &Flat, cases: usize, rows: usize) -> Diagnostic {
    let matrix = flat.child("matrix").map_or(flat.head(), |m| m.head());
    let message = format!("what these {rows} cases evaluate is too much");
    Diagnostic::error(codes::OUT_OF_RANGE, matrix, message)
        .says(format!("{cases} of them were looked at"))
        .help("remove axes or values, or make the lists shorter that each case goes over")
}

/// The cases as `at(…)` finds them.
fn all_cases(flat: &Arc<Flat>, rows: &[IndexMap<String, Value>], cases: &[Case]) -> Cases {
    let ids = cases.iter().map(|case| case.id.as_str().into());
    let names = |kind| flat.children_of(kind).map(|child| child.title().into());
    Cases {
        rows: rows.iter().cloned().zip(ids).collect(),
        phases: names("phase").collect(),
        servers: names("server").collect(),
        ..Cases::default()
    }
}

/// What `fit` says of the servers of all cases.
fn fits(cases: &[Case]) -> HashMap<(Arc<str>, Arc<str>), Fitted> {
    let of_case = |case: &Case| {
        let id: Arc<str> = case.id.as_str().into();
        let fit = move |s: &ServerSpec| ((id.clone(), s.name.as_str().into()), s.fitted());
        case.servers.iter().map(fit).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}

/// The servers of a row before it is a case. What is wrong with them is said when it is one.
fn launched(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
) -> Launched {
    let program = locals.program;
    let eval = Evaluator::new(program, params, &Nothing);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope: locals.scope(axes, None),
    };
    let servers = flat.children_of("server");
    let servers: Vec<_> = servers
        .filter_map(|block| server::lower(&cx, block))
        .collect();
    Launched::of(&servers)
}

/// A check that reads other cases stands in the first of those in which it is the same, and of
/// these in one that can work where there is one. What it reads is wanted of the cases it names.
fn across(cases: &mut [Case]) {
    let mut seen: Vec<(String, Across)> = Vec::new();
    let mut place: Vec<usize> = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for check in &case.checks {
            let Some(across) = &check.across else {
                continue;
            };
            let one = (check.name.clone(), across.clone());
            match seen.iter().position(|other| *other == one) {
                Some(at) if cases[place[at]].infeasible.is_some() => {
                    if case.infeasible.is_none() {
                        place[at] = index;
                    }
                }
                Some(_) => {}
                None => {
                    seen.push(one);
                    place.push(index);
                }
            }
        }
    }
    for (index, case) in cases.iter_mut().enumerate() {
        case.checks.retain(|check| match &check.across {
            None => true,
            Some(across) => {
                let is = |one: &(String, Across)| one.0 == check.name && one.1 == *across;
                seen.iter().position(is).map(|at| place[at]) == Some(index)
            }
        });
    }
    let reads: Vec<_> = cases
        .iter()
        .flat_map(Case::across)
        .flatten()
        .cloned()
        .collect();
    for (of, query) in reads {
        let case = cases.iter_mut().find(|case| case.id == *of);
        if let Some(case) = case.filter(|case| !case.wanted.contains(&query)) {
            case.wanted.push(query);
        }
    }
}

/// Two cases whose ids are one: `name` says too little, or what an id leaves out is all that
/// their axes differ in.
fn same_id(
    flat: &Flat,
    id: &str,
    before: &IndexMap<String, Value>,
    axes: &IndexMap<String, Value>,
) -> Diagnostic {
    let message = format!("two cases of `{}` have the id `{id}`", flat.title());
    if let Some(name) = flat.attrs.get("name") {
        return Diagnostic::error(codes::DUPLICATE_CASE, name.expr.span, message)
            .help("let `name` say the axes in which the cases differ");
    }
    let shown = |value: &Value| match value {
        Value::Text(text) => format!("\"{text}\""),
        other => other.shown().unwrap_or_else(|| other.describe()),
    };
    let differ = axes
        .iter()
        .filter(|(axis, value)| before.get(*axis) != Some(value));
    let differ: Vec<String> = differ
        .map(|(axis, value)| {
            let other = before.get(axis).map(shown).unwrap_or_default();
            format!("`{axis}` is {other} and {}", shown(value))
        })
        .collect();
    let name: Vec<String> = axes
        .keys()
        .map(|axis| format!("{axis}=${{{axis}}}"))
        .collect();
    Diagnostic::error(codes::DUPLICATE_CASE, flat.head(), message)
        .help(format!(
            "an id is made of the axes' values without their blanks, and of numbers with six \
             digits: {}",
            differ.join(", ")
        ))
        .help(format!(
            "change a value, or say the ids in the scenario: `name = \"{}\"`",
            name.join(",")
        ))
}

/// The names that a scenario's expressions see besides its module's: its lets and blocks, which are
/// the same in all cases, and over them its axes.
pub(super) struct Locals<'a> {
    program: &'a Program,
    flat: &'a Flat,
    /// The lets and blocks.
    own: Layer,
    modules: Vec<ModuleId>,
    /// How many nodes of expressions were visited in all cases.
    steps: Cell<u64>,
    /// How many GPUs the machine has, where a suite says so.
    gpus: Option<u64>,
}

impl<'a> Locals<'a> {
    pub fn of(program: &'a Program, flat: &'a Flat) -> Self {
        let modules = modules_of(flat);
        let lets = flat.lets.iter().map(|(name, attr)| {
            let (expr, module) = (attr.expr.clone(), attr.module);
            (name.clone(), Binding::Lazy { expr, module })
        });
        let blocks = flat.children.iter().filter_map(|child| {
            let name = &child.name.as_ref()?.text;
            let handle = match child.kind.text.as_str() {
                "phase" => Handle::Phase {
                    phase: name.as_str().into(),
                },
                "server" => Handle::Server {
                    server: name.as_str().into(),
                },
                "report" | "rank" => return None,
                _ => return Some((name.clone(), Binding::Block(child.clone()))),
            };
            Some((name.clone(), Binding::Value(Value::Handle(handle))))
        });
        let mut names: HashMap<String, Binding> = lets.chain(blocks).collect();
        without_ambiguous(program, &modules, &mut names);
        let own = Layer {
            names: Arc::new(names),
        };
        Self {
            program,
            flat,
            own,
            modules,
            steps: Cell::default(),
            gpus: None,
        }
    }

    /// The names of a row of the matrix; `case` where that is known.
    pub fn scope(&self, axes: &IndexMap<String, Value>, case: Option<Value>) -> Scope {
        let mut names = HashMap::new();
        let known = case.is_some();
        let implicit = [
            ("case", case),
            ("scenario", Some(Value::text(self.flat.title()))),
        ];
        for (name, value) in implicit {
            let binding = match value.filter(|_| known) {
                Some(value) => Binding::Value(value),
                None => Binding::Unset("it is known in phases, checks and reports"),
            };
            names.insert(name.to_string(), binding);
        }
        for (name, value) in axes {
            names.insert(name.clone(), Binding::Value(value.clone()));
        }
        let written = self.flat.child("matrix").into_iter();
        for name in written.flat_map(|matrix| matrix.attrs.keys()) {
            let later = Binding::Unset("an axis may read those above it: move it below");
            names.entry(name.clone()).or_insert(later);
        }
        without_ambiguous(self.program, &self.modules, &mut names);
        let axes = Layer {
            names: Arc::new(names),
        };
        // a layer of its own for each row: what is evaluated in one is remembered by its layer
        let own = Layer {
            names: self.own.names.clone(),
        };
        let scope = Scope::of(self.flat.module).with(Arc::new(axes));
        scope.with(Arc::new(own))
    }
}

/// A name with two meanings was reported, and neither is taken.
fn without_ambiguous(
    program: &Program,
    modules: &[ModuleId],
    names: &mut HashMap<String, Binding>,
) {
    for (name, binding) in names {
        let means = |id: &ModuleId| {
            let definition = program.module(*id).names.get(name);
            definition.is_some_and(|definition| definition.is_value())
        };
        if modules.iter().any(means) {
            *binding = Binding::Value(Value::Error);
        }
    }
}

/// What runs of a case: its servers and phases. Its checks, reports and ranks are added by
/// [`measured`], once it is known of all cases whether they can work.
fn one(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
    secrets: &mut Vec<Arc<str>>,
) -> (Case, Vec<Diagnostic>) {
    let program = locals.program;
    let eval = Evaluator::new(program, params, &Nothing);
    let scope = locals.scope(axes, None);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope,
    };
    let id = case_id(&cx, axes);
    let servers: Vec<_> = flat
        .children_of("server")
        .filter_map(|block| server::lower(&cx, block))
        .collect();
    let misplaced = |definition: &Definition| matches!(&definition.kind, DefinitionKind::Block(flat) if flat.kind.text == "server");
    let mut names = program.module(flat.module).names.values();
    if flat.children_of("server").next().is_none() && is_whole(flat) && !names.any(misplaced) {
        eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                format!("the scenario `{}` has no server", flat.title()),
            )
            .help("add `server sut { engine = engines.builtin }`, or one with a `url`"),
        );
    }
    cluster::check(&cx, &servers);
    let mut found = eval.take_found();
    found.extend(
        locals
            .gpus
            .and_then(|there| feasible::of_suite(&cx, there, &servers)),
    );
    secrets.extend(eval.secrets());
    let launched = Launched::of(&servers);
    let eval = Evaluator::new(program, params, &launched);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope: cx.scope,
    };
    let mut case = Case {
        scenario: flat.title().to_string(),
        scenario_doc: flat.doc.clone(),
        id,
        axes: axes
            .iter()
            .map(|(name, value)| (name.clone(), report::figure(value, false)))
            .collect(),
        tags: cx.texts(flat, "tags"),
        sample: cx
            .duration(flat, "sample")
            .unwrap_or(Duration::from_millis(500)),
        timeout: cx
            .duration(flat, "timeout")
            .unwrap_or(Duration::from_secs(3600)),
        estimate: cx.duration(flat, "estimate"),
        isolate: cx.flag(flat, "isolate").unwrap_or(false),
        retry: cx.whole(flat, "retry").unwrap_or(0),
        logs: Vec::new(),
        phases: Vec::new(),
        servers,
        checks: Vec::new(),
        reports: Vec::new(),
        ranks: Vec::new(),
        infeasible: feasible::reason(&found),
        skips: feasible::skips(&cx),
        cases: Arc::default(),
        wanted: Vec::new(),
    };
    // what of the case is known by now, phases may read
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope: locals.scope(axes, Some(implicit(&case))),
    };
    let phases = flat.children_of("phase");
    let servers = Servers::of(flat, &case.servers);
    case.phases = phases
        .filter_map(|block| phase::lower(&cx, block, &servers))
        .collect();
    if case.sample < Duration::from_millis(10) {
        let message = "`sample` is at least 10ms";
        let at = cx.place(flat, "sample");
        eval.report(Diagnostic::error(codes::OUT_OF_RANGE, at, message));
    }
    // also what nothing above had to read
    for child in &flat.children {
        if !matches!(child.kind.text.as_str(), "matrix" | "report" | "rank") {
            constants::block(&eval, child, &cx.scope);
        }
    }
    feasible::settle(&cx, &mut case, &mut found);
    found.extend(eval.take_found());
    secrets.extend(eval.secrets());
    locals.steps.set(locals.steps.get() + eval.steps());
    (case, found)
}

/// `case`, as expressions read it.
fn implicit(case: &Case) -> Value {
    case_with(
        case,
        match case.price() {
            Ok(price) => Value::Number(Quantity::new(price, PRICE)),
            Err(why) => Value::Unavailable(why.into()),
        },
    )
}

/// `case` where its figures' sorts and dimensions matter alone: its price has one, known or not.
pub(super) fn implicit_shape(case: &Case) -> Value {
    shape_of(&case_with(case, Value::Unknown(Shape::Number(PRICE))))
}

/// What a case costs for a time.
const PRICE: Dimension = Dimension::MONEY.per(Dimension::TIME);

fn case_with(case: &Case, price: Value) -> Value {
    let gpus: u64 = case.servers.iter().map(|server| server.gpus).sum();
    let known = [
        ("name".to_string(), Value::text(case.id.as_str())),
        ("scenario".to_string(), Value::text(case.scenario.as_str())),
        ("gpus".to_string(), Value::plain(gpus as f64)),
        ("price".to_string(), price),
        (FEASIBLE.to_string(), Value::Bool(case.infeasible.is_none())),
    ];
    let ending = |word: Ending| (word.name().to_string(), Value::Handle(Handle::Ending(word)));
    Value::record(known.into_iter().chain(Ending::ALL.map(ending)))
}

/// What of a case is evaluated once it was measured.
fn measured(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
    case: &mut Case,
    secrets: &mut Vec<Arc<str>>,
) -> Vec<Diagnostic> {
    let program = locals.program;
    let unmeasured = Unmeasured::new(case, flat, case.cases.clone());
    let eval = Evaluator::new(program, params, &unmeasured);
    // what could not be lowered was reported, and its metrics are not known
    let lowered: HashSet<&str> = case.servers.iter().map(|s| s.name.as_str()).collect();
    let broken =
        |child: &&Arc<Flat>| child.kind.text == "server" && !lowered.contains(child.title());
    let broken = flat.children.iter().filter(broken);
    let broken: Vec<_> = broken.map(|child| (child.title(), Value::Error)).collect();
    let scope = locals.scope(axes, Some(implicit(case))).with_values(broken);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope,
    };
    case.checks = checks::lower(&cx, case);
    case.reports = report::all(&cx, case);
    case.ranks = rank::all(&cx, case);
    case.logs = server_log::all(&cx, case);
    for name in flat.lets.keys() {
        cx.eval.local(name, &cx.scope);
    }
    secrets.extend(eval.secrets());
    locals.steps.set(locals.steps.get() + eval.steps());
    eval.take_found()
}

/// `tp=2,concurrency=16`, or what `name` says.
fn case_id(cx: &Context<'_>, axes: &IndexMap<String, Value>) -> String {
    let shown = |value: &Value| match value {
        Value::Number(q) => display_precise(*q),
        other => other.shown().unwrap_or_else(|| "?".into()),
    };
    let id: Vec<String> = axes
        .iter()
        .map(|(name, value)| format!("{name}={}", shown(value).replace(' ', "")))
        .collect();
    match cx.attr(cx.flat, "name") {
        Value::Text(name) => name.to_string(),
        _ if id.is_empty() => "case".to_string(),
        _ => id.join(","),
    }
}
