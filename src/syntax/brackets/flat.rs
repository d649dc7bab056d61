//! How far in lines would stand that are not indented at all: what may stand in which kind of block
//! says where each of them belongs.

use super::by_indent::keys;
use super::lines::{block_head, first_word, fits, is_bare_block, is_definition};
use crate::schema;
use crate::syntax::scan::{Mark, MarkKind};

/// Of one level.
const STEP: usize = 2;

/// Deeper than any block stands.
const DEEPEST: usize = 16;

/// The marks of a text without indentation, indented by the kinds of its blocks.
pub(super) fn indented(text: &str, marks: &[Mark]) -> Vec<Mark> {
    let mut out = marks.to_vec();
    let mut walk = Walk {
        text,
        marks,
        next: keys(marks),
        levels: Vec::new(),
    };
    let mut start = 0;
    while start < marks.len() {
        let line = marks[start].line;
        let of_line = marks[start..].iter().take_while(|mark| mark.line == line);
        let end = start + of_line.count();
        let indent = walk.line(start, end);
        out[start..end]
            .iter_mut()
            .for_each(|mark| mark.indent = indent);
        start = end;
    }
    out
}

struct Walk<'a> {
    text: &'a str,
    marks: &'a [Mark],
    next: Vec<Option<usize>>,
    /// The kinds of the blocks around; none of a list, a call or a record.
    levels: Vec<Option<&'a str>>,
}

impl<'a> Walk<'a> {
    /// How far in the line of some marks belongs.
    fn line(&mut self, start: usize, end: usize) -> usize {
        let first = &self.marks[start];
        let closes = matches!(first.kind, MarkKind::Close(_));
        let bare = !closes && is_bare_block(self.text, first.at);
        let starts = first.statement || bare;
        let mut rest = start;
        if closes {
            rest += 1;
            if !self.is_early(start) {
                self.levels.pop();
            }
        } else if starts {
            self.leave(first);
        }
        let depth = self.levels.len();
        let opened = net(&self.marks[rest..end]);
        for n in 0..opened.max(0) {
            let head = n == 0 && block_head(self.text, first.at).is_some();
            self.levels
                .push(head.then(|| first_word(self.text, first.at)));
        }
        if bare {
            self.enter(Some(first_word(self.text, first.at)));
        }
        for _ in opened..0 {
            if !self.is_early(end - 1) {
                self.levels.pop();
            }
        }
        match closes || starts {
            true => STEP * depth,
            // the rest of an expression
            false => STEP * depth + 1,
        }
    }

    fn enter(&mut self, kind: Option<&'a str>) {
        if self.levels.len() < DEEPEST {
            self.levels.push(kind);
        }
    }

    /// Leaves the blocks in which a statement cannot stand, if there is one around in which it can.
    fn leave(&mut self, mark: &Mark) {
        let known = || {
            let kind = first_word(self.text, mark.at);
            let head = block_head(self.text, mark.at).is_some() && schema::kind(kind).is_some();
            head || matches!(kind, "expect" | "warn" | "exclude")
                || is_definition(self.text, mark.at)
        };
        let stands = |level: &Option<&str>| match level {
            Some(kind) => fits(self.text, mark.at, kind),
            None => !known(),
        };
        let within = self.levels.iter().rposition(stands);
        if within.is_some() || is_definition(self.text, mark.at) {
            self.levels.truncate(within.map_or(0, |n| n + 1));
        }
    }

    /// Whether what follows a closer belongs into the block that it would close, and not around it.
    fn is_early(&self, n: usize) -> bool {
        let Some((Some(kind), around)) = self.levels.split_last() else {
            return false;
        };
        let next = self.next[n].map(|next| &self.marks[next]);
        let Some(next) = next.filter(|next| next.statement) else {
            return false;
        };
        let outside = match around.last() {
            Some(around) => around.is_none_or(|kind| fits(self.text, next.at, kind)),
            None => is_definition(self.text, next.at),
        };
        !outside && fits(self.text, next.at, kind)
    }
}

/// By how much openers outnumber closers.
fn net(marks: &[Mark]) -> i64 {
    let opens = marks.iter().map(|mark| match mark.kind {
        MarkKind::Open(_) => 1,
        MarkKind::Close(_) => -1,
        MarkKind::Other => 0,
    });
    opens.sum()
}
