//! What stands at a place of the text, as a message names it.

/// A token as a message shows it.
pub enum Found<'a> {
    Text(&'a str),
    EndOfLine,
    EndOfFile,
}

/// The token at or after a place, on its line: where it is, and what.
pub fn token_at(text: &str, at: usize) -> (usize, usize, Found<'_>) {
    let mut start = at.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let rest = &text[start..];
    let trimmed = rest.trim_start_matches([' ', '\t', '\r', '\u{A0}', '\u{FEFF}']);
    start += rest.len() - trimmed.len();
    let Some(first) = trimmed.chars().next() else {
        return (start, start, Found::EndOfFile);
    };
    if first == '\n' || first == '#' || trimmed.starts_with("//") {
        return (start, start, Found::EndOfLine);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let length = if is_word(first) {
        trimmed.find(|c: char| !is_word(c)).unwrap_or(trimmed.len())
    } else if first == '"' || first == '\'' {
        match trimmed[1..].find([first, '\n']) {
            Some(n) if trimmed[1 + n..].starts_with(first) => n + 2,
            Some(n) => n + 1,
            None => trimmed.len(),
        }
    } else {
        let pairs = [
            "=>", "=<", "->", "==", "<=", ">=", "!=", "&&", "||", "**", "::", "??", "++", ":=",
            "..", "<<", ">>",
        ];
        pairs
            .iter()
            .find(|p| trimmed.starts_with(**p))
            .map_or(first.len_utf8(), |p| p.len())
    };
    (start, start + length, Found::Text(&trimmed[..length]))
}

/// The end of what stands before a place on its line: where something is missing.
pub fn end_before(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    text.get(..at).map_or(at, |before| {
        before.trim_end_matches([' ', '\t', '\r']).len()
    })
}

/// Not more of a text than a message can carry, on one line; a character that cannot be
/// seen by its number.
pub fn shorten(text: &str) -> String {
    let mut chars = text.chars();
    if let (Some(only), None) = (chars.next(), chars.next())
        && (only.is_control()
            || only.is_whitespace()
            || "\u{200b}\u{200c}\u{200d}\u{2060}\u{feff}".contains(only))
    {
        return format!("U+{:04X}", only as u32);
    }
    let line = text.lines().next().unwrap_or("");
    if line.chars().count() <= 40 && line.len() == text.len() {
        return text.to_owned();
    }
    line.chars().take(40).chain(['…']).collect()
}
