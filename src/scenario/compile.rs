//! From flat blocks to cases. Everything constant is evaluated here, once per case, so that
//! what is wrong with any of them is known before anything starts.

use super::{Case, CheckSpec, Thunk, matrix, phase, report, server, unmeasured::Unmeasured};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{
    Binding, BlockValue, Evaluator, Handle, Layer, Nothing, Params, Scope, Shape, Value,
};
use crate::resolve::{Flat, Program};
use crate::schema;
use crate::source::Span;
use crate::units::Quantity;
use indexmap::IndexMap;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// All cases of the scenarios in the root files, in order, and the secrets that were seen.
#[derive(Debug, Default)]
pub struct Compiled {
    pub cases: Vec<Case>,
    pub found: Vec<Diagnostic>,
    pub secrets: Vec<Arc<str>>,
}

/// Compiles every scenario for which `select` holds. A scenario without phases is a base for
/// others and makes no cases.
pub fn compile(program: &Program, params: &Params, select: &dyn Fn(&str) -> bool) -> Compiled {
    let mut compiled = Compiled::default();
    for (_, flat) in program.root_blocks("scenario") {
        if flat.children_of("phase").next().is_none() || !select(flat.title()) {
            continue;
        }
        let rows = {
            let constant = Evaluator::new(program, params, &Nothing);
            let rows = matrix::rows(&constant, flat, &|axes| locals(flat, axes));
            compiled.found.extend(constant.take_found());
            compiled.secrets.extend(constant.secrets());
            rows
        };
        let mut ids: HashMap<String, ()> = HashMap::new();
        for axes in rows {
            let Some(case) = one(program, params, flat, axes, &mut compiled) else {
                continue;
            };
            if ids.insert(case.id.clone(), ()).is_some() {
                let message = format!("two cases of `{}` have the id `{}`", flat.title(), case.id);
                let at = flat
                    .attrs
                    .get("name")
                    .map_or(flat.head(), |attr| attr.expr.span);
                compiled.found.push(
                    Diagnostic::error(codes::DUPLICATE_CASE, at, message)
                        .help("let the axes, or `name`, tell the cases apart"),
                );
                continue;
            }
            compiled.cases.push(case);
        }
    }
    compiled
}

/// The names that a scenario's expressions see besides its module's: axes, lets, blocks.
fn locals(flat: &Flat, axes: &IndexMap<String, Value>) -> Scope {
    let mut layer = Layer::default();
    for (name, value) in axes {
        layer
            .names
            .insert(name.clone(), Binding::Value(value.clone()));
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
            "report" => continue,
            _ => Binding::Block(child.clone()),
        };
        layer.names.insert(name.clone(), binding);
    }
    Scope::of(flat.module).with(Arc::new(layer))
}

/// What the lowering of one case works with.
pub(super) struct Context<'a> {
    pub eval: &'a Evaluator<'a>,
    pub program: &'a Program,
    pub flat: &'a Arc<Flat>,
    pub scope: Scope,
}

fn one(
    program: &Program,
    params: &Params,
    flat: &Arc<Flat>,
    axes: IndexMap<String, Value>,
    out: &mut Compiled,
) -> Option<Case> {
    let eval = Evaluator::new(program, params, &Nothing);
    let scope = locals(flat, &axes);
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
    if flat.children_of("server").next().is_none() {
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
            .map(|(name, value)| (name.clone(), super::report::figure(value, false)))
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
        phases: flat
            .children_of("phase")
            .filter_map(|block| phase::lower(&cx, block, &servers))
            .collect(),
        servers,
        checks: Vec::new(),
        reports: Vec::new(),
    };
    if case.sample < Duration::from_millis(10) {
        let at = flat
            .attrs
            .get("sample")
            .map_or(flat.head(), |attr| attr.expr.span);
        eval.report(Diagnostic::error(
            codes::OUT_OF_RANGE,
            at,
            "`sample` is at least 10ms",
        ));
    }
    out.found.extend(eval.take_found());
    out.secrets.extend(eval.secrets());

    let unmeasured = Unmeasured::new(&case);
    let eval = Evaluator::new(program, params, &unmeasured);
    let gpus: u64 = case.servers.iter().map(|server| server.gpus).sum();
    let implicit = Value::record([
        ("name".to_string(), Value::text(case.id.as_str())),
        ("scenario".to_string(), Value::text(case.scenario.as_str())),
        ("gpus".to_string(), Value::plain(gpus as f64)),
    ]);
    let scope = cx
        .scope
        .with_values([("case", implicit), ("scenario", Value::text(flat.title()))]);
    let cx = Context {
        eval: &eval,
        program,
        flat,
        scope,
    };
    let checks = checks(&cx, &case);
    let reports = flat
        .children_of("report")
        .filter_map(|block| report::lower(&cx, block))
        .collect();
    out.found.extend(eval.take_found());
    out.secrets.extend(eval.secrets());
    (case.checks, case.reports) = (checks, reports);
    Some(case)
}

/// `tp=2,concurrency=16`, or what `name` says.
fn case_id(cx: &Context<'_>, axes: &IndexMap<String, Value>) -> String {
    let id = axes
        .iter()
        .map(|(name, value)| {
            format!(
                "{name}={}",
                value.shown().unwrap_or_else(|| "?".into()).replace(' ', "")
            )
        })
        .collect::<Vec<_>>()
        .join(",");
    let id = if id.is_empty() {
        "case".to_string()
    } else {
        id
    };
    match cx.attr(cx.flat, "name") {
        Value::Text(name) => name.to_string(),
        _ => id,
    }
}

fn checks(cx: &Context<'_>, case: &Case) -> Vec<CheckSpec> {
    let mut out = Vec::new();
    for (index, check) in cx.flat.checks.iter().enumerate() {
        let scope = cx.scope.in_module(check.module);
        cx.eval.take_trace();
        let when = check
            .when
            .as_ref()
            .map(|expr| (expr, cx.eval.eval(expr, &scope)));
        if let Some((expr, value)) = &when {
            cx.truth(value, expr.span, "`when` takes");
        }
        let value = cx.eval.eval(&check.expr, &scope);
        cx.truth(&value, check.expr.span, "a check is");
        let phases: BTreeSet<String> = cx
            .eval
            .take_trace()
            .iter()
            .flat_map(|r| r.query.phases())
            .map(|p| p.to_string())
            .collect();
        for name in &phases {
            let phase = case.phases.iter().find(|phase| phase.name == *name);
            if phase.is_some_and(|phase| !phase.measured) {
                let message = format!("this check reads `{name}`, which is not measured");
                cx.eval.report(
                    Diagnostic::warning(codes::UNMEASURED_CHECK, check.expr.span, message)
                        .help("a warm-up's figures are not the server's: check a measured phase, or drop `measured = false`"),
                );
            }
        }
        let because = check
            .because
            .as_ref()
            .and_then(|expr| cx.eval.eval(expr, &scope).shown());
        let source = &cx.program.sources;
        out.push(CheckSpec {
            name: check
                .name
                .as_ref()
                .map_or_else(|| format!("check_{}", index + 1), |name| name.text.clone()),
            level: check.level,
            text: one_line(source.text(check.expr.span)),
            when_text: check
                .when
                .as_ref()
                .map(|expr| one_line(source.text(expr.span))),
            because,
            place: source.place(check.span),
            phases: phases.into_iter().collect(),
            span: check.expr.span,
            expr: Thunk {
                expr: check.expr.clone(),
                scope: scope.clone(),
            },
            when: check.when.clone().map(|expr| Thunk {
                expr,
                scope: scope.clone(),
            }),
        });
    }
    out
}

/// Source text on one line, as reports quote it.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Context<'_> {
    /// An attribute of a block, checked against the schema; its default where it is not written.
    pub fn attr(&self, flat: &Flat, name: &str) -> Value {
        self.attr_in(flat, name, &self.scope)
    }

    pub fn attr_in(&self, flat: &Flat, name: &str, scope: &Scope) -> Value {
        let Some(attribute) = schema::kind(&flat.kind.text).and_then(|kind| kind.attribute(name))
        else {
            return Value::Error;
        };
        match flat.attrs.get(name) {
            Some(attr) => self
                .eval
                .attribute(attribute, &attr.expr, &scope.in_module(attr.module)),
            None => self.eval.default_of(attribute),
        }
    }

    /// Where an attribute is written, or the block's head.
    pub fn place(&self, flat: &Flat, name: &str) -> Span {
        flat.attrs
            .get(name)
            .map_or(flat.head(), |attr| attr.expr.span)
    }

    pub fn duration(&self, flat: &Flat, name: &str) -> Option<Duration> {
        as_duration(&self.attr(flat, name))
    }

    pub fn flag(&self, flat: &Flat, name: &str) -> Option<bool> {
        as_bool(&self.attr(flat, name))
    }

    pub fn text(&self, flat: &Flat, name: &str) -> Option<String> {
        as_text(&self.attr(flat, name))
    }

    pub fn whole(&self, flat: &Flat, name: &str) -> Option<u64> {
        as_whole(&self.attr(flat, name))
    }

    pub fn texts(&self, flat: &Flat, name: &str) -> Vec<String> {
        match self.attr(flat, name) {
            Value::List(items) => items.iter().filter_map(as_text).collect(),
            _ => Vec::new(),
        }
    }

    /// Reports a value that is neither true nor false.
    pub fn truth(&self, value: &Value, span: Span, what: &str) {
        let fine = matches!(
            value,
            Value::Error
                | Value::Bool(_)
                | Value::Unknown(Shape::Bool | Shape::Any)
                | Value::Unavailable(_)
        );
        if !fine {
            let message = format!("{what} true or false, this is {}", value.describe());
            let help = match value {
                Value::Handle(_) | Value::Number(_) | Value::Unknown(_) => {
                    "compare it with a limit: … <= 800ms"
                }
                _ => "write a comparison",
            };
            self.eval
                .report(Diagnostic::error(codes::TYPE_MISMATCH, span, message).help(help));
        }
    }
}

/// A field of a block or record that stands for a block.
pub(super) fn member(
    eval: &Evaluator<'_>,
    value: &Value,
    kind: &str,
    name: &str,
    span: Span,
) -> Value {
    let Some(attribute) = schema::kind(kind).and_then(|kind| kind.attribute(name)) else {
        return Value::Error;
    };
    match value {
        Value::Block(block) => block_attr(eval, block, attribute),
        Value::Record(fields) => match fields.get(name) {
            Some(value) => eval.typed(name, attribute.ty, value.clone(), span),
            None => eval.default_of(attribute),
        },
        _ => Value::None,
    }
}

fn block_attr(eval: &Evaluator<'_>, block: &BlockValue, attribute: &schema::Attribute) -> Value {
    match block.flat.attrs.get(attribute.name) {
        Some(attr) => eval.attribute(attribute, &attr.expr, &block.scope.in_module(attr.module)),
        None => eval.default_of(attribute),
    }
}

pub(super) fn as_duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(Quantity { value, .. }) => Duration::try_from_secs_f64(*value).ok(),
        _ => None,
    }
}

pub(super) fn as_bool(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(b) => Some(*b),
        _ => None,
    }
}

pub(super) fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(q) => Some(q.value),
        _ => None,
    }
}

pub(super) fn as_whole(value: &Value) -> Option<u64> {
    as_number(value)
        .filter(|v| *v >= 0.0 && v.fract() == 0.0 && *v < 9e15)
        .map(|v| v as u64)
}
