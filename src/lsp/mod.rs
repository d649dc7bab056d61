//! The language server: says what the other rooms know to editors that speak the language server
//! protocol. Holds no rule of the language.
//!
//! ```text
//! wire ─▶ server ─▶ files ─▶ resolve, check, … ─▶ diagnose
//!                   └▶ requests ─▶ names, walk ─▶ complete, hover, navigate, rename, symbols
//! ```

mod actions;
mod capture;
mod complete;
mod cursor;
mod diagnose;
mod files;
mod hover;
mod library;
mod members;
mod names;
mod navigate;
mod protocol;
mod rename;
mod requests;
mod server;
mod symbols;
mod text;
mod walk;
mod wire;

pub use server::serve;

use crate::diagnostics::Diagnostic;
use crate::resolve::Program;
use indexmap::IndexMap;

/// What a lint of one document came to.
pub struct Linted {
    pub program: Program,
    pub found: Vec<Diagnostic>,
    /// How many cases each scenario has.
    pub cases: IndexMap<String, usize>,
}

/// What `scn lint` does with what was read; an error is a sentence for the log.
pub type Lint = dyn Fn((Program, Vec<Diagnostic>)) -> Result<Linted, String>;
