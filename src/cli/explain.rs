//! `scn explain`: what a rule finds and why it matters, or all rules.

use super::{exit, style};
use crate::check::nearest;
use crate::diagnostics::Severity;
use crate::diagnostics::rules::{rule, rules};
use crate::plan::wrap::wrap;
use std::io::IsTerminal;

/// Explain a rule of `scn lint`: what it finds, why it matters, a wrong and a right example.
/// Without a name, list all rules.
///
/// Exit codes: 0 explained; 2 no such rule.
#[derive(clap::Args)]
pub struct ExplainArgs {
    /// The rule's name or code: `unknown-attribute`, `E0202`
    #[arg(value_name = "RULE")]
    rule: Option<String>,
}

/// The widest that lines get, in columns: longer ones are hard to read.
const WIDEST: usize = 100;

pub fn explain(args: &ExplainArgs) -> u8 {
    let color = style::color(std::io::stdout().is_terminal());
    let width = style::width().min(WIDEST);
    let Some(name) = &args.rule else {
        return style::print_or(&list(color, width), exit::PASSED);
    };
    match rule(name) {
        Some(rule) => style::print_or(&page(rule.page, color, width), exit::PASSED),
        None => {
            let names = rules().iter().flat_map(|rule| [rule.name, rule.code]);
            let help = match nearest(name, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`scn explain` lists all".to_string(),
            };
            eprintln!("error: there is no rule `{name}`\n  help: {help}");
            exit::USAGE
        }
    }
}

fn bold(text: &str, color: bool) -> String {
    match color {
        true => format!("\x1b[1m{text}\x1b[0m"),
        false => text.to_string(),
    }
}

/// A line or more for each rule, those of errors first.
fn list(color: bool, width: usize) -> String {
    let longest = rules().iter().map(|rule| rule.name.len()).max();
    let longest = longest.unwrap_or_default();
    let mut text = String::new();
    for level in [Severity::Error, Severity::Warning, Severity::Note] {
        let of_level: Vec<_> = rules().iter().filter(|r| r.level == level).collect();
        if of_level.is_empty() {
            continue;
        }
        let title = match level {
            Severity::Error => "Errors: what cannot run",
            Severity::Warning => "Warnings: what runs, and says less than it seems",
            Severity::Note => "Notes",
        };
        text += &format!("{}\n\n", bold(title, color));
        for rule in of_level {
            let indent = 2 + rule.code.len() + 2 + longest + 2;
            let lines = wrap(rule.summary(), width.saturating_sub(indent).max(30));
            let lines = lines.join(&format!("\n{}", " ".repeat(indent)));
            text += &format!("  {}  {:longest$}  {lines}\n", rule.code, rule.name);
        }
        text.push('\n');
    }
    text.push_str("scn explain NAME shows examples.\n");
    text
}

/// Markdown of paragraphs, headings and code, for a terminal.
fn page(markdown: &str, color: bool, width: usize) -> String {
    let mut text = String::new();
    let mut paragraph = String::new();
    let mut in_code = false;
    let flush = |text: &mut String, paragraph: &mut String| {
        for line in wrap(paragraph, width) {
            *text += &format!("{line}\n");
        }
        paragraph.clear();
    };
    for line in markdown.lines() {
        if line.starts_with("```") {
            in_code = !in_code;
        } else if in_code {
            let line = format!("    {line}");
            text += &format!("{}\n", line.trim_end());
        } else if let Some(title) = line.trim_start_matches('#').strip_prefix(' ')
            && line.starts_with('#')
        {
            text += &format!("{}\n", bold(title, color));
        } else if line.is_empty() {
            flush(&mut text, &mut paragraph);
            text.push('\n');
        } else {
            paragraph += &format!("{line} ");
        }
    }
    flush(&mut text, &mut paragraph);
    text
}
