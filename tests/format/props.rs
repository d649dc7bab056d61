//! Whatever the program: its tree and its comments stay.

use super::checked;
use super::programs::program;
use proptest::prelude::*;

const VALID: [&str; 7] = [
    include_str!("../corpus/syntax/good_items.scn"),
    include_str!("../corpus/syntax/good_names.scn"),
    include_str!("../corpus/syntax/good_expressions.scn"),
    include_str!("../corpus/syntax/good_strings.scn"),
    include_str!("../corpus/syntax/good_numbers.scn"),
    include_str!("../corpus/syntax/good_layout.scn"),
    include_str!("../corpus/syntax/good_docs.scn"),
];

const TOKENS: [&str; 26] = [
    " ", "\n", "\n\n", ",", "# c", "## d", "\n# e\n", "\n## f\n", "(", ")", "[", "]", "{", "}",
    "-", "not ", "1", "x", "= ", "\"", "and ", "if ", "else ", "\\\n", "\t", ".",
];

/// Words, numbers, blanks, and single signs.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = match is_word(first) {
            true => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            false => first.len_utf8(),
        };
        out.push(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// Comments of random programs have numbers.
fn comments(text: &str) -> Vec<&str> {
    let starts = text.match_indices("#c");
    let ends = |n: usize| text[n..].find(['\r', '\n']).map_or(text.len(), |e| n + e);
    starts.map(|(n, _)| text[n..ends(n)].trim_end()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs(seed in prop::collection::vec(any::<u8>(), 0..400)) {
        let text = program(&seed);
        let formatted = checked(&text);
        prop_assert!(formatted.is_some(), "{text}\n{:#?}", super::read(&text).1);
        let formatted = formatted.unwrap_or_default();
        prop_assert_eq!(comments(&text), comments(&formatted));
        for line in formatted.lines() {
            let code = line.split('#').next().unwrap_or("");
            prop_assert!(code.trim_end() == code || line.contains('#'), "{line:?}");
        }
    }

    #[test]
    fn changed_files(
        file in 0..VALID.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..4_u8, 0..TOKENS.len()), 1..4),
    ) {
        let mut parts = pieces(VALID[file]);
        for (place, change, token) in changes {
            let at = place.index(parts.len());
            match change {
                0 => { parts.remove(at); }
                1 => parts.insert(at, parts[at]),
                _ => parts.insert(at, TOKENS[token]),
            }
        }
        let text = parts.concat();
        checked(&text);
    }
}
