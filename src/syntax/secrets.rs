//! What is written out inside `secret(…)`, found in the text alone: also where it is never
//! evaluated, where it is commented out, and in a text with mistakes.

use std::ops::Range;

/// Where the contents of strings inside `secret(…)` stand, in bytes, without quotes and without
/// the code of interpolations. The name that `env("…")` takes is none. Where a bracket of such a
/// call is missing, whatever follows counts as inside, up to the end of the block around it.
pub fn literals(text: &str) -> Vec<Range<usize>> {
    // the only word that opens such a call; most texts have none
    if !text.contains("secret") {
        return Vec::new();
    }
    let mut finder = Finder {
        text,
        at: 0,
        end: text.len(),
        stack: Vec::new(),
        word: "",
        secret_around: false,
        in_comment: false,
        found: Vec::new(),
    };
    finder.run();
    finder.found
}

/// What is open at a place.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Its closing bracket.
    Bracket(u8),
    Interpolation,
    /// The quote that closes it.
    Text(&'static str),
}

/// What it says of the frames below is kept here, so that no step searches them.
#[derive(Clone, Copy)]
struct Frame {
    kind: Kind,
    /// Inside of `secret(…)`.
    secret: bool,
    /// The brackets of `env(…)`, before its first comma.
    names: bool,
    /// It, or any below it, is inside of `secret(…)`.
    any_secret: bool,
    /// How many frames stay when the first text of one line, of it and those below, ends.
    one_line: Option<u32>,
    /// How many stay when `)`, `]`, `}` closes the innermost that it closes in this text.
    closed: [Option<u32>; 3],
}

/// A text of several lines in other languages.
const TRIPLE: &str = "'''";

/// Whether a text in such quotes goes over several lines.
fn of_lines(quote: &str) -> bool {
    quote == "\"\"\"" || quote == TRIPLE
}

/// Which of [`Frame::closed`] is a closing bracket's.
fn index(closer: u8) -> usize {
    match closer {
        b')' => 0,
        b']' => 1,
        _ => 2,
    }
}

struct Finder<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    stack: Vec<Frame>,
    /// The word just before, if that was one.
    word: &'a str,
    /// A comment stands in a call.
    secret_around: bool,
    in_comment: bool,
    found: Vec<Range<usize>>,
}

impl<'a> Finder<'a> {
    fn run(&mut self) {
        while self.at < self.end {
            match self.stack.last() {
                Some(Frame {
                    kind: Kind::Text(quote),
                    ..
                }) => self.in_text(quote),
                _ => self.in_code(),
            }
        }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..self.end]
    }

    fn secret(&self) -> bool {
        self.stack
            .last()
            .map_or(self.secret_around, |frame| frame.secret)
    }

    fn push(&mut self, kind: Kind, secret: bool, names: bool) {
        // more than 4 GiB of text are not read
        let depth = self.stack.len() as u32;
        let below = self.stack.last();
        let mut one_line = below.and_then(|f| f.one_line);
        let mut closed = below.map_or([None; 3], |f| f.closed);
        match kind {
            Kind::Bracket(closer) => closed[index(closer)] = Some(depth),
            Kind::Interpolation => closed[index(b'}')] = Some(depth),
            Kind::Text(quote) => {
                closed = [None; 3];
                one_line = one_line.or((!of_lines(quote)).then_some(depth));
            }
        }
        let any_secret = secret || below.is_some_and(|f| f.any_secret);
        self.stack.push(Frame {
            kind,
            secret,
            names,
            any_secret,
            one_line,
            closed,
        });
    }

    /// One character, of which nothing is to be known.
    fn skip(&mut self) {
        self.at += self.rest().chars().next().map_or(1, char::len_utf8);
    }

    fn in_code(&mut self) {
        const QUOTES: [(&str, &str); 7] = [
            ("\"\"\"", "\"\"\""),
            ("\"", "\""),
            ("'", "'"),
            ("“", "”"),
            ("”", "”"),
            ("‘", "’"),
            ("’", "’"),
        ];
        let rest = self.rest();
        let word = std::mem::take(&mut self.word);
        let quoted = QUOTES.iter().find(|(open, _)| rest.starts_with(open));
        // in prose it is an apostrophe
        // what other languages write is a text of several lines; who else may see it does not matter
        let foreign = rest.starts_with(TRIPLE) && self.secret();
        let quoted = if foreign {
            Some(&(TRIPLE, TRIPLE))
        } else {
            quoted
        };
        let quoted = quoted.filter(|(open, _)| {
            self.stack.last().is_some_and(|f| f.any_secret)
                || !(self.in_comment && ["'", "’"].contains(open))
        });
        if let Some((opener, closer)) = quoted {
            let named = self.stack.last().is_some_and(|frame| frame.names);
            let secret = self.secret() && !named;
            self.push(Kind::Text(closer), secret, false);
            self.at += opener.len();
            return;
        }
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        match rest.as_bytes()[0] {
            b'#' if !self.in_comment => {
                self.comment();
                self.word = word;
                return;
            }
            b'#' => {}
            b' ' | b'\t' | b'\r' | b'\n' | b'\\' => self.word = word,
            b'(' => {
                let secret = self.secret() || word == "secret";
                self.push(Kind::Bracket(b')'), secret, word == "env");
            }
            b'[' => self.push(Kind::Bracket(b']'), self.secret(), false),
            b'{' => self.push(Kind::Bracket(b'}'), self.secret(), false),
            closer @ (b')' | b']' | b'}') => self.close(closer),
            b',' => {
                if let Some(frame) = self.stack.last_mut() {
                    frame.names = false;
                }
            }
            first if is_word(char::from(first)) => {
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                self.word = &rest[..length];
                self.at += length;
                return;
            }
            _ => {}
        }
        self.skip();
    }

    /// Closes the innermost bracket that this closes, and what is left open in it; never what is
    /// around an interpolation.
    fn close(&mut self, closer: u8) {
        let open = self.stack.last().and_then(|f| f.closed[index(closer)]);
        if let Some(open) = open {
            self.stack.truncate(open as usize);
        }
    }

    /// A comment is searched by itself: what is open in it ends with it.
    fn comment(&mut self) {
        let end = self.rest().find('\n').map_or(self.end, |n| self.at + n);
        let mut inner = Finder {
            text: self.text,
            at: self.at + 1,
            end,
            stack: Vec::new(),
            word: "",
            secret_around: self.secret(),
            in_comment: true,
            found: Vec::new(),
        };
        inner.run();
        self.found.append(&mut inner.found);
        self.at = end;
    }

    fn in_text(&mut self, quote: &str) {
        let rest = self.rest();
        let (lines, raw) = (of_lines(quote), quote.starts_with('\''));
        if rest.starts_with(quote) {
            self.at += quote.len();
            self.stack.pop();
        } else if rest.starts_with('\n') && !lines {
            // it was never closed: everything of this line ends here
            let first = self.stack.last().and_then(|f| f.one_line).unwrap_or(0);
            self.stack.truncate(first as usize);
        } else if rest.starts_with("${") && !raw {
            self.push(Kind::Interpolation, self.secret(), false);
            self.at += 2;
            self.word = "";
        } else {
            let from = self.at;
            if rest.starts_with("$${") && !raw {
                self.at += 3;
            } else {
                if rest.starts_with('\\') && !raw && !rest[1..].starts_with('\n') {
                    self.at += 1;
                }
                if self.at < self.end {
                    self.skip();
                }
            }
            if self.secret() {
                self.hide(from..self.at);
            }
        }
    }

    fn hide(&mut self, range: Range<usize>) {
        match self.found.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => self.found.push(range),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(text: &str) -> Vec<&str> {
        literals(text).into_iter().map(|at| &text[at]).collect()
    }

    #[test]
    fn strings_within_the_call_and_no_others() {
        assert_eq!(found(r#"k = secret("abc") l = "def""#), ["abc"]);
        assert_eq!(
            found("k = secret \n (\n \"a\\\"b\" )\nl = \"d\""),
            ["a\\\"b"]
        );
        assert_eq!(
            found(r#"secret(if a(")") then "x" + ["y"][0] else f({k = 'z'})) + "n""#),
            [")", "x", "y", "z"]
        );
        assert_eq!(
            found("secret(\"\"\"\n  a\n  \"b\"\n\"\"\")"),
            ["\n  a\n  \"b\"\n"]
        );
        assert_eq!(
            found(r#"my_secret("a") secret = ("b") secrets("c") f("d")"#),
            [""; 0]
        );
        assert_eq!(found(r#"x = "a ${secret("b")} c""#), ["b"]);
        assert_eq!(found(r#"secret("")"#), [""; 0]);
    }

    #[test]
    fn interpolations_stay_and_what_is_written_in_them_goes() {
        assert_eq!(
            found(r#"secret("Bearer ${if a == "x" then b else "é${c}"} $${d} \${")"#),
            ["Bearer ", "x", "é", " $${d} \\${"]
        );
    }

    #[test]
    fn names_of_variables_stay() {
        assert_eq!(found(r#"secret(env("NAME", "word"))"#), ["word"]);
        assert_eq!(found(r#"secret(env(f("a")))"#), ["a"]);
    }

    #[test]
    fn comments_too() {
        assert_eq!(found("# it's off: k = secret(\"a\")\nl = \"b\""), ["a"]);
        assert_eq!(found("## off: k = secret(\"a\"\nl = \"b\""), ["a"]);
        assert_eq!(found("secret( # was \"a\"\n \"b\")"), ["a", "b"]);
        assert_eq!(found("secret # here\n(\"b\")"), ["b"]);
    }

    #[test]
    fn texts_with_mistakes() {
        assert_eq!(
            found("a { k = secret(\"abc }\nl = \"x\" }\nm = \"y\""),
            ["abc }", "x"]
        );
        assert_eq!(found("k = secret(\"abc ${d\nl"), ["abc "]);
        assert_eq!(found("k = secret(“abc”) l = secret('d"), ["abc", "d"]);
        assert_eq!(found("k = (secret(\"a\"]) l = \"b\""), ["a"]);
        assert_eq!(found("secret(\"a\\"), ["a\\"]);
        assert_eq!(
            found("secret('''\nab\n''')\nl = '''\nsecret(\"c\")"),
            ["\nab\n", "c"]
        );
    }

    proptest! {
        #[test]
        fn never_fails_and_finds_whole_characters(
            text in r#"(secret|env|\(|\)|\{|\}|\$\{|"|"""|'|“|”|#|\\|é|,| |\n|a){0,40}"#
        ) {
            let mut last = 0;
            for range in literals(&text) {
                prop_assert!(range.start >= last && range.start < range.end);
                prop_assert!(text.get(range.clone()).is_some());
                last = range.end;
            }
        }
    }
}
