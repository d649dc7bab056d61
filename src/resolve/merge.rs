//! A block over the one that it extends: a child's attributes replace its parent's, blocks of the
//! same kind and name merge, named checks are overridden where they stood.

use super::{Flat, FlatCheck};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// `child` over `parent`, both flat.
pub(super) fn merge(parent: &Flat, child: &Flat) -> Flat {
    let mut merged = child.clone();
    merged.doc = child.doc.clone().or_else(|| parent.doc.clone());
    merged.incomplete |= parent.incomplete;
    merged.unread.extend(&parent.unread);
    merged.lost_parent |= parent.lost_parent;
    merged.attrs = parent.attrs.clone();
    let ours: HashMap<(&str, &str), &Arc<Flat>> =
        child.children.iter().map(|c| (c.key(), c)).collect();
    // `layout = …` replaces the parent's `layout { … }`, and the other way round
    merged
        .attrs
        .retain(|name, _| !ours.contains_key(&(name.as_str(), "")));
    merged.attrs.extend(child.attrs.clone());
    merged.lets = parent.lets.clone();
    merged.lets.extend(child.lets.clone());
    merged.children = Vec::new();
    for theirs in &parent.children {
        if theirs.name.is_none() && child.attrs.contains_key(&theirs.kind.text) {
            continue;
        }
        merged.children.push(match ours.get(&theirs.key()) {
            Some(ours) => Arc::new(merge(theirs, ours)),
            None => theirs.clone(),
        });
    }
    let theirs: HashSet<(&str, &str)> = parent.children.iter().map(|c| c.key()).collect();
    let new = |c: &&Arc<Flat>| !theirs.contains(&c.key());
    merged
        .children
        .extend(child.children.iter().filter(new).cloned());
    merged.checks = parent.checks.clone();
    let name = |check: &FlatCheck| check.name.as_ref().map(|name| name.text.clone());
    let places: HashMap<String, usize> = (merged.checks.iter().enumerate())
        .filter_map(|(n, check)| Some((name(check)?, n)))
        .collect();
    for check in &child.checks {
        match name(check).and_then(|name| places.get(&name)) {
            Some(n) => {
                merged.checks[*n] = FlatCheck {
                    replaces: true,
                    ..check.clone()
                }
            }
            None => merged.checks.push(check.clone()),
        }
    }
    merged.excludes = parent
        .excludes
        .iter()
        .chain(&child.excludes)
        .cloned()
        .collect();
    merged
}
