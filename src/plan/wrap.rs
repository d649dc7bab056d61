//! Text laid out in a given width.

use console::measure_text_width;

/// Lines of at most `width` columns, broken at blanks; a longer word stays whole, so that paths
/// can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    packed(text.split_whitespace().map(str::to_string), width)
}

/// Lines of words that are never broken.
pub(super) fn packed(words: impl IntoIterator<Item = String>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if measure_text_width(line) + 1 + measure_text_width(&word) <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The text with blanks up to `width` columns.
pub(super) fn padded(text: &str, width: usize) -> String {
    format!(
        "{text}{}",
        " ".repeat(width.saturating_sub(measure_text_width(text)))
    )
}

/// The widest of some labels, but not above `most`.
pub(super) fn widest<'a>(labels: impl IntoIterator<Item = &'a str>, most: usize) -> usize {
    labels
        .into_iter()
        .map(measure_text_width)
        .max()
        .unwrap_or(0)
        .min(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_long_words_stay_whole() {
        assert_eq!(
            wrap("one two  three\nfour", 9),
            ["one two", "three", "four"]
        );
        assert_eq!(
            wrap("a /a/very/long/path b", 6),
            ["a", "/a/very/long/path", "b"]
        );
        assert_eq!(wrap("", 6), Vec::<String>::new());
        assert_eq!(wrap("漢字 漢字", 8), ["漢字", "漢字"]);
        assert_eq!(padded("漢", 4), "漢  ");
    }
}
