//! What becomes of findings: those that a writer has answered at their place, and the levels that
//! somebody sets.

mod levels;
mod suppress;

pub use levels::Levels;
pub use suppress::{Suppression, suppress, suppressions};
