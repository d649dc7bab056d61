//! Strings: where they end, and what an unclosed one has swallowed.

use super::super::patch::{HOLE, Patch};
use super::{Kind, MarkKind, Scanner};
use crate::diagnostics::{Diagnostic, codes};

impl Scanner<'_> {
    pub(super) fn in_string(&mut self, kind: Kind) {
        let at = self.at;
        match self.bytes[at] {
            b'\n' if kind.is_line_string() => self.close_line_strings(),
            b'\n' => self.newline(),
            b'\\' => {
                let next = at + 1;
                self.at = match self.bytes.get(next) {
                    None | Some(b'\n') => next,
                    Some(_) => self.next_char(next),
                };
            }
            b'$' if self.starts("$${") => self.at += 3,
            b'$' if self.starts("${") => {
                if self.too_deep() {
                    self.say_deep(at);
                    let end = if kind == Kind::Triple {
                        self.text.len()
                    } else {
                        self.line_end(at)
                    };
                    self.out.patches.push(Patch::replace(at, end, ""));
                    self.at = end;
                } else {
                    self.push(Kind::Interpolation, at);
                    self.at += 2;
                }
            }
            b'"' if kind == Kind::Plain => self.end_string(1),
            b'"' if kind == Kind::Triple && self.starts("\"\"\"") => self.end_string(3),
            0xE2 if self.curly() == Some(kind) => {
                let opener = self.stack.last().map_or(at, |f| f.at);
                self.end_string("”".len());
                self.curly_quotes(opener);
            }
            _ => self.at = self.next_char(at),
        }
    }

    /// The string that a typographic quote here opens or closes.
    pub(super) fn curly(&self) -> Option<Kind> {
        if self.starts("“") || self.starts("”") {
            Some(Kind::Curly)
        } else if self.starts("‘") || self.starts("’") {
            Some(Kind::CurlySingle)
        } else {
            None
        }
    }

    pub(super) fn end_string(&mut self, length: usize) {
        self.at += length;
        let len = self.stack.len() - 1;
        self.truncate(len);
        self.out.last = self.at;
        self.fresh = false;
    }

    pub(super) fn curly_quotes(&mut self, opener: usize) {
        let span = self.span(opener, self.at);
        // those inside are of the text: “it’s”
        let mut inside = self.text[opener..self.at].chars();
        inside.next();
        inside.next_back();
        let inside = inside.as_str();
        // ‘don’t’: it may not be the end
        let goes_on = self.text[self.at..].starts_with(char::is_alphanumeric);
        let mut found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "strings are written in straight quotes",
        )
        .says("typographic quotes");
        if !inside.contains('"') && !goes_on {
            found = found.fix("write straight quotes", span, format!("\"{inside}\""), true);
        }
        self.say(found);
    }

    /// A line ends while a string of one line is open: everything in it ends here.
    pub(super) fn close_line_strings(&mut self) {
        if let Some(first) = self.stack.iter().position(|f| f.kind.is_line_string()) {
            self.unclosed_string(first);
        }
    }

    pub(super) fn unclosed_string(&mut self, first: usize) {
        let frame = self.stack[first];
        let mut end = self.at;
        // of a text that a `\` has led over lines nothing is read again
        let here = frame.at >= self.line_start;
        if frame.kind == Kind::Plain && here && lacks_an_opener(self.text, frame.at) {
            self.ends_there(first, frame.at, end);
            return;
        }
        if frame.kind.is_line_string() && self.bytes[..end].ends_with(b"\r") {
            end -= 1;
        }
        // A backslash at the end would take the quote that is put in.
        let slashes = self.bytes[..end]
            .iter()
            .rev()
            .take_while(|b| **b == b'\\')
            .count();
        if slashes % 2 == 1 && self.stack.last().is_some_and(|f| f.kind.is_string()) {
            self.out.patches.push(Patch::insert(end, "\\"));
        }
        for frame in self.stack[first..].iter().rev() {
            self.out
                .patches
                .push(Patch::insert(end, frame.kind.closer()));
        }
        self.truncate(first);
        self.close_swallowed(frame.at, end);
        self.out.last = end;
        if self.said_deep {
            return;
        }
        let (width, help) = match frame.kind {
            Kind::Triple => (3, "close it with `\"\"\"`"),
            Kind::Plain if closes_alone(self.text, frame.at) => (
                1,
                "the text that ends here has no `\"` before it, or this one is too many",
            ),
            Kind::Curly | Kind::CurlySingle => ("“".len(), "write straight quotes: `\"…\"`"),
            _ => (
                1,
                "close it with `\"` on the same line; text of several lines stands in `\"\"\"`",
            ),
        };
        let opener = self.span(frame.at, frame.at + width);
        let last = self.text[..end].trim_end().len().max(frame.at + width);
        let (place, says) = match frame.kind {
            Kind::Triple => (last, "the file ends here"),
            _ => (end, "the line ends here"),
        };
        let found = Diagnostic::error(codes::UNCLOSED, opener, "this string is never closed")
            .says("opened here")
            .label(self.span(place, place), says)
            .help(help);
        self.say(found);
    }

    /// A quote ends a text that has none before it: what follows on its line is read as it stands.
    fn ends_there(&mut self, first: usize, quote: usize, end: usize) {
        self.truncate(first);
        let marks = self.out.marks.partition_point(|mark| mark.at < quote);
        self.out.marks.truncate(marks);
        while (self.out.patches)
            .pop_if(|patch| patch.start >= quote)
            .is_some()
        {}
        self.out.patches.push(Patch::replace(quote, quote + 1, " "));
        self.at = quote + 1;
        self.out.last = quote;
        self.fresh = false;
        if self.said_deep {
            return;
        }
        let span = self.span(quote, quote + 1);
        let found = Diagnostic::error(codes::UNCLOSED, span, "this string is never closed")
            .says("opened here")
            .label(self.span(end, end), "the line ends here")
            .help("the text that ends here has no `\"` before it, or this one is too many");
        self.say(found);
    }

    /// An unclosed string has swallowed the closers of brackets that were opened before it
    /// on its line: they are put back, so that one missing quote is one mistake.
    pub(super) fn close_swallowed(&mut self, from: usize, end: usize) {
        let line_start = self.text[..from].rfind('\n').map_or(0, |n| n + 1);
        for (n, byte) in self.bytes[from..end].iter().enumerate() {
            let Some(frame) = self.stack.last().copied() else {
                return;
            };
            let Kind::Bracket(bracket) = frame.kind else {
                return;
            };
            if frame.at < line_start {
                return;
            }
            if bracket.closer().as_bytes() == [*byte] {
                self.out.patches.push(Patch::insert(end, bracket.closer()));
                self.mark(MarkKind::Close(bracket), from + n);
                let len = self.stack.len() - 1;
                self.truncate(len);
            }
        }
    }

    pub(super) fn open_string(&mut self, kind: Kind, length: usize) {
        let at = self.at;
        if kind == Kind::Triple
            && let Some(outer) = self.stack.iter().rposition(|f| f.kind == Kind::Triple)
        {
            // It ends the string that this interpolation is part of.
            for n in (outer + 1..self.stack.len()).rev() {
                self.unclosed_inside(n, at);
            }
            self.truncate(outer + 1);
            return;
        }
        if self.too_deep() {
            self.say_deep(at);
            let end = self.line_end(at);
            self.out.patches.push(Patch::replace(at, end, HOLE));
            self.at = end;
            return;
        }
        self.push(kind, at);
        self.at += length;
    }

    /// `'''…'''`, also over several lines; false where nothing closes it.
    fn foreign_triple(&mut self) -> bool {
        let at = self.at;
        let Some(length) = self.text.get(at + 3..).and_then(|rest| rest.find("'''")) else {
            return false;
        };
        let end = at + 3 + length + 3;
        let inside = &self.text[at + 3..end - 3];
        let span = self.span(at, end);
        let lines = inside.contains('\n');
        let right = if lines { "\"\"\"" } else { "'" };
        let message = match lines {
            true => "a text of several lines stands in `\"\"\"`",
            false => "a text stands in `\"…\"`, or as it is in `'…'`",
        };
        let mut found = Diagnostic::error(codes::FOREIGN_FORM, span, message).says("no `'''` here");
        let holds = |signs: &[&str]| signs.iter().any(|sign| inside.contains(sign));
        let differs = match lines {
            true => holds(&["\"\"\"", "\\", "${"]) || inside.ends_with('"'),
            false => holds(&["'", "\\"]),
        };
        if !differs {
            // the indentation of several lines is not part of the text
            let title = format!("write `{right}`");
            found = found.fix(title, span, format!("{right}{inside}{right}"), !lines);
        } else if lines {
            found = found.help("write `\"\"\"` around it, with `\\\\` for `\\` and `$${` for `${`");
        } else {
            found = found.help("write `\"…\"`, with `\\\"` for `\"` and `\\\\` for `\\`");
        }
        self.say(found);
        self.out.patches.push(Patch::replace(at, end, HOLE));
        while let Some(n) = self.text[self.at..end].find('\n') {
            self.at += n;
            self.newline();
        }
        self.at = end;
        true
    }

    pub(super) fn raw_string(&mut self) {
        let at = self.at;
        if self.starts("'''") && self.foreign_triple() {
            return;
        }
        let rest = &self.text[at + 1..];
        let n = rest.find(['\'', '\n']).unwrap_or(rest.len());
        let end = at + 1 + n;
        if rest[n..].starts_with('\'') {
            self.at = end + 1;
            return;
        }
        if self.is_apostrophe(at) {
            self.out.patches.push(Patch::replace(at, at + 1, " "));
            self.at += 1;
            return;
        }
        let mut close = end;
        if self.bytes[..end].ends_with(b"\r") {
            close -= 1;
        }
        self.at = end;
        self.out.patches.push(Patch::insert(close, "'"));
        self.close_swallowed(at, close);
        let found = Diagnostic::error(
            codes::UNCLOSED,
            self.span(at, at + 1),
            "this string is never closed",
        )
        .says("opened here")
        .label(self.span(close, close), "the line ends here")
        .help("close it with `'` on the same line");
        self.say(found);
    }

    /// `because it's so`: a sign of a reason that has no quotes, of which is told where that is read.
    fn is_apostrophe(&self, at: usize) -> bool {
        let before = &self.text[self.line_start..at];
        let Some((_, reason)) = before.rsplit_once("because ") else {
            return false;
        };
        let of_words = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '\'' | '-' | '_');
        reason.starts_with(char::is_alphabetic)
            && reason.ends_with(char::is_alphabetic)
            && reason.chars().all(of_words)
            && self.text[at + 1..].starts_with(char::is_alphabetic)
    }
}

/// Whether a quote that closes nothing was to end a text: something stands right before it, or nothing
/// behind it.
pub fn ends_a_text(text: &str, quote: usize) -> bool {
    text[quote..].starts_with('"') && (lacks_an_opener(text, quote) || closes_alone(text, quote))
}

/// More of a line than this is not read again.
const LONGEST_REST: usize = 1000;

/// Whether a quote stands right behind what can only be of a text that it ends: `case"`.
fn lacks_an_opener(text: &str, quote: usize) -> bool {
    let before = &text[..quote];
    let word = before.trim_end_matches(|c: char| c.is_alphanumeric()).len();
    // `f"…"`
    let letter = before.len() - word == 1;
    let ends = before.ends_with(|c: char| c.is_alphanumeric() || "}?!.)%_/".contains(c));
    let rest = text[quote + 1..].bytes().take(LONGEST_REST + 1);
    ends && !letter && rest.take_while(|b| *b != b'\n').count() <= LONGEST_REST
}

/// Whether nothing stands behind a quote on its line but what closes brackets.
fn closes_alone(text: &str, quote: usize) -> bool {
    let rest = text[quote + 1..].trim_start_matches([' ', ',', ')', ']', '}', '\r']);
    rest.is_empty() || rest.starts_with('\n')
}
