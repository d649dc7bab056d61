//! Server-sent events, read piece by piece: bytes in, events out, however they were cut.

use memchr::memchr2;

/// One event; its data lines are joined with `\n`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The `event:` field; empty where there was none.
    pub name: &'a [u8],
    pub data: &'a [u8],
    /// False where the stream ended before the blank line that closes an event.
    pub closed: bool,
}

/// A line or an event grew beyond the parser's limit, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line or event of the stream is longer than {0} bytes")]
pub struct TooLong(pub usize);

/// An incremental parser. Lines end with `\n`, `\r\n` or `\r`; comments (`: ping`), `id` and
/// `retry` are passed over, as are a byte order mark at the start and unknown fields. Its
/// buffers are kept between events, so that an event costs no allocation.
#[derive(Debug)]
pub struct SseParser {
    /// The start of a line whose end has not come yet.
    line: Vec<u8>,
    fields: Fields,
    /// The last piece ended with `\r`: a `\n` at the start of the next belongs to it.
    after_cr: bool,
    limit: usize,
}

#[derive(Debug, Default)]
struct Fields {
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    begun: bool,
}

impl SseParser {
    /// A parser that takes lines and events of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            fields: Fields::default(),
            after_cr: false,
            limit,
        }
    }

    /// Takes the next bytes and hands every event they complete to `sink`.
    pub fn push(&mut self, bytes: &[u8], mut sink: impl FnMut(Event<'_>)) -> Result<(), TooLong> {
        let mut rest = bytes;
        if self.after_cr
            && let Some(first) = rest.first()
        {
            self.after_cr = false;
            if *first == b'\n' {
                rest = &rest[1..];
            }
        }
        while let Some(at) = memchr2(b'\n', b'\r', rest) {
            if self.line.len() + at > self.limit {
                return Err(TooLong(self.limit));
            }
            if self.line.is_empty() {
                self.fields.line(&rest[..at], &mut sink);
            } else {
                self.line.extend_from_slice(&rest[..at]);
                self.fields.line(&self.line, &mut sink);
                self.line.clear();
            }
            if self.fields.data.len() > self.limit {
                return Err(TooLong(self.limit));
            }
            let cr = rest[at] == b'\r';
            rest = &rest[at + 1..];
            if cr {
                match rest.first() {
                    None => self.after_cr = true,
                    Some(b'\n') => rest = &rest[1..],
                    Some(_) => {}
                }
            }
        }
        if self.line.len() + rest.len() > self.limit {
            return Err(TooLong(self.limit));
        }
        self.line.extend_from_slice(rest);
        Ok(())
    }

    /// The stream is over: hands out an event that no blank line had closed, if there is one.
    pub fn finish(mut self, mut sink: impl FnMut(Event<'_>)) {
        if !self.line.is_empty() {
            self.fields.line(&self.line, &mut sink);
        }
        self.fields.hand_out(false, &mut sink);
    }
}

impl Fields {
    fn line(&mut self, line: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        let mut line = line;
        if !self.begun {
            self.begun = true;
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return self.hand_out(true, sink);
        }
        let (field, value) = match line.iter().position(|b| *b == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.has_data = true;
                self.data.extend_from_slice(value);
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // A comment (no field name), `id`, `retry`, or a field nobody knows.
            _ => {}
        }
    }

    fn hand_out(&mut self, closed: bool, sink: &mut impl FnMut(Event<'_>)) {
        if self.has_data {
            sink(Event {
                name: &self.name,
                data: &self.data,
                closed,
            });
        }
        self.name.clear();
        self.data.clear();
        self.has_data = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (String, String, bool);

    fn parse(pieces: &[&[u8]]) -> Vec<Owned> {
        let mut events = Vec::new();
        let mut sink = |e: Event<'_>| {
            events.push((
                String::from_utf8_lossy(e.name).into_owned(),
                String::from_utf8_lossy(e.data).into_owned(),
                e.closed,
            ));
        };
        let mut parser = SseParser::new(1 << 20);
        for piece in pieces {
            parser.push(piece, &mut sink).unwrap();
        }
        parser.finish(&mut sink);
        events
    }

    fn data(text: &str) -> Vec<String> {
        parse(&[text.as_bytes()])
            .into_iter()
            .map(|(_, data, _)| data)
            .collect()
    }

    #[test]
    fn line_ends_and_spaces() {
        for end in ["\n", "\r\n", "\r"] {
            let text = "data: a|data:b||data:  c||".replace('|', end);
            assert_eq!(data(&text), ["a\nb", " c"], "with {end:?}");
        }
    }

    #[test]
    fn comments_pings_and_unknown_fields_are_no_events() {
        let text = ": ping\n\nid: 7\nretry: 10\nx: y\ndata: a\n: between\ndata: b\n\n:\n\n";
        assert_eq!(data(text), ["a\nb"]);
    }

    #[test]
    fn byte_order_mark_only_at_the_start() {
        assert_eq!(data("\u{feff}data: a\n\n"), ["a"]);
        assert_eq!(data("data: a\n\n\u{feff}data: b\n\n"), ["a"]);
    }

    #[test]
    fn names_and_a_missing_last_blank_line() {
        let events = parse(&[b"event: error\ndata: a\n\ndata: b"]);
        assert_eq!(
            events,
            [
                ("error".into(), "a".into(), true),
                (String::new(), "b".into(), false),
            ]
        );
        assert_eq!(data("data"), [""]);
        assert!(data("").is_empty());
        assert!(data("event: x\n\n").is_empty());
    }

    #[test]
    fn cr_and_lf_in_different_pieces_are_one_line_end() {
        let events = parse(&[b"data: a\r", b"", b"\ndata: b\r", b"\n\r", b"\n"]);
        assert_eq!(events, [(String::new(), "a\nb".into(), true)]);
    }

    #[test]
    fn too_long_lines_and_events_are_refused() {
        let none = |_: Event<'_>| {};
        assert!(SseParser::new(8).push(b"data: 123456789", none).is_err());
        assert!(
            SseParser::new(8)
                .push(b"data: 123456789\n\n", none)
                .is_err()
        );
        let mut parser = SseParser::new(8);
        parser.push(b"data: 1", none).unwrap();
        assert!(parser.push(b"23456789", none).is_err());
        let mut parser = SseParser::new(8);
        assert_eq!(
            parser.push(b"data:1234\ndata:1234\ndata:1\n", none),
            Err(TooLong(8))
        );
    }

    /// Bytes that look like a stream, with everything that may be cut badly.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just("data: ".as_bytes().to_vec()),
            Just("data".as_bytes().to_vec()),
            Just("event: e".as_bytes().to_vec()),
            Just(": ping".as_bytes().to_vec()),
            Just("\n".as_bytes().to_vec()),
            Just("\r".as_bytes().to_vec()),
            Just("\r\n".as_bytes().to_vec()),
            Just("\n\n".as_bytes().to_vec()),
            Just("\u{feff}".as_bytes().to_vec()),
            Just("{\"x\":\"äö😀\"}".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..4),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            bytes in stream(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
        ) {
            let whole = parse(&[&bytes]);
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            at.extend([0, bytes.len()]);
            at.sort_unstable();
            let pieces: Vec<&[u8]> = at.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(&parse(&pieces), &whole);
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&parse(&single), &whole);
        }
    }
}
