//! What is wrong with `accept` whatever the answers will be: it is looked at with each row, and with
//! an answer that stands for any text.

use super::Thunk;
use super::context::{Context, as_bool, one_line};
use super::nones::Nones;
use super::workload::answered;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Shape, Value};
use crate::resolve::Flat;
use crate::source::Span;
use indexmap::IndexMap;
use std::collections::HashSet;

/// So many of the first rows are looked at; of those behind them, each that is made of others.
const LOOKED_AT: usize = 1000;

/// So many rows are named.
const NAMED: usize = 3;

/// Reports what is wrong with an `accept`, once for all rows in which it is; `rows` is none where
/// these are wrong themselves.
pub(super) fn check(cx: &Context<'_>, flat: &Flat, accept: &Thunk, rows: Option<&[Value]>) {
    let before = cx.eval.take_found();
    let mut all: IndexMap<Key, (Diagnostic, Vec<usize>)> = IndexMap::new();
    let (mut kinds, mut looked_at) = (HashSet::new(), 0);
    let rows = rows.filter(|rows| !rows.is_empty());
    let rows = rows.unwrap_or(&[Value::Error]);
    let mut nones = Nones::default();
    let mut values = HashSet::new();
    cx.eval.take_nones();
    for (at, row) in rows.iter().enumerate() {
        let is_new = kinds.insert(kind(row));
        if at >= LOOKED_AT && !is_new {
            continue;
        }
        looked_at += 1;
        let any = || Value::Unknown(Shape::Text);
        let scope = answered(&accept.scope, any(), any(), row);
        let value = cx.eval.eval(&accept.expr, &scope);
        cx.truth(&value, accept.expr.span, "`accept` is");
        nones.take(cx, at, row);
        values.insert(as_bool(&value));
        for found in cx.eval.take_found() {
            let (_, of) = (all.entry(key(&found))).or_insert((found, Vec::new()));
            if of.last() != Some(&at) {
                of.push(at);
            }
        }
    }
    before.into_iter().for_each(|found| cx.eval.report(found));
    if all.is_empty() {
        of_no_answer(cx, flat, accept, &values);
    }
    for (found, of) in all.into_values() {
        let found = match of.len() == rows.len() {
            true => found,
            false => found.help(said(cx, rows, looked_at, &of)),
        };
        cx.eval.report(found);
    }
    nones.say(cx, |text| {
        (
            "an answer is compared with the word none".into(),
            format!(
                "leave such rows out, or say what is right there: `if {text} == none then … else …`"
            ),
        )
    });
}

/// Reports an `accept` that reads neither the answer nor how it ended; `values` is what it comes to.
fn of_no_answer(cx: &Context<'_>, flat: &Flat, accept: &Thunk, values: &HashSet<Option<bool>>) {
    let any = || Value::Unknown(Shape::Text);
    let scope = answered(&accept.scope, any(), any(), &Value::Error);
    let read = cx.eval.names_of_case(&accept.expr, &scope);
    let of_answer = ["answer", "finish_reason"]
        .iter()
        .any(|n| read.contains(*n));
    let only = |truth| values.len() == 1 && values.contains(&Some(truth));
    // `accept = true` drops what the extended workload accepts
    let in_scenario = || cx.flat.children_of("workload").any(|w| w.span == flat.span);
    let extends = || flat.extends.is_some() || cx.flat.extends.is_some() && in_scenario();
    if of_answer || values.contains(&None) || only(true) && extends() {
        return;
    }
    let so = match (only(true), only(false)) {
        (true, _) => ": every answer is right",
        (_, true) => ": no answer is right",
        _ => "",
    };
    let text = one_line(&cx.program.sources.shown(accept.expr.span));
    let message = format!("`{text}` says nothing of the answer{so}");
    cx.eval.report(
        Diagnostic::warning(codes::ALWAYS_HOLDS, accept.expr.span, message).help(
            "read the answer: accept = contains_any(answer, [\"yes\"]); or leave `accept` out",
        ),
    );
}

/// What is one and the same in several rows.
type Key = (&'static str, Vec<Span>, Option<String>);

/// A number and `none` at one place are two mistakes; other messages may name the row.
fn key(found: &Diagnostic) -> Key {
    let places = found.labels.iter().map(|label| label.span).collect();
    let of_type = found.code == codes::TYPE_MISMATCH.0;
    let message = of_type.then(|| found.message.clone());
    (found.code, places, message)
}

/// `in 3 of 40 rows: row 2 of questions.csv (line 3), …`
fn said(cx: &Context<'_>, rows: &[Value], looked_at: usize, of: &[usize]) -> String {
    let named = of.iter().take(NAMED).map(|at| {
        let of_file = match &rows[*at] {
            Value::Record(fields) => cx.program.data.row(fields),
            _ => None,
        };
        of_file.map_or_else(|| format!("row {}", at + 1), |row| row.to_string())
    });
    let named: Vec<String> = named.collect();
    let more = if of.len() > NAMED { ", …" } else { "" };
    let all = match looked_at == rows.len() {
        true => format!("{looked_at} rows"),
        false => format!("the {looked_at} rows that were looked at"),
    };
    format!("in {} of {all}: {}{more}", of.len(), named.join(", "))
}

/// What a row is made of, in words: rows that are alike in this are rarely unlike in what is wrong.
fn kind(row: &Value) -> String {
    match row {
        Value::Record(fields) => {
            let fields = fields
                .iter()
                .map(|(key, value)| format!("{key}: {}", kind(value)));
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::List(items) => {
            let kinds: HashSet<String> = items.iter().map(kind).collect();
            let mut kinds: Vec<String> = kinds.into_iter().collect();
            kinds.sort_unstable();
            format!("[{}]", kinds.join(", "))
        }
        other => other.describe(),
    }
}
