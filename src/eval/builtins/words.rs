//! Whether a text has a word. A number is had whole: 4 is not in "14", nor in "4.5", "-4", "4,500" or
//! "4e3"; how many zeros its fraction ends with, and what parts its thousands, are the writer's.

/// Behind which a minus before a digit is a sign; behind others it is a dash: "2-4", "page-4".
const BEFORE_A_SIGN: &str = "([{=:,;<>|*$\"'`";

/// What parts thousands and nothing else: the blanks at which no line is broken, and thin ones.
const OF_THOUSANDS: &str = "\u{a0}\u{2007}\u{2009}\u{202f}";

/// A text in which words are looked for.
pub struct Plain {
    text: String,
    /// With each blank that may be of thousands taken for one: "12 345" may be two numbers, too.
    whole: String,
}

impl Plain {
    pub fn new(text: &str) -> Self {
        let text = folded(text);
        Self {
            whole: in_thousands(&text, true),
            text: in_thousands(&text, false),
        }
    }

    /// Whether the text has the word, in any case of letters.
    pub fn has(&self, word: &str) -> bool {
        let word = Self::new(word);
        found(&self.text, &word.text) || found(&self.whole, &word.whole)
    }
}

fn found(text: &str, word: &str) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let signed = word
        .strip_prefix('-')
        .is_some_and(|w| digit(w.chars().next()));
    let (starts, ends) = (digit(word.chars().next()), digit(word.chars().next_back()));
    let mut from = 0;
    while let Some(at) = text[from..].find(word).map(|at| from + at) {
        let (before, behind) = (&text[..at], &text[at + word.len()..]);
        let dash = signed && !sign_may_follow(before);
        let begun = starts && (is_begun(before) || ends_with_a_sign(before));
        let ended = ends && goes_on(without_zeros(word, behind));
        if !(dash || begun || ended) {
            return true;
        }
        // a number begins with a digit or a minus, which are one byte, or ends with one
        from = at + text[at..].chars().next().map_or(1, char::len_utf8);
    }
    false
}

/// The text with one form of each letter ("STRASSE" is "straße"), one minus and one apostrophe.
fn folded(text: &str) -> String {
    // to small ones by way of capitals, of which there are fewer: `ß` has two, and both `σ` one
    let same = |c: char| {
        let small = c.to_lowercase().flat_map(char::to_uppercase);
        small.flat_map(char::to_lowercase)
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2212}' => out.push('-'),
            '\u{2018}' | '\u{2019}' | '\u{2bc}' => out.push('\''),
            c if c.is_ascii() => out.push(c.to_ascii_lowercase()),
            // a letter of its own, though its capital is that of `i`
            'ı' => out.push(c),
            c => out.extend(same(c)),
        }
    }
    out
}

/// The text without signs of thousands. A blank is one for sure before a zero; `blanks`: elsewhere,
/// too.
fn in_thousands(text: &str, blanks: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        out += &rest[..at];
        let digits = digits_and(None, &rest[at..]);
        let sign = rest[at + digits.len()..].chars().next();
        let sign = sign.filter(|c| matches!(c, ',' | ' ') || OF_THOUSANDS.contains(*c));
        let run = digits_and(sign, &rest[at..]);
        let sure = sign != Some(' ') || blanks || run.contains(" 0");
        let taken = match sign {
            Some(sign) if sure && of_thousands(run, sign) && !is_begun(&out) => {
                out.extend(run.chars().filter(char::is_ascii_digit));
                run
            }
            // "1,2,345" is a list to its end; of what blanks part each may have thousands
            Some(',') => {
                out += run;
                run
            }
            _ => {
                out += digits;
                digits
            }
        };
        rest = &rest[at + taken.len()..];
    }
    out + rest
}

/// What a text begins with of digits, and of the sign between them.
fn digits_and(sign: Option<char>, text: &str) -> &str {
    let mut end = 0;
    let mut rest = text;
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return &text[..end];
        }
        end = text.len() - rest.len() + digits;
        rest = match sign.and_then(|sign| rest[digits..].strip_prefix(sign)) {
            Some(rest) => rest,
            None => return &text[..end],
        };
    }
}

/// Whether the signs of "1,234,567" are of thousands; "4,5,6" and "0,100,200" are lists.
fn of_thousands(run: &str, sign: char) -> bool {
    match run.split_once(sign) {
        Some((first, rest)) => {
            first.len() <= 3 && !first.starts_with('0') && rest.split(sign).all(|g| g.len() == 3)
        }
        None => false,
    }
}

/// What follows the number at a word's end, without the zeros that end its fraction: in "3.50" that
/// is nothing behind 3.5, and in "4.0" nothing behind 4.
fn without_zeros<'a>(word: &str, behind: &'a str) -> &'a str {
    let digits = |c: char| c.is_ascii_digit();
    let whole = word.trim_end_matches(digits);
    let zeros = match whole.strip_suffix('.') {
        // the last part of a version is no fraction
        Some(before) => match before.trim_end_matches(digits).ends_with('.') {
            true => return behind,
            false => behind,
        },
        None => match behind.strip_prefix('.') {
            Some(fraction) if fraction.starts_with('0') => fraction,
            _ => return behind,
        },
    };
    zeros.trim_start_matches('0')
}

/// Whether a number goes on with this: a digit, a point and a digit, or an exponent.
fn goes_on(behind: &str) -> bool {
    let digit = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let exponent = |text: &str| digit(text.strip_prefix(['+', '-']).unwrap_or(text));
    digit(behind)
        || behind.strip_prefix('.').is_some_and(digit)
        || behind.strip_prefix('e').is_some_and(exponent)
}

/// Whether digits behind this text go on with a number of it.
fn is_begun(before: &str) -> bool {
    let digit = |text: &str| text.ends_with(|c: char| c.is_ascii_digit());
    let mantissa = before.strip_suffix(['+', '-']).unwrap_or(before);
    digit(before)
        || before.strip_suffix('.').is_some_and(digit)
        || mantissa.strip_suffix('e').is_some_and(digit)
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
    use super::Plain;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn has(text: &str, word: &str) -> bool {
        Plain::new(text).has(word)
    }

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

    #[test]
    fn letters_have_many_forms() {
        for (text, word) in [
            ("STRASSE", "straße"),
            ("die Straße", "STRASSE"),
            ("GROẞE", "große"),
            ("ΟΔΟΣ", "οδος"),
            ("ο οδός", "ΟΔΌΣ"),
            ("It’s", "it's"),
            ("it's", "It‘s"),
            ("the ﬁrst", "FIRST"),
        ] {
            assert!(has(text, word), "{word} in {text}");
        }
        assert!(!has("ısı", "isi") && !has("Strase", "straße"));
    }

    #[test]
    fn zeros_end_a_fraction() {
        for text in ["3.50", "3.5", "3.500 EUR", "is 3.50.", "1 or 3.50"] {
            assert!(has(text, "3.5"), "{text}");
        }
        for text in [
            "3.505", "3.50.1", "3.5.0", "13.50", "3.05", "3.50e2", "3.05",
        ] {
            assert!(!has(text, "3.5"), "{text}");
        }
        assert!(has("4.0", "4") && has("4.00 m", "4") && has("-4.0", "-4"));
        assert!(!has("4.01", "4") && !has("4.0.1", "4") && !has("40", "4"));
        // a word has the zeros that it is written with: 3.10 is another version than 3.1
        assert!(!has("3.1", "3.10") && has("3.10", "3.10"));
        assert!(!has("1.2.30", "1.2.3"));
    }

    #[test]
    fn blanks_part_thousands() {
        for blank in [" ", "\u{a0}", "\u{2009}", "\u{202f}"] {
            let text = format!("about 10{blank}000, or 1{blank}234{blank}567.5");
            for word in ["10000", "10,000", "10 000", "1234567.5"] {
                assert!(has(&text, word), "{word} in {text}");
            }
            for word in ["10", "000", "0", "1000", "1234567", "5"] {
                assert!(!has(&text, word), "{word} in {text}");
            }
        }
        // one number, or two
        assert!(has("12 345", "12345") && has("12 345", "12") && has("12 345", "345"));
        assert!(!has("12\u{202f}345", "12") && has("12\u{202f}345", "12345"));
        assert!(!has("2024 500", "2024500") && !has("1 23", "123") && !has("7 1234", "71234"));
        assert!(has("1 2 345,678", "345678") && has("99 100 101 7", "101"));
        assert!(has("In 2024 10 000 came", "10000") && has("12345", "12 345"));
    }

    #[test]
    fn an_exponent_is_part_of_a_number() {
        for text in ["4e3", "4E3", "4e-3", "4e+3", "1.4e3", "4.0e3"] {
            assert!(!has(text, "4") && !has(text, "3"), "{text}");
        }
        assert!(has("4e3", "4E3") && has("4 e3", "4") && has("4eur", "4") && has("4e", "4"));
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
