//! Whatever the text: the parser returns, its spans lie in the text, and nothing is
//! broken without a word about it.

mod syntax_support;

use proptest::prelude::*;
use scn::diagnostics::human;
use scn::source::Sources;
use syntax_support::{check, read};

const VALID: [&str; 5] = [
    include_str!("corpus/syntax/good_items.scn"),
    include_str!("corpus/syntax/good_names.scn"),
    include_str!("corpus/syntax/good_expressions.scn"),
    include_str!("corpus/syntax/good_strings.scn"),
    include_str!("corpus/syntax/good_numbers.scn"),
];

const TOKENS: [&str; 62] = [
    "a", "b_1", "scenario", "let ", "param ", "use ", "expect ", "warn ", "exclude ", "when ",
    "because ", "if ", "then ", "else ", "elif ", "for ", "in ", "and ", "or ", "not ", "extends ",
    "true", "none", "1", "2.5", "3 MB", "4%", "\"", "\"\"\"", "'", "${", "$${", "\\", "\\n", "{",
    "}", "[", "]", "(", ")", "=", "==", ":", ",", ";", ".", "+", "-", "*", "/", "//", "/*", "*/",
    "#", "##", "?", "!", "&&", "“", "\n", "  ", "é",
];

/// Words, numbers, blanks, and single signs.
fn tokens(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "(?s).{0,200}") {
        check(&text);
    }

    #[test]
    fn any_tokens(picks in prop::collection::vec(0..TOKENS.len(), 0..60)) {
        let text: String = picks.iter().map(|n| TOKENS[*n]).collect();
        check(&text);
    }

    #[test]
    fn changed_files(
        file in 0..VALID.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..3_u8, 0..TOKENS.len()), 1..4),
    ) {
        let mut parts: Vec<&str> = tokens(VALID[file]);
        for (place, change, token) in changes {
            let at = place.index(parts.len());
            match change {
                0 => { parts.remove(at); }
                1 => parts.insert(at, TOKENS[token]),
                _ => parts.insert(at, parts[at]),
            }
        }
        let text = parts.concat();
        check(&text);
        let (_, found) = read(&text);
        let mut sources = Sources::default();
        sources.add("a.scn", None, text.as_str());
        let shown = human::render(&sources, &found, &human::Options::default());
        prop_assert!(shown.is_empty() == found.is_empty());
    }
}
