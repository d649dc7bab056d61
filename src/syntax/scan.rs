//! A first pass over the text that knows strings, comments and brackets only. It makes
//! sure that what the grammar then sees is balanced and not too deep: unclosed strings
//! get their quote, groups nested too deeply are taken out. Brackets that do not match
//! are left to [`super::brackets`].

mod comments;
mod groups;
mod strings;

pub use strings::ends_a_text;

use super::patch::{HOLE, Patch};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};

/// Brackets, interpolations and `if`s within one another.
pub const MAX_DEPTH: usize = 128;

/// A text with more mistakes than this is no scenario; saying more would only cost memory.
pub const MAX_SAID: usize = 10_000;

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
    /// Where statements of the file start, at least `part` bytes apart: what stands before one
    /// can be read without what follows it.
    pub cuts: Vec<usize>,
}

/// `part`: how far apart cuts are.
pub fn scan(file: FileId, text: &str, part: usize) -> Scan {
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
        part,
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
    part: usize,
    out: Scan,
}

impl Scanner<'_> {
    fn run(&mut self) {
        loop {
            while self.at < self.bytes.len() {
                match self.stack.last() {
                    Some(frame) if frame.kind.is_string() => self.in_string(frame.kind),
                    _ => self.in_code(),
                }
            }
            // what follows a quote that ends a text may be left
            match self.stack.iter().position(|f| f.kind.is_string()) {
                Some(first) => self.unclosed_string(first),
                None => break,
            }
        }
        if !self.stack.is_empty() {
            self.out.balanced = false;
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    fn say(&mut self, diagnostic: Diagnostic) {
        if self.out.found.len() < MAX_SAID {
            self.out.found.push(diagnostic);
        }
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

    fn line_end(&self, from: usize) -> usize {
        self.text[from..]
            .find('\n')
            .map_or(self.text.len(), |n| from + n)
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
            0xEF | 0xC2 if self.starts("\u{FEFF}") || self.starts("\u{A0}") => {
                self.at = self.next_char(at);
                self.out.patches.push(Patch::replace(at, self.at, " "));
            }
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
        let last = self.out.cuts.last().copied().unwrap_or(0);
        if self.statement
            && self.stack.is_empty()
            && at - last >= self.part
            && starts_item(&self.text[at..])
        {
            self.out.cuts.push(at);
        }
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
                // A line goes on: what follows is not a line of its own.
                self.at = self.line_end(at) + 1;
                self.out.patches.push(Patch::replace(at, self.at, " "));
                self.line += 1;
                self.line_start = self.at;
            }
            0..=31 | 127 => {
                let span = self.span(at, at + 1);
                let message = format!("control character U+{byte:04X}");
                self.say(Diagnostic::error(codes::SYNTAX, span, message).says("not text"));
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
}

/// `= …`, and not `== …`.
fn sets(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t']);
    rest.starts_with('=') && !rest.starts_with("==")
}

/// Whether a line starts a statement, whatever stands before it: as the grammar's `item_start`,
/// but for words that may go on with the statement above.
fn starts_item(rest: &str) -> bool {
    let blanks = [' ', '\t'];
    let after_word = |text: &str| {
        text.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_')
            .len()
    };
    let next = &rest[rest.len() - after_word(rest)..];
    let word = &rest[..rest.len() - next.len()];
    let others = [
        "use", "param", "let", "expect", "warn", "exclude", "elsif", "elseif", "while", "def",
        "function", "fn",
    ];
    if super::words::is_reserved(word) || others.contains(&word) {
        return false;
    }
    let next = next.trim_start_matches(blanks);
    let named = next[next.len() - after_word(next)..].trim_start_matches(blanks);
    // the grammar lets blanks stand within `==` and `=>` there
    let value = next
        .strip_prefix('=')
        .map(|rest| rest.trim_start_matches(blanks));
    let set = value.is_some_and(|value| !value.starts_with(['=', '>', '\r']));
    set || next.starts_with('{') || named.starts_with('{')
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
