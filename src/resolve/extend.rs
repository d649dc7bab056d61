//! Works `extends` into blocks: each with its parent, and its children with theirs.

use super::load::{Key, Loader};
use super::merge::merge;
use super::{DefinitionKind, Flat, ModuleId, misspelt, no_parent};
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::{Ident, Path as NamePath};
use std::collections::HashMap;
use std::sync::Arc;

/// So many blocks may stand between one and the first that it builds on.
const LONGEST: usize = 100;

/// So many attributes, checks and blocks may `extends` copy in all, and one more for every few
/// bytes that were read: far beyond any pack.
const MOST_COPIED: usize = 40_000;
const BYTES_FOR_ONE: usize = 8;

impl Loader {
    /// Works `extends` in, everywhere.
    pub(super) fn flatten(&mut self) {
        let read: usize = self.program.sources.iter().map(|(_, f)| f.text.len()).sum();
        self.copies_left = MOST_COPIED + read / BYTES_FOR_ONE;
        let keys: Vec<Key> = self.raw.keys().cloned().collect();
        let mut done: HashMap<Key, Arc<Flat>> = HashMap::new();
        for key in &keys {
            self.top_level(key, &mut done, &mut Vec::new());
        }
        for (id, module) in self.program.modules.iter_mut().enumerate() {
            for (name, definition) in &mut module.names {
                if let DefinitionKind::Block(slot) = &mut definition.kind
                    && let Some(flat) = done.get(&(ModuleId(id), name.clone()))
                {
                    *slot = flat.clone();
                }
            }
        }
    }

    fn top_level(
        &mut self,
        key: &Key,
        done: &mut HashMap<Key, Arc<Flat>>,
        stack: &mut Vec<Key>,
    ) -> Option<Arc<Flat>> {
        if let Some(known) = done.get(key) {
            return Some(known.clone());
        }
        let own = self.raw.get(key)?.clone();
        if stack.len() >= LONGEST {
            let message = format!("`{}` builds on too many others", own.title());
            let place = own.extends.as_ref().map_or(own.head(), |path| path.span);
            self.found.push(
                Diagnostic::error(codes::TOO_DEEP, place, message).help(format!(
                    "a block may have {LONGEST} others below it, one extending the next"
                )),
            );
            return None;
        }
        stack.push(key.clone());
        let flat = Arc::new(self.extended(key.0, own, done, stack));
        stack.pop();
        done.insert(key.clone(), flat.clone());
        Some(flat)
    }

    /// A block with its parent, and its children with theirs.
    fn extended(
        &mut self,
        module: ModuleId,
        mut own: Flat,
        done: &mut HashMap<Key, Arc<Flat>>,
        stack: &mut Vec<Key>,
    ) -> Flat {
        let children = std::mem::take(&mut own.children);
        for child in children {
            let child = match child.extends {
                None if child.children.is_empty() => child,
                _ => Arc::new(self.extended(module, child.as_ref().clone(), done, stack)),
            };
            own.children.push(child);
        }
        let Some(path) = own.extends.clone() else {
            return own;
        };
        match self.parent(module, &path, &own) {
            Some(parent) if stack.contains(&parent) => {
                self.found.push(
                    Diagnostic::error(
                        codes::CYCLE,
                        path.span,
                        format!("`{}` extends itself", own.title()),
                    )
                    .help(circle(stack, &parent))
                    .help("let one of the blocks in the circle stand alone"),
                );
                own.lose_parent();
                own
            }
            Some(parent) => match self.top_level(&parent, done, stack) {
                Some(flat) => {
                    self.program.bases.insert(parent);
                    if self.copies_left == 0 {
                        return own;
                    }
                    self.copies_left = self.copies_left.saturating_sub(flat.size());
                    if self.copies_left == 0 {
                        let message = "the blocks that extend others come to too much";
                        self.found.push(
                            Diagnostic::error(codes::TOO_DEEP, path.span, message)
                                .says("this one and those after it are not looked at")
                                .help("give fewer blocks the same parent, or the parent less"),
                        );
                        own.lose_parent();
                        return own;
                    }
                    misspelt::check(&flat, &own, &path, &mut self.found);
                    merge(&flat, &own)
                }
                None => {
                    own.lose_parent();
                    own
                }
            },
            None => {
                own.lose_parent();
                own
            }
        }
    }

    fn parent(
        &mut self,
        module: ModuleId,
        path: &NamePath,
        own: &Flat,
    ) -> Option<(ModuleId, String)> {
        let mut at = module;
        let (last, modules) = path.parts.split_last()?;
        for part in modules {
            match self
                .program
                .module(at)
                .names
                .get(&part.text)
                .map(|d| &d.kind)
            {
                Some(DefinitionKind::Module(id)) => at = *id,
                Some(DefinitionKind::Broken) => return None,
                _ => {
                    self.no_parent(own, path, part, at);
                    return None;
                }
            }
        }
        match self
            .program
            .module(at)
            .names
            .get(&last.text)
            .map(|d| &d.kind)
        {
            Some(DefinitionKind::Block(block)) if block.kind.text == own.kind.text => {
                Some((at, last.text.clone()))
            }
            Some(DefinitionKind::Block(block)) => {
                self.found.push(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        path.span,
                        format!("a {} cannot extend a {}", own.kind.text, block.kind.text),
                    )
                    .says(format!("this is a {}", block.kind.text))
                    .label(own.head(), format!("this is a {}", own.kind.text))
                    .help(format!("name another `{}` behind `extends`", own.kind.text)),
                );
                None
            }
            _ => {
                self.no_parent(own, path, last, at);
                None
            }
        }
    }

    /// Says that `part` is not there to extend; a module that there is not may have been to bring it.
    fn no_parent(&mut self, own: &Flat, path: &NamePath, part: &Ident, module: ModuleId) {
        let looked_in = self.program.module(module);
        let found = no_parent::found(&self.program, own, path, part, module);
        if !looked_in.lacks_a_module || !found.fixes.is_empty() {
            self.found.push(found);
        }
    }
}

/// `a → b → a`
fn circle(stack: &[Key], back_to: &Key) -> String {
    let from = stack.iter().position(|key| key == back_to).unwrap_or(0);
    let names = stack[from..].iter().chain([back_to]);
    let names: Vec<&str> = names.map(|key| key.1.as_str()).collect();
    names.join(" → ")
}
