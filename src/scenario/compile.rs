//! From flat blocks to cases. Everything constant is evaluated here, once per case, so that
//! what is wrong with any of them is known before anything starts.

use super::across::across;
use super::axis_units::at_the_axis;
use super::by_case::ByCase;
use super::case::{self, launched};
use super::case_id::same_id;
use super::locals::Locals;
use super::namesakes::namesakes;
use super::shared::Shared;
use super::{Case, ReportSpec, ServerSpec, feasible, matrix, report, report_parts, server_log};
use crate::diagnostics::{Diagnostic, codes, has_errors};
use crate::eval::{Cases, Evaluator, Fitted, Nothing, Params, Value};
use crate::meter;
use crate::report::Ending;
use crate::report::model::World;
use crate::resolve::{DefinitionKind, Flat, ModuleId, Program};
use crate::syntax::ast::{Expr, ExprKind};
use indexmap::IndexMap;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

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
    compile_in(World::Real, program, params, chosen, gpus)
}

/// The same for a world; in one that is simulated servers are worked out as the simulator plays
/// them.
pub fn compile_in(
    world: World,
    program: &Program,
    params: &Params,
    chosen: &[Arc<Flat>],
    gpus: Option<u64>,
) -> Compiled {
    let shared: Rc<Shared> = Rc::default();
    shared.run_on(world);
    compile_shared(program, params, chosen, gpus, shared)
}

fn compile_shared(
    program: &Program,
    params: &Params,
    chosen: &[Arc<Flat>],
    gpus: Option<u64>,
    shared: Rc<Shared>,
) -> Compiled {
    let mut compiled = Compiled::default();
    let mut names: IndexMap<&str, Vec<&Arc<Flat>>> = IndexMap::new();
    let mut seen = HashSet::new();
    // one file's scenarios take nothing away from another's
    let mut allowed: Option<(ModuleId, meter::Allowance)> = None;
    for flat in chosen.iter().filter(|flat| runs(flat)) {
        if !seen.insert(flat.head()) {
            continue;
        }
        names.entry(flat.title()).or_default().push(flat);
        if allowed
            .as_ref()
            .is_none_or(|(file, _)| *file != flat.module)
        {
            drop(allowed.take());
            allowed = Some((flat.module, meter::allow(read_by(program, flat.module))));
        }
        let mut locals = Locals::of(program, flat);
        locals.gpus = gpus;
        shared.next_scenario();
        locals.shared = shared.clone();
        scenario(locals, params, flat, &mut compiled);
    }
    drop(allowed);
    let repeated = names
        .iter()
        .filter_map(|(name, alike)| namesakes(program, name, alike));
    compiled.found.extend(repeated);
    let asked = compiled.cases.iter().any(|case| !case.reports.is_empty());
    let wanted = !asked || ranks_unseen(&compiled.cases);
    if let (true, Some(summary)) = (wanted, report::summary().map(Arc::new)) {
        for case in &mut compiled.cases {
            case.reports.push(summary.clone());
        }
    }
    compiled
}

/// Whether a scenario has ranks that none of its reports shows, and no report is the summary.
fn ranks_unseen(cases: &[Case]) -> bool {
    let reports = || cases.iter().flat_map(|case| &case.reports);
    let taken = reports().any(|report| report.to.iter().any(|to| to == report::SUMMARY_FILE));
    let shows = |report: &Arc<ReportSpec>| {
        let template = report.template.as_ref();
        let of_page = template.is_some_and(|one| one.text.contains("rankings"));
        of_page
            || report
                .columns
                .iter()
                .any(|(_, column)| reads_place(&column.expr))
    };
    let unseen = |case: &Case| !case.ranks.is_empty() && !case.reports.iter().any(shows);
    !taken && cases.iter().any(unseen)
}

fn reads_place(expr: &Expr) -> bool {
    matches!(&expr.kind, ExprKind::Field { base, field }
        if field.text == Ending::Place.name()
            && matches!(&base.kind, ExprKind::Name(name) if name == "case"))
}

/// How many bytes a file has, with those of the users' files that it uses and the data that was read.
fn read_by(program: &Program, module: ModuleId) -> usize {
    let mut seen = HashSet::from([module]);
    let mut open = vec![module];
    let mut bytes = program.data.bytes();
    while let Some(module) = open.pop() {
        let module = program.module(module);
        let files = module.files.iter().map(|file| program.sources.get(*file));
        let own = files.filter(|file| file.path.is_some());
        bytes += own.map(|file| file.text.len()).sum::<usize>();
        for definition in module.names.values() {
            if let DefinitionKind::Module(used) = definition.kind
                && seen.insert(used)
            {
                open.push(used);
            }
        }
    }
    bytes
}

/// So many attributes, checks and blocks may the cases of a scenario have in all: ten thousand cases
/// of what a screen shows.
const MOST_PARTS: usize = 1_000_000;

/// So many nodes of expressions may they visit.
const MOST_STEPS: u64 = 10_000_000;

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
    let mut found = ByCase::default();
    let mut cases = Vec::with_capacity(rows.len());
    for axes in &rows {
        let (case, diagnostics) = case::lower(&locals, params, flat, axes, &mut out.secrets);
        found.add(cases.len(), &case.id, diagnostics);
        cases.push(case);
        if let Some(why) = too_much(&locals, MOST_STEPS, rows.len()) {
            out.found.push(not_all(flat, cases.len(), rows.len(), &why));
            unknown.extend(axes.keys().cloned());
            cases.truncate(1);
            break;
        }
    }
    rows.truncate(cases.len());
    // checks may ask of other cases whether they can work
    let all = Arc::new(Cases {
        infeasible: feasible::of_all(&cases),
        fits: fits(&cases),
        unknown,
        ..all_cases(flat, rows, &cases)
    });
    let first = out.cases.len();
    out.cases.extend(cases);
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut repeated = HashSet::new();
    for at in 0..all.rows.len() {
        if let Some(why) = too_much(&locals, 2 * MOST_STEPS, all.rows.len()) {
            out.found.push(not_all(flat, at, all.rows.len(), &why));
            out.cases.truncate(first + 1);
            break;
        }
        let case = &mut out.cases[first + at];
        case.cases = all.clone();
        let (axes, id) = &all.rows[at];
        let secrets = &mut out.secrets;
        let diagnostics = case::measured(&locals, params, flat, axes, case, secrets);
        found.add(at, &case.id, diagnostics);
        match ids.entry(id) {
            Entry::Occupied(before) => {
                let before = &all.rows[*before.get()].0;
                out.found.push(same_id(flat, id, before, axes));
                repeated.insert(first + at);
            }
            Entry::Vacant(new) => {
                new.insert(at);
            }
        }
    }
    let mut at = 0;
    out.cases.retain(|_| {
        at += 1;
        !repeated.contains(&(at - 1))
    });
    let cases = &mut out.cases[first..];
    let mut gathered = found.gather();
    at_the_axis(program, flat, &mut gathered);
    // one that is wrong in another way may be feasible once it is mended
    if !has_errors(&gathered) {
        out.found.extend(feasible::none_left(flat, cases));
    }
    out.found.extend(gathered);
    across(cases);
    out.found.extend(report_parts::files(flat, cases));
    out.found.extend(server_log::shared(flat, cases));
}

/// Why a scenario with so many cases is looked at no further: what they come to, and what to do.
struct TooMuch {
    takes: &'static str,
    help: String,
}

/// Whether what was looked at of a scenario is more than anyone waits for, or than there is room
/// for. Then the first case stands for all, so that there is room for what comes after.
fn too_much(locals: &Locals<'_>, most_steps: u64, rows: usize) -> Option<TooMuch> {
    if locals.steps.get() > most_steps {
        return Some(TooMuch {
            takes: "evaluate is too much",
            help: "remove axes or values, or make the lists shorter that each case goes over"
                .into(),
        });
    }
    // one alone may go on to the end
    (rows > 1 && meter::nearly()).then(|| TooMuch {
        takes: "come to takes too much memory",
        help: format!(
            "{}: remove axes or values, or put the scenarios of this file into files of their own",
            meter::help()
        ),
    })
}

fn not_all(flat: &Flat, cases: usize, rows: usize, why: &TooMuch) -> Diagnostic {
    let matrix = flat.child("matrix").map_or(flat.head(), |m| m.head());
    let these = match rows {
        1 => "this case".into(),
        rows => format!("these {rows} cases"),
    };
    let takes = match rows {
        1 => why
            .takes
            .replacen("evaluate", "evaluates", 1)
            .replacen("come", "comes", 1),
        _ => why.takes.into(),
    };
    Diagnostic::error(codes::OUT_OF_RANGE, matrix, format!("what {these} {takes}"))
        .says(format!("{cases} of them were looked at"))
        .help(&why.help)
}

/// The cases as `at(…)` finds them.
pub(super) fn all_cases(
    flat: &Arc<Flat>,
    rows: Vec<IndexMap<String, Value>>,
    cases: &[Case],
) -> Cases {
    let ids = cases.iter().map(|case| case.id.as_str().into());
    let named = |kind| flat.children_of(kind).filter(|child| !child.is_nameless());
    let names = |kind| named(kind).map(|child| child.title().into());
    let has_figures = |kind: &str| matches!(kind, "phase" | "server");
    let nameless = |child: &Arc<Flat>| child.is_nameless() && has_figures(&child.kind.text);
    Cases {
        rows: rows.into_iter().zip(ids).collect(),
        open: flat.may_have_axes() || !runs(flat),
        scenario: flat.head(),
        phases: names("phase").collect(),
        servers: names("server").collect(),
        nameless: flat.children.iter().any(nameless),
        ..Cases::default()
    }
}

/// What `fit` says of the servers of all cases.
fn fits(cases: &[Case]) -> HashMap<(Arc<str>, Arc<str>), Fitted> {
    let of_case = |case: &Case| {
        let id: Arc<str> = case.id.as_str().into();
        let fit = move |s: &Arc<ServerSpec>| ((id.clone(), s.name.as_str().into()), s.fitted());
        case.servers.iter().map(fit).collect::<Vec<_>>()
    };
    cases.iter().flat_map(of_case).collect()
}
