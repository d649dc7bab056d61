//! Brackets put right as comes nearest, where indentation does not agree with itself: what stands
//! around is not relied on then.

use super::said::Said;
use super::{Open, Region};
use crate::syntax::scan::{Bracket, MAX_DEPTH, Mark, MarkKind};
use std::collections::HashSet;

/// Mends the brackets of a region; false if they are too deep even so.
pub(super) fn repair(said: &mut Said<'_>, region: Region<'_>) -> bool {
    let marks = region.marks;
    let mut surplus = [0_i64; 3];
    for mark in marks {
        match mark.kind {
            MarkKind::Open(bracket) => surplus[bracket as usize] -= 1,
            MarkKind::Close(bracket) => surplus[bracket as usize] += 1,
            MarkKind::Other => {}
        }
    }
    let mut repair = Repair {
        said,
        stack: Vec::new(),
        surplus,
        heads: HashSet::new(),
        flush: marks.iter().all(|mark| mark.indent == 0),
    };
    // The indent of the next statement after each mark.
    let mut next = vec![None; marks.len()];
    let mut after = None;
    for (n, mark) in marks.iter().enumerate().rev() {
        next[n] = after;
        if mark.statement {
            after = Some(mark.indent);
        }
    }
    for (mark, next) in marks.iter().zip(next) {
        if !repair.step(mark, next) {
            return false;
        }
    }
    repair.unclosed(0, region.last, region.next);
    true
}

/// So far back a block that was never opened is looked for.
const MOST_LINES: usize = 200;

/// `kind name` or `kind name extends other`, and nothing more.
fn is_head(line: &str) -> bool {
    let words: Vec<&str> = line
        .split([' ', '\t'])
        .filter(|word| !word.is_empty())
        .collect();
    let is_name = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_alphabetic())
            && word
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    };
    let statement = ["use", "param", "let", "expect", "warn", "exclude", "import"];
    words.iter().all(is_name)
        && words.first().is_some_and(|word| !statement.contains(word))
        && (words.len() <= 2 || words.len() == 4 && words[2] == "extends")
}

struct Repair<'s, 'a> {
    said: &'s mut Said<'a>,
    stack: Vec<Open>,
    /// By how many the closers of a kind outnumber its openers.
    surplus: [i64; 3],
    /// Lines whose `{` was put in.
    heads: HashSet<usize>,
    /// No line is indented.
    flush: bool,
}

impl Repair<'_, '_> {
    fn step(&mut self, mark: &Mark, next: Option<usize>) -> bool {
        if mark.first && mark.statement && !self.flush {
            self.dedent(mark);
        }
        match mark.kind {
            MarkKind::Open(bracket) => {
                if self.stack.len() >= MAX_DEPTH {
                    return false;
                }
                self.stack.push(Open {
                    bracket,
                    at: mark.at,
                    line: mark.line,
                    indent: mark.indent,
                });
            }
            MarkKind::Close(bracket) => self.close(bracket, mark, next),
            MarkKind::Other => {}
        }
        true
    }

    /// A statement that starts left of, or level with, the line of an opener is outside it.
    fn dedent(&mut self, mark: &Mark) {
        let inside = self
            .stack
            .iter()
            .rposition(|o| o.line == mark.line || o.indent < mark.indent);
        let first = inside.map_or(0, |n| n + 1);
        self.unclosed(first, mark.after, Some(mark.at));
    }

    fn close(&mut self, bracket: Bracket, mark: &Mark, next: Option<usize>) {
        let Some(nearest) = self.stack.iter().rposition(|o| o.bracket == bracket) else {
            let wrong = self
                .stack
                .last()
                .filter(|o| o.line == mark.line)
                .map(|o| o.bracket);
            match wrong {
                Some(other) if self.surplus[other as usize] < 0 => self.wrong_closer(bracket, mark),
                _ => self.stray(bracket, mark),
            }
            return;
        };
        let top = self.stack.len() - 1;
        if mark.first {
            let level = self
                .stack
                .iter()
                .rposition(|o| o.bracket == bracket && o.indent == mark.indent);
            if let Some(n) = level
                && self.stack[n + 1..].iter().all(|o| o.indent >= mark.indent)
            {
                self.unclosed(n + 1, mark.after, Some(mark.at));
                self.stack.pop();
                return;
            }
            if self.surplus[bracket as usize] > 0 && mark.indent > self.stack[top].indent {
                self.stray(bracket, mark);
                return;
            }
        } else if nearest == top
            && bracket == Bracket::Brace
            && self.surplus[bracket as usize] > 0
            && self.stack[top].line != mark.line
            && next.is_some_and(|indent| indent > self.stack[top].indent)
        {
            // What follows is still inside.
            self.stray(bracket, mark);
            return;
        } else if nearest < top {
            let other = &self.stack[top];
            if other.line == mark.line
                && self.surplus[bracket as usize] > 0
                && self.surplus[other.bracket as usize] < 0
            {
                self.wrong_closer(bracket, mark);
                return;
            }
        }
        self.unclosed(nearest + 1, mark.after, Some(mark.at));
        self.stack.pop();
    }

    /// `f(a]`
    fn wrong_closer(&mut self, bracket: Bracket, mark: &Mark) {
        let Some(open) = self.stack.pop() else { return };
        self.surplus[bracket as usize] -= 1;
        self.surplus[open.bracket as usize] += 1;
        self.said.wrong_closer(open, bracket, mark);
    }

    fn stray(&mut self, bracket: Bracket, mark: &Mark) {
        self.surplus[bracket as usize] -= 1;
        if bracket == Bracket::Brace && mark.first && self.headless(mark) {
            return;
        }
        self.said.stray(mark, None);
    }

    /// Whether a line above, as far in as the closer, starts a block whose `{` was forgotten:
    /// it is put in, and the closer is its own.
    fn headless(&mut self, mark: &Mark) -> bool {
        let line_of = |at: usize| self.said.text[..at].rfind('\n').map_or(0, |n| n + 1);
        let mut start = line_of(mark.at);
        for _ in 0..MOST_LINES {
            if start == 0 {
                return false;
            }
            let end = start - 1;
            start = line_of(end);
            let line = self.said.text[start..end].trim_end();
            let head = line.trim_start_matches([' ', '\t']);
            let indent = line.len() - head.len();
            if head.is_empty() || head.starts_with('#') || indent > mark.indent {
                continue;
            }
            let name = head.strip_suffix(':').unwrap_or(head).trim_end();
            let before = self.heads.contains(&start);
            if indent < mark.indent || !is_head(name) || before {
                return false;
            }
            self.heads.insert(start);
            let at = start + indent + name.len();
            self.said.missing_body(name, at, start + line.len(), mark);
            return true;
        }
        false
    }

    fn unclosed(&mut self, level: usize, after: usize, noticed: Option<usize>) {
        let open: Vec<Open> = self.stack.drain(level..).collect();
        self.said.unclosed(&open, after, noticed);
    }
}
