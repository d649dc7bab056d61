//! One row of the matrix as a case: its servers and phases, and what is evaluated once it was
//! measured.

use super::by_name::Servers;
use super::case_id::case_id;
use super::context::Context;
use super::folder_name::folder_name;
use super::locals::Locals;
use super::unmeasured::{Launched, Unmeasured};
use super::{
    Case, ServerSpec, balance, checks, cluster, constants, feasible, phase, rank, report, server,
    server_log, wiring,
};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Binding, Evaluator, FEASIBLE, Nothing, Params, Scope, Shape, Value};
use crate::resolve::{Definition, DefinitionKind, Flat};
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::path::{Component, Path};
use std::sync::Arc;
use std::time::Duration;

/// The servers of a row before it is a case. What is wrong with them is said when it is one.
pub(super) fn launched(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
) -> Launched {
    let eval = Evaluator::new(locals.program, params, &Nothing);
    let cx = context(locals, &eval, flat, locals.scope(axes, None));
    Launched::of(&servers(&cx))
}

/// What the expressions of a case are lowered with.
fn context<'a>(
    locals: &'a Locals<'_>,
    eval: &'a Evaluator<'a>,
    flat: &'a Arc<Flat>,
    scope: Scope,
) -> Context<'a> {
    Context {
        eval,
        program: locals.program,
        flat,
        scope,
        shared: &locals.shared,
    }
}

/// The servers in which nothing is wrong.
fn servers(cx: &Context<'_>) -> Vec<Arc<ServerSpec>> {
    let blocks = cx.flat.children_of("server");
    let lowered = blocks.filter_map(|block| server::lower(cx, block));
    lowered.map(|server| cx.shared.server(server)).collect()
}

/// What runs of a case: its servers and phases. Its checks, reports and ranks are added by
/// [`measured`], once it is known of all cases whether they can work.
pub(super) fn lower(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
    secrets: &mut Vec<Arc<str>>,
) -> (Case, Vec<Diagnostic>) {
    let program = locals.program;
    let eval = Evaluator::new(program, params, &Nothing);
    let cx = context(locals, &eval, flat, locals.scope(axes, None));
    let id = case_id(&cx, axes);
    let mut servers = servers(&cx);
    let misplaced = |definition: &Definition| matches!(&definition.kind, DefinitionKind::Block(flat) if flat.kind.text == "server");
    let names = || program.module(flat.module).names.values();
    let outside = || (locals.shared).has_misplaced(flat.module, || names().any(misplaced));
    if flat.children_of("server").next().is_none() && is_whole(flat) && !outside() {
        eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                format!("the {} has no server", flat.called()),
            )
            .help("add `server sut { engine = engines.builtin }`, or one with a `url`"),
        );
    }
    cluster::check(&cx, &servers);
    wiring::lay(&mut servers);
    let mut found = eval.take_found();
    found.extend(
        locals
            .gpus
            .and_then(|there| feasible::of_suite(&cx, there, &servers)),
    );
    secrets.extend(eval.secrets());
    let launched = Launched::of(&servers);
    let eval = Evaluator::new(program, params, &launched);
    let cx = context(locals, &eval, flat, cx.scope);
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
            .timeout(
                flat,
                "the case would be broken off at once",
                "write how long a case may take: `timeout = 2h`; or leave it out",
            )
            .flatten()
            .unwrap_or(Duration::from_secs(3600)),
        estimate: cx.duration(flat, "estimate"),
        worlds: balance::worlds(&cx),
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
    let scope = locals.scope(axes, Some(implicit(&case)));
    let cx = context(locals, &eval, flat, scope);
    let phases = flat.children_of("phase");
    let servers = Servers::of(flat, &case.servers);
    case.phases = phases
        .filter_map(|block| phase::lower(&cx, block, &servers))
        .map(|phase| locals.shared.phase(phase))
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
fn implicit(case: &Case) -> Binding {
    called(case, &case.id)
}

impl Context<'_> {
    /// The same for what becomes a path: there a case whose name would be several folders, or none,
    /// is called what its own folder is.
    pub fn of_paths(&self, case: &Case) -> Context<'_> {
        let mut parts = Path::new(&case.id).components();
        let one = matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        );
        match one && !case.id.contains('/') {
            true => self.at(&self.scope),
            false => self.at(&self.scope.with_case(&called(case, &folder_name(&case.id)))),
        }
    }
}

fn called(case: &Case, name: &str) -> Binding {
    let price = match case.price() {
        Ok(price) => Value::Number(Quantity::new(price, PRICE)),
        Err(why) => Value::Unavailable(why.into()),
    };
    let gpus: u64 = case.servers.iter().map(|server| server.gpus).sum();
    Binding::Case(Arc::new([
        ("name", Value::text(name)),
        ("scenario", Value::text(case.scenario.as_str())),
        ("gpus", Value::plain(gpus as f64)),
        ("price", price),
        (FEASIBLE, Value::Bool(case.infeasible.is_none())),
    ]))
}

/// `case` where its figures' sorts and dimensions matter alone: its price has one, known or not.
pub(super) fn implicit_shape() -> Binding {
    let text = || Value::Unknown(Shape::Text);
    let number = |dimension| Value::Unknown(Shape::Number(dimension));
    Binding::Case(Arc::new([
        ("name", text()),
        ("scenario", text()),
        ("gpus", number(Dimension::NONE)),
        ("price", number(PRICE)),
        (FEASIBLE, Value::Unknown(Shape::Bool)),
    ]))
}

/// What a case costs for a time.
const PRICE: Dimension = Dimension::MONEY.per(Dimension::TIME);

/// What of a case is evaluated once it was measured.
pub(super) fn measured(
    locals: &Locals<'_>,
    params: &Params,
    flat: &Arc<Flat>,
    axes: &IndexMap<String, Value>,
    case: &mut Case,
    secrets: &mut Vec<Arc<str>>,
) -> Vec<Diagnostic> {
    let unmeasured = Unmeasured::new(case, flat, case.cases.clone());
    let eval = Evaluator::new(locals.program, params, &unmeasured);
    // what could not be lowered was reported, and its metrics are not known
    let lowered: HashSet<&str> = case.servers.iter().map(|s| s.name.as_str()).collect();
    let broken =
        |child: &&Arc<Flat>| child.kind.text == "server" && !lowered.contains(child.title());
    let broken = flat.children.iter().filter(broken);
    let broken: Vec<_> = broken.map(|child| (child.title(), Value::Error)).collect();
    let scope = locals.scope(axes, Some(implicit(case))).with_values(broken);
    let cx = context(locals, &eval, flat, scope);
    case.checks = checks::lower(&cx, case);
    let reports = report::all(&cx, case).into_iter();
    case.reports = reports.map(|one| cx.shared.report(one)).collect();
    // what is collected in place keeps the room of what it was made of
    case.reports.shrink_to_fit();
    case.ranks = rank::all(&cx, case);
    case.logs = server_log::all(&cx, case);
    for name in flat.lets.keys() {
        cx.eval.local(name, &cx.scope);
    }
    secrets.extend(eval.secrets());
    locals.steps.set(locals.steps.get() + eval.steps());
    eval.take_found()
}
