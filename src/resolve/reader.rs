//! What a program can be read through, where its texts are not those on disk.

use crate::diagnostics::Diagnostic;
use crate::source::FileId;
use crate::syntax::ast::Ast;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// Gives the texts of files, and their trees.
pub trait Reader {
    /// As files are read: `used` is what a file names.
    fn read(&self, path: &Path, used: bool) -> io::Result<Vec<u8>>;

    /// As [`crate::syntax::parse`] would; what was parsed before need not be parsed again.
    fn parse(&self, file: FileId, text: &Arc<str>) -> (Arc<Ast>, Vec<Diagnostic>);
}
