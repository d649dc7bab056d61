//! Heads of blocks as other languages write them: `matrix ( … )`, `scenario a : base {`. They are
//! put right first, so that what stands in the block is read as its own.

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
}

/// A bracket that is open.
struct Open {
    bracket: Bracket,
    /// A block's, though it is written otherwise.
    wrong: bool,
}

/// Puts the heads right, and says it.
pub(super) fn put_right(file: FileId, text: &str, scan: &mut Scan) {
    let mut stack: Vec<Open> = Vec::new();
    let mut opener = None;
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
                }
                stack.push(Open { bracket, wrong });
            }
            MarkKind::Close(bracket) => {
                let block = |o: &Open| o.wrong || o.bracket == Bracket::Brace;
                let top = stack.last();
                if let Some(Open {
                    wrong: true,
                    bracket: open,
                }) = top
                    && *open == bracket
                {
                    patches.push(Patch::replace(mark.at, mark.at + 1, "}"));
                    mark.kind = MarkKind::Close(Bracket::Brace);
                    stack.pop();
                } else if let Some(level) = match bracket {
                    Bracket::Brace => stack.iter().rposition(block),
                    _ => (stack.iter().rposition(|o| block(o) || o.bracket == bracket))
                        .filter(|level| stack[*level].bracket == bracket),
                } {
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

fn wrong_head(text: &str, mark: &Mark) -> Option<Wrong> {
    let line = rest(text, mark.at);
    let kind = &line[..line.len() - line.trim_start_matches(is_word).len()];
    if schema::kind(kind).is_none() || is_attribute(text, mark.at) {
        return None;
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

fn with_extends(at: Span) -> Diagnostic {
    let message = "a block takes over another with `extends`";
    Diagnostic::error(codes::FOREIGN_FORM, at, message)
        .says("expected `extends`")
        .fix("write `extends`", at, " extends ", true)
}
