//! Errors that repairs uncover, and errors that they make. What cannot be read or has no value
//! hides what else is wrong; once it is mended that is found, and was the writer's all the time.

use super::compare::{is_error, moved};
use super::{Candidate, Look, Step};
use crate::diagnostics::{Diagnostic, codes};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Repairs as the text is once they are made.
pub struct Repairs<'a> {
    files: HashMap<&'a Path, Written>,
    /// The names that were put in or taken out, and by which repair last: what is wrong with one
    /// of them elsewhere is wrong because of that.
    words: HashMap<&'a str, usize>,
    /// Whether each is of an error: another finding hides nothing.
    of_errors: bool,
}

/// What the changes of repairs wrote in one file.
#[derive(Default)]
struct Written {
    all: Places,
    chosen: Places,
    by_code: HashMap<&'static str, Places>,
}

impl<'a> Repairs<'a> {
    pub fn of(before: &'a Look, chosen: &'a [Candidate], steps: &[Step]) -> Self {
        let ids = before.own.iter().map(|(id, path)| (&**path, *id));
        let ids: HashMap<&Path, _> = ids.collect();
        let mut files: HashMap<&Path, Written> = HashMap::new();
        let mut words = HashMap::new();
        for (index, one) in chosen.iter().enumerate() {
            let finding = &before.found[one.finding];
            let safe = finding.repair(false).is_some();
            for (file, edit) in &one.changes {
                let text = ids.get(&**file).map(|id| &*before.sources.get(*id).text);
                let text = text.and_then(|text| text.get(edit.start..edit.end));
                let named = names(&edit.with).chain(names(text.unwrap_or("")));
                words.extend(named.map(|name| (name, index)));
                let start = moved(file, (edit.start, edit.start), steps).0;
                let end = moved(file, (edit.end, edit.end), steps).1;
                let written = files.entry(file).or_default();
                let place = Place { start, end, index };
                written.all.0.push(place);
                if !safe {
                    written.chosen.0.push(place);
                }
                let alike = written.by_code.entry(finding.code).or_default();
                alike.0.push(place);
            }
        }
        for written in files.values_mut() {
            let some = [&mut written.all, &mut written.chosen];
            for places in some.into_iter().chain(written.by_code.values_mut()) {
                places.settle();
            }
        }
        Self {
            files,
            words,
            of_errors: (chosen.iter()).all(|one| is_error(&before.found[one.finding])),
        }
    }

    /// Whether an error that was not seen before was there all the same. A safe repair says what
    /// its writer said, so that nothing is wrong because of it but its own spelling; what another
    /// one chose may be wrong wherever it stands. Neither has uncovered what speaks of a name that
    /// it wrote or deleted, nor that there is nothing left.
    pub fn uncovered(&self, after: &Look, found: &Diagnostic) -> bool {
        let span = found.span();
        if !self.of_errors
            || found.code == codes::FILE_EMPTY.0
            || self.words.contains_key(after.sources.text(span))
        {
            return false;
        }
        let Some(here) = self.here(after, found) else {
            return true;
        };
        let (start, end) = (span.start as usize, span.end as usize);
        let alike = match found.code.starts_with("E01") {
            true => Some(&here.all),
            false => here.by_code.get(found.code),
        };
        alike.is_none_or(|places| places.touches(start, end).is_none())
            && !here.chosen.overlaps(start, end)
    }

    fn here(&self, look: &Look, found: &Diagnostic) -> Option<&Written> {
        self.files.get(&**look.own.get(&found.span().file)?)
    }

    /// The repairs, by their index, which an error speaks of.
    pub fn blamed(&self, after: &Look, found: &Diagnostic) -> HashSet<usize> {
        let mut out = HashSet::new();
        for label in &found.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            let path = after.own.get(&label.span.file);
            let here = path.and_then(|path| self.files.get(&**path));
            out.extend(here.and_then(|here| here.all.touches(start, end)));
            out.extend(self.words.get(after.sources.text(label.span)));
        }
        out
    }
}

#[derive(Clone, Copy)]
struct Place {
    start: usize,
    end: usize,
    /// Of the repair that wrote there.
    index: usize,
}

/// Places of a text, once settled in order, each with the one of it and those before that ends
/// last: whether one of many touches a place takes few steps.
#[derive(Default)]
struct Places(Vec<Place>);

impl Places {
    fn settle(&mut self) {
        self.0.sort_by_key(|place| place.start);
        let mut last = Place {
            start: 0,
            end: 0,
            index: 0,
        };
        for place in &mut self.0 {
            if place.end >= last.end {
                last = *place;
            } else {
                (place.end, place.index) = (last.end, last.index);
            }
        }
    }

    /// Of those that begin before the end, the one that ends last, where that is behind the start.
    fn touches(&self, start: usize, end: usize) -> Option<usize> {
        let before = self.0.partition_point(|place| place.start <= end);
        let last = self.0[..before].last()?;
        (start <= last.end).then_some(last.index)
    }

    fn overlaps(&self, start: usize, end: usize) -> bool {
        let before = self.0.partition_point(|place| place.start < end);
        self.0[..before].last().is_some_and(|last| start < last.end)
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    parts.filter(|part| part.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}
