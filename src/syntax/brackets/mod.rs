//! Brackets that do not match: which one was forgotten, or is one too many? Indentation
//! decides, since that is where the writer said what belongs together. A text whose brackets
//! match may be indented in any way, as long as every block may stand where they put it. Braces that
//! only other languages have are taken out before, heads written as there put right, the two brackets
//! of a pair made alike, openers where none can stand taken out, blocks that close at once opened
//! again, and first lines that were lost put in: see [`others`], [`heads`], [`unlike`], [`strays`],
//! [`emptied`] and [`orphans`].
//!
//! ```text
//! marks ─▶ straight: where lines are meant to stand
//!       ─▶ regions: from one definition at the left margin to the next
//!            ├─ sound                      nothing to do
//!            ├─ its indentation agrees     by_indent: every place is certain
//!            └─ it does not                guess: what comes nearest
//!       ─▶ sense: is all where it may stand then? If not, the same with flat: lines as far in as
//!          their kinds tell, and the better of both
//! ```

mod by_indent;
mod closers;
mod emptied;
mod ends;
mod flat;
mod guess;
mod heads;
mod lines;
mod orphan_kinds;
mod orphan_names;
mod orphans;
mod others;
mod regions;
mod said;
mod sense;
mod straight;
mod strays;
mod unlike;

use super::patch::Patch;
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

/// A way to mend the brackets of a text.
struct Reading<'a> {
    said: Vec<Said<'a>>,
    /// How much it takes: mistakes, and what stands where it cannot even then.
    cost: usize,
}

/// Makes the scan's brackets match; false if they are too deep even so.
pub fn settle(file: FileId, text: &str, scan: &mut Scan) -> bool {
    others::take_out(file, text, scan);
    let heads = heads::put_right(file, text, scan);
    unlike::make_alike(file, text, scan, &heads);
    if is_right(text, scan) {
        return true;
    }
    strays::take_out(file, text, scan);
    emptied::open_again(file, text, scan);
    if is_right(text, scan) {
        return true;
    }
    if orphans::put_in_heads(file, text, scan) {
        scan.balanced = others::is_balanced(&scan.marks);
        if is_right(text, scan) {
            return true;
        }
    }
    let marks = std::mem::take(&mut scan.marks);
    let whole = Region {
        marks: &marks,
        last: scan.last,
        next: None,
    };
    let straight = straight::straighten(text, &marks);
    let first = match read(file, text, scan.balanced, whole, straight.as_deref(), true) {
        Ok(reading) => reading,
        Err(fine) => return fine,
    };
    let best = match first.cost > 1 && !scan.balanced {
        true => {
            let by_kinds = flat::indented(text, &marks);
            let other =
                by_kinds.and_then(|marks| read(file, text, false, whole, Some(&marks), false).ok());
            other
                .filter(|other| other.cost < first.cost)
                .unwrap_or(first)
        }
        false => first,
    };
    for said in best.said {
        // where a statement of the file starts is not known then
        scan.cuts.clear();
        let (patches, found) = said.done();
        scan.patches.extend(patches);
        let room = MOST_SAID.saturating_sub(scan.found.len());
        scan.found.extend(found.into_iter().take(room));
    }
    true
}

/// What matches is right, wherever its lines begin, unless it puts blocks where none may stand and is
/// indented too well for that.
fn is_right(text: &str, scan: &Scan) -> bool {
    let sound = || regions::verdict(text, &scan.marks) == Verdict::Sound;
    scan.balanced && (sound() || !regions::is_regular(&scan.marks))
}

/// Mends a text whose lines are meant to be as far in as its marks say, if they say so: `Err` of
/// whether it may stay as it is. `certain`: the writer said where each line belongs.
fn read<'a>(
    file: FileId,
    text: &'a str,
    balanced: bool,
    whole: Region<'_>,
    straight: Option<&[Mark]>,
    certain: bool,
) -> Result<Reading<'a>, bool> {
    let whole = Region {
        marks: straight.unwrap_or(whole.marks),
        ..whole
    };
    let split = straight.and_then(|_| regions::split(text, whole));
    // the left margin may say nothing
    let margin = split
        .as_ref()
        .is_some_and(|all| all.len() > 1 || regions::starts_one(text, whole));
    if !margin && balanced {
        return Err(true);
    }
    let regions = split.unwrap_or_else(|| vec![whole]);
    let mut all = Vec::new();
    for region in regions {
        let verdict = regions::verdict(text, region.marks);
        if verdict == Verdict::Sound {
            continue;
        }
        let mut said = Said::new(file, text, margin && certain);
        let agrees = margin && by_indent::repair(&mut said, region).is_some();
        if !agrees {
            if verdict == Verdict::Misplaced {
                continue;
            }
            // all of them match: a margin that says something else proves nothing
            if balanced {
                return Err(true);
            }
            said = Said::new(file, text, false);
            if !guess::repair(&mut said, region) {
                return Err(false);
            }
        }
        all.push(said);
    }
    let patches: Vec<&Patch> = all.iter().flat_map(|said| said.patches()).collect();
    let said = all.iter().map(Said::count).sum::<usize>();
    let cost = said + sense::misplaced(text, whole.marks, patches);
    Ok(Reading { said: all, cost })
}
