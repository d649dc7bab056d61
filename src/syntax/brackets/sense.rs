//! How much sense a text makes once its brackets are mended: what stands where it cannot. Of several
//! ways to mend them the one that leaves the least of that is what was meant.

use super::lines::{
    block_head, first_word, fits, head_length, is_attribute, is_bare_block, is_definition, is_word,
    rest,
};
use crate::schema;
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind};

/// A bracket that is open, as mended.
struct Open<'a> {
    bracket: Bracket,
    /// Of a block, by its head; of a call, the function.
    of: Option<&'a str>,
}

/// How many statements stand where none of their sort can.
pub(super) fn misplaced(text: &str, marks: &[Mark], patches: Vec<&Patch>) -> usize {
    let mut count = 0;
    let mut stack: Vec<Open<'_>> = Vec::new();
    // where a head ends that awaits its `{`
    let mut head: Option<(usize, &str)> = None;
    // behind a `{`
    let mut brace: Option<usize> = None;
    for mark in mended(marks, patches) {
        if mark.first && !matches!(mark.kind, MarkKind::Close(_)) {
            count += usize::from(head.take().is_some());
            let word = first_word(text, mark.at);
            let within = stack.last().is_none_or(|o| o.bracket == Bracket::Brace);
            let bare = within && is_bare_block(text, mark.at);
            if mark.statement || bare {
                count += usize::from(!stands(text, mark.at, &stack));
            }
            let known = mark.statement && schema::kind(word).is_some();
            let block = bare || known || block_head(text, mark.at).is_some();
            if block && within && !is_attribute(text, mark.at) {
                head = head_length(rest(text, mark.at)).map(|end| (mark.at + end, word));
            }
        }
        // `{ {` stands nowhere
        let doubled = mark.kind == MarkKind::Open(Bracket::Brace)
            && brace.is_some_and(|at| text.get(at..mark.at).is_some_and(|s| s.trim().is_empty()));
        count += usize::from(doubled);
        brace = (mark.kind == MarkKind::Open(Bracket::Brace)).then_some(mark.at + 1);
        match mark.kind {
            MarkKind::Open(bracket) => {
                let opened = head.take();
                let kind = opened.filter(|(end, _)| {
                    let between = text.get(*end..mark.at).unwrap_or("");
                    let blank = |c: char| c.is_whitespace() || c == '{';
                    bracket == Bracket::Brace && between.trim_matches(blank).is_empty()
                });
                count += usize::from(opened.is_some() && kind.is_none());
                let of = match bracket {
                    Bracket::Brace => kind.map(|(_, kind)| kind),
                    Bracket::Square => None,
                    Bracket::Round => function(text, mark.at),
                };
                stack.push(Open { bracket, of });
            }
            MarkKind::Close(_) => {
                stack.pop();
            }
            MarkKind::Other => {}
        }
    }
    count + usize::from(head.is_some())
}

/// The name before a `(`.
fn function(text: &str, at: usize) -> Option<&str> {
    let before = &text[..at];
    let name = &before[before.trim_end_matches(is_word).len()..];
    (!name.is_empty()).then_some(name)
}

/// Whether a statement may stand in what is open around it.
fn stands(text: &str, at: usize, stack: &[Open<'_>]) -> bool {
    let word = first_word(text, at);
    let attribute = is_attribute(text, at);
    let known = || {
        matches!(word, "expect" | "warn" | "exclude")
            || !attribute && schema::kind(word).is_some()
            || is_definition(text, at)
    };
    let Some(around) = stack.last() else {
        return is_definition(text, at);
    };
    match (around.bracket, around.of) {
        (Bracket::Brace, Some(kind)) => fits(text, at, kind),
        (Bracket::Brace, None) => !known(),
        (Bracket::Square, _) => !attribute && !known(),
        (Bracket::Round, of) => {
            let takes = |name| schema::builtin(name).is_none_or(|f| f.parameters.contains(&word));
            !known() && (!attribute || of.is_none_or(takes))
        }
    }
}

/// The marks as the patches leave them.
fn mended(marks: &[Mark], mut patches: Vec<&Patch>) -> Vec<Mark> {
    patches.sort_by_key(|patch| (patch.start, patch.end));
    let mut patches = patches.into_iter().peekable();
    let mut out = Vec::with_capacity(marks.len() + patches.len());
    let mut gone = 0;
    for mark in marks {
        while let Some(patch) = patches.next_if(|patch| patch.end <= mark.at) {
            put_in(patch, mark, &mut out);
        }
        if let Some(patch) = patches.next_if(|patch| patch.start <= mark.at) {
            gone = patch.end;
            let from = out.len();
            put_in(patch, mark, &mut out);
            if let Some(first) = out.get_mut(from) {
                (first.first, first.statement) = (mark.first, mark.statement);
            }
        }
        if mark.at >= gone {
            out.push(*mark);
        }
    }
    if let Some(last) = marks.last() {
        patches.for_each(|patch| put_in(patch, last, &mut out));
    }
    out
}

/// The brackets that a patch writes.
fn put_in(patch: &Patch, near: &Mark, out: &mut Vec<Mark>) {
    for c in patch.with.chars() {
        let kind = match c {
            '{' => MarkKind::Open(Bracket::Brace),
            '[' => MarkKind::Open(Bracket::Square),
            '(' => MarkKind::Open(Bracket::Round),
            '}' => MarkKind::Close(Bracket::Brace),
            ']' => MarkKind::Close(Bracket::Square),
            ')' => MarkKind::Close(Bracket::Round),
            _ => continue,
        };
        out.push(Mark {
            kind,
            at: patch.start,
            first: false,
            statement: false,
            ..*near
        });
    }
}
