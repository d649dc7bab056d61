//! A server's options against its engine's `option` blocks, and what is passed for them.

use super::context::Context;
use super::option_flags::{Passed, Spelling};
use super::option_value::typed;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Scope, Value};
use crate::resolve::Flat;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Ident};
use indexmap::IndexMap;
use std::collections::HashSet;
use std::sync::Arc;

pub(super) struct Options {
    /// Every option of the engine: as set, as derived, by default, or none.
    pub record: Value,
    /// Flags and variables, in the order of the engine's block.
    pub passed: Passed,
    /// What is passed, as people read it.
    pub shown: IndexMap<String, String>,
}

/// Evaluates and checks them. What is wrong is reported, and stands as such in the record, so that
/// what does not depend on it can be looked at all the same.
pub(super) fn evaluate(
    cx: &Context<'_>,
    server: &Flat,
    engine: &Arc<Flat>,
    scope: &Scope,
) -> Options {
    let known: IndexMap<&str, &Arc<Flat>> = engine
        .children_of("option")
        .map(|option| (option.title(), option))
        .collect();
    let mut written = IndexMap::new();
    let mut meant = HashSet::new();
    for (name, name_span, span, value) in written_options(cx, server) {
        match known.get(name.as_str()) {
            Some(_) => {
                written.insert(name, (value, span));
            }
            None => {
                let near = crate::check::nearest(&name, known.keys().copied());
                unknown(cx, engine, near, &name, name_span);
                // what the option that was meant is set to is not known
                meant.extend(near);
            }
        }
    }
    let spelling = Spelling::of(cx, engine);
    let mut out = Options {
        record: Value::None,
        passed: Passed::default(),
        shown: IndexMap::new(),
    };
    let mut record = Vec::new();
    for (name, option) in &known {
        let derived = of_engine(cx, option, "value", scope);
        let set = match written.get(*name) {
            Some((value, span)) => {
                let typed = typed(cx, option, value.clone(), *span);
                contradiction(cx, name, &typed, &derived, option, *span);
                typed
            }
            None if meant.contains(name) => Value::Error,
            None => derived,
        };
        if !matches!(set, Value::None | Value::Error) {
            let span = written.get(*name).map_or(server.head(), |(_, span)| *span);
            spelling.pass(cx, option, &set, span, &mut out.passed);
            out.shown.insert(
                name.to_string(),
                set.shown().unwrap_or_else(|| "***".into()),
            );
        }
        let value = if matches!(set, Value::None) {
            of_engine(cx, option, "default", scope)
        } else {
            set
        };
        record.push((name.to_string(), value));
    }
    out.record = Value::record(record);
    out
}

/// What the engine's block itself gives the option, held to the block's own type and range.
fn of_engine(cx: &Context<'_>, option: &Flat, name: &str, scope: &Scope) -> Value {
    match cx.attr_in(option, name, scope) {
        none @ (Value::None | Value::Error) => none,
        value => typed(cx, option, value, cx.place(option, name)),
    }
}

/// Each option's name and value, with their places.
fn written_options(cx: &Context<'_>, server: &Flat) -> Vec<(String, Span, Span, Value)> {
    let known = |name: &Ident, value: &Expr, scope: &Scope| {
        let of = format!("`{}`", name.text);
        let set = cx.eval.known(&of, value, scope);
        (name.text.clone(), name.span, value.span, set)
    };
    if let Some(block) = server.child("options") {
        let inside = cx.scope.inside(block);
        let attrs = block.attrs.values();
        return attrs
            .map(|attr| known(&attr.name, &attr.expr, &inside.in_module(attr.module)))
            .collect();
    }
    let Some(attr) = server.attrs.get("options") else {
        return Vec::new();
    };
    let scope = cx.scope.in_module(attr.module);
    if let ExprKind::Record(fields) = &attr.expr.kind {
        let fields = fields.iter();
        return fields
            .map(|field| known(&field.key, &field.value, &scope))
            .collect();
    }
    match cx.eval.known("`options`", &attr.expr, &scope) {
        Value::Record(fields) => fields
            .iter()
            .map(|(name, value)| (name.clone(), attr.expr.span, attr.expr.span, value.clone()))
            .collect(),
        Value::Error => Vec::new(),
        other => {
            let message = format!("`options` is a block, this is {}", other.describe());
            cx.eval.report(
                Diagnostic::error(codes::TYPE_MISMATCH, attr.expr.span, message)
                    .help("write options { name = value }"),
            );
            Vec::new()
        }
    }
}

/// Of so many options all are listed.
const MOST_LISTED: usize = 12;

fn unknown(cx: &Context<'_>, engine: &Flat, near: Option<&str>, name: &str, span: Span) {
    let message = format!("{} has no option `{name}`", engine.title());
    let diagnostic = Diagnostic::error(codes::UNKNOWN_OPTION, span, message);
    let diagnostic = match near {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
            "the nearest option",
            span,
            near,
            false,
        ),
        None => {
            let known: Vec<&str> = engine
                .children_of("option")
                .map(|option| option.title())
                .collect();
            let listed = match known.len() {
                0 => "it has no options".to_string(),
                1..=MOST_LISTED => format!("its options are: {}", known.join(", ")),
                _ if cx.program.sources.get(engine.head().file).path.is_none() => {
                    format!("`scn doc engines.{}` lists its options", engine.title())
                }
                _ => format!("its options are: {}, …", known[..MOST_LISTED].join(", ")),
            };
            diagnostic.help(listed).help(
                "what they do not list is passed unchecked: arguments = [\"--flag\", \"value\"]",
            )
        }
    };
    cx.eval.report(diagnostic);
}

/// An option set to something else than what the layout already says.
fn contradiction(
    cx: &Context<'_>,
    name: &str,
    set: &Value,
    derived: &Value,
    option: &Flat,
    span: Span,
) {
    if matches!(derived, Value::None | Value::Error)
        || matches!(set, Value::Error)
        || set == derived
    {
        return;
    }
    let derived_from = option
        .attrs
        .get("value")
        .map(|attr| cx.program.sources.text(attr.expr.span).to_string());
    let (Some(from), Some(shown), Some(set)) = (derived_from, derived.shown(), set.shown()) else {
        return;
    };
    if !from.contains("layout.") {
        return;
    }
    cx.eval.report(
        Diagnostic::error(
            codes::CONTRADICTION,
            span,
            format!("`{name}` is {set} here, and {shown} by `{from}`"),
        )
        .help("say it in the layout only: the plan counts GPUs by it"),
    );
}
