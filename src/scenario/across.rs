//! Where checks that read several cases are judged: once, and not in each of them.

use super::{Across, Case};
use crate::eval::{Query, Value};
use std::collections::{HashMap, HashSet};

/// A check that reads other cases stands in one of those in which it is the same: in the one that
/// it reads first, so that its verdict is that of a case that it is about, and otherwise in the
/// first; of these in one that can work where there is one. What it reads is wanted of the cases
/// it names.
pub(super) fn across(cases: &mut [Case]) {
    let mut seen = Seen::default();
    // the places of those that are the same in several cases, in order of their checks
    let mut same: Vec<Vec<usize>> = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        for check in &case.checks {
            let Some(across) = &check.across else {
                continue;
            };
            let at = seen.place(&check.name, across);
            same.resize(same.len().max(at + 1), Vec::new());
            same[at].push(index);
        }
    }
    let place: Vec<Option<usize>> = (seen.all.iter().zip(&same))
        .map(|(across, same)| stands(cases, across, same))
        .collect();
    for (index, case) in cases.iter_mut().enumerate() {
        case.checks.retain(|check| match &check.across {
            None => true,
            Some(across) => place[seen.place(&check.name, across)] == Some(index),
        });
    }
    let places: HashMap<String, usize> = (cases.iter().enumerate().rev())
        .map(|(at, case)| (case.id.clone(), at))
        .collect();
    let mut reads: Vec<(usize, Query)> = Vec::new();
    let mut known = HashSet::new();
    for (of, query) in cases.iter().flat_map(Case::across).flatten() {
        let Some(at) = places.get(of.as_ref()) else {
            continue;
        };
        if known.insert((*at, format!("{query:?}"))) {
            reads.push((*at, query.clone()));
        }
    }
    for (at, query) in reads {
        if !cases[at].wanted.contains(&query) {
            cases[at].wanted.push(query);
        }
    }
}

/// Checks of other cases that differ, by their names and what they read.
#[derive(Default)]
struct Seen {
    all: Vec<Across>,
    places: HashMap<(String, String), Vec<usize>>,
}

impl Seen {
    /// The place of a check that is the same in every case in which it reads the same.
    fn place(&mut self, name: &str, across: &Across) -> usize {
        let axes = across.axes.iter();
        let axes: Vec<String> = axes
            .map(|(axis, value)| format!("{axis}={}", value.shown().unwrap_or_default()))
            .collect();
        let alike = self.places.entry((name.to_string(), axes.join(",")));
        let alike = alike.or_default();
        if let Some(at) = alike.iter().find(|at| same(&self.all[**at], across)) {
            return *at;
        }
        alike.push(self.all.len());
        self.all.push(across.clone());
        self.all.len() - 1
    }
}

/// Whether both read the same; of an axis whose values are wrong, whatever they are.
fn same(a: &Across, b: &Across) -> bool {
    let alike = |a: &Value, b: &Value| a == b || matches!((a, b), (Value::Error, Value::Error));
    let axes = || a.axes.iter().zip(&b.axes);
    a.reads == b.reads
        && a.axes.len() == b.axes.len()
        && axes().all(|((a, x), (b, y))| a == b && alike(x, y))
}

/// In which of the cases a check stands in which it is the same.
fn stands(cases: &[Case], across: &Across, same: &[usize]) -> Option<usize> {
    let read = (across.reads.iter())
        .filter_map(|(id, _)| same.iter().copied().find(|index| cases[*index].id == **id));
    let order: Vec<usize> = read.chain(same.iter().copied()).collect();
    let works = |index: &&usize| cases[**index].infeasible.is_none();
    order.iter().find(works).or(order.first()).copied()
}
