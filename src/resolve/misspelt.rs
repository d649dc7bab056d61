//! Blocks of an extension that are new there, and were surely meant to change one of the base whose
//! name is nearly theirs: `phase stedy { requests = 80 }` over `phase steady { … }`.

use super::{Flat, is_hidden};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::syntax::ast::Path;
use std::collections::{HashMap, HashSet};

/// Kinds of which a block that changes another says little, and of each what a new one has: one of
/// these attributes or blocks.
const NEEDS: [(&str, &[&str], &str); 6] = [
    ("phase", &["workload", "load"], "a `workload`"),
    ("server", &["engine", "url"], "an `engine` or a `url`"),
    ("workload", &["prompt", "content", "input"], "a `prompt`"),
    ("load", &["workload"], "a `workload`"),
    ("report", &["to"], "`to`"),
    ("rank", &["highest", "lowest"], "`highest` or `lowest`"),
];

/// So many new blocks of one that extends another are looked at, and each is compared with so many of
/// the base.
const MOST_NEW: usize = 100;
const MOST_COMPARED: usize = 300;

/// Finds such blocks in `own`, which extends `parent` by that path, and in its blocks.
pub(super) fn check(parent: &Flat, own: &Flat, path: &Path, found: &mut Vec<Diagnostic>) {
    let theirs: HashMap<(&str, &str), &Flat> =
        (parent.children.iter().map(|child| (child.key(), &**child))).collect();
    let ours: HashSet<(&str, &str)> = own.children.iter().map(|child| child.key()).collect();
    let mut new = 0;
    for child in &own.children {
        match theirs.get(&child.key()) {
            Some(theirs) => check(theirs, child, path, found),
            None if new < MOST_NEW => {
                new += 1;
                found.extend(meant(parent, &ours, child, path));
            }
            None => {}
        }
    }
}

fn meant(
    parent: &Flat,
    ours: &HashSet<(&str, &str)>,
    child: &Flat,
    path: &Path,
) -> Option<Diagnostic> {
    let (_, needs, needed) = NEEDS.iter().find(|(kind, ..)| *kind == child.kind.text)?;
    let says = |name: &&str| child.attrs.contains_key(*name) || child.child(name).is_some();
    let name = child.name.as_ref().filter(|name| !is_hidden(&name.text))?;
    if needs.iter().any(says) || child.extends.is_some() || child.incomplete {
        return None;
    }
    let kind = child.kind.text.as_str();
    // one that is changed here by its own name is not meant once more
    let changed = |one: &&str| ours.contains(&(kind, *one));
    // of a quiet phase nothing need be missing, so only a slip of the pen is told
    let quiet = kind == "phase"
        && !schema::LOADING
            .iter()
            .any(|name| child.attrs.contains_key(*name));
    let names = parent.children_of(kind).map(|one| one.title());
    let names = names.take(MOST_COMPARED).filter(|one| !changed(one));
    let names: Vec<&str> = names.collect();
    let mut near = names.iter().filter(|one| is_slip(&name.text, one));
    let loosely = || nearest(&name.text, names.iter().copied()).filter(|_| !quiet);
    let meant = near.next().copied().or_else(loosely)?;
    let there = parent
        .children_of(&child.kind.text)
        .find(|one| one.title() == meant)?;
    let base = path.parts.last().map_or("", |last| last.text.as_str());
    let message = format!(
        "`{base}` has no {kind} `{}`, so this is a new one",
        name.text
    );
    let mut said = Diagnostic::warning(codes::MISSPELT_BLOCK, child.head(), message)
        .label(there.head(), "is this one meant?")
        .help(format!("did you mean `{meant}` of `{base}`?"))
        .help(match quiet {
            true => format!("if it is a new one, call it otherwise, or give it {needed}"),
            false => format!("if it is a new one, it has {needed} too"),
        });
    if near.next().is_none() {
        said = said.fix("the nearest name", name.span, meant, false);
    }
    Some(said)
}

/// Shorter names that differ in a letter are often two words: `rest` and `test`.
const SHORT: usize = 5;

/// Whether a name is another with a slip of the pen in it. Names that are told apart by a number, by
/// a short part (`pause_a`) or by more behind them are two.
fn is_slip(written: &str, meant: &str) -> bool {
    let distance = strsim::damerau_levenshtein(written, meant);
    let letters = written.chars().count().min(meant.chars().count());
    let most = if letters <= SHORT { 1 } else { 2 };
    if distance == 0 || distance > most || letters < 3 {
        return false;
    }
    let sorted = |text: &str| {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters
    };
    let exchanged = written.len() == meant.len() && sorted(written) != sorted(meant);
    if exchanged && letters <= SHORT {
        return false;
    }
    let plain = |text: &str| {
        text.trim_end_matches(|c: char| c.is_ascii_digit())
            .to_string()
    };
    if plain(written) == plain(meant) || written.starts_with(meant) || meant.starts_with(written) {
        return false;
    }
    // of parts that differ, one that is short tells two names apart
    let (a, b): (Vec<&str>, Vec<&str>) = (written.split('_').collect(), meant.split('_').collect());
    let digits = |text: &str| text.chars().any(|c| c.is_ascii_digit());
    a.len() != b.len()
        || a.len() == 1
        || a.iter()
            .zip(&b)
            .filter(|(a, b)| a != b)
            .all(|(a, b)| a.len().min(b.len()) > 3 && !digits(a) && !digits(b))
}

#[cfg(test)]
mod tests {
    use super::is_slip;

    #[test]
    fn a_slip_is_told_from_a_second_name() {
        for (written, meant) in [
            ("stedy", "steady"),
            ("stready", "steady"),
            ("cooldwon", "cooldown"),
            ("stu", "sut"),
            ("first_laod", "first_load"),
        ] {
            assert!(is_slip(written, meant), "{written}");
        }
        for (written, meant) in [
            ("cooldown2", "cooldown"),
            ("rest", "test"),
            ("pause_a", "pause_b"),
            ("load1", "load2"),
            ("steady_long", "steady"),
            ("run_1k", "run_2k"),
            ("warm", "calm"),
            ("steady", "steady"),
            ("before", "after"),
        ] {
            assert!(!is_slip(written, meant), "{written}");
        }
    }
}
