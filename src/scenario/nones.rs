//! Rows of a workload in which something that a request asks is `none`.

use super::context::{Context, one_line};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::source::Span;

/// Whether what a request asks is written, and comes to none in its row: reported with the row.
pub(super) fn nothing_in(
    cx: &Context<'_>,
    flat: &Flat,
    (content, at, row): (&Value, usize, &Value),
) -> bool {
    let mut written = ["prompt", "content"].into_iter();
    let Some(attr) = written.find_map(|name| flat.attrs.get(name)) else {
        return false;
    };
    let (name, span) = (&attr.name.text, attr.expr.span);
    let text = one_line(cx.program.sources.text(span));
    let place = of_row(cx, at, row);
    let what = match content {
        Value::List(_) if name == "content" => "is an empty list",
        _ => "is none",
    };
    let message = format!("`{name}` {what}{place}, so there is nothing to ask");
    let found = Diagnostic::error(codes::MISSING_ATTRIBUTE, span, message);
    let plain = !text.contains(' ');
    cx.eval.report(found.help(match row {
        Value::None => "write what is asked, in quotes: \"…\"".to_string(),
        _ if plain && name == "prompt" => format!(
            "leave such rows out, or say what is asked without it: `if {text} == none then \"…\" else {text}`"
        ),
        _ => "leave such rows out, or ask all of them something".to_string(),
    }));
    true
}

/// ` in row 2`, or the line of the file that a row is from; nothing where there are no rows.
fn of_row(cx: &Context<'_>, at: usize, row: &Value) -> String {
    let of_file = match row {
        Value::Record(fields) => cx.program.data.row(fields),
        _ => None,
    };
    match (of_file, row) {
        (Some(row), _) => format!(" in {row}"),
        (None, Value::None) => String::new(),
        (None, _) => format!(" in row {}", at + 1),
    }
}

/// What is said of a request with the word `none`.
pub(super) fn sent(text: &str) -> (String, String) {
    (
        "the model is sent the word none".into(),
        format!(
            "give it a value there, or say what is asked without it: `${{if {text} == none then \"\" else {text}}}`"
        ),
    )
}

/// Where texts of requests, or of what their answers are compared with, have the word `none`, for what stands there is none: the place, the
/// first such row, and how many there are.
#[derive(Default)]
pub(super) struct Nones(Vec<(Span, String, usize)>);

impl Nones {
    /// Takes what was none in the texts of a row's request.
    pub fn take(&mut self, cx: &Context<'_>, at: usize, row: &Value) {
        for span in cx.eval.take_nones() {
            if let Some((_, _, rows)) = self.0.iter_mut().find(|(of, _, _)| *of == span) {
                *rows += 1;
                continue;
            }
            self.0.push((span, of_row(cx, at, row), 1));
        }
    }

    /// Says what comes of it and what to do, of the text of each.
    pub fn say(self, cx: &Context<'_>, of: impl Fn(&str) -> (String, String)) {
        for (span, row, rows) in self.0 {
            let text = one_line(cx.program.sources.text(span));
            let others = match rows - 1 {
                0 => String::new(),
                1 => " and in one other row".to_string(),
                n => format!(" and in {n} other rows"),
            };
            let (what, help) = of(&text);
            let message = format!("`{text}` is none{row}{others}: {what}");
            let found = Diagnostic::warning(codes::NONE_IN_PROMPT, span, message);
            cx.eval.report(found.help(help));
        }
    }
}
