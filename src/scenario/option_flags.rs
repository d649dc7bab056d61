//! The words and variables that options become, in the engine's spelling.

use super::Word;
use super::context::Context;
use super::option_value::{Sort, sort_of};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::source::Span;
use crate::units::{Quantity, number};

/// How the engine spells flags.
pub(super) struct Spelling {
    kebab: bool,
    yes: String,
    no: Option<String>,
}

/// What is passed to the server.
#[derive(Default)]
pub(super) struct Passed {
    pub flags: Vec<Word>,
    pub environment: Vec<(String, Word)>,
}

impl Spelling {
    pub fn of(cx: &Context<'_>, engine: &Flat) -> Self {
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

    /// Adds one option's value to what is passed; `span` is where it is written.
    pub fn pass(
        &self,
        cx: &Context<'_>,
        option: &Flat,
        value: &Value,
        span: Span,
        out: &mut Passed,
    ) {
        let name = option.title();
        let unfit = || {
            let message = format!("{} cannot be passed as `{name}`", value.describe());
            cx.eval
                .report(Diagnostic::error(codes::TYPE_MISMATCH, span, message).help(
                    "an option takes texts, numbers, true or false, and lists and records of these",
                ));
        };
        let sort = sort_of(cx, option);
        if let Some(variable) = cx.text(option, "variable") {
            match words(sort, value).as_deref() {
                Some([word]) => out.environment.push((variable, word.clone())),
                _ => unfit(),
            }
            return;
        }
        let word = if self.kebab {
            name.replace('_', "-")
        } else {
            name.to_string()
        };
        let own = cx.text(option, "flag");
        match value {
            Value::Bool(true) => {
                let yes = own.unwrap_or_else(|| self.yes.replace("{}", &word));
                out.flags.push(Word::plain(yes));
            }
            Value::Bool(false) => {
                let no = self.no.as_ref().map(|no| no.replace("{}", &word));
                out.flags.extend(no.map(Word::plain));
            }
            value => match words(sort, value) {
                Some(words) => {
                    let flag = own.unwrap_or_else(|| format!("--{word}"));
                    out.flags.push(Word::plain(flag));
                    out.flags.extend(words);
                }
                None => unfit(),
            },
        }
    }
}

/// A value's words; none where it has none.
fn words(sort: &Sort, value: &Value) -> Option<Vec<Word>> {
    let quantity = |q: &Quantity| number(q.value / sort.factor, 15) + sort.unit;
    Some(match value {
        Value::List(items) => {
            let word = |item: &Value| match item {
                Value::Secret(text) => Some(Word::secret(text.as_ref())),
                Value::Number(q) => Some(Word::plain(quantity(q))),
                other => other.shown().map(Word::plain),
            };
            items.iter().map(word).collect::<Option<_>>()?
        }
        Value::Record(_) => vec![Word::plain(value.to_json()?.to_string())],
        Value::Number(q) => vec![Word::plain(quantity(q))],
        Value::Secret(text) => vec![Word::secret(text.as_ref())],
        Value::Text(text) => vec![Word::plain(text.as_ref())],
        _ => return None,
    })
}
