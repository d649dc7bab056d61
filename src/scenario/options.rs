//! A server's options against its engine's `option` blocks, and the flags they become.

use super::Word;
use super::context::Context;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Scope, Value};
use crate::resolve::Flat;
use crate::schema::Type;
use crate::source::Span;
use crate::units::{Dimension, Quantity, number};
use indexmap::IndexMap;
use std::sync::Arc;

pub(super) struct Options {
    /// Every option of the engine: as set, as derived, by default, or none.
    pub record: Value,
    /// The flags to pass, in the order of the engine's block.
    pub flags: Vec<Word>,
    /// What is passed, as people read it.
    pub shown: IndexMap<String, String>,
}

/// Evaluates and checks them; `None` after what is wrong has been reported.
pub(super) fn evaluate(
    cx: &Context<'_>,
    server: &Flat,
    engine: &Arc<Flat>,
    scope: &Scope,
) -> Option<Options> {
    let known: IndexMap<&str, &Arc<Flat>> = engine
        .children_of("option")
        .map(|option| (option.title(), option))
        .collect();
    let mut written = IndexMap::new();
    let mut wrong = false;
    for (name, name_span, span, value) in written_options(cx, server) {
        match known.get(name.as_str()) {
            Some(_) => {
                written.insert(name, (value, span));
            }
            None => {
                unknown(cx, engine, &known, &name, name_span);
                wrong = true;
            }
        }
    }
    let spelling = Spelling::of(cx, engine);
    let mut out = Options {
        record: Value::None,
        flags: Vec::new(),
        shown: IndexMap::new(),
    };
    let mut record = Vec::new();
    for (name, option) in &known {
        let derived = cx.attr_in(option, "value", scope);
        let set = match written.get(*name) {
            Some((value, span)) => {
                let typed = typed(cx, option, name, value.clone(), *span);
                wrong |= matches!(typed, Value::Error);
                contradiction(cx, name, &typed, &derived, option, *span);
                typed
            }
            None => derived,
        };
        if !matches!(set, Value::None | Value::Error) {
            let span = written.get(*name).map_or(server.head(), |(_, span)| *span);
            spelling.flags(cx, option, (name, span), &set, &mut out.flags);
            out.shown.insert(
                name.to_string(),
                set.shown().unwrap_or_else(|| "***".into()),
            );
        }
        let value = if matches!(set, Value::None) {
            cx.attr_in(option, "default", scope)
        } else {
            set
        };
        record.push((name.to_string(), value));
    }
    out.record = Value::record(record);
    (!wrong).then_some(out)
}

/// Each option's name and value, with their places.
fn written_options(cx: &Context<'_>, server: &Flat) -> Vec<(String, Span, Span, Value)> {
    if let Some(block) = server.child("options") {
        let inside = cx.scope.inside(block);
        let eval = |attr: &crate::resolve::FlatAttr| {
            cx.eval.eval(&attr.expr, &inside.in_module(attr.module))
        };
        return block
            .attrs
            .iter()
            .map(|(name, attr)| (name.clone(), attr.name.span, attr.expr.span, eval(attr)))
            .collect();
    }
    let Some(attr) = server.attrs.get("options") else {
        return Vec::new();
    };
    match cx.eval.eval(&attr.expr, &cx.scope.in_module(attr.module)) {
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

fn unknown(
    cx: &Context<'_>,
    engine: &Flat,
    known: &IndexMap<&str, &Arc<Flat>>,
    name: &str,
    span: Span,
) {
    let message = format!("{} has no option `{name}`", engine.title());
    let diagnostic = Diagnostic::error(codes::UNKNOWN_OPTION, span, message);
    let diagnostic = match crate::check::nearest(name, known.keys().copied()) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix("the nearest option", span, near, false),
        None => diagnostic.help("options that this engine's block does not list are passed unchecked: arguments = [\"--flag\", \"value\"]"),
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

/// The option's value against its type and choices.
fn typed(cx: &Context<'_>, option: &Flat, name: &str, value: Value, span: Span) -> Value {
    let ty = match cx.text(option, "type").as_deref() {
        Some("bool") => Type::Bool,
        Some("int") => Type::Int(i64::MIN),
        Some("ratio") => Type::Ratio,
        Some("tok") => Type::Count(Dimension::TOKENS),
        Some("GiB") => Type::Quantity(Dimension::DATA),
        Some("s" | "duration") => Type::Quantity(Dimension::TIME),
        Some("string") => Type::SecretText,
        Some("list") => Type::Many(&Type::Any),
        Some("record") => Type::Record,
        _ => Type::Any,
    };
    let value = cx.eval.typed(name, ty, value, span);
    let choices = cx.texts(option, "choices");
    if let (Value::Text(text), false) = (&value, choices.is_empty())
        && !choices.iter().any(|choice| choice == text.as_ref())
    {
        let message = format!("`{name}` cannot be \"{text}\"");
        let diagnostic = Diagnostic::error(codes::BAD_CHOICE, span, message);
        cx.eval.report(
            match crate::check::nearest(text, choices.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")),
                None => diagnostic.help(format!("it is one of: {}", choices.join(", "))),
            },
        );
        return Value::Error;
    }
    value
}

/// How the engine spells flags.
struct Spelling {
    kebab: bool,
    yes: String,
    no: Option<String>,
}

impl Spelling {
    fn of(cx: &Context<'_>, engine: &Flat) -> Self {
        let Some(flags) = engine.child("flags") else {
            return Self {
                kebab: true,
                yes: "--{}".into(),
                no: None,
            };
        };
        Self {
            kebab: cx.text(flags, "spelling").as_deref() != Some("--snake_case"),
            yes: cx.text(flags, "yes").unwrap_or_else(|| "--{}".into()),
            no: cx.text(flags, "no"),
        }
    }

    fn flags(
        &self,
        cx: &Context<'_>,
        option: &Flat,
        (name, span): (&str, Span),
        value: &Value,
        out: &mut Vec<Word>,
    ) {
        let word = if self.kebab {
            name.replace('_', "-")
        } else {
            name.to_string()
        };
        let own = cx.text(option, "flag");
        let flag = own.clone().unwrap_or_else(|| format!("--{word}"));
        let ty = cx.text(option, "type").unwrap_or_default();
        let factor = if ty == "GiB" { 1024f64.powi(3) } else { 1.0 };
        let unit = if ty == "duration" { "s" } else { "" };
        let quantity = |q: &Quantity| number(q.value / factor, 15) + unit;
        match value {
            Value::Bool(true) => {
                out.push(Word::plain(
                    own.unwrap_or_else(|| self.yes.replace("{}", &word)),
                ));
            }
            Value::Bool(false) => {
                let no = self.no.as_ref().map(|no| no.replace("{}", &word));
                out.extend(no.map(Word::plain));
            }
            Value::List(items) => {
                out.push(Word::plain(flag));
                for item in items.iter() {
                    match (item, item.shown()) {
                        (Value::Secret(text), _) => out.push(Word::secret(text.as_ref())),
                        (Value::Number(q), _) => out.push(Word::plain(quantity(q))),
                        (_, Some(text)) => out.push(Word::plain(text)),
                        (other, None) => unfit(cx, name, other, span),
                    }
                }
            }
            Value::Record(_) => match value.to_json() {
                Some(json) => out.extend([flag, json.to_string()].map(Word::plain)),
                None => unfit(cx, name, value, span),
            },
            Value::Number(q) => out.extend([flag, quantity(q)].map(Word::plain)),
            Value::Secret(text) => out.extend([Word::plain(flag), Word::secret(text.as_ref())]),
            Value::Text(text) => out.extend([flag, text.to_string()].map(Word::plain)),
            other => unfit(cx, name, other, span),
        }
    }
}

fn unfit(cx: &Context<'_>, name: &str, value: &Value, span: Span) {
    let message = format!("{} cannot be passed as `{name}`", value.describe());
    cx.eval.report(
        Diagnostic::error(codes::TYPE_MISMATCH, span, message)
            .help("an option takes texts, numbers, true or false, and lists and records of these"),
    );
}
