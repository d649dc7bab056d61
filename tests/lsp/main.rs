//! `scn lsp`, spoken to as an editor does.

mod client;
mod corpus;
#[path = "../corpus_support/mod.rs"]
mod corpus_support;
mod editing;
mod knowing;
mod life;
mod typing;
