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
use edits::{Edit, Edits};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;
use uncovered::Repairs;

/// A pack is linted so often at most: that bounds the time of what does not come to an end.
const MOST_LOOKS: usize = 2000;

/// So many looks may come to nothing: what is wrong all over is mended by a person, and each of its
/// repairs alone would cost a lint of the whole pack.
const MOST_IN_VAIN: usize = 60;

/// More looks may come to nothing where there is little to find, up to this sum of findings.
const FOUND_IN_VAIN: usize = 20_000;

/// A repair may cause errors that have repairs of their own, so many times in a row.
const LONGEST_CHAIN: usize = 8;

/// Texts in place of those of files, by the path of the file with links followed.
pub type Texts = BTreeMap<PathBuf, Arc<str>>;

/// The changes of one step, by file.
type Step = BTreeMap<PathBuf, Edits>;

/// What a lint of the whole pack came to.
pub struct Look {
    pub sources: Sources,
    pub found: Vec<Diagnostic>,
    /// The files that may be changed, by their paths with links followed.
    pub own: HashMap<FileId, PathBuf>,
}

/// A repair that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    pub file: PathBuf,
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
    pub made: Vec<Made>,
    /// Of the texts as they are now.
    pub left_out: Vec<LeftOut>,
    /// Whether nothing more can be mended; else it took too many steps.
    pub finished: bool,
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
    let mut work = Work {
        unsafe_too,
        lint,
        looks: 0,
        in_vain: 0,
        found_in_vain: 0,
        texts: Texts::new(),
        originals: (first.own.iter())
            .map(|(id, path)| (path.clone(), first.sources.get(*id).text.clone()))
            .collect(),
        look: first,
        made: Vec::new(),
        seen: HashSet::from([hash(&Texts::new())]),
    };
    let left_out = work.all()?;
    let mended = Mended {
        finished: work.may_look(),
        texts: work.texts,
        made: work.made,
        left_out: left_out.into_iter().map(|refused| refused.left).collect(),
    };
    Ok((mended, work.look))
}

struct Work<'a, E> {
    unsafe_too: bool,
    lint: &'a mut dyn FnMut(&Texts) -> Result<Look, E>,
    looks: usize,
    /// Those of repairs that were not made.
    in_vain: usize,
    /// The findings that were looked at in them.
    found_in_vain: usize,
    texts: Texts,
    look: Look,
    made: Vec<Made>,
    /// What the files of the first look held.
    originals: Texts,
    /// The hashes of all texts there were.
    seen: HashSet<u64>,
}

/// A finding's repair: the finding's index, and the changes by file.
struct Candidate {
    finding: usize,
    edits: BTreeMap<PathBuf, Vec<Edit>>,
}

/// A repair that was tried for itself.
struct Refused {
    code: &'static str,
    edits: BTreeMap<PathBuf, Vec<Edit>>,
    left: LeftOut,
}

/// Texts after some repairs, and how they came to be.
struct Tried {
    texts: Texts,
    look: Look,
    steps: Vec<Step>,
    made: Vec<Made>,
}

impl<E> Work<'_, E> {
    /// Works until nothing is left but what was tried and refused.
    fn all(&mut self) -> Result<Vec<Refused>, E> {
        let mut refused: Vec<Refused> = Vec::new();
        // whether something else was mended since the first of them was tried
        let mut stale = false;
        while self.may_look() {
            let (mut chosen, mut step) = self.choose(&refused, usize::MAX);
            if chosen.is_empty() {
                if !stale || refused.is_empty() {
                    break;
                }
                stale = false;
                refused.clear();
                continue;
            }
            loop {
                let looks = self.looks;
                let why = match self.attempt(&chosen, step)? {
                    Ok(tried) => {
                        rebase(&mut refused, &tried.steps);
                        stale = true;
                        self.accept(tried);
                        break;
                    }
                    Err(why) => why,
                };
                self.in_vain += self.looks - looks;
                self.found_in_vain += (self.looks - looks) * self.look.found.len();
                if let [one] = chosen.as_slice() {
                    let finding = self.look.found[one.finding].clone();
                    let title = finding.repair(self.unsafe_too).map(|fix| fix.title.clone());
                    refused.push(Refused {
                        code: finding.code,
                        edits: one.edits.clone(),
                        left: LeftOut {
                            title: title.unwrap_or_default(),
                            finding,
                            why,
                        },
                    });
                    break;
                }
                // one of them spoils it: with fewer it is found
                (chosen, step) = self.choose(&refused, chosen.len() / 2);
            }
        }
        Ok(refused)
    }

    fn may_look(&self) -> bool {
        let little = self.in_vain < MOST_IN_VAIN || self.found_in_vain < FOUND_IN_VAIN;
        self.looks < MOST_LOOKS && little
    }

    fn accept(&mut self, tried: Tried) {
        self.texts = tried.texts;
        self.look = tried.look;
        self.made.extend(tried.made);
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
        let mut step = Step::new();
        let mut chosen = Vec::new();
        for (finding, found) in self.look.found.iter().enumerate() {
            if chosen.len() == most {
                break;
            }
            if is_error(found) != errors {
                continue;
            }
            let Some(edits) = candidate(&self.look, found, self.unsafe_too) else {
                continue;
            };
            let is = |one: &Refused| one.code == found.code && one.edits == edits;
            if !refused.iter().any(is) && add(&mut step, &edits) {
                chosen.push(Candidate { finding, edits });
            }
        }
        (chosen, step)
    }

    /// Makes repairs, and those that mend what they lead to; why not, where the pack would not
    /// be better.
    fn attempt(&mut self, chosen: &[Candidate], step: Step) -> Result<Result<Tried, Why>, E> {
        let mended: Vec<usize> = chosen.iter().map(|one| one.finding).collect();
        let mut made: Vec<Made> = Vec::new();
        for index in &mended {
            made.extend(self.made_of(&self.look, &self.look.found[*index]));
        }
        let (mut steps, mut step) = (Vec::new(), step);
        let mut texts = self.texts.clone();
        let mut sources = self.look.sources.clone();
        let mut own = self.look.own.clone();
        for _ in 0..LONGEST_CHAIN {
            if !change(&mut texts, &sources, &own, &step) {
                return Ok(Err(Why::NoUse));
            }
            steps.push(step);
            texts.retain(|path, text| self.originals.get(path) != Some(text));
            if self.seen.contains(&hash(&texts)) {
                return Ok(Err(Why::Circle));
            }
            self.looks += 1;
            let look = (self.lint)(&texts)?;
            let mut comparison = compare(&self.look, &look, &steps, &mended);
            if let Some(repairs) = Repairs::of(&self.look, chosen, &steps) {
                let made_by_them = |index: &usize| !repairs.uncovered(&look, &look.found[*index]);
                comparison.new.retain(made_by_them);
            }
            let Some(first) = comparison.new.first().map(|index| &look.found[*index]) else {
                if mended.iter().any(|index| comparison.there[*index]) {
                    return Ok(Err(Why::NoUse));
                }
                return Ok(Ok(Tried {
                    texts,
                    look,
                    steps,
                    made,
                }));
            };
            step = Step::new();
            for index in &comparison.new {
                let found = &look.found[*index];
                let edits = candidate(&look, found, self.unsafe_too);
                if !edits.is_some_and(|edits| add(&mut step, &edits)) {
                    return Ok(Err(new_error(&look.sources, first)));
                }
                made.extend(self.made_of(&look, found));
            }
            (sources, own) = (look.sources, look.own);
        }
        Ok(Err(Why::NoUse))
    }

    fn made_of(&self, look: &Look, found: &Diagnostic) -> Option<Made> {
        let fix = found.repair(self.unsafe_too)?;
        let (span, _) = fix.edits.first()?;
        Some(Made {
            file: look.own.get(&span.file)?.clone(),
            code: found.code,
            rule: found.rule,
            title: look.sources.conceal(&fix.title).into_owned(),
        })
    }
}

fn new_error(sources: &Sources, found: &Diagnostic) -> Why {
    let message = sources.conceal(&found.message);
    Why::NewError(format!("{} {}: {message}", found.code, found.rule))
}

/// The changes of a finding's repair, if there is one and all of it is in files of the pack.
fn candidate(
    look: &Look,
    found: &Diagnostic,
    unsafe_too: bool,
) -> Option<BTreeMap<PathBuf, Vec<Edit>>> {
    let fix: &Fix = found.repair(unsafe_too)?;
    let mut edits: BTreeMap<PathBuf, Vec<Edit>> = BTreeMap::new();
    for (span, with) in &fix.edits {
        let Span { file, start, end } = *span;
        let of_file = edits.entry(look.own.get(&file)?.clone()).or_default();
        of_file.push(Edit {
            start: start as usize,
            end: end as usize,
            with: with.clone(),
        });
    }
    let changes = |(span, with): &(Span, String)| look.sources.text(*span) != with;
    fix.edits.iter().any(changes).then_some(edits)
}

/// Adds all changes to those of a step, or none.
fn add(step: &mut Step, edits: &BTreeMap<PathBuf, Vec<Edit>>) -> bool {
    // nearly all are of one file
    if let (1, Some((file, edits))) = (edits.len(), edits.first_key_value()) {
        return step.entry(file.clone()).or_default().add(edits);
    }
    let mut new = step.clone();
    let all = (edits.iter()).all(|(file, edits)| new.entry(file.clone()).or_default().add(edits));
    if all {
        *step = new;
    }
    all
}

/// Makes the changes; false where one does not fit its text.
fn change(
    texts: &mut Texts,
    sources: &Sources,
    own: &HashMap<FileId, PathBuf>,
    step: &Step,
) -> bool {
    for (path, edits) in step {
        let file = own.iter().find(|(_, own)| *own == path);
        let before = file.map(|(id, _)| sources.get(*id).text.clone());
        let Some(after) = before.and_then(|text| edits.apply(&text)) else {
            return false;
        };
        texts.insert(path.clone(), after.into());
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
        for (file, edits) in &mut one.edits {
            for edit in edits {
                edit.start = moved(file, (edit.start, edit.start), steps).1;
                edit.end = moved(file, (edit.end, edit.end), steps).0.max(edit.start);
            }
        }
    }
}
