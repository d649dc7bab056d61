//! What stands at a place of a document.

use super::names::{Names, Scope};
use super::walk::{Node, walk};
use crate::resolve::ModuleId;
use crate::source::{FileId, Span};

/// Something that is pointed at, with what it sees.
pub struct Pointed<'a> {
    pub node: Node<'a>,
    pub scope: Scope<'a>,
}

/// The innermost thing whose text holds the place, or ends at it.
pub fn pointed(
    names: Names<'_>,
    module: ModuleId,
    file: FileId,
    offset: usize,
) -> Option<Pointed<'_>> {
    let mut best: Option<Pointed<'_>> = None;
    walk(names, module, &mut |node, scope| {
        let span = node.span();
        let size = |span: Span| span.end - span.start;
        let nearer = |known: &Pointed<'_>| size(span) <= size(known.node.span());
        if span.file == file && holds(span, offset) && best.as_ref().is_none_or(nearer) {
            best = Some(Pointed {
                node,
                scope: scope.clone(),
            });
        }
    });
    best
}

/// Whether a place is in a text, or just behind it.
pub fn holds(span: Span, offset: usize) -> bool {
    (span.start as usize..=span.end as usize).contains(&offset)
}

/// The word around a place, as bytes from and to.
pub fn word(text: &str, offset: usize) -> (usize, usize) {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == 'µ';
    let before = text[..offset].trim_end_matches(part).len();
    let after = &text[offset..];
    let end = text.len() - after.trim_start_matches(part).len();
    (before, end)
}

/// Where a place stands among brackets, texts and comments.
#[derive(Debug, PartialEq, Eq)]
pub struct Around {
    /// The innermost bracket that is open.
    pub bracket: Option<char>,
    pub text: bool,
    pub comment: bool,
}

/// Reads the text up to a place.
pub fn around(text: &str, offset: usize) -> Around {
    let before = &text[..offset];
    let mut open = Vec::new();
    let mut rest = before;
    let state = |open: &[char], text, comment| Around {
        bracket: open.last().copied(),
        text,
        comment,
    };
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '#' => match rest.find('\n') {
                Some(end) => end,
                None => return state(&open, false, true),
            },
            '"' if rest.starts_with("\"\"\"") => match rest[3..].find("\"\"\"") {
                Some(end) => end + 6,
                None => return state(&open, true, false),
            },
            '"' | '\'' => match quoted(rest, c) {
                Some(end) => end,
                None => return state(&open, true, false),
            },
            '{' | '[' | '(' => {
                open.push(c);
                1
            }
            '}' | ']' | ')' => {
                open.pop();
                1
            }
            c => c.len_utf8(),
        };
        rest = &rest[skipped..];
    }
    state(&open, false, false)
}

/// How long a quoted text of one line is; none where it does not end.
fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            // it was never closed: what follows is not in it
            '\n' => return Some(at),
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_texts_and_comments_are_none() {
        let at = |text: &str| around(text, text.len());
        let is = |bracket, text, comment| Around {
            bracket,
            text,
            comment,
        };
        assert_eq!(at("a { # }\n"), is(Some('{'), false, false));
        assert_eq!(at("a { b = \"}\\\"}\" "), is(Some('{'), false, false));
        assert_eq!(at("a { b = ["), is(Some('['), false, false));
        assert_eq!(at("a { b = \"x"), is(Some('{'), true, false));
        assert_eq!(at("a = \"\"\" } \n"), is(None, true, false));
        assert_eq!(at("a { } # x"), is(None, false, true));
        assert_eq!(at("a = '}' "), is(None, false, false));
    }

    #[test]
    fn a_word_has_both_ends() {
        assert_eq!(word("ab.cd_1 = 2", 5), (3, 7));
        assert_eq!(word("a = ", 4), (4, 4));
    }
}
