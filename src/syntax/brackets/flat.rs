//! How far in lines would stand that are not indented at all, or not so that it tells: what may stand
//! in which kind of block says where each of them belongs.

use super::by_indent::{keys, partners};
use super::lines::{
    block_head, first_word, fits, is_bare_block, is_definition, opener_forgotten,
    rest as rest_of_line,
};
use super::straight::inside_of_definitions;
use crate::schema;
use crate::syntax::scan::{Bracket, Mark, MarkKind};

/// Of one level.
const STEP: usize = 2;

/// Deeper than any block stands.
const DEEPEST: usize = 16;

/// The marks of a text, indented by the kinds of its blocks alone; none if brackets stand too deep.
pub(super) fn indented(text: &str, marks: &[Mark]) -> Option<Vec<Mark>> {
    let mut out = marks.to_vec();
    out.iter_mut().for_each(|mark| mark.indent = 0);
    let inside = inside_of_definitions(text, &out);
    let mut walk = Walk {
        text,
        marks,
        next: keys(marks),
        partners: partners(marks)?,
        inside,
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
    Some(out)
}

/// What is open.
struct Level<'a> {
    bracket: Bracket,
    /// Of a block; none of a list, a call or a record.
    kind: Option<&'a str>,
    line: usize,
    /// More follows the opener on its line, and ends there as a statement does.
    short: bool,
    /// The brackets within match, up to its own closer.
    sound: bool,
}

struct Walk<'a> {
    text: &'a str,
    marks: &'a [Mark],
    next: Vec<Option<usize>>,
    partners: Vec<Option<usize>>,
    inside: Vec<bool>,
    levels: Vec<Level<'a>>,
}

impl<'a> Walk<'a> {
    /// How far in the line of some marks belongs.
    fn line(&mut self, start: usize, end: usize) -> usize {
        let first = &self.marks[start];
        let bare = first.kind == MarkKind::Other && is_bare_block(self.text, first.at);
        let starts = first.statement || bare;
        let mut rest = start;
        if let MarkKind::Close(bracket) = first.kind {
            rest += 1;
            self.close(start, bracket);
        } else if starts {
            self.leave(first);
        }
        let depth = self.levels.len();
        let line = rest_of_line(self.text, first.at);
        let line = line.split(" #").next().unwrap_or("").trim_end();
        let goes_on = line.ends_with([',', '{', '[', '(']);
        let short_until = first.at + if goes_on { 0 } else { line.len() };
        let mut looked = false;
        let mut head = block_head(self.text, first.at).map(|head| head.brace);
        for n in rest..end {
            let mark = &self.marks[n];
            match mark.kind {
                MarkKind::Open(bracket) => {
                    // `{ {`: one too many
                    let next = self.marks.get(n + 1).filter(|_| bracket == Bracket::Brace);
                    if let Some(next) = next.filter(|next| {
                        let between = self.text[mark.at + 1..next.at].trim_matches([' ', '\t']);
                        next.kind == mark.kind && between.is_empty()
                    }) {
                        head = head.map(|brace| if brace == mark.at { next.at } else { brace });
                        continue;
                    }
                    let kind = head.filter(|brace| *brace == mark.at);
                    let kind = kind.map(|_| first_word(self.text, first.at));
                    self.open(n, bracket, kind, mark.at + 1 < short_until);
                }
                MarkKind::Close(bracket) => {
                    let of_line = |o: &Level<'_>| o.bracket == bracket && o.line == mark.line;
                    match self.levels.iter().rposition(of_line) {
                        Some(level) => self.levels.truncate(level),
                        None => {
                            let first_look = !std::mem::replace(&mut looked, true);
                            let forgotten = || opener_forgotten(self.text, first, mark, bracket);
                            if !(first_look && forgotten()) {
                                self.close(n, bracket);
                            }
                        }
                    }
                }
                MarkKind::Other => {}
            }
        }
        if bare {
            let kind = first_word(self.text, first.at);
            self.open(start, Bracket::Brace, Some(kind), false);
        }
        let closes = matches!(first.kind, MarkKind::Close(_));
        match closes || starts {
            true => STEP * depth,
            // the rest of an expression
            false => STEP * depth + 1,
        }
    }

    fn open(&mut self, n: usize, bracket: Bracket, kind: Option<&'a str>, short: bool) {
        if self.levels.len() >= DEEPEST {
            return;
        }
        let mark = &self.marks[n];
        self.levels.push(Level {
            bracket,
            kind,
            line: mark.line,
            short,
            sound: self.partners[n].is_some(),
        });
    }

    /// A closer of what was opened on a line above.
    fn close(&mut self, n: usize, bracket: Bracket) {
        let block = self
            .levels
            .iter()
            .rposition(|o| o.bracket == Bracket::Brace);
        let within = match bracket {
            Bracket::Brace => block,
            // what a block's own brackets are is not closed from within it
            _ => (self.levels.iter().rposition(|o| o.bracket == bracket))
                .filter(|level| block.is_none_or(|block| block < *level)),
        };
        let Some(level) = within else { return };
        if bracket == Bracket::Brace && self.is_early(n, level) {
            return;
        }
        self.levels.truncate(level);
    }

    /// Leaves the blocks in which a statement cannot stand, if there is one around in which it can.
    fn leave(&mut self, mark: &Mark) {
        let definition = is_definition(self.text, mark.at);
        let known = || {
            let kind = first_word(self.text, mark.at);
            let head = block_head(self.text, mark.at).is_some() && schema::kind(kind).is_some();
            head || matches!(kind, "expect" | "warn" | "exclude") || definition
        };
        let stands = |level: &Level<'_>| match (level.bracket, level.kind) {
            (_, Some(kind)) => fits(self.text, mark.at, kind),
            (Bracket::Brace, None) => !known(),
            _ => level.sound && !known(),
        };
        // a block that was written on one line ends there, if what follows can stand around it
        let within = (0..self.levels.len()).rev().find(|n| {
            let around = n.checked_sub(1).map(|n| &self.levels[n]);
            stands(&self.levels[*n]) && !(self.levels[*n].short && around.is_some_and(&stands))
        });
        if within.is_some() || definition {
            self.levels.truncate(within.map_or(0, |n| n + 1));
            return;
        }
        // of what fits nowhere, this is sure: no list goes on with it, nor a call
        let block = self.levels.iter().rposition(|o| o.kind.is_some());
        let unsure = |o: &Level<'_>| o.bracket != Bracket::Brace && !o.sound;
        if let Some(block) = block
            && self.levels[block + 1..].iter().any(unsure)
        {
            self.levels.truncate(block + 1);
        }
    }

    /// Whether what follows a closer belongs into the block that it would close, and not around it.
    fn is_early(&self, n: usize, level: usize) -> bool {
        let Some(kind) = self.levels[level].kind else {
            return false;
        };
        let next = self.next[n].filter(|next| self.marks[*next].statement);
        let Some((at, next)) = next.map(|next| (next, &self.marks[next])) else {
            return false;
        };
        let within = fits(self.text, next.at, kind);
        let outside = match self.levels[..level].last() {
            Some(around) => around
                .kind
                .is_none_or(|kind| fits(self.text, next.at, kind)),
            None => is_definition(self.text, next.at) && !(within && self.inside[at]),
        };
        within && !outside
    }
}
