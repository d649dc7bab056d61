//! What is said of wrong brackets, and how the text is patched so that they match.

use super::Open;
use super::ends::{end_of_call, end_of_list, same_wherever_closed};
use super::lines::{is_definition, is_doubled};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};
use crate::syntax::patch::Patch;
use crate::syntax::scan::{Bracket, Mark};

/// More mistakes than this nobody makes: of a megabyte of brackets not all are said.
pub(super) const MOST_SAID: usize = 2000;

pub(super) struct Said<'a> {
    file: FileId,
    pub text: &'a str,
    /// Whether indentation says where each bracket belongs: then a repair is made by itself, and
    /// what stands around is what the writer meant.
    certain: bool,
    /// Whether any line is.
    indented: bool,
    patches: Vec<Patch>,
    found: Vec<Diagnostic>,
    /// Stray closers in a row are one mistake.
    strays: Vec<usize>,
    /// The bracket that the first of them would have closed too early.
    inside: Option<Open>,
}

impl<'a> Said<'a> {
    pub fn new(file: FileId, text: &'a str, certain: bool) -> Self {
        Self {
            file,
            text,
            certain,
            indented: text.contains("\n ") || text.contains("\n\t"),
            patches: Vec::new(),
            found: Vec::new(),
            strays: Vec::new(),
            inside: None,
        }
    }

    /// How it mends, so far.
    pub fn patches(&self) -> &[Patch] {
        &self.patches
    }

    /// How many mistakes it comes to.
    pub fn count(&self) -> usize {
        self.found.len() + usize::from(!self.strays.is_empty())
    }

    pub fn done(mut self) -> (Vec<Patch>, Vec<Diagnostic>) {
        self.flush_strays();
        (self.patches, self.found)
    }

    /// Keeps a finding, of a text that somebody wrote.
    fn keep(&mut self, found: Diagnostic) {
        if self.found.len() < MOST_SAID {
            self.found.push(found);
        }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file, start, end)
    }

    /// `f(a]`
    pub fn wrong_closer(&mut self, open: Open, bracket: Bracket, mark: &Mark) {
        let (wrong, right) = (bracket.closer(), open.bracket.closer());
        let span = self.span(mark.at, mark.at + 1);
        let opener = self.span(open.at, open.at + 1);
        self.patches
            .push(Patch::replace(mark.at, mark.at + 1, right));
        let message = format!("`{}` is closed with `{wrong}`", open.bracket.opener());
        let found = Diagnostic::error(codes::UNCLOSED, span, message)
            .says(format!("expected `{right}`"))
            .label(opener, "opened here")
            .fix(format!("write `{right}`"), span, right, false);
        self.keep(found);
    }

    /// A closer of nothing; `inside` is the block that it would have closed too early.
    pub fn stray(&mut self, mark: &Mark, inside: Option<Open>) {
        self.patches.push(Patch::replace(mark.at, mark.at + 1, " "));
        let blank = |text: &str| text.bytes().all(|b| b == b' ' || b == b'\t');
        if let Some(last) = self.strays.last()
            // indentation may tell of one before another that stands behind it
            && !self.text.get(last + 1..mark.at).is_some_and(blank)
        {
            self.flush_strays();
        }
        if self.strays.is_empty() {
            self.inside = inside;
        }
        self.strays.push(mark.at);
    }

    fn flush_strays(&mut self) {
        let (Some(first), Some(last)) = (self.strays.first().copied(), self.strays.last().copied())
        else {
            return;
        };
        self.strays.clear();
        let span = self.span(first, last + 1);
        let message = match first == last {
            true => format!("stray `{}`", &self.text[first..=last]),
            false => "stray closing brackets".to_owned(),
        };
        // without one that closes a block, there may as well be an opener missing
        let braces = self.text[first..=last]
            .replace(['}', ' ', '\t'], "")
            .is_empty();
        // nor is it sure where nothing shows whether a line stood above that opened it
        let safe = self.certain && self.indented && braces;
        let mut found = Diagnostic::error(codes::UNCLOSED, span, message)
            .says("nothing is open that this closes")
            .fix("remove it", span, "", safe);
        if let Some(open) = self.inside.take() {
            let opener = self.span(open.at, open.at + 1);
            found = found.label(opener, "what follows still stands in this");
        }
        self.keep(found);
    }

    /// `phase warmup`, without the `{` that a closer below it needs. What stands up to `end` makes
    /// room for it.
    pub fn missing_body(&mut self, head: &str, at: usize, end: usize, mark: &Mark) {
        self.patches.push(Patch::replace(at, end, " {"));
        let found = Diagnostic::error(
            codes::MISSING_BODY,
            self.span(at, at),
            format!("expected `{{` after `{head}`"),
        )
        .says("expected `{`")
        .label(self.span(mark.at, mark.at + 1), "this would close it")
        .fix(
            "open the block with `{`",
            self.span(at, end),
            " {",
            self.certain,
        );
        self.keep(found);
    }

    /// `c = 1, 4]`: the opener belongs before what stands at a place.
    pub fn missing_opener(&mut self, bracket: Bracket, at: usize, mark: &Mark) {
        let opener = bracket.opener();
        self.patches.push(Patch::insert(at, opener));
        let closer = self.span(mark.at, mark.at + 1);
        let width = self.text[at..].chars().next().map_or(0, char::len_utf8);
        let message = format!("this `{}` is never opened", bracket.closer());
        let found = Diagnostic::error(codes::UNCLOSED, closer, message)
            .says("closed here")
            .label(
                self.span(at, at + width),
                format!("expected `{opener}` before this"),
            )
            .fix(
                format!("open it with `{opener}`"),
                self.span(at, at),
                opener,
                self.certain,
            );
        self.keep(found);
    }

    /// Closes brackets at `after`, and reports those of one line as one. `noticed` is where this
    /// came out, if not at the end of the file.
    pub fn unclosed(&mut self, open: &[Open], after: usize, noticed: Option<usize>) {
        // `phase a {{`
        if let [first, second, ..] = open
            && [first, second].iter().all(|o| o.bracket == Bracket::Brace)
            && self.text[first.at + 1..second.at]
                .trim_matches([' ', '\t'])
                .is_empty()
        {
            self.one_too_many(first);
            return self.unclosed(&open[1..], after, noticed);
        }
        let alone = |group: &[Open]| group.len() == 1;
        let groups = || open.chunk_by(|a, b| a.line == b.line);
        // from the innermost on
        for group in groups().rev() {
            if self.doubled(group, after) {
                continue;
            }
            let place = self.place(group, after);
            for open in group.iter().rev() {
                self.patches
                    .push(Patch::insert(place, open.bracket.closer()));
            }
        }
        for group in groups() {
            if self.doubled(group, after) {
                self.one_too_many(&group[0]);
                continue;
            }
            let place = self.place(group, after);
            let closers: String = group.iter().rev().map(|o| o.bracket.closer()).collect();
            let shown = if closers.len() > 8 {
                format!("{}…", &closers[..8])
            } else {
                closers.clone()
            };
            let first = &group[0];
            let what = match alone(group) {
                true => format!("this `{}` is never closed", first.bracket.opener()),
                false => format!("these {} brackets are never closed", group.len()),
            };
            let noticed = if place == after { noticed } else { Some(place) };
            let seen = match noticed {
                None => "the file ends here".to_owned(),
                Some(_) => format!("expected `{shown}` before this"),
            };
            let end = match noticed {
                Some(at) => at + self.text[at..].chars().next().map_or(0, char::len_utf8),
                None => place,
            };
            let noticed = noticed.unwrap_or(place);
            let opener = self.span(first.at, first.at + 1);
            let mut found = Diagnostic::error(codes::UNCLOSED, opener, what)
                .says("opened here")
                .label(self.span(noticed, end), seen);
            for other in group.iter().skip(1).take(3) {
                found = found.label(self.span(other.at, other.at + 1), "and here");
            }
            let safe = self.certain && alone(group) && self.is_certain(first, place);
            let text = match first.bracket {
                Bracket::Brace if safe => self.closing_brace(first, place),
                _ => closers,
            };
            self.keep(found.fix(
                format!("close it with `{shown}`"),
                self.span(place, place),
                text,
                safe,
            ));
        }
    }

    /// `{use std.models`: what defines something of a file stands in no braces.
    fn before_definition(&self, open: &Open) -> bool {
        let inside = &self.text[open.at + 1..];
        let next = self.text.len() - inside.trim_start_matches([' ', '\t']).len();
        let before = self.text[..open.at].trim_end_matches([' ', '\t']);
        open.bracket == Bracket::Brace
            && (before.is_empty() || before.ends_with('\n'))
            && is_definition(self.text, next)
    }

    fn doubled(&self, group: &[Open], after: usize) -> bool {
        let line = |open: &Open| {
            let end = self.text[open.at..after].find('\n');
            end.map_or(after, |end| open.at + end)
        };
        matches!(group, [open] if self.before_definition(open)
            || is_doubled(self.text, open.at, line(open)))
    }

    /// `phase a {{`
    fn one_too_many(&mut self, open: &Open) {
        let span = self.span(open.at, open.at + 1);
        self.patches.push(Patch::replace(open.at, open.at + 1, " "));
        let message = format!("stray `{}`", open.bracket.opener());
        let safe = self.certain && open.bracket == Bracket::Brace;
        let found = Diagnostic::error(codes::UNCLOSED, span, message)
            .says("one too many: nothing closes it")
            .fix("remove it", span, "", safe);
        self.keep(found);
    }

    /// Where brackets of one line that are found open behind `after` end.
    fn place(&self, group: &[Open], after: usize) -> usize {
        match group {
            [list] if list.bracket == Bracket::Square && self.one_line(list.at, after) => {
                end_of_list(self.text, list.at + 1, after).unwrap_or(after)
            }
            [call] if call.bracket == Bracket::Round && self.one_line(call.at, after) => {
                end_of_call(self.text, call.at, after).unwrap_or(after)
            }
            _ => after,
        }
    }

    fn one_line(&self, start: usize, end: usize) -> bool {
        !self.text[start..end].contains('\n')
    }

    /// Whether a bracket can have ended only there, or means the same wherever it did.
    fn is_certain(&self, open: &Open, end: usize) -> bool {
        let one_line = self.one_line(open.at, end);
        match open.bracket {
            // one within it may have lost its closer instead
            Bracket::Brace => !one_line || !self.text[open.at + 1..end].contains('{'),
            Bracket::Square => one_line && !self.text[open.at + 1..end].contains('['),
            Bracket::Round => one_line && same_wherever_closed(self.text, open.at, end),
        }
    }

    /// `}` as it would be written behind a block.
    fn closing_brace(&self, open: &Open, end: usize) -> String {
        let start = self.text[..open.at].rfind('\n').map_or(0, |n| n + 1);
        let rest = self.text[open.at + 1..].lines().next().unwrap_or("");
        let rest = rest.split('#').next().unwrap_or("").trim();
        match rest.is_empty() && !self.one_line(open.at, end) {
            true => {
                let line = &self.text[start..open.at];
                let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
                format!("\n{}}}", &line[..blanks])
            }
            false => " }".to_owned(),
        }
    }
}
