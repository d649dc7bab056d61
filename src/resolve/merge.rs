//! A block over the one that it extends: a child's attributes replace its parent's, blocks of the
//! same kind and name merge, named checks are overridden where they stood.

use super::{Flat, FlatCheck};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// `child` over `parent`, both flat.
pub(super) fn merge(parent: &Flat, child: &Flat) -> Flat {
    let mut merged = child.clone();
    if child.is_nameless() {
        merged.name = parent.name.clone();
    }
    merged.doc = child.doc.clone().or_else(|| parent.doc.clone());
    merged.incomplete |= parent.incomplete;
    merged.unread.extend(&parent.unread);
    merged.lost_parent |= parent.lost_parent;
    merged.attrs = parent.attrs.clone();
    let mut ours: HashMap<(&str, &str), &Arc<Flat>> =
        child.children.iter().map(|c| (c.key(), c)).collect();
    // `layout = …` replaces the parent's `layout { … }`, and the other way round
    merged
        .attrs
        .retain(|name, _| !ours.contains_key(&(name.as_str(), "")));
    merged.attrs.extend(child.attrs.clone());
    merged.lets = parent.lets.clone();
    merged.lets.extend(child.lets.clone());
    merged.children = Vec::new();
    let theirs: HashSet<(&str, &str)> = parent.children.iter().map(|c| c.key()).collect();
    let mut new: Vec<&Arc<Flat>> = (child.children.iter())
        .filter(|c| !theirs.contains(&c.key()))
        .collect();
    pair_lost(parent, &mut new, &mut ours);
    for theirs in &parent.children {
        if theirs.name.is_none() && child.attrs.contains_key(&theirs.kind.text) {
            continue;
        }
        merged.children.push(match ours.get(&theirs.key()) {
            Some(ours) => Arc::new(merge(theirs, ours)),
            None => theirs.clone(),
        });
    }
    merged.children.extend(new.into_iter().cloned());
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

/// So many blocks that lost their heads are looked at.
const MOST_LOST: usize = 20;

/// Of a block that lost its head only its parent or its child may say the name: it is taken for the
/// same as the first of its kind that is new in the child, or as the only one that the parent has.
fn pair_lost<'a>(
    parent: &'a Flat,
    new: &mut Vec<&'a Arc<Flat>>,
    ours: &mut HashMap<(&'a str, &'a str), &'a Arc<Flat>>,
) {
    let lost = |c: &Flat| c.lost_its_head() && c.is_nameless();
    let of_parent = parent.children.iter().filter(|c| lost(c));
    for theirs in of_parent.take(MOST_LOST) {
        let same = |c: &&Arc<Flat>| c.kind.text == theirs.kind.text;
        if let Some(n) = new.iter().position(same) {
            ours.insert(theirs.key(), new.remove(n));
        }
    }
    let of_child: Vec<&Arc<Flat>> = (new.iter().copied())
        .filter(|c| lost(c))
        .take(MOST_LOST)
        .collect();
    for one in of_child {
        let mut same = parent.children_of(&one.kind.text);
        if let (Some(theirs), None) = (same.next(), same.next())
            && !ours.contains_key(&theirs.key())
        {
            ours.insert(theirs.key(), one);
            new.retain(|c| !Arc::ptr_eq(c, one));
        }
    }
}
