//! Whether a pack is better after a change: which findings are gone, and which errors are new.
//! Findings are the same where their code is, and their place once it has moved with the text.

use super::{Look, Step};
use crate::diagnostics::{Diagnostic, Severity, codes};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;

/// A finding's file and code: by path where users wrote it, by name where it is the library's.
type Kind<'a> = (&'a Path, &'static str);

/// What became of the findings of `before`.
pub struct Comparison {
    /// Of each finding of `before`, whether it is still there, word for word.
    pub there: Vec<bool>,
    /// Errors of `after` that were not there, by their index.
    pub new: Vec<usize>,
    /// The first of them that cannot be read, where there are more of those than there were; or the
    /// first of all, where there are more errors than there were and one of the repairs only guessed
    /// what cannot be read: what it uncovers may be there because of it.
    pub worse: Option<usize>,
}

/// Compares two looks at a pack with the changes between them. Of several alike at one place,
/// the findings in `mended` are the first to be gone; those are the same word for word only.
pub fn compare(before: &Look, after: &Look, steps: &[Step], mended: &[usize]) -> Comparison {
    // by place: its finding, until one of before is found to be the same
    let mut left: HashMap<Kind, BTreeSet<(usize, usize)>> = HashMap::new();
    for (index, found) in after.found.iter().enumerate() {
        let place = (found.span().start as usize, index);
        left.entry(kind(after, found)).or_default().insert(place);
    }
    let mut there = vec![false; before.found.len()];
    let mended: BTreeSet<usize> = mended.iter().copied().collect();
    let others = (0..before.found.len()).filter(|index| !mended.contains(index));
    for index in others.chain(mended.iter().copied()) {
        let found = &before.found[index];
        let kind = kind(before, found);
        let at = found.span().start as usize;
        let (first, last) = moved(kind.0, (at, at), steps);
        let Some(places) = left.get_mut(&kind) else {
            continue;
        };
        let same = |(_, other): &&(usize, usize)| after.found[*other].message == found.message;
        let mut here = places.range((first, 0)..=(last, usize::MAX));
        let any = here.clone().next();
        let taken = here.find(same);
        there[index] = taken.is_some();
        // what stands in place of a mended one says something else: it is new, or there would be
        // no end of repairs
        let other = any.filter(|_| !mended.contains(&index));
        if let Some(taken) = taken.or(other).copied() {
            places.remove(&taken);
        }
    }
    let mut new: Vec<usize> = left.into_values().flatten().map(|(_, n)| n).collect();
    new.retain(|index| is_error(&after.found[*index]));
    new.sort_unstable();
    let worse = worse(before, after, &mended, &new);
    Comparison { there, new, worse }
}

fn worse(before: &Look, after: &Look, mended: &BTreeSet<usize>, new: &[usize]) -> Option<usize> {
    let more = |of: fn(&Diagnostic) -> bool| {
        let count = |look: &Look| look.found.iter().filter(|found| of(found)).count();
        count(after) > count(before)
    };
    let guess = |index: &usize| {
        let found = &before.found[*index];
        is_unread(found) && found.repair(false).is_none()
    };
    let first = |of: fn(&Diagnostic) -> bool| new.iter().copied().find(|n| of(&after.found[*n]));
    if more(is_unread) {
        first(is_unread)
    } else if mended.iter().any(guess) && more(is_error) {
        first(is_error)
    } else {
        None
    }
}

/// What cannot be read, or has nothing in it: it may hide anything.
fn is_unread(found: &Diagnostic) -> bool {
    found.code.starts_with("E01") || found.code == codes::FILE_EMPTY.0
}

/// An error by itself: what only `--deny` makes one may show once other errors are gone.
pub fn is_error(found: &Diagnostic) -> bool {
    found.severity == Severity::Error && found.code.starts_with('E')
}

/// Where a place of a file can be after the changes.
pub fn moved(file: &Path, at: (usize, usize), steps: &[Step]) -> (usize, usize) {
    let of_file = steps.iter().filter_map(|step| step.get(file));
    of_file.fold(at, |(first, last), edits| edits.moved(first, last))
}

fn kind<'a>(look: &'a Look, found: &Diagnostic) -> Kind<'a> {
    let file = found.span().file;
    let path = look.own.get(&file).map(|path| &**path);
    let path = path.unwrap_or_else(|| Path::new(&look.sources.get(file).name));
    (path, found.code)
}
