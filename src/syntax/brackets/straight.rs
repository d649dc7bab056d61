//! How far in each line is meant to stand, where it stands otherwise than what is around it: tabs
//! among blanks, and what was pasted too far out or in. Only the numbers change, never the text.

use super::flat;
use super::lines::{block_head, first_word, fits, is_attribute, is_bare_block, is_definition};
use crate::syntax::scan::{Bracket, Mark, MarkKind};

/// The marks of a text as they are meant to be indented; none where tabs and blanks cannot be
/// compared.
pub(super) fn straighten(text: &str, marks: &[Mark]) -> Option<Vec<Mark>> {
    if marks.iter().all(|mark| mark.indent == 0) {
        return flat::indented(text, marks);
    }
    let mut marks = tabs_as_blanks(text, marks)?;
    let inside = inside_of_definitions(text, &marks);
    let mut walk = Walk {
        text,
        inside,
        levels: Vec::new(),
        statement: 0,
        pasted: None,
    };
    let (mut line, mut shift) = (usize::MAX, 0);
    for n in 0..marks.len() {
        if marks[n].first && marks[n].line != line {
            line = marks[n].line;
            shift = walk.line(n, &marks);
        }
        if marks[n].line == line {
            let indent = marks[n].indent as isize + shift;
            marks[n].indent = usize::try_from(indent).unwrap_or(0);
        }
    }
    Some(marks)
}

/// The blanks that a line begins with.
fn blanks<'a>(text: &'a str, mark: &Mark) -> &'a str {
    text.get(mark.at.saturating_sub(mark.indent)..mark.at)
        .unwrap_or("")
}

/// Where some lines are indented with tabs and others with blanks, a tab counts as the least that a
/// line is indented with blanks, if all statements stand in steps of that.
fn tabs_as_blanks(text: &str, marks: &[Mark]) -> Option<Vec<Mark>> {
    let mut out = marks.to_vec();
    let indented = || marks.iter().filter(|mark| mark.first && mark.indent > 0);
    let tabs = |mark: &&Mark| blanks(text, mark).contains('\t');
    let step = indented()
        .filter(|mark| !tabs(mark))
        .map(|mark| mark.indent)
        .min();
    let Some(step) = step.filter(|_| indented().any(|mark| tabs(&mark))) else {
        return Some(out);
    };
    let mut of_line = (usize::MAX, 0);
    for mark in &mut out {
        if mark.first && of_line.0 != mark.line {
            let tabs = blanks(text, mark).matches('\t').count();
            of_line = (mark.line, tabs * step + mark.indent - tabs);
        }
        if of_line.0 == mark.line {
            mark.indent = of_line.1;
        }
    }
    let regular = |mark: &Mark| !mark.first || !mark.statement || mark.indent.is_multiple_of(step);
    out.iter().all(regular).then_some(out)
}

/// For each mark at the left margin, whether a block around it is closed there before the next
/// definition that surely is one: then what stands there belongs into that block.
pub(super) fn inside_of_definitions(text: &str, marks: &[Mark]) -> Vec<bool> {
    let mut out = vec![false; marks.len()];
    let (mut closers, mut opens) = (0_usize, 0_i64);
    for (n, mark) in marks.iter().enumerate().rev() {
        match mark.kind {
            MarkKind::Open(_) => opens += 1,
            MarkKind::Close(_) => opens -= 1,
            MarkKind::Other => {}
        }
        if !mark.first {
            continue;
        }
        let opened = std::mem::take(&mut opens);
        if mark.indent > 0 {
            continue;
        }
        if matches!(mark.kind, MarkKind::Close(_)) {
            closers += 1;
        } else if opened > 0 {
            closers = closers.saturating_sub(1);
        }
        out[n] = closers > 0;
        if is_definition(text, mark.at) && !fits(text, mark.at, "scenario") {
            closers = 0;
        }
    }
    out
}

/// So many blocks around one are looked at.
const DEEPEST: usize = 16;

/// A block that a line opens.
struct Level<'a> {
    indent: usize,
    kind: &'a str,
    /// How far in its first statement stands.
    body: Option<usize>,
}

/// Lines that stand elsewhere than they are meant to.
struct Pasted<'a> {
    /// How far in the first of them stands, and is moved.
    indent: usize,
    shift: isize,
    /// The block that it opens, if that goes on below; then how far in its first statement stands.
    opens: Option<&'a str>,
    body: Option<usize>,
    /// What is around.
    around: &'a str,
}

struct Walk<'a> {
    text: &'a str,
    inside: Vec<bool>,
    /// From the outermost in.
    levels: Vec<Level<'a>>,
    /// How far in the last statement stands.
    statement: usize,
    pasted: Option<Pasted<'a>>,
}

impl<'a> Walk<'a> {
    /// By how much a line is to be moved, which starts with this mark.
    fn line(&mut self, n: usize, marks: &[Mark]) -> isize {
        let mark = &marks[n];
        let closes = matches!(mark.kind, MarkKind::Close(_));
        if let Some(shift) = self.goes_on(mark, closes) {
            return shift;
        }
        self.pasted = None;
        let of_block = mark.kind == MarkKind::Close(Bracket::Brace);
        let starts = mark.statement || is_bare_block(self.text, mark.at);
        if of_block && mark.indent == 0 {
            self.levels.clear();
        }
        if !of_block && !starts {
            // the rest of a statement is not left of where that starts
            return self.statement.saturating_sub(mark.indent) as isize;
        }
        if of_block {
            self.statement = mark.indent;
            return 0;
        }
        let shift = self.misplaced(n, marks);
        let indent = mark.indent.saturating_add_signed(shift);
        self.statement = indent;
        self.enter(mark, indent);
        shift
    }

    /// The shift of the lines at hand, if this is one more of them.
    fn goes_on(&mut self, mark: &Mark, closes: bool) -> Option<isize> {
        let pasted = self.pasted.as_mut()?;
        let shift = pasted.shift;
        if mark.indent <= pasted.indent {
            let ends = closes && mark.indent == pasted.indent && pasted.opens.is_some();
            self.pasted = None;
            return ends.then_some(shift);
        }
        if !mark.statement {
            return Some(shift);
        }
        let kind = pasted.opens?;
        let body = *pasted.body.get_or_insert(mark.indent);
        let meant = mark.indent > body
            || fits(self.text, mark.at, kind)
            || !fits(self.text, mark.at, pasted.around);
        meant.then_some(shift)
    }

    /// By how much a statement is to be moved that cannot stand where it does, but can in a block
    /// around.
    fn misplaced(&mut self, n: usize, marks: &[Mark]) -> isize {
        let (mark, text) = (&marks[n], self.text);
        let around = match mark.indent {
            0 if is_definition(text, mark.at) && !self.inside[n] => None,
            0 => self
                .levels
                .first()
                .filter(|level| fits(text, mark.at, level.kind)),
            indent => {
                let inner = self.levels.iter().rposition(|level| level.indent < indent);
                let wrong =
                    inner.filter(|at| *at > 0 && !fits(text, mark.at, self.levels[*at].kind));
                let known = || block_head(text, mark.at).is_some() && !is_attribute(text, mark.at);
                wrong.filter(|_| known()).and_then(|at| {
                    let mut outer = self.levels[..at].iter().rev().take(DEEPEST);
                    outer.find(|level| fits(text, mark.at, level.kind))
                })
            }
        };
        let Some((around, body)) = around.and_then(|level| Some((level.kind, level.body?))) else {
            return 0;
        };
        let shift = body as isize - mark.indent as isize;
        if shift != 0 {
            let goes_on = goes_on_below(marks, n) || is_bare_block(text, mark.at);
            let opens = goes_on.then(|| first_word(text, mark.at));
            self.pasted = Some(Pasted {
                indent: mark.indent,
                shift,
                opens,
                body: None,
                around,
            });
        }
        shift
    }

    /// Keeps in mind what a line opens, and how far in its block's first statement stands.
    fn enter(&mut self, mark: &Mark, indent: usize) {
        let inside = self.levels.iter().rposition(|level| level.indent < indent);
        self.levels.truncate(inside.map_or(0, |n| n + 1));
        if let Some(level) = self.levels.last_mut() {
            level.body.get_or_insert(indent);
        }
        let heads = block_head(self.text, mark.at).is_some() || is_bare_block(self.text, mark.at);
        if heads {
            self.levels.push(Level {
                indent,
                kind: first_word(self.text, mark.at),
                body: None,
            });
        }
    }
}

/// Whether the line of a mark opens more than it closes.
fn goes_on_below(marks: &[Mark], n: usize) -> bool {
    let of_line = marks[n..]
        .iter()
        .take_while(|mark| mark.line == marks[n].line);
    let opens = of_line.map(|mark| match mark.kind {
        MarkKind::Open(_) => 1,
        MarkKind::Close(_) => -1,
        MarkKind::Other => 0,
    });
    opens.sum::<i32>() > 0
}
