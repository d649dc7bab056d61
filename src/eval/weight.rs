//! How much lists and records hold with all that is inside them. They share what they are made of,
//! so a few lines can name more than any machine holds, once it is written out as a request's body
//! or a server's arguments.

use super::{Evaluator, MOST_STEPS, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::meter;
use crate::source::Span;

/// Most entries of a list or record, those of lists and records inside it counted too.
const MOST_INSIDE: u64 = 4_000_000;
/// Most bytes of its texts.
const MOST_TEXT: u64 = 64 << 20;
/// Counting goes much faster than computing.
const ENTRIES_PER_STEP: u64 = 16;

impl Evaluator<'_> {
    /// The value, or an error where it holds too much.
    pub(super) fn light(&self, value: Value, span: Span) -> Value {
        let mut weight = Weight::default();
        let fits = weight.add(&value);
        // what is counted over and over takes its time too
        let steps = self.steps.get() + weight.entries / ENTRIES_PER_STEP;
        self.steps.set(steps.min(MOST_STEPS.max(self.steps.get())));
        if fits {
            return value;
        }
        self.report(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                span,
                "this holds too much, with the lists and texts inside it",
            )
            .says(format!(
                "at most {MOST_INSIDE} entries and {} MiB of texts",
                MOST_TEXT >> 20
            ))
            .help("name fewer values"),
        );
        Value::Error
    }

    /// Whether there is no room for values of so many bytes more; then that is reported, once, and
    /// nothing more is evaluated.
    pub(super) fn full_for(&self, bytes: usize, span: Span) -> bool {
        if self.full.get() || !meter::lacks(bytes) {
            return self.full.get();
        }
        self.full.set(true);
        self.report(
            Diagnostic::error(codes::OUT_OF_RANGE, span, "this takes too much memory")
                .says(meter::help())
                .help("make the lists and texts shorter that it is made of"),
        );
        true
    }
}

#[derive(Default)]
struct Weight {
    entries: u64,
    text: u64,
}

impl Weight {
    /// Whether all of it fits so far; stops where it does not.
    fn add(&mut self, value: &Value) -> bool {
        self.entries += 1;
        if let Value::Text(text) | Value::Secret(text) = value {
            self.text += text.len() as u64;
        }
        if self.entries > MOST_INSIDE || self.text > MOST_TEXT {
            return false;
        }
        match value {
            Value::List(items) => items.iter().all(|item| self.add(item)),
            Value::Record(fields) => fields.values().all(|field| self.add(field)),
            _ => true,
        }
    }
}
