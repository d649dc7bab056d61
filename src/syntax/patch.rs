//! Small repairs of a text before it is parsed (a closer put in, a deep group taken out),
//! and the way back from places in the repaired text to places in the user's.

use std::borrow::Cow;
use std::cell::Cell;

/// Stands for text that was taken out; the grammar reads it as a broken expression.
pub const HOLE: &str = "\u{1}";

/// Replaces `start..end` of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    pub start: usize,
    pub end: usize,
    pub with: Cow<'static, str>,
}

impl Patch {
    pub fn insert(at: usize, with: impl Into<Cow<'static, str>>) -> Self {
        Self::replace(at, at, with)
    }

    pub fn replace(start: usize, end: usize, with: impl Into<Cow<'static, str>>) -> Self {
        let with = with.into();
        Self { start, end, with }
    }
}

/// A piece of the repaired text: where it starts there and in the user's text, and
/// whether it was copied (or else put in). In 32 bits, as in spans: of a text that is wrong all over
/// there are as many pieces as letters.
#[derive(Debug, Clone, Copy)]
struct Piece {
    repaired: u32,
    original: u32,
    copied: bool,
}

impl Piece {
    fn new(repaired: usize, original: usize, copied: bool) -> Self {
        Self {
            repaired: repaired as u32,
            original: original as u32,
            copied,
        }
    }

    fn repaired(self) -> usize {
        self.repaired as usize
    }

    fn original(self) -> usize {
        self.original as usize
    }
}

/// A text with its repairs made.
#[derive(Debug)]
pub struct Patched<'a> {
    pub text: Cow<'a, str>,
    pieces: Vec<Piece>,
    /// How many pieces were before the place asked for last: the next one is mostly near.
    near: Cell<usize>,
}

impl<'a> Patched<'a> {
    pub fn new(text: &'a str, mut patches: Vec<Patch>) -> Self {
        if patches.is_empty() {
            return Self {
                text: Cow::Borrowed(text),
                pieces: Vec::new(),
                near: Cell::new(0),
            };
        }
        // Stable: what is put in at one place keeps its order, and comes before what is
        // taken out there.
        patches.sort_by_key(|p| (p.start, p.end));
        let mut repaired = String::with_capacity(text.len() + patches.len());
        let mut pieces = Vec::with_capacity(patches.len() * 2 + 1);
        let mut done = 0;
        for patch in patches {
            if patch.start < done {
                // Inside what an earlier one took out.
                continue;
            }
            pieces.push(Piece::new(repaired.len(), done, true));
            repaired.push_str(&text[done..patch.start]);
            pieces.push(Piece::new(repaired.len(), patch.start, false));
            repaired.push_str(&patch.with);
            done = patch.end;
        }
        pieces.push(Piece::new(repaired.len(), done, true));
        repaired.push_str(&text[done..]);
        Self {
            text: Cow::Owned(repaired),
            pieces,
            near: Cell::new(0),
        }
    }

    /// The place in the repaired text of one in the user's that was copied.
    pub fn repaired(&self, original: usize) -> usize {
        let after = (self.pieces).partition_point(|p| p.original() <= original);
        let mut pieces = self.pieces[..after].iter().rev();
        let piece = pieces.find(|piece| piece.copied);
        piece.map_or(original, |p| p.repaired() + (original - p.original()))
    }

    /// How many pieces, which are the first ones, are before a place.
    fn count(&self, is_before: impl Fn(&Piece) -> bool) -> usize {
        let near = self.near.get();
        let (before, after) = self.pieces.split_at(near);
        if before.last().is_none_or(&is_before) && !after.first().is_some_and(&is_before) {
            return near;
        }
        let count = self.pieces.partition_point(is_before);
        self.near.set(count);
        count
    }

    /// The place in the user's text where something starts in the repaired one.
    pub fn original(&self, start: usize) -> usize {
        let after = self.count(|p| p.repaired() <= start);
        match after.checked_sub(1).map(|n| self.pieces[n]) {
            None => start,
            Some(piece) if piece.copied => piece.original() + (start - piece.repaired()),
            Some(piece) => piece.original(),
        }
    }

    /// The place in the user's text where something ends in the repaired one: what was
    /// taken out after it is not part of it.
    pub fn original_end(&self, end: usize) -> usize {
        let after = self.count(|p| p.repaired() < end);
        match after.checked_sub(1).map(|n| self.pieces[n]) {
            None => end,
            Some(piece) if piece.copied => piece.original() + (end - piece.repaired()),
            // What stands for something taken out stands for all of it.
            Some(piece) => self
                .pieces
                .get(after)
                .map_or(piece.original(), |next| next.original()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_find_their_way_back() {
        let patched = Patched::new(
            "a [b\nc (((d",
            vec![Patch::insert(4, "]"), Patch::replace(7, 11, HOLE)],
        );
        assert_eq!(patched.text, "a [b]\nc \u{1}");
        assert_eq!(patched.original(3), 3);
        assert_eq!(patched.original(5), 4);
        assert_eq!(patched.original(6), 5);
        assert_eq!(patched.original(8), 7);
        assert_eq!(patched.original(9), 11);
        assert_eq!(patched.original_end(4), 4);
        assert_eq!(patched.original_end(9), 11);
        let removed = Patched::new("a /* b */", vec![Patch::replace(1, 9, "")]);
        assert_eq!(removed.original_end(1), 1);
    }

    #[test]
    fn a_sound_text_is_not_copied() {
        let patched = Patched::new("a = 1", Vec::new());
        assert!(matches!(patched.text, Cow::Borrowed(_)));
        assert_eq!(patched.original(4), 4);
    }
}
