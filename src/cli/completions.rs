//! `scn completions`: a completion script for a shell.

use super::exit;

/// Print a completion script for a shell.
#[derive(clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

pub fn print(args: &CompletionsArgs, command: &mut clap::Command) -> u8 {
    clap_complete::generate(args.shell, command, "scn", &mut std::io::stdout());
    exit::PASSED
}
