//! `scn lsp`, spoken to as an editor does.

mod client;
mod corpus;
mod editing;
mod knowing;
mod life;
mod typing;
