//! Secret values, and their removal from everything that is written, in whatever form they stand
//! there (see `forms`). The only place that knows how.

mod base64;
mod forms;
mod stream;
#[cfg(test)]
mod tests;

use forms::Ends;
use serde_json::Value;
pub use stream::Stream;

/// What stands where a secret stood.
pub const REDACTED: &str = "***";

/// Shorter values are no secrets, in characters: `1` of a number of threads stands everywhere.
const SHORTEST: usize = 4;

/// Values of switches: whoever sets a variable to one of them hides nothing.
const PLAIN: [&str; 8] = [
    "true", "false", "none", "null", "auto", "default", "disabled", "enabled",
];

/// Fields whose values are words of ours (`pass`, `real`, `s`): a secret that happens to be such
/// a word must not make the record unreadable, and the word says nothing about the secret.
const FIXED_FIELDS: [&str; 7] = [
    "verdict", "world", "level", "format", "unit", "event", "class",
];

/// Holds secret values and replaces them by `***` in whatever is written.
///
/// A value of four characters or more is replaced wherever it occurs, whichever of its characters
/// are escaped as in JSON, percent-encoded or written as HTML (by name or number), in base64 and in
/// hexadecimal. A shorter one, and a plain word (`true`), stays: it would shred every text, and hide
/// nothing. White space around a value is not part of it.
#[derive(Clone, Default)]
pub struct Redactor {
    secrets: Vec<Secret>,
    /// Which secrets may begin with each byte; none before the first secret.
    starts: Vec<Vec<usize>>,
    /// One of them begins with a backslash.
    slash_first: bool,
}

#[derive(Clone, PartialEq)]
struct Secret {
    chars: Vec<char>,
}

/// Of a text, what was looked through.
struct Looked {
    shown: Vec<u8>,
    /// From here on it may be a secret's beginning.
    until: usize,
}

impl Redactor {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.add(&secret);
        }
        redactor
    }

    /// Adds a secret value, if it is one.
    pub fn add(&mut self, secret: &str) {
        let secret = secret.trim();
        let plain = PLAIN.iter().any(|word| secret.eq_ignore_ascii_case(word));
        if plain || secret.chars().count() < SHORTEST {
            return;
        }
        self.add_text(secret, true);
        if !secret.is_ascii() {
            // as it looks to who takes its bytes for Latin-1
            self.add_text(&secret.bytes().map(char::from).collect::<String>(), true);
        }
        let hex = |digits: fn(&u8) -> String| secret.as_bytes().iter().map(digits).collect();
        let hex = [
            hex(|byte| format!("{byte:02x}")),
            hex(|byte| format!("{byte:02X}")),
        ];
        for part in base64::parts(secret.as_bytes()).into_iter().chain(hex) {
            // nobody escapes its letters
            self.add_text(&part, false);
        }
    }

    /// Adds a text; `escaped`: also its first letter may be.
    fn add_text(&mut self, text: &str, escaped: bool) {
        let chars: Vec<char> = text.chars().collect();
        let Some(first) = chars.first().copied() else {
            return;
        };
        let secret = Secret { chars };
        if self.secrets.contains(&secret) {
            return;
        }
        self.slash_first |= first == '\\';
        self.starts.resize(256, Vec::new());
        for byte in forms::first_bytes(first) {
            if escaped || !first.is_ascii_alphanumeric() || u32::from(first) == u32::from(byte) {
                self.starts[usize::from(byte)].push(self.secrets.len());
            }
        }
        self.secrets.push(secret);
    }

    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_string();
        }
        let shown = self.look(text.as_bytes(), false).shown;
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// As [`Redactor::text`], of the beginning of a text: where it ends with what may be the
    /// beginning of a secret, that goes as well.
    pub fn beginning(&self, text: &str) -> String {
        if self.is_empty() {
            return text.to_string();
        }
        let looked = self.look(text.as_bytes(), true);
        let mut shown = String::from_utf8_lossy(&looked.shown).into_owned();
        let left = String::from_utf8_lossy(&text.as_bytes()[looked.until..]);
        match left.chars().count() < SHORTEST {
            true => shown.push_str(&left),
            false => shown.push_str(REDACTED),
        }
        shown
    }

    /// Removes secrets from every string and key within a JSON value.
    pub fn value(&self, value: &mut Value) {
        if self.is_empty() {
            return;
        }
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                let old = std::mem::take(fields);
                for (key, mut item) in old {
                    // serde's field names are ours; names of metrics and parameters may hold anything
                    if !(FIXED_FIELDS.contains(&key.as_str()) && item.is_string()) {
                        self.value(&mut item);
                    }
                    let key = if self.shields(&key) {
                        key
                    } else {
                        self.text(&key)
                    };
                    fields.insert(key, item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Whether a key is one of the record's own field names, which stay whatever the secrets are.
    fn shields(&self, key: &str) -> bool {
        key.len() <= 32 && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    }

    /// Looks a text through. Where more comes, it stops at what may be the beginning of a secret.
    fn look(&self, text: &[u8], more_comes: bool) -> Looked {
        let mut shown = Vec::with_capacity(text.len());
        let mut room = Room::default();
        // shown is what lies before `copied`
        let (mut at, mut copied) = (0, 0);
        let begins = |byte: &u8| !self.starts[usize::from(*byte)].is_empty();
        while let Some(next) = text[at..].iter().position(begins) {
            at += next;
            let mut longest = None;
            let mut cut = false;
            for secret in &self.starts[usize::from(text[at])] {
                let secret = &self.secrets[*secret];
                let end = secret.find(text, at, &mut room, &mut cut);
                longest = longest.max(end);
            }
            if cut && more_comes {
                shown.extend_from_slice(&text[copied..at]);
                return Looked { shown, until: at };
            }
            match longest {
                // what fails behind all backslashes fails behind the last few as well
                None if !self.slash_first => at += forms::slashes(&text[at..]).max(1),
                None => at += 1,
                Some(end) => {
                    shown.extend_from_slice(&text[copied..at]);
                    shown.extend_from_slice(REDACTED.as_bytes());
                    (at, copied) = (end, end);
                }
            }
        }
        shown.extend_from_slice(&text[copied..]);
        Looked {
            shown,
            until: text.len(),
        }
    }
}

/// Room for places in a text, used again and again.
#[derive(Default)]
struct Room {
    now: Vec<usize>,
    next: Ends,
}

impl Secret {
    /// The end of the secret that begins at `at`, in the longest way of reading it. Sets `cut`
    /// where the text is over before that is known.
    fn find(&self, text: &[u8], at: usize, room: &mut Room, cut: &mut bool) -> Option<usize> {
        room.now.clear();
        room.now.push(at);
        for c in &self.chars {
            room.next.found.clear();
            for at in &room.now {
                forms::find(*c, text, *at, &mut room.next);
            }
            *cut |= std::mem::take(&mut room.next.cut);
            if room.next.found.is_empty() {
                return None;
            }
            room.next.found.sort_unstable();
            room.next.found.dedup();
            std::mem::swap(&mut room.now, &mut room.next.found);
        }
        room.now.last().copied()
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} texts)", self.secrets.len())
    }
}
