//! Openers where a statement begins, which none starts with: `phase a {{`, `phase a {(`, and
//! `{ matrix {` within a block. They are taken out, with their closer where they have one.

use super::by_indent::partners;
use super::lines::{BLANKS, block_head, first_word};
use super::others::is_balanced;
use super::said::MOST_SAID;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};

/// An opener that is one too many, and its closer where that is too.
struct Stray {
    opener: usize,
    closer: Option<usize>,
}

/// Takes them out, and says it.
pub(super) fn take_out(file: FileId, text: &str, scan: &mut Scan) {
    let mut found = found(text, &scan.marks);
    found.truncate(MOST_SAID.saturating_sub(scan.found.len()));
    if found.is_empty() {
        return;
    }
    let mut gone = Vec::new();
    for stray in &found {
        let at = |n: usize| scan.marks[n].at;
        let marks = [Some(stray.opener), stray.closer];
        for n in marks.into_iter().flatten() {
            gone.push(n);
            scan.patches.push(Patch::replace(at(n), at(n) + 1, " "));
        }
        let closer = stray.closer.map(at);
        scan.found.push(said(file, text, at(stray.opener), closer));
    }
    gone.sort_unstable();
    let marks = std::mem::take(&mut scan.marks);
    let mut starts: Option<Mark> = None;
    for (n, mut mark) in marks.into_iter().enumerate() {
        if gone.binary_search(&n).is_ok() {
            starts = Some(mark).filter(|mark| mark.first).or(starts);
            continue;
        }
        // what stands behind it starts the line then
        if starts.take().is_some_and(|gone| gone.line == mark.line) {
            mark.first = true;
        }
        scan.marks.push(mark);
    }
    scan.balanced = is_balanced(&scan.marks);
    // where a statement of the file starts was told by the brackets
    scan.cuts.clear();
}

fn found(text: &str, marks: &[Mark]) -> Vec<Stray> {
    let mut out: Vec<Stray> = Vec::new();
    let mut pairs: Option<Vec<Option<usize>>> = None;
    let mut missing = missing(marks);
    // the `{` of a block, behind which only others were taken out
    let mut behind: Option<usize> = None;
    // whether each of what is open is a block
    let mut open: Vec<bool> = Vec::new();
    // where the `{` of the line's block stands
    let mut head: Option<usize> = None;
    for (n, mark) in marks.iter().enumerate() {
        if mark.first {
            head = block_head(text, mark.at)
                .filter(|_| schema::kind(first_word(text, mark.at)).is_some())
                .map(|head| head.brace);
        }
        let MarkKind::Open(bracket) = mark.kind else {
            if mark.kind != MarkKind::Other {
                open.pop();
            }
            behind = None;
            continue;
        };
        let at_once = behind.is_some_and(|at| text[at + 1..mark.at].trim().is_empty());
        let within = || open.last().is_some_and(|block| *block);
        if at_once || mark.first && within() && begins_a_block(text, mark.at + 1) {
            let pairs = pairs.get_or_insert_with(|| partners(marks).unwrap_or_default());
            let closer = pairs.get(n).copied().flatten();
            let left = &mut missing[bracket as usize];
            // `}}`, and no `}` of what is around
            let next = |closer: usize| marks.get(closer + 1);
            let twice = closer.is_some_and(|closer| {
                next(closer).is_some_and(|next| next.line == marks[closer].line)
            });
            if *left > 0 && !twice {
                *left -= 1;
                out.push(Stray {
                    opener: n,
                    closer: None,
                });
                continue;
            }
            if let Some(closer) =
                closer.filter(|closer| at_once && ends_twice(text, marks, *closer))
            {
                out.push(Stray {
                    opener: n,
                    closer: Some(closer),
                });
                open.push(true);
                continue;
            }
        }
        let block = head == Some(mark.at);
        behind = block.then_some(mark.at);
        open.push(block);
    }
    out
}

/// By how many the openers of each bracket outnumber its closers.
fn missing(marks: &[Mark]) -> [i64; 3] {
    let mut out = [0; 3];
    for mark in marks {
        match mark.kind {
            MarkKind::Open(bracket) => out[bracket as usize] += 1,
            MarkKind::Close(bracket) => out[bracket as usize] -= 1,
            MarkKind::Other => {}
        }
    }
    out
}

/// Whether the head of a block follows on the line.
fn begins_a_block(text: &str, from: usize) -> bool {
    let at = text.len() - text[from..].trim_start_matches(BLANKS).len();
    schema::kind(first_word(text, at)).is_some() && block_head(text, at).is_some()
}

/// Whether another `}` follows a closer at once.
fn ends_twice(text: &str, marks: &[Mark], closer: usize) -> bool {
    let next = marks.get(closer + 1);
    next.is_some_and(|next| {
        next.kind == MarkKind::Close(Bracket::Brace)
            && text[marks[closer].at + 1..next.at].trim().is_empty()
    })
}

fn said(file: FileId, text: &str, opener: usize, closer: Option<usize>) -> Diagnostic {
    let span = |at: usize| Span::new(file, at, at + 1);
    let message = format!("stray `{}`", &text[opener..=opener]);
    let says = match closer {
        Some(_) => "one too many",
        None => "one too many: nothing closes it",
    };
    let mut found = Diagnostic::error(codes::UNCLOSED, span(opener), message)
        .says(says)
        .fix("remove it", span(opener), "", true);
    if let Some(closer) = closer {
        found = found.label(span(closer), "and so is this");
        let edits = found.fixes.first_mut().map(|fix| &mut fix.edits);
        edits
            .into_iter()
            .for_each(|edits| edits.push((span(closer), String::new())));
    }
    found
}
