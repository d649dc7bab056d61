//! Comments, and those of other languages.

use super::super::docs::only_blanks;
use super::super::patch::Patch;
use super::super::words::is_reserved;
use super::{Bracket, DocLine, Kind, Scanner};
use crate::diagnostics::{Diagnostic, codes};

impl Scanner<'_> {
    /// Nothing but blanks follows on the line.
    pub(super) fn ends_line(&self, from: usize) -> bool {
        let next = self.bytes[from..]
            .iter()
            .find(|b| !matches!(**b, b' ' | b'\t' | b'\r'));
        matches!(next, None | Some(b'\n'))
    }

    pub(super) fn comment(&mut self) {
        let at = self.at;
        let end = self.line_end(at);
        self.at = end;
        self.out.patches.push(Patch::replace(at, end, ""));
        let rest = &self.bytes[at..end];
        let alone = only_blanks(&self.text[self.line_start..at]);
        if rest.starts_with(b"##") && !rest.starts_with(b"###") && alone && !self.interpolating() {
            self.out.docs.push(DocLine {
                line: self.line,
                start: at,
                end,
            });
        }
    }

    pub(super) fn foreign_comment(&mut self) {
        let at = self.at;
        if self.starts("//") {
            self.two_slashes();
            return;
        }
        let Some(n) = self.text[at + 2..].find("*/") else {
            self.at = self.text.len();
            self.out.patches.push(Patch::replace(at, self.at, ""));
            let found = Diagnostic::error(
                codes::UNCLOSED,
                self.span(at, at + 2),
                "this comment is never closed",
            )
            .says("opened here")
            .help("a comment starts with `#` and ends with its line");
            self.say(found);
            return;
        };
        let end = at + 2 + n + 2;
        let span = self.span(at, end);
        let inside = self.text[at + 2..end - 2].trim();
        let mut found = Diagnostic::error(
            codes::FOREIGN_FORM,
            span,
            "a comment starts with `#` and ends with its line",
        )
        .says("not a comment here");
        if !inside.contains('\n') && self.ends_line(end) {
            found = found.fix("write `#`", span, format!("# {inside}"), true);
        } else {
            found = found.help("start each of its lines with `#`");
        }
        self.say(found);
        let with = if self.text[at..end].contains('\n') {
            "\n"
        } else {
            " "
        };
        self.out.patches.push(Patch::replace(at, end, with));
        while let Some(n) = self.text[self.at..end].find('\n') {
            self.at += n;
            self.newline();
        }
        self.at = end;
    }

    /// `// …`: a comment, or a whole division where a value stands before it.
    fn two_slashes(&mut self) {
        let at = self.at;
        let line_end = self.line_end(at);
        let slashes = self.bytes[at..].iter().take_while(|b| **b == b'/').count();
        let rest = &self.text[at + slashes..line_end];
        let sign = self.span(at, at + slashes);
        let found = Diagnostic::error(codes::FOREIGN_FORM, sign, "a comment starts with `#`");
        let before = self.text[self.line_start..at].trim_end_matches([' ', '\t']);
        if slashes > 2 || !may_end_value(before) || !may_be_operand(rest) {
            self.at = line_end;
            self.out.patches.push(Patch::replace(at, line_end, ""));
            self.say(
                found
                    .says("not a comment here")
                    .fix("write `#`", sign, "#", true),
            );
            return;
        }
        // in brackets only what would be divided by goes: whatever it is, the list has its end
        let (operand, closes) = operand(rest);
        let listed = matches!(
            self.stack.last().map(|frame| frame.kind),
            Some(Kind::Bracket(Bracket::Square | Bracket::Round) | Kind::Interpolation)
        );
        // neither is repaired: a division made a comment is another value
        let found = found
            .says("neither a comment nor an operator here")
            .help("a comment: `# …`; a whole division of `a` by `b`: `(a - mod(a, b)) / b`");
        self.at = line_end;
        if listed || closes {
            self.at = at + slashes + operand;
        }
        self.out.patches.push(Patch::replace(at, self.at, ""));
        self.say(found);
    }
}

/// Whether a value may end here: then a sign behind it may be an operator.
fn may_end_value(before: &str) -> bool {
    before.ends_with(|c: char| c.is_alphanumeric() || "_\"'”’)]}%:".contains(c))
}

/// Whether a text may start with a value; no sentence does: two words beside each other.
fn may_be_operand(rest: &str) -> bool {
    let rest = rest.trim_start();
    if !rest.starts_with(|c: char| c.is_alphanumeric() || "_\"'“‘([{-+.".contains(c)) {
        return false;
    }
    let words: Vec<&str> = rest.split_whitespace().collect();
    let is_word = |word: &str| {
        let plain = word.chars().all(|c| c.is_alphabetic() || c == '_');
        plain && !is_reserved(word)
    };
    !words
        .windows(2)
        .any(|two| two.iter().all(|word| is_word(word)))
}

/// How long the operand is that a text starts with: up to a comma, a comment or a closing bracket
/// of what is around it. And whether the rest of the line has such a bracket.
fn operand(rest: &str) -> (usize, bool) {
    let (mut depth, mut quote, mut length) = (0_usize, None, None);
    for (n, c) in rest.char_indices() {
        match (quote, c) {
            (Some(open), _) if open == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') if depth > 0 => depth -= 1,
            (None, ')' | ']' | '}') => return (length.unwrap_or(n), true),
            (None, '#') => return (length.unwrap_or(n), false),
            (None, ',') if depth == 0 => length = length.or(Some(n)),
            _ => {}
        }
    }
    (length.unwrap_or(rest.len()), false)
}
