//! What the commands on scenarios have in common about findings: which count, and how.

use crate::lint::Levels;

/// How bad the findings of a rule are.
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
}

impl FindingArgs {
    /// Errors, in a sentence: a name that is no rule's, and an error that would be less than one.
    pub fn levels(&self) -> Result<Levels, String> {
        Levels::of(&self.deny, &self.warn, &self.allow)
    }
}
