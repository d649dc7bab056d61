//! Brackets that do not match: which one was forgotten, or is one too many? Indentation
//! decides, since that is where the writer said what belongs together. A text whose brackets
//! match may be indented in any way, as long as every block may stand where they put it. Braces that
//! only other languages have are taken out before: see [`others`].
//!
//! ```text
//! marks ─▶ straight: where lines are meant to stand
//!       ─▶ regions: from one definition at the left margin to the next
//!            ├─ sound                      nothing to do
//!            ├─ its indentation agrees     by_indent: every place is certain
//!            └─ it does not                guess: what comes nearest
//! ```

mod by_indent;
mod closers;
mod flat;
mod guess;
mod lines;
mod others;
mod regions;
mod said;
mod straight;

use super::scan::{Bracket, Mark, Scan};
use crate::source::FileId;
use regions::Verdict;
use said::{MOST_SAID, Said};

/// A bracket that waits for its closer.
#[derive(Debug, Clone, Copy)]
struct Open {
    bracket: Bracket,
    at: usize,
    line: usize,
    /// Of the line that it stands on.
    indent: usize,
}

/// Marks that are looked at together, and what comes after them.
#[derive(Clone, Copy)]
struct Region<'m> {
    marks: &'m [Mark],
    /// Where the last token ends.
    last: usize,
    /// The token that comes next, if any.
    next: Option<usize>,
}

/// Makes the scan's brackets match; false if they are too deep even so.
pub fn settle(file: FileId, text: &str, scan: &mut Scan) -> bool {
    others::take_out(file, text, scan);
    let marks = std::mem::take(&mut scan.marks);
    let whole = Region {
        marks: &marks,
        last: scan.last,
        next: None,
    };
    // what matches is right, wherever its lines begin, unless it puts blocks where none may stand and
    // is indented too well for that
    let whole_is = |verdict| regions::verdict(text, whole.marks) == verdict;
    if scan.balanced && (whole_is(Verdict::Sound) || !regions::is_regular(whole.marks)) {
        return true;
    }
    let straight = straight::straighten(text, &marks);
    let whole = Region {
        marks: straight.as_deref().unwrap_or(&marks),
        ..whole
    };
    let split = straight.as_ref().and_then(|_| regions::split(text, whole));
    // the left margin may say nothing
    let margin = split
        .as_ref()
        .is_some_and(|all| all.len() > 1 || regions::starts_one(text, whole));
    if !margin && scan.balanced {
        return true;
    }
    let regions = split.unwrap_or_else(|| vec![whole]);
    let mut mended = Vec::new();
    for region in regions {
        let verdict = regions::verdict(text, region.marks);
        if verdict == Verdict::Sound {
            continue;
        }
        let mut said = Said::new(file, text, margin);
        let agrees = margin && by_indent::repair(&mut said, region).is_some();
        if !agrees {
            if verdict == Verdict::Misplaced {
                continue;
            }
            // all of them match: a margin that says something else proves nothing
            if scan.balanced {
                return true;
            }
            said = Said::new(file, text, false);
            if !guess::repair(&mut said, region) {
                return false;
            }
        }
        mended.push(said);
    }
    for said in mended {
        // where a statement of the file starts is not known then
        scan.cuts.clear();
        let (patches, found) = said.done();
        scan.patches.extend(patches);
        let room = MOST_SAID.saturating_sub(scan.found.len());
        scan.found.extend(found.into_iter().take(room));
    }
    true
}
