//! What the lowering of one case works with: attributes of blocks, checked against the schema.

use super::shared::Shared;
use super::{Reads, Thunk};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Evaluator, Reading, Scope, Shape, Value};
use crate::load::random::Random;
use crate::resolve::{Flat, Program};
use crate::schema;
use crate::source::Span;
use crate::units::Quantity;
use std::sync::Arc;
use std::time::Duration;

/// One case's scenario and the names that its expressions see.
pub(super) struct Context<'a> {
    pub eval: &'a Evaluator<'a>,
    pub program: &'a Program,
    pub flat: &'a Arc<Flat>,
    pub scope: Scope,
    /// What its cases have in common.
    pub shared: &'a Shared,
}

/// Source text on one line, as results and reports quote it: brackets that stood on lines of their own close up.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
        if line.starts_with([')', ']']) {
            out.truncate(out.trim_end_matches(',').len());
        } else if !out.is_empty() && !out.ends_with(['(', '[']) && !line.is_empty() {
            out.push(' ');
        }
        out.push_str(&line);
    }
    out
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
                .written(attribute, attr, &scope.in_module(attr.module)),
            None => self.eval.default_of(attribute),
        }
    }

    /// The same, with a block's own `let`s in scope.
    pub fn inside(&self, flat: &Flat) -> Context<'_> {
        self.at(&self.scope.inside(flat))
    }

    /// The same, for the expressions of another place.
    pub fn at(&self, scope: &Scope) -> Context<'_> {
        Context {
            eval: self.eval,
            program: self.program,
            flat: self.flat,
            scope: scope.clone(),
            shared: self.shared,
        }
    }

    /// A record of JSON values, as bodies of requests are; empty where it is not written.
    pub fn json(
        &self,
        flat: &Flat,
        name: &str,
        scope: &Scope,
    ) -> serde_json::Map<String, serde_json::Value> {
        let value = self.attr_in(flat, name, scope);
        match value.to_json() {
            Some(serde_json::Value::Object(fields)) => return fields,
            Some(serde_json::Value::Null) => {}
            _ => match value.without_json() {
                // that has been said
                Some((_, Value::Error)) => {}
                Some((path, other)) => self.eval.report(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        self.place(flat, name),
                        format!("`{name}{path}` is {}, which has no JSON form", other.describe()),
                    )
                    .help("texts, numbers, true, false, none, lists and records have one; secrets go into `headers`"),
                ),
                None => self.eval.report(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        self.place(flat, name),
                        format!("`{name}` takes a record, this is {}", value.describe()),
                    )
                    .help(format!("write `{name} = {{ key = value }}`")),
                ),
            },
        }
        serde_json::Map::new()
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

    /// The `timeout` that is written, if one is; none of one of 0, after it was reported with what
    /// would come of it and what to do.
    pub fn timeout(&self, flat: &Flat, what: &str, help: &str) -> Option<Option<Duration>> {
        let timeout = self.duration(flat, "timeout");
        if timeout != Some(Duration::ZERO) {
            return Some(timeout);
        }
        let message = format!("`timeout` is more than 0: {what}");
        let place = self.place(flat, "timeout");
        self.eval
            .report(Diagnostic::error(codes::OUT_OF_RANGE, place, message).help(help));
        None
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

    /// What an expression read since the last `take_trace`, where it may read other cases than the
    /// one at hand; none where it reads that alone.
    pub fn across(&self, exprs: &[&Thunk], here: &str) -> Option<Reads> {
        self.across_of(&self.eval.take_trace(), exprs, here)
    }

    /// The same, of what it has read.
    pub fn across_of(&self, trace: &[Reading], exprs: &[&Thunk], here: &str) -> Option<Reads> {
        let calls = |thunk: &&Thunk| self.eval.calls(&thunk.expr, &thunk.scope, "at");
        if !trace.iter().any(|reading| reading.case.is_some()) && !exprs.iter().any(calls) {
            return None;
        }
        Some(reads(trace, &here.into()))
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
                Value::Unknown(Shape::Text) => {
                    "compare it: answer == \"yes\", or contains_any(answer, [\"yes\", \"no\"])"
                }
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

/// What was read of which case; `here` is the one at hand.
pub(super) fn reads(trace: &[Reading], here: &Arc<str>) -> Reads {
    let one = |reading: &Reading| {
        let of = reading.case.as_ref().unwrap_or(here);
        (of.clone(), reading.query.clone())
    };
    trace.iter().map(one).collect()
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
        Some(attr) => eval.written(attribute, attr, &block.scope.in_module(attr.module)),
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

/// A number, or a distribution that requests draw from.
pub(super) fn drawn(value: &Value) -> Option<Random> {
    match value {
        Value::Number(q) => Some(Random::constant(q.value, q.dimension)),
        Value::Random(random) => Some(random.as_ref().clone()),
        _ => None,
    }
}

pub(super) fn as_whole(value: &Value) -> Option<u64> {
    as_number(value)
        .filter(|v| *v >= 0.0 && v.fract() == 0.0 && *v < 9e15)
        .map(|v| v as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_stands_on_one_line_as_one_would_write_it() {
        let text = "at(\n      tp = 4,\n    ).steady.itl.p50 <=\n  2 * [\n 1ms,\n 2ms,\n][0]";
        assert_eq!(
            one_line(text),
            "at(tp = 4).steady.itl.p50 <= 2 * [1ms, 2ms][0]"
        );
        assert_eq!(one_line("a  ==\n \"b\"\n and c"), "a == \"b\" and c");
    }
}
