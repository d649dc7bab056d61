//! Brackets: their marks, those of an interpolation settled at once, and what is nested
//! too deeply.

use super::super::patch::{HOLE, Patch};
use super::{Bracket, Kind, MAX_DEPTH, MarkKind, Scanner};
use crate::diagnostics::{Diagnostic, codes};

impl Scanner<'_> {
    pub(super) fn open(&mut self, bracket: Bracket) {
        let at = self.at;
        if self.too_deep() {
            self.say_deep(at);
            let end = self.skip(at, true);
            self.out.patches.push(Patch::replace(at, end, HOLE));
            self.at = end;
            return;
        }
        if !self.interpolating() {
            self.mark(MarkKind::Open(bracket), at);
        }
        self.push(Kind::Bracket(bracket), at);
        self.at += 1;
    }

    pub(super) fn close(&mut self, bracket: Bracket) {
        let at = self.at;
        self.at += 1;
        if !self.interpolating() {
            self.mark(MarkKind::Close(bracket), at);
            match self
                .stack
                .iter()
                .rposition(|f| f.kind == Kind::Bracket(bracket))
            {
                Some(n) => {
                    self.out.balanced &= n + 1 == self.stack.len();
                    self.truncate(n);
                }
                None => self.out.balanced = false,
            }
            return;
        }
        // Inside `${…}`: settled at once, since it cannot reach beyond its string.
        let bottom = self
            .stack
            .iter()
            .rposition(|f| f.kind.is_string())
            .map_or(0, |n| n + 1);
        let opener = self.stack[bottom..].iter().rposition(|f| match f.kind {
            Kind::Interpolation => bracket == Bracket::Brace,
            kind => kind == Kind::Bracket(bracket),
        });
        let Some(n) = opener.map(|n| n + bottom) else {
            let message = format!("stray `{}`", bracket.closer());
            self.say(
                Diagnostic::error(codes::UNCLOSED, self.span(at, at + 1), message)
                    .says("nothing is open that it closes"),
            );
            self.out.patches.push(Patch::replace(at, at + 1, " "));
            return;
        };
        for inner in (n + 1..self.stack.len()).rev() {
            self.unclosed_inside(inner, at);
        }
        self.truncate(n);
    }

    /// A bracket of an interpolation that another closer overtakes.
    pub(super) fn unclosed_inside(&mut self, n: usize, at: usize) {
        let frame = self.stack[n];
        self.out
            .patches
            .push(Patch::insert(at, frame.kind.closer()));
        let (name, width) = match frame.kind {
            Kind::Bracket(bracket) => (bracket.opener(), 1),
            Kind::Interpolation => ("${", 2),
            Kind::Plain => ("\"", 1),
            Kind::Curly => ("“", "“".len()),
            Kind::CurlySingle => ("‘", "‘".len()),
            Kind::Triple => ("\"\"\"", 3),
        };
        let found = Diagnostic::error(
            codes::UNCLOSED,
            self.span(frame.at, frame.at + width),
            format!("this `{name}` is never closed"),
        )
        .says("opened here")
        .label(
            self.span(at, at + 1),
            format!("expected `{}` before this", frame.kind.closer()),
        );
        self.say(found);
    }

    pub(super) fn say_deep(&mut self, at: usize) {
        if self.said_deep {
            return;
        }
        self.said_deep = true;
        let found = Diagnostic::error(
            codes::TOO_DEEP,
            self.span(at, self.next_char(at)),
            "this is nested too deeply",
        )
        .says(format!("more than {MAX_DEPTH} levels"))
        .help("give an inner part a name with `let`");
        self.say(found);
    }

    /// The end of what starts here and is too deep to be read: the matching closer of a
    /// group, or for other text the end of its line or of the group around it.
    pub(super) fn skip(&mut self, from: usize, group: bool) -> usize {
        let line_bound = self.stack.iter().any(|f| f.kind.is_line_string());
        let mut depth = 0_usize;
        let mut at = from;
        while at < self.bytes.len() {
            match self.bytes[at] {
                b'{' | b'[' | b'(' => depth += 1,
                b'}' | b']' | b')' if depth == 0 => return at,
                b'}' | b']' | b')' => {
                    depth -= 1;
                    if depth == 0 && group {
                        return at + 1;
                    }
                }
                b'\n' if line_bound || (!group && depth == 0) => return at,
                b'\n' => {
                    self.line += 1;
                    self.line_start = at + 1;
                }
                quote @ (b'"' | b'\'') => {
                    let end = self.line_end(at);
                    if let Some(n) = self.bytes[at + 1..end].iter().position(|b| *b == quote) {
                        at += n + 1;
                    }
                }
                b'#' => {
                    at = self.line_end(at);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        at
    }
}
