//! Which columns the rows of a workload have, as far as that is known before its parameters are: for a
//! name that is one of them, and for a text that says `row.…` without its `$`.

use super::Walk;
use crate::eval::{Evaluator, Nothing, Params, Scope, Value};
use crate::resolve::FlatAttr;
use std::collections::HashSet;
use std::sync::Arc;

/// So many rows are looked at.
const ROWS: usize = 100;

/// The rows of the workload around, and their columns once they were asked for.
#[derive(Default)]
pub(super) struct Columns<'a> {
    rows: Option<&'a Arc<FlatAttr>>,
    known: Option<Option<HashSet<String>>>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(rows: Option<&'a Arc<FlatAttr>>) -> Self {
        Self { rows, known: None }
    }
}

impl Walk<'_> {
    /// Whether the rows of the workload around have a column of that name; none where there are no
    /// rows, or they are not known yet.
    pub(super) fn has_column(&mut self, name: &str) -> Option<bool> {
        let rows = self.columns.rows?;
        let program = self.program;
        let known = self.columns.known.get_or_insert_with(|| {
            let params = Params::default();
            // what is wrong in it is said where it is evaluated for a run
            let eval = Evaluator::new(program, &params, &Nothing);
            let Value::List(rows) = eval.eval(&rows.expr, &Scope::of(rows.module)) else {
                return None;
            };
            let mut columns = HashSet::new();
            for row in rows.iter().take(ROWS) {
                let Value::Record(fields) = row else {
                    return None;
                };
                columns.extend(fields.keys().cloned());
            }
            Some(columns)
        });
        known.as_ref().map(|columns| columns.contains(name))
    }
}
