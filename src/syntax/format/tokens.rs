//! The tokens of a text without mistakes, comments among them. A string is one token, with
//! all that is interpolated in it.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A name, number, string, bracket or operator.
    Code,
    Comma,
    /// From `#` to the end of its line, blanks there left out.
    Comment,
    /// After the last one.
    End,
}

#[derive(Debug, Clone, Copy)]
pub struct Token {
    pub kind: Kind,
    start: u32,
    end: u32,
    /// The line that it starts on.
    pub line: u32,
    /// Ends of lines between it and the token before.
    pub newlines: u32,
    /// Of an opening bracket: which token closes it.
    pub closer: u32,
    /// Comments before it.
    pub comments: u32,
}

impl Token {
    /// Where it starts, in bytes.
    pub fn start(&self) -> usize {
        self.start as usize
    }

    /// Where it ends.
    pub fn end(&self) -> usize {
        self.end as usize
    }
}

/// Of a text of no more than 4 GiB, which is all that is read.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
    };
    let mut out: Vec<Token> = Vec::with_capacity(text.len() / 4);
    let mut open = Vec::new();
    let (mut line, mut before, mut comments) = (0_usize, 0_usize, 0_u32);
    loop {
        let gap = lexer.at;
        lexer.blanks();
        line += lines(&lexer.bytes[gap..lexer.at]);
        let start = lexer.at;
        let kind = lexer.token();
        let mut end = lexer.at;
        if kind == Kind::Comment {
            end = start + text[start..end].trim_end().len();
        }
        let n = out.len() as u32;
        let mut closer = 0;
        match lexer.bytes.get(start) {
            Some(b'(' | b'[' | b'{') => open.push(n),
            Some(b')' | b']' | b'}') => {
                if let Some(opener) = open.pop() {
                    out[opener as usize].closer = n;
                }
                closer = n;
            }
            _ => {}
        }
        out.push(Token {
            kind,
            start: start as u32,
            end: end as u32,
            line: line as u32,
            newlines: (line - before) as u32,
            closer,
            comments,
        });
        if kind == Kind::End {
            return out;
        }
        comments += u32::from(kind == Kind::Comment);
        line += lines(&lexer.bytes[start..lexer.at]);
        before = line;
    }
}

/// Whether two texts hold the same tokens, apart from commas.
pub fn same(a: &str, of_a: &[Token], b: &str, of_b: &[Token]) -> bool {
    let written = |token: &&Token| token.kind != Kind::Comma;
    // line ends within a text in `"""` may have changed as all others have
    let alike = |a: &str, b: &str| a == b || a.replace("\r\n", "\n") == b.replace("\r\n", "\n");
    let mut others = of_b.iter().filter(written);
    of_a.iter().filter(written).all(|x| {
        let other = others.next();
        other.is_some_and(|y| {
            x.kind == y.kind && alike(&a[x.start()..x.end()], &b[y.start()..y.end()])
        })
    }) && others.next().is_none()
}

/// Every line ends with CR LF.
pub fn with_windows_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    for line in text.split_inclusive('\n') {
        match line.strip_suffix('\n') {
            Some(line) => {
                out.push_str(line.strip_suffix('\r').unwrap_or(line));
                out.push_str("\r\n");
            }
            None => out.push_str(line),
        }
    }
    out
}

fn lines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

struct Lexer<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Lexer<'_> {
    fn starts(&self, with: &str) -> bool {
        self.bytes[self.at..].starts_with(with.as_bytes())
    }

    /// Blanks, ends of lines, and the `\` of a line that goes on.
    fn blanks(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b'\\' => 1,
                _ if self.starts("\u{A0}") => 2,
                _ if self.starts("\u{FEFF}") => 3,
                _ => return,
            };
        }
    }

    fn token(&mut self) -> Kind {
        let Some(byte) = self.bytes.get(self.at) else {
            return Kind::End;
        };
        match byte {
            b',' => {
                self.at += 1;
                return Kind::Comma;
            }
            b'#' => {
                self.to(b'\n');
                return Kind::Comment;
            }
            b'"' | b'\'' => self.string(),
            b'0'..=b'9' => self.number(),
            _ if self.in_word() => self.word(),
            b'=' | b'!' | b'<' | b'>' if self.bytes.get(self.at + 1) == Some(&b'=') => self.at += 2,
            _ => self.character(),
        }
        Kind::Code
    }

    /// Up to a byte, which is not of a longer character.
    fn to(&mut self, stop: u8) {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().position(|b| *b == stop);
        self.at += length.unwrap_or(rest.len());
    }

    fn character(&mut self) {
        self.at += 1;
        while self.bytes.get(self.at).is_some_and(|b| b & 0xC0 == 0x80) {
            self.at += 1;
        }
    }

    fn in_word(&self) -> bool {
        match self.bytes.get(self.at) {
            Some(byte) => byte.is_ascii_alphanumeric() || *byte == b'_' || self.starts("µ"),
            None => false,
        }
    }

    fn word(&mut self) {
        while self.in_word() {
            self.character();
        }
    }

    fn digits(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9' | b'_')) {
            self.at += 1;
        }
    }

    /// As the grammar's `number`; what touches it is its unit.
    fn number(&mut self) {
        self.digits();
        let digit = |at: usize| self.bytes.get(at).is_some_and(u8::is_ascii_digit);
        if self.bytes.get(self.at) == Some(&b'.') && digit(self.at + 1) {
            self.at += 1;
            while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                self.at += 1;
            }
        }
        let before = self.at;
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.bytes.get(self.at), Some(b'+' | b'-')) {
                self.at += 1;
            }
            let exponent = self.at;
            while self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                self.at += 1;
            }
            if self.at == exponent || self.in_word() {
                self.at = before;
            }
        }
    }

    fn string(&mut self) {
        if self.bytes[self.at] == b'\'' {
            self.at += 1;
            self.to(b'\'');
            self.at = (self.at + 1).min(self.bytes.len());
            return;
        }
        let quotes = if self.starts("\"\"\"") {
            "\"\"\""
        } else {
            "\""
        };
        self.at += quotes.len();
        while self.at < self.bytes.len() {
            if self.starts(quotes) {
                self.at += quotes.len();
                return;
            } else if self.starts("$${") {
                self.at += 3;
            } else if self.starts("${") {
                self.at += 2;
                self.interpolation();
            } else if self.bytes[self.at] == b'\\' {
                self.at = (self.at + 2).min(self.bytes.len());
            } else {
                self.at += 1;
            }
        }
    }

    /// Up to behind the `}` that ends it. Recurses as deep as the text is nested, which the
    /// parser bounds.
    fn interpolation(&mut self) {
        let mut depth = 0_usize;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'"' | b'\'' => {
                    self.string();
                    continue;
                }
                b'#' => {
                    self.to(b'\n');
                    continue;
                }
                b'{' => depth += 1,
                b'}' if depth == 0 => {
                    self.at += 1;
                    return;
                }
                b'}' => depth -= 1,
                _ => {}
            }
            self.at += 1;
        }
    }
}
