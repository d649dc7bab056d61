//! Errors that repairs uncover, and errors that they make. What cannot be read or has no value
//! hides what else is wrong; once it is mended that is found, and was the writer's all the time.

use super::compare::{is_error, moved};
use super::{Candidate, Look, Step};
use crate::diagnostics::Diagnostic;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Repairs of errors, as the text is once they are made.
pub struct Repairs<'a> {
    all: Vec<Written<'a>>,
    /// The names that were put in or taken out: what is wrong with one of them elsewhere is wrong
    /// because of that.
    words: BTreeSet<&'a str>,
}

/// What one change of a repair wrote.
struct Written<'a> {
    finding: &'a Diagnostic,
    safe: bool,
    file: &'a PathBuf,
    start: usize,
    end: usize,
}

impl<'a> Repairs<'a> {
    /// None where one of the repairs is not of an error: such a finding hides nothing.
    pub fn of(before: &'a Look, chosen: &'a [Candidate], steps: &[Step]) -> Option<Self> {
        let finding = |one: &Candidate| &before.found[one.finding];
        if !chosen.iter().all(|one| is_error(finding(one))) {
            return None;
        }
        let (mut all, mut words) = (Vec::new(), BTreeSet::new());
        for one in chosen {
            let finding = &before.found[one.finding];
            for (file, edits) in &one.edits {
                let source = before.own.iter().find(|(_, path)| *path == file);
                let text = source.map_or("", |(id, _)| &before.sources.get(*id).text);
                for edit in edits {
                    words.extend(names(&edit.with));
                    words.extend(names(text.get(edit.start..edit.end).unwrap_or("")));
                    all.push(Written {
                        finding,
                        safe: finding.repair(false).is_some(),
                        file,
                        start: moved(file, (edit.start, edit.start), steps).0,
                        end: moved(file, (edit.end, edit.end), steps).1,
                    });
                }
            }
        }
        Some(Self { all, words })
    }

    /// Whether an error that was not seen before was there all the same. A safe repair says what
    /// its writer said, so that nothing is wrong because of it but its own spelling; what another
    /// one chose may be wrong wherever it stands. Neither has uncovered what speaks of a name that
    /// it wrote or deleted.
    pub fn uncovered(&self, after: &Look, found: &Diagnostic) -> bool {
        let span = found.span();
        let (start, end) = (span.start as usize, span.end as usize);
        if self.words.contains(after.sources.text(span)) {
            return false;
        }
        let path = after.own.get(&span.file);
        let mut here = self.all.iter().filter(|one| Some(one.file) == path);
        !here.any(|one| {
            let touches = start <= one.end && one.start <= end;
            let overlaps = start < one.end && one.start < end;
            let same_kind = found.code == one.finding.code || found.code.starts_with("E01");
            touches && same_kind || overlaps && !one.safe
        })
    }
}

fn names(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| !c.is_alphanumeric() && c != '_');
    parts.filter(|part| part.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}
