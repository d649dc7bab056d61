//! What a mistake in the syntax may have caused: of a broken part only the root is told, and what
//! is wrong elsewhere all the same.

use super::torn::Defined;
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::source::{FileId, Sources, Span};
use std::collections::HashSet;

/// What a lost bracket looks like in the block around it: things at the wrong place, missing, or
/// not known.
const OF_STRUCTURE: [codes::Rule; 11] = [
    codes::UNKNOWN_BLOCK,
    codes::UNKNOWN_ATTRIBUTE,
    codes::UNKNOWN_FIELD,
    codes::UNKNOWN_METRIC,
    codes::UNKNOWN_OPTION,
    codes::DUPLICATE,
    codes::SHADOWED,
    codes::MISPLACED,
    codes::MISSING_ATTRIBUTE,
    codes::EMPTY_MATRIX,
    codes::CONTRADICTION,
];

/// Those of them that tell of one statement and the block that it stands in.
const OF_PLACE: [codes::Rule; 4] = [
    codes::UNKNOWN_BLOCK,
    codes::UNKNOWN_ATTRIBUTE,
    codes::UNKNOWN_OPTION,
    codes::MISPLACED,
];

/// With more brackets lost than this, all of their files is torn.
const MOST_TORN: usize = 20;

/// Drops what a mistake in the syntax of the same file may be the cause of.
pub fn without_consequences(sources: &Sources, found: &mut Vec<Diagnostic>) {
    misspelt_blocks(sources, found);
    let is_syntax = |d: &Diagnostic| d.code.starts_with("E01");
    let certain = |d: &Diagnostic| surely_mended(sources, d);
    // a bracket that is missing moves what stands around it, unless its line is all it held
    let lost = |d: &&Diagnostic| {
        d.code == codes::UNCLOSED.0
            && !certain(d)
            && !ends_on_its_line(sources, d)
            && sources
                .text(d.span())
                .starts_with(['{', '}', '[', ']', '(', ')', '/'])
    };
    let mut lost: Vec<&Diagnostic> = found.iter().filter(lost).collect();
    // where no line is indented, a `}` may be of a block whose first line was lost, with its name
    let headless: HashSet<FileId> = (lost.iter())
        .filter(|d| sources.text(d.span()).starts_with('}') && d.message.starts_with("stray"))
        .map(|d| d.span().file)
        .collect();
    let headless: HashSet<FileId> = (headless.into_iter())
        .filter(|file| is_flush(&sources.get(*file).text))
        .collect();
    let few = lost.len() <= MOST_TORN;
    // of many, each would tear the same file
    if !few {
        lost.dedup_by_key(|d| d.span().file);
    }
    // and of each from where what stands there may be moved: not above a bracket that is never closed
    let torn: Vec<(Span, u32)> = (lost.into_iter())
        .map(|d| match few {
            true if sources.text(d.span()).starts_with(['{', '[', '(']) => {
                (torn(sources, d), d.span().start)
            }
            true => (torn(sources, d), 0),
            false => (whole(sources, d.span().file), 0),
        })
        .collect();
    let defined = Defined::by(sources, torn.iter().map(|(part, _)| *part));
    // on the lines where that came out, or a text did not end, nothing means what it meant
    let unclosed = |d: &&Diagnostic| {
        (d.code == codes::UNCLOSED.0 || d.code == codes::MISSING_BODY.0) && !certain(d)
    };
    let lines: HashSet<(FileId, usize)> = (found.iter().filter(unclosed))
        .flat_map(|d| {
            let own = ends_on_its_line(sources, d);
            d.labels.iter().filter(move |label| label.primary || !own)
        })
        .map(|label| (label.span.file, sources.line_col(label.span).0))
        .collect();
    let broken = Parts::of(found.iter().filter(|d| is_syntax(d)).map(Diagnostic::span));
    let unopened = Parts::of(unopened(sources, found).into_iter());
    let ends: HashSet<(FileId, u32)> = (found.iter())
        .filter(|d| is_syntax(d) && !d.message.starts_with(LINE_GOES_ON))
        .flat_map(|d| [d.span().start, d.span().end].map(|at| (d.span().file, at)))
        .collect();
    // a name that is taken twice is not taken a third time
    let twice: HashSet<Span> = (found.iter().filter(|d| d.code == codes::DUPLICATE.0))
        .map(Diagnostic::span)
        .collect();
    found.retain(|d| {
        let span = d.span();
        if d.code == codes::SHADOWED.0 && twice.contains(&span) {
            return false;
        }
        // the same word, or what it begins, was told of
        if d.message.starts_with(LINE_GOES_ON) && ends.contains(&(span.file, span.start)) {
            return false;
        }
        let brace = d.code == codes::UNCLOSED.0 || d.code == codes::UNKNOWN_ATTRIBUTE.0;
        if brace && unopened.meet(span) {
            return false;
        }
        let of_structure = OF_STRUCTURE.iter().any(|rule| rule.0 == d.code);
        // what is nearly a name that is known there is a slip of the pen, wherever it stands
        let misspelt = (d.fixes.iter()).any(|fix| fix.title.starts_with("the nearest"));
        // what a torn part defines may be what is not known elsewhere
        let undefined = d.code == codes::UNKNOWN_NAME.0
            && (headless.contains(&span.file) || defined.may_be(sources, span));
        let moved = OF_PLACE.iter().any(|rule| rule.0 == d.code);
        let caused = of_structure
            && !misspelt
            && (torn.iter()).any(|(part, from)| meet(*part, span) && !(moved && span.end <= *from));
        is_syntax(d)
            || !(undefined
                || caused
                || !lines.is_empty() && lines.contains(&(span.file, sources.line_col(span).0))
                || broken.meet(span))
    });
}

/// How it begins that a load may be for any of several servers.
pub const SEVERAL_SERVERS: &str = "the scenario has several servers";

/// What a block lacks that was meant to change another is that one finding: then it is an error.
fn misspelt_blocks(sources: &Sources, found: &mut Vec<Diagnostic>) {
    let of = |code: &str| -> HashSet<Span> {
        let of_code = found.iter().filter(|d| d.code == code);
        of_code.map(Diagnostic::span).collect()
    };
    let misspelt = of(codes::MISSPELT_BLOCK.0);
    if misspelt.is_empty() {
        return;
    }
    let lacking = of(codes::MISSING_ATTRIBUTE.0);
    let both = |d: &Diagnostic| misspelt.contains(&d.span()) && lacking.contains(&d.span());
    // a server that is none makes others two
    let servers = found.iter().any(|d| {
        d.code == codes::MISSPELT_BLOCK.0 && both(d) && sources.text(d.span()).starts_with("server")
    });
    found.retain(|d| {
        let several = servers && d.message.starts_with(SEVERAL_SERVERS);
        d.code != codes::MISSING_ATTRIBUTE.0 || !both(d) && !several
    });
    for one in found
        .iter_mut()
        .filter(|d| d.code == codes::MISSPELT_BLOCK.0 && both(d))
    {
        one.severity = Severity::Error;
    }
}

/// Whether a finding is a wrong bracket of which it is certain what was meant: then nothing around it
/// is in doubt.
pub fn surely_mended(sources: &Sources, found: &Diagnostic) -> bool {
    let bracket = || {
        sources
            .text(found.span())
            .starts_with(['{', '}', '[', ']', '(', ')'])
    };
    (found.code == codes::MISSING_BODY.0 || found.code == codes::UNCLOSED.0 && bracket())
        && found.fixes.iter().any(|fix| fix.safe)
}

/// Whether a bracket that is never closed is taken as closed at the end of its own line, one that
/// nothing opened holds no statements, or one is only written for another of the same pair.
fn ends_on_its_line(sources: &Sources, lost: &Diagnostic) -> bool {
    let edits = lost.fixes.first().map(|fix| fix.edits.as_slice());
    let Some([(place, text)]) = edits else {
        return false;
    };
    let line = |span: Span| sources.line_col(span).0;
    let brackets = [')', ']', '}', '(', '[', '{'];
    let closes = match place.start == place.end {
        true => {
            let block = lost.code != codes::UNCLOSED.0;
            let text = text.trim_start();
            text.starts_with(brackets) && !(block && text.starts_with('{'))
        }
        false if text.starts_with(brackets) => {
            let mut places = lost.labels.iter().map(|label| label.span);
            return places.all(|span| {
                line(span) == line(*place) || indent(sources, span) == indent(sources, *place)
            });
        }
        false => !sources.text(*place).contains(['{', '}']),
    };
    closes && line(*place) == line(lost.span())
}

/// How far in the line of a place stands.
fn indent(sources: &Sources, place: Span) -> usize {
    let text = &sources.get(place.file).text;
    let before = &text[..place.start as usize];
    let line = &text[before.rfind('\n').map_or(0, |n| n + 1)..];
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// How it begins that something stands behind a statement.
const LINE_GOES_ON: &str = "expected the end of the line";

/// How it begins that the value of an attribute is not on its line.
const NO_VALUE: &str = "expected a value after `=`, found the end of the line";

/// The lines of records whose `{` was forgotten, with the `}` that nothing opens then: those that
/// stand deeper than the attribute that lacks its value, up to one that begins where it does.
fn unopened(sources: &Sources, found: &[Diagnostic]) -> Vec<Span> {
    let stray = |d: &&Diagnostic| d.code == codes::UNCLOSED.0 && sources.text(d.span()) == "}";
    let mut strays: Vec<Span> = found.iter().filter(stray).map(Diagnostic::span).collect();
    strays.sort_unstable();
    let part = |d: &Diagnostic| {
        let span = d.span();
        let text = &sources.get(span.file).text;
        let begins = |at: usize| text[..at].rfind('\n').map_or(0, |line| line + 1);
        let indent = |line: &str| line.len() - line.trim_start().len();
        let own = indent(&text[begins(span.start as usize)..]);
        let before = |stray: &Span| (stray.file, stray.start) <= (span.file, span.start);
        let stray = strays.get(strays.partition_point(before))?;
        if stray.file != span.file {
            return None;
        }
        let last = begins(stray.start as usize);
        let between = text.get(span.end as usize..last)?.lines();
        let mut lines = between.filter(|line| !line.trim().is_empty());
        let deeper = lines.all(|line| indent(line) > own);
        (deeper && indent(&text[last..]) == own).then(|| span.to(*stray))
    };
    let lack = |d: &&Diagnostic| d.code == codes::SYNTAX.0 && d.message.starts_with(NO_VALUE);
    found.iter().filter(lack).filter_map(part).collect()
}

fn whole(sources: &Sources, file: FileId) -> Span {
    Span::new(file, 0, sources.get(file).text.len())
}

/// Whether no line of a text is indented.
fn is_flush(text: &str) -> bool {
    !text.lines().any(|line| line.starts_with([' ', '\t']))
}

/// The items at the left margin from the one in which a bracket was opened to the one in which it
/// came out that it is not closed.
fn torn(sources: &Sources, lost: &Diagnostic) -> Span {
    let file = lost.span().file;
    let text = &sources.get(file).text;
    // where no line is indented, none shows where a part begins
    if is_flush(text) {
        return whole(sources, file);
    }
    let places = lost.labels.iter().map(|label| label.span);
    let places = places.filter(|span| span.file == file);
    let (first, last) = places.fold((text.len(), 0), |(first, last), span| {
        (first.min(span.start as usize), last.max(span.end as usize))
    });
    let starts = || {
        let breaks = text.match_indices('\n').map(|(at, _)| at + 1);
        let begins = |at: &usize| text[*at..].starts_with(|c: char| c.is_alphabetic());
        std::iter::once(0).chain(breaks).filter(begins)
    };
    let start = starts().take_while(|at| *at <= first).last().unwrap_or(0);
    let end = starts().find(|at| *at >= last).unwrap_or(text.len());
    Span::new(file, start, end)
}

/// Places in order, each with the end of that one of it and those before in its file that ends last:
/// whether one of very many meets another place takes few steps.
struct Parts(Vec<Span>);

impl Parts {
    fn of(places: impl Iterator<Item = Span>) -> Self {
        let mut all: Vec<Span> = places.collect();
        all.sort_unstable();
        for at in 1..all.len() {
            let before = all[at - 1];
            if before.file == all[at].file {
                all[at].end = all[at].end.max(before.end);
            }
        }
        Self(all)
    }

    fn meet(&self, place: Span) -> bool {
        let begins = |part: &Span| (part.file, part.start) < (place.file, place.end);
        let before = self.0.partition_point(begins);
        let last = self.0[..before].last();
        last.is_some_and(|part| part.file == place.file && place.start < part.end)
    }
}

/// Whether two places share text, or one stands inside the other.
fn meet(a: Span, b: Span) -> bool {
    a.file == b.file && a.start < b.end && b.start < a.end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &str, found: &[(codes::Rule, &str)]) -> Vec<&'static str> {
        let mut sources = Sources::default();
        let file = sources.add("it.scn", None, text);
        let place = |part: &str| {
            let at = text.find(part).unwrap();
            Span::new(file, at, at + part.len())
        };
        let mut found: Vec<Diagnostic> = (found.iter())
            .map(|(rule, part)| Diagnostic::error(*rule, place(part), ""))
            .collect();
        without_consequences(&sources, &mut found);
        found.iter().map(|d| d.code).collect()
    }

    #[test]
    fn what_a_lost_brace_may_have_caused_is_not_said() {
        let found = [
            (codes::UNCLOSED, "{"),
            (codes::MISSING_ATTRIBUTE, "scenario"),
            (codes::TYPE_MISMATCH, "a"),
            (codes::UNKNOWN_UNIT, "sec"),
        ];
        assert_eq!(left("scenario a {\n 5 sec", &found), ["E0102", "E0211"]);
    }

    #[test]
    fn a_string_that_is_not_closed_moves_nothing() {
        let found = [(codes::UNCLOSED, "\""), (codes::UNKNOWN_NAME, "other")];
        assert_eq!(
            left("let a = \"\nlet b = other", &found),
            ["E0102", "E0203"]
        );
    }

    #[test]
    fn places_in_order_meet_as_each_does() {
        let all = [(0, 2, 9), (0, 3, 4), (0, 12, 12), (1, 5, 6), (1, 1, 2)];
        let span = |(file, start, end)| Span::new(FileId(file), start, end);
        let parts = Parts::of(all.into_iter().map(span));
        for file in 0..3 {
            for start in 0..14 {
                for end in start..14 {
                    let place = span((file, start, end));
                    let any = all.into_iter().any(|one| meet(span(one), place));
                    assert_eq!(parts.meet(place), any, "{place:?}");
                }
            }
        }
    }

    #[test]
    fn what_stands_on_broken_text_is_not_said_again() {
        let found = [
            (codes::FOREIGN_FORM, "None"),
            (codes::TYPE_MISMATCH, "None"),
            (codes::TYPE_MISMATCH, "3"),
        ];
        assert_eq!(left("a = None, b = 3", &found), ["E0104", "E0301"]);
    }
}
