//! A workload: its rows as requests, and when an answer is accepted.

use super::context::{Context, as_bool, as_number, as_text};
use super::{PartSpec, RequestSpec, Thunk, WorkloadSpec};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Part, Scope, Shape, Value};

use crate::check::is_whole;
use crate::source::Span;
use std::path::Path;
use std::sync::Arc;

pub(super) fn lower(cx: &Context<'_>, block: &Arc<BlockValue>) -> Option<WorkloadSpec> {
    let flat = &block.flat;
    let once = block.scope.without(
        &["row", "answer", "finish_reason"],
        "only `prompt`, `content` and `system` are made for each row, and `accept` for each answer",
    );
    let constant = |name: &str| cx.attr_in(flat, name, &once);
    let rows = match constant("rows") {
        Value::List(rows) if rows.is_empty() => {
            let message = format!(
                "the workload `{}` has no rows, so nothing to ask",
                flat.title()
            );
            cx.eval.report(Diagnostic::error(
                codes::OUT_OF_RANGE,
                cx.place(flat, "rows"),
                message,
            ));
            return None;
        }
        Value::List(rows) => rows.as_ref().clone(),
        Value::Error => return None,
        _ => vec![Value::None],
    };
    let base = RequestSpec {
        system: None,
        content: Vec::new(),
        max_tokens: as_number(&constant("output")).map(|n| n.round() as u64),
        temperature: as_number(&constant("temperature")),
        ignore_eos: as_bool(&constant("ignore_eos")).unwrap_or(false),
        stream: as_bool(&constant("stream")).unwrap_or(true),
        extra: cx.json(flat, "body", &once).into(),
    };
    if base.max_tokens == Some(0) {
        cx.eval.report(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                cx.place(flat, "output"),
                "`output` is more than 0 tokens",
            )
            .help("write 1 or more"),
        );
        return None;
    }
    let requests: Option<Vec<RequestSpec>> = rows
        .iter()
        .map(|row| request(cx, block, row, &base))
        .collect();
    let accept = flat.attrs.get("accept").map(|attr| Thunk {
        expr: attr.expr.clone(),
        scope: block.scope.in_module(attr.module),
    });
    if let Some(accept) = &accept {
        let scope = answered(
            &accept.scope,
            Value::Unknown(Shape::Text),
            Value::Unknown(Shape::Text),
            &rows[0],
        );
        let value = cx.eval.eval(&accept.expr, &scope);
        cx.truth(&value, accept.expr.span, "`accept` is");
    }
    Some(WorkloadSpec {
        name: flat.title().to_string(),
        api: as_text(&constant("api"))?,
        body: base.extra.clone(),
        requests: requests?,
        accepts: accept.is_some(),
        accept,
        rows,
    })
}

/// The names that `accept` sees.
pub fn answered(scope: &Scope, answer: Value, finish_reason: Value, row: &Value) -> Scope {
    scope.with_values([
        ("answer", answer),
        ("finish_reason", finish_reason),
        ("row", row.clone()),
    ])
}

fn request(
    cx: &Context<'_>,
    block: &BlockValue,
    row: &Value,
    base: &RequestSpec,
) -> Option<RequestSpec> {
    let flat = &block.flat;
    let scope = block.scope.without(
        &["answer", "finish_reason"],
        "an answer is known in `accept`",
    );
    let scope = match row {
        Value::None => scope.without(&["row"], "the workload has no rows: rows = [{ … }, { … }]"),
        row => scope.with_value("row", row.clone()),
    };
    let (prompt, content) = (
        cx.attr_in(flat, "prompt", &scope),
        cx.attr_in(flat, "content", &scope),
    );
    let mut parts = Vec::new();
    match (&prompt, &content) {
        (Value::Error, _) | (_, Value::Error) => return None,
        (Value::Text(text), Value::None) => parts.push(PartSpec::Text(text.to_string())),
        (Value::None, Value::List(items)) if !items.is_empty() => {
            let place = cx.place(flat, "content");
            for item in items.iter() {
                parts.push(part(cx, item, place)?);
            }
        }
        (Value::None, Value::None | Value::List(_)) => {
            if !is_whole(flat) {
                return None;
            }
            cx.eval.report(
                Diagnostic::error(
                    codes::MISSING_ATTRIBUTE,
                    flat.head(),
                    format!("the workload `{}` asks nothing", flat.title()),
                )
                .help(
                    "give it `prompt = \"…\"`, or `content = [text(\"…\"), image(\"photo.jpg\")]`",
                ),
            );
            return None;
        }
        _ => {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    cx.place(flat, "content"),
                    "`prompt` and `content` cannot both be said",
                )
                .label(cx.place(flat, "prompt"), "the prompt")
                .help("put the text into the content: text(\"…\")"),
            );
            return None;
        }
    }
    let system = as_text(&cx.attr_in(flat, "system", &scope));
    Some(RequestSpec {
        system,
        content: parts,
        ..base.clone()
    })
}

fn part(cx: &Context<'_>, value: &Value, place: Span) -> Option<PartSpec> {
    match value {
        Value::Part(Part::Text(text)) | Value::Text(text) => Some(PartSpec::Text(text.to_string())),
        Value::Part(Part::Image { source, base }) => {
            if ["http://", "https://", "data:"]
                .iter()
                .any(|scheme| source.starts_with(scheme))
            {
                return Some(PartSpec::ImageUrl(source.to_string()));
            }
            let path = base.clone().unwrap_or_default().join(source.as_ref());
            if path.is_file() {
                return Some(PartSpec::ImageFile(path));
            }
            missing(cx, source, &path, place);
            None
        }
        Value::Error => None,
        other => {
            let message = format!(
                "`content` is made of text(…) and image(…), this is {}",
                other.describe()
            );
            cx.eval
                .report(Diagnostic::error(codes::TYPE_MISMATCH, place, message));
            None
        }
    }
}

fn missing(cx: &Context<'_>, source: &str, path: &Path, place: Span) {
    cx.eval.report(
        Diagnostic::error(
            codes::MISSING_FILE,
            place,
            format!("there is no file `{source}`"),
        )
        .help(format!("looked for {}", path.display()))
        .help("paths are relative to the file that names them"),
    );
}

/// Attributes of the workload kind, to keep this file and the schema together.
#[cfg(test)]
mod tests {
    #[test]
    fn request_stage_attributes_are_those_evaluated_per_row() {
        let kind = crate::schema::kind("workload").unwrap();
        let per_row: Vec<&str> = kind
            .attributes
            .iter()
            .filter(|a| a.stage == crate::schema::Stage::Request)
            .map(|a| a.name)
            .collect();
        assert_eq!(per_row, ["prompt", "content", "system", "accept"]);
    }
}
