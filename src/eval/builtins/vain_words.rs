//! Words that a text is to have, whatever it will be: put where the text is due, none, or empty.

use super::Bound;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Shape, Value};
use crate::schema::Builtin;
use crate::syntax::ast::ExprKind;

impl Evaluator<'_> {
    /// What is wrong with a call of `contains_any` or `contains_all` whose text is still to come;
    /// none where that is nothing.
    pub(super) fn vain_words(&self, builtin: &Builtin, bound: &Bound<'_>) -> Option<Value> {
        let text_to_come = |value: &Value| matches!(value, Value::Unknown(Shape::Text));
        let written = (bound.expr(1)).is_some_and(|expr| matches!(expr.kind, ExprKind::List(_)));
        match (bound.value(0), bound.value(1)) {
            (Value::List(_), words) if text_to_come(words) => {
                let text = self.program.sources.text(bound.span(1));
                let words = self.program.sources.text(bound.span(0));
                Some(self.turned(builtin, bound, format!("{text}, {words}")))
            }
            // of a row's words there may be none, where something else is asked besides
            (text, Value::List(words)) if text_to_come(text) && written => {
                self.empty_words(builtin, bound, words);
                None
            }
            _ => None,
        }
    }

    /// The words stand first, and the text behind them.
    fn turned(&self, builtin: &Builtin, bound: &Bound<'_>, arguments: String) -> Value {
        let message = format!(
            "`{}` takes the text first, and the words behind it",
            builtin.name
        );
        let span = bound.span(0).to(bound.span(1));
        let help = format!("write `{}({arguments})`", builtin.name);
        let found = Diagnostic::error(codes::BAD_ARGUMENT, span, message).help(help);
        // with names they stand in any order, and each says which it is
        let named = self.program.sources.text(span).contains('=');
        self.report(match named {
            true => found,
            false => found.fix("turn them around", span, arguments, false),
        });
        Value::Error
    }

    /// Every text has the empty word, and none of no words.
    fn empty_words(&self, builtin: &Builtin, bound: &Bound<'_>, words: &[Value]) {
        let empty = |word: &Value| matches!(word, Value::Text(text) if text.trim().is_empty());
        let any = builtin.name == "contains_any";
        let (holds, why) = match (any, words.is_empty()) {
            (true, true) => (false, "there are no words"),
            (false, true) => (true, "there are no words"),
            (true, false) if words.iter().any(empty) => (true, "every text has an empty word"),
            (false, false) if words.iter().all(empty) => (true, "every text has an empty word"),
            _ => return,
        };
        let span = bound.span(1);
        let found = match holds {
            true => {
                let message = format!("`{}` always holds: {why}", builtin.name);
                Diagnostic::warning(codes::ALWAYS_HOLDS, span, message)
            }
            false => {
                let message = format!("`{}` never holds: {why}", builtin.name);
                Diagnostic::error(codes::NEVER_HOLDS, span, message)
            }
        };
        self.report(found.help("write the words that a right answer has"));
    }
}
