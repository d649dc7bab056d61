//! `# scn: allow(name) because …`: findings that a writer has answered, at their place.

use super::reach::Reach;
use crate::check::nearest;
use crate::diagnostics::rules::{RuleInfo, rule, rules};
use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::source::{FileId, Sources, Span};
use crate::syntax::comments::comments;
use std::collections::HashMap;
use std::ops::RangeInclusive;

/// What such a comment begins with, behind `#`.
const WORD: &str = "scn:";

/// One name of one such comment.
#[derive(Debug, Clone)]
pub struct Suppression {
    pub rule: &'static RuleInfo,
    /// The name in the comment.
    pub name: Span,
    /// What to take out, so that the comment names the others only, or is gone.
    pub removal: Span,
    /// Where the places are that it speaks of: lines of its file, from 1.
    pub lines: RangeInclusive<usize>,
}

/// The suppressions of a file's text, and what is wrong with them. A comment of its own line speaks
/// of what starts on the next line that is no comment, with all its lines; one at the end of a line
/// of what ends there, or else of that line.
pub fn suppressions(file: FileId, text: &str) -> (Vec<Suppression>, Vec<Diagnostic>) {
    let (mut known, mut found) = (Vec::new(), Vec::new());
    let name = WORD.trim_end_matches(':').as_bytes();
    let mut words = text.as_bytes().windows(name.len());
    if !words.any(|word| word.eq_ignore_ascii_case(name)) {
        return (known, found);
    }
    let all = comments(text);
    let starts: Vec<usize> = std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1))
        .collect();
    let line_of = |at: usize| starts.partition_point(|start| *start <= at);
    let alone = |at: usize| text[starts[line_of(at) - 1]..at].trim().is_empty();
    let behind = lines_behind(&all, &line_of, &alone);
    let reach = Reach::of(text, &line_of);
    for (index, comment) in all.iter().enumerate() {
        let written = text[comment.clone()].trim_end();
        let said = written.trim_start_matches('#').trim_start();
        let Some(rest) = said.strip_prefix(WORD) else {
            let start = comment.start + written.len() - said.len();
            found.extend(in_capitals(file, said, start));
            continue;
        };
        let lines = match alone(comment.start) {
            true => reach.below(behind[index]),
            false => reach.behind(line_of(comment.start)),
        };
        let start = comment.start + written.len() - rest.len();
        let whole = Span::new(file, comment.start, comment.start + written.len());
        names(file, rest, start, whole, lines, &mut known, &mut found);
    }
    (known, found)
}

/// `scn allow(…)` allows nothing: the colon is missing.
fn without_colon(file: FileId, said: &str, start: usize) -> Option<Diagnostic> {
    let name = WORD.trim_end_matches(':');
    let (word, rest) = said.split_at_checked(name.len())?;
    let list = rest.trim_start().strip_prefix("allow")?.trim_start();
    if !word.eq_ignore_ascii_case(name) || !rest.starts_with(' ') || !list.starts_with('(') {
        return None;
    }
    let span = Span::new(file, start, start + name.len());
    let message = format!("this comment allows nothing: `{WORD}` is written with a colon");
    let found = Diagnostic::warning(codes::BAD_SUPPRESSION, span, message);
    let help = "write `# scn: allow(name-of-a-rule) because …`";
    Some(found.help(help).fix("write the colon", span, WORD, false))
}

/// `SCN: allow(…)` allows nothing: the word is written in small letters.
fn in_capitals(file: FileId, said: &str, start: usize) -> Option<Diagnostic> {
    if let Some(found) = without_colon(file, said, start) {
        return Some(found);
    }
    let (word, rest) = said.split_at_checked(WORD.len())?;
    let allows = rest.trim_start().to_lowercase().starts_with("allow");
    if !word.eq_ignore_ascii_case(WORD) || !allows {
        return None;
    }
    let span = Span::new(file, start, start + WORD.len());
    let message = format!("this comment allows nothing: `{word}` is written `{WORD}`");
    let found = Diagnostic::warning(codes::BAD_SUPPRESSION, span, message);
    let help = "write it in small letters: `# scn: allow(name-of-a-rule) because …`";
    Some(
        found
            .help(help)
            .fix("write it in small letters", span, WORD, false),
    )
}

/// For each comment the first line behind it that is no comment of its own line.
fn lines_behind(
    all: &[std::ops::Range<usize>],
    line_of: &dyn Fn(usize) -> usize,
    alone: &dyn Fn(usize) -> bool,
) -> Vec<usize> {
    let mut behind = vec![0; all.len()];
    // from the last on, as those that follow one another end at the same line
    for index in (0..all.len()).rev() {
        let line = line_of(all[index].start) + 1;
        let next = all.get(index + 1).map(|next| next.start);
        let follows = next.is_some_and(|next| line_of(next) == line && alone(next));
        behind[index] = if follows { behind[index + 1] } else { line };
    }
    behind
}

/// ` allow(a, b) because …`, from `start` on in the text.
fn names(
    file: FileId,
    rest: &str,
    start: usize,
    whole: Span,
    lines: RangeInclusive<usize>,
    known: &mut Vec<Suppression>,
    found: &mut Vec<Diagnostic>,
) {
    let form = "write `# scn: allow(name-of-a-rule) because …`, at the end of a line or above it";
    let parts = rest
        .trim_start()
        .strip_prefix("allow")
        .and_then(|rest| rest.trim_start().strip_prefix('('))
        .and_then(|rest| rest.split_once(')'));
    let Some((list, reason)) = parts else {
        let message = "this comment is for scn, and scn does not understand it";
        found.push(Diagnostic::warning(codes::BAD_SUPPRESSION, whole, message).help(form));
        return;
    };
    let reason = reason.trim().strip_prefix("because").unwrap_or_default();
    if !reason.starts_with(char::is_whitespace) || reason.trim().is_empty() {
        let message = "nobody says why this is allowed";
        found.push(
            Diagnostic::warning(codes::BAD_SUPPRESSION, whole, message)
                .help("say it behind the bracket: `because …`"),
        );
    }
    if let Some(second) = second(reason) {
        let from = start + rest.len() - second.len();
        let message = "a comment allows once: this is read as part of the reason";
        found.push(
            Diagnostic::warning(
                codes::BAD_SUPPRESSION,
                Span::new(file, from, whole.end as usize),
                message,
            )
            .help("name all rules in one list: `# scn: allow(one, other) because …`"),
        );
    }
    let mut at = start + rest.find('(').map_or(0, |n| n + 1);
    let mut places: Vec<(&str, Span)> = Vec::new();
    for name in list.split(',') {
        let from = at + name.len() - name.trim_start().len();
        at += name.len() + 1;
        let name = name.trim();
        places.push((name, Span::new(file, from, from + name.len())));
    }
    for (index, (name, place)) in places.iter().copied().enumerate() {
        match rule(name) {
            Some(rule) => known.push(Suppression {
                rule,
                name: place,
                lines: lines.clone(),
                removal: match (index.checked_sub(1), places.get(index + 1)) {
                    (_, Some((_, next))) => Span {
                        end: next.start,
                        ..place
                    },
                    (Some(before), None) => Span {
                        start: places[before].1.end,
                        ..place
                    },
                    (None, None) => whole,
                },
            }),
            None if name.is_empty() => found.push(
                Diagnostic::warning(codes::BAD_SUPPRESSION, whole, "it names no rule").help(form),
            ),
            None => {
                let names = rules().iter().map(|rule| rule.name);
                let message = format!("there is no rule `{name}`");
                let diagnostic = Diagnostic::warning(codes::UNKNOWN_RULE, place, message);
                found.push(match nearest(name, names) {
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
                        "write that",
                        place,
                        near,
                        false,
                    ),
                    None => diagnostic.help("`scn explain` lists the rules"),
                });
            }
        }
    }
}

/// A second `scn: allow(…)` in the reason of the first, up to its end.
fn second(reason: &str) -> Option<&str> {
    let mut places = reason.match_indices(WORD);
    places.find_map(|(at, word)| {
        let behind = reason[at + word.len()..].trim_start();
        let list = behind.strip_prefix("allow")?.trim_start();
        list.starts_with('(').then_some(&reason[at..])
    })
}

/// What a suppression did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Nothing,
    /// All that it speaks of was answered by others before it.
    Again,
    Answers,
}

/// The suppressions of a file, and of what use each was.
struct Allowed {
    /// In the order of their text.
    all: Vec<(Suppression, Use)>,
    /// Those of each rule, in the order of their first lines.
    of: HashMap<&'static str, OfRule>,
    /// What was answered before, as many findings may be of one line.
    known: HashMap<(&'static str, usize), bool>,
}

/// The suppressions of a rule: indices, each with the last line that it or one before it reaches.
type OfRule = Vec<(usize, usize)>;

impl Allowed {
    fn of(known: Vec<Suppression>) -> Self {
        let mut of: HashMap<_, OfRule> = HashMap::new();
        let mut order: Vec<usize> = (0..known.len()).collect();
        order.sort_by_key(|at| *known[*at].lines.start());
        for at in order {
            let of_rule = of.entry(known[at].rule.code).or_default();
            let before = of_rule.last().map_or(0, |(_, last)| *last);
            of_rule.push((at, before.max(*known[at].lines.end())));
        }
        Self {
            all: known.into_iter().map(|one| (one, Use::Nothing)).collect(),
            of,
            known: HashMap::new(),
        }
    }

    /// Whether a finding of the rule is allowed on the line; the first that says so was of use.
    fn answer(&mut self, code: &'static str, line: usize) -> bool {
        if let Some(allowed) = self.known.get(&(code, line)) {
            return *allowed;
        }
        let of_rule = self.of.get(code).map(Vec::as_slice).unwrap_or_default();
        let starts = |(at, _): &(usize, usize)| *self.all[*at].0.lines.start() <= line;
        let before = &of_rule[..of_rule.partition_point(starts)];
        let near = before.iter().rev().take_while(|(_, last)| *last >= line);
        let mut speak: Vec<usize> = near
            .map(|(at, _)| *at)
            .filter(|at| self.all[*at].0.lines.contains(&line))
            .collect();
        speak.sort_unstable();
        for (nth, at) in speak.iter().enumerate() {
            let use_ = &mut self.all[*at].1;
            match nth {
                0 => *use_ = Use::Answers,
                _ if *use_ == Use::Nothing => *use_ = Use::Again,
                _ => {}
            }
        }
        self.known.insert((code, line), !speak.is_empty());
        !speak.is_empty()
    }
}

/// Takes out what comments in the files allow, and adds what is wrong with these comments.
/// `whole`: all that there is to find was looked for, so what suppressed nothing of `roots` is
/// told too.
pub fn suppress(sources: &Sources, found: &mut Vec<Diagnostic>, roots: &[FileId], whole: bool) {
    let mut by_file: HashMap<FileId, Allowed> = HashMap::new();
    let mut wrong = Vec::new();
    for (id, file) in sources.iter().filter(|(_, file)| file.path.is_some()) {
        let (known, bad) = suppressions(id, &file.text);
        wrong.extend(bad);
        if !known.is_empty() {
            by_file.insert(id, Allowed::of(known));
        }
    }
    if by_file.is_empty() && wrong.is_empty() {
        return;
    }
    found.append(&mut wrong);
    found.retain(|diagnostic| {
        let span = diagnostic.span();
        let Some(of_file) = by_file.get_mut(&span.file) else {
            return true;
        };
        if diagnostic.severity == Severity::Error {
            return true;
        }
        let line = sources.line_col(span).0;
        !of_file.answer(diagnostic.code, line)
    });
    let looked_at = |file: &FileId| whole && roots.contains(file);
    for (_, of_file) in by_file.into_iter().filter(|(file, _)| looked_at(file)) {
        found.extend(
            (of_file.all.iter())
                .filter(|(_, of_use)| *of_use != Use::Answers)
                .map(|(one, of_use)| useless(sources, one, *of_use)),
        );
    }
}

fn useless(sources: &Sources, one: &Suppression, of_use: Use) -> Diagnostic {
    let name = one.rule.name;
    let (message, help) = match one.rule.can_be_allowed() {
        true if of_use == Use::Again => (
            format!("`{name}` is allowed here already"),
            "delete it; one comment answers all findings of a rule at a statement",
        ),
        true => (
            format!("nothing here is `{name}`"),
            "delete it; it speaks of the statement or line that it ends, or of the next one",
        ),
        false => (
            format!("`{name}` is an error, which cannot be allowed"),
            "delete it, and mend what is wrong",
        ),
    };
    let found = Diagnostic::warning(codes::USELESS_SUPPRESSION, one.name, message).help(help);
    found.fix("delete it", with_blanks(sources, one.removal), "", true)
}

/// A comment with its line, or with the blanks before it; a part of one as it is.
fn with_blanks(sources: &Sources, removal: Span) -> Span {
    let text = sources.text(removal);
    if !text.starts_with('#') {
        return removal;
    }
    sources.removal(removal).unwrap_or_else(|| {
        let before = &sources.get(removal.file).text[..removal.start as usize];
        Span::new(
            removal.file,
            before.trim_end_matches([' ', '\t']).len(),
            removal.end as usize,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> (Vec<(&'static str, usize)>, Vec<&'static str>) {
        let (known, found) = suppressions(FileId::default(), text);
        let known = known
            .iter()
            .map(|one| (one.rule.name, *one.lines.start()))
            .collect();
        (known, found.iter().map(|d| d.rule).collect())
    }

    #[test]
    fn a_comment_speaks_of_its_line_or_the_next() {
        let text = "a = 1 # scn: allow(unused) because x\n\
            # scn: allow(W0503, unused) because y\n# more\n## doc\nb = 2\n";
        let (known, found) = lines(text);
        assert_eq!(known, [("unused", 1), ("few-requests", 5), ("unused", 5)]);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn what_is_wrong_with_one_is_said() {
        for text in [
            "# scn: allow(unused)",
            "# scn: allow(unused) because ",
            "# scn: allow(unused) becausex y",
            "# scn: alow(unused) because x",
            "# scn allow(unused) because x",
            "# SCN allow (unused) because x",
            "# scn: allow(unused because x",
            "# scn: allow() because x",
            "# scn: allow(unused) because x # scn: allow(few-requests) because y",
            "# scn: allow(unused) because x scn: allow (few-requests) because y",
        ] {
            assert_eq!(lines(text).1, ["bad-suppression"], "{text}");
        }
        assert_eq!(lines("# scn: allow(unusd) because x").1, ["unknown-rule"]);
        assert_eq!(
            lines("# SCN: allow(unused) because x").1,
            ["bad-suppression"]
        );
        let twice = "a # scn: allow(unused) because x # scn: allow(few-requests) because y  ";
        let (_, found) = suppressions(FileId::default(), twice);
        let span = found[0].span();
        let second = &twice[span.start as usize..span.end as usize];
        assert_eq!(second, "scn: allow(few-requests) because y");
        // a word that is not for scn
        assert!(lines("# SCN: our name for it").1.is_empty());
        assert!(
            lines("# scn is allowed to\n\"# scn: allow\"\n")
                .1
                .is_empty()
        );
    }

    #[test]
    fn places_of_names_are_theirs() {
        let text = "a # scn: allow( unused , nothing ) because x";
        let (known, found) = suppressions(FileId::default(), text);
        let of = |span: Span| &text[span.start as usize..span.end as usize];
        assert_eq!(
            (of(known[0].name), of(found[0].span())),
            ("unused", "nothing")
        );
    }

    #[test]
    fn a_comment_at_a_statement_speaks_of_all_its_lines() {
        let of = |text: &str| -> Vec<(usize, usize)> {
            let (known, _) = suppressions(FileId::default(), text);
            let lines = known.iter().map(|one| &one.lines);
            lines.map(|l| (*l.start(), *l.end())).collect()
        };
        const ALLOW: &str = "# scn: allow(unused) because x";
        let check = "expect a: x <= 1s\n  and y <= 2s";
        for (text, lines) in [
            (format!("{ALLOW}\n{check}\n"), (2, 3)),
            (format!("{check} {ALLOW}\n"), (1, 2)),
            (
                "phase a {\n  clients = 1\n} ALLOW\nb = 1".replace("ALLOW", ALLOW),
                (1, 3),
            ),
            (format!("phase a {{ {ALLOW}\n  clients = 1\n}}\n"), (1, 1)),
            (format!("phase a {{\n  clients = 1 {ALLOW}\n}}\n"), (2, 2)),
            (
                format!("phase a {{\n  {ALLOW}\n  b = [\n    1,\n  ]\n}}\n"),
                (3, 5),
            ),
            (format!("b = [\n  1, {ALLOW}\n  2,\n]\n"), (2, 2)),
            (
                format!("b = {{\n  {ALLOW}\n  c = {{\n    d = 1\n  }}\n}}\n"),
                (3, 5),
            ),
        ] {
            assert_eq!(of(&text), [lines], "{text}");
        }
    }
}
