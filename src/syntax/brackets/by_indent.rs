//! Brackets put right by the indentation of their lines. Gives up where the lines contradict one
//! another: then indentation proves nothing.

use super::lines::{
    Forgotten, bare_head, bare_value, first_word, forgotten, is_attribute, may_stand_in,
};
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
        blank: None,
    };
    for n in 0..marks.len() {
        walk.step(n)?;
    }
    walk.unclosed(0, region.last, region.next);
    Some(())
}

/// For round and square openers the mark that closes each as the text stands, if any.
fn partners(marks: &[Mark]) -> Option<Vec<Option<usize>>> {
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
fn keys(marks: &[Mark]) -> Vec<Option<usize>> {
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

struct Walk<'s, 'a, 'm> {
    said: &'s mut Said<'a>,
    marks: &'m [Mark],
    partners: Vec<Option<usize>>,
    keys: Vec<Option<usize>>,
    stack: Vec<Open>,
    /// The lines around, each further in than the one before: indent, and where it starts.
    lines: Vec<(usize, usize)>,
    /// The first mark of the line.
    first: usize,
    /// By how many the closers of a kind outnumber its openers on the line.
    surplus: [i64; 3],
    /// Whether openers of each kind were looked for on the line.
    looked: [bool; 3],
    looked_above: bool,
    /// A block that an attribute so far in ended: the next closer there may be its own after all.
    closed: Option<usize>,
    /// The closer above closed a block around one that was open: the next may be that one's.
    overtook: bool,
    /// What lines are indented with.
    blank: Option<u8>,
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
        // tabs and blanks cannot be compared
        for byte in self.said.text[mark.at - mark.indent..mark.at].bytes() {
            if *self.blank.get_or_insert(byte) != byte {
                return None;
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
            let start = top.at
                - self.said.text[..top.at]
                    .bytes()
                    .rev()
                    .take_while(|b| *b != b'\n')
                    .count();
            let kind = first_word(self.said.text, start + top.indent);
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

    fn unclosed(&mut self, level: usize, after: usize, noticed: Option<usize>) {
        let open: Vec<Open> = self.stack.drain(level..).collect();
        self.said.unclosed(&open, after, noticed);
    }

    /// A closer that starts a line closes what starts with a line as far in.
    fn close_first(&mut self, n: usize, bracket: Bracket) -> Option<()> {
        let mark = &self.marks[n];
        let level = self
            .stack
            .iter()
            .rposition(|o| o.bracket == bracket && o.indent == mark.indent && o.line != mark.line);
        if let Some(level) = level {
            if self.stack[level..].iter().any(|o| o.indent < mark.indent) {
                return None;
            }
            let within = &self.stack[level + 1..];
            self.overtook = within.iter().any(|o| o.bracket == Bracket::Brace);
            self.unclosed(level + 1, mark.after, Some(mark.at));
            self.stack.pop();
            return Some(());
        }
        // of brackets within a statement, as far in as its rest
        let of_statement = self.lines.last().filter(|_| bracket != Bracket::Brace);
        let indent = of_statement.map_or(mark.indent, |(indent, _)| *indent);
        if self.headless(n, bracket, indent) {
            return Some(());
        }
        let Some(nearest) = self.stack.iter().rposition(|o| o.bracket == bracket) else {
            return self.stray(n, None);
        };
        if mark.indent < self.stack[nearest].indent {
            return None;
        }
        if self.goes_on(n, nearest) {
            return self.stray(n, Some(self.stack[nearest]));
        }
        self.unclosed(nearest + 1, mark.after, Some(mark.at));
        self.stack.pop();
        Some(())
    }

    fn stray(&mut self, n: usize, inside: Option<Open>) -> Option<()> {
        let mark = &self.marks[n];
        if mark.first && (self.overtook || self.closed == Some(mark.indent)) {
            return None;
        }
        self.said.stray(mark, inside);
        Some(())
    }

    /// A closer that stands behind something on its line.
    fn close(&mut self, n: usize, bracket: Bracket) -> Option<()> {
        let mark = &self.marks[n];
        let of_line = |o: &Open| o.line == mark.line;
        let nearest = self.stack.iter().rposition(|o| o.bracket == bracket);
        let same_line = nearest.is_some_and(|n| of_line(&self.stack[n]));
        let early = nearest.filter(|_| !same_line);
        if early.is_some() && bracket == Bracket::Brace && self.opened_here(n, bracket) {
            return Some(());
        }
        let early = early.filter(|nearest| self.goes_on(n, *nearest));
        let top = self.stack.last().copied().filter(of_line);
        if let Some(top) = top.filter(|top| top.bracket != bracket)
            && (nearest.is_none() || same_line || early.is_some())
            && self.surplus[bracket as usize] > 0
            && self.surplus[top.bracket as usize] < 0
        {
            self.surplus[bracket as usize] -= 1;
            self.surplus[top.bracket as usize] += 1;
            self.stack.pop();
            self.said.wrong_closer(top, bracket, mark);
            return Some(());
        }
        // one of the line that is closed further right is not crossed
        let crosses = top.is_some_and(|top| {
            top.bracket != bracket
                && self.surplus[bracket as usize] > 0
                && self.surplus[top.bracket as usize] >= 0
        });
        // what a statement opened is not closed by brackets of an expression around it
        let Some(nearest) = nearest.filter(|nearest| {
            let above = &self.stack[nearest + 1..];
            early.is_none()
                && !crosses
                && !above
                    .iter()
                    .any(|o| o.bracket == Bracket::Brace && !of_line(o))
        }) else {
            return self.unopened(n, bracket, early.map(|n| self.stack[n]));
        };
        self.unclosed(nearest + 1, mark.after, Some(mark.at));
        self.stack.pop();
        Some(())
    }

    /// Whether what follows a closer shows that a block that was opened further up goes on.
    fn goes_on(&self, n: usize, nearest: usize) -> bool {
        let open = &self.stack[nearest];
        let Some(next) = self.keys[n].map(|key| &self.marks[key]) else {
            return false;
        };
        let same = |o: &Open| o.bracket == open.bracket && o.line == open.line;
        match next.kind {
            MarkKind::Close(bracket) => {
                bracket == open.bracket
                    && next.indent == open.indent
                    && !self.stack[..nearest].iter().any(same)
            }
            _ => open.bracket == Bracket::Brace && next.indent > open.indent,
        }
    }

    /// Whether the line shows where the opener of a closer was forgotten: it is put in. Looks once at
    /// each line for each kind.
    fn opened_here(&mut self, n: usize, bracket: Bracket) -> bool {
        let (mark, first) = (&self.marks[n], &self.marks[self.first]);
        let looked = std::mem::replace(&mut self.looked[bracket as usize], true);
        if looked || first.line != mark.line {
            return false;
        }
        let around = self.stack.last().filter(|o| o.line == mark.line);
        let from = around.map_or(first.at, |o| o.at + 1);
        let statement = first.statement && around.is_none();
        match forgotten(self.said.text, from, mark.at, bracket, statement) {
            Some(Forgotten::Block(end)) => {
                let head = &self.said.text[from..end];
                self.said.missing_body(head, end, end, mark);
                true
            }
            Some(Forgotten::Before(at)) => {
                self.said.missing_opener(bracket, at, mark);
                true
            }
            None => false,
        }
    }

    /// A closer that nothing opened: its opener was forgotten on its line or above, or it is one
    /// too many.
    fn unopened(&mut self, n: usize, bracket: Bracket, inside: Option<Open>) -> Option<()> {
        let first = &self.marks[self.first];
        if self.opened_here(n, bracket) {
            return Some(());
        }
        if !std::mem::replace(&mut self.looked_above, true) {
            let above = self
                .lines
                .iter()
                .rev()
                .find(|(indent, _)| *indent < first.indent);
            if let Some((indent, _)) = above.copied()
                && self.headless(n, bracket, indent)
            {
                return Some(());
            }
        }
        self.stray(n, inside)
    }

    /// Whether the line above that is so far in starts a block or a list whose opener was
    /// forgotten: it is put in, and the closer is its own.
    fn headless(&mut self, n: usize, bracket: Bracket, indent: usize) -> bool {
        let mark = &self.marks[n];
        let inside = self.stack.last().map_or(0, |o| o.at);
        let Some(line) = self.lines.iter().rposition(|line| line.0 == indent) else {
            return false;
        };
        let (_, at) = self.lines[line];
        if at < inside || at >= mark.at {
            return false;
        }
        match bracket {
            Bracket::Brace => {
                let Some((end, line_end)) = bare_head(self.said.text, at) else {
                    return false;
                };
                let head = &self.said.text[at..end];
                self.said.missing_body(head, end, line_end, mark);
            }
            _ => {
                let Some(end) = bare_value(self.said.text, at, bracket) else {
                    return false;
                };
                self.said.missing_opener(bracket, end, mark);
            }
        }
        self.lines.truncate(line);
        true
    }
}
