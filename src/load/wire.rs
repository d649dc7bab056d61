//! The JSON of an answer, typed and borrowed from the bytes it came in.

use crate::load::lenient::mend;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::ops::Deref;

/// One event of a stream, or a whole plain answer: they differ in `delta` and `message` only.
#[derive(Debug, Deserialize)]
pub struct Chunk<'a> {
    #[serde(borrow, default)]
    pub choices: Option<Vec<Choice<'a>>>,
    #[serde(default)]
    pub usage: Option<Usage>,
    /// Errors as OpenAI's API has them: an object of their own.
    #[serde(default)]
    error: Option<Value>,
    /// Flat errors, which some servers send, say `"object": "error"`.
    #[serde(borrow, default)]
    object: Option<Text<'a>>,
}

impl<'a> Chunk<'a> {
    /// Reads the JSON of an event or of a plain answer.
    ///
    /// # Errors
    /// It is no JSON, or not of this shape.
    pub fn read(json: &'a [u8]) -> serde_json::Result<Self> {
        match std::str::from_utf8(json) {
            // Checked as a whole, its many short strings need no check of their own, which
            // would cost more than the rest of their parsing.
            Ok(text) => serde_json::from_str(text),
            // Good enough where only fields are broken that nobody reads; else the error says where.
            Err(_) => serde_json::from_slice(json),
        }
    }

    /// As [`Chunk::read`], and also what servers write that is not quite JSON (see
    /// [`lenient`](super::lenient)); `room` then holds the text.
    ///
    /// # Errors
    /// As [`Chunk::read`].
    pub fn read_lenient(json: &'a [u8], room: &'a mut Vec<u8>) -> serde_json::Result<Self> {
        match Self::read(json) {
            Err(error) => match mend(json) {
                Some(mended) => {
                    *room = mended;
                    Self::read(room).map_err(|_| error)
                }
                None => Err(error),
            },
            chunk => chunk,
        }
    }

    /// Whether it says nothing that a chunk or an answer says.
    pub fn is_foreign(&self) -> bool {
        let named = |name: &str| name.contains("completion");
        self.choices.is_none() && self.usage.is_none() && !self.object.as_deref().is_some_and(named)
    }

    /// Whether this is an error object instead of an answer.
    pub fn is_error(&self) -> bool {
        self.error.is_some() || self.object.as_deref() == Some("error")
    }
}

#[derive(Debug, Deserialize)]
pub struct Choice<'a> {
    #[serde(default)]
    pub index: Option<u64>,
    #[serde(borrow, default)]
    pub delta: Option<Message<'a>>,
    #[serde(borrow, default)]
    pub message: Option<Message<'a>>,
    /// The completions API.
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub finish_reason: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
pub struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<Text<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    reasoning: Option<Text<'a>>,
    #[serde(default)]
    pub tool_calls: Option<Vec<IgnoredAny>>,
    #[serde(default)]
    pub function_call: Option<IgnoredAny>,
}

impl Message<'_> {
    /// The answer's text; a refusal is one. Empty where there is none.
    pub fn content(&self) -> &str {
        filled(&self.content, &self.refusal)
    }

    /// The reasoning's text: some servers send it under both names, so one is taken.
    pub fn reasoning(&self) -> &str {
        filled(&self.reasoning_content, &self.reasoning)
    }
}

fn filled<'m>(first: &'m Option<Text<'_>>, second: &'m Option<Text<'_>>) -> &'m str {
    match first {
        Some(text) if !text.is_empty() => text,
        _ => second.as_deref().unwrap_or(""),
    }
}

#[derive(Debug, Deserialize)]
pub struct Usage {
    #[serde(default, deserialize_with = "count")]
    pub prompt_tokens: Option<u64>,
    #[serde(default, deserialize_with = "count")]
    pub completion_tokens: Option<u64>,
}

/// No answer and no prompt has more tokens: a larger number is a server's mistake, and one of them
/// would be the whole of every mean.
const MOST_TOKENS: u64 = 1_000_000_000;

/// A count of tokens, which some servers write as `11.0`.
fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(number) = Option::<serde_json::Number>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let whole = |n: &f64| n.fract() == 0.0 && (0.0..9e15).contains(n);
    let count = number
        .as_u64()
        .or_else(|| number.as_f64().filter(whole).map(|n| n as u64))
        .filter(|count| *count <= MOST_TOKENS);
    count
        .map(Some)
        .ok_or_else(|| serde::de::Error::custom(format_args!("{number} is no count of tokens")))
}

/// A string borrowed from the input where it has no escapes. (serde's own `borrow` does not
/// reach through `Option<Cow<str>>`, so each would be allocated.)
#[derive(Debug)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// What an error object says, nested (`{"error": {"message": …}}`) or flat (`{"message": …}`);
/// none where it is no JSON object.
pub fn describe_error(bytes: &[u8]) -> Option<String> {
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let error = match value.get("error") {
        Some(Value::Null) | None => &value,
        Some(error) => error,
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(text) = text(error) {
        return Some(text);
    }
    let message = error.get("message").and_then(text);
    let kind = error.get("type").and_then(text);
    let code = error.get("code").and_then(text);
    let Some(message) = message else {
        return Some(error.to_string());
    };
    let more: Vec<String> = [kind, code].into_iter().flatten().collect();
    Some(match more.is_empty() {
        true => message,
        false => format!("{message} ({})", more.join(", ")),
    })
}
