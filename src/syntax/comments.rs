//! Where the comments of a text are, also of one with mistakes.

use crate::diagnostics::{Diagnostic, Fix};
use std::cell::OnceCell;
use std::ops::Range;

/// What is open at a place.
#[derive(Clone, Copy, PartialEq)]
enum Open {
    /// A string, and the quote that closes it.
    Text(&'static str),
    /// `${` in a string.
    Interpolation,
    Brace,
}

/// Takes away the repairs that would lose a comment which stands between what they join.
pub(super) fn kept(text: &str, found: &mut [Diagnostic]) {
    let all = OnceCell::new();
    let keeps = |fix: &Fix| {
        fix.edits.iter().all(|(span, new)| {
            let place = span.start as usize..span.end as usize;
            let old = &text[place.clone()];
            if !old.contains('#') || !old.contains('\n') {
                return true;
            }
            let all = all.get_or_init(|| comments(text));
            let first = all.partition_point(|one| one.start < place.start);
            let mut inside = all[first..].iter().take_while(|one| one.end <= place.end);
            inside.all(|one| new.contains(&text[one.clone()]))
        })
    };
    for one in found {
        one.fixes.retain(keeps);
    }
}

/// The comments of a text, in order: from `#` to the end of the line, in bytes. Takes time in
/// proportion to the text.
pub fn comments(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        let inside = match open.last() {
            Some(Open::Text(quote)) => Some(*quote),
            _ => None,
        };
        at += match (inside, rest[0]) {
            (_, b'\n') => {
                // strings of one line end with it, whether or not they are closed
                let of_line = |o: &Open| matches!(o, Open::Text(quote) if quote.len() == 1);
                if let Some(first) = open.iter().position(of_line) {
                    open.truncate(first);
                }
                1
            }
            (Some(quote), _) if rest.starts_with(quote.as_bytes()) => {
                open.pop();
                quote.len()
            }
            (Some("'"), _) => 1,
            (Some(_), b'\\') if rest.get(1) != Some(&b'\n') => 2,
            (Some(_), b'$') if rest.starts_with(b"$${") => 3,
            (Some(_), b'$') if rest.starts_with(b"${") => {
                open.push(Open::Interpolation);
                2
            }
            (Some(_), _) => 1,
            (None, b'#') => {
                let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                found.push(at..at + end);
                end
            }
            (None, b'"') => {
                let quote = if rest.starts_with(b"\"\"\"") {
                    "\"\"\""
                } else {
                    "\""
                };
                open.push(Open::Text(quote));
                quote.len()
            }
            (None, b'\'') => {
                open.push(Open::Text("'"));
                1
            }
            (None, b'{') => {
                // those of blocks matter nothing
                if !open.is_empty() {
                    open.push(Open::Brace);
                }
                1
            }
            (None, b'}') => {
                open.pop();
                1
            }
            (None, _) => 1,
        };
    }
    found
}

#[cfg(test)]
mod tests {
    use super::comments;

    fn of(text: &str) -> Vec<&str> {
        comments(text).into_iter().map(|at| &text[at]).collect()
    }

    #[test]
    fn comments_are_not_in_strings() {
        assert_eq!(of("a = 1 # one\n# two\r\n"), ["# one", "# two\r"]);
        assert_eq!(of("a = \"# no\" # yes"), ["# yes"]);
        assert_eq!(of("a = '# no\\' # yes"), ["# yes"]);
        assert_eq!(of("a = \"\"\"\n# no \"\n\"\"\" # yes"), ["# yes"]);
        assert_eq!(of("a = \"\\\"# no\" # yes"), ["# yes"]);
        assert_eq!(of("a = \"${ { b = \"}# no\" } } # no\" # yes"), ["# yes"]);
        assert_eq!(of("a = \"$${ # no\" # yes"), ["# yes"]);
    }

    #[test]
    fn no_repair_loses_a_comment() {
        let repairs = |text: &str| -> usize {
            let (_, found) = crate::syntax::parse(crate::source::FileId(0), text);
            found.iter().map(|one| one.fixes.len()).sum()
        };
        assert_eq!(repairs("let a = [1 < 2 < 3]\n"), 1);
        assert_eq!(repairs("let a = [1 < 2 # one\n < 3]\n"), 0);
        assert_eq!(repairs("let a = [7 # one\n % 3]\n"), 0);
    }

    #[test]
    fn a_string_of_one_line_that_is_not_closed_ends_with_it() {
        assert_eq!(of("a = \"x # no\nb = 1 # yes"), ["# yes"]);
        assert_eq!(of("a = \"x ${ \" # no\nb # yes"), ["# yes"]);
        assert_eq!(of("}}} # yes\n\\"), ["# yes"]);
    }
}
