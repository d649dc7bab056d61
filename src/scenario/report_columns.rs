//! The columns of a report: their headers, of which each stands once, and what stands below them.

use super::Thunk;
use super::context::{Context, one_line};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::twice;
use crate::resolve::FlatAttr;
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind};
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

pub(super) fn columns(cx: &Context<'_>, attr: &FlatAttr) -> Vec<(String, Thunk)> {
    let scope = cx.scope.in_module(attr.module);
    let thunk = |expr: &Expr| Thunk {
        expr: cx.shared.expr(expr),
        scope: scope.clone(),
    };
    match &attr.expr.kind {
        ExprKind::List(items) => {
            let header = |item: &Expr| one_line(&cx.program.sources.shown(item.span));
            let mut seen: HashMap<String, Span> = HashMap::new();
            for item in items.iter().filter(|item| item.kind != ExprKind::Error) {
                match seen.entry(header(item)) {
                    Entry::Vacant(new) => {
                        new.insert(item.span);
                    }
                    Entry::Occupied(first) => cx.eval.report(
                        Diagnostic::error(
                            codes::DUPLICATE,
                            item.span,
                            format!("two columns are called `{}`", first.key()),
                        )
                        .says("the second")
                        .label(*first.get(), "the first")
                        .help("keep one of them"),
                    ),
                }
            }
            let column = |item: &Expr| (header(item), thunk(item));
            items.iter().map(column).collect()
        }
        ExprKind::Record(fields) => {
            let mut seen = HashSet::new();
            for field in fields {
                if !seen.insert(field.key.text.as_str()) {
                    cx.eval.report(twice(fields, &field.key));
                }
            }
            fields
                .iter()
                .map(|field| (field.key.text.clone(), thunk(&field.value)))
                .collect()
        }
        ExprKind::Error => Vec::new(),
        _ => {
            cx.eval.report(
                Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    attr.expr.span,
                    "`columns` is a list of expressions, or a record of header = expression",
                )
                .help("columns = [case.name, stress.ttft.p50]"),
            );
            Vec::new()
        }
    }
}
