//! Messages as they travel: a `Content-Length` header, an empty line, then JSON.

use serde_json::Value;
use std::io::{self, BufRead, Read, Write};

/// The longest body that is read, in bytes; a longer one is skipped.
const LONGEST: u64 = 256 << 20;

/// The longest line of a header, in bytes.
const LONGEST_LINE: u64 = 8 << 10;

/// What came.
pub enum Received {
    Message(Value),
    /// Something that is no message, and why; what comes after it can be read.
    Broken(String),
}

/// The next message; none where the stream has ended, be it in the middle of one.
pub fn read(input: &mut impl BufRead) -> io::Result<Option<Received>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        input.take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if line.is_empty() {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        // other headers, and what is none, say nothing that matters
        if let Some((name, value)) = line.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = Some(value.trim().parse::<u64>());
        }
    }
    let broken = |why: String| Ok(Some(Received::Broken(why)));
    let length = match length {
        Some(Ok(length)) => length,
        Some(Err(_)) => return broken("`Content-Length` is no number".into()),
        None => return broken("a message without a `Content-Length`".into()),
    };
    if length > LONGEST {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return broken(format!(
            "a message of {length} bytes; {LONGEST} are the most"
        ));
    }
    let mut body = Vec::new();
    // grows as bytes come: a length alone takes no memory
    input.take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Ok(None);
    }
    match serde_json::from_slice(&body) {
        Ok(message) => Ok(Some(Received::Message(message))),
        Err(error) => broken(format!("not JSON: {error}")),
    }
}

/// Writes one message whole.
pub fn write(output: &mut impl Write, body: &str) -> io::Result<()> {
    write!(output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(mut input: &[u8]) -> Vec<Result<Value, String>> {
        let mut out = Vec::new();
        while let Some(one) = read(&mut input).unwrap() {
            out.push(match one {
                Received::Message(message) => Ok(message),
                Received::Broken(why) => Err(why),
            });
        }
        out
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut stream = Vec::new();
        for message in [json!({ "a": "ü🦀" }), json!([1])] {
            write(&mut stream, &message.to_string()).unwrap();
        }
        assert_eq!(all(&stream), [Ok(json!({ "a": "ü🦀" })), Ok(json!([1]))]);
    }

    #[test]
    fn reading_goes_on_after_what_is_no_message() {
        let stream = b"rubbish\r\n\r\nContent-Length: x\r\n\r\nContent-Length: 3\r\n\r\n{a}\
            content-length:2\nOther: 1\n\n{}Content-Length: 9\r\n\r\n{}";
        let read = all(stream);
        assert_eq!(read.len(), 4, "{read:?}");
        assert!(read[..3].iter().all(Result::is_err), "{read:?}");
        assert_eq!(read[3], Ok(json!({})));
    }
}
