//! What cannot be right whatever the constants are: types and dimensions also of the branches,
//! sides and entries that their values leave unevaluated.

use super::case::implicit_shape;
use super::compile::runs;
use super::locals::Locals;
use super::option_value;
use super::{Case, Unmeasured};
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::eval::{BlockValue, Evaluator, Nothing, Params, Scope, Shape, Value, joined};
use crate::resolve::{DefinitionKind, Flat, FlatAttr, ModuleId, Program};
use crate::schema::{self, Attribute};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Expr, ExprKind};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What can be said without values; all else waits for them.
const OF_SHAPES: [codes::Rule; 7] = [
    codes::TYPE_MISMATCH,
    codes::DIMENSIONS,
    codes::MISSING_UNIT,
    codes::UNKNOWN_UNIT,
    codes::UNKNOWN_METRIC,
    codes::BAD_ARGUMENT,
    codes::UNKNOWN_FIELD,
];

const ANY: Value = Value::Unknown(Shape::Any);

/// What is wrong in parts that were not evaluated, beside what was found in those that were.
/// `cases` are those of the scenarios, each scenario's in a row.
pub fn unevaluated(
    program: &Program,
    params: &Params,
    scenarios: &[Arc<Flat>],
    cases: &[Case],
    known: &[Diagnostic],
) -> Vec<Diagnostic> {
    let mut found = constants(program, params);
    let first: HashMap<Span, &Case> = (cases.iter().rev())
        .map(|case| (case.cases.scenario, case))
        .collect();
    for flat in scenarios.iter().filter(|flat| runs(flat)) {
        if let Some(case) = first.get(&flat.head()) {
            found.extend(scenario(program, params, flat, case));
        }
    }
    // what was said of a part is said once; what a check comes to is no word about its parts
    let of_parts =
        |d: &&Diagnostic| d.severity == Severity::Error && d.code != codes::NEVER_HOLDS.0;
    let said = Places::of(known.iter().filter(of_parts));
    let news = |d: &Diagnostic| !d.labels.iter().any(|label| said.meet(label.span));
    let of_user = |d: &Diagnostic| program.sources.get(d.span().file).path.is_some();
    found.retain(|d| OF_SHAPES.iter().any(|rule| rule.0 == d.code) && of_user(d) && news(d));
    // of two that begin at one place, the one that was seen first tells enough
    let mut begun: HashSet<(FileId, u32)> = HashSet::new();
    found.retain(|d| begun.insert((d.span().file, d.span().start)));
    found
}

/// Places in order, each with the furthest end of those before it in its file.
struct Places(Vec<(FileId, u32, u32)>);

impl Places {
    fn of<'d>(found: impl Iterator<Item = &'d Diagnostic>) -> Self {
        let labels = found.flat_map(|d| &d.labels);
        let mut spans: Vec<Span> = labels.map(|label| label.span).collect();
        spans.sort_unstable_by_key(|span| (span.file, span.start));
        let mut out: Vec<(FileId, u32, u32)> = Vec::new();
        for span in spans {
            let before = out.last().filter(|(file, _, _)| *file == span.file);
            let end = before.map_or(span.end, |(_, _, end)| span.end.max(*end));
            out.push((span.file, span.start, end));
        }
        Self(out)
    }

    /// Whether one of them shares text with a place.
    fn meet(&self, span: Span) -> bool {
        let begins =
            |(file, start, _): &(FileId, u32, u32)| (*file, *start) < (span.file, span.end);
        let at = self.0.partition_point(begins);
        let last = at.checked_sub(1).and_then(|at| self.0.get(at));
        last.is_some_and(|(file, _, end)| *file == span.file && *end > span.start)
    }
}

/// Of what the files define at their top level, scenarios apart.
fn constants(program: &Program, params: &Params) -> Vec<Diagnostic> {
    let eval = Evaluator::new(program, params, &Nothing).of_shapes();
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            match &definition.kind {
                DefinitionKind::Let(expr) | DefinitionKind::Param(expr) => {
                    eval.definition(id, name);
                    alike(&eval, expr, &Scope::of(id));
                }
                DefinitionKind::Block(flat) if flat.kind.text != "scenario" => {
                    let scope = Scope::of(id);
                    let options = || options(&eval, flat, &scope);
                    let whole = flat.kind.text == "engine" && is_whole(program, id, name);
                    block(&eval, flat, &scope, whole.then(options));
                }
                _ => {}
            }
        }
    }
    eval.take_found()
}

fn scenario(program: &Program, params: &Params, flat: &Arc<Flat>, case: &Case) -> Vec<Diagnostic> {
    let unmeasured = Unmeasured::new(case, flat, case.cases.clone());
    let eval = Evaluator::new(program, params, &unmeasured).of_shapes();
    let matrix = flat.child("matrix");
    let rows = || case.cases.rows.iter().map(|(row, _)| row);
    let plain = Scope::of(flat.module);
    let axes = matrix.iter().flat_map(|matrix| &matrix.attrs);
    let axes: IndexMap<String, Value> = axes
        .map(|(name, attr)| {
            // of what data says, it may say otherwise in the next file
            let reads = ["data", "get"]
                .iter()
                .any(|f| eval.calls(&attr.expr, &plain, f));
            let value = match reads {
                true => ANY,
                false => joined(rows().filter_map(|row| row.get(name))),
            };
            (name.clone(), value)
        })
        .collect();
    let scope = Locals::of(program, flat).scope(&axes, Some(implicit_shape()));
    for (_, axis) in matrix.iter().flat_map(|matrix| &matrix.attrs) {
        alike(&eval, &axis.expr, &scope.in_module(axis.module));
    }
    for (expr, module) in matrix.iter().flat_map(|matrix| &matrix.excludes) {
        eval.eval(expr, &scope.in_module(*module));
    }
    for check in &flat.checks {
        let scope = scope.in_module(check.module);
        for expr in [
            Some(&check.expr),
            check.when.as_ref(),
            check.because.as_ref(),
        ] {
            expr.into_iter().for_each(|expr| {
                eval.eval(expr, &scope);
            });
        }
    }
    inside(&eval, flat, &scope);
    eval.take_found()
}

/// Whether an engine has all of its options: what others extend may read those that they add, and a
/// file that tests nothing is there for others.
fn is_whole(program: &Program, id: ModuleId, name: &str) -> bool {
    let mut names = program.module(id).names.values();
    let tests = |kind: &DefinitionKind| matches!(kind, DefinitionKind::Block(flat) if runs(flat));
    !program.is_base(id, name) && names.any(|one| tests(&one.kind))
}

/// A block that is no scenario; `options` are those of an engine, where they are known.
fn block(eval: &Evaluator<'_>, flat: &Arc<Flat>, outer: &Scope, options: Option<Value>) {
    let Some(kind) = schema::kind(&flat.kind.text) else {
        return;
    };
    let implicit = kind.implicit.iter().map(|name| (*name, ANY));
    // a report of each phase or round has these
    let parts = ["phase", "round"].iter().filter(|_| kind.name == "report");
    let implicit = implicit.chain(parts.map(|name| (*name, ANY)));
    let implicit = implicit.chain(options.map(|options| ("options", options)));
    let block = BlockValue::new(flat.clone(), &outer.with_values(implicit));
    // the constraints of an engine
    for check in &flat.checks {
        let scope = block.scope.in_module(check.module);
        eval.condition(&check.expr, &scope);
        check
            .when
            .iter()
            .for_each(|when| eval.condition(when, &scope));
    }
    inside(eval, flat, &block.scope);
}

/// The options of an engine, by the types that they have, whatever servers set them to.
fn options(eval: &Evaluator<'_>, engine: &Flat, outer: &Scope) -> Value {
    let of = |option: &Arc<Flat>| {
        let shape = option_value::shape(eval, option, outer);
        (option.title().to_string(), shape)
    };
    Value::record(engine.children_of("option").map(of).collect::<Vec<_>>())
}

fn inside(eval: &Evaluator<'_>, flat: &Flat, scope: &Scope) {
    let kind = schema::kind(&flat.kind.text);
    if kind.is_some_and(|kind| kind.name == "option") {
        option_value::check_shapes(eval, flat, scope);
    }
    for (name, attr) in &flat.attrs {
        let scope = scope.in_module(attr.module);
        if let Some(one) = &attr.block {
            block(eval, one, &scope, None);
            continue;
        }
        let (_, wrong) = eval.apart(|| eval.eval(&attr.expr, &scope));
        // branches that do not go together have been said
        let fine = wrong.is_empty();
        wrong.into_iter().for_each(|one| eval.report(one));
        if let Some(attribute) = kind.and_then(|kind| kind.attribute(name)).filter(|_| fine) {
            literal(eval, attribute, &attr.expr, &scope);
            branches(eval, attribute, &attr.expr, &scope);
        }
    }
    for (name, attr) in &flat.lets {
        eval.local(name, scope);
        let FlatAttr { expr, module, .. } = attr.as_ref();
        alike(eval, expr, &scope.in_module(*module));
    }
    for child in &flat.children {
        block(eval, child, scope, None);
    }
}

/// What an attribute is given in each branch of an `if`, where that is written out there.
fn branches(eval: &Evaluator<'_>, attribute: &Attribute, expr: &Expr, scope: &Scope) {
    let ExprKind::If { then, other, .. } = &expr.kind else {
        return;
    };
    for branch in [then, other] {
        match &branch.kind {
            ExprKind::If { .. } => branches(eval, attribute, branch, scope),
            _ => literal(eval, attribute, branch, scope),
        }
    }
}

/// What an attribute is given, where that is a literal: also in a block that nothing names.
fn literal(eval: &Evaluator<'_>, attribute: &Attribute, expr: &Expr, scope: &Scope) {
    if matches!(
        expr.kind,
        ExprKind::Number { .. } | ExprKind::Str(_) | ExprKind::Bool(_)
    ) {
        let value = eval.eval(expr, scope);
        if matches!(value, Value::Number(_) | Value::Text(_) | Value::Bool(_)) {
            eval.typed(attribute.name, attribute.ty, value, expr.span);
        }
    }
}

/// Reports a list of values that no expression could take for one another: durations beside sizes.
fn alike(eval: &Evaluator<'_>, expr: &Expr, scope: &Scope) {
    let ExprKind::List(items) = &expr.kind else {
        return;
    };
    let dimension = |item: &Expr| match eval.eval(item, scope) {
        Value::Number(q) => Some(q.dimension),
        Value::Unknown(Shape::Number(dimension)) => Some(dimension),
        _ => None,
    };
    let mut first = None;
    for item in items {
        let (Some(own), expr) = (dimension(item), item) else {
            continue;
        };
        let Some((due, place)) = first else {
            first = Some((own, expr.span));
            continue;
        };
        let counts = own.is_none() && due.is_count() || due.is_none() && own.is_count();
        if own != due && !counts {
            let message = format!("a list of {} and {}", due.describe(), own.describe());
            eval.report(
                Diagnostic::error(codes::DIMENSIONS, expr.span, message)
                    .says(own.describe())
                    .label(place, due.describe())
                    .help("give all of its values the same unit, or make two lists of them"),
            );
            return;
        }
    }
}
