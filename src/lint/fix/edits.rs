//! Changes of one text that are made together, and where its places are afterwards.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Replaces `start..end` of a text, in bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub with: String,
}

/// The changes of one repair, each with its file.
pub type Changes = Vec<(Arc<Path>, Edit)>;

/// The changes of one step, by file.
pub type Step = BTreeMap<Arc<Path>, Edits>;

/// Changes that neither overlap nor touch.
#[derive(Debug, Clone, Default)]
pub struct Edits {
    /// What is put in, by from and to.
    all: BTreeMap<(usize, usize), String>,
    /// Each in order, once a place was looked up: of many places each takes few steps.
    moves: OnceCell<Vec<Move>>,
}

/// A change, and by how much the text before it has grown.
#[derive(Debug, Clone)]
struct Move {
    start: usize,
    end: usize,
    put_in: usize,
    grown: isize,
}

/// Adds the changes of a repair to those of a step, all or none; false where one of them touches
/// another.
pub fn add(step: &mut Step, changes: &Changes) -> bool {
    for (count, (file, edit)) in changes.iter().enumerate() {
        if !step.entry(file.clone()).or_default().add(edit) {
            for (file, edit) in &changes[..count] {
                if let Some(edits) = step.get_mut(file) {
                    edits.all.remove(&(edit.start, edit.end));
                }
            }
            return false;
        }
    }
    true
}

impl Edits {
    /// Adds a change; false where it touches another.
    fn add(&mut self, new: &Edit) -> bool {
        let at = (new.start, new.end);
        let before = self.all.range(..at).next_back();
        let next = self.all.range(at..).next();
        let fits = before.is_none_or(|((_, end), _)| *end < new.start)
            && next.is_none_or(|((start, _), _)| new.end < *start);
        if fits {
            self.all.insert(at, new.with.clone());
            self.moves.take();
        }
        fits
    }

    /// The text with the changes made. What is put in gets the line ends that the text has.
    /// None where a change does not begin and end between characters of the text.
    pub fn apply(&self, text: &str) -> Option<String> {
        let windows = text.contains("\r\n");
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for ((start, end), with) in &self.all {
            out.push_str(text.get(done..*start)?);
            text.get(*start..*end)?;
            match windows && with.contains('\n') {
                true => out.push_str(&with.replace("\r\n", "\n").replace('\n', "\r\n")),
                false => out.push_str(with),
            }
            done = *end;
        }
        out.push_str(text.get(done..)?);
        Some(out)
    }

    /// Where a place of the text can be afterwards, first and last: a place that was replaced is
    /// anywhere in what replaced it.
    pub fn moved(&self, first: usize, last: usize) -> (usize, usize) {
        (self.one(first, false), self.one(last, true))
    }

    fn one(&self, at: usize, last: bool) -> usize {
        let moves = self.moves.get_or_init(|| self.moves());
        let before = |edit: &Move| edit.end < at || edit.end == at && edit.start < edit.end;
        let next = &moves[moves.partition_point(before)];
        if next.start > at {
            return at.saturating_add_signed(next.grown);
        }
        let start = next.start.saturating_add_signed(next.grown);
        if last { start + next.put_in } else { start }
    }

    /// The changes, and one behind all places.
    fn moves(&self) -> Vec<Move> {
        let mut grown = 0;
        let mut out = Vec::with_capacity(self.all.len() + 1);
        for ((start, end), with) in &self.all {
            out.push(Move {
                start: *start,
                end: *end,
                put_in: with.len(),
                grown,
            });
            grown += with.len().cast_signed() - (end - start).cast_signed();
        }
        out.push(Move {
            start: usize::MAX,
            end: usize::MAX,
            put_in: 0,
            grown,
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(start: usize, end: usize, with: &str) -> Edit {
        let with = with.to_owned();
        Edit { start, end, with }
    }

    fn edits(all: &[Edit]) -> Edits {
        let mut out = Edits::default();
        assert!(all.iter().all(|one| out.add(one)));
        out
    }

    #[test]
    fn what_touches_waits() {
        let file: Arc<Path> = Path::new("a.scn").into();
        let mut step = Step::new();
        let mut added = |all: &[Edit]| {
            let changes = all.iter().map(|one| (file.clone(), one.clone()));
            add(&mut step, &changes.collect())
        };
        assert!(added(&[edit(4, 6, "x")]));
        assert!(!added(&[edit(6, 7, "")]));
        assert!(!added(&[edit(4, 4, "y")]));
        assert!(!added(&[edit(0, 1, "y"), edit(5, 5, "z")]));
        assert!(added(&[edit(0, 1, ""), edit(8, 8, "z")]));
        assert_eq!(step[&file].apply("0123456789").unwrap(), "123x67z89");
        assert_eq!(edits(&[edit(1, 2, "")]).apply("é"), None);
    }

    #[test]
    fn lines_end_as_they_did() {
        let all = edits(&[edit(1, 1, " a\r\nb\nc")]);
        assert_eq!(all.apply("0\r\n1").unwrap(), "0 a\r\nb\r\nc\r\n1");
        assert_eq!(all.apply("0\n1").unwrap(), "0 a\r\nb\nc\n1");
    }

    #[test]
    fn places_move_with_the_text() {
        let all = edits(&[edit(2, 4, "xyz"), edit(6, 6, "!!")]);
        // "01xyz45!!6"
        let moved = |at| all.moved(at, at);
        assert_eq!(moved(1), (1, 1));
        assert_eq!(moved(2), (2, 5));
        assert_eq!(moved(3), (2, 5));
        assert_eq!(moved(4), (5, 5));
        assert_eq!(moved(5), (6, 6));
        assert_eq!(moved(6), (7, 9));
        assert_eq!(moved(7), (10, 10));
    }
}
