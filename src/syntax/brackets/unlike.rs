//! Pairs of brackets that are unlike, `f[a)`, `c = (1, 2]`, `matrix ( … )`: what stands before the
//! opener, and what follows it, tells which of the two is wrong.

use super::lines::is_word;
use super::others::is_balanced;
use super::said::MOST_SAID;
use crate::diagnostics::{Diagnostic, Fix, codes};
use crate::schema;
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};

/// So far behind an opener is looked.
const NEAR: usize = 200;

/// A bracket that is open.
struct Open {
    bracket: Bracket,
    /// Of a block, though another is written: the finding that tells of it.
    block: Option<usize>,
    mark: usize,
}

/// Makes brackets alike that are a pair, and says it. `heads`: where a block opens with another bracket
/// than `{`, in order.
pub(super) fn make_alike(file: FileId, text: &str, scan: &mut Scan, heads: &[usize]) {
    let mut walk = Walk {
        file,
        text,
        whole: surplus(&scan.marks),
        line: (usize::MAX, [0; 3]),
        stack: Vec::new(),
        patches: Vec::new(),
        found: Vec::new(),
    };
    for n in 0..scan.marks.len() {
        match scan.marks[n].kind {
            MarkKind::Open(bracket) => {
                let head = heads.binary_search(&scan.marks[n].at).is_ok();
                walk.open(&mut scan.marks, n, bracket, head);
            }
            MarkKind::Close(bracket) => walk.close(&mut scan.marks, n, bracket),
            MarkKind::Other => {}
        }
    }
    if walk.patches.is_empty() {
        return;
    }
    scan.patches.append(&mut walk.patches);
    scan.found.append(&mut walk.found);
    scan.balanced = is_balanced(&scan.marks);
    // where a statement of the file starts was told by the brackets
    scan.cuts.clear();
}

/// By how many the closers of a kind outnumber its openers.
fn surplus<'m>(marks: impl IntoIterator<Item = &'m Mark>) -> [i64; 3] {
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

struct Walk<'a> {
    file: FileId,
    text: &'a str,
    /// Of the whole text.
    whole: [i64; 3],
    /// Of a line.
    line: (usize, [i64; 3]),
    stack: Vec<Open>,
    patches: Vec<Patch>,
    found: Vec<Diagnostic>,
}

impl Walk<'_> {
    fn open(&mut self, marks: &mut [Mark], n: usize, bracket: Bracket, head: bool) {
        let block = (head && self.found.len() < MOST_SAID).then_some(self.found.len());
        if block.is_some() {
            let span = self.span(marks[n].at);
            self.found.push(opens(bracket, span));
            self.write(&mut marks[n], MarkKind::Open(Bracket::Brace), "{");
            self.count(marks[n].line, bracket, 1);
            self.count(marks[n].line, Bracket::Brace, -1);
        }
        self.stack.push(Open {
            bracket,
            block,
            mark: n,
        });
    }

    fn close(&mut self, marks: &mut [Mark], n: usize, bracket: Bracket) {
        let Some(top) = self.stack.last() else { return };
        let (opener, block) = (top.mark, top.block);
        let now = if block.is_some() {
            Bracket::Brace
        } else {
            top.bracket
        };
        if let Some(found) = block.filter(|_| top.bracket == bracket) {
            // closed as it was opened
            let closer = (self.span(marks[n].at), "}".to_owned());
            if let Some(Fix { edits, .. }) = self.found[found].fixes.first_mut() {
                edits.push(closer);
            }
            self.write(&mut marks[n], MarkKind::Close(Bracket::Brace), "}");
            self.count(marks[n].line, bracket, -1);
            self.count(marks[n].line, Bracket::Brace, 1);
            self.stack.pop();
            return;
        }
        if now == bracket {
            self.stack.pop();
            return;
        }
        if self.is_pair(marks, opener, n, now, bracket) && self.found.len() < MOST_SAID {
            let opener_wrong = block.is_none() && self.opener_is_wrong(&marks[opener], &marks[n]);
            let found = self.unlike(&marks[opener], &marks[n], now, bracket, opener_wrong);
            self.found.push(found);
            let line = marks[n].line;
            if opener_wrong {
                let kind = MarkKind::Open(bracket);
                self.write(&mut marks[opener], kind, bracket.opener());
                self.count(line, now, 1);
                self.count(line, bracket, -1);
            } else {
                self.write(&mut marks[n], MarkKind::Close(now), now.closer());
                self.count(line, bracket, -1);
                self.count(line, now, 1);
            }
            self.stack.pop();
            return;
        }
        let is = |o: &Open| match o.block {
            Some(_) => Bracket::Brace,
            None => o.bracket,
        };
        let level = self.stack.iter().rposition(|o| {
            is(o) == bracket || bracket != Bracket::Brace && is(o) == Bracket::Brace
        });
        if let Some(level) = level.filter(|level| is(&self.stack[*level]) == bracket) {
            self.stack.truncate(level);
        }
    }

    /// Whether two unlike brackets are meant as a pair: one kind has an opener too many, the other a
    /// closer, on their line; or in the whole text, where the closer starts its line.
    fn is_pair(
        &mut self,
        marks: &[Mark],
        open: usize,
        n: usize,
        of: Bracket,
        closer: Bracket,
    ) -> bool {
        let (opener, mark) = (&marks[open], &marks[n]);
        // `server sut {)`, with its statements below
        let empty = || self.text[opener.at + 1..mark.at].trim().is_empty();
        let below = |next: &Mark| next.first && next.statement && next.indent > opener.indent;
        if of == Bracket::Brace && marks.get(n + 1).is_some_and(below) && empty() {
            return false;
        }
        let counts = match opener.line == mark.line {
            true => {
                if self.line.0 != mark.line {
                    let line = |other: &&Mark| other.line == mark.line;
                    let before = marks[..n].iter().rev().take_while(line);
                    let after = marks[n..].iter().take_while(line);
                    self.line = (mark.line, surplus(before.chain(after)));
                }
                &self.line.1
            }
            false if mark.first && self.spans_lines(opener, mark) => {
                // nothing is open that it could close, and it stands where the opener's line does
                let near = self.stack.iter().rev().take(NEAR);
                let mut of_closer = near.filter(|o| o.bracket == closer);
                let next = marks[n + 1..].iter().find(|next| next.first);
                let goes_on = next.is_some_and(|next| next.indent > opener.indent);
                if opener.indent == mark.indent && of_closer.next().is_none() && !goes_on {
                    return true;
                }
                &self.whole
            }
            false => return false,
        };
        counts[closer as usize] > 0 && counts[of as usize] < 0
    }

    /// Whether what an opener opens goes on below, up to a closer as far in: it is a block, or nothing
    /// follows it on its line.
    fn spans_lines(&self, opener: &Mark, closer: &Mark) -> bool {
        let rest = self.text.as_bytes()[opener.at + 1..].trim_ascii_start();
        let behind = self.text.len() - rest.len();
        let last = self.text[opener.at + 1..behind].contains('\n') || rest.starts_with(b"#");
        opener.kind == MarkKind::Open(Bracket::Brace) || last && opener.indent == closer.indent
    }

    /// Whether the opener of an unlike pair is wrong, and not its closer.
    fn opener_is_wrong(&self, opener: &Mark, closer: &Mark) -> bool {
        let before = &self.text[..opener.at];
        let word = &before[before.trim_end_matches(is_word).len()..];
        let call = schema::builtin(word).is_some();
        let inside = &self.text.as_bytes()[opener.at + 1..closer.at];
        let inside = &inside[..inside.len().min(NEAR)];
        match (opener.kind, closer.kind) {
            (MarkKind::Open(Bracket::Round), _) if call => false,
            (_, MarkKind::Close(Bracket::Round)) => call,
            (_, MarkKind::Close(Bracket::Brace)) => sets(inside),
            (MarkKind::Open(Bracket::Brace), MarkKind::Close(Bracket::Square)) => {
                before.trim_end_matches([' ', '\t']).ends_with('=') && !sets(inside)
            }
            (MarkKind::Open(Bracket::Round), MarkKind::Close(Bracket::Square)) => {
                let value = before.trim_end_matches([' ', '\t']);
                value.ends_with(['=', ',', '[', '(']) && inside.contains(&b',')
            }
            _ => false,
        }
    }

    fn write(&mut self, mark: &mut Mark, kind: MarkKind, with: &'static str) {
        self.patches
            .push(Patch::replace(mark.at, mark.at + 1, with));
        mark.kind = kind;
    }

    fn count(&mut self, line: usize, bracket: Bracket, more: i64) {
        self.whole[bracket as usize] += more;
        if self.line.0 == line {
            self.line.1[bracket as usize] += more;
        }
    }

    fn span(&self, at: usize) -> Span {
        Span::new(self.file, at, at + 1)
    }

    fn unlike(
        &self,
        open: &Mark,
        close: &Mark,
        of: Bracket,
        by: Bracket,
        opener: bool,
    ) -> Diagnostic {
        let message = format!("`{}` is closed with `{}`", of.opener(), by.closer());
        let (opened, closed) = (self.span(open.at), self.span(close.at));
        let (at, right, other, says) = match opener {
            true => (opened, by.opener(), closed, "closed here"),
            false => (closed, of.closer(), opened, "opened here"),
        };
        Diagnostic::error(codes::UNCLOSED, at, message)
            .says(format!("expected `{right}`"))
            .label(other, says)
            .fix(format!("write `{right}`"), at, right, false)
    }
}

/// Whether it begins with `name =`.
pub(super) fn sets(text: &[u8]) -> bool {
    let blank = |b: &u8| b.is_ascii_whitespace();
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'"' | b'-');
    let text = text.trim_ascii_start();
    let length = text.iter().take_while(|b| name(b)).count();
    let blanks = text[length..].iter().take_while(|b| blank(b)).count();
    let next = &text[length + blanks..];
    length > 0 && next.starts_with(b"=") && !next.starts_with(b"==")
}

fn opens(bracket: Bracket, at: Span) -> Diagnostic {
    let message = format!("a block opens with `{{`, not with `{}`", bracket.opener());
    Diagnostic::error(codes::UNCLOSED, at, message)
        .says("expected `{`")
        .help("a block is `kind name { … }`")
        .fix("write `{`", at, "{", true)
}
