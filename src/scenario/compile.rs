//! From flat blocks to cases. Everything constant is evaluated here, once per case, so that
//! what is wrong with any of them is known before anything starts.

use super::context::Context;
use super::unmeasured::Unmeasured;
use super::{
    Across, Case, by_case, checks, constants, matrix, phase, rank, report, report_parts, server,
    server_log,
};
use crate::check::{is_whole, modules_of};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Binding, Cases, Evaluator, Handle, Layer, Nothing, Params, Scope, Value};
use crate::resolve::{Definition, DefinitionKind, Flat, ModuleId, Program};
use crate::units::{Dimension, Quantity, display_precise};
use indexmap::IndexMap;
use std::collections::HashMap;
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
    compile_these(program, params, &chosen)
}

/// Compiles scenarios, be they of root files or of files that these use.
pub fn compile_these(program: &Program, params: &Params, chosen: &[Arc<Flat>]) -> Compiled {
    let mut compiled = Compiled::default();
    let mut names: IndexMap<&str, Vec<&Arc<Flat>>> = IndexMap::new();
    for flat in chosen.iter().filter(|flat| runs(flat)) {
        let alike = names.entry(flat.title()).or_default();
        if alike.iter().any(|before| before.head() == flat.head()) {
            continue;
        }
        alike.push(flat);
        if alike.len() == 1 {
            scenario(program, params, flat, &mut compiled);
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

fn scenario(program: &Program, params: &Params, flat: &Arc<Flat>, out: &mut Compiled) {
    let constant = Evaluator::new(program, params, &Nothing);
    let rows = matrix::rows(&constant, flat, &|axes| locals(program, flat, axes, None));
    out.found.extend(constant.take_found());
    out.secrets.extend(constant.secrets());
    let mut ids: HashMap<String, IndexMap<String, Value>> = HashMap::new();
    let mut found = Vec::new();
    let all = Arc::new(all_cases(program, params, flat, &rows));
    let first = out.cases.len();
    for axes in rows {
        let (case, diagnostics) = one(program, params, flat, axes.clone(), &all, &mut out.secrets);
        found.push((case.id.clone(), diagnostics));
        match ids.get(&case.id) {
            Some(before) => out.found.push(same_id(flat, &case.id, before, &axes)),
            None => {
                ids.insert(case.id.clone(), axes);
                out.cases.push(case);
            }
        }
    }
    out.found.extend(by_case::gather(found));
    across(&mut out.cases[first..]);
    let files = report_parts::files(flat, &mut out.cases[first..]);
    out.found.extend(files);
    out.found
        .extend(server_log::shared(flat, &out.cases[first..]));
}

/// The cases as `at(…)` finds them.
fn all_cases(
    program: &Program,
    params: &Params,
    flat: &Arc<Flat>,
    rows: &[IndexMap<String, Value>],
) -> Cases {
    let eval = Evaluator::new(program, params, &Nothing);
    let row = |axes: &IndexMap<String, Value>| {
        let scope = locals(program, flat, axes, None);
        let cx = Context {
            eval: &eval,
            program,
            flat,
            scope,
        };
        (axes.clone(), case_id(&cx, axes).into())
    };
    let names = |kind| flat.children_of(kind).map(|child| child.title().into());
    Cases {
        rows: rows.iter().map(row).collect(),
        phases: names("phase").collect(),
        servers: names("server").collect(),
    }
}

/// A check that reads other cases stands in the first of those in which it is the same. What it
/// reads is wanted of these cases.
fn across(cases: &mut [Case]) {
    let mut seen: Vec<(String, Across)> = Vec::new();
    for case in cases.iter_mut() {
        case.checks.retain(|check| {
            let Some(across) = &check.across else {
                return true;
            };
            let one = (check.name.clone(), across.clone());
            let new = !seen.contains(&one);
            if new {
                seen.push(one);
            }
            new
        });
    }
    for (of, query) in seen.into_iter().flat_map(|(_, across)| across.reads) {
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

/// The names that a scenario's expressions see besides its module's: axes, lets, blocks.
fn locals(
    program: &Program,
    flat: &Flat,
    axes: &IndexMap<String, Value>,
    case: Option<Value>,
) -> Scope {
    let mut layer = Layer::default();
    let known = case.is_some();
    for (name, value) in [
        ("case", case),
        ("scenario", Some(Value::text(flat.title()))),
    ] {
        let binding = match value.filter(|_| known) {
            Some(value) => Binding::Value(value),
            None => Binding::Unset("it is known in checks and reports"),
        };
        layer.names.insert(name.to_string(), binding);
    }
    for (name, value) in axes {
        layer
            .names
            .insert(name.clone(), Binding::Value(value.clone()));
    }
    let written = flat.child("matrix").into_iter();
    for name in written.flat_map(|matrix| matrix.attrs.keys()) {
        let later = Binding::Unset("an axis may read those above it: move it below");
        layer.names.entry(name.clone()).or_insert(later);
    }
    for (name, attr) in &flat.lets {
        layer.names.insert(
            name.clone(),
            Binding::Lazy {
                expr: attr.expr.clone(),
                module: attr.module,
            },
        );
    }
    for child in &flat.children {
        let Some(name) = child.name.as_ref().map(|name| &name.text) else {
            continue;
        };
        let binding = match child.kind.text.as_str() {
            "phase" => Binding::Value(Value::Handle(Handle::Phase {
                phase: name.as_str().into(),
            })),
            "server" => Binding::Value(Value::Handle(Handle::Server {
                server: name.as_str().into(),
            })),
            "report" | "rank" => continue,
            _ => Binding::Block(child.clone()),
        };
        layer.names.insert(name.clone(), binding);
    }
    // a name with two meanings was reported, and neither is taken
    let modules = modules_of(flat);
    for (name, binding) in &mut layer.names {
        let means = |id: &ModuleId| {
            let definition = program.module(*id).names.get(name);
            definition.is_some_and(|definition| definition.is_value())
        };
        if modules.iter().any(means) {
            *binding = Binding::Value(Value::Error);
        }
    }
    Scope::of(flat.module).with(Arc::new(layer))
}

fn one(
    program: &Program,
    params: &Params,
    flat: &Arc<Flat>,
    axes: IndexMap<String, Value>,
    all: &Arc<Cases>,
    secrets: &mut Vec<Arc<str>>,
) -> (Case, Vec<Diagnostic>) {
    let eval = Evaluator::new(program, params, &Nothing);
    let scope = locals(program, flat, &axes, None);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope,
    };
    let id = case_id(&cx, &axes);
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
        phases: flat
            .children_of("phase")
            .filter_map(|block| phase::lower(&cx, block, &servers))
            .collect(),
        servers,
        checks: Vec::new(),
        reports: Vec::new(),
        ranks: Vec::new(),
        cases: all.clone(),
        wanted: Vec::new(),
    };
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
    let mut found = eval.take_found();
    secrets.extend(eval.secrets());

    let unmeasured = Unmeasured::new(&case, flat, all.clone());
    let eval = Evaluator::new(program, params, &unmeasured);
    let gpus: u64 = case.servers.iter().map(|server| server.gpus).sum();
    let price = match case.price() {
        Ok(price) => Value::Number(Quantity::new(price, Dimension::MONEY.per(Dimension::TIME))),
        Err(why) => Value::Unavailable(why.into()),
    };
    let implicit = Value::record([
        ("name".to_string(), Value::text(case.id.as_str())),
        ("scenario".to_string(), Value::text(case.scenario.as_str())),
        ("gpus".to_string(), Value::plain(gpus as f64)),
        ("price".to_string(), price),
    ]);
    // what could not be lowered was reported, and its metrics are not known
    let broken = |child: &&Arc<Flat>| {
        child.kind.text == "server" && !case.servers.iter().any(|s| s.name == child.title())
    };
    let broken = flat.children.iter().filter(broken);
    let broken: Vec<_> = broken.map(|child| (child.title(), Value::Error)).collect();
    let scope = locals(program, flat, &axes, Some(implicit)).with_values(broken);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope,
    };
    case.checks = checks::lower(&cx, &case);
    case.reports = report::all(&cx, &case);
    case.ranks = rank::all(&cx);
    case.logs = server_log::all(&cx, &case);
    for name in flat.lets.keys() {
        cx.eval.local(name, &cx.scope);
    }
    found.extend(eval.take_found());
    secrets.extend(eval.secrets());
    (case, found)
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
