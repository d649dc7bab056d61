//! Positions of the protocol (lines, and UTF-16 units in them) and bytes of a text.

use crate::source::Span;
use serde::{Deserialize, Serialize};
use std::cell::Cell;

/// A place between two characters, both numbers from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    pub line: u32,
    /// In UTF-16 units.
    pub character: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub start: Position,
    pub end: Position,
}

/// A text and where its lines begin; `\n`, `\r\n` and `\r` end one.
pub struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The place that was looked up last, and its UTF-16 units from its line's start: of many in
    /// a row on a long line each is counted from the one before.
    last: Cell<(usize, usize)>,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
            if bytes[at] == b'\n' || bytes.get(at + 1) != Some(&b'\n') {
                starts.push(at + 1);
            }
        }
        Self {
            text,
            starts,
            last: Cell::default(),
        }
    }

    /// The position of a byte; one inside of a character counts as its start.
    pub fn position(&self, offset: usize) -> Position {
        let mut offset = offset.min(self.text.len());
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let start = self.starts[line];
        let (from, before) = match self.last.get() {
            last if (start..=offset).contains(&last.0) => last,
            _ => (start, 0),
        };
        let between = self.text[from..offset].chars().map(char::len_utf16);
        let units = before + between.sum::<usize>();
        self.last.set((offset, units));
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Position {
            line: number(line),
            character: number(units),
        }
    }

    /// The byte of a position. Behind a line's end is its end, behind the last line the text's;
    /// in the middle of a character is its start.
    pub fn offset(&self, position: Position) -> usize {
        let Some(start) = self.starts.get(position.line as usize) else {
            return self.text.len();
        };
        let mut units = 0;
        for (at, c) in self.text[*start..].char_indices() {
            units += c.len_utf16();
            if matches!(c, '\n' | '\r') || units > position.character as usize {
                return start + at;
            }
        }
        self.text.len()
    }

    pub fn range(&self, span: Span) -> Range {
        Range {
            start: self.position(span.start as usize),
            end: self.position(span.end as usize),
        }
    }

    /// From the text's first to its last place.
    pub fn whole(&self) -> Range {
        Range {
            start: self.position(0),
            end: self.position(self.text.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[test]
    fn wide_characters_count_as_utf_16_does() {
        let text = "a🦀b\r\nüx\rz\n";
        let lines = Lines::new(text);
        for (offset, position) in [
            (0, at(0, 0)),
            (1, at(0, 1)),
            (5, at(0, 3)),
            (6, at(0, 4)),
            (8, at(1, 0)),
            (10, at(1, 1)),
            (12, at(2, 0)),
            (14, at(3, 0)),
        ] {
            assert_eq!(lines.position(offset), position, "{offset}");
            assert_eq!(lines.offset(position), offset, "{position:?}");
        }
        // inside of the crab, behind a line and behind the text
        assert_eq!(lines.offset(at(0, 2)), 1);
        assert_eq!(lines.offset(at(0, 99)), 6);
        assert_eq!(lines.offset(at(9, 0)), text.len());
        assert_eq!(lines.position(3), at(0, 1));
    }

    proptest! {
        #[test]
        fn every_place_is_found_again(text in "[a\\n\\rü🦀 ]{0,40}") {
            let lines = Lines::new(&text);
            for (offset, _) in text.char_indices() {
                // between `\r` and `\n` there is no position
                if !text[..offset].ends_with('\r') || !text[offset..].starts_with('\n') {
                    prop_assert_eq!(lines.offset(lines.position(offset)), offset);
                }
            }
        }
    }
}
