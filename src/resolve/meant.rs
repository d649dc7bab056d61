//! Which names a text was to define, of the parts that could not be read or are of no kind that
//! there is: where they are read, nothing more is to be said.

use super::Flat;
use crate::schema::{self, Naming};
use crate::source::{Sources, Span};
use crate::syntax::ast::{Block, Item, ItemKind};
use std::collections::HashSet;

/// Whether an item may define a name that is not known, for all that could be read of it.
pub(super) fn may_define(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Error => true,
        ItemKind::Block(block) => {
            let named = schema::kind(&block.kind.text);
            let lacks = named.is_some_and(|kind| kind.naming == Naming::Required);
            block.name.is_none() && lacks || block.body.iter().any(may_define)
        }
        _ => false,
    }
}

/// What the blocks without a name of kinds that there are not may have been to define, at the top
/// level of a file.
pub(super) fn by_unknown_blocks<'i>(items: impl Iterator<Item = &'i Item>) -> HashSet<String> {
    let mut out = HashSet::new();
    for item in items {
        match &item.kind {
            ItemKind::Block(block)
                if block.name.is_none() && schema::kind(&block.kind.text).is_none() =>
            {
                by_block(block, &mut out);
            }
            _ => {}
        }
    }
    out
}

/// The word that it begins with, and what is set in it: `variables { limit = 3s }`.
fn by_block(block: &Block, out: &mut HashSet<String>) {
    out.insert(block.kind.text.clone());
    out.extend(block.body.iter().filter_map(|item| match &item.kind {
        ItemKind::Attr(attr) => Some(attr.name.text.clone()),
        ItemKind::Let(one) | ItemKind::Param(one) => Some(one.name.text.clone()),
        ItemKind::Block(block) => Some(block.name.as_ref().unwrap_or(&block.kind).text.clone()),
        _ => None,
    }));
}

impl Flat {
    /// The names that a scenario was to define in what is not known of it: blocks of kinds that
    /// there are not, values without their `let`, and axes that could not be read.
    pub fn meant_names(&self, sources: &Sources) -> HashSet<String> {
        let mut out = HashSet::new();
        let Some(kind) = schema::kind(&self.kind.text) else {
            return out;
        };
        let unknown = self.attrs.keys().filter(|name| {
            let child = kind.children().any(|child| child.name == name.as_str());
            kind.attribute(name).is_none() && !child
        });
        out.extend(unknown.cloned());
        for child in &self.children {
            if child.name.is_none() && schema::kind_in(&child.kind.text, kind.name).is_none() {
                out.insert(child.kind.text.clone());
                out.extend(child.attrs.keys().chain(child.lets.keys()).cloned());
                let within = child.children.iter();
                let within = within.map(|one| one.name.as_ref().unwrap_or(&one.kind));
                out.extend(within.map(|name| name.text.clone()));
            }
        }
        let axes = self.child("matrix").filter(|matrix| matrix.incomplete);
        let axes = axes.and_then(|matrix| unread_names(sources, &matrix.unread));
        out.extend(axes.into_iter().flatten());
        out
    }

    /// Whether its matrix may have axes that are not known.
    pub fn may_have_axes(&self) -> bool {
        let torn = |matrix: &std::sync::Arc<Self>| matrix.incomplete;
        self.lost_parent || self.child("matrix").is_some_and(torn)
    }
}

/// Longer text that could not be read may define anything.
const LONGEST_UNREAD: usize = 10_000;

/// The names that may be defined by what could not be read: those that are written in it. None
/// where it takes in other files, or is too long, and may define any.
pub fn unread_names(sources: &Sources, unread: &[Span]) -> Option<HashSet<String>> {
    let length: usize = unread.iter().map(|span| sources.text(*span).len()).sum();
    if length > LONGEST_UNREAD {
        return None;
    }
    let mut out = HashSet::new();
    for span in unread {
        let text = sources.text(*span).replace('-', "_");
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let takes_in = ["use", "import", "include", "require", "from"];
        // a sign alone defines nothing
        if words.first().is_some_and(|word| takes_in.contains(word)) {
            return None;
        }
        out.extend(words.into_iter().map(str::to_string));
    }
    Some(out)
}
