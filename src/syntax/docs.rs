//! `##` lines: which item, or whether the whole file, they tell about.

use super::scan::DocLine;

/// Whether a text is blank; a byte order mark is as a blank wherever it stands.
pub fn only_blanks(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || c == '\u{FEFF}')
}

/// Whether a line shows nothing once the text is formatted: a `\` at its end goes then.
fn shows_nothing(line: &str) -> bool {
    only_blanks(line.trim_end().strip_suffix('\\').unwrap_or(line))
}

/// The doc comments of a file.
pub struct Docs<'a> {
    text: &'a str,
    lines: Vec<DocLine>,
    /// Where each line starts.
    starts: Vec<usize>,
}

impl<'a> Docs<'a> {
    pub fn new(text: &'a str, lines: Vec<DocLine>) -> Self {
        let mut starts = vec![0];
        if !lines.is_empty() {
            starts.extend(text.match_indices('\n').map(|(n, _)| n + 1));
        }
        Self {
            text,
            lines,
            starts,
        }
    }

    /// The lines directly above an item that is the first thing on its line.
    pub fn above(&self, item: usize) -> Option<String> {
        if self.lines.is_empty() {
            return None;
        }
        let line = self.starts.partition_point(|s| *s <= item).checked_sub(1)?;
        if !only_blanks(self.text.get(self.starts[line]..item)?) {
            return None;
        }
        let end = self.lines.partition_point(|d| d.line < line);
        let mut first = end;
        while first > 0 && self.lines[first - 1].line + (end - first) + 1 == line {
            first -= 1;
        }
        self.join(first, end)
    }

    /// The block at the head of the file, if a blank line sets it off.
    pub fn head(&self) -> Option<String> {
        let first = self.lines.first()?;
        if !self.text[..first.start].lines().all(shows_nothing) {
            return None;
        }
        let end = self
            .lines
            .iter()
            .enumerate()
            .take_while(|(n, d)| d.line == first.line + n)
            .count();
        let next = self.text[self.lines[end - 1].end..]
            .strip_prefix('\n')
            .unwrap_or("");
        let next_line = next.split('\n').next().unwrap_or("");
        shows_nothing(next_line)
            .then(|| self.join(0, end))
            .flatten()
    }

    fn join(&self, first: usize, end: usize) -> Option<String> {
        if first == end {
            return None;
        }
        let lines: Vec<&str> = self.lines[first..end]
            .iter()
            .map(|d| {
                let line = self.text[d.start..d.end].trim_end();
                let line = line.strip_prefix("##").unwrap_or(line);
                line.strip_prefix(' ').unwrap_or(line)
            })
            .collect();
        Some(lines.join("\n"))
    }
}
