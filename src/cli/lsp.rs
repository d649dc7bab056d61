//! `scn lsp`: serves editors over standard input and output.

use super::load;
use crate::lsp::{Linted, serve};
use indexmap::IndexMap;
use std::io;

/// Serve editors: the language server protocol over standard input and output. It ends with its
/// input. `docs/editors.md` shows how editors are told to start it.
///
/// Exit codes: 0 after `shutdown`; 1 when it is told to exit, or its input ends, without one.
#[derive(clap::Args)]
pub struct LspArgs {
    /// Standard input and output, which is the only way there is: some editors insist on saying so
    #[arg(long)]
    stdio: bool,
}

pub fn lsp(args: &LspArgs) -> u8 {
    let LspArgs { stdio: _ } = args;
    serve(io::stdin(), io::stdout(), &|read| {
        let loaded = load::lint_read(read).map_err(|refused| refused.why())?;
        let mut cases = IndexMap::new();
        for case in loaded.cases {
            *cases.entry(case.scenario).or_insert(0) += 1;
        }
        Ok(Linted {
            program: loaded.program,
            found: loaded.found,
            cases,
        })
    })
}
