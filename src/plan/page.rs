//! A page of labelled, wrapped text.

use super::fold::Variant;
use super::render::Style;
use super::wrap::{padded, wrap};
use crate::report::text::one_line;
use console::measure_text_width;

/// More texts than this are counted, not listed.
const MOST_LINES: usize = 8;

/// The text so far.
pub(super) struct Page {
    pub text: String,
    pub style: Style,
}

impl Page {
    pub fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style: Style {
                width: style.width.max(40),
                ..style
            },
        }
    }

    pub fn heading(&mut self, name: &str) {
        let name = self.bold(name);
        self.line(2, &name);
    }

    /// A label, and its text; where cases differ, a line for each text with the cases it is for.
    pub fn variants(&mut self, indent: usize, label: &str, width: usize, variants: &[Variant]) {
        let lines: Vec<String> = variants
            .iter()
            .map(|variant| match variant.when.as_str() {
                "" => one_line(&variant.text),
                when => one_line(&format!("{when}: {}", variant.text)),
            })
            .collect();
        let lines = match lines.len() {
            0..=MOST_LINES => lines,
            n => [
                &lines[..MOST_LINES - 1],
                &[format!("… and {} more", n + 1 - MOST_LINES)],
            ]
            .concat(),
        };
        self.entry(indent, label, width, &lines);
    }

    pub fn entry(&mut self, indent: usize, label: &str, width: usize, lines: &[String]) {
        let column = indent + width + 2;
        let label = one_line(label);
        let mut head = padded(&label, width + 2);
        if measure_text_width(&label) > width {
            self.line(indent, &self.dim(&label));
            head = " ".repeat(width + 2);
        }
        for line in lines {
            for (i, part) in wrap(line, self.style.width.saturating_sub(column + 2))
                .into_iter()
                .enumerate()
            {
                let deeper = if i > 0 { "  " } else { "" };
                let head = std::mem::replace(&mut head, " ".repeat(width + 2));
                self.line(indent, &format!("{}{deeper}{part}", self.dim(&head)));
            }
        }
    }

    pub fn line(&mut self, indent: usize, text: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(text);
        while self.text.ends_with(' ') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    pub fn bold(&self, text: &str) -> String {
        self.painted(1, text)
    }

    pub fn dim(&self, text: &str) -> String {
        self.painted(2, text)
    }

    fn painted(&self, code: u8, text: &str) -> String {
        if self.style.color && !text.trim().is_empty() {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_string()
        }
    }
}
