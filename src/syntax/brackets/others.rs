//! Braces of statements that other languages have: `} else {` in the midst of a block, and `end`.
//! They are taken out, so that what stands around them is read as if they were not there.

use super::lines::first_word;
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};

/// Words between `}` and `{`.
const BETWEEN: [&str; 8] = [
    "else", "elif", "elsif", "elseif", "catch", "except", "rescue", "finally",
];

/// What such a word may follow, and is told of with it.
const CONTROL: [&str; 14] = [
    "if", "for", "while", "def", "function", "fn", "try", "else", "elif", "elsif", "elseif",
    "catch", "except", "finally",
];

/// Words that end a block without a brace.
const ENDS: [&str; 5] = ["end", "endif", "endfor", "done", "fi"];

struct Open {
    brace: bool,
    line: usize,
    indent: usize,
    word: &'static str,
}

/// Takes out what is of other languages, and says it.
pub(super) fn take_out(file: FileId, text: &str, scan: &mut Scan) {
    let foreign = |mark: &Mark| ending(text, mark).is_some() || between(text, mark).is_some();
    if !scan.marks.iter().any(foreign) {
        return;
    }
    let marks = std::mem::take(&mut scan.marks);
    let mut missing = missing_braces(&marks);
    let mut stack: Vec<Open> = Vec::new();
    let mut word = "";
    let mut rest = marks.as_slice();
    while let Some((mark, behind)) = rest.split_first() {
        rest = behind;
        let mut mark = *mark;
        if mark.first {
            let first = first_word(text, mark.at);
            let control = CONTROL.into_iter().find(|word| *word == first);
            let control = control.or_else(|| between(text, &mark).map(|(word, _)| word));
            word = control.unwrap_or("");
        }
        if let Some(end) = ending(text, &mark) {
            let until = mark.at + end.len();
            let at = Span::new(file, mark.at, until);
            let top = stack.last().filter(|o| o.brace && o.indent == mark.indent);
            if missing == 0 || top.is_none() {
                scan.patches.push(Patch::replace(mark.at, until, " "));
                scan.found.push(one_too_many(end, at));
                continue;
            }
            missing -= 1;
            scan.patches.push(Patch::replace(mark.at, until, "}"));
            scan.found.push(closes(end, at));
            mark.kind = MarkKind::Close(Bracket::Brace);
        }
        match mark.kind {
            MarkKind::Open(bracket) => stack.push(Open {
                brace: bracket == Bracket::Brace,
                line: mark.line,
                indent: mark.indent,
                word,
            }),
            MarkKind::Close(_) => {
                if let Some((between, brace)) = between(text, &mark)
                    && goes_on(stack.last(), &mark)
                {
                    let span = Span::new(file, mark.at, brace + 1);
                    scan.patches.push(Patch::replace(mark.at, brace + 1, " "));
                    scan.found.push(splits_a_block(between, span));
                    let gone = rest.iter().take_while(|next| next.at <= brace).count();
                    rest = &rest[gone..];
                    continue;
                }
                stack.pop();
            }
            MarkKind::Other => {}
        }
        scan.marks.push(mark);
    }
    scan.balanced = is_balanced(&scan.marks);
    // where a statement of the file starts was told by the braces
    scan.cuts.clear();
}

/// Whether a block goes on behind `} else {`: the brace stands further in than what it would close,
/// or at the margin, where only a definition could end; and no `if` stands there.
fn goes_on(open: Option<&Open>, mark: &Mark) -> bool {
    open.is_none_or(|open| {
        let inside = mark.indent > open.indent || open.indent == 0;
        inside && open.word.is_empty() && open.line != mark.line
    })
}

/// How many braces are opened and never closed.
fn missing_braces(marks: &[Mark]) -> usize {
    let count = |kind| marks.iter().filter(|mark| mark.kind == kind).count();
    let opened = count(MarkKind::Open(Bracket::Brace));
    opened.saturating_sub(count(MarkKind::Close(Bracket::Brace)))
}

pub(super) fn is_balanced(marks: &[Mark]) -> bool {
    let mut stack = Vec::new();
    let matches = marks.iter().all(|mark| match mark.kind {
        MarkKind::Open(bracket) => {
            stack.push(bracket);
            true
        }
        MarkKind::Close(bracket) => stack.pop() == Some(bracket),
        MarkKind::Other => true,
    });
    matches && stack.is_empty()
}

/// `end`, alone on its line.
fn ending(text: &str, mark: &Mark) -> Option<&'static str> {
    if !mark.first || mark.kind != MarkKind::Other {
        return None;
    }
    let line = text[mark.at..].lines().next()?;
    let line = line.split('#').next()?.trim_end().trim_end_matches(';');
    ENDS.into_iter().find(|end| *end == line)
}

/// The word behind a closing brace, and where the `{` after it stands: `} else {`.
fn between(text: &str, mark: &Mark) -> Option<(&'static str, usize)> {
    if mark.kind != MarkKind::Close(Bracket::Brace) {
        return None;
    }
    let next = text[mark.at + 1..].trim_start_matches([' ', '\t']);
    let word = BETWEEN.into_iter().find(|word| {
        let behind = next.strip_prefix(word);
        behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    })?;
    let behind = next.find(['{', '}', '"', '#', '\n'])?;
    let brace = text.len() - next.len() + behind;
    next[behind..].starts_with('{').then_some((word, brace))
}

fn splits_a_block(word: &str, span: Span) -> Diagnostic {
    let help = match word {
        "catch" | "except" | "rescue" | "finally" => {
            "a request that fails is counted: judge it with a check, `steady.failed == 0`"
        }
        _ => {
            "choose a value with `if a then b else c`, or make a phase or check conditional with `when`"
        }
    };
    Diagnostic::error(
        codes::FOREIGN_FORM,
        span,
        format!("there is no `{word}` for a block"),
    )
    .says("read as if this were not here")
    .help(help)
    .fix("remove it", span, "", false)
}

fn closes(word: &str, span: Span) -> Diagnostic {
    let message = format!("a block is closed with `}}`, not with `{word}`");
    Diagnostic::error(codes::FOREIGN_FORM, span, message)
        .says("expected `}`")
        .fix("write `}`", span, "}", true)
}

fn one_too_many(word: &str, span: Span) -> Diagnostic {
    let message = format!("there is no `{word}`: a block ends with its `}}`");
    Diagnostic::error(codes::FOREIGN_FORM, span, message)
        .says("nothing is open that this ends")
        .fix("remove it", span, "", false)
}
