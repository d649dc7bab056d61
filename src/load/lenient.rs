//! JSON as some servers write it though JSON has no such thing: numbers that are none, and half
//! of a character. Read only where strict reading failed.

use std::borrow::Cow;

/// The text with `NaN` and `Infinity` as `false`, which only a field that nobody reads takes, and
/// lone surrogates in strings as U+FFFD; none where nothing of this is in it.
pub(super) fn mend(json: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(json.len() + 8);
    let mut rest = json;
    let mut in_string = false;
    let mut mended = false;
    while let Some(&byte) = rest.first() {
        let (taken, put): (usize, Cow<'_, [u8]>) = match byte {
            b'\\' if in_string => match escape(rest) {
                (taken, true) => (taken, Cow::Borrowed(&rest[..taken])),
                (taken, false) => (taken, Cow::Borrowed(br"\ufffd")),
            },
            b'N' | b'I' | b'-' if !in_string => match no_number(rest) {
                Some(taken) => (taken, Cow::Borrowed(b"false")),
                None => (1, Cow::Borrowed(&rest[..1])),
            },
            _ => (1, Cow::Borrowed(&rest[..1])),
        };
        in_string ^= byte == b'"';
        mended |= *put != rest[..taken];
        out.extend_from_slice(&put);
        rest = &rest[taken..];
    }
    mended.then_some(out)
}

fn no_number(rest: &[u8]) -> Option<usize> {
    [&b"NaN"[..], b"Infinity", b"-Infinity", b"-NaN"]
        .into_iter()
        .find(|word| rest.starts_with(word))
        .map(<[u8]>::len)
}

/// How long the escape at the start is, and whether it is a character: two halves are one.
fn escape(rest: &[u8]) -> (usize, bool) {
    match unit(rest) {
        Some(0xD800..0xDC00) => match unit(&rest[6..]) {
            Some(0xDC00..0xE000) => (12, true),
            _ => (6, false),
        },
        Some(0xDC00..0xE000) => (6, false),
        _ => (rest.len().min(2), true),
    }
}

/// The number of a `\u` escape at the start.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(br"\u")?.get(..4)?;
    let text = std::str::from_utf8(digits).ok()?;
    text.bytes().all(|b| b.is_ascii_hexdigit()).then_some(())?;
    u16::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(json: &str) -> Option<String> {
        mend(json.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn what_is_no_json_becomes_json() {
        let cases = [
            (
                r#"{"a":NaN,"b":[-Infinity,Infinity,-1]}"#,
                r#"{"a":false,"b":[false,false,-1]}"#,
            ),
            (
                r#"["\ud83d","\ude00x","\ud83d\ud83d\ude00"]"#,
                r#"["\ufffd","\ufffdx","\ufffd\ud83d\ude00"]"#,
            ),
            (r#"["NaN",NaN,"\"NaN"]"#, r#"["NaN",false,"\"NaN"]"#),
        ];
        for (json, good) in cases {
            assert_eq!(mended(json).as_deref(), Some(good));
        }
        for same in [
            r#"{"a":"\ud83d\ude00 \\ud83d -Infinity","b":-1}"#,
            "{",
            r#""\"#,
            r#""\ud83"#,
            "",
        ] {
            assert_eq!(mended(same), None, "{same}");
        }
    }
}
