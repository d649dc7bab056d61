//! A printer in the manner of Wadler and Oppen: a row of operations, where a group stays on
//! one line if it fits, and takes a new line at each of its breaks otherwise. One pass over
//! sums of widths, so that its time is in proportion to the operations however deep they are.

use super::WIDTH;

/// Columns that a line is indented by at most, however deep it is: a text of 120 levels would
/// otherwise grow by as much.
const MOST_INDENT: usize = 40;

#[derive(Debug, Clone, Copy)]
pub enum Op<'a> {
    /// Without an end of a line, and how wide it is.
    Text(&'a str, usize),
    /// A string of several lines.
    Lines(&'a str),
    Space,
    /// A break: in a group on one line a space, or nothing.
    Break {
        space: bool,
        blank: bool,
    },
    /// A break where what follows, up to the next one, does not fit; else a space.
    Fill,
    /// A break where the group that follows does not fit, and fits on a line of its own; else as
    /// `Fill`: a thing is moved whole before it is broken.
    Whole,
    /// Always a new line, with an empty one before it if `blank`.
    Newline {
        blank: bool,
    },
    /// At the end of a line, whatever its width.
    Comment(&'a str),
    /// Keeps the groups around it off one line.
    Force,
    IfFlat(&'static str),
    IfBroken(&'static str),
    Begin,
    End,
    Indent,
    Dedent,
    /// Starts what may be a row of a table with what is alike before and after it.
    Row(Class<'a>),
    /// Where a check's first word ends: `warn` takes as much room as `expect`.
    Word,
    /// Where blanks make its column as wide as those of its neighbours.
    Slot,
    /// Ends what must be on one line for that.
    RowEnd,
    /// Ends all of it.
    RowDone,
}

/// What is alike enough to stand in one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class<'a> {
    /// `name = …`, `kind { … }`
    Field,
    Let,
    Param,
    /// `kind name { … }`, by its kind.
    Named(&'a str),
    /// `expect name: …`
    Check,
}

/// A [`Op::Row`] as it was printed; columns and widths in characters.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub class: Class<'a>,
    pub indent: usize,
    /// Its first line, the one where `RowEnd` is, and the last; and how many comments stand
    /// alone on lines before.
    pub line: usize,
    pub end_line: usize,
    pub last_line: usize,
    pub comments: usize,
    /// Where its slot is in the text, and how wide it is up to there.
    pub slot: usize,
    pub head: usize,
    /// The column that it ends in.
    pub end: usize,
    /// Where its first word ends, and how wide that is.
    pub word: Option<(usize, usize)>,
}

pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.chars().count()
    }
}

/// Sums over the operations of a text of no more than 4 GiB, so that any stretch of them is measured at once.
struct Measures {
    /// Width on one line of all before each.
    flat: Vec<u32>,
    /// How many before each cannot stand on one line.
    forced: Vec<u32>,
    /// Width from each up to the next break.
    rest: Vec<u32>,
    /// The end of each group.
    ends: Vec<u32>,
}

impl Measures {
    fn of(ops: &[Op<'_>]) -> Self {
        let mut out = Self {
            flat: Vec::with_capacity(ops.len() + 1),
            forced: Vec::with_capacity(ops.len() + 1),
            rest: vec![0; ops.len() + 1],
            ends: vec![0; ops.len()],
        };
        let (mut flat, mut forced, mut open) = (0_u32, 0_u32, Vec::new());
        for (n, op) in ops.iter().enumerate() {
            out.flat.push(flat);
            out.forced.push(forced);
            match op {
                Op::Text(_, width) => flat += *width as u32,
                Op::Space | Op::Fill | Op::Whole | Op::Break { space: true, .. } => flat += 1,
                Op::IfFlat(text) => flat += text.len() as u32,
                Op::Lines(_) | Op::Newline { .. } | Op::Comment(_) | Op::Force => forced += 1,
                Op::Begin => open.push(n),
                Op::End => {
                    if let Some(begin) = open.pop() {
                        out.ends[begin] = n as u32;
                    }
                }
                _ => {}
            }
        }
        out.flat.push(flat);
        out.forced.push(forced);
        for (n, op) in ops.iter().enumerate().rev() {
            out.rest[n] = match op {
                Op::Text(_, width) => out.rest[n + 1] + *width as u32,
                Op::Space => out.rest[n + 1] + 1,
                Op::IfBroken(text) => out.rest[n + 1] + text.len() as u32,
                Op::Lines(text) => width(text.split('\n').next().unwrap_or("")) as u32,
                Op::Break { .. } | Op::Fill | Op::Whole | Op::Newline { .. } | Op::Comment(_) => 0,
                _ => out.rest[n + 1],
            };
        }
        out
    }

    /// Whether the group that begins there can stand on one line from a column on.
    fn fits(&self, begin: usize, column: usize) -> bool {
        let end = self.ends[begin] as usize;
        self.forced[begin] == self.forced[end]
            && column + (self.flat[end] - self.flat[begin] + self.rest[end]) as usize <= WIDTH
    }
}

/// The text, without tables, and its rows in order.
pub fn print<'a>(ops: &[Op<'a>]) -> (String, Vec<Row<'a>>) {
    let measures = Measures::of(ops);
    let mut out = Printer::default();
    // whether each open group is on one line
    let mut modes: Vec<bool> = Vec::new();
    let mut rows: Vec<Row<'a>> = Vec::new();
    let mut open_rows: Vec<Option<usize>> = Vec::new();
    for (n, op) in ops.iter().enumerate() {
        let flat = modes.last().is_some_and(|flat| *flat);
        match *op {
            Op::Text(text, width) => out.text(text, width),
            Op::Lines(text) => out.lines(text),
            Op::Space => out.text(" ", 1),
            Op::Break { space: true, .. } if flat => out.text(" ", 1),
            Op::Break { .. } if flat => {}
            Op::Break { blank, .. } | Op::Newline { blank } => out.newline(blank),
            Op::Whole
                if !flat
                    && !measures.fits(n + 1, out.column() + 1)
                    && measures.fits(n + 1, out.indent.min(MOST_INDENT)) =>
            {
                out.newline(false);
            }
            Op::Fill | Op::Whole
                if flat || out.column() + 1 + measures.rest[n + 1] as usize <= WIDTH =>
            {
                out.text(" ", 1)
            }
            Op::Fill | Op::Whole => out.newline(false),
            Op::Comment(text) => {
                out.comments += usize::from(out.fresh);
                if !out.fresh {
                    out.text(" ", 1);
                }
                out.text(text, width(text));
            }
            Op::IfFlat(text) if flat => out.text(text, text.len()),
            Op::IfBroken(text) if !flat => out.text(text, text.len()),
            Op::Begin => modes.push(flat || measures.fits(n, out.column())),
            Op::End => {
                modes.pop();
            }
            Op::Indent => out.indent += 2,
            Op::Dedent => out.indent -= 2,
            Op::Row(class) => {
                open_rows.push((!flat).then_some(rows.len()));
                if !flat {
                    rows.push(Row {
                        class,
                        indent: out.indent.min(MOST_INDENT),
                        line: out.line,
                        end_line: out.line,
                        last_line: out.line,
                        comments: out.comments,
                        slot: 0,
                        head: 0,
                        end: 0,
                        word: None,
                    });
                }
            }
            Op::Word | Op::Slot | Op::RowEnd => {
                let Some(row) = open_rows.last().copied().flatten() else {
                    continue;
                };
                let (column, row) = (out.column(), &mut rows[row]);
                match op {
                    Op::Word => row.word = Some((out.text.len(), column - row.indent)),
                    Op::Slot => (row.slot, row.head) = (out.text.len(), column - row.indent),
                    _ => (row.end_line, row.end) = (out.line, column),
                }
            }
            Op::RowDone => {
                if let Some(row) = open_rows.pop().flatten() {
                    rows[row].last_line = out.line;
                }
            }
            Op::Force | Op::IfFlat(_) | Op::IfBroken(_) => {}
        }
    }
    if !out.text.is_empty() {
        out.text.push('\n');
    }
    (out.text, rows)
}

struct Printer {
    text: String,
    indent: usize,
    /// Of what is printed on this line, its indentation included.
    width: usize,
    /// Nothing is printed on this line yet.
    fresh: bool,
    line: usize,
    /// Comments that stand alone on their line.
    comments: usize,
}

impl Default for Printer {
    fn default() -> Self {
        Self {
            text: String::new(),
            indent: 0,
            width: 0,
            fresh: true,
            line: 0,
            comments: 0,
        }
    }
}

impl Printer {
    fn column(&self) -> usize {
        self.width
    }

    fn text(&mut self, text: &str, width: usize) {
        if self.fresh {
            self.text.extend(std::iter::repeat_n(' ', self.width));
            self.fresh = false;
        }
        self.text.push_str(text);
        self.width += width;
    }

    fn lines(&mut self, text: &str) {
        self.text(text, 0);
        self.line += text.matches('\n').count();
        self.width = width(text.rsplit('\n').next().unwrap_or(""));
    }

    fn newline(&mut self, blank: bool) {
        // the first thing of a file needs none
        if self.text.is_empty() {
            return;
        }
        self.text.push('\n');
        self.line += 1;
        if blank {
            self.text.push('\n');
            self.line += 1;
        }
        self.fresh = true;
        self.width = self.indent.min(MOST_INDENT);
    }
}
