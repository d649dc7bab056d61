//! The texts that editors have open, in place of those on disk, and the trees of texts that were
//! parsed before.

use super::text::{Lines, Range};
use crate::diagnostics::Diagnostic;
use crate::resolve::{Reader, read};
use crate::source::FileId;
use crate::syntax::{self, ast::Ast};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Trees of so many bytes of text are kept at most, and half of that at least; a tree takes some
/// dozens of times its text.
const KEPT: usize = 4 << 20;

/// A document that an editor has open.
#[derive(Debug, Clone)]
pub struct Document {
    pub path: PathBuf,
    pub version: i64,
    pub text: Arc<str>,
}

impl Document {
    /// Replaces a range, or without one everything.
    pub fn change(&mut self, range: Option<Range>, new: &str) {
        let Some(range) = range else {
            self.text = new.into();
            return;
        };
        let lines = Lines::new(&self.text);
        let (a, b) = (lines.offset(range.start), lines.offset(range.end));
        let (start, end) = (a.min(b), a.max(b));
        self.text = [&self.text[..start], new, &self.text[end..]]
            .concat()
            .into();
    }
}

/// A tree that was made of a text.
struct Parsed {
    text: Arc<str>,
    ast: Arc<Ast>,
    found: Vec<Diagnostic>,
    /// When it was last asked for.
    used: u64,
}

/// A file of a program, and the hash of its text.
type Key = (FileId, u64);

/// What programs are read through.
#[derive(Default)]
pub struct Files {
    /// Open texts by the path of their file, links followed.
    open: RefCell<HashMap<PathBuf, Arc<str>>>,
    /// A place in a tree names its file by number: trees are kept by that too.
    trees: RefCell<HashMap<Key, Parsed>>,
    /// The bytes of their texts.
    size: Cell<usize>,
    clock: Cell<u64>,
}

impl Files {
    pub fn open(&self, path: &Path, text: &Arc<str>) {
        let mut open = self.open.borrow_mut();
        open.insert(real(path), text.clone());
    }

    pub fn close(&self, path: &Path) {
        self.open.borrow_mut().remove(&real(path));
    }

    /// Keeps a tree, and drops those that were not asked for for longest where there are many.
    fn keep(&self, key: Key, parsed: Parsed) {
        let mut trees = self.trees.borrow_mut();
        let mut size = self.size.get() + parsed.text.len();
        if let Some(before) = trees.insert(key, parsed) {
            size -= before.text.len();
        }
        if size > KEPT {
            let mut all: Vec<(u64, Key)> = trees.iter().map(|(k, tree)| (tree.used, *k)).collect();
            all.sort_unstable_by_key(|(used, _)| *used);
            // the newest stays, however large
            all.pop();
            for (_, key) in all {
                if size <= KEPT / 2 {
                    break;
                }
                size -= trees.remove(&key).map_or(0, |tree| tree.text.len());
            }
        }
        self.size.set(size);
    }
}

/// A path as it is told from others.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

impl Reader for Files {
    fn read(&self, path: &Path, used: bool) -> io::Result<Vec<u8>> {
        match self.open.borrow().get(&real(path)) {
            Some(text) => Ok(text.as_bytes().to_vec()),
            None => read(path, used),
        }
    }

    fn parse(&self, file: FileId, text: &Arc<str>) -> (Arc<Ast>, Vec<Diagnostic>) {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let key = (file, hasher.finish());
        let now = self.clock.get() + 1;
        self.clock.set(now);
        let mut trees = self.trees.borrow_mut();
        if let Some(parsed) = trees.get_mut(&key).filter(|parsed| parsed.text == *text) {
            parsed.used = now;
            return (parsed.ast.clone(), parsed.found.clone());
        }
        drop(trees);
        let (ast, found) = syntax::parse(file, text);
        let ast = Arc::new(ast);
        let parsed = Parsed {
            text: text.clone(),
            ast: ast.clone(),
            found: found.clone(),
            used: now,
        };
        self.keep(key, parsed);
        (ast, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::text::Position;

    #[test]
    fn changes_replace_what_they_name() {
        let mut document = Document {
            path: "a.scn".into(),
            version: 1,
            text: "let a = \"🦀\"\nlet b = 2\n".into(),
        };
        let at = |line, character| Position { line, character };
        let (start, end) = (at(0, 9), at(0, 11));
        document.change(Some(Range { start, end }), "ü");
        assert_eq!(&*document.text, "let a = \"ü\"\nlet b = 2\n");
        let (start, end) = (at(1, 0), at(2, 0));
        document.change(Some(Range { start, end }), "");
        assert_eq!(&*document.text, "let a = \"ü\"\n");
        document.change(None, "x");
        assert_eq!(&*document.text, "x");
    }

    #[test]
    fn a_text_is_parsed_once_for_each_file() {
        let files = Files::default();
        let text: Arc<str> = "let a = 1\n".into();
        let (first, _) = files.parse(FileId(0), &text);
        assert!(Arc::ptr_eq(
            &first,
            &files.parse(FileId(0), &"let a = 1\n".into()).0
        ));
        assert_eq!(files.parse(FileId(1), &text).0.file, FileId(1));
    }

    #[test]
    fn old_trees_make_room_for_new_ones() {
        let files = Files::default();
        let text = |n: usize| -> Arc<str> { format!("# {n}\n{}", "# x\n".repeat(200_000)).into() };
        for n in 0..12 {
            files.parse(FileId(0), &text(n));
            // what is asked for again and again stays
            files.parse(FileId(1), &"let a = 1\n".into());
        }
        let trees = files.trees.borrow();
        let size: usize = trees.values().map(|tree| tree.text.len()).sum();
        assert_eq!(size, files.size.get());
        assert!(
            size <= KEPT && trees.len() > 2,
            "{} trees, {size} bytes",
            trees.len()
        );
        assert!(trees.keys().any(|(file, _)| *file == FileId(1)));
    }
}
