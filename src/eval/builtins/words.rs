//! Whether a text has a word. A number is had whole: 4 is not in "14", nor in "4.5", "-4" or "4,500".

/// Behind which a minus before a digit is a sign; behind others it is a dash: "2-4", "page-4".
const BEFORE_A_SIGN: &str = "([{=:,;<>|*$\"'`";

/// Whether the text has the word, in any case of letters.
pub fn has(text: &str, word: &str) -> bool {
    let (text, word) = (plain(text), plain(word));
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let signed = word
        .strip_prefix('-')
        .is_some_and(|w| digit(w.chars().next()));
    let (starts, ends) = (digit(word.chars().next()), digit(word.chars().next_back()));
    let mut from = 0;
    while let Some(at) = text[from..].find(&word).map(|at| from + at) {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        let dash = signed && !sign_may_follow(before);
        let begun = starts && (goes_on(before.chars().rev()) || ends_with_a_sign(before));
        let ended = ends && goes_on(behind.chars());
        if !(dash || begun || ended) {
            return true;
        }
        // a number begins with a digit or a minus, which are one byte, or ends with one
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// The text in small letters, with one kind of minus and without signs of thousands.
fn plain(text: &str) -> String {
    let text = text.to_lowercase().replace('\u{2212}', "-");
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out += &rest[..at];
        let run = digits_and_commas(&rest[at..]);
        match of_thousands(run) && !goes_on(out.chars().rev()) {
            true => out.extend(run.chars().filter(|c| *c != ',')),
            false => out += run,
        }
        rest = &rest[at + run.len()..];
    }
    out + rest
}

/// What a text begins with of digits, and of commas between them.
fn digits_and_commas(text: &str) -> &str {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let end = (0..bytes.len()).find(|at| !(digit(*at) || bytes[*at] == b',' && digit(at + 1)));
    &text[..end.unwrap_or(bytes.len())]
}

/// Whether the commas of "1,234,567" are signs of thousands; "4,5,6" and "0,100,200" are lists.
fn of_thousands(run: &str) -> bool {
    match run.split_once(',') {
        Some((first, rest)) => {
            first.len() <= 3 && !first.starts_with('0') && rest.split(',').all(|g| g.len() == 3)
        }
        None => false,
    }
}

/// Whether a number goes on with these characters: a digit, or a point and a digit.
fn goes_on(mut next: impl Iterator<Item = char>) -> bool {
    match next.next() {
        Some('.') => next.next().is_some_and(|c| c.is_ascii_digit()),
        Some(c) => c.is_ascii_digit(),
        None => false,
    }
}

/// Whether the number behind this text is below 0.
fn ends_with_a_sign(before: &str) -> bool {
    before.strip_suffix('-').is_some_and(sign_may_follow)
}

/// Whether a minus behind this text is a sign.
fn sign_may_follow(before: &str) -> bool {
    let last = before.chars().next_back();
    last.is_none_or(|c| c.is_whitespace() || BEFORE_A_SIGN.contains(c))
}

#[cfg(test)]
mod tests {
    use super::has;
    use proptest::collection::vec;
    use proptest::prelude::*;

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
            "0.5,4.5",
            "1.2.4",
            "1.4.2",
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
        assert!(has("4%", "4") && has("1-4-2024", "4"));
    }

    #[test]
    fn a_comma_goes_on_with_thousands_alone() {
        for part in ["4,5,6", "1,2,34,5", "5,100", "0,100,5", "5,1234", "1.5,2,5"] {
            assert!(has(part, "5") == (part != "5,100"), "{part}");
        }
        for word in ["4", "500", "50", "1", "4.500"] {
            assert!(!has("It is 4,500.", word), "{word}");
        }
        for text in [
            "It is 4,500.",
            "4500",
            "(4,500)",
            "4,500, not 3",
            "-5 or 4,500%",
        ] {
            assert!(has(text, "4,500") && has(text, "4500"), "{text}");
        }
        for text in ["14,500", "4,500,000", "4,5001", "1.4,500", "4,500.5"] {
            assert!(!has(text, "4500"), "{text}");
        }
        assert!(has("1,234,567", "1234567"));
        assert!(has("0,100,200", "100") && has("1.5,200,300", "200"));
        assert!(has("1000,200", "200") && has("1,2,345", "345"));
    }

    #[test]
    fn a_sign_is_part_of_a_number() {
        for text in [
            "-4",
            "is -4",
            "(-4)",
            "x=-4",
            "x:-4",
            "[-4]",
            "1,-4",
            "**-4**",
            "\u{2212}4",
        ] {
            assert!(!has(text, "4"), "{text}");
            assert!(has(text, "-4") && has(text, "\u{2212}4"), "{text}");
        }
        for text in [
            "2-4",
            "page-4",
            "A-4",
            "f(x)-4",
            "2\u{2212}4",
            "2 - 4",
            "--4",
        ] {
            assert!(has(text, "4"), "{text}");
            assert!(!has(text, "-4"), "{text}");
        }
        assert!(!has("is -45", "-4") && !has("is -4.5", "-4"));
        assert!(has("is -4,500", "-4500") && !has("is -4,500", "4500"));
        assert!(has("2-4 or -4", "-4"));
    }

    proptest! {
        /// In a list of numbers each is found, and none that it does not have.
        #[test]
        fn numbers_of_a_list_are_found(
            numbers in vec((-120i32..120, 0usize..4), 1..6),
            word in -120i32..120,
        ) {
            let text: String = numbers
                .iter()
                .map(|(number, how)| format!("{number}{}", [",", ", ", " and ", "; "][*how]))
                .collect();
            // a list without blanks may be taken for one of thousands
            let plain = numbers.iter().all(|(number, how)| *how > 0 || number.abs() < 100);
            prop_assume!(plain);
            let there = numbers.iter().any(|(number, _)| *number == word);
            prop_assert_eq!(has(&text, &word.to_string()), there, "{} in {}", word, text);
        }
    }
}
