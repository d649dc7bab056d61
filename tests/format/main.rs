//! The formatter: a corpus of texts beside what they become, random programs, and the command.

#[path = "../corpus_support/mod.rs"]
mod corpus_support;
#[path = "../syntax_support/mod.rs"]
mod syntax_support;

mod command;
mod corpus;
mod programs;
mod props;

use scn::source::FileId;
use scn::syntax::format::{Refused, format};
use syntax_support::{outline, read};

/// Formats a text and checks what holds for every one: the tree and the comments stay, and
/// what is formatted stays as it is. None for a text with mistakes.
fn checked(text: &str) -> Option<String> {
    let formatted = match format(FileId(0), text) {
        Ok(formatted) => formatted,
        Err(Refused::Syntax(found)) => {
            assert!(!found.is_empty());
            return None;
        }
        Err(Refused::Changed) => panic!("it would mean something else: {text:?}"),
    };
    let (before, _) = read(text);
    let (after, found) = read(&formatted);
    assert!(found.is_empty(), "{text:?}\n{formatted}\n{found:#?}");
    assert_eq!(outline(&before), outline(&after), "{text:?}\n{formatted}");
    let again = format(FileId(0), &formatted).unwrap_or_else(|e| panic!("{formatted}\n{e:?}"));
    assert_eq!(formatted, again, "not the same the second time: {text:?}");
    assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"));
    Some(formatted)
}
