//! A file's text as it can be shown: lines far from any label are empty, long lines are
//! cut around their labels, and nothing is left in it that a terminal would obey.

use crate::source::{SourceFile, Span};
use std::ops::Range;

/// Columns shown before a label in a line that is cut.
const LEAD: usize = 40;
/// Lines shown around a label.
const AROUND: usize = 2;

pub struct Snippet {
    /// From its first line that is shown on.
    pub text: String,
    /// How many lines of the file stand before it.
    pub before: usize,
    /// The lines on which labels begin and end, from 0 in the file.
    edges: Vec<usize>,
    /// Where pieces of the original start, and where they stand in `text`.
    pieces: Vec<Piece>,
    /// Columns of a line that are shown.
    width: usize,
}

#[derive(Clone, Copy)]
struct Piece {
    original: usize,
    shown: usize,
    /// Its characters are one for one those of the original; or else nothing of it is shown.
    copied: bool,
}

/// Replaces what a terminal would obey, or what would turn text around, by a visible sign.
pub fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\n' || c == '\t' {
                c
            } else {
                visible(c)
            }
        })
        .collect()
}

fn visible(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{FFFD}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => '\u{FFFD}',
        _ => c,
    }
}

impl Snippet {
    pub fn new(file: &SourceFile, labels: &[Span], width: usize) -> Self {
        let mut snippet = Self {
            text: String::new(),
            before: 0,
            edges: Vec::new(),
            pieces: Vec::new(),
            width,
        };
        let places = labels.iter().flat_map(|l| [l.start, l.end]);
        // which line each edge of a label stands on, and where
        let edges: Vec<(usize, usize)> = places
            .map(|place| floor(&file.text, place as usize))
            .map(|place| (file.line_of(place), place))
            .collect();
        snippet.edges = edges.iter().map(|(line, _)| *line).collect();
        let lines = snippet.edges.iter().copied();
        let (Some(first), Some(last)) = (lines.clone().min(), lines.max()) else {
            return snippet;
        };
        let starts = file.lines();
        snippet.before = first.saturating_sub(AROUND);
        let part = starts[snippet.before] as usize
            ..(starts.get(last + AROUND + 1)).map_or(file.text.len(), |next| *next as usize - 1);
        let mut start = part.start;
        let text = file.covered(part);
        for (n, line) in text.split('\n').enumerate() {
            let number = snippet.before + n;
            if n > 0 {
                snippet.piece(start - 1, true);
                snippet.text.push('\n');
            }
            if snippet.is_shown(number) {
                let here = edges
                    .iter()
                    .filter(|(l, _)| *l == number)
                    .map(|(_, place)| place - start);
                snippet.line(start, line, here.min());
            } else {
                snippet.piece(start, false);
            }
            start += line.len() + 1;
        }
        snippet.piece(start - 1, true);
        snippet
    }

    /// Whether a line, counted from 0 in the file, is near enough to a label; others are empty in
    /// `text`.
    fn is_shown(&self, line: usize) -> bool {
        self.edges.iter().any(|edge| edge.abs_diff(line) <= AROUND)
    }

    /// What miette drew of it, with one sign in place of each run of lines that are not shown.
    pub fn folded(&self, drawn: &str, unicode: bool) -> String {
        let sign = if unicode { "⋮" } else { ":" };
        let mut out = String::with_capacity(drawn.len());
        let mut folding = false;
        for line in drawn.split_inclusive('\n') {
            let number = line_number(line);
            let Some((place, _)) = number.filter(|(_, number)| !self.is_shown(number - 1)) else {
                out.push_str(line);
                folding = false;
                continue;
            };
            if !folding {
                out.push_str(&line[..place.start]);
                out.push_str(&" ".repeat(place.len() - 1));
                out.push_str(sign);
                out.push_str(&line[place.end..]);
            }
            folding = true;
        }
        out
    }

    fn piece(&mut self, original: usize, copied: bool) {
        self.pieces.push(Piece {
            original,
            shown: self.text.len(),
            copied,
        });
    }

    /// A line, cut around its first label if it is long.
    fn line(&mut self, start: usize, line: &str, label: Option<usize>) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut first = 0;
        if line.len() > self.width {
            let chars_before =
                label.map_or(0, |place| line[..place.min(line.len())].chars().count());
            let skip = chars_before.saturating_sub(LEAD);
            if skip > 0 && line.chars().count() > self.width {
                first = line.char_indices().nth(skip).map_or(0, |(n, _)| n);
                self.piece(start, false);
                self.text.push('…');
            }
        }
        let mut end = line.len();
        if let Some((n, _)) = line[first..].char_indices().nth(self.width) {
            end = first + n;
        }
        for (n, c) in line[first..end].char_indices() {
            let shown = if c == '\t' { c } else { visible(c) };
            // One piece for each run of characters that keep their width in bytes.
            let place = start + first + n;
            let moved = self
                .pieces
                .last()
                .is_none_or(|p| !p.copied || self.text.len() - p.shown != place - p.original);
            if moved {
                self.piece(place, true);
            }
            self.text.push(shown);
        }
        if end < line.len() {
            self.piece(start + end, false);
            self.text.push('…');
        } else {
            self.piece(start + end, true);
        }
    }

    /// The place in `text` of a place in the original.
    pub fn place(&self, original: usize) -> usize {
        let after = self.pieces.partition_point(|p| p.original <= original);
        let Some(piece) = after.checked_sub(1).map(|n| self.pieces[n]) else {
            return 0;
        };
        let place = if piece.copied {
            piece.shown + (original - piece.original)
        } else {
            piece.shown
        };
        floor(&self.text, place)
    }
}

/// The number before a drawn line of a file, and where it stands.
fn line_number(line: &str) -> Option<(Range<usize>, usize)> {
    let start = skipped(line, 0);
    let digits = line[start..].bytes().take_while(u8::is_ascii_digit).count();
    let end = start + digits;
    let number = line[start..end].parse().ok().filter(|n| *n > 0)?;
    let behind = &line[skipped(line, end)..];
    behind
        .starts_with(['│', '|'])
        .then_some((start..end, number))
}

/// Where what is no blank and no colour starts, from a place on.
fn skipped(line: &str, from: usize) -> usize {
    let mut at = from;
    loop {
        let rest = &line[at..];
        if rest.starts_with(' ') {
            at += 1;
        } else if let Some(end) = rest.strip_prefix("\u{1b}[").and_then(|rest| rest.find('m')) {
            at += 2 + end + 1;
        } else {
            return at;
        }
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
