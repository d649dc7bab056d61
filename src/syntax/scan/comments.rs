//! Comments, and those of other languages.

use super::super::docs::only_blanks;
use super::super::patch::Patch;
use super::{DocLine, Scanner};
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
            let line_end = self.line_end(at);
            self.at = line_end;
            self.out.patches.push(Patch::replace(at, line_end, ""));
            let slashes = self.bytes[at..].iter().take_while(|b| **b == b'/').count();
            let found = Diagnostic::error(
                codes::FOREIGN_FORM,
                self.span(at, at + slashes),
                "a comment starts with `#`",
            )
            .says("not a comment here")
            .fix("write `#`", self.span(at, at + slashes), "#", true);
            self.say(found);
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
}
