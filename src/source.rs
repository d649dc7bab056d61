//! Source files and places in them. Knows no language rule.

use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A file that was read during this run of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FileId(pub u32);

/// A half-open range of bytes in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Span {
    pub file: FileId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self {
            file,
            start: clamp(start),
            end: clamp(end),
        }
    }

    /// The smallest span that covers both; `other` must be of the same file.
    pub fn to(self, other: Self) -> Self {
        Self {
            file: self.file,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// One file's name as messages show it, its path (none for the embedded library) and text.
#[derive(Debug, Clone)]
pub struct SourceFile {
    pub name: String,
    pub path: Option<PathBuf>,
    pub text: Arc<str>,
    /// What nobody is to be shown, in bytes of the text, in order.
    pub hidden: Vec<Range<usize>>,
    /// Where its lines start, once that was asked for.
    lines: OnceLock<Arc<[u32]>>,
    /// How many letters stand before each part of the text, once that was asked for.
    letters: OnceLock<Arc<[u32]>>,
}

/// What stands where something is hidden.
const HIDDEN: &str = "***";

/// So many characters tell a hidden text from any other: fewer are not looked for elsewhere.
const TELLING: usize = 4;

/// So many bytes of a text are counted at once.
const PART: usize = 1024;

/// Whether a byte is of a letter that began before it.
fn is_continued(byte: u8) -> bool {
    byte & 0b1100_0000 == 0b1000_0000
}

impl SourceFile {
    /// The folder that relative paths of this file start from.
    pub fn folder(&self) -> Option<&Path> {
        self.path.as_deref().and_then(Path::parent)
    }

    /// The text with `***` for each part that is hidden.
    pub fn shown(&self) -> String {
        self.shown_part(0..self.text.len())
    }

    /// A part of the text with `***` for what is hidden of it.
    pub fn shown_part(&self, part: Range<usize>) -> String {
        let mut shown = String::new();
        let mut at = part.start;
        for hidden in &self.hidden {
            let (start, end) = (hidden.start.max(at), hidden.end.min(part.end));
            if start < end {
                shown.push_str(self.text.get(at..start).unwrap_or(""));
                shown.push_str(HIDDEN);
                at = end;
            }
        }
        shown.push_str(self.text.get(at..part.end).unwrap_or(""));
        shown
    }

    /// A part of the text with `*` for each hidden byte: every place in it is that of the text.
    pub fn covered(&self, part: Range<usize>) -> Cow<'_, str> {
        let text = self.text.get(part.clone()).unwrap_or("");
        let first = self.hidden.partition_point(|h| h.end <= part.start);
        let mut hidden = self.hidden[first..].iter().peekable();
        if hidden.peek().is_none_or(|h| h.start >= part.end) {
            return Cow::Borrowed(text);
        }
        let mut covered = String::with_capacity(text.len());
        for (n, c) in text.char_indices() {
            let at = part.start + n;
            while hidden.next_if(|h| h.end <= at).is_some() {}
            let hides = hidden.peek().is_some_and(|h| h.start <= at);
            match hides && c != '\n' {
                true => covered.extend(std::iter::repeat_n('*', c.len_utf8())),
                false => covered.push(c),
            }
        }
        Cow::Owned(covered)
    }

    /// Where each line starts, in bytes; the first at 0.
    pub fn lines(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let ends = memchr::memchr_iter(b'\n', self.text.as_bytes());
            // no more than 4 GiB of a text are ever looked at
            let starts = ends.filter_map(|end| u32::try_from(end + 1).ok());
            std::iter::once(0).chain(starts).collect()
        })
    }

    /// What goes with a thing that is taken out: its line, where nothing else stands on it, or
    /// the blanks that part it from a comment behind. None where something else is there.
    pub fn removal(&self, part: Range<usize>) -> Option<Range<usize>> {
        let start = self.lines()[self.line_of(part.start)] as usize;
        let next = self.lines().get(self.line_of(part.end) + 1);
        let end = next.map_or(self.text.len(), |start| *start as usize);
        if !self.text.get(start..part.start)?.trim().is_empty() {
            return None;
        }
        let behind = self.text.get(part.end..end)?;
        match behind.trim_start_matches([' ', '\t']) {
            rest if rest.trim().is_empty() => Some(start..end),
            rest if rest.starts_with('#') => Some(part.start..end - rest.len()),
            _ => None,
        }
    }

    /// As [`Self::removal`], with so many whole lines above it.
    pub fn removal_with(&self, part: Range<usize>, above: usize) -> Option<Range<usize>> {
        let line = self.line_of(part.start);
        let alone = self.removal(part.clone())?;
        let first = line.checked_sub(above).filter(|first| *first < line);
        Some(first.map_or(alone.start, |first| self.lines()[first] as usize)..alone.end)
    }

    /// How many letters stand before a place: of a long line they are not counted anew for each
    /// finding on it.
    fn letters_before(&self, at: usize) -> usize {
        let count = |bytes: &[u8]| bytes.iter().filter(|b| !is_continued(**b)).count();
        let bytes = self.text.as_bytes();
        let parts = self.letters.get_or_init(|| {
            // of the end too, which may be where a part begins
            let mut before = vec![0];
            let mut sum = 0;
            for part in bytes.chunks(PART) {
                sum += count(part) as u32;
                before.push(sum);
            }
            before.into()
        });
        let part = at / PART;
        let before = parts.get(part).map_or(0, |before| *before as usize);
        before + count(bytes.get(part * PART..at).unwrap_or(&[]))
    }

    /// Which line, from 0, a place stands on.
    pub fn line_of(&self, at: usize) -> usize {
        self.lines().partition_point(|start| *start as usize <= at) - 1
    }
}

/// All files read so far; a `FileId` is an index into it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

impl Sources {
    pub fn add(
        &mut self,
        name: impl Into<String>,
        path: Option<PathBuf>,
        text: impl Into<Arc<str>>,
    ) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).expect("fewer than 2^32 files"));
        self.files.push(SourceFile {
            name: name.into(),
            path,
            text: text.into(),
            hidden: Vec::new(),
            lines: OnceLock::new(),
            letters: OnceLock::new(),
        });
        id
    }

    /// Says what of a file nobody is to be shown: ranges of bytes, in order.
    pub fn hide(&mut self, id: FileId, hidden: Vec<Range<usize>>) {
        self.files[id.0 as usize].hidden = hidden;
    }

    /// Words about the files, with `***` for what is hidden in any of them.
    pub fn conceal<'a>(&'a self, words: &'a str) -> Cow<'a, str> {
        let of_file = |file: &'a SourceFile| {
            let texts = file.hidden.iter().map(|at| file.text.get(at.clone()));
            texts.map(|text| text.unwrap_or("").trim())
        };
        let telling = |hidden: &&str| hidden.chars().count() >= TELLING;
        let found = (self.files.iter().flat_map(of_file).filter(telling))
            .flat_map(|hidden| words.match_indices(hidden))
            .map(|(at, hidden)| at..at + hidden.len());
        let mut found: Vec<Range<usize>> = found.collect();
        if found.is_empty() {
            return Cow::Borrowed(words);
        }
        // one may be a part of another, or begin in it
        found.sort_by_key(|part| (part.start, part.end));
        let (mut clean, mut at) = (String::with_capacity(words.len()), 0);
        for part in found {
            if part.start >= at {
                clean.push_str(&words[at..part.start]);
                clean.push_str(HIDDEN);
            }
            at = at.max(part.end);
        }
        clean.push_str(&words[at..]);
        Cow::Owned(clean)
    }

    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(i, f)| (FileId(i as u32), f))
    }

    /// As [`SourceFile::removal`].
    pub fn removal(&self, span: Span) -> Option<Span> {
        self.removal_with(span, 0)
    }

    /// As [`SourceFile::removal_with`].
    pub fn removal_with(&self, span: Span, above: usize) -> Option<Span> {
        let file = self.get(span.file);
        let part = file.removal_with(span.start as usize..span.end as usize, above)?;
        Some(Span::new(span.file, part.start, part.end))
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.file)
            .text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }

    /// The text of a span for people, with `***` for what is hidden.
    pub fn shown(&self, span: Span) -> String {
        let file = self.get(span.file);
        file.shown_part(span.start as usize..span.end as usize)
    }

    /// Line and column of a span's start, both from 1; columns count characters.
    pub fn line_col(&self, span: Span) -> (usize, usize) {
        let file = self.get(span.file);
        let mut end = (span.start as usize).min(file.text.len());
        while !file.text.is_char_boundary(end) {
            end -= 1;
        }
        let line = file.line_of(end);
        let start = file.lines()[line] as usize;
        let column = file.letters_before(end) - file.letters_before(start);
        (line + 1, column + 1)
    }

    /// `file:line:column`, as terminals and editors make it a link.
    pub fn place(&self, span: Span) -> String {
        let (line, column) = self.line_col(span);
        format!("{}:{line}:{column}", self.get(span.file).name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_text_has_a_column_however_long_it_is() {
        for letters in [0, 1, PART - 1, PART, PART + 1, 2 * PART, 3 * PART + 7] {
            for letter in ["a", "é", "語"] {
                let mut sources = Sources::default();
                let text = letter.repeat(letters);
                let end = text.len() as u32;
                let file = sources.add("a.scn", None, text);
                let span = |start| Span { file, start, end };
                assert_eq!(sources.line_col(span(end)), (1, letters + 1), "{letter}");
                assert_eq!(sources.line_col(span(0)), (1, 1));
            }
        }
    }
}
