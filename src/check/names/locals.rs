//! The names between a block and its file.

use crate::source::Span;
use std::collections::HashMap;

/// Names between a block and its file: where each was defined (none for implicit ones). Those of a
/// block stand over those around it, which many blocks see.
#[derive(Default)]
pub(super) struct Locals<'a> {
    pub(super) own: HashMap<&'a str, Option<Span>>,
    around: Option<&'a Locals<'a>>,
}

impl<'a> Locals<'a> {
    pub(super) fn inside<'b>(&'b self) -> Locals<'b> {
        Locals {
            own: HashMap::new(),
            around: Some(self),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<Option<Span>> {
        let own = self.own.get(name).copied();
        own.or_else(|| self.around.and_then(|around| around.get(name)))
    }

    pub(super) fn len(&self) -> usize {
        self.own.len() + self.around.map_or(0, Locals::len)
    }

    pub(super) fn names(&self) -> Vec<&str> {
        let mut names = self.around.map_or_else(Vec::new, Locals::names);
        names.extend(self.own.keys());
        names
    }
}
