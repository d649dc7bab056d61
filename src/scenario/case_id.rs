//! What cases are called, and what is said of two that are called alike.

use super::context::Context;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::units::display_precise;
use indexmap::IndexMap;

/// `tp=2,concurrency=16`, or what `name` says.
pub(super) fn case_id(cx: &Context<'_>, axes: &IndexMap<String, Value>) -> String {
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

/// Two cases whose ids are one: `name` says too little, or what an id leaves out is all that
/// their axes differ in.
pub(super) fn same_id(
    flat: &Flat,
    id: &str,
    before: &IndexMap<String, Value>,
    axes: &IndexMap<String, Value>,
) -> Diagnostic {
    let message = format!("two cases of {} have the id `{id}`", flat.quoted());
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
