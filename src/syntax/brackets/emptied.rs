//! Blocks and lists that close at once though their lines stand below, as an editor that writes
//! both brackets leaves them: `phase a {}`, its statements further in, and a `}` as far in as it.
//! The first closer is taken out, so that what stands below is read as it was meant.

use super::lines::{BLANKS, block_head, first_word, is_attribute};
use super::others::is_balanced;
use super::said::MOST_SAID;
use super::straight::straighten;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};

/// A line that ends with an opener and its closer.
struct Emptied {
    indent: usize,
    bracket: Bracket,
    /// The mark of its opener, which that of its closer follows.
    opener: usize,
    /// A line further in stands below.
    goes_on: bool,
}

/// Opens again what was closed at once, and says it.
pub(super) fn open_again(file: FileId, text: &str, scan: &mut Scan) {
    if !(0..scan.marks.len()).any(|n| ends_empty(text, &scan.marks, n)) {
        return;
    }
    let Some(straight) = straighten(text, &scan.marks) else {
        return;
    };
    let mut found = found(text, &straight);
    found.truncate(MOST_SAID.saturating_sub(scan.found.len()));
    if found.is_empty() {
        return;
    }
    for (opener, closer) in &found {
        let mark = &scan.marks[opener + 1];
        scan.patches.push(Patch::replace(mark.at, mark.at + 1, " "));
        let at = |n: usize| scan.marks[n].at;
        scan.found
            .push(said(file, text, at(*opener), at(opener + 1), at(*closer)));
    }
    let mut gone = found
        .iter()
        .map(|(opener, _)| opener + 1)
        .collect::<Vec<_>>();
    gone.sort_unstable();
    let mut n = 0;
    scan.marks.retain(|_| {
        n += 1;
        gone.binary_search(&(n - 1)).is_err()
    });
    scan.balanced = is_balanced(&scan.marks);
    // where a statement of the file starts was told by the brackets
    scan.cuts.clear();
}

/// The openers of what is meant to go on below, each with the closer that ends it there.
fn found(text: &str, marks: &[Mark]) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    // each further in than the one before
    let mut waiting: Vec<Emptied> = Vec::new();
    // what is open: blocks and lists whose closer is their own
    let mut open: Vec<(Bracket, usize)> = Vec::new();
    // the start of the line
    let mut first = 0;
    for (n, mark) in marks.iter().enumerate() {
        if mark.first {
            first = n;
            let closes = |one: &Emptied| {
                mark.kind == MarkKind::Close(one.bracket) && mark.indent == one.indent
            };
            // what is open as far in as this closer is what it closes
            let own = open.last().is_some_and(|(bracket, indent)| {
                mark.kind == MarkKind::Close(*bracket) && mark.indent == *indent
            });
            if let Some(last) = waiting.pop_if(|one| closes(one) && one.goes_on && !own) {
                out.push((last.opener, n));
            }
            while waiting.pop_if(|one| one.indent >= mark.indent).is_some() {}
            if let Some(last) = waiting.last_mut() {
                last.goes_on = true;
            }
        }
        match mark.kind {
            MarkKind::Open(bracket) => open.push((bracket, mark.indent)),
            MarkKind::Close(bracket) => {
                open.pop_if(|(open, indent)| {
                    *open == bracket && (!mark.first || *indent == mark.indent)
                });
            }
            MarkKind::Other => {}
        }
        if ends_empty(text, marks, n) && may_go_on(text, &marks[first], mark) {
            waiting.push(Emptied {
                indent: mark.indent,
                bracket: bracket(mark),
                opener: n,
                goes_on: false,
            });
        }
    }
    out
}

fn bracket(mark: &Mark) -> Bracket {
    match mark.kind {
        MarkKind::Open(bracket) | MarkKind::Close(bracket) => bracket,
        MarkKind::Other => Bracket::Brace,
    }
}

/// Whether an opener is followed by its closer, and nothing else stands behind them on their line.
fn ends_empty(text: &str, marks: &[Mark], n: usize) -> bool {
    let (Some(open), Some(close)) = (marks.get(n), marks.get(n + 1)) else {
        return false;
    };
    let MarkKind::Open(bracket) = open.kind else {
        return false;
    };
    let last = marks.get(n + 2).is_none_or(|next| next.line != close.line);
    close.kind == MarkKind::Close(bracket)
        && close.line == open.line
        && last
        && text[open.at + 1..close.at].trim_matches(BLANKS).is_empty()
        && {
            let behind = text[close.at + 1..].trim_start_matches(BLANKS);
            behind.is_empty() || behind.starts_with(['\n', '\r', '#'])
        }
}

/// Whether the line of an opener is one whose brackets stand over several lines: the head of a block,
/// or an attribute's value. A block that builds on another is whole without a body.
fn may_go_on(text: &str, first: &Mark, opener: &Mark) -> bool {
    if first.line != opener.line || !first.first || !first.statement {
        return false;
    }
    let line = &text[first.at..opener.at];
    match block_head(text, first.at).filter(|head| head.brace == opener.at) {
        Some(_) => !line.contains(" extends "),
        None => is_attribute(text, first.at) && opener.kind != MarkKind::Open(Bracket::Round),
    }
}

fn said(file: FileId, text: &str, opener: usize, closer: usize, end: usize) -> Diagnostic {
    let brackets = match text[opener..].starts_with('{') {
        true => "{}",
        false => "[]",
    };
    let span = |start: usize, end: usize| Span::new(file, start, end);
    let line = text[..opener].rfind('\n').map_or(0, |n| n + 1);
    let word = first_word(text, text.len() - text[line..].trim_start().len());
    let what = match schema::kind(word) {
        Some(_) => format!("this `{word}`"),
        None => "it".to_owned(),
    };
    let message =
        format!("this `{brackets}` closes at once, and what stands below belongs into it");
    Diagnostic::error(codes::UNCLOSED, span(closer, closer + 1), message)
        .says("one too many: what follows stands further in")
        .label(span(end, end + 1), format!("this closes {what}"))
        .fix("remove it", span(closer, closer + 1), "", true)
}
