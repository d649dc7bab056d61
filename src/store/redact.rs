//! Secret values, and their removal from everything that is written.

use serde_json::Value;

/// What stands where a secret stood.
pub const REDACTED: &str = "***";

/// Fields whose values are words of ours (`pass`, `real`, `s`): a secret that happens to be such
/// a word must not make the record unreadable, and the word says nothing about the secret.
const FIXED_FIELDS: [&str; 7] = [
    "verdict", "world", "level", "format", "unit", "event", "class",
];

/// Holds secret values and replaces them by `***` in whatever is written.
///
/// A value of four characters or more is replaced wherever it occurs, also as it looks inside
/// JSON and percent-encoded. A shorter one is replaced only where it stands as a whole word:
/// anywhere else it would shred every text, and hide nothing. White space alone is no secret.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret within another does not leave half of it.
    long: Vec<String>,
    short: Vec<String>,
}

impl Redactor {
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut redactor = Self::default();
        for secret in secrets {
            redactor.add(&secret);
        }
        redactor
    }

    /// Adds a secret value. Values are kept as they are and trimmed.
    pub fn add(&mut self, secret: &str) {
        let trimmed = secret.trim();
        if trimmed.is_empty() {
            return;
        }
        let mut forms = vec![secret.to_string(), trimmed.to_string()];
        forms.extend([in_json(trimmed), percent_encoded(trimmed)]);
        for form in forms {
            let list = if form.chars().count() < 4 {
                &mut self.short
            } else {
                &mut self.long
            };
            if !list.contains(&form) {
                list.push(form);
            }
        }
        self.long.sort_by_key(|form| std::cmp::Reverse(form.len()));
        self.short.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    pub fn is_empty(&self) -> bool {
        self.long.is_empty() && self.short.is_empty()
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut clean = text.to_string();
        for secret in &self.long {
            if clean.contains(secret.as_str()) {
                clean = clean.replace(secret.as_str(), REDACTED);
            }
        }
        for secret in &self.short {
            clean = replace_words(&clean, secret);
        }
        clean
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
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "Redactor({} secrets)",
            self.long.len() + self.short.len()
        )
    }
}

/// As the text looks between the quotes of a JSON string.
fn in_json(text: &str) -> String {
    let quoted = Value::String(text.to_string()).to_string();
    quoted[1..quoted.len() - 1].to_string()
}

fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn replace_words(text: &str, word: &str) -> String {
    let in_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(at) = rest.find(word) {
        let end = at + word.len();
        let previous = rest[..at].chars().next_back().or(before);
        let whole = !previous.is_some_and(in_word) && !rest[end..].starts_with(in_word);
        clean.push_str(&rest[..at]);
        clean.push_str(if whole { REDACTED } else { word });
        before = word.chars().next_back();
        rest = &rest[end..];
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn long_values_go_wherever_they_are() {
        let redactor = Redactor::new(["sk-\"quoted\" value".to_string(), "sk-\"q".to_string()]);
        assert_eq!(redactor.text("Bearer sk-\"quoted\" value."), "Bearer ***.");
        assert_eq!(
            redactor.text(r#"{"got": "sk-\"quoted\" value"}"#),
            r#"{"got": "***"}"#
        );
        assert_eq!(
            redactor.text("http://h/?key=sk-%22quoted%22%20value&x=1"),
            "http://h/?key=***&x=1"
        );
    }

    #[test]
    fn short_values_go_as_whole_words() {
        let redactor = Redactor::new(["abc".to_string()]);
        assert_eq!(
            redactor.text("abc abcd x_abc (abc)"),
            "*** abcd x_abc (***)"
        );
    }

    #[test]
    fn words_of_the_record_stay_readable() {
        let redactor = Redactor::new(["pass".to_string(), "case".to_string(), "s".to_string()]);
        let mut value = json!({"verdict": "pass", "case": "a pass", "unit": "s", "text": "1 s"});
        redactor.value(&mut value);
        assert_eq!(
            value,
            json!({"verdict": "pass", "case": "a ***", "unit": "s", "text": "1 ***"})
        );
    }

    #[test]
    fn nothing_prints_the_secrets() {
        let redactor = Redactor::new(["hunter22".to_string()]);
        assert!(!format!("{redactor:?}").contains("hunter22"));
    }

    proptest! {
        #[test]
        fn no_long_secret_is_left(
            secret in "[a-z/\"\\\\é ]{4,12}", before in ".{0,20}", after in ".{0,20}"
        ) {
            prop_assume!(secret.trim().chars().count() >= 4);
            let redactor = Redactor::new([secret.clone()]);
            let mut value = json!({"detail": [format!("{before}{secret}{after}")]});
            redactor.value(&mut value);
            let left = value["detail"][0].as_str().unwrap();
            prop_assert!(!left.contains(secret.trim()));
        }
    }
}
