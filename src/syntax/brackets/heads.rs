//! Heads of blocks as other languages write them: `matrix (`, `scenario a : base {`, `scenario a from
//! base {`, `server s = {`.
//! They are put right first, so that what stands in the block is read as its own.

use super::lines::{head_length, is_attribute, is_word, rest};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Mark, MarkKind, Scan};

/// What other languages say for `extends`.
const EXTENDS: [&str; 5] = ["extend", "inherits", "implements", "derives", "from"];

/// What is wrong with a head.
enum Wrong {
    /// Where another opener stands than `{`.
    Opener(usize),
    /// From the end of the name to what it extends, behind a colon or another word.
    Colon(usize, usize),
    /// From the end of the name to its `{`, behind a `=`.
    Sign(usize, usize),
}

/// Puts the heads right, and says it; where blocks open with another bracket, in order, is left to
/// [`super::unlike`].
pub(super) fn put_right(file: FileId, text: &str, scan: &mut Scan) -> Vec<usize> {
    let mut openers = Vec::new();
    let before = scan.patches.len();
    for mark in &scan.marks {
        if !mark.first || mark.kind != MarkKind::Other {
            continue;
        }
        match wrong_head(text, mark) {
            Some(Wrong::Opener(at)) => openers.push(at),
            Some(Wrong::Colon(start, end)) => {
                scan.patches.push(Patch::replace(start, end, " extends "));
                scan.found.push(with_extends(Span::new(file, start, end)));
            }
            Some(Wrong::Sign(start, end)) => {
                scan.patches.push(Patch::replace(start, end, " "));
                let found = without_sign(&text[mark.at..start], Span::new(file, start, end));
                scan.found.push(found);
            }
            None => {}
        }
    }
    if scan.patches.len() > before {
        // where a statement of the file starts was told by what is replaced now
        scan.cuts.clear();
    }
    openers
}

fn wrong_head(text: &str, mark: &Mark) -> Option<Wrong> {
    let line = rest(text, mark.at);
    let kind = &line[..line.len() - line.trim_start_matches(is_word).len()];
    if schema::kind(kind).is_none() || is_attribute(text, mark.at) {
        return None;
    }
    let named = line[kind.len()..].trim_start();
    let value = named.trim_start_matches(is_word);
    let name = line.len() - value.len();
    if let Some(value) = value.trim_start().strip_prefix('=').map(str::trim_start)
        && value.starts_with('{')
    {
        return Some(Wrong::Sign(
            mark.at + name,
            mark.at + line.len() - value.len(),
        ));
    }
    let word = value.trim_start();
    let base = EXTENDS.iter().find_map(|other| word.strip_prefix(*other));
    let base = base.or_else(|| misspelt(word));
    if let Some(base) = base.filter(|base| base.starts_with([' ', '\t']))
        && name > kind.len()
        && base.trim_start().starts_with(is_word)
    {
        let base = line.len() - base.trim_start().len();
        return Some(Wrong::Colon(mark.at + name, mark.at + base));
    }
    let end = head_length(line)?;
    if let Some(colon) = line[..end].find(':') {
        let name = line[..colon].trim_end().len();
        let base = end - line[colon + 1..end].trim_start().len();
        return Some(Wrong::Colon(mark.at + name, mark.at + base));
    }
    let next = line[end..].trim_start();
    let inside = next.strip_prefix(['(', '['])?;
    let at = mark.at + line.len() - next.len();
    let within = inside.trim_start();
    let statement = within.is_empty() || within.starts_with('#') || {
        is_attribute(text, mark.at + line.len() - within.len())
    };
    statement.then_some(Wrong::Opener(at))
}

/// What follows `extends` that is misspelt.
fn misspelt(rest: &str) -> Option<&str> {
    let base = rest.trim_start_matches(is_word);
    let word = &rest[..rest.len() - base.len()];
    let near = (5..=9).contains(&word.len()) && word != "extends";
    (near && strsim::damerau_levenshtein(word, "extends") <= 2).then_some(base)
}

fn without_sign(head: &str, at: Span) -> Diagnostic {
    let message = format!("a block has no `=`: `{head} {{ … }}`");
    Diagnostic::error(codes::FOREIGN_FORM, at, message)
        .says("remove `=`")
        .fix("remove `=`", at, " ", true)
}

fn with_extends(at: Span) -> Diagnostic {
    let message = "a block takes over another with `extends`";
    Diagnostic::error(codes::FOREIGN_FORM, at, message)
        .says("expected `extends`")
        .fix("write `extends`", at, " extends ", true)
}
