//! What the commands on scenarios have in common about findings: which count, and how.

use super::style;
use crate::diagnostics::{Diagnostic, concise, github, json, sarif};
use crate::lint::Levels;
use crate::source::Sources;
use serde::Serialize;

/// How findings are written.
#[derive(Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// With the places in the text
    #[default]
    Human,
    /// A line each: `path:line:column: level[code] name: message`
    Concise,
    /// As `--json` has them
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub's workflows
    Github,
}

/// Which findings count, and how they are written.
#[derive(clap::Args, Default)]
#[command(next_help_heading = "Findings")]
pub struct FindingArgs {
    /// Findings of this rule are errors; may be given several times
    #[arg(long, value_name = "RULE")]
    deny: Vec<String>,
    /// Findings of this rule are warnings
    #[arg(long, value_name = "RULE")]
    warn: Vec<String>,
    /// Findings of this rule are not shown; errors cannot be allowed. In a file: `# scn: allow(RULE)
    /// because …`, above the place or at the end of its line
    #[arg(long, value_name = "RULE")]
    allow: Vec<String>,
    /// How findings are written: by `lint` to standard output, `human` apart; by `plan` and `run`,
    /// which have other things to print there, to standard error
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub format: Format,
}

impl FindingArgs {
    /// Errors, in a sentence: a name that is no rule's, and an error that would be less than one.
    pub fn levels(&self) -> Result<Levels, String> {
        Levels::of(&self.deny, &self.warn, &self.allow)
    }
}

fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

impl Format {
    /// Findings as text; none where they are to be shown as people read them.
    pub fn text(self, sources: &Sources, found: &[Diagnostic]) -> Option<String> {
        Some(match self {
            Self::Human => return None,
            Self::Concise => concise::render(sources, found),
            Self::Json => pretty(&json::by_file(sources, found)),
            Self::Sarif => pretty(&sarif::to_sarif(sources, found)),
            Self::Github => github::render(sources, found),
        })
    }

    /// Findings on standard error.
    pub fn show(self, sources: &Sources, found: &[Diagnostic]) {
        match self.text(sources, found) {
            Some(text) => eprint!("{text}"),
            None => style::show(sources, found),
        }
    }
}
