//! Records that are written where a block is due, as the blocks that they stand for: `model =
//! { path = "…" }`. So each of their values has its place, its type and the names that it sees.

use super::{Flat, FlatAttr, ModuleId, flat, is_hidden};
use crate::diagnostics::Diagnostic;
use crate::schema::{self, Naming, Type};
use crate::syntax::ast::{ExprKind, Ident};
use std::sync::Arc;

/// The block that the value of an attribute stands for, of a block of the kind `parent` that is
/// called `title`; none where it is no such record.
pub(super) fn as_block(
    (parent, title): (&str, &str),
    attr: &FlatAttr,
    module: ModuleId,
    found: &mut Vec<Diagnostic>,
) -> Option<Arc<Flat>> {
    let ExprKind::Record(fields) = &attr.expr.kind else {
        return None;
    };
    let kind = schema::kind(due(parent, &attr.name.text)?)?;
    let span = attr.expr.span;
    let ident = |text: &str| Ident {
        text: text.to_string(),
        span,
    };
    let mut block = Flat::empty(ident(kind.name), module);
    // it is called as what it is written in; of a GPU that is no name
    let title = match kind.name {
        "gpu" => "GPU",
        kind if is_hidden(title) => kind,
        _ => title,
    };
    block.name = (kind.naming == Naming::Required).then(|| ident(title));
    for field in fields {
        let key = &field.key;
        if let Some(before) = block.attrs.get(&key.text) {
            found.push(flat::duplicate(key, before.name.span));
            continue;
        }
        let value = FlatAttr::new(key, &field.value, None, module);
        block.attrs.insert(key.text.clone(), Arc::new(value));
    }
    Some(Arc::new(block))
}

/// The kind of block that an attribute takes, of those for which a record is written out.
fn due(parent: &str, name: &str) -> Option<&'static str> {
    match schema::kind(parent)?.attribute(name).map(|one| one.ty) {
        Some(Type::Block(kind @ ("workload" | "model"))) => Some(kind),
        // the nodes of a cluster are to have the same one
        Some(Type::Block(kind @ "gpu")) if parent == "server" => Some(kind),
        None if name == "layout" => schema::kind_in(name, parent).map(|kind| kind.name),
        _ => None,
    }
}

impl Flat {
    /// A kind of block that such a block may stand in.
    pub fn stands_in(&self) -> &'static str {
        let kind = schema::kind(&self.kind.text);
        let parent = kind.and_then(|kind| kind.parents.first());
        parent.copied().unwrap_or("file")
    }
}
