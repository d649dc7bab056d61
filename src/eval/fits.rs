//! `fit(sut)`: what a server's model takes of its GPU. It follows from the server's block alone,
//! and is known before anything is measured.

use super::builtins::Bound;
use super::{Evaluator, Handle, Value};
use crate::diagnostics::{Diagnostic, codes};
use std::sync::Arc;

/// The sum of one server.
#[derive(Debug, Clone, PartialEq)]
pub enum Fitted {
    /// A record of figures, of one GPU.
    Known(Value),
    /// What whoever wrote the file would have to say for it.
    Lacks(Arc<str>),
    /// Why nobody can tell.
    Unknown(Arc<str>),
    /// Something was wrong with the server, and was reported.
    Broken,
}

impl Evaluator<'_> {
    pub(super) fn fit(&self, bound: &Bound<'_>) -> Value {
        let Some((Value::Handle(Handle::Server { server }), _)) = bound.first() else {
            let (place, what) = match bound.first() {
                Some((value, expr)) => (expr.span, value.describe()),
                None => (bound.span, "nothing".into()),
            };
            let message = format!("`fit` takes a server, this is {what}");
            self.report(
                Diagnostic::error(codes::BAD_ARGUMENT, place, message)
                    .help("name a server of the scenario: fit(sut).kv_tokens"),
            );
            return Value::Error;
        };
        let elsewhere = self.elsewhere.borrow().clone();
        let fitted = match elsewhere {
            None => self.measurements.fit(server),
            Some(case) => self.measurements.cases().map(|(cases, _)| {
                let of = cases.fits.get(&(case, server.clone()));
                of.cloned().unwrap_or(Fitted::Broken)
            }),
        };
        match fitted {
            Some(Fitted::Known(record)) => record,
            Some(Fitted::Unknown(why)) => Value::Unavailable(why),
            Some(Fitted::Broken) => Value::Error,
            Some(Fitted::Lacks(why)) => {
                let message = format!("what `{server}` takes of a GPU is not known: {why}");
                self.report(
                    Diagnostic::error(codes::FIT_UNKNOWN, bound.span, message)
                        .help("`fit` needs the server's `gpu` (of `std.gpus`, or with its `memory`), and a model with the figures of its config.json (`std.models` has them)"),
                );
                Value::Error
            }
            None => {
                let message = format!("`fit({server})` is not known here");
                self.report(
                    Diagnostic::error(codes::NOT_CONSTANT, bound.span, message)
                        .help("it follows from the server's block: `exclude when`, the `when` of phases, checks, columns and the lets that these use may read it"),
                );
                Value::Error
            }
        }
    }
}
