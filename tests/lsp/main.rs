//! `scn lsp`, spoken to as an editor does.

mod client;
mod editing;
mod knowing;
mod life;
