//! Blocks whose first line was lost: what stood in one is further in than what is around, nothing
//! above opens it, and its `}` closes nothing. A head is put in, of the kind that may hold that.

use super::by_indent::keys;
use super::lines::{Head, bare_head, block_head, first_of_line, first_word, is_bare_block};
use super::orphan_kinds::{Kinds, kinds_of};
use super::orphan_names::Names;
use super::said::MOST_SAID;
use super::straight::straighten;
use crate::diagnostics::{Diagnostic, codes};
use crate::schema::{Kind, Naming};
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark, MarkKind, Scan};
use std::collections::HashMap;

/// Puts in the heads that were lost, and says it; false if there are none.
pub(super) fn put_in_heads(file: FileId, text: &str, scan: &mut Scan) -> bool {
    // without indentation nothing tells
    if scan.marks.iter().all(|mark| mark.indent == 0) {
        return false;
    }
    let Some(straight) = straighten(text, &scan.marks) else {
        return false;
    };
    let mut walk = Walk {
        text,
        marks: &straight,
        keys: keys(&scan.marks),
        levels: Vec::new(),
        open: [0; 3],
        opener: 0,
        line: None,
    };
    let mut lost = Vec::new();
    for n in 0..scan.marks.len() {
        lost.extend(walk.step(n));
    }
    // behind a blank, since what was lost stood further out
    let blank = |one: &Lost| text[..scan.marks[one.first].at].ends_with([' ', '\t']);
    lost.retain(blank);
    lost.truncate(MOST_SAID.saturating_sub(scan.found.len()));
    if lost.is_empty() {
        return false;
    }
    let names = names(text, &scan.marks, &lost);
    for (one, name) in lost.iter().zip(names) {
        let at = scan.marks[one.first].at - 1;
        let kind = one.kinds.most_likely.name;
        let head = match name {
            Some(name) => format!("{kind} {name} {{"),
            None => format!("{kind} {{"),
        };
        scan.patches.push(Patch::insert(at, head));
        scan.found.push(said(file, text, one, name, &scan.marks));
    }
    lost.sort_by_key(|one| one.first);
    scan.marks = with_openers(&scan.marks, &lost);
    // where a statement of the file starts was told by the brackets
    scan.cuts.clear();
    true
}

/// The marks, and the brackets of the heads that are put in.
fn with_openers(marks: &[Mark], lost: &[Lost]) -> Vec<Mark> {
    let mut out = Vec::with_capacity(marks.len() + lost.len());
    let mut heads = lost.iter().peekable();
    for (n, mark) in marks.iter().enumerate() {
        while let Some(head) = heads.next_if(|head| head.first == n) {
            out.push(Mark {
                kind: MarkKind::Open(Bracket::Brace),
                at: mark.at - 1,
                indent: marks[head.closer].indent,
                first: false,
                statement: false,
                ..*mark
            });
        }
        out.push(*mark);
    }
    out
}

/// The names of blocks that lost their heads, where what reads them tells: of one in each part of
/// the file.
fn names<'a>(text: &'a str, marks: &[Mark], lost: &[Lost]) -> Vec<Option<&'a str>> {
    let margin = |mark: &&Mark| mark.first && mark.statement && mark.indent == 0;
    let starts: Vec<usize> = marks.iter().filter(margin).map(|mark| mark.at).collect();
    let part = |one: &Lost| match marks[one.closer].indent {
        0 => (0, text.len()),
        _ => {
            let next = starts.partition_point(|start| *start <= marks[one.first].at);
            let start = next.checked_sub(1).map_or(0, |n| starts[n]);
            (start, starts.get(next).copied().unwrap_or(text.len()))
        }
    };
    let parts: Vec<(usize, usize)> = lost.iter().map(part).collect();
    let mut counts: HashMap<(usize, usize), usize> = HashMap::new();
    for part in &parts {
        *counts.entry(*part).or_default() += 1;
    }
    let names = Names::of(text);
    let of_one = lost.iter().zip(parts).map(|(one, part)| {
        let kind = one.kinds.most_likely;
        (kind.naming == Naming::Required && counts[&part] == 1)
            .then(|| names.lacking(part.0..part.1, kind.name))
            .flatten()
    });
    of_one.collect()
}

fn said(file: FileId, text: &str, lost: &Lost, name: Option<&str>, marks: &[Mark]) -> Diagnostic {
    let (first, closer) = (marks[lost.first].at, marks[lost.closer].at);
    let word = first_word(text, first).len().max(1);
    let title = match name {
        Some(name) => format!(" {name}"),
        None => " some_name".to_owned(),
    };
    let head = |kind: &&Kind| match kind.naming {
        Naming::Required => format!("`{}{title} {{`", kind.name),
        Naming::Never => format!("`{} {{`", kind.name),
    };
    let heads: Vec<String> = lost.kinds.all.iter().map(head).collect();
    let message = "the first line of this block is missing";
    Diagnostic::error(
        codes::MISSING_HEAD,
        Span::new(file, first, first + word),
        message,
    )
    .says("nothing above opens a block for this")
    .label(Span::new(file, closer, closer + 1), "this would close it")
    .help(format!("write it above: {}", heads.join(", or ")))
}

/// A block without its head.
struct Lost {
    /// The mark of its first statement, and of its `}`.
    first: usize,
    closer: usize,
    kinds: Kinds,
}

/// What begins the statements of a level.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opened {
    /// A bracket of a line so far in.
    By(usize),
    /// What stands before is whole.
    Nothing,
    /// What stands before goes on, or lacks its bracket.
    Unsure,
}

/// Statements that stand as far in.
struct Level {
    indent: usize,
    opened: Opened,
    /// Their marks.
    statements: Vec<usize>,
}

struct Walk<'a> {
    text: &'a str,
    marks: &'a [Mark],
    keys: Vec<Option<usize>>,
    /// Each further in than the one before.
    levels: Vec<Level>,
    /// How many brackets of each sort the statement at hand has open.
    open: [i64; 3],
    /// How far in the line of its last opener stands.
    opener: usize,
    /// The mark that starts the line before.
    line: Option<usize>,
}

impl<'a> Walk<'a> {
    fn step(&mut self, n: usize) -> Option<Lost> {
        let mark = &self.marks[n];
        let closes = mark.first && mark.kind == MarkKind::Close(Bracket::Brace);
        let mut lost = None;
        if mark.first && (mark.statement || self.is_bare(n)) {
            self.statement(n);
        } else if closes {
            lost = self.close(n);
        }
        match mark.kind {
            MarkKind::Open(bracket) => {
                self.open[bracket as usize] += 1;
                self.opener = mark.indent;
            }
            MarkKind::Close(_) if closes => self.open = [0; 3],
            MarkKind::Close(bracket) => self.open[bracket as usize] -= 1,
            MarkKind::Other => {}
        }
        if mark.first {
            self.line = Some(n);
        }
        lost
    }

    /// Whether a block's kind stands alone on its line, and in no list.
    fn is_bare(&self, n: usize) -> bool {
        let within = |bracket: Bracket| self.open[bracket as usize] > 0;
        self.marks[n].kind == MarkKind::Other
            && !within(Bracket::Square)
            && !within(Bracket::Round)
            && is_bare_block(self.text, self.marks[n].at)
    }

    fn statement(&mut self, n: usize) {
        let indent = self.marks[n].indent;
        self.leave(indent);
        let opened = self.opened(n);
        self.open = [0; 3];
        match self.levels.last_mut() {
            Some(level) if level.indent == indent => level.statements.push(n),
            _ => self.levels.push(Level {
                indent,
                opened,
                statements: vec![n],
            }),
        }
    }

    fn opened(&self, n: usize) -> Opened {
        let before = &self.text[..self.marks[n].after];
        let bare = |n: usize| bare_head(self.text, self.marks[n].at).is_some();
        match self.open.iter().any(|open| *open > 0) {
            true => Opened::By(self.opener),
            false if before.ends_with(['=', ':', '+', '-', '*', '/', '<', '>']) => Opened::Unsure,
            false if self.line.is_some_and(bare) => Opened::Unsure,
            false => Opened::Nothing,
        }
    }

    /// Ends the levels that are further in; the outermost of them.
    fn leave(&mut self, indent: usize) -> Option<Level> {
        let inside = self.levels.partition_point(|level| level.indent <= indent);
        self.levels.drain(inside..).next()
    }

    /// A `}` that starts its line.
    fn close(&mut self, n: usize) -> Option<Lost> {
        let indent = self.marks[n].indent;
        let inside = self.leave(indent)?;
        let next = self.keys[n].map(|next| &self.marks[next]);
        let closes = |mark: &Mark| matches!(mark.kind, MarkKind::Close(_));
        let goes_on = match inside.opened {
            // the block around has no other statement yet
            Opened::By(outer) => {
                outer < indent
                    && next.is_some_and(|next| match closes(next) {
                        true => next.indent == outer,
                        // or the next has lost its own too
                        false => next.indent >= indent,
                    })
            }
            Opened::Nothing => next.is_none_or(|next| !closes(next) || next.indent <= indent),
            Opened::Unsure => false,
        };
        if !goes_on {
            return None;
        }
        let around = self.around(indent, inside.opened)?;
        if self.was_closed_early(indent, &inside) {
            return None;
        }
        let kinds = kinds_of(
            self.text,
            self.marks,
            &inside.statements,
            around,
            self.siblings(indent),
        )?;
        if let Opened::By(_) = inside.opened {
            self.levels.push(Level {
                indent,
                opened: inside.opened,
                statements: Vec::new(),
            });
        }
        Some(Lost {
            first: *inside.statements.first()?,
            closer: n,
            kinds,
        })
    }

    /// The kind of the block in which statements so far in stand.
    fn around(&self, indent: usize, opened: Opened) -> Option<&'a str> {
        let mut levels = self.levels.iter().rev();
        if let Opened::Nothing = opened {
            if indent == 0 {
                return Some("file");
            }
            levels.next().filter(|level| level.indent == indent)?;
        }
        let head = self.marks[*levels.next()?.statements.last()?].at;
        block_head(self.text, head)?;
        Some(first_word(self.text, head))
    }

    /// The statements so far in that stand around.
    fn siblings(&self, indent: usize) -> &[usize] {
        let level = self.levels.last().filter(|level| level.indent == indent);
        level.map_or(&[], |level| &level.statements)
    }

    /// `server sut {}`, with its statements below.
    fn was_closed_early(&self, indent: usize, inside: &Level) -> bool {
        let last = self.siblings(indent).last();
        let head = last.and_then(|n| block_head(self.text, self.marks[*n].at));
        let extends = |head: &Head| {
            let line = first_of_line(self.text, head.brace);
            self.text[line..head.brace].contains(" extends ")
        };
        head.filter(|head| inside.opened == Opened::Nothing && !extends(head))
            .is_some_and(|head| {
                let body = self.text[head.brace + 1..].trim_start_matches([' ', '\t']);
                body.starts_with('}')
            })
    }
}
