//! Blocks whose kind was left out: `long { server … }` for `scenario long { … }`. What stands in one
//! tells what it is.

use crate::check::unknown_kind;
use crate::diagnostics::Diagnostic;
use crate::schema::{self, Kind, Naming};
use crate::syntax::ast::{Block, Ident, ItemKind};

/// So many statements tell what they stand in.
const MOST_ASKED: usize = 100;

/// The kind that a block was surely meant to be, whose first word is its name.
pub(super) fn kind_of(block: &Block, parent: &str) -> Option<&'static Kind> {
    if block.name.is_some() || schema::kind(&block.kind.text).is_some() {
        return None;
    }
    let here = schema::kinds().filter(|kind| {
        kind.parents.contains(&parent) && kind.naming == Naming::Required && kind.free.is_none()
    });
    let mut best: Option<(&Kind, usize)> = None;
    let mut alone = true;
    for kind in here {
        let held = held(block, kind);
        match best.map_or(0, |(_, most)| most) {
            most if held > most => (best, alone) = (Some((kind, held)), true),
            most => alone &= held < most,
        }
    }
    let asked = block.body.len().min(MOST_ASKED);
    best.filter(|(_, held)| alone && (*held >= 2 && held * 2 > asked || *held == asked))
        .map(|(kind, _)| kind)
}

/// How many of a block's statements may stand in one of a kind, and tell of it.
fn held(block: &Block, kind: &Kind) -> usize {
    let items = block.body.iter().take(MOST_ASKED);
    let held = items.filter(|item| match &item.kind {
        ItemKind::Attr(attr) => kind.attribute(&attr.name.text).is_some(),
        ItemKind::Block(inner) => schema::kind_in(&inner.kind.text, kind.name).is_some(),
        ItemKind::Check(_) => kind.checks,
        _ => false,
    });
    held.count()
}

/// That a block lacks its kind.
pub(super) fn without_kind(name: &Ident, kind: &Kind, parent: &str) -> Diagnostic {
    let head = format!("{} {}", kind.name, name.text);
    let help = format!(
        "what stands in it is of a `{}`: write `{head} {{`",
        kind.name
    );
    let found = unknown_kind(name, parent).help(help);
    found.fix(format!("write `{}`", kind.name), name.span, head, false)
}
