//! Which kinds of block may hold statements whose block has lost its first line.

use super::lines::{first_word, fits, is_attribute, rest};
use crate::schema::{self, Kind, Naming, Type};
use crate::syntax::scan::Mark;

/// So many statements tell what they stand in.
const MOST_ASKED: usize = 100;

pub(super) struct Kinds {
    /// Those that may hold all, or most of it.
    pub all: Vec<&'static Kind>,
    pub most_likely: &'static Kind,
}

/// The kinds that may stand in a block of a kind and hold these statements; none where most of those
/// stand in no such kind.
pub(super) fn kinds_of(
    text: &str,
    marks: &[Mark],
    statements: &[usize],
    around: &str,
    siblings: &[usize],
) -> Option<Kinds> {
    let asked = &statements[..statements.len().min(MOST_ASKED)];
    let count = |kind: &Kind| {
        let holds = |n: &&usize| may_hold(kind, text, marks[**n].at);
        asked.iter().filter(holds).count()
    };
    let inside = || schema::kinds().filter(|kind| kind.parents.contains(&around));
    let named: Vec<(usize, &Kind)> = (inside().filter(|kind| kind.free.is_none()))
        .map(|kind| (count(kind), kind))
        .collect();
    let most = named.iter().map(|(count, _)| *count).max().unwrap_or(0);
    let mut all: Vec<&'static Kind> = match most * 2 > asked.len() {
        true => (named.into_iter())
            .filter(|(count, _)| *count == most)
            .map(|(_, kind)| kind)
            .collect(),
        // what takes names of the writer's own takes these
        false => (inside().filter(|kind| kind.free.is_some()))
            .filter(|kind| count(kind) == asked.len())
            .collect(),
    };
    let set = |name: &str| (asked.iter()).any(|n| first_word(text, marks[*n].at) == name);
    let lacks = |kind: &Kind| {
        let required = kind.attributes.iter().filter(|one| one.required);
        required.filter(|one| !set(one.name)).count()
    };
    // there is one such block only
    let before = &siblings[siblings.len().saturating_sub(MOST_ASKED)..];
    let there = |kind: &Kind| {
        let is_it = |n: &usize| first_word(text, marks[*n].at) == kind.name;
        kind.naming == Naming::Never && before.iter().any(is_it)
    };
    if all.len() > 1 {
        all.retain(|kind| !there(kind));
    }
    all.sort_by_key(|kind| lacks(kind));
    Some(Kinds {
        most_likely: all.first()?,
        all,
    })
}

/// Whether a block of a kind may hold a statement, by its first word and whether a list follows.
fn may_hold(kind: &Kind, text: &str, at: usize) -> bool {
    if !is_attribute(text, at) {
        return fits(text, at, kind.name);
    }
    let word = first_word(text, at);
    match kind.attribute(word) {
        Some(attribute) => takes_lists(attribute.ty) || !is_list(text, at),
        None if is_record(text, at) => schema::kind_in(word, kind.name).is_some(),
        None => kind.free.is_some(),
    }
}

fn value(text: &str, at: usize) -> &str {
    let line = rest(text, at);
    line.split_once('=').map_or("", |(_, value)| value.trim())
}

fn is_list(text: &str, at: usize) -> bool {
    value(text, at).starts_with('[')
}

/// `layout = { tp = 2 }` is as good as a block.
fn is_record(text: &str, at: usize) -> bool {
    value(text, at).starts_with('{')
}

fn takes_lists(ty: Type) -> bool {
    matches!(ty, Type::List(_) | Type::Many(_) | Type::Any)
}
