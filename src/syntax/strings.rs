//! From the pieces of a string as written to its parts: escapes replaced, and in `"""`
//! the first newline and the common indentation dropped.

use super::ast::{Expr, StrPart};

/// A piece of a string, before indentation is dropped.
pub enum Piece {
    /// As written.
    Written(String),
    /// What an escape stands for: not part of the layout.
    Escaped(String),
    Interpolation(Expr),
}

/// What an escape sequence stands for, or why it stands for nothing.
pub fn unescape(written: &str) -> Result<String, &'static str> {
    match written {
        "$${" => return Ok("${".to_owned()),
        "\\n" => return Ok("\n".to_owned()),
        "\\t" => return Ok("\t".to_owned()),
        "\\r" => return Ok("\r".to_owned()),
        "\\\"" => return Ok("\"".to_owned()),
        "\\\\" => return Ok("\\".to_owned()),
        _ => {}
    }
    if let Some(hex) = written
        .strip_prefix("\\u{")
        .and_then(|h| h.strip_suffix('}'))
    {
        let code = u32::from_str_radix(hex, 16)
            .ok()
            .filter(|_| !hex.starts_with('+'));
        return code.and_then(char::from_u32).map(String::from).ok_or(
            "between the braces stands a character's number in hexadecimal, as in `\\u{e9}`",
        );
    }
    Err(
        "the escapes are `\\n`, `\\t`, `\\r`, `\\\"`, `\\\\`, `\\u{…}`, and `$${` for `${`; a string in `'…'` has none, and no `${…}`",
    )
}

/// The parts of a string of one line.
pub fn join(pieces: Vec<Piece>) -> Vec<StrPart> {
    let mut parts: Vec<StrPart> = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Interpolation(expr) => parts.push(StrPart::Interpolation(expr)),
            Piece::Written(text) | Piece::Escaped(text) if text.is_empty() => {}
            Piece::Written(text) | Piece::Escaped(text) => match parts.last_mut() {
                Some(StrPart::Text(before)) => before.push_str(&text),
                _ => parts.push(StrPart::Text(text)),
            },
        }
    }
    parts
}

/// The parts of a `"""` string.
pub fn dedent(mut pieces: Vec<Piece>) -> Vec<StrPart> {
    for piece in &mut pieces {
        if let Piece::Written(text) = piece {
            *text = text.replace("\r\n", "\n");
        }
    }
    let indent = common_indent(&pieces);
    let last = pieces.len().saturating_sub(1);
    for (n, piece) in pieces.iter_mut().enumerate() {
        if let Piece::Written(text) = piece {
            let mut out = String::with_capacity(text.len());
            for (line_number, line) in text.split('\n').enumerate() {
                if line_number == 0 {
                    out.push_str(line);
                    continue;
                }
                out.push('\n');
                let blank = line.chars().take_while(|c| *c == ' ' || *c == '\t').count();
                out.push_str(&line[blank.min(indent)..]);
            }
            // The line of the closing quotes is not part of the text.
            if n == last
                && let Some(end) = out.rfind('\n')
                && out[end + 1..].trim_matches([' ', '\t']).is_empty()
            {
                out.truncate(end + 1);
            }
            *text = out;
        }
    }
    if let Some(Piece::Written(text)) = pieces.first_mut()
        && let Some(n) = text.find('\n')
        && text[..n].trim_matches([' ', '\t']).is_empty()
    {
        text.drain(..=n);
    }
    join(pieces)
}

fn common_indent(pieces: &[Piece]) -> usize {
    let mut common = usize::MAX;
    for (n, piece) in pieces.iter().enumerate() {
        let Piece::Written(text) = piece else {
            continue;
        };
        let mut lines = text.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            // A line of blanks counts only if something follows on it.
            let goes_on = lines.peek().is_none() && n + 1 < pieces.len();
            if indent < line.len() || goes_on {
                common = common.min(indent);
            }
        }
    }
    if common == usize::MAX { 0 } else { common }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(written: &str) -> String {
        match dedent(vec![Piece::Written(written.to_owned())]).as_slice() {
            [StrPart::Text(text)] => text.clone(),
            [] => String::new(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn indentation_in_common_is_dropped() {
        assert_eq!(
            text("\n    one\n      two\n\n    three\n  "),
            "one\n  two\n\nthree\n"
        );
        assert_eq!(text("one\n  two"), "one\ntwo");
        assert_eq!(text("\r\n  a\r\n  b\r\n"), "a\nb\n");
        assert_eq!(text(""), "");
    }

    #[test]
    fn an_escaped_newline_starts_no_line() {
        let pieces = vec![
            Piece::Written("\n  a".to_owned()),
            Piece::Escaped("\n".to_owned()),
            Piece::Written("b\n  c".to_owned()),
        ];
        assert_eq!(dedent(pieces), [StrPart::Text("a\nb\nc".to_owned())]);
    }

    #[test]
    fn escapes() {
        assert_eq!(unescape("\\n").as_deref(), Ok("\n"));
        assert_eq!(unescape("\\u{1F600}").as_deref(), Ok("😀"));
        assert_eq!(unescape("$${").as_deref(), Ok("${"));
        assert!(unescape("\\u{110000}").is_err());
        assert!(unescape("\\u{+e9}").is_err());
        assert!(unescape("\\q").is_err());
    }
}
