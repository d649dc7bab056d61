//! Brackets put right by the indentation of their lines. Gives up where the lines contradict one
//! another: then indentation proves nothing.

use super::lines::{first_of_line, first_word, is_attribute, may_stand_in};
use super::said::Said;
use super::{Open, Region};
use crate::syntax::scan::{Bracket, MAX_DEPTH, Mark, MarkKind};

/// Says what is wrong with the brackets of a region, and mends them; none if its indentation does
/// not tell.
pub(super) fn repair(said: &mut Said<'_>, region: Region<'_>) -> Option<()> {
    let marks = region.marks;
    let mut walk = Walk {
        partners: partners(marks)?,
        keys: keys(marks),
        said,
        marks,
        stack: Vec::new(),
        lines: Vec::new(),
        first: 0,
        surplus: [0; 3],
        looked: [false; 3],
        looked_above: false,
        closed: None,
        overtook: false,
    };
    for n in 0..marks.len() {
        walk.step(n)?;
    }
    walk.unclosed(0, region.last, region.next);
    Some(())
}

/// For round and square openers the mark that closes each as the text stands, if any.
pub(super) fn partners(marks: &[Mark]) -> Option<Vec<Option<usize>>> {
    let mut out = vec![None; marks.len()];
    let mut stack: Vec<(Bracket, usize)> = Vec::new();
    for (n, mark) in marks.iter().enumerate() {
        match mark.kind {
            MarkKind::Open(bracket) => {
                if stack.len() > MAX_DEPTH {
                    return None;
                }
                stack.push((bracket, n));
            }
            MarkKind::Close(bracket) => {
                if let Some(at) = stack.iter().rposition(|(open, _)| *open == bracket) {
                    if at + 1 == stack.len() {
                        out[stack[at].1] = Some(n);
                    }
                    stack.truncate(at);
                }
            }
            MarkKind::Other => {}
        }
    }
    Some(out)
}

/// For each mark the next one that starts a line and shows by its indentation what is still open:
/// a statement, or a closer.
pub(super) fn keys(marks: &[Mark]) -> Vec<Option<usize>> {
    let mut out = vec![None; marks.len()];
    let mut next = None;
    for (n, mark) in marks.iter().enumerate().rev() {
        out[n] = next;
        if mark.first && (mark.statement || matches!(mark.kind, MarkKind::Close(_))) {
            next = Some(n);
        }
    }
    out
}

pub(super) struct Walk<'s, 'a, 'm> {
    pub(super) said: &'s mut Said<'a>,
    pub(super) marks: &'m [Mark],
    partners: Vec<Option<usize>>,
    pub(super) keys: Vec<Option<usize>>,
    pub(super) stack: Vec<Open>,
    /// The lines around, each further in than the one before: indent, and where it starts.
    pub(super) lines: Vec<(usize, usize)>,
    /// The first mark of the line.
    pub(super) first: usize,
    /// By how many the closers of a kind outnumber its openers on the line.
    pub(super) surplus: [i64; 3],
    /// Whether openers of each kind were looked for on the line.
    pub(super) looked: [bool; 3],
    pub(super) looked_above: bool,
    /// A block that an attribute so far in ended: the next closer there may be its own after all.
    pub(super) closed: Option<usize>,
    /// The closer above closed a block around one that was open: the next may be that one's.
    pub(super) overtook: bool,
}

impl Walk<'_, '_, '_> {
    fn step(&mut self, n: usize) -> Option<()> {
        let mark = &self.marks[n];
        if mark.first {
            self.line(n)?;
        }
        match mark.kind {
            MarkKind::Open(bracket) => {
                if self.stack.len() >= MAX_DEPTH {
                    return None;
                }
                self.stack.push(Open {
                    bracket,
                    at: mark.at,
                    line: mark.line,
                    indent: mark.indent,
                });
            }
            MarkKind::Close(bracket) if mark.first => self.close_first(n, bracket)?,
            MarkKind::Close(bracket) => self.close(n, bracket)?,
            MarkKind::Other => {}
        }
        Some(())
    }

    /// Looks at how a line starts.
    fn line(&mut self, n: usize) -> Option<()> {
        let mark = &self.marks[n];
        self.first = n;
        self.surplus = [0; 3];
        (self.looked, self.looked_above) = ([false; 3], false);
        let of_line = self.marks[n..].iter();
        for mark in of_line.take_while(|other| other.line == mark.line) {
            match mark.kind {
                MarkKind::Open(bracket) => self.surplus[bracket as usize] -= 1,
                MarkKind::Close(bracket) => self.surplus[bracket as usize] += 1,
                MarkKind::Other => {}
            }
        }
        let closes = matches!(mark.kind, MarkKind::Close(_));
        let out = |(indent, _): &(usize, usize)| {
            *indent < mark.indent || closes && *indent == mark.indent
        };
        let inside = self.lines.iter().rposition(out).map_or(0, |n| n + 1);
        self.lines.truncate(inside);
        if closes {
            return Some(());
        }
        self.lines.push((mark.indent, mark.at));
        self.overtook = false;
        if mark.statement {
            return self.dedent(n);
        }
        if matches!(first_word(self.said.text, mark.at), "when" | "because") {
            self.clause(n);
        }
        // the rest of an expression is not left of where it starts
        let top = self.stack.last();
        top.is_none_or(|top| top.indent <= mark.indent)
            .then_some(())
    }

    /// A statement that starts left of, or level with, the line of an opener is outside it.
    fn dedent(&mut self, n: usize) -> Option<()> {
        let mark = &self.marks[n];
        let attribute = is_attribute(self.said.text, mark.at);
        if !attribute {
            self.closed = self.closed.filter(|indent| *indent != mark.indent);
        }
        let outside = |o: &Open| o.line != mark.line && o.indent >= mark.indent;
        let first = (self.stack.iter()).rposition(|o| !outside(o));
        let first = first.map_or(0, |n| n + 1);
        if first == self.stack.len() {
            return Some(());
        }
        let brace = |o: &Open| o.bracket == Bracket::Brace;
        // a body that is written as far out as its head
        let top = self
            .stack
            .last()
            .filter(|o| brace(o) && o.indent == mark.indent);
        let before = n.checked_sub(1).map(|n| &self.marks[n]);
        if let (Some(top), Some(before)) = (top, before)
            && before.at == top.at
        {
            let kind = first_word(self.said.text, first_of_line(self.said.text, top.at));
            if may_stand_in(self.said.text, mark.at, kind) {
                return None;
            }
        }
        // a call whose arguments are written as far out as what it is for
        let call = |o: &&Open| o.bracket == Bracket::Round;
        for open in self.stack[first..].iter().filter(call) {
            let Ok(opener) = self.marks.binary_search_by_key(&open.at, |mark| mark.at) else {
                return None;
            };
            let inside = self.partners[opener].map(|end| &self.marks[opener + 1..end]);
            let mut statements = inside.into_iter().flatten().filter(|mark| mark.statement);
            if inside.is_some() && statements.all(|mark| is_attribute(self.said.text, mark.at)) {
                return None;
            }
        }
        if attribute && self.stack[first..].iter().any(brace) {
            self.closed = Some(mark.indent);
        }
        self.unclosed(first, mark.after, Some(mark.at));
        Some(())
    }

    /// `when …` and `because …` follow the whole condition.
    fn clause(&mut self, n: usize) {
        let mark = &self.marks[n];
        let opened = self.stack.iter().rposition(|o| o.bracket == Bracket::Brace);
        let first = opened.map_or(0, |n| n + 1);
        let closed = |o: &Open| {
            let opener = self.marks.binary_search_by_key(&o.at, |mark| mark.at);
            opener.is_ok_and(|n| self.partners[n].is_some())
        };
        if !self.stack[first..].iter().any(closed) {
            self.unclosed(first, mark.after, Some(mark.at));
        }
    }

    pub(super) fn unclosed(&mut self, level: usize, after: usize, noticed: Option<usize>) {
        let open: Vec<Open> = self.stack.drain(level..).collect();
        self.said.unclosed(&open, after, noticed);
    }
}
