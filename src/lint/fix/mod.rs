//! Repairs that findings bring with them, made in memory, again and again until there is none
//! left. After each the pack is linted again, and what makes a new error is left out; not so what
//! only uncovers one that was there, hidden by the error that is mended. Errors are mended before
//! anything else, as what is found beside them may be because of them.
//!
//! Which repairs are *safe* is decided where a finding is made, by these rules:
//!
//! - Safe is what can have meant nothing else, so that the repaired text says what the writer
//!   said: the same value, name or order in the language's own spelling (`a: 1`, `True`, `&&`,
//!   `.5`, a lost comma), and the removal of what is known to say nothing (a `use` that nothing
//!   reads, a comment that suppresses nothing).
//! - Unsafe is what chooses: a name that is only near to what was written, a unit that was not
//!   there, a text that becomes a name, and whatever changes what a test measures or demands.
//!   The nearest name is a guess even where it is the only one near.
//! - Several unsafe repairs of one finding are alternatives; a person chooses between them.
//! - A repair of a finding that a comment or `--allow` answers is not made.

mod compare;
mod edits;
mod uncovered;

use crate::diagnostics::{Diagnostic, Fix};
use crate::source::{FileId, Sources, Span};
use compare::{compare, is_error, moved};
use edits::{Changes, Edit, Step, add};
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use uncovered::Repairs;

/// A pack is linted so often at most: that bounds the time of what does not come to an end.
const MOST_LOOKS: usize = 2000;

/// A pack of which much is wrong is linted so often at most, and a smaller one as often as makes so
/// many bytes more.
const LOOKS: usize = 3;
const BYTES: usize = 192 << 10;

/// So many bytes with each finding are much that is wrong; and a finding takes as long as so many
/// bytes.
const BYTES_OF_EACH: usize = 256;
const COST_OF_EACH: usize = 24;

/// The same of looks that come to nothing.
const LOOKS_IN_VAIN: usize = 2;
const BYTES_IN_VAIN: usize = 256 << 10;

/// So many looks may come to nothing: what is wrong all over is mended by a person, and each of its
/// repairs alone would cost a lint of the whole pack.
const MOST_IN_VAIN: usize = 60;

/// More looks may come to nothing where there is little to find, up to this sum of findings.
const FOUND_IN_VAIN: usize = 20_000;

/// What has more findings is left as it is: a machine that mends one sort of mistake by the ten
/// thousand takes a text for what it is not.
const MOST_FOUND: usize = 10_000;

/// A repair may cause errors that have repairs of their own, so many times in a row.
const LONGEST_CHAIN: usize = 8;

/// Texts in place of those of files, by the path of the file with links followed.
pub type Texts = BTreeMap<PathBuf, Arc<str>>;

/// What a lint of the whole pack came to.
pub struct Look {
    pub sources: Sources,
    pub found: Vec<Diagnostic>,
    /// The files that may be changed, by their paths with links followed.
    pub own: HashMap<FileId, Arc<Path>>,
}

/// A repair that was made.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Made {
    pub file: Arc<Path>,
    pub code: &'static str,
    pub rule: &'static str,
    pub title: String,
}

/// A repair that was not made, because of what would come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    pub finding: Diagnostic,
    pub title: String,
    pub why: Why,
}

/// What a repair would lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// `E0301 type-mismatch: …`
    NewError(String),
    /// The finding would be there all the same.
    NoUse,
    /// The texts would be what they were before other repairs.
    Circle,
}

/// A pack after its repairs.
pub struct Mended {
    /// The texts that were changed.
    pub texts: Texts,
    /// What was made, and how often.
    pub made: IndexMap<Made, usize>,
    /// Of the texts as they are now.
    pub left_out: Vec<LeftOut>,
    pub end: End,
}

/// How far the repairs came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Nothing more can be mended.
    Finished,
    /// It took too many steps.
    Stopped,
    /// So much was found that nothing was tried.
    TooMuch(usize),
}

/// Makes the safe repairs, or all that a machine can, of the findings of a first look; `lint`
/// looks at the pack with other texts. Returns what came of it, and the last look.
///
/// Errors: those of `lint`.
pub fn fix<E>(
    first: Look,
    unsafe_too: bool,
    lint: &mut dyn FnMut(&Texts) -> Result<Look, E>,
) -> Result<(Mended, Look), E> {
    let count = first.found.len();
    if count > MOST_FOUND {
        let mended = Mended {
            texts: Texts::new(),
            made: IndexMap::new(),
            left_out: Vec::new(),
            end: End::TooMuch(count),
        };
        return Ok((mended, first));
    }
    let own = first.own.keys().map(|id| first.sources.get(*id).text.len());
    let mut work = Work {
        unsafe_too,
        lint,
        bytes: own.sum::<usize>().min(BYTES_OF_EACH * count) + COST_OF_EACH * count + 1,
        looks: 0,
        in_vain: 0,
        found_in_vain: 0,
        texts: Texts::new(),
        originals: (first.own.iter())
            .map(|(id, path)| (path.to_path_buf(), first.sources.get(*id).text.clone()))
            .collect(),
        look: first,
        made: IndexMap::new(),
        seen: HashSet::from([hash(&Texts::new())]),
        finished: false,
    };
    let refused = work.all()?;
    let mut left_out: Vec<LeftOut> = refused.into_iter().map(|one| one.left).collect();
    left_out.sort_by_key(|one| one.finding.span());
    let mended = Mended {
        end: match work.finished {
            true => End::Finished,
            false => End::Stopped,
        },
        texts: work.texts,
        made: work.made,
        left_out,
    };
    Ok((mended, work.look))
}

struct Work<'a, E> {
    unsafe_too: bool,
    lint: &'a mut dyn FnMut(&Texts) -> Result<Look, E>,
    /// The length of what is wrong, of the files that may be changed.
    bytes: usize,
    looks: usize,
    /// Those of repairs that were not made.
    in_vain: usize,
    /// The findings that were looked at in them.
    found_in_vain: usize,
    texts: Texts,
    look: Look,
    made: IndexMap<Made, usize>,
    /// What the files of the first look held.
    originals: Texts,
    /// The hashes of all texts there were.
    seen: HashSet<u64>,
    /// Whether all was tried.
    finished: bool,
}

/// A finding's repair: the finding's index, and the changes.
#[derive(Clone)]
struct Candidate {
    finding: usize,
    changes: Changes,
}

/// A repair that was tried.
struct Refused {
    code: &'static str,
    changes: Changes,
    left: LeftOut,
}

/// By what repairs are looked for: a code, and where the first change begins.
fn key(code: &'static str, changes: &Changes) -> (&'static str, Option<usize>) {
    (code, changes.first().map(|(_, edit)| edit.start))
}

/// Texts after some repairs, and how they came to be.
struct Tried {
    texts: Texts,
    look: Look,
    steps: Vec<Step>,
    made: IndexMap<Made, usize>,
}

/// Why repairs cannot be made together, and which of them, by their index, it seems to be.
struct Failed {
    why: Why,
    blamed: HashMap<usize, Why>,
}

impl Failed {
    fn all(why: Why) -> Self {
        let blamed = HashMap::new();
        Self { why, blamed }
    }
}

impl<E> Work<'_, E> {
    /// Works until nothing is left but what was tried and refused.
    fn all(&mut self) -> Result<Vec<Refused>, E> {
        let mut refused: Vec<Refused> = Vec::new();
        // what was refused before all of that is tried again
        let mut earlier: Vec<Refused> = Vec::new();
        // whether something else was mended since the first of them was tried
        let mut stale = false;
        // whether one was refused for what several came to; not all is tried so
        let (mut guessed, mut guesses) = (false, true);
        while self.may_look() {
            let (mut chosen, mut step) = self.choose(&refused, usize::MAX);
            if chosen.is_empty() {
                if !stale && !guessed || refused.is_empty() {
                    self.finished = true;
                    return Ok(refused);
                }
                guesses = stale;
                (stale, guessed) = (false, false);
                earlier = std::mem::take(&mut refused);
                continue;
            }
            loop {
                let looks = self.looks;
                let failed = match self.attempt(&chosen, step)? {
                    Ok(tried) => {
                        rebase(&mut refused, &tried.steps);
                        earlier.clear();
                        (stale, guesses) = (true, true);
                        self.accept(tried);
                        break;
                    }
                    Err(failed) => failed,
                };
                self.in_vain += self.looks - looks;
                self.found_in_vain += (self.looks - looks) * self.look.found.len();
                if let [one] = chosen.as_slice() {
                    refused.push(self.refused(one.clone(), failed.why));
                    break;
                }
                if guesses && (1..chosen.len()).contains(&failed.blamed.len()) {
                    guessed = true;
                    for (index, why) in failed.blamed {
                        refused.push(self.refused(chosen[index].clone(), why));
                    }
                    break;
                }
                if !self.may_look() {
                    break;
                }
                // one of them spoils it: with fewer it is found
                (chosen, step) = self.choose(&refused, chosen.len() / 2);
            }
        }
        let again: HashSet<&Diagnostic> = refused.iter().map(|one| &one.left.finding).collect();
        earlier.retain(|one| !again.contains(&one.left.finding));
        refused.extend(earlier);
        Ok(refused)
    }

    fn refused(&self, one: Candidate, why: Why) -> Refused {
        let finding = self.look.found[one.finding].clone();
        let title = finding.repair(self.unsafe_too).map(|fix| fix.title.clone());
        Refused {
            code: finding.code,
            changes: one.changes,
            left: LeftOut {
                title: title.unwrap_or_default(),
                finding,
                why,
            },
        }
    }

    fn may_look(&self) -> bool {
        let little = self.in_vain < MOST_IN_VAIN || self.found_in_vain < FOUND_IN_VAIN;
        self.looks < MOST_LOOKS.min(LOOKS + BYTES / self.bytes)
            && self.in_vain < LOOKS_IN_VAIN + BYTES_IN_VAIN / self.bytes
            && little
    }

    fn accept(&mut self, tried: Tried) {
        self.texts = tried.texts;
        self.look = tried.look;
        for (made, times) in tried.made {
            *self.made.entry(made).or_default() += times;
        }
        self.seen.insert(hash(&self.texts));
    }

    /// The first repairs that can be made together, `most` of them: of errors, or where none of
    /// these is left, of anything else.
    fn choose(&self, refused: &[Refused], most: usize) -> (Vec<Candidate>, Step) {
        let of_errors = self.choose_of(true, refused, most);
        match of_errors.0.is_empty() {
            true => self.choose_of(false, refused, most),
            false => of_errors,
        }
    }

    fn choose_of(&self, errors: bool, refused: &[Refused], most: usize) -> (Vec<Candidate>, Step) {
        let mut known: HashMap<_, Vec<&Changes>> = HashMap::new();
        for one in refused {
            let of_key = known.entry(key(one.code, &one.changes)).or_default();
            of_key.push(&one.changes);
        }
        let mut step = Step::new();
        let mut chosen = Vec::new();
        for (finding, found) in self.look.found.iter().enumerate() {
            if chosen.len() == most {
                break;
            }
            if is_error(found) != errors {
                continue;
            }
            let Some(changes) = candidate(&self.look, found, self.unsafe_too) else {
                continue;
            };
            let known = known.get(&key(found.code, &changes));
            if !known.is_some_and(|some| some.contains(&&changes)) && add(&mut step, &changes) {
                chosen.push(Candidate { finding, changes });
            }
        }
        (chosen, step)
    }

    /// Makes repairs, and those that mend what they lead to; why not, where the pack would not
    /// be better.
    fn attempt(&mut self, chosen: &[Candidate], step: Step) -> Result<Result<Tried, Failed>, E> {
        let mended: Vec<usize> = chosen.iter().map(|one| one.finding).collect();
        let mut made = IndexMap::new();
        for index in &mended {
            self.count(&mut made, &self.look, &self.look.found[*index]);
        }
        let (mut steps, mut step) = (Vec::new(), step);
        let mut texts = self.texts.clone();
        let mut sources = self.look.sources.clone();
        let mut own = self.look.own.clone();
        for _ in 0..LONGEST_CHAIN {
            if !change(&mut texts, &sources, &own, &step) {
                return Ok(Err(Failed::all(Why::NoUse)));
            }
            steps.push(step);
            texts.retain(|path, text| self.originals.get(path) != Some(text));
            if self.seen.contains(&hash(&texts)) {
                return Ok(Err(Failed::all(Why::Circle)));
            }
            self.looks += 1;
            let look = (self.lint)(&texts)?;
            let mut comparison = compare(&self.look, &look, &steps, &mended);
            let repairs = Repairs::of(&self.look, chosen, &steps);
            let made_by_them = |index: &usize| !repairs.uncovered(&look, &look.found[*index]);
            let worse = comparison.worse;
            comparison.new.retain(made_by_them);
            if comparison.new.is_empty() {
                if let Some(index) = worse {
                    let why = new_error(&look.sources, &look.found[index]);
                    return Ok(Err(Failed::all(why)));
                }
                let there = |index: &usize| comparison.there[mended[*index]];
                let useless = (0..mended.len()).filter(there);
                let blamed: HashMap<usize, Why> = useless.map(|one| (one, Why::NoUse)).collect();
                if !blamed.is_empty() {
                    let why = Why::NoUse;
                    return Ok(Err(Failed { why, blamed }));
                }
                return Ok(Ok(Tried {
                    texts,
                    look,
                    steps,
                    made,
                }));
            }
            step = Step::new();
            let mut failed: Option<Failed> = None;
            for index in &comparison.new {
                let found = &look.found[*index];
                let changes = candidate(&look, found, self.unsafe_too);
                if changes.is_some_and(|changes| add(&mut step, &changes)) {
                    self.count(&mut made, &look, found);
                    continue;
                }
                let why = new_error(&look.sources, found);
                let failed = failed.get_or_insert_with(|| Failed::all(why.clone()));
                for one in repairs.blamed(&look, found) {
                    failed.blamed.entry(one).or_insert_with(|| why.clone());
                }
            }
            if let Some(failed) = failed {
                return Ok(Err(failed));
            }
            (sources, own) = (look.sources, look.own);
        }
        Ok(Err(Failed::all(Why::NoUse)))
    }

    /// Counts the repair of a finding among those that are made.
    fn count(&self, made: &mut IndexMap<Made, usize>, look: &Look, found: &Diagnostic) {
        let Some(fix) = found.repair(self.unsafe_too) else {
            return;
        };
        let file = fix
            .edits
            .first()
            .and_then(|(span, _)| look.own.get(&span.file));
        if let Some(file) = file {
            let one = Made {
                file: file.clone(),
                code: found.code,
                rule: found.rule,
                title: look.sources.conceal(&fix.title).into_owned(),
            };
            *made.entry(one).or_default() += 1;
        }
    }
}

fn new_error(sources: &Sources, found: &Diagnostic) -> Why {
    let message = sources.conceal(&found.message);
    Why::NewError(format!("{} {}: {message}", found.code, found.rule))
}

/// The changes of a finding's repair, if there is one and all of it is in files of the pack.
fn candidate(look: &Look, found: &Diagnostic, unsafe_too: bool) -> Option<Changes> {
    let fix: &Fix = found.repair(unsafe_too)?;
    let one = |(span, with): &(Span, String)| {
        let edit = Edit {
            start: span.start as usize,
            end: span.end as usize,
            with: with.clone(),
        };
        Some((look.own.get(&span.file)?.clone(), edit))
    };
    let all: Option<Changes> = fix.edits.iter().map(one).collect();
    let changes = |(span, with): &(Span, String)| look.sources.text(*span) != with;
    all.filter(|_| fix.edits.iter().any(changes))
}

/// Makes the changes; false where one does not fit its text.
fn change(
    texts: &mut Texts,
    sources: &Sources,
    own: &HashMap<FileId, Arc<Path>>,
    step: &Step,
) -> bool {
    for (path, edits) in step {
        let file = own.iter().find(|(_, own)| *own == path);
        let before = file.map(|(id, _)| sources.get(*id).text.clone());
        let Some(after) = before.and_then(|text| edits.apply(&text)) else {
            return false;
        };
        texts.insert(path.to_path_buf(), after.into());
    }
    true
}

fn hash(texts: &Texts) -> u64 {
    let mut hasher = DefaultHasher::new();
    texts.hash(&mut hasher);
    hasher.finish()
}

/// Moves the places of what was refused with the text, to know it again.
fn rebase(refused: &mut [Refused], steps: &[Step]) {
    for one in refused {
        for (file, edit) in &mut one.changes {
            edit.start = moved(file, (edit.start, edit.start), steps).1;
            edit.end = moved(file, (edit.end, edit.end), steps).0.max(edit.start);
        }
    }
}
