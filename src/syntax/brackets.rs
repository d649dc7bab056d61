//! Brackets that do not match: which one was forgotten, or is one too many? Indentation
//! decides, since that is where the writer said what belongs together. Runs only on a
//! text whose brackets are known not to match, so that a sound text may be indented in
//! any way.

use super::patch::Patch;
use super::scan::{Bracket, MAX_DEPTH, Mark, MarkKind, Scan};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};

struct Open {
    bracket: Bracket,
    at: usize,
    line: usize,
    /// Of the line that it stands on.
    indent: usize,
}

/// Repairs the scan's brackets; false if they are too deep even so.
pub fn repair(file: FileId, text: &str, scan: &mut Scan) -> bool {
    let mut surplus = [0_i64; 3];
    for mark in &scan.marks {
        match mark.kind {
            MarkKind::Open(bracket) => surplus[bracket as usize] -= 1,
            MarkKind::Close(bracket) => surplus[bracket as usize] += 1,
            MarkKind::Other => {}
        }
    }
    let marks = std::mem::take(&mut scan.marks);
    let mut repair = Repair {
        file,
        text,
        stack: Vec::new(),
        surplus,
        strays: Vec::new(),
        heads: Vec::new(),
        scan,
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
    let last = repair.scan.last;
    repair.unclosed(0, last, None);
    repair.flush_strays();
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

struct Repair<'a> {
    file: FileId,
    text: &'a str,
    stack: Vec<Open>,
    /// By how many the closers of a kind outnumber its openers.
    surplus: [i64; 3],
    /// Stray closers in a row are one mistake.
    strays: Vec<usize>,
    /// Lines whose `{` was put in.
    heads: Vec<usize>,
    scan: &'a mut Scan,
}

impl Repair<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn step(&mut self, mark: &Mark, next: Option<usize>) -> bool {
        if mark.first && mark.statement {
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
        let (wrong, right) = (bracket.closer(), open.bracket.closer());
        let span = self.span(mark.at, mark.at + 1);
        let opener = self.span(open.at, open.at + 1);
        self.scan
            .patches
            .push(Patch::replace(mark.at, mark.at + 1, right));
        let message = format!("`{}` is closed with `{wrong}`", open.bracket.opener());
        let found = Diagnostic::error(codes::UNCLOSED, span, message)
            .says(format!("expected `{right}`"))
            .label(opener, "opened here")
            .fix(format!("write `{right}`"), span, right, false);
        self.scan.found.push(found);
    }

    fn stray(&mut self, bracket: Bracket, mark: &Mark) {
        self.surplus[bracket as usize] -= 1;
        if bracket == Bracket::Brace && mark.first && self.headless(mark) {
            return;
        }
        self.scan
            .patches
            .push(Patch::replace(mark.at, mark.at + 1, " "));
        if let Some(last) = self.strays.last()
            && !self.text[last + 1..mark.at]
                .bytes()
                .all(|b| b == b' ' || b == b'\t')
        {
            self.flush_strays();
        }
        self.strays.push(mark.at);
    }

    /// Whether a line above, as far in as the closer, starts a block whose `{` was forgotten:
    /// it is put in, and the closer is its own.
    fn headless(&mut self, mark: &Mark) -> bool {
        let line_of = |at: usize| self.text[..at].rfind('\n').map_or(0, |n| n + 1);
        let mut start = line_of(mark.at);
        for _ in 0..MOST_LINES {
            if start == 0 {
                return false;
            }
            let end = start - 1;
            start = line_of(end);
            let line = self.text[start..end].trim_end();
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
            self.heads.push(start);
            let at = start + indent + name.len();
            let (place, last) = (self.span(at, at), start + line.len());
            self.scan.patches.push(Patch::replace(at, last, " {"));
            let found = Diagnostic::error(
                codes::MISSING_BODY,
                place,
                format!("expected `{{` after `{name}`"),
            )
            .says("expected `{`")
            .label(self.span(mark.at, mark.at + 1), "this would close it")
            .fix("open the block with `{`", self.span(at, last), " {", false);
            self.scan.found.push(found);
            return true;
        }
        false
    }

    fn flush_strays(&mut self) {
        let (Some(first), Some(last)) = (self.strays.first().copied(), self.strays.last().copied())
        else {
            return;
        };
        self.strays.clear();
        let span = self.span(first, last + 1);
        let message = match first == last {
            true => format!("stray `{}`", &self.text[first..=last]),
            false => "stray closing brackets".to_owned(),
        };
        let found = Diagnostic::error(codes::UNCLOSED, span, message)
            .says("nothing is open that this closes")
            .fix("remove it", span, "", false);
        self.scan.found.push(found);
    }

    /// Closes all from a level up, at `after`, and reports those of one line as one.
    /// `noticed` is where this came out, if not at the end of the file.
    fn unclosed(&mut self, level: usize, after: usize, noticed: Option<usize>) {
        let open: Vec<Open> = self.stack.drain(level..).collect();
        for open in open.iter().rev() {
            self.scan
                .patches
                .push(Patch::insert(after, open.bracket.closer()));
        }
        for group in open.chunk_by(|a, b| a.line == b.line) {
            let closers: String = group.iter().rev().map(|o| o.bracket.closer()).collect();
            let shown = if closers.len() > 8 {
                format!("{}…", &closers[..8])
            } else {
                closers.clone()
            };
            let first = &group[0];
            let what = match group.len() {
                1 => format!("this `{}` is never closed", first.bracket.opener()),
                n => format!("these {n} brackets are never closed"),
            };
            let seen = match noticed {
                None => "the file ends here".to_owned(),
                Some(_) => format!("expected `{shown}` before this"),
            };
            let end = match noticed {
                Some(at) => at + self.text[at..].chars().next().map_or(0, char::len_utf8),
                None => after,
            };
            let noticed = noticed.unwrap_or(after);
            let opener = self.span(first.at, first.at + 1);
            let mut found = Diagnostic::error(codes::UNCLOSED, opener, what)
                .says("opened here")
                .label(self.span(noticed, end), seen);
            for other in group.iter().skip(1).take(3) {
                found = found.label(self.span(other.at, other.at + 1), "and here");
            }
            self.scan.found.push(found.fix(
                format!("close it with `{shown}`"),
                self.span(after, after),
                closers,
                false,
            ));
        }
    }
}
