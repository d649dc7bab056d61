//! A field of a record that a `let` writes out: of its figures only those of that field are read.

use super::{Binding, Evaluator, Known, Reading, Scope};
use crate::syntax::ast::{Expr, ExprKind};
use std::sync::Arc;

impl Evaluator<'_> {
    /// Leaves of what was read since `before`, as a record was made, what its field reads.
    pub(super) fn read_alone(&self, before: usize, base: &Expr, field: &str, scope: &Scope) {
        if self.trace.borrow().len() <= before {
            return;
        }
        let since = self.trace.borrow_mut().split_off(before);
        let alone = match &base.kind {
            ExprKind::Name(name) => self.field_of(name, field, scope),
            _ => None,
        };
        let mut trace = self.trace.borrow_mut();
        for reading in alone.unwrap_or(since) {
            if !trace.iter().any(|one| one.same(&reading)) {
                trace.push(reading);
            }
        }
    }

    /// What a field of a record reads that a local `let` writes out.
    fn field_of(&self, name: &str, field: &str, scope: &Scope) -> Option<Vec<Reading>> {
        let (Binding::Lazy { expr, .. }, inner) = scope.find(name)? else {
            return None;
        };
        let ExprKind::Record(fields) = &expr.kind else {
            return None;
        };
        let one = fields.iter().find(|one| one.key.text == field)?;
        let holder = scope.holder(name)?;
        // no name has a dot in it
        let key = (Arc::as_ptr(&holder) as usize, format!("{name}.{field}"));
        if let Some(known) = self.memo.borrow().get(&key) {
            return Some(known.readings.clone());
        }
        // apart from what was read before, which would not be read again
        let before = self.trace.take();
        let (value, _) = self.apart(|| self.eval(&one.value, &inner));
        let readings = self.trace.replace(before);
        let known = Known {
            value,
            readings: readings.clone(),
            _layer: holder,
        };
        self.memo.borrow_mut().insert(key, known);
        Some(readings)
    }
}
