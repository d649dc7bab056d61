//! Blocks with other brackets than braces, `matrix ( … )`, and heads as other languages write them,
//! `scenario a : base {`. They are put right first, so that what stands in the block is read as its own.

use super::lines::{head_length, is_attribute, is_word, rest};
use crate::diagnostics::{Diagnostic, codes};
use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};

/// What is wrong with a head.
enum Wrong {
    /// Where another opener stands than `{`.
    Opener(usize),
    /// From the end of the name to what it extends, behind a colon.
    Colon(usize, usize),
    /// From the end of the name to its `{`, behind a `=`.
    Sign(usize, usize),
}

/// A bracket that is open.
struct Open {
    bracket: Bracket,
    /// A block's, though it is written otherwise.
    wrong: bool,
    at: usize,
    line: usize,
}

/// Puts the heads right, and says it.
pub(super) fn put_right(file: FileId, text: &str, scan: &mut Scan) {
    let mut stack: Vec<Open> = Vec::new();
    let mut opener = None;
    let mut surplus = surplus(&scan.marks);
    let (mut patches, mut found) = (Vec::new(), Vec::new());
    for mark in &mut scan.marks {
        if mark.first && mark.kind == MarkKind::Other {
            opener = None;
            match wrong_head(text, mark) {
                Some(Wrong::Opener(at)) => opener = Some(at),
                Some(Wrong::Colon(start, end)) => {
                    patches.push(Patch::replace(start, end, " extends "));
                    found.push(with_extends(Span::new(file, start, end)));
                }
                Some(Wrong::Sign(start, end)) => {
                    patches.push(Patch::replace(start, end, " "));
                    found.push(without_sign(
                        &text[mark.at..start],
                        Span::new(file, start, end),
                    ));
                }
                None => {}
            }
        }
        match mark.kind {
            MarkKind::Open(bracket) => {
                let wrong = opener == Some(mark.at);
                if wrong {
                    patches.push(Patch::replace(mark.at, mark.at + 1, "{"));
                    found.push(opens(bracket, Span::new(file, mark.at, mark.at + 1)));
                    mark.kind = MarkKind::Open(Bracket::Brace);
                    surplus[bracket as usize] += 1;
                    surplus[Bracket::Brace as usize] -= 1;
                }
                stack.push(Open {
                    bracket,
                    wrong,
                    at: mark.at,
                    line: mark.line,
                });
            }
            MarkKind::Close(bracket) => {
                let block = |o: &Open| o.wrong || o.bracket == Bracket::Brace;
                let top = stack.last();
                let as_opened = top.is_some_and(|o| o.wrong && o.bracket == bracket);
                // alone on its line, where only the block above can end
                let swapped = !as_opened
                    && mark.first
                    && bracket != Bracket::Brace
                    && top.is_some_and(|o| block(o) && o.line != mark.line)
                    && surplus[bracket as usize] > 0
                    && surplus[Bracket::Brace as usize] < 0;
                if as_opened || swapped {
                    patches.push(Patch::replace(mark.at, mark.at + 1, "}"));
                    mark.kind = MarkKind::Close(Bracket::Brace);
                    surplus[bracket as usize] -= 1;
                    surplus[Bracket::Brace as usize] += 1;
                }
                if let Some(open) = top.filter(|_| swapped) {
                    let opener = Span::new(file, open.at, open.at + 1);
                    found.push(closes(
                        bracket,
                        Span::new(file, mark.at, mark.at + 1),
                        opener,
                    ));
                }
                let level = match bracket {
                    _ if as_opened || swapped => stack.len().checked_sub(1),
                    Bracket::Brace => stack.iter().rposition(block),
                    _ => (stack.iter().rposition(|o| block(o) || o.bracket == bracket))
                        .filter(|level| !block(&stack[*level])),
                };
                if let Some(level) = level {
                    stack.truncate(level);
                }
            }
            MarkKind::Other => {}
        }
    }
    if patches.is_empty() {
        return;
    }
    scan.patches.extend(patches);
    scan.found.extend(found);
    scan.balanced = super::others::is_balanced(&scan.marks);
    // where a statement of the file starts was told by the brackets
    scan.cuts.clear();
}

/// By how many the closers of a kind outnumber its openers.
fn surplus(marks: &[Mark]) -> [i64; 3] {
    let mut out = [0; 3];
    for mark in marks {
        match mark.kind {
            MarkKind::Open(bracket) => out[bracket as usize] -= 1,
            MarkKind::Close(bracket) => out[bracket as usize] += 1,
            MarkKind::Other => {}
        }
    }
    out
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

fn opens(bracket: Bracket, at: Span) -> Diagnostic {
    let message = format!("a block opens with `{{`, not with `{}`", bracket.opener());
    Diagnostic::error(codes::UNCLOSED, at, message)
        .says("expected `{`")
        .help("a block is `kind name { … }`")
        .fix("write `{`", at, "{", false)
}

fn closes(bracket: Bracket, at: Span, opener: Span) -> Diagnostic {
    let message = format!("`{{` is closed with `{}`", bracket.closer());
    Diagnostic::error(codes::UNCLOSED, at, message)
        .says("expected `}`")
        .label(opener, "opened here")
        .fix("write `}`", at, "}", false)
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
