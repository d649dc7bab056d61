//! `scn lint --fix` and `--diff`: the repairs of findings, written to the files or shown.

use super::Selection;
use super::given::{Given, OUTSIDE, real};
use super::load::{Loaded, Refused, load_all_through};
use super::replace::{diff, replace};
use crate::diagnostics::{Diagnostic, Fix, human};
use crate::lint::fix::{End, LeftOut, Look, Mended, Texts, Why, fix};
use crate::resolve::{Reader, plain, read};
use crate::source::{FileId, SourceFile, Sources};
use crate::syntax::{self, ast::Ast};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

const MARK: &[u8] = "\u{FEFF}".as_bytes();

/// So many repairs that were left out are told one by one.
const MOST_TOLD: usize = 50;

/// The files of a pack: each is read once, and then has the text that repairs gave it.
#[derive(Default)]
struct Files {
    read: RefCell<HashMap<PathBuf, Vec<u8>>>,
    mended: RefCell<Texts>,
}

impl Reader for Files {
    fn read(&self, path: &Path, used: bool) -> io::Result<Vec<u8>> {
        let path = real(path);
        if let Some(text) = self.mended.borrow().get(&path) {
            return Ok(text.as_bytes().to_vec());
        }
        if let Some(bytes) = self.read.borrow().get(&path) {
            return Ok(bytes.clone());
        }
        let bytes = read(&path, used)?;
        self.read.borrow_mut().insert(path, bytes.clone());
        Ok(bytes)
    }

    fn parse(&self, file: FileId, text: &Arc<str>) -> (Arc<Ast>, Vec<Diagnostic>) {
        let (ast, found) = syntax::parse_all(file, text);
        (Arc::new(ast), found)
    }
}

const STOPPED: &str =
    "stopped before all was tried: mend by hand what is found most, and run it again\n";

/// A file whose text changes.
struct Changed {
    name: String,
    path: PathBuf,
    /// Its bytes as they were read, and as they are to be.
    read: Vec<u8>,
    new: Vec<u8>,
    /// What was mended in it, how often each.
    made: Vec<(String, usize)>,
}

/// A pack with its repairs made in memory.
pub struct Fixed {
    /// As a lint of what is there then.
    pub loaded: Loaded,
    changed: Vec<Changed>,
    left_out: Vec<LeftOut>,
    /// Files that are not to be changed, and how many repairs each would have.
    outside: Vec<(String, usize)>,
    end: End,
    unsafe_too: bool,
}

impl Given {
    /// The files that it does not hold, with how many repairs each would have.
    fn outside(&self, loaded: &Loaded, unsafe_too: bool) -> Vec<(String, usize)> {
        let sources = &loaded.program.sources;
        let mut outside: BTreeMap<String, usize> = BTreeMap::new();
        for fix in loaded.found.iter().filter_map(|d| d.repair(unsafe_too)) {
            let files: BTreeSet<FileId> = fix.edits.iter().map(|(span, _)| span.file).collect();
            for file in files.into_iter().map(|id| sources.get(id)) {
                let path = file.path.as_deref().map(real);
                if path.is_some_and(|path| !self.holds(&path)) {
                    *outside.entry(file.name.clone()).or_default() += 1;
                }
            }
        }
        outside.into_iter().collect()
    }
}

/// Lints what is selected and makes the repairs in memory.
pub fn fixed(selection: &Selection, unsafe_too: bool) -> Result<Fixed, Refused> {
    let files = Rc::new(Files::default());
    let mut loaded = load_all_through(selection, files.clone())?;
    let given = Given::of(&selection.paths);
    let first = look(&mut loaded, &given);
    let (mended, last) = fix(first, unsafe_too, &mut |texts: &Texts| {
        files.mended.replace(texts.clone());
        Ok(look(
            &mut load_all_through(selection, files.clone())?,
            &given,
        ))
    })?;
    let changed = changed(&loaded, &mended, &files);
    files.mended.replace(mended.texts);
    if changed.is_empty() {
        loaded.found = last.found;
    } else {
        // what much is wrong with takes much room, so not twice at a time
        drop((loaded, last));
        loaded = load_all_through(selection, files)?;
    }
    let outside = given.outside(&loaded, unsafe_too);
    Ok(Fixed {
        outside,
        loaded,
        changed,
        left_out: mended.left_out,
        end: mended.end,
        unsafe_too,
    })
}

/// What the repairs are made of: the findings are taken out. Of the files that users wrote those
/// may be changed that were given for it; the library has no paths.
fn look(loaded: &mut Loaded, given: &Given) -> Look {
    let sources = &loaded.program.sources;
    let own = |(id, file): (FileId, &SourceFile)| {
        let path = real(file.path.as_deref()?);
        given.holds(&path).then(|| (id, path.into()))
    };
    Look {
        own: sources.iter().filter_map(own).collect(),
        sources: sources.clone(),
        found: std::mem::take(&mut loaded.found),
    }
}

/// The files whose texts are others than they were.
fn changed(before: &Loaded, mended: &Mended, files: &Files) -> Vec<Changed> {
    let named = |path: &Path| {
        let sources = before.program.sources.iter();
        let mut of_path =
            sources.filter(|(_, file)| file.path.as_deref().is_some_and(|p| real(p) == path));
        of_path.next().map(|(_, file)| file.name.clone())
    };
    let one = |(path, text): (&PathBuf, &Arc<str>)| {
        let read = files.read.borrow().get(path)?.clone();
        let mut new = Vec::from(if read.starts_with(MARK) { MARK } else { b"" });
        new.extend_from_slice(text.as_bytes());
        let of_file = mended.made.iter().filter(|(one, _)| *one.file == **path);
        let made = of_file.map(|(one, times)| {
            let what = format!("{} {}: {}", one.code, one.rule, one.title);
            (what, *times)
        });
        Some(Changed {
            name: named(path).unwrap_or_else(|| path.display().to_string()),
            path: path.clone(),
            read,
            new,
            made: made.collect(),
        })
    };
    mended.texts.iter().filter_map(one).collect()
}

impl Fixed {
    pub fn changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// What would change, with `***` for secrets.
    pub fn diff(&self) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let diffs = self
            .changed
            .iter()
            .map(|file| diff(&file.name, &text(&file.read), &text(&file.new)));
        let all: String = diffs.collect();
        self.loaded.program.sources.conceal(&all).into_owned()
    }

    /// Writes what changed. Errors, a sentence for each file: it was left as it is. Where one can
    /// be seen beforehand, no file is written.
    pub fn write(&self) -> Result<(), Vec<String>> {
        all(&self.changed, unchanged)?;
        all(&self.changed, |file| {
            let cannot =
                |error| format!("cannot write {}: {error}; it is left as it is", file.name);
            replace(&file.path, &file.new).map_err(cannot)
        })
    }

    /// What was mended or would be, file by file, and what not; a last line counts.
    pub fn report(&self, dry: bool) -> String {
        let done = if dry { "would fix" } else { "fixed" };
        let mut out = String::new();
        for file in &self.changed {
            let count: usize = file.made.iter().map(|(_, times)| times).sum();
            out += &format!("{done} {count} in {}\n", file.name);
            for (what, times) in &file.made {
                let times = if *times > 1 {
                    format!(" ({times} times)")
                } else {
                    String::new()
                };
                out += &format!("  {what}{times}\n");
            }
        }
        let sources = &self.loaded.program.sources;
        for one in self.left_out.iter().take(MOST_TOLD) {
            let place = sources.place(one.finding.span());
            let (code, rule) = (one.finding.code, one.finding.rule);
            let title = sources.conceal(&one.title);
            out += &format!(
                "left out at {place}: {code} {rule}: {title}: {}\n",
                why(&one.why)
            );
        }
        if let Some(more) = self
            .left_out
            .len()
            .checked_sub(MOST_TOLD)
            .filter(|n| *n > 0)
        {
            out += &format!("{more} more are left out\n");
        }
        for (name, repairs) in &self.outside {
            out += &format!("not touched: {name}, with {repairs} to fix: {OUTSIDE}\n");
        }
        match self.end {
            End::Finished => {}
            End::Stopped => out += STOPPED,
            End::TooMuch(count) => out += &too_much(count),
        }
        let found = &self.loaded.found;
        let more = match self.unsafe_too {
            true => 0,
            false => fixable(sources, found).1,
        };
        if out.is_empty() && more == 0 {
            return out;
        }
        let made = self.changed.iter().flat_map(|file| &file.made);
        let mut counts = vec![format!(
            "{} {}",
            made.map(|(_, times)| times).sum::<usize>(),
            if dry { "would be fixed" } else { "fixed" }
        )];
        if !self.left_out.is_empty() {
            counts.push(format!("{} left out", self.left_out.len()));
        }
        if more > 0 {
            counts.push(format!("{more} more with `--unsafe-fixes`"));
        }
        if dry && !found.is_empty() {
            counts.push(format!("then found: {}", human::count(found)));
        }
        out + &counts.join(", ") + "\n"
    }
}

fn too_much(count: usize) -> String {
    format!(
        "no repair was tried, as {count} findings are too many for it: name fewer files at a time, \
         or see first whether they are scenarios at all\n"
    )
}

fn why(why: &Why) -> String {
    match why {
        Why::NewError(error) => format!("there would be a new error, {error}"),
        Why::NoUse => "it would be found all the same".into(),
        Why::Circle => "other repairs would undo it".into(),
    }
}

/// Does a thing for all; errors where one has some.
fn all(
    files: &[Changed],
    each: impl Fn(&Changed) -> Result<(), String>,
) -> Result<(), Vec<String>> {
    let wrong: Vec<String> = files.iter().filter_map(|file| each(file).err()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// Whether a file still is what was read; else what it is.
fn unchanged(file: &Changed) -> Result<(), String> {
    match std::fs::read(&file.path) {
        Ok(bytes) if bytes == file.read => Ok(()),
        Ok(_) => Err(format!(
            "{} changed while it was being mended; nothing is written: run it again",
            file.name
        )),
        Err(error) => Err(format!(
            "cannot read {} again: {}; nothing is written",
            file.name,
            plain(&error)
        )),
    }
}

/// How many findings have a repair: safe ones, and those that only `--unsafe-fixes` makes.
pub fn fixable(sources: &Sources, found: &[Diagnostic]) -> (usize, usize) {
    let own = |fix: &&Fix| {
        fix.edits
            .iter()
            .all(|(span, _)| sources.get(span.file).path.is_some())
    };
    let count = |unsafe_too: bool| {
        found
            .iter()
            .filter(|d| d.repair(unsafe_too).filter(own).is_some())
            .count()
    };
    let safe = count(false);
    (safe, count(true) - safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (
            folder.path().join("one.scn"),
            folder.path().join("other.scn"),
        );
        for path in [&one, &other] {
            std::fs::write(path, "let a = True\nlet b = a\n").unwrap();
        }
        let selection = Selection {
            paths: vec![one.clone(), other.clone()],
            ..Selection::default()
        };
        let fixed = fixed(&selection, false).unwrap_or_else(|why| panic!("{}", why.why()));
        std::fs::write(&other, "let a = 2\n").unwrap();
        let errors = fixed.write().unwrap_err();
        assert_eq!(errors.len(), 1);
        assert!(errors[0].contains("other.scn changed while"), "{errors:?}");
        let text = |path| std::fs::read_to_string(path).unwrap();
        assert_eq!(text(&one), "let a = True\nlet b = a\n");
        assert_eq!(text(&other), "let a = 2\n");
    }
}
