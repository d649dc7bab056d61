//! A wrong answer in words: to which row it is, what was asked and answered, and what was wanted.

use super::Shared;
use crate::eval::Value;
use crate::load::record::Record;
use crate::report::text::short;
use crate::scenario::{PartSpec, Thunk, WorkloadSpec};

/// The most characters of a question and of a row's field, of an answer, and of an `accept`.
const QUESTION: usize = 60;
const ANSWER: usize = 100;
const ACCEPT: usize = 80;

/// `row 2, asked "Price?": the answer "It is free." is not accepted by row.price in answer, where
/// row.price is 1.50`. Secrets go before anything is cut, or half of one were left.
pub(super) fn said(
    shared: &Shared,
    workload: &WorkloadSpec,
    accept: &Thunk,
    record: &Record,
) -> String {
    let redactor = shared.folder.redactor();
    let cut = |text: &str, most| short(&redactor.text(text), most);
    let asked = match asked(workload, record.row) {
        Some(text) => format!(", asked {:?}", cut(&text, QUESTION)),
        None => String::new(),
    };
    let source = shared.program.sources.text(accept.expr.span);
    let fields = fields(shared, source, workload.rows.get(record.row));
    let fields = fields
        .iter()
        .map(|(name, value)| format!("row.{name} is {}", cut(value, QUESTION)));
    let fields: Vec<String> = fields.collect();
    let wanted = match fields.is_empty() {
        true => String::new(),
        false => format!(", where {}", fields.join(" and ")),
    };
    format!(
        "row {}{asked}: the answer {:?} is not accepted by {}{wanted}",
        record.row + 1,
        cut(&record.answer, ANSWER),
        cut(source, ACCEPT)
    )
}

/// The texts of the row's request; none where its words are drawn.
fn asked(workload: &WorkloadSpec, row: usize) -> Option<String> {
    let parts = workload.requests.get(row)?.content.iter();
    let texts = parts.filter_map(|part| match part {
        PartSpec::Text(text) => Some(&**text),
        _ => None,
    });
    let texts: Vec<&str> = texts.collect();
    (!texts.is_empty()).then(|| texts.join(" "))
}

/// The fields of the row that `accept` names, as they are written.
fn fields(shared: &Shared, accept: &str, row: Option<&Value>) -> Vec<(String, String)> {
    let Some(Value::Record(fields)) = row else {
        return Vec::new();
    };
    let named = |field: &str| {
        let behind = accept.match_indices("row.");
        behind.into_iter().any(|(at, dot)| {
            let rest = accept[at + dot.len()..].strip_prefix(field);
            rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        })
    };
    let shown = |(name, value): (&String, &Value)| {
        let cell = shared.program.data.cell(fields, name);
        let text = cell.map(|cell| cell.to_string()).or_else(|| value.shown());
        Some((name.clone(), text?))
    };
    { fields.iter() }
        .filter(|(name, _)| named(name))
        .filter_map(shown)
        .collect()
}
