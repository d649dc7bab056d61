//! One safe line for people out of whatever came back: no secrets, no escapes, bounded.

use crate::redact::Redactor;

/// The most characters a failure's detail has.
pub const DETAIL_CHARS: usize = 300;

/// So many bytes of what came back are looked at for a detail.
pub const START: usize = 4 * DETAIL_CHARS;

/// Ends what was cut there: a secret may be cut as well. (No text from outside has this.)
const CUT: &str = "\u{fdd0}…";

/// A header value shorter than this is no secret worth the damage its removal would do.
const SHORTEST_SECRET: usize = 4;

/// Makes details: knows the values that must not be shown. Its `Debug` does not show them.
#[derive(Debug, Clone, Default)]
pub struct Cleaner {
    secrets: Redactor,
}

impl Cleaner {
    /// Hides these values, and every word in them (`Bearer abc`: `abc` as well).
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets = Redactor::default();
        for value in values {
            for secret in std::iter::once(value).chain(value.split_whitespace()) {
                let long = secret.len() >= SHORTEST_SECRET;
                if long && !["Bearer", "Basic", "Token"].contains(&secret) {
                    secrets.add(secret);
                }
            }
        }
        Self { secrets }
    }

    /// Hides these as well, whatever their length.
    pub fn add<'a>(&mut self, secrets: impl IntoIterator<Item = &'a str>) {
        secrets
            .into_iter()
            .for_each(|secret| self.secrets.add(secret));
    }

    /// `text` as one line of at most [`DETAIL_CHARS`] characters, without secrets, terminal
    /// escapes, control characters and characters that reorder or hide text.
    pub fn line(&self, text: &str) -> String {
        // Before as well as after: cleaning may join the halves of a secret, or change it.
        let clean = match text.strip_suffix(CUT) {
            None => self.secrets.text(&plain(&self.secrets.text(text))),
            Some(start) => {
                let start = plain(&self.secrets.beginning(start));
                self.secrets.beginning(&start) + "…"
            }
        };
        match clean.char_indices().nth(DETAIL_CHARS) {
            None => clean,
            Some(_) => {
                let mut short: String = clean.chars().take(DETAIL_CHARS - 1).collect();
                short.push('…');
                short
            }
        }
    }

    /// A text of more than one line, without secrets.
    pub fn text(&self, text: &str) -> String {
        self.secrets.text(text)
    }
}

/// Escapes and control characters out, runs of white space to one space.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut space = false;
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // A control sequence ends with a byte from @ to ~; others are one character.
            if chars.next_if_eq(&'[').is_some() {
                while let Some(c) = chars.next_if(|c| (' '..='~').contains(c)) {
                    if ('@'..='~').contains(&c) {
                        break;
                    }
                }
            }
        } else if c.is_whitespace() {
            space = !out.is_empty();
        } else if !c.is_control() && !is_invisible(c) {
            if std::mem::take(&mut space) {
                out.push(' ');
            }
            out.push(c);
        }
    }
    out
}

/// Characters that take no room but change how their neighbours are shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// The start of bytes from outside, as text for the end of a detail; `(empty)` where there are
/// none. What is longer than [`START`] is marked, for [`Cleaner::line`].
pub fn start_of(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    let end = bytes.len().min(START);
    let mut text = String::from_utf8_lossy(&bytes[..end]).into_owned();
    if end < bytes.len() {
        text.push_str(CUT);
    }
    text
}

/// The first cause of this type, the error itself among them.
pub fn cause<'e, E: std::error::Error + 'static>(
    error: &'e (dyn std::error::Error + 'static),
) -> Option<&'e E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// An error with its causes, each named once.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_and_controls_go() {
        let cleaner = Cleaner::default();
        assert_eq!(
            cleaner.line("a\x1b[31;1mred\x1b[0m\r\n\tb\0\u{202e}c\x1b"),
            "ared bc"
        );
        assert_eq!(cleaner.line("\x1b[31"), "");
    }

    #[test]
    fn secrets_go_in_whole_and_in_part() {
        let cleaner = Cleaner::new(["Bearer sk-123456", "a", "two  spaces"]);
        assert_eq!(
            cleaner.line("got Bearer sk-123456, key sk-123456; a"),
            "got ***, key ***; a"
        );
        assert_eq!(cleaner.line("sk-\x1b[0m123456"), "***");
        assert_eq!(cleaner.line("x two  spaces y"), "x *** y");
        assert!(!format!("{cleaner:?}").contains("123456"));
    }

    #[test]
    fn a_secret_cut_by_the_bound_is_hidden_first() {
        let cleaner = Cleaner::new(["supersecret"]);
        let text = format!("{}supersecret", "x".repeat(DETAIL_CHARS - 5));
        assert!(!cleaner.line(&text).contains("super"));
    }

    #[test]
    fn other_secrets_go_before_anything_is_cut_or_cleaned() {
        let mut cleaner = Cleaner::default();
        cleaner.add(["super  secret"]);
        let near = "x".repeat(DETAIL_CHARS - 8);
        assert!(
            !cleaner
                .line(&format!("{near} super  secret"))
                .contains("super")
        );
        // the rest of a body that is not looked at, behind what takes no room in a line
        let body = format!("a{}super  secret", " ".repeat(START - 10));
        assert_eq!(cleaner.line(&start_of(body.as_bytes())), "a ***…");
        let body = format!("a{}b", " ".repeat(START));
        assert_eq!(cleaner.line(&start_of(body.as_bytes())), "a…");
        assert_eq!(cleaner.text("a\nb super  secret"), "a\nb ***");
    }

    #[test]
    fn long_text_is_bounded_in_characters() {
        let line = Cleaner::default().line(&"ä".repeat(1000));
        assert_eq!(line.chars().count(), DETAIL_CHARS);
        assert!(line.ends_with('…'));
    }
}
