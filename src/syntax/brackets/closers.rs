//! What a closer closes where indentation tells, and where the opener of one was forgotten.

use super::Open;
use super::by_indent::Walk;
use super::lines::{Forgotten, bare_head, bare_value, forgotten, is_bare_block};
use super::unlike::sets;
use crate::syntax::scan::{Bracket, MarkKind};

impl Walk<'_, '_, '_> {
    /// A closer that starts a line closes what starts with a line as far in.
    pub(super) fn close_first(&mut self, n: usize, bracket: Bracket) -> Option<()> {
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
        if self.headless(n, bracket, indent) || self.headless_around(n, bracket) {
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
    pub(super) fn close(&mut self, n: usize, bracket: Bracket) -> Option<()> {
        let mark = &self.marks[n];
        let of_line = |o: &Open| o.line == mark.line;
        let nearest = self.stack.iter().rposition(|o| o.bracket == bracket);
        let same_line = nearest.is_some_and(|n| of_line(&self.stack[n]));
        if bracket == Bracket::Brace && self.is_doubled(n, nearest.filter(|_| same_line)) {
            self.surplus[bracket as usize] -= 1;
            self.said
                .stray(mark, nearest.map(|nearest| self.stack[nearest]));
            return Some(());
        }
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
            if self.goes_on_below(n, top) {
                return self.stray(n, None);
            }
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

    /// `server sut {)`, with its statements below: whether what another closer follows at once is a
    /// block that goes on.
    fn goes_on_below(&self, n: usize, top: Open) -> bool {
        let between = &self.said.text[top.at + 1..self.marks[n].at];
        let next = self.keys[n].map(|next| &self.marks[next]);
        top.bracket == Bracket::Brace
            && between.trim().is_empty()
            && next.is_some_and(|next| next.statement && next.indent > top.indent)
    }

    /// `{ a = { b = 1 }}, c = 2 }`, and `{ a = 1 }},` in a list that goes on: whether a brace is one too
    /// many; `nearest` is what it would close on its line.
    fn is_doubled(&self, n: usize, nearest: Option<usize>) -> bool {
        let (mark, text) = (&self.marks[n], self.said.text);
        let behind_another = || text[..mark.at].trim_end_matches([' ', '\t']).ends_with('}');
        if self.surplus[Bracket::Brace as usize] <= 0 || !behind_another() {
            return false;
        }
        let in_list = |o: &Open| o.bracket != Bracket::Brace && o.line != mark.line;
        match nearest {
            Some(_) => {
                let next = text.as_bytes()[mark.at + 1..].trim_ascii_start();
                next.strip_prefix(b",").is_some_and(sets)
            }
            None => self.stack.last().is_some_and(in_list),
        }
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
            Some(Forgotten::Block(start, end)) => {
                let head = &self.said.text[start..end];
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

    /// The same of a closer that stands further in than the block it ends, of a kind that is known.
    fn headless_around(&mut self, n: usize, bracket: Bracket) -> bool {
        let (mark, text) = (&self.marks[n], self.said.text);
        let opened = self.stack.last().map_or(0, |o| o.at);
        let mut lines = self.lines.iter().rev();
        let is_head = |(indent, at): &&(usize, usize)| {
            *indent < mark.indent && *at >= opened && is_bare_block(text, *at)
        };
        let head = lines.find(is_head).filter(|_| bracket == Bracket::Brace);
        head.copied()
            .is_some_and(|(indent, _)| self.headless(n, bracket, indent))
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
