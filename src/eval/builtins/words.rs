//! Whether a text has a word. A number is had whole: 4 is not in "14", nor in "4.5" or "1,420".

/// Whether the text has the word, in any case of letters.
pub fn has(text: &str, word: &str) -> bool {
    let (text, word) = (text.to_lowercase(), word.to_lowercase());
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let (starts, ends) = (digit(word.chars().next()), digit(word.chars().next_back()));
    let mut from = 0;
    while let Some(at) = text[from..].find(&word).map(|at| from + at) {
        let before = starts && goes_on(text[..at].chars().rev());
        let behind = ends && goes_on(text[at + word.len()..].chars());
        if !before && !behind {
            return true;
        }
        // a number begins with a digit, which is one byte, or ends with one
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// Whether a number goes on with these characters: a digit, or a point or comma and a digit.
fn goes_on(mut next: impl Iterator<Item = char>) -> bool {
    match next.next() {
        Some('.' | ',') => next.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_ascii_digit(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::has;

    #[test]
    fn words_are_parts_of_a_text() {
        assert!(has("It is Oslo.", "oslo"));
        assert!(has("Hellos", "hello"));
        assert!(has("", ""));
        assert!(!has("Oslo", "Bergen"));
        assert!(has("Ölß 7 ölß", "ÖLß"));
    }

    #[test]
    fn numbers_are_whole() {
        for text in [
            "14 is it",
            "41",
            "1420",
            "4.5",
            "3.4",
            "1,420 and 4,200",
            "x4y4 0.4",
        ] {
            let word = if text.starts_with('x') { "0" } else { "4" };
            assert!(!has(text, word), "{text}");
        }
        for text in ["4", "It is 4.", "4, 2", "(4)", "14 or 4", "4th", "x4"] {
            assert!(has(text, "4"), "{text}");
        }
        assert!(has("1.50 EUR", "1.50"));
        assert!(!has("1.505 EUR", "1.50"));
        assert!(!has("route 66a 667", "66b"));
        assert!(has("A 42 b", "a 42"));
        assert!(!has("a 420 b", "a 42"));
    }
}
