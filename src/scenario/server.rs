//! A server block and its engine, lowered to what launching and asking need.

use super::context::{Context, as_bool, as_number, as_text, as_whole, member};
use super::launch::{existing, headers, home, launched, running, words};
use super::{Layout, ServerSpec, Start, VersionSpec, Word};
use super::{balance, cluster, engine, faults, gpu, memory, options, played, simulated};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, Label, codes};
use crate::eval::{BlockValue, Scope, Value};
use crate::report::model::World;
use crate::resolve::{Flat, FlatAttr};
use crate::schema;
use crate::source::Span;
use crate::syntax::ast::Expr;
use crate::versions::Versions;
use std::sync::Arc;

/// What the port stands as in an engine's words until it is known.
pub const PORT: &str = "{port}";

/// The spec of a server; `None` after what is wrong has been reported.
pub(super) fn lower(cx: &Context<'_>, flat: &Arc<Flat>) -> Option<ServerSpec> {
    let (lowered, found) = cx.eval.apart(|| lowered(&cx.inside(flat), flat));
    for diagnostic in found {
        cx.eval.report(about(cx, flat, diagnostic));
    }
    lowered
}

/// What goes wrong in an expression of the library is about the server that led to it.
fn about(cx: &Context<'_>, flat: &Flat, mut diagnostic: Diagnostic) -> Diagnostic {
    let library = |span: Span| cx.program.sources.get(span.file).path.is_none();
    if !library(diagnostic.span()) {
        return diagnostic;
    }
    for label in &mut diagnostic.labels {
        label.primary = false;
        if label.text.is_empty() {
            label.text = "worked out here".into();
        }
    }
    diagnostic.labels.insert(
        0,
        Label {
            span: flat.head(),
            text: "for this server".into(),
            primary: true,
        },
    );
    diagnostic
}

fn lowered(cx: &Context<'_>, flat: &Arc<Flat>) -> Option<ServerSpec> {
    let url = cx.attr(flat, "url");
    // a url that is wrong is one: it is not asked for a second time
    let has_url = !matches!(url, Value::None);
    let url = as_text(&url).map(|url| url.trim_end_matches('/').to_string());
    let engine = engine_of(cx, flat, has_url)?;
    let model = model_of(cx, flat);
    // with one that is not known, what the layout would be is not known either
    let layout = flat
        .attrs
        .get("layout")
        .and_then(|attr| attr.block.as_ref());
    let layout = flat.child("layout").or(layout);
    let whole = is_whole(flat) && layout.is_none_or(|layout| is_whole(layout));
    let layout_value = match child_record(cx, flat, "layout") {
        _ if !whole => Value::Error,
        layout => layout,
    };
    let layout = Layout {
        tp: axis(cx, &layout_value, "tp", flat),
        pp: axis(cx, &layout_value, "pp", flat),
        dp: axis(cx, &layout_value, "dp", flat),
        ep: axis(cx, &layout_value, "ep", flat),
    };
    let balance = balance::lower(cx, flat, &layout_value, layout.dp);
    let faults = faults::lower(cx, flat);
    // what the engine's expressions see
    let base = engine.scope.clone();
    let stated = stated(cx, flat)?;
    let version = stated
        .as_ref()
        .map(|versions| Value::text(versions.to_string()));
    let launch = base.with_values([
        ("version", version.unwrap_or(Value::None)),
        ("model", model.clone()),
        ("layout", layout_value.clone()),
        ("host", Value::text("127.0.0.1")),
        ("port", Value::text(PORT)),
        ("scn", Value::text(own_program())),
    ]);
    let set = options::evaluate(cx, flat, &engine.flat, &launch);
    let launch = launch.with_values([("options", set.record.clone())]);
    let mut arguments = set.passed.flags;
    words(
        cx,
        &cx.attr(flat, "arguments"),
        cx.place(flat, "arguments"),
        &mut arguments,
    );
    let value = |word: Word| match word.secret {
        true => Value::Secret(word.text.into()),
        false => Value::text(word.text),
    };
    let arguments = Value::list(arguments.into_iter().map(value).collect());
    let launch = launch.with_values([
        ("arguments", arguments),
        ("environment", environment(cx, flat)),
    ]);
    constraints(cx, flat, &engine.flat, &launch);

    let cluster = cluster::of_server(cx, flat);
    let (gpu, place) = match &cluster {
        Some((_, gpu)) => (gpu.clone(), cx.place(flat, "cluster")),
        None => (cx.attr(flat, "gpu"), cx.place(flat, "gpu")),
    };
    // what is wrong with one of these has been said, and no sum is made of the others
    let broken = [&model, &layout_value, &set.record, &gpu]
        .into_iter()
        .any(is_broken);
    // one that already runs has the memory it needs
    let memory = match url {
        Some(_) => None,
        None if broken => None,
        None => memory::lower(
            cx,
            flat,
            (&gpu, place),
            &engine.flat,
            &model,
            &launch,
            cluster.as_ref().map(|(cluster, _)| cluster),
        ),
    };
    let start = match url {
        Some(url) => running(cx, flat, url)?,
        None if has_url => return None,
        None => launched(cx, flat, &engine.flat, &launch, set.passed.environment)?,
    };
    let simulated = (!broken && (cx.shared.world() != World::Real || balance::says_worlds(cx)))
        .then(|| {
            simulated::lower(
                cx,
                (&engine.flat, &launch),
                &model,
                (&gpu, place),
                (balance, faults),
            )
        });
    if let Some(simulated) = &simulated
        && !played::is_too_large(memory.as_ref())
    {
        played::check(cx, flat, &start, simulated.as_ref().err());
    }
    let gpu = gpu::lower(cx, (&gpu, place));
    let mut asks = engine::lower(cx, flat, &engine, &launch)?;
    if let Some(version) = &mut asks.version {
        own_version_command(cx, (flat, &engine.flat), &launch, &start, version);
    }
    let gpus = as_whole(&cx.attr_in(&engine.flat, "gpus", &launch)).unwrap_or(0);
    let path = as_text(&field(cx, &model, "path", flat.head()));
    let served = as_text(&field(cx, &model, "served_name", flat.head()));
    let by_engine = as_text(&cx.attr_in(&engine.flat, "served_name", &launch));
    let of_model = as_number(&field(cx, &model, "context", flat.head()));
    let context = as_number(&cx.attr_in(&engine.flat, "context", &launch));
    Some(ServerSpec {
        name: flat.title().to_string(),
        engine: engine.flat.title().to_string(),
        // a path is called as the command names it
        model: served.or_else(|| by_engine.or(path).map(|path| home(&path))),
        modalities: texts(&field(cx, &model, "modalities", flat.head())),
        context: context.or(of_model),
        context_set: context.is_some() && context != of_model,
        temperature: as_number(&cx.attr_in(&engine.flat, "temperature", &launch)),
        random_weights: as_bool(&cx.attr_in(&engine.flat, "random_weights", &launch)) == Some(true),
        prefix_cache: as_bool(&cx.attr_in(&engine.flat, "prefix_cache", &launch)),
        start,
        layout,
        options: set.shown,
        gpus,
        cluster: cluster.map(|(cluster, _)| cluster),
        gpu,
        capacity: as_number(&cx.attr(flat, "capacity")),
        memory,
        broken,
        apis: asks.apis,
        ready: asks.ready,
        stop: asks.stop,
        pause: cx.duration(flat, "pause").unwrap_or_default(),
        version: asks.version,
        stated,
        actions: asks.actions,
        metrics_request: asks.metrics_request,
        metrics: asks.metrics,
        roles: asks.roles,
        headers: headers(cx, flat),
        body: cx.json(flat, "body", &cx.scope),
        ca_file: cx
            .text(flat, "ca_file")
            .and_then(|path| existing(cx, flat, "ca_file", &path)),
        simulated,
        played: false,
    })
}

/// What a server's own `environment` says; what is wrong with it is found when its command is made.
fn environment(cx: &Context<'_>, flat: &Flat) -> Value {
    let value = |attr: &FlatAttr| {
        let scope = cx.scope.in_module(attr.module);
        let of = format!("`{}`", attr.name.text);
        cx.eval.known(&of, &attr.expr, &scope)
    };
    if let Some(block) = flat.child("environment") {
        let attrs = block.attrs.iter();
        return Value::record(attrs.map(|(name, attr)| (name.clone(), value(attr))));
    }
    match flat.attrs.get("environment").map(|attr| value(attr)) {
        Some(record @ Value::Record(_)) => record,
        _ => Value::record([]),
    }
}

/// The `version` of a server; the outer `None` after what is wrong has been reported.
fn stated(cx: &Context<'_>, flat: &Flat) -> Option<Option<Versions>> {
    let text = match cx.attr(flat, "version") {
        Value::Text(text) => text,
        Value::None => return Some(None),
        _ => return None,
    };
    match text.parse() {
        Ok(versions) => Some(Some(versions)),
        Err(_) => {
            let message = format!("`{text}` is no version");
            cx.eval.report(
                Diagnostic::error(codes::BAD_ARGUMENT, cx.place(flat, "version"), message)
                    .help("write `version = \"0.8.5\"`, or bounds: \">=0.9, <0.11\""),
            );
            None
        }
    }
}

/// The command that prints a version is of the program that is started: where the server names
/// another than the engine does, that one.
fn own_version_command(
    cx: &Context<'_>,
    (server, engine): (&Flat, &Flat),
    scope: &Scope,
    start: &Start,
    version: &mut VersionSpec,
) {
    if !server.attrs.contains_key("program") {
        return;
    }
    let mut usual = Vec::new();
    let place = cx.place(engine, "command");
    words(cx, &cx.attr_in(engine, "command", scope), place, &mut usual);
    if let Start::Launch { command, .. } = start
        && let (Some(program), Some(usual)) = (command.first(), usual.first())
        && let Some(first) = version.command.first_mut()
        && first == usual
    {
        *first = program.clone();
    }
}

/// Whether something in a value was wrong.
fn is_broken(value: &Value) -> bool {
    match value {
        Value::Error => true,
        Value::Record(fields) => fields.values().any(is_broken),
        _ => false,
    }
}

/// The texts of a list; none where there is none.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::List(items) => Some(items.iter().filter_map(as_text).collect()),
        _ => None,
    }
}

/// This program, for engines that are part of it.
pub(super) fn own_program() -> String {
    std::env::current_exe().map_or_else(|_| "scn".into(), |path| path.display().to_string())
}

fn engine_of(cx: &Context<'_>, flat: &Flat, has_url: bool) -> Option<Arc<BlockValue>> {
    match cx.attr(flat, "engine") {
        Value::Block(block) => Some(block),
        Value::None if !has_url && !is_whole(flat) => None,
        Value::None if has_url => {
            let engine = cx.program.url_engine()?;
            match cx.eval.standard("engines", engine) {
                Some(Value::Block(block)) => Some(block),
                _ => None,
            }
        }
        Value::None => {
            cx.eval.report(
                Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("the {} has no engine", flat.called()))
                    .help("say what to launch: `engine = engines.builtin` (with `use std.engines`), or where one runs: `url = \"http://…\"`"),
            );
            None
        }
        Value::Error => None,
        other => {
            let message = format!("`engine` names an engine, this is {}", other.describe());
            cx.eval.report(
                Diagnostic::error(codes::TYPE_MISMATCH, cx.place(flat, "engine"), message).help(
                    format!(
                        "name an `engine` block of this file, or one of the library: {}",
                        library().join(", ")
                    ),
                ),
            );
            None
        }
    }
}

/// The engines of the library, as a scenario names them.
fn library() -> Vec<String> {
    let files = crate::stdlib::module("engines");
    let stem = |path: &str| Some(path.rsplit('/').next()?.strip_suffix(".scn")?.to_string());
    let names = files.iter().filter_map(|(path, _)| stem(path));
    names.map(|name| format!("engines.{name}")).collect()
}

/// The model as a record with every attribute of its kind, so that constraints can read them.
fn model_of(cx: &Context<'_>, flat: &Flat) -> Value {
    let value = cx.attr(flat, "model");
    let place = cx.place(flat, "model");
    match value {
        Value::Block(_) | Value::Record(_) => filled(cx, &value, "model", place),
        _ => {
            let kind = schema::kind("model").expect("the schema has models");
            let attributes = kind.attributes.iter().map(|a| a.name);
            let names = attributes.chain(kind.children().map(|child| child.name));
            Value::record(names.map(|name| (name.to_string(), Value::None)))
        }
    }
}

pub(super) fn filled(cx: &Context<'_>, value: &Value, kind: &str, place: Span) -> Value {
    let Some(kind) = schema::kind(kind) else {
        return Value::Error;
    };
    let attributes = kind.attributes.iter().map(|a| {
        (
            a.name.to_string(),
            member(cx.eval, value, kind.name, a.name, place),
        )
    });
    let parts = kind
        .children()
        .map(|child| (child.name.to_string(), part(cx, value, child.name, place)));
    Value::record(attributes.chain(parts))
}

/// A block without a name in a block, or in a record that stands for one; none where it is not
/// written.
pub(super) fn part(cx: &Context<'_>, value: &Value, kind: &'static str, place: Span) -> Value {
    let (written, place) = match value {
        Value::Block(block) => match (block.flat.child(kind), block.flat.attrs.get(kind)) {
            (Some(child), _) => {
                let value = BlockValue::new(child.clone(), &block.scope);
                (Value::Block(Arc::new(value)), child.head())
            }
            (None, Some(attr)) => {
                let scope = block.scope.in_module(attr.module);
                (cx.eval.eval(&attr.expr, &scope), attr.expr.span)
            }
            (None, None) => return Value::None,
        },
        Value::Record(fields) => match fields.get(kind) {
            Some(written) => (written.clone(), place),
            None => return Value::None,
        },
        _ => return Value::None,
    };
    let typed = cx
        .eval
        .typed(kind, schema::Type::Block(kind), written, place);
    match typed {
        Value::Block(_) | Value::Record(_) => filled(cx, &typed, kind, place),
        other => other,
    }
}

fn field(cx: &Context<'_>, value: &Value, name: &str, place: Span) -> Value {
    match value {
        Value::Record(fields) => fields.get(name).cloned().unwrap_or(Value::None),
        other => member(cx.eval, other, "model", name, place),
    }
}

/// `layout { … }` or `layout = { … }`, filled up with defaults.
fn child_record(cx: &Context<'_>, flat: &Flat, name: &str) -> Value {
    if let Some(child) = flat.child(name) {
        let block = Value::Block(Arc::new(BlockValue::new(child.clone(), &cx.scope)));
        return filled(cx, &block, name, child.head());
    }
    if let Some(FlatAttr {
        block: Some(block),
        module,
        ..
    }) = flat.attrs.get(name).map(AsRef::as_ref)
    {
        let scope = cx.scope.in_module(*module);
        let value = Value::Block(Arc::new(BlockValue::new(block.clone(), &scope)));
        return filled(cx, &value, name, block.head());
    }
    if let Some(attr) = flat.attrs.get(name) {
        let value = cx.eval.eval(&attr.expr, &cx.scope.in_module(attr.module));
        let kind: &'static str = schema::kind(name).map_or("layout", |kind| kind.name);
        let value = cx
            .eval
            .typed(name, schema::Type::Block(kind), value, attr.expr.span);
        return filled(cx, &value, name, attr.expr.span);
    }
    filled(cx, &Value::record([]), name, flat.head())
}

fn axis(cx: &Context<'_>, layout: &Value, name: &str, flat: &Flat) -> u64 {
    match layout {
        Value::Record(fields) => fields.get(name).and_then(as_whole).unwrap_or(1),
        other => as_whole(&member(cx.eval, other, "layout", name, flat.head())).unwrap_or(1),
    }
}

/// The engine's own `expect`s, about this server's options and layout.
fn constraints(cx: &Context<'_>, flat: &Flat, engine: &Flat, scope: &Scope) {
    for check in &engine.checks {
        let scope = &scope.in_module(check.module);
        let holds = |expr: &Expr, what: &str| {
            let value = cx.eval.eval(expr, scope);
            cx.truth(&value, expr.span, what);
            match value {
                Value::Bool(holds) => Some(holds),
                _ => None,
            }
        };
        let applies = check
            .when
            .as_ref()
            .map_or(Some(true), |when| holds(when, "`when` takes"));
        if applies != Some(true) || holds(&check.expr, "a constraint is") != Some(false) {
            continue;
        }
        let because = check
            .because
            .as_ref()
            .and_then(|expr| as_text(&cx.eval.eval(expr, scope)));
        let text = super::context::one_line(&cx.program.sources.shown(check.expr.span));
        let warns = check.level == crate::syntax::ast::CheckLevel::Warn;
        let says = match warns {
            true => "may not run this server as it is meant",
            false => "cannot run this server",
        };
        let because = because.unwrap_or_else(|| format!("`{text}` does not hold"));
        let message = format!("{} {says}: {because}", engine.title());
        let rule = codes::CONSTRAINT;
        let mut diagnostic = Diagnostic::error(rule, flat.head(), message)
            .label(check.expr.span, "the engine's constraint")
            .help(format!("change what this reads: `{text}`"));
        if warns {
            diagnostic.severity = crate::diagnostics::Severity::Warning;
        }
        cx.eval.report(diagnostic);
    }
}
