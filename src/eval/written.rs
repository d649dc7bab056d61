//! Numbers where a text is due: cells of data files as they are written there, and what to write.

use super::{Evaluator, Scope, Value};
use crate::diagnostics::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use std::sync::Arc;

/// The longest text of an expression that a help repeats, in bytes.
const LONGEST: usize = 80;

impl Evaluator<'_> {
    /// A value that becomes part of a text: a number of a data file, which is read by its name as
    /// `row.answer` is, as it is written there.
    pub(super) fn as_part(&self, expr: &Expr, scope: &Scope) -> Value {
        let ExprKind::Field { base, field } = &expr.kind else {
            return self.eval(expr, scope);
        };
        if self.shapes
            || !self.program.data.keeps_cells()
            || self.module_named(base, scope).is_some()
        {
            return self.eval(expr, scope);
        }
        let of = self.eval(base, scope);
        if let Value::Record(fields) = &of
            && let Some(cell) = self.program.data.cell(fields, &field.text)
        {
            return Value::Text(cell);
        }
        self.field(of, base.span, field, expr.span)
    }

    /// With what to write where a text, or a list of texts (`listed`), is due in the place of a
    /// number or of a list that holds some.
    pub(super) fn with_text(
        &self,
        found: Diagnostic,
        (value, expr): (&Value, &Expr),
        listed: bool,
    ) -> Diagnostic {
        let Some(text) = self.text_for(value, expr, listed) else {
            return found;
        };
        let what = if listed { "texts" } else { "a text" };
        found.help(format!("write it as {what}: `{text}`")).fix(
            format!("make it {what}"),
            expr.span,
            text,
            false,
        )
    }

    fn text_for(&self, value: &Value, expr: &Expr, listed: bool) -> Option<String> {
        let short = |text: String| (text.len() <= LONGEST).then_some(text);
        match (value, &expr.kind) {
            (Value::Number(_), _) if listed => short(format!("[{}]", self.quoted(expr.span))),
            (Value::Number(_), _) => short(self.quoted(expr.span)),
            (Value::List(values), ExprKind::List(items)) if listed => {
                let all = values.iter().zip(items);
                if !values.iter().any(|value| matches!(value, Value::Number(_))) {
                    return None;
                }
                let text = all.map(|(value, item)| match value {
                    Value::Number(_) => self.quoted(item.span),
                    _ => self.program.sources.text(item.span).to_string(),
                });
                short(format!("[{}]", text.collect::<Vec<_>>().join(", ")))
            }
            (Value::List(values), _) if listed => {
                let numbers = values.iter().all(|value| matches!(value, Value::Number(_)));
                let text = self.program.sources.text(expr.span);
                let text = format!("[\"${{word}}\" for word in {text}]");
                (numbers && !values.is_empty())
                    .then(|| short(text))
                    .flatten()
            }
            _ => None,
        }
    }

    /// `"${row.answer}"`; of a number that is written there, that in quotes.
    fn quoted(&self, span: Span) -> String {
        let text = self.program.sources.text(span);
        match text.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            true => format!("\"{text}\""),
            false => format!("\"${{{text}}}\""),
        }
    }
}

/// The cells of numbers that would be written otherwise, by the record and the column they are of.
#[derive(Debug, Default)]
pub(super) struct Cells(std::collections::HashMap<usize, Vec<(Arc<str>, Arc<str>)>>);

/// A record's fields, as a value holds them.
type Fields = Arc<indexmap::IndexMap<String, Value>>;

impl Cells {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps what is written in a record's cell, where its value would be written otherwise.
    pub(super) fn keep(&mut self, record: &Fields, column: &Arc<str>, cell: &str) {
        let number = matches!(record.get(&**column), Some(value @ Value::Number(_))
            if value.shown().as_deref() != Some(cell));
        if number {
            let of = self.0.entry(Arc::as_ptr(record) as usize).or_default();
            of.push((column.clone(), cell.into()));
        }
    }

    /// What is written in a cell of that very record.
    pub(super) fn get(&self, record: &Fields, column: &str) -> Option<Arc<str>> {
        let cells = self.0.get(&(Arc::as_ptr(record) as usize))?;
        let (_, cell) = cells.iter().find(|(name, _)| **name == *column)?;
        Some(cell.clone())
    }
}
