//! What repairs leave as it is: comments, and the texts that no finding speaks of. Used by the
//! fuzz target `fix` and by the tests of `scn lint --fix`.

use scn::diagnostics::{Diagnostic, Severity};
use scn::lint::fix::Look;
use scn::syntax::comments::comments;
use std::collections::HashMap;
use std::ops::Range;

/// Of which errors there must not be more after repairs of findings with these codes. What cannot
/// be read may hide any error, and an error of meaning others of meaning: they are found once it
/// is mended. A repair of anything else leads to none.
pub fn never_more(made: &[&str]) -> Option<&'static str> {
    let of = |kind: &str| made.iter().any(|code| code.starts_with(kind));
    match (of("E01"), of("E")) {
        (true, _) => None,
        (false, true) => Some("E01"),
        (false, false) => Some("E"),
    }
}

/// Panics where a pack is worse after these repairs.
pub fn no_worse(before: &Look, after: &Look, made: &[&str]) {
    let Some(kind) = never_more(made) else { return };
    let count = |look: &Look| {
        let is = |d: &&Diagnostic| d.severity == Severity::Error && d.code.starts_with(kind);
        look.found.iter().filter(is).count()
    };
    let (before, now) = (count(before), count(after));
    assert!(
        now <= before,
        "{before} errors {kind} became {now}: {:#?}",
        after.found
    );
}

/// Whether all of it could be read.
pub fn readable(look: &Look) -> bool {
    !look.found.iter().any(|d| d.code.starts_with("E01"))
}

/// The texts that repairs of the findings may take out or change. Panics where a repair reaches
/// into a text that its finding does not touch.
pub fn named(look: &Look) -> Vec<String> {
    let mut out = Vec::new();
    for found in &look.found {
        for (span, with) in found.fixes.iter().flat_map(|fix| &fix.edits) {
            let text = &look.sources.get(span.file).text;
            let edit = span.start as usize..span.end as usize;
            assert!(text.get(edit.clone()).is_some(), "{edit:?}: {found:?}");
            for piece in texts(text) {
                let touched = edit.start < piece.end && piece.start < edit.end
                    || piece.start < edit.start && edit.end < piece.end;
                let written = &text[piece.clone()];
                let kept = || texts(with).into_iter().any(|at| with[at] == *written);
                if !touched || kept() {
                    continue;
                }
                let whole = edit.start <= piece.start && piece.end <= edit.end;
                assert!(
                    whole || speaks_of(found, span.file, &piece),
                    "a repair reaches into `{written}`: {found:?}"
                );
                out.push(written.to_owned());
            }
        }
    }
    out
}

/// Whether a finding has a place that touches this one; a text's begins with its quote.
fn speaks_of(found: &Diagnostic, file: scn::source::FileId, place: &Range<usize>) -> bool {
    found.labels.iter().any(|label| {
        let (start, end) = (label.span.start as usize, label.span.end as usize);
        label.span.file == file && start <= place.end && place.start <= end
    })
}

/// Panics where a comment is lost; of what cannot be read only the words of comments are known.
pub fn comments_stay(before: &str, after: &str, readable: bool) {
    let ours = |all: &str| -> Vec<String> {
        let one = |at: Range<usize>| all[at].trim_end().to_owned();
        comments(all).into_iter().map(one).collect()
    };
    let gone = docs_of_deleted(before, after);
    for (comment, mut times) in counted(ours(before)) {
        times -= times.min(gone.get(&comment).copied().unwrap_or(0));
        let words = comment.trim_start_matches('#').trim();
        // suppressions are repaired too
        let first = words.get(..3).unwrap_or("");
        if first.eq_ignore_ascii_case("scn") || words.is_empty() {
            continue;
        }
        let left = match readable {
            true => ours(after).iter().filter(|one| **one == comment).count(),
            false => after.matches(words).count(),
        };
        assert!(
            left >= times,
            "the comment `{comment}` is lost:\n{before}\n---\n{after}"
        );
    }
}

/// The docs that may go, and how often each: those right above statements that were deleted, an
/// unused `use` or an `exclude` that excludes nothing.
fn docs_of_deleted(before: &str, after: &str) -> HashMap<String, usize> {
    let statements = documented(after).into_iter();
    let mut left = counted(statements.map(|(statement, _)| statement).collect());
    let mut gone = Vec::new();
    for (statement, docs) in documented(before) {
        match left.get_mut(&statement).filter(|times| **times > 0) {
            Some(times) => *times -= 1,
            None => gone.extend(docs),
        }
    }
    counted(gone)
}

/// The lines with a statement that may be deleted, each with the docs right above it.
fn documented(text: &str) -> Vec<(String, Vec<String>)> {
    let (mut out, mut docs) = (Vec::new(), Vec::new());
    for line in text.lines().map(str::trim) {
        if line.starts_with("##") && !line.starts_with("###") {
            docs.push(line.to_owned());
            continue;
        }
        let above = std::mem::take(&mut docs);
        if line.starts_with("use ") || line.starts_with("exclude ") {
            out.push((line.to_owned(), above));
        }
    }
    out
}

/// Panics where a text that is not among those `named` is lost, of a file that can be read.
pub fn texts_stay(before: &str, after: &str, named: &[String]) {
    let written = |all: &str| {
        texts(all)
            .into_iter()
            .map(|at| all[at].to_owned())
            .collect()
    };
    let mut there = counted(written(after));
    for (text, times) in counted(written(before)) {
        let may_go = named.contains(&text);
        assert!(
            may_go || there.remove(&text).unwrap_or(0) >= times,
            "the text `{text}` is lost:\n{before}\n---\n{after}"
        );
    }
}

fn counted(all: Vec<String>) -> HashMap<String, usize> {
    let mut out = HashMap::new();
    for one in all {
        *out.entry(one).or_default() += 1;
    }
    out
}

/// The texts in quotes, without these and without what they interpolate, of a file that can be
/// read.
pub fn texts(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // the quotes of the texts that an interpolation is open in, and the braces in it
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &text.as_bytes()[at..];
        let quote = ["\"\"\"", "\"", "'"]
            .into_iter()
            .find(|q| rest.starts_with(q.as_bytes()));
        let quote = match (quote, rest[0]) {
            (Some(quote), _) => {
                at += quote.len();
                quote
            }
            (None, b'}') if open.last().is_some_and(|(_, braces)| *braces == 0) => {
                at += 1;
                open.pop().map_or("", |(quote, _)| quote)
            }
            (None, sign) => {
                match (sign, open.last_mut()) {
                    (b'{', Some((_, braces))) => *braces += 1,
                    (b'}', Some((_, braces))) => *braces -= 1,
                    _ => {}
                }
                at += match sign {
                    b'#' => rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len()),
                    _ => 1,
                };
                continue;
            }
        };
        let start = at;
        loop {
            let rest = &bytes[at.min(bytes.len())..];
            let raw = quote == "'";
            if rest.is_empty() || rest.starts_with(quote.as_bytes()) {
                found.push(start..at.min(bytes.len()));
                at += quote.len();
                break;
            }
            if !raw && rest.starts_with(b"${") {
                found.push(start..at);
                open.push((quote, 0));
                at += 2;
                break;
            }
            at += match rest {
                [b'\\', ..] if !raw => 2,
                [b'$', b'$', b'{', ..] if !raw => 3,
                _ => 1,
            };
        }
    }
    found.retain(|at| !at.is_empty());
    found
}
