//! A first pass over the text that knows strings, comments and brackets only. It makes
//! sure that what the grammar then sees is balanced and not too deep: unclosed strings
//! get their quote, groups nested too deeply are taken out. Brackets that do not match
//! are left to [`super::brackets`].

use super::patch::{HOLE, Patch};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};

/// Brackets, interpolations and `if`s within one another.
pub const MAX_DEPTH: usize = 128;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bracket {
    Brace,
    Square,
    Round,
}

impl Bracket {
    pub fn opener(self) -> &'static str {
        match self {
            Self::Brace => "{",
            Self::Square => "[",
            Self::Round => "(",
        }
    }

    pub fn closer(self) -> &'static str {
        match self {
            Self::Brace => "}",
            Self::Square => "]",
            Self::Round => ")",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkKind {
    Open(Bracket),
    Close(Bracket),
    /// Another first token of a line.
    Other,
}

/// A bracket outside strings, or the first token of a line.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    pub kind: MarkKind,
    pub at: usize,
    /// Where the token before it ends.
    pub after: usize,
    pub line: usize,
    /// Of the line that it stands on.
    pub indent: usize,
    pub first: bool,
    /// The line starts like a statement: `name =`, `kind name {`.
    pub statement: bool,
}

/// A `##` line.
#[derive(Debug, Clone, Copy)]
pub struct DocLine {
    pub line: usize,
    pub start: usize,
    pub end: usize,
}

/// What the first pass found.
#[derive(Debug, Default)]
pub struct Scan {
    pub patches: Vec<Patch>,
    pub marks: Vec<Mark>,
    pub balanced: bool,
    /// Where the last token ends.
    pub last: usize,
    pub docs: Vec<DocLine>,
    pub found: Vec<Diagnostic>,
}

pub fn scan(file: FileId, text: &str) -> Scan {
    let mut scanner = Scanner {
        file,
        text,
        bytes: text.as_bytes(),
        at: 0,
        stack: Vec::new(),
        ifs: 0,
        root_ifs: 0,
        line: 0,
        indent: 0,
        line_start: 0,
        fresh: true,
        statement: false,
        said_deep: false,
        out: Scan {
            balanced: true,
            ..Scan::default()
        },
    };
    scanner.run();
    scanner.out
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bracket(Bracket),
    Interpolation,
    Plain,
    /// `“…”`
    Curly,
    /// `‘…’`
    CurlySingle,
    Triple,
}

impl Kind {
    fn closer(self) -> &'static str {
        match self {
            Self::Bracket(bracket) => bracket.closer(),
            Self::Interpolation => "}",
            Self::Plain => "\"",
            Self::Curly => "”",
            Self::CurlySingle => "’",
            Self::Triple => "\"\"\"",
        }
    }

    fn is_string(self) -> bool {
        self == Self::Triple || self.is_line_string()
    }

    /// Ends with its line.
    fn is_line_string(self) -> bool {
        matches!(self, Self::Plain | Self::Curly | Self::CurlySingle)
    }
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: Kind,
    at: usize,
    /// `if`s whose `else` has not come.
    ifs: usize,
}

struct Scanner<'a> {
    file: FileId,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Never longer than `MAX_DEPTH`, so that a search in it is cheap.
    stack: Vec<Frame>,
    ifs: usize,
    root_ifs: usize,
    line: usize,
    indent: usize,
    line_start: usize,
    /// No token of this line was seen yet.
    fresh: bool,
    statement: bool,
    said_deep: bool,
    out: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.bytes.len() {
            match self.stack.last() {
                Some(frame) if frame.kind.is_string() => self.in_string(frame.kind),
                _ => self.in_code(),
            }
        }
        if let Some(first) = self.stack.iter().position(|f| f.kind.is_string()) {
            self.unclosed_string(first);
        }
        if !self.stack.is_empty() {
            self.out.balanced = false;
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn starts(&self, with: &str) -> bool {
        self.bytes[self.at..].starts_with(with.as_bytes())
    }

    /// One past the character at a place.
    fn next_char(&self, at: usize) -> usize {
        (at + 1..=self.bytes.len())
            .find(|&i| self.text.is_char_boundary(i))
            .unwrap_or(at + 1)
    }

    /// The string that a typographic quote here opens or closes.
    fn curly(&self) -> Option<Kind> {
        if self.starts("“") || self.starts("”") {
            Some(Kind::Curly)
        } else if self.starts("‘") || self.starts("’") {
            Some(Kind::CurlySingle)
        } else {
            None
        }
    }

    fn line_end(&self, from: usize) -> usize {
        self.text[from..]
            .find('\n')
            .map_or(self.text.len(), |n| from + n)
    }

    /// Nothing but blanks follows on the line.
    fn ends_line(&self, from: usize) -> bool {
        let next = self.bytes[from..].iter().find(|b| !matches!(**b, b' ' | b'\t' | b'\r'));
        matches!(next, None | Some(b'\n'))
    }

    fn interpolating(&self) -> bool {
        self.stack.iter().any(|f| f.kind == Kind::Interpolation)
    }

    fn too_deep(&self) -> bool {
        self.stack.len() + self.ifs >= MAX_DEPTH
    }

    fn push(&mut self, kind: Kind, at: usize) {
        self.stack.push(Frame { kind, at, ifs: 0 });
    }

    fn truncate(&mut self, len: usize) {
        for frame in self.stack.drain(len..) {
            self.ifs -= frame.ifs;
        }
    }

    fn in_string(&mut self, kind: Kind) {
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

    fn end_string(&mut self, length: usize) {
        self.at += length;
        let len = self.stack.len() - 1;
        self.truncate(len);
        self.out.last = self.at;
        self.fresh = false;
    }

    fn curly_quotes(&mut self, opener: usize) {
        let span = self.span(opener, self.at);
        let inside: String = self.text[opener..self.at]
            .chars()
            .filter(|c| !"“”‘’".contains(*c))
            .collect();
        let mut found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "strings are written in straight quotes",
        )
        .says("typographic quotes");
        if !inside.contains('"') {
            found = found.fix("write straight quotes", span, format!("\"{inside}\""), true);
        }
        self.out.found.push(found);
    }

    /// A line ends while a string of one line is open: everything in it ends here.
    fn close_line_strings(&mut self) {
        if let Some(first) = self.stack.iter().position(|f| f.kind.is_line_string()) {
            self.unclosed_string(first);
        }
    }

    fn unclosed_string(&mut self, first: usize) {
        let frame = self.stack[first];
        let mut end = self.at;
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
        self.out.found.push(found);
    }

    /// An unclosed string has swallowed the closers of brackets that were opened before it
    /// on its line: they are put back, so that one missing quote is one mistake.
    fn close_swallowed(&mut self, from: usize, end: usize) {
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

    fn newline(&mut self) {
        self.at += 1;
        self.line += 1;
        self.line_start = self.at;
        self.fresh = true;
        self.indent = 0;
    }

    fn in_code(&mut self) {
        let at = self.at;
        let byte = self.bytes[at];
        match byte {
            b'\n' if self.stack.iter().any(|f| f.kind.is_line_string()) => {
                self.close_line_strings()
            }
            b'\n' => self.newline(),
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'#' => self.comment(),
            b'/' if self.starts("//") || self.starts("/*") => self.foreign_comment(),
            _ => {
                if self.fresh {
                    self.first_token();
                }
                self.token(byte);
                self.out.last = self.at;
            }
        }
    }

    fn first_token(&mut self) {
        let at = self.at;
        self.indent = at - self.line_start;
        self.statement = starts_statement(&self.text[at..]);
        if self.statement {
            // Whatever `if` was left open in this block is of no account any more.
            let ifs = match self.stack.last_mut() {
                Some(Frame {
                    kind: Kind::Bracket(Bracket::Brace),
                    ifs,
                    ..
                }) => Some(ifs),
                None => Some(&mut self.root_ifs),
                _ => None,
            };
            if let Some(ifs) = ifs {
                self.ifs -= *ifs;
                *ifs = 0;
            }
        }
        let is_bracket = matches!(self.bytes[at], b'{' | b'}' | b'[' | b']' | b'(' | b')');
        if !is_bracket && !self.interpolating() {
            self.mark(MarkKind::Other, at);
        }
    }

    fn mark(&mut self, kind: MarkKind, at: usize) {
        self.out.marks.push(Mark {
            kind,
            at,
            after: self.out.last,
            line: self.line,
            indent: self.indent,
            first: self.fresh,
            statement: self.fresh && self.statement,
        });
        self.fresh = false;
    }

    fn token(&mut self, byte: u8) {
        let at = self.at;
        match byte {
            b'{' => self.open(Bracket::Brace),
            b'[' => self.open(Bracket::Square),
            b'(' => self.open(Bracket::Round),
            b'}' => self.close(Bracket::Brace),
            b']' => self.close(Bracket::Square),
            b')' => self.close(Bracket::Round),
            b'"' if self.starts("\"\"\"") => self.open_string(Kind::Triple, 3),
            b'"' => self.open_string(Kind::Plain, 1),
            0xE2 if self.curly().is_some() => {
                let kind = self.curly().unwrap_or(Kind::Curly);
                self.open_string(kind, "“".len());
            }
            b'\'' => self.raw_string(),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(),
            b'\\' if self.starts("\\\n") || self.starts("\\\r\n") => {
                // A line goes on: not a line of its own.
                self.at = self.line_end(at) + 1;
                self.line += 1;
                self.line_start = self.at;
            }
            0..=31 | 127 => {
                let span = self.span(at, at + 1);
                let message = format!("control character U+{byte:04X}");
                self.out
                    .found
                    .push(Diagnostic::error(codes::SYNTAX, span, message).says("not text"));
                self.out.patches.push(Patch::replace(at, at + 1, " "));
                self.at += 1;
            }
            _ => self.at = self.next_char(at),
        }
        self.fresh = false;
    }

    fn word(&mut self) {
        let at = self.at;
        let rest = &self.bytes[at..];
        let length = rest
            .iter()
            .take_while(|b| b.is_ascii_alphanumeric() || **b == b'_')
            .count();
        self.at += length;
        let word = &rest[..length];
        let is_field = at > 0 && self.bytes[at - 1] == b'.';
        if is_field || (word != b"if" && word != b"else") || sets(&self.text[self.at..]) {
            return;
        }
        if word == b"if" && self.too_deep() {
            self.say_deep(at);
            let end = self.skip(at, false);
            self.out.patches.push(Patch::replace(at, end, HOLE));
            self.at = end;
            return;
        }
        let ifs = self
            .stack
            .last_mut()
            .map_or(&mut self.root_ifs, |f| &mut f.ifs);
        if word == b"if" {
            *ifs += 1;
            self.ifs += 1;
        } else if *ifs > 0 {
            *ifs -= 1;
            self.ifs -= 1;
        }
    }

    fn open_string(&mut self, kind: Kind, length: usize) {
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

    fn raw_string(&mut self) {
        let at = self.at;
        let rest = &self.text[at + 1..];
        let n = rest.find(['\'', '\n']).unwrap_or(rest.len());
        let end = at + 1 + n;
        if rest[n..].starts_with('\'') {
            self.at = end + 1;
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
        self.out.found.push(found);
    }

    fn open(&mut self, bracket: Bracket) {
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

    fn close(&mut self, bracket: Bracket) {
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
            self.out.found.push(
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
    fn unclosed_inside(&mut self, n: usize, at: usize) {
        let frame = self.stack[n];
        self.out
            .patches
            .push(Patch::insert(at, frame.kind.closer()));
        let (name, width) = match frame.kind {
            Kind::Bracket(bracket) => (bracket.opener(), 1),
            _ => ("${", 2),
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
        self.out.found.push(found);
    }

    fn say_deep(&mut self, at: usize) {
        if self.said_deep {
            return;
        }
        self.said_deep = true;
        let found = Diagnostic::error(
            codes::TOO_DEEP,
            self.span(at, at + 1),
            "this is nested too deeply",
        )
        .says(format!("more than {MAX_DEPTH} levels"))
        .help("give an inner part a name with `let`");
        self.out.found.push(found);
    }

    /// The end of what starts here and is too deep to be read: the matching closer of a
    /// group, or for other text the end of its line or of the group around it.
    fn skip(&mut self, from: usize, group: bool) -> usize {
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

    fn comment(&mut self) {
        let at = self.at;
        let end = self.line_end(at);
        self.at = end;
        let rest = &self.bytes[at..end];
        let alone = self.text[self.line_start..at].trim().is_empty();
        if rest.starts_with(b"##") && !rest.starts_with(b"###") && alone && !self.interpolating() {
            self.out.docs.push(DocLine {
                line: self.line,
                start: at,
                end,
            });
        }
    }

    fn foreign_comment(&mut self) {
        let at = self.at;
        let line_end = self.line_end(at);
        if self.starts("//") {
            self.at = line_end;
            let slashes = self.bytes[at..].iter().take_while(|b| **b == b'/').count();
            let found = Diagnostic::error(
                codes::FOREIGN_FORM,
                self.span(at, at + slashes),
                "a comment starts with `#`",
            )
            .says("not a comment here")
            .fix("write `#`", self.span(at, at + slashes), "#", true);
            self.out.found.push(found);
            return;
        }
        let Some(n) = self.text[at + 2..].find("*/") else {
            self.at = self.text.len();
            let found = Diagnostic::error(
                codes::UNCLOSED,
                self.span(at, at + 2),
                "this comment is never closed",
            )
            .says("opened here")
            .help("a comment starts with `#` and ends with its line");
            self.out.found.push(found);
            return;
        };
        let end = at + 2 + n + 2;
        let span = self.span(at, end);
        let inside = self.text[at + 2..end - 2].trim();
        let mut found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "a comment starts with `#` and ends with its line",
        )
        .says("not a comment here");
        if !inside.contains('\n') && self.ends_line(end) {
            found = found.fix("write `#`", span, format!("# {inside}"), true);
        } else {
            found = found.help("start each of its lines with `#`");
        }
        self.out.found.push(found);
        while let Some(n) = self.text[self.at..end].find('\n') {
            self.at += n;
            self.newline();
        }
        self.at = end;
    }
}

/// `= …`, and not `== …`.
fn sets(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Whether a line starts like a statement of a block: `name =`, `kind {`, `word word`.
fn starts_statement(rest: &str) -> bool {
    let name = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let word = &rest[..rest.len() - name.len()];
    if word.is_empty() || word.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    if sets(name) {
        return true;
    }
    if super::words::is_reserved(word) {
        return false;
    }
    let next = name.trim_start_matches([' ', '\t']);
    next.starts_with('{')
        || (next.len() < name.len()
            && next.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '"'))
            && !["and", "or", "in", "not", "if", "for", "then", "else"]
                .iter()
                .any(|w| {
                    next.strip_prefix(w).is_some_and(|r| {
                        !r.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
                    })
                })
}
