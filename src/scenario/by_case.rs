//! What was found in each of a scenario's cases, said once: a mistake that all cases share is
//! one of the scenario, another names the cases that have it.

use crate::diagnostics::{Diagnostic, Severity};
use crate::source::Span;
use indexmap::IndexMap;
use std::collections::HashSet;
use std::sync::Arc;

/// A finding that cases share is shown with so many places.
const SHOWN: usize = 6;

/// So many case ids are named.
const NAMED: usize = 3;

/// What was found in each of a scenario's cases. What is the same in several is held once.
#[derive(Default)]
pub struct ByCase {
    cases: Vec<(String, Vec<Arc<Diagnostic>>)>,
    known: HashSet<Arc<Diagnostic>>,
    left_out: usize,
}

impl ByCase {
    /// Says of how many other cases nothing is added, for they cannot work.
    pub fn leaves_out(&mut self, cases: usize) {
        self.left_out = cases;
    }

    /// Adds what was found in the case at this place, which has this id.
    pub fn add(&mut self, at: usize, id: &str, found: Vec<Diagnostic>) {
        while self.cases.len() <= at {
            self.cases.push((id.to_string(), Vec::new()));
        }
        for diagnostic in found {
            let known = self.known.get(&diagnostic).cloned();
            let one = known.unwrap_or_else(|| {
                let one = Arc::new(diagnostic);
                self.known.insert(one.clone());
                one
            });
            self.cases[at].1.push(one);
        }
    }

    /// Diagnostics with the ids of the cases that have them. Those of one rule at the same places
    /// are one, even where their figures differ.
    pub fn gather(self) -> Vec<Diagnostic> {
        let Self {
            cases,
            known,
            left_out,
        } = self;
        drop(known);
        gather(&cases, left_out)
    }
}

fn gather(cases: &[(String, Vec<Arc<Diagnostic>>)], left_out: usize) -> Vec<Diagnostic> {
    let all = cases.len();
    type Key = (&'static str, Severity, Vec<Span>);
    let mut groups: IndexMap<Key, Vec<(&Diagnostic, Vec<usize>)>> = IndexMap::new();
    for (index, (_, found)) in cases.iter().enumerate() {
        for diagnostic in found {
            // what a rule warns of at one place is one, whichever checks it is about in a case
            let spans = match diagnostic.severity {
                Severity::Error => diagnostic.labels.iter().map(|l| l.span).collect(),
                _ => vec![diagnostic.span()],
            };
            let key = (diagnostic.code, diagnostic.severity, spans);
            let group = groups.entry(key).or_default();
            match group
                .iter_mut()
                .find(|(known, _)| std::ptr::eq(*known, &**diagnostic))
            {
                Some((_, at)) if at.last() == Some(&index) => {}
                Some((_, at)) => at.push(index),
                None => group.push((diagnostic, vec![index])),
            }
        }
    }
    let mut out = Vec::new();
    for group in groups.into_values() {
        // with whether the figures of some cases are others
        let mut kept: Vec<(Diagnostic, Vec<usize>, bool)> = Vec::new();
        for (diagnostic, at) in group {
            // in one case two findings are two; in different cases they are one, figures apart
            let alike = |other: &&mut (Diagnostic, Vec<usize>, bool)| {
                !at.iter().any(|index| other.1.contains(index))
            };
            match kept.iter_mut().find(alike) {
                Some((known, other, differ)) => {
                    other.extend(at);
                    *differ |= !unite(known, diagnostic);
                }
                None => kept.push((diagnostic.clone(), at, false)),
            }
        }
        for (mut diagnostic, mut at, differ) in kept {
            at.sort_unstable();
            let first = cases[at[0]].0.as_str();
            if at.len() < all {
                let id = |index: &usize| cases[*index].0.as_str();
                let named: Vec<&str> = at.iter().take(NAMED).map(id).collect();
                diagnostic = diagnostic.help(match at.len() {
                    1 => format!("in the case {}", named[0]),
                    n if n <= NAMED => format!("in the cases {}", named.join("; ")),
                    n => {
                        let of = match left_out {
                            0 => format!("{all} cases"),
                            left_out => {
                                format!("the {all} cases that can work (of {})", all + left_out)
                            }
                        };
                        format!("in {n} of {of}: {}; …", named.join("; "))
                    }
                });
            }
            // of some cases, the first that is named is the one
            if differ && at.len() == all {
                diagnostic = diagnostic.help(format!("so it is in the case {first}"));
            }
            out.push(diagnostic);
        }
    }
    out
}

/// Adds the places of another finding of the same kind; false where they say different things.
fn unite(known: &mut Diagnostic, other: &Diagnostic) -> bool {
    let mut same = known.message == other.message && known.help == other.help;
    for label in &other.labels {
        match known.labels.iter().find(|one| one.span == label.span) {
            Some(one) => same &= one.text == label.text,
            None if known.labels.len() < SHOWN => known.labels.push(label.clone()),
            None => {}
        }
    }
    same
}
