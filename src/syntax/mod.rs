//! From text to tree. Parsing cannot fail: what is broken becomes an `Error` node and a
//! diagnostic, and the rest of the file goes on.

pub mod ast;
