//! The forms in which one character of a secret may stand in a text: raw, escaped as JSON and
//! programs print it (also inside of JSON inside of JSON), percent-encoded, as HTML.

/// So many backslashes may stand before an escaped character: JSON five times inside of JSON.
const SLASHES: usize = 32;

/// So often may what is percent-encoded be encoded once more.
const AGAIN: usize = 3;

/// So many zeros may stand before a character's number in HTML: it has seven digits at most.
const ZEROS: usize = 6;

/// Where the forms of one character end.
#[derive(Default)]
pub(super) struct Ends {
    pub found: Vec<usize>,
    /// The text ended in the middle of a form: with more of it there may be other ends.
    pub cut: bool,
}

/// The bytes that forms of the character begin with.
pub(super) fn first_bytes(c: char) -> Vec<u8> {
    let mut bytes = vec![c.encode_utf8(&mut [0; 4]).as_bytes()[0], b'\\', b'%', b'&'];
    if c == ' ' {
        bytes.push(b'+');
    }
    bytes.sort_unstable();
    bytes.dedup();
    bytes
}

/// How many of the backslashes here need no further look, where no form was found that begins with
/// the first of them and no secret begins with a backslash itself.
pub(super) fn slashes(text: &[u8]) -> usize {
    match text.iter().take_while(|byte| **byte == b'\\').count() {
        count @ ..=SLASHES => count,
        count => count - SLASHES,
    }
}

/// Adds where each form of the character that begins at `at` ends.
pub(super) fn find(c: char, text: &[u8], at: usize, ends: &mut Ends) {
    let Some(first) = text.get(at) else {
        ends.cut = true;
        return;
    };
    let mut look = Look {
        text,
        cut: &mut ends.cut,
    };
    let mut room = [0; 4];
    let raw = c.encode_utf8(&mut room).as_bytes();
    ends.found.extend(look.exact(at, raw));
    match first {
        b'+' if c == ' ' => ends.found.push(at + 1),
        b'&' => look.entities(c, at, &mut ends.found),
        b'%' if c == '%' => look.percents(at, &mut ends.found),
        b'%' => ends.found.extend(look.percent_bytes(at, raw)),
        b'\\' => look.escapes(c, raw, at, &mut ends.found),
        _ => {}
    }
}

/// A text, and whether a look at it met its end.
struct Look<'a> {
    text: &'a [u8],
    cut: &'a mut bool,
}

impl Look<'_> {
    /// The end of these bytes, if they stand here.
    fn exact(&mut self, at: usize, want: &[u8]) -> Option<usize> {
        self.same(at, want.len(), |n, byte| byte == want[n])
    }

    fn same(
        &mut self,
        at: usize,
        length: usize,
        same: impl Fn(usize, u8) -> bool,
    ) -> Option<usize> {
        for n in 0..length {
            match self.text.get(at + n) {
                None => {
                    *self.cut = true;
                    return None;
                }
                Some(byte) if same(n, *byte) => {}
                Some(_) => return None,
            }
        }
        Some(at + length)
    }

    /// The end of a number of so many hexadecimal digits, in either case.
    fn hex(&mut self, at: usize, value: u32, digits: usize) -> Option<usize> {
        self.same(at, digits, |n, byte| {
            let digit = value >> (4 * (digits - 1 - n)) & 0xf;
            char::from(byte).to_digit(16) == Some(digit)
        })
    }

    /// `%C3%A4`, `%25C3%25a4`
    fn percent_bytes(&mut self, mut at: usize, bytes: &[u8]) -> Option<usize> {
        for byte in bytes {
            at = self.exact(at, b"%")?;
            for _ in 0..AGAIN {
                at = self.exact(at, b"25").unwrap_or(at);
            }
            at = self.hex(at, u32::from(*byte), 2)?;
        }
        Some(at)
    }

    /// `%25`, `%2525`: a percent sign, of which `25` alone does not say how often it was encoded.
    fn percents(&mut self, at: usize, found: &mut Vec<usize>) {
        let mut at = at + 1;
        for _ in 0..=AGAIN {
            match self.exact(at, b"25") {
                Some(end) => found.push(end),
                None => return,
            }
            at += 2;
        }
    }

    /// `&lt;`, `&#60;`, `&#x3c;`, `&amp;lt;`: as HTML, also inside of HTML.
    fn entities(&mut self, c: char, at: usize, found: &mut Vec<usize>) {
        let mut at = at + 1;
        for _ in 0..=AGAIN {
            for name in names(c) {
                found.extend(self.exact(at, name.as_bytes()));
            }
            found.extend(self.number(at, u32::from(c)));
            match self.exact(at, b"amp;") {
                Some(end) => at = end,
                None => return,
            }
        }
    }

    /// `#60;`, `#x3C;`, with zeros before it or without.
    fn number(&mut self, at: usize, value: u32) -> Option<usize> {
        let at = self.exact(at, b"#")?;
        let small = self.exact(at, b"x");
        let hex = small.or_else(|| self.exact(at, b"X"));
        let mut at = hex.unwrap_or(at);
        for _ in 0..ZEROS {
            at = self.exact(at, b"0").unwrap_or(at);
        }
        let at = match hex {
            Some(_) => self.hex(at, value, hex_digits(value))?,
            None => self.exact(at, value.to_string().as_bytes())?,
        };
        self.exact(at, b";")
    }

    /// Everything that begins with backslashes.
    fn escapes(&mut self, c: char, raw: &[u8], at: usize, found: &mut Vec<usize>) {
        let Some(after) = self.slashes(at) else {
            return;
        };
        if c == '\\' {
            // any number of them is one
            found.extend(at + 2..=after);
        } else if !c.is_ascii_alphanumeric() {
            found.extend(self.exact(after, raw));
        }
        if let Some(letter) = letter(c) {
            found.extend(self.exact(after, letter));
        }
        let value = u32::from(c);
        let mut units = [0; 2];
        let units = c.encode_utf16(&mut units);
        found.extend(self.sequence(at, b"u", units.iter().map(|n| u32::from(*n)), 4));
        found.extend(self.sequence(at, b"U", [value].into_iter(), 8));
        found.extend(self.braced(after, value));
        // code points (Python's texts) and bytes (its bytes)
        if value < 0x100 {
            found.extend(self.sequence(at, b"x", [value].into_iter(), 2));
        }
        if !c.is_ascii() {
            found.extend(self.sequence(at, b"x", raw.iter().map(|n| u32::from(*n)), 2));
        }
    }

    /// The end of the backslashes here, of which there is at least one.
    fn slashes(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let count = rest
            .iter()
            .take(SLASHES)
            .take_while(|b| **b == b'\\')
            .count();
        if count == rest.len() && count < SLASHES {
            *self.cut = true;
        }
        (count > 0).then_some(at + count)
    }

    /// Escapes one behind the other, each with its backslashes.
    fn sequence(
        &mut self,
        mut at: usize,
        name: &[u8],
        values: impl Iterator<Item = u32>,
        digits: usize,
    ) -> Option<usize> {
        for value in values {
            at = self.slashes(at)?;
            at = self.exact(at, name)?;
            at = self.hex(at, value, digits)?;
        }
        Some(at)
    }

    /// `u{e4}`
    fn braced(&mut self, at: usize, value: u32) -> Option<usize> {
        let at = self.exact(at, b"u{")?;
        let at = self.hex(at, value, hex_digits(value))?;
        self.exact(at, b"}")
    }
}

/// How many hexadecimal digits a number has.
fn hex_digits(value: u32) -> usize {
    (value.checked_ilog2().unwrap_or(0) / 4 + 1) as usize
}

/// The letter that stands for it behind a backslash.
fn letter(c: char) -> Option<&'static [u8]> {
    Some(match c {
        '\n' => b"n",
        '\r' => b"r",
        '\t' => b"t",
        '\u{8}' => b"b",
        '\u{c}' => b"f",
        _ => return None,
    })
}

/// Its names in HTML and XML, behind the `&`.
fn names(c: char) -> &'static [&'static str] {
    match c {
        '&' => &["amp;"],
        '<' => &["lt;"],
        '>' => &["gt;"],
        '"' => &["quot;"],
        '\'' => &["apos;"],
        _ => &[],
    }
}
