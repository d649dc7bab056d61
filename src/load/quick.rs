//! A quick reading of the event that comes thousands of times: a chunk that says one piece of
//! text and nothing else a record keeps.
//!
//! Whatever is not exactly that (an escape, a usage, a finish reason, a tool call, bad JSON) is
//! left to serde, which knows the whole format and needs more instructions for it. What is
//! read here serde reads alike, except that it refuses fields that come twice.

use memchr::memchr;

/// How deep a value that nobody reads may be nested here; deeper ones are left to serde.
const DEPTH: u8 = 4;

/// The text of the chunk's only choice, number 0; none where the chunk is to be read by serde.
pub fn only_text(json: &[u8]) -> Option<&str> {
    // One look at all bytes, many at a time: from here on a string ends with the next quote.
    let special = |b: u8| (b < b' ') | (b == b'\\');
    if json.iter().fold(false, |any, b| any | special(*b)) || std::str::from_utf8(json).is_err() {
        return None;
    }
    let mut cursor = Cursor(json);
    let mut text = None;
    cursor.object(|cursor, name| match name {
        b"choices" => {
            cursor.eat(b'[')?;
            choice(cursor, &mut text)?;
            cursor.eat(b']')
        }
        b"error" | b"usage" => cursor.word(b"null"),
        b"object" => (cursor.string()? != b"error").then_some(()),
        _ => cursor.skip(DEPTH),
    })?;
    match cursor.peek() {
        None => std::str::from_utf8(text?).ok(),
        Some(_) => None,
    }
}

fn choice<'a>(cursor: &mut Cursor<'a>, text: &mut Option<&'a [u8]>) -> Option<()> {
    cursor.object(|cursor, name| match name {
        b"index" => cursor.word(b"0"),
        b"text" => cursor.only_string(text),
        b"delta" => cursor.object(|cursor, name| match name {
            b"content" => cursor.only_string(text),
            b"refusal" | b"reasoning_content" | b"reasoning" | b"tool_calls" | b"function_call" => {
                cursor.word(b"null")
            }
            _ => cursor.skip(DEPTH),
        }),
        b"message" | b"finish_reason" => cursor.word(b"null"),
        _ => cursor.skip(DEPTH),
    })
}

/// What is still to be read. Every method takes its part off, or says that this is not it.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// The next byte that is no space, which is left where it is; none at the end.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.0 {
                [b' ', rest @ ..] => self.0 = rest,
                [byte, ..] => return Some(*byte),
                [] => return None,
            }
        }
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.0 = &self.0[1..])
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.peek()?;
        self.0 = self.0.strip_prefix(word)?;
        Some(())
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        self.eat(b'"')?;
        let end = memchr(b'"', self.0)?;
        let string = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(string)
    }

    fn only_string(&mut self, into: &mut Option<&'a [u8]>) -> Option<()> {
        match into.replace(self.string()?) {
            None => Some(()),
            Some(_) => None,
        }
    }

    fn integer(&mut self) -> Option<()> {
        self.peek()?;
        let digits = self.0.strip_prefix(b"-").unwrap_or(self.0);
        let end = digits.iter().position(|b| !b.is_ascii_digit())?;
        // A zero at the start is the whole number; what follows a number the caller looks at.
        if end == 0 || (end > 1 && digits[0] == b'0') {
            return None;
        }
        self.0 = &digits[end..];
        Some(())
    }

    /// An object; `field` takes off the value of the field that it is told.
    fn object(&mut self, mut field: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.eat(b'{')?;
        if self.eat(b'}').is_some() {
            return Some(());
        }
        loop {
            let name = self.string()?;
            self.eat(b':')?;
            field(self, name)?;
            if self.eat(b',').is_none() {
                return self.eat(b'}');
            }
        }
    }

    fn array(&mut self, depth: u8) -> Option<()> {
        self.eat(b'[')?;
        if self.eat(b']').is_some() {
            return Some(());
        }
        loop {
            self.skip(depth)?;
            if self.eat(b',').is_none() {
                return self.eat(b']');
            }
        }
    }

    /// Any value that nobody reads.
    fn skip(&mut self, depth: u8) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b'{' if depth > 0 => self.object(|cursor, _| cursor.skip(depth - 1)),
            b'[' if depth > 0 => self.array(depth - 1),
            b'n' => self.word(b"null"),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            _ => self.integer(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::only_text;
    use crate::load::wire::Chunk;
    use proptest::prelude::*;

    /// As vLLM, SGLang, llama-server, the completions API and the built-in engine send them.
    const ORDINARY: [&str; 5] = [
        r#"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hä"},"logprobs":null,"finish_reason":null,"token_ids":null}]}"#,
        r#"{"id":"1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":null,"content":"Hä","reasoning_content":null,"tool_calls":null},"logprobs":null,"finish_reason":null,"matched_stop":null}],"usage":null}"#,
        r#"{"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Hä"}}],"created":1,"id":"c","model":"m","system_fingerprint":"b1-a","object":"chat.completion.chunk"}"#,
        r#" { "object": "text_completion", "choices": [ { "index": 0, "text": "Hä", "stop": [1, {}] } ] } "#,
        r#"{"choices":[{"index":0,"delta":{"content":"Hä"}}],"scn":{"due_ns":13173251413628,"sent_ns":-1,"x":[true,false,[]]}}"#,
    ];

    #[test]
    fn ordinary_chunks_are_read_quickly() {
        for json in ORDINARY {
            assert_eq!(only_text(json.as_bytes()), Some("Hä"), "{json}");
        }
    }

    #[test]
    fn what_says_more_is_left_to_serde() {
        let delta = |delta: &str| format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#);
        let others = [
            delta(r#"{"content":"a\n"}"#),
            delta(r#"{"content":null}"#),
            delta(r#"{"content":"a","reasoning":"b"}"#),
            delta(r#"{"content":"a","tool_calls":[]}"#),
            delta(r#"{"content":"a","content":"b"}"#),
            delta(r#"{"content":"a"},"finish_reason":"stop""#),
            delta(r#"{"content":"a"}"#).replace(":0", ":1"),
            r#"{"choices":[]}"#.into(),
            r#"{"choices":[{"text":"a"},{"text":"b","index":1}]}"#.into(),
            r#"{"choices":[{"text":"a"}],"usage":{"completion_tokens":1}}"#.into(),
            r#"{"choices":[{"text":"a"}],"error":"broken"}"#.into(),
            r#"{"choices":[{"text":"a"}],"object":"error"}"#.into(),
            r#"{"choices":[{"text":"a"}],"x":01}"#.into(),
            r#"{"choices":[{"text":"a"}],"x":NaN}"#.into(),
            r#"{"choices":[{"text":"a"}],"x":-Infinity}"#.into(),
            r#"{"choices":[{"text":"\ud83d"}]}"#.into(),
            r#"{"detail":"a"}"#.into(),
            r#"{"choices":[{"text":"a"}]} {}"#.into(),
            format!(
                r#"{{"choices":[{{"text":"a"}}],"x":{}"#,
                "[".repeat(100_000)
            ),
        ];
        for json in others {
            assert_eq!(only_text(json.as_bytes()), None, "{json:.200}");
        }
    }

    proptest! {
        /// Chunks with a piece cut out and another put in: what is read, serde reads alike.
        #[test]
        fn what_is_read_serde_reads_alike(
            which in 0..ORDINARY.len(),
            from in any::<prop::sample::Index>(),
            cut in 0..6_usize,
            put in prop_oneof![
                Just(String::new()),
                "[\\[\\]{},:\"0-9 ntf\\\\.eE+-]{0,3}",
                Just("null".to_owned()),
                Just(r#""a""#.to_owned()),
                Just(r#","error":{}"#.to_owned()),
                Just(r#","finish_reason":"stop""#.to_owned()),
            ],
        ) {
            let mut json = ORDINARY[which].as_bytes().to_vec();
            let from = from.index(json.len());
            let to = (from + cut).min(json.len());
            json.splice(from..to, put.into_bytes());
            if let Some(text) = only_text(&json) {
                let chunk = Chunk::read(&json).expect("serde reads it too");
                prop_assert!(!chunk.is_error() && chunk.usage.is_none());
                let choices = chunk.choices.expect("choices");
                prop_assert_eq!(choices.len(), 1);
                let choice = &choices[0];
                prop_assert_eq!(choice.index.unwrap_or(0), 0);
                prop_assert!(choice.finish_reason.is_none() && choice.message.is_none());
                let delta = choice.delta.as_ref();
                let message = delta.map_or("", |delta| delta.content());
                prop_assert_eq!(choice.text.as_deref().unwrap_or(message), text);
                prop_assert!(delta.is_none_or(|delta| delta.reasoning().is_empty()
                    && delta.tool_calls.is_none() && delta.function_call.is_none()));
            }
        }
    }
}
