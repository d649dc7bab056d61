//! What follows from a lost bracket or quote, and is not said besides it.

use crate::diagnostics::{Diagnostic, codes};
use std::collections::{HashMap, HashSet};

/// What follows an unclosed string, list or call on its line, or stands there with a closer that
/// nothing opened, is out of step: no more is
/// said about it than that. Nor of what an unclosed comment has swallowed, nor of the next lines
/// of a text that was meant to go over several.
pub(super) fn without(text: &str, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let opened = |d: &Diagnostic| d.span().start as usize;
    // what is surely mended leaves no echo
    let mended = |d: &Diagnostic| d.fixes.iter().any(|fix| fix.safe);
    let unclosed = |d: &Diagnostic| d.code == codes::UNCLOSED.0;
    let swallowed = found
        .iter()
        .any(|d| unclosed(d) && text[opened(d)..].starts_with("/*"));
    if swallowed {
        found.retain(|d| !unclosed(d) || text[opened(d)..].starts_with("/*"));
    }
    if !found.iter().any(unclosed) {
        return found;
    }
    let starts: Vec<usize> = text.match_indices('\n').map(|(n, _)| n).collect();
    of_braces(text, &starts, &mut found);
    let mut openers: Vec<usize> = found
        .iter()
        .filter(|d| unclosed(d) && !mended(d))
        .map(opened)
        .filter(|at| !text[*at..].starts_with(['{', '}', '/']))
        .collect();
    if openers.is_empty() {
        return found;
    }
    openers.sort_unstable();
    let line = |at: usize| starts.partition_point(|n| *n < at);
    let mut lines: HashSet<usize> = openers.iter().copied().map(line).collect();
    // a second quote that closes nothing, a few lines below the first, ends the same text
    for pair in openers.windows(2) {
        let (first, last) = (line(pair[0]), line(pair[1]));
        let between = &text[pair[0]..pair[1]];
        let rest = text[pair[1]..].lines().next().unwrap_or("");
        let is_text = last - first <= 20
            && rest.trim_matches(['"', ',', '}', ')', ' ']).is_empty()
            && between
                .lines()
                .skip(1)
                .all(|line| !line.contains(['=', '{']));
        if is_text {
            lines.extend(first + 1..=last);
            found.retain(|d| !unclosed(d) || opened(d) != pair[1]);
        }
    }
    let in_brackets: HashSet<usize> = openers
        .iter()
        .filter(|at| text[**at..].starts_with(['[', ']', '(', ')']))
        .map(|at| line(*at))
        .collect();
    let quote = |at: usize| text[at..].starts_with(['"', '“', '”']);
    let begins = |line: &usize, words: [&str; 2]| {
        let below = starts.get(line - 1).map_or("", |at| &text[at + 1..]);
        let below = below.trim_start_matches([' ', '\t']);
        words.iter().any(|word| below.starts_with(word))
    };
    // `when …` below goes on with the same check
    let mut clauses: HashSet<usize> = in_brackets
        .iter()
        .map(|line| line + 1)
        .filter(|line| begins(line, ["when ", "because "]))
        .collect();
    // and `else …` with a choice that a text was part of, of which it may have torn the rest too
    for at in openers.iter().filter(|at| quote(**at)) {
        let own = line(*at);
        clauses.insert(own);
        clauses.extend(Some(own + 1).filter(|line| begins(line, ["then ", "else "])));
    }
    // a lost `}` of an interpolation: what it has swallowed
    let swallowed: Vec<usize> = openers.into_iter().filter(|at| quote(*at)).collect();
    let in_text = |at: usize| {
        let before = swallowed.partition_point(|opener| *opener < at);
        before > 0 && line(swallowed[before - 1]) == line(at)
    };
    found.retain(|d| match d.code {
        code if code == codes::FOREIGN_FORM.0 && in_text(opened(d)) => false,
        code if code == codes::SYNTAX.0 => {
            let line = line(opened(d));
            !lines.contains(&line) && !clauses.contains(&line)
        }
        code if code == codes::MISSING_BODY.0 => !clauses.contains(&line(opened(d))),
        code if code == codes::BAD_NUMBER.0 => !in_brackets.contains(&line(opened(d))),
        code if code == codes::FOREIGN_FORM.0 => !in_brackets.contains(&line(opened(d))),
        _ => true,
    });
    found
}

/// `[{ a = 1, { a = 2 }]`, `[{ a = 1 }, a = 2 }]`: what is said on the line of a lost brace besides.
fn of_braces(text: &str, lines: &[usize], found: &mut Vec<Diagnostic>) {
    let line = |at: usize| {
        let before = lines.partition_point(|n| *n < at);
        before.checked_sub(1).map_or(0, |n| lines[n] + 1)
    };
    let starts = |d: &Diagnostic, with: char| text[d.span().start as usize..].starts_with(with);
    let within =
        |d: &Diagnostic| text[line(d.span().start as usize)..d.span().start as usize].trim();
    let (mut opened, mut strays) = (HashMap::new(), HashMap::new());
    for d in found.iter().filter(|d| d.code == codes::UNCLOSED.0) {
        let at = d.span().start as usize;
        if starts(d, '{') {
            opened.entry(line(at)).or_insert(at);
        } else if starts(d, '}') && d.message.starts_with("stray") && !within(d).is_empty() {
            strays.insert(line(at), at);
        }
    }
    if opened.is_empty() && strays.is_empty() {
        return;
    }
    let mut doubted: HashSet<usize> = HashSet::new();
    found.retain(|d| {
        let at = d.span().start as usize;
        let brace = d.code == codes::SYNTAX.0 && starts(d, '{');
        if brace && opened.get(&line(at)).is_some_and(|opener| *opener < at) {
            return false;
        }
        let unnamed = d.code == codes::FOREIGN_FORM.0 && starts(d, '=');
        let stray = strays
            .get(&line(at))
            .filter(|stray| unnamed && at < **stray);
        doubted.extend(stray);
        stray.is_none()
    });
    // the brace is no more too many than another is missing
    for d in found
        .iter_mut()
        .filter(|d| doubted.contains(&(d.span().start as usize)))
    {
        d.fixes.iter_mut().for_each(|fix| fix.safe = false);
    }
}
