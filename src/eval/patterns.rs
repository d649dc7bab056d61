//! Regular expressions that are known to be sound. Reading one takes as long as a page of a
//! scenario does, and all cases of a pack have those of the engine they share.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

/// More than any library of engines holds; those beyond it are read each time.
const KEPT: usize = 1000;

/// A longer one is read each time.
const LONGEST: usize = 1000;

/// The patterns of a program that were read without an error.
#[derive(Debug, Default)]
pub struct Patterns(Mutex<HashSet<String>>);

impl Patterns {
    /// Errors: why the pattern is no regular expression, or is one that is too large.
    pub fn check(&self, pattern: &str) -> Result<(), regex::Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains(pattern) {
            regex::Regex::new(pattern)?;
            if known.len() < KEPT && pattern.len() <= LONGEST {
                known.insert(pattern.to_owned());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sound_stays_so_and_what_was_not_is_read_again() {
        let patterns = Patterns::default();
        for _ in 0..2 {
            assert!(patterns.check("a(b").is_err());
            assert!(patterns.check("a(b)").is_ok());
            assert!(patterns.check(r"\w{100}{100}{100}").is_err());
        }
        assert_eq!(patterns.0.lock().unwrap().len(), 1);
    }

    #[test]
    fn no_more_is_kept_than_is_said() {
        let patterns = Patterns::default();
        for n in 0..KEPT + 10 {
            assert!(patterns.check(&format!("a{n}")).is_ok());
        }
        assert!(patterns.check(&"a".repeat(LONGEST + 1)).is_ok());
        assert_eq!(patterns.0.lock().unwrap().len(), KEPT);
    }
}
