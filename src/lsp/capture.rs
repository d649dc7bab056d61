//! Whether every name still means what it meant after a rename: none is taken by another thing of
//! the new name, and nothing takes the place of what a base defines.

use super::names::Names;
use super::walk::{Occurrence, occurrences};
use crate::resolve::Program;
use crate::source::{FileId, Span};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What a name means otherwise than before, in words. The second program is what the first one is
/// with the name at the places replaced.
pub fn captured(before: &Program, after: &Program, places: &[Span], new: &str) -> Option<String> {
    let moves = Moves::new(before, after, places, new);
    let mut due: HashSet<(Span, Span)> = HashSet::new();
    for one in all(before) {
        let pair = moves.of(one.span).zip(moves.of(one.target));
        due.extend(pair);
    }
    let mut is: Vec<(Span, Span)> = all(after).map(|one| (one.span, one.target)).collect();
    is.sort_unstable();
    let there: HashSet<(Span, Span)> = is.iter().copied().collect();
    let place = |span: Span| after.sources.place(span);
    // the library's own places are not looked at
    let users = |pair: &&(Span, Span)| after.sources.get(pair.0.file).path.is_some();
    let other = is.iter().filter(users).find(|pair| !due.contains(pair));
    if let Some((span, target)) = other {
        let does = match due.contains(&(*span, *span)) {
            true => "take the place of",
            false => "stand for",
        };
        let (here, there) = (place(*span), place(*target));
        return Some(format!("{here} would {does} what {there} defines"));
    }
    let gone = due.difference(&there).filter(users).min()?;
    Some(format!("{} would stand for something else", place(gone.0)))
}

/// Every place of a program that names what the users' files define.
fn all(program: &Program) -> impl Iterator<Item = Occurrence> {
    let modules = program.user_modules();
    modules.flat_map(|id| occurrences(Names { program }, id))
}

/// Where the places of the old files are in the new ones.
struct Moves {
    files: HashMap<FileId, FileId>,
    /// Where what was replaced ended, by file and in order.
    ends: HashMap<FileId, Vec<u32>>,
    /// By how much each of them became longer.
    longer: i64,
}

impl Moves {
    fn new(before: &Program, after: &Program, places: &[Span], new: &str) -> Self {
        let paths = after.sources.iter();
        let paths = paths.filter_map(|(id, file)| Some((file.path.as_deref()?, id)));
        let paths: HashMap<&Path, FileId> = paths.collect();
        // what has no path is of the library, and is known by its name
        let names = after.sources.iter().filter(|(_, file)| file.path.is_none());
        let names: HashMap<&str, FileId> = names.map(|(id, f)| (f.name.as_str(), id)).collect();
        let files = before.sources.iter().filter_map(|(id, file)| {
            let new = match file.path.as_deref() {
                Some(path) => paths.get(path),
                None => names.get(file.name.as_str()),
            };
            Some((id, *new?))
        });
        let mut ends: HashMap<FileId, Vec<u32>> = HashMap::new();
        for place in places {
            ends.entry(place.file).or_default().push(place.end);
        }
        ends.values_mut().for_each(|ends| ends.sort_unstable());
        let old = places.first().map_or(0, |place| place.end - place.start);
        Self {
            files: files.collect(),
            ends,
            longer: new.len() as i64 - i64::from(old),
        }
    }

    fn of(&self, span: Span) -> Option<Span> {
        let ends = self.ends.get(&span.file).map_or(&[][..], Vec::as_slice);
        let moved = |at: u32| {
            let behind = ends.partition_point(|end| *end <= at) as i64;
            (i64::from(at) + behind * self.longer) as usize
        };
        let file = self.files.get(&span.file)?;
        Some(Span::new(*file, moved(span.start), moved(span.end)))
    }
}
