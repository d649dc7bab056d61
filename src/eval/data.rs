//! `data("file")`: which file of the pack it reads, and which of its rows a record is. The one place
//! where an evaluation reads files; each is read once for a program, and kept with a run's sources.

use super::formats::{ENDINGS, LONGEST_FILE, Wrong, parsed};
use super::written::Cells;
use super::{Evaluator, Value};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::Kept;
use crate::source::Span;
use std::collections::HashMap;
use std::fmt;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// So many files of a folder are looked at for one whose name is near.
const MOST_BESIDE: usize = 10_000;

/// The data files that a program has read, by their path.
#[derive(Debug, Default)]
pub struct DataFiles {
    files: Mutex<HashMap<PathBuf, Arc<DataFile>>>,
    /// Whether one of them has numbers that are not written as a number prints.
    keeps_cells: AtomicBool,
}

/// A file's text where there is one, and what it holds or why that cannot be told.
#[derive(Debug)]
struct DataFile {
    /// As the scenario names it.
    name: String,
    text: Option<String>,
    value: Result<Value, Wrong>,
    /// Where each row starts, from 1, where a row has lines of its own.
    lines: Vec<usize>,
    cells: Cells,
}

/// A record's fields, as a value holds them.
type Fields = Arc<indexmap::IndexMap<String, Value>>;

/// Which row of which data file a record is.
pub struct DataRow {
    file: Arc<DataFile>,
    /// From 0.
    at: usize,
}

impl DataRow {
    /// Whether another row of the file has the field.
    pub fn others_have(&self, field: &str) -> bool {
        records(&self.file).any(|(_, fields)| fields.contains_key(field))
    }
}

/// `row 2 of r.csv (line 3)`
impl fmt::Display for DataRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {} of {}", self.at + 1, self.file.name)?;
        match self.file.lines.get(self.at) {
            Some(line) => write!(f, " (line {line})"),
            None => Ok(()),
        }
    }
}

/// The records of a file that is a list, each with its place in the list.
fn records(file: &DataFile) -> impl Iterator<Item = (usize, &Fields)> {
    let rows: &[Value] = match &file.value {
        Ok(Value::List(rows)) => rows.as_slice(),
        _ => &[],
    };
    rows.iter().enumerate().filter_map(|(at, row)| match row {
        Value::Record(fields) => Some((at, fields)),
        _ => None,
    })
}

impl DataFiles {
    /// Path and text of every file that was read, in order of their paths.
    pub fn texts(&self) -> Vec<(PathBuf, String)> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |(path, file): (&PathBuf, &Arc<DataFile>)| {
            Some((path.clone(), file.text.as_ref()?.clone()))
        };
        let mut texts: Vec<_> = files.iter().filter_map(text).collect();
        texts.sort();
        texts
    }

    /// How many bytes all files have that were read.
    pub fn bytes(&self) -> usize {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = files.values().filter_map(|file| file.text.as_ref());
        texts.map(String::len).sum()
    }

    fn get(&self, folder: &Path, name: &str, kept: Option<&Kept>) -> Arc<DataFile> {
        let path = folder.join(name);
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let file = files.entry(path.clone()).or_insert_with(|| {
            let text = read(folder, name, &path, kept);
            let value = text.as_ref().map_err(Wrong::clone);
            let bytes = value.as_ref().map_or(0, |text| text.len());
            crate::meter::allow_more(bytes);
            let read = value.and_then(|text| parsed(name, text));
            let (value, lines, cells) = match read {
                Ok(read) => (Ok(read.value), read.lines, read.cells),
                Err(wrong) => (Err(wrong), Vec::new(), Cells::default()),
            };
            if !cells.is_empty() {
                self.keeps_cells.store(true, Ordering::Relaxed);
            }
            Arc::new(DataFile {
                name: name.to_string(),
                text: text.ok(),
                value,
                lines,
                cells,
            })
        });
        file.clone()
    }

    /// Whether [`DataFiles::cell`] may have something.
    pub(super) fn keeps_cells(&self) -> bool {
        self.keeps_cells.load(Ordering::Relaxed)
    }

    /// How a number of that very record is written in its file, where a number prints otherwise.
    pub fn cell(&self, record: &Fields, field: &str) -> Option<Arc<str>> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files
            .values()
            .find_map(|file| file.cells.get(record, field))
    }

    /// Which row of which file a record is: that very one, and none that only is like it.
    pub fn row(&self, record: &Fields) -> Option<DataRow> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.values().find_map(|file| {
            let (at, _) = records(file).find(|(_, fields)| Arc::ptr_eq(fields, record))?;
            let file = file.clone();
            Some(DataRow { file, at })
        })
    }
}

impl Evaluator<'_> {
    /// What a file of the pack holds; `span` is that of the argument that names it.
    pub(super) fn data(&self, name: &str, span: Span) -> Value {
        let sources = &self.program.sources;
        let Some(folder) = sources.get(span.file).folder() else {
            return self.fail(codes::BAD_ARGUMENT, span, "there are no data files here");
        };
        let kept = self.program.kept.as_deref();
        match &self.program.data.get(folder, name, kept).value {
            Ok(value) => value.clone(),
            Err(wrong) => {
                let found = Diagnostic::error(wrong.rule, span, &wrong.message);
                let found = wrong.more.iter().fold(found, Diagnostic::help);
                self.report(found.help(&wrong.help));
                Value::Error
            }
        }
    }
}

/// The text of a file that stands in the folder or below it.
fn read(folder: &Path, name: &str, path: &Path, kept: Option<&Kept>) -> Result<String, Wrong> {
    let wrong = |rule, message: String, help: &str| Wrong {
        rule,
        message,
        more: Vec::new(),
        help: help.into(),
    };
    let mut depth = 0i32;
    for part in Path::new(name).components() {
        depth += match part {
            Component::Normal(_) => 1,
            Component::CurDir => 0,
            Component::ParentDir => -1,
            Component::RootDir | Component::Prefix(_) => i32::MIN / 2,
        };
        if depth < 0 {
            break;
        }
    }
    let outside = |message: String| {
        wrong(
            codes::BAD_ARGUMENT,
            message,
            "data files stand in the folder of the file that names them, or below it: copy the file there, or name it in a `.scn` file beside it and `use` that",
        )
    };
    if depth < 0 {
        return Err(outside(format!(
            "`{name}` lies outside of this file's folder"
        )));
    }
    let cannot = |error: std::io::Error| {
        let why = crate::resolve::plain(&error);
        let mut help = format!("looked for {}", path.display());
        let missing = error.kind() == std::io::ErrorKind::NotFound && kept.is_none();
        if let Some(near) = missing.then(|| beside(path)).flatten() {
            let near = Path::new(name).with_file_name(near);
            help = format!("did you mean `{}`?", near.display());
        }
        wrong(
            codes::MISSING_FILE,
            format!("cannot read `{name}`: {why}"),
            &help,
        )
    };
    if let Some(kept) = kept {
        let bytes = kept.read(path).map_err(cannot)?;
        return Ok(String::from_utf8_lossy(&bytes).into_owned());
    }
    let here = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let real = path.canonicalize().map_err(cannot)?;
    if !real.starts_with(here.canonicalize().map_err(cannot)?) {
        return Err(outside(format!(
            "`{name}` is a link to outside of this file's folder"
        )));
    }
    // a pipe or a device would be waited for
    if !std::fs::metadata(&real).map_err(cannot)?.is_file() {
        let message = format!("`{name}` is no file");
        return Err(wrong(codes::MISSING_FILE, message, "name a file"));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(&real).map_err(cannot)?;
    let longest = file.take(LONGEST_FILE + 1);
    { longest }.read_to_end(&mut bytes).map_err(cannot)?;
    if bytes.len() as u64 > LONGEST_FILE {
        return Err(wrong(
            codes::OUT_OF_RANGE,
            format!("`{name}` is longer than {} MiB", LONGEST_FILE >> 20),
            "take fewer rows of it",
        ));
    }
    let text = crate::resolve::text_of(bytes).map_err(|why| {
        let message = format!("`{name}` is not a text file: {why}");
        wrong(codes::FILE_NOT_TEXT, message, "save it as UTF-8 text")
    })?;
    Ok(text)
}

/// Whether a text is the name of a file that `data` reads.
pub(super) fn is_data_file(name: &str) -> bool {
    let ends = |ending: &str| name.len() > ending.len() && name.ends_with(ending);
    let mut endings = ENDINGS
        .split([',', ' '])
        .filter(|ending| ending.starts_with('.'));
    endings.any(ends)
}

/// The nearest name of a data file in the folder of one that is not there.
fn beside(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let folder = match path.parent()? {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let entries = std::fs::read_dir(folder).ok()?.take(MOST_BESIDE).flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = names
        .filter(|name| {
            ENDINGS
                .split([',', ' '])
                .any(|e| !e.is_empty() && name.ends_with(e))
        })
        .collect();
    names.sort_unstable();
    nearest(name, names.iter().map(String::as_str)).map(str::to_string)
}
