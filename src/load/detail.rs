//! One safe line for people out of whatever came back: no secrets, no escapes, bounded.

/// The most characters a failure's detail has.
pub const DETAIL_CHARS: usize = 300;

/// A header value shorter than this is no secret worth the damage its removal would do.
const SHORTEST_SECRET: usize = 4;

/// Makes details: knows the values that must not be shown. Its `Debug` does not show them.
#[derive(Clone, Default)]
pub struct Cleaner {
    secrets: Vec<String>,
}

impl std::fmt::Debug for Cleaner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cleaner({} values)", self.secrets.len())
    }
}

impl Cleaner {
    /// Hides these values, and every word in them (`Bearer abc`: `abc` as well).
    pub fn new<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let mut secrets: Vec<String> = Vec::new();
        for value in values {
            secrets.push(value.to_owned());
            secrets.extend(value.split_whitespace().map(str::to_owned));
        }
        secrets.retain(|s| {
            s.len() >= SHORTEST_SECRET && !["Bearer", "Basic", "Token"].contains(&s.as_str())
        });
        // The longest first, so that a part does not break up the whole.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.len()));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` as one line of at most [`DETAIL_CHARS`] characters, without secrets, terminal
    /// escapes, control characters and characters that reorder or hide text.
    pub fn line(&self, text: &str) -> String {
        // Before as well as after: cleaning may join the halves of a secret, or change it.
        let clean = self.hide(&plain(&self.hide(text)));
        match clean.char_indices().nth(DETAIL_CHARS) {
            None => clean,
            Some(_) => {
                let mut short: String = clean.chars().take(DETAIL_CHARS - 1).collect();
                short.push('…');
                short
            }
        }
    }

    fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "[hidden]");
            }
        }
        text
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

/// The start of bytes from outside, as text for a detail; `(empty)` where there are none.
pub fn start_of(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "(empty)".to_owned();
    }
    let end = bytes.len().min(4 * DETAIL_CHARS);
    String::from_utf8_lossy(&bytes[..end]).into_owned()
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
            "got [hidden], key [hidden]; a"
        );
        assert_eq!(cleaner.line("sk-\x1b[0m123456"), "[hidden]");
        assert_eq!(cleaner.line("x two  spaces y"), "x [hidden] y");
        assert!(!format!("{cleaner:?}").contains("123456"));
    }

    #[test]
    fn a_secret_cut_by_the_bound_is_hidden_first() {
        let cleaner = Cleaner::new(["supersecret"]);
        let text = format!("{}supersecret", "x".repeat(DETAIL_CHARS - 5));
        assert!(!cleaner.line(&text).contains("super"));
    }

    #[test]
    fn long_text_is_bounded_in_characters() {
        let line = Cleaner::default().line(&"ä".repeat(1000));
        assert_eq!(line.chars().count(), DETAIL_CHARS);
        assert!(line.ends_with('…'));
    }
}
