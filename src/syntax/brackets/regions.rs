//! A text's definitions, found at the left margin whatever its brackets say, and whether the
//! brackets of one may be as they are.

use super::Region;
use super::lines::{
    Head, bare_head, block_head, first_word, is_attribute, is_definition, lacks_brace,
};
use crate::schema::{self, Kind};
use crate::syntax::scan::{Bracket, MAX_DEPTH, Mark, MarkKind};
use std::collections::BTreeSet;

/// What the brackets of a region come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Sound,
    /// They match, but put something where it cannot stand.
    Misplaced,
    /// They do not match.
    Unmatched,
}

/// Parts of a text, each with one definition of the file; none where things that cannot stand at
/// the top of a file begin at its left margin.
pub(super) fn split<'m>(text: &str, whole: Region<'m>) -> Option<Vec<Region<'m>>> {
    let mut out = Vec::new();
    let mut start = 0;
    for (n, mark) in whole.marks.iter().enumerate() {
        if !mark.first || mark.indent > 0 || matches!(mark.kind, MarkKind::Close(_)) {
            continue;
        }
        if is_definition(text, mark.at) {
            if n > start {
                out.push(Region {
                    marks: &whole.marks[start..n],
                    last: mark.after,
                    next: Some(mark.at),
                });
            }
            start = n;
        } else if mark.statement {
            return None;
        }
    }
    out.push(Region {
        marks: &whole.marks[start..],
        ..whole
    });
    Some(out)
}

/// Whether a region starts with a definition.
pub(super) fn starts_one(text: &str, region: Region<'_>) -> bool {
    let first = region.marks.first();
    first.is_some_and(|mark| mark.indent == 0 && is_definition(text, mark.at))
}

/// Whether statements begin at three depths or more, each as much deeper than the one before.
pub(super) fn is_regular(marks: &[Mark]) -> bool {
    let starts = marks.iter().filter(|mark| mark.first && mark.statement);
    let depths: BTreeSet<usize> = starts.map(|mark| mark.indent).collect();
    let depths: Vec<usize> = depths.into_iter().collect();
    let step = depths.get(1).copied().unwrap_or_default();
    depths.len() > 2
        && depths
            .iter()
            .enumerate()
            .all(|(n, depth)| *depth == n * step)
}

fn starts_check(word: &str) -> bool {
    matches!(word, "expect" | "warn" | "exclude")
}

/// What the brackets of a region come to as they stand.
pub(super) fn verdict(text: &str, marks: &[Mark]) -> Verdict {
    let mut stack: Vec<(Bracket, Option<&'static Kind>)> = Vec::new();
    let mut misplaced = false;
    // the kind of block that the line starts
    let mut starts: Option<(usize, &'static Kind)> = None;
    let mut before: Option<&Mark> = None;
    for mark in marks {
        // `{ {` stands nowhere
        let opens = |mark: &Mark| mark.kind == MarkKind::Open(Bracket::Brace);
        misplaced |= before.is_some_and(|before| {
            opens(before) && opens(mark) && text[before.at + 1..mark.at].trim().is_empty()
        });
        before = Some(mark);
        if mark.first && mark.statement {
            starts = None;
            let word = first_word(text, mark.at);
            let parent = stack.last().and_then(|(_, kind)| *kind);
            // what no list holds, and no call
            let around = stack.last().map(|(bracket, _)| *bracket);
            misplaced |= match around {
                Some(Bracket::Square) => is_attribute(text, mark.at) || starts_check(word),
                Some(Bracket::Round) => starts_check(word),
                _ => false,
            };
            // a head without a body
            let bare = || bare_head(text, mark.at).is_some() || lacks_brace(text, mark.at);
            misplaced |= schema::kind(word).is_some() && bare();
            if let Some(Head { brace, .. }) = block_head(text, mark.at) {
                let top = stack.is_empty();
                let within = if top {
                    Some("file")
                } else {
                    parent.map(|kind| kind.name)
                };
                let here = within.and_then(|within| schema::kind_in(word, within));
                let known = || schema::kind(word).is_some();
                misplaced |=
                    here.is_none() && known() && (parent.is_some() || top && mark.indent > 0);
                starts = here.map(|kind| (brace, kind));
            } else if stack.is_empty() && mark.indent > 0 {
                misplaced |=
                    matches!(word, "expect" | "warn" | "exclude") || is_attribute(text, mark.at);
            }
        }
        match mark.kind {
            MarkKind::Open(bracket) => {
                let kind = starts.filter(|(brace, _)| *brace == mark.at);
                stack.push((bracket, kind.map(|(_, kind)| kind)));
            }
            MarkKind::Close(bracket) => match stack.pop() {
                Some((open, _)) if open == bracket => {}
                _ => return Verdict::Unmatched,
            },
            MarkKind::Other => {}
        }
        if stack.len() > MAX_DEPTH {
            return Verdict::Unmatched;
        }
    }
    match (stack.is_empty(), misplaced) {
        (false, _) => Verdict::Unmatched,
        (true, true) => Verdict::Misplaced,
        (true, false) => Verdict::Sound,
    }
}
