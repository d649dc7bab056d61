//! What can be said of a text before anything is evaluated: kinds and attributes against the
//! schema, and names against what is in scope.

mod consequences;
mod names;
mod reasons;
mod shape;
mod torn;
mod unused;

pub use consequences::{SEVERAL_SERVERS, surely_mended, without_consequences};
pub use names::modules_of;
pub use shape::{is_binding_word, is_child, is_whole, meant_kind, nameless, unknown_kind};
pub use unused::{names_in, names_of};

use crate::diagnostics::Diagnostic;
use crate::resolve::Program;

/// Checks all files that users wrote: the root files, and those that they use.
pub fn check(program: &Program) -> Vec<Diagnostic> {
    check_first(program, usize::MAX).0
}

/// The same, of whose findings about blocks the first are kept, and how many were not.
pub fn check_first(program: &Program, most: usize) -> (Vec<Diagnostic>, usize) {
    let (mut found, dropped) = shape::check(program, most);
    found.extend(names::check(program));
    found.extend(unused::check(program));
    found.extend(reasons::check(program));
    (found, dropped)
}

/// Longer names are compared with nothing.
const LONGEST_NAME: usize = 100;

/// So many names are compared with one; of a place with more, the first.
const MOST_COMPARED: usize = 500;

/// The nearest of the candidates by edit distance, where one is near enough to be meant.
pub fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_of_all(text, candidates.take(MOST_COMPARED))
}

/// The same, however many candidates there are.
pub fn nearest_of_all<'a>(
    text: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let letters = text.chars().count();
    // no name is meant by so many letters, and to compare them takes their square
    if letters > LONGEST_NAME {
        return None;
    }
    let limit = match letters {
        0..=3 => 1,
        n => (n / 3).max(2),
    };
    let a = text.to_lowercase();
    let plain = joined(&a);
    candidates
        .filter(|candidate| candidate.len() <= 4 * LONGEST_NAME)
        .filter(|candidate| may_be_near(&a, candidate, limit))
        .map(|candidate| {
            let b = candidate.to_lowercase();
            let distance = strsim::damerau_levenshtein(&a, &b);
            // what only stands apart by `_` is nearer than its letters say
            let joined = joined(&b);
            let distance = distance.min(1 + strsim::damerau_levenshtein(&plain, &joined));
            // one is the other with more behind it: `req` for `requests`
            let begins = a.len() >= 3 && (b.starts_with(&a) || a.starts_with(&b) && b.len() >= 3);
            (
                if begins {
                    distance.min(limit)
                } else {
                    distance
                },
                // of those as near, one in which no letter is another
                !within(&plain, &joined),
                candidate,
            )
        })
        // where half of the letters are others, another word was meant
        .filter(|(distance, _, candidate)| {
            let longer = letters.max(candidate.chars().count());
            let shares = 2 * *distance < longer || *distance == 1 && longer == 2;
            *distance <= limit && shares && *candidate != text
        })
        .min()
        .map(|(_, _, candidate)| candidate)
}

/// A name without what only parts its words.
fn joined(name: &str) -> String {
    name.chars().filter(|c| *c != '_').collect()
}

/// Whether all letters of a name stand in another, in their order.
fn within(name: &str, other: &str) -> bool {
    let mut letters = other.chars();
    name.chars().all(|c| letters.any(|other| other == c))
}

/// Whether a look at the lengths does not rule out that two names are near: most names are not, and
/// to compare their letters takes a hundred times as long.
fn may_be_near(text: &str, candidate: &str, limit: usize) -> bool {
    let (a, b) = (text.len(), candidate.len());
    let begins = || {
        let (short, long) = if a < b {
            (text, candidate)
        } else {
            (candidate, text)
        };
        let head = long.as_bytes().get(..short.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(short.as_bytes()))
    };
    // letters of several bytes are told apart by the comparison itself
    let plain = text.is_ascii() && candidate.is_ascii();
    !plain || a.abs_diff(b) <= limit || begins()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn what_is_near_shares_most_of_its_letters() {
        let near = |text, known: &[&'static str]| nearest(text, known.iter().copied());
        assert_eq!(near("foo", &["to", "format"]), None);
        assert_eq!(near("cmd", &["pid", "engine"]), None);
        assert_eq!(near("x", &["s", "m"]), None);
        assert_eq!(near("fase", &["phase"]), Some("phase"));
        assert_eq!(near("load", &["lets"]), None);
        assert_eq!(near("ot", &["to"]), Some("to"));
        assert_eq!(near("ulr", &["url"]), Some("url"));
        assert_eq!(near("req", &["requests"]), Some("requests"));
        assert_eq!(near("ttftt", &["ttft"]), Some("ttft"));
        assert_eq!(near("concurency", &["concurrency"]), Some("concurrency"));
        let models = ["llama_2_70b", "llama_3_1_70b", "llama_3_1_8b"];
        assert_eq!(near("llama3_70b", &models), Some("llama_3_1_70b"));
    }
}
