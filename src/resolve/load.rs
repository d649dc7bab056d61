//! Reads files and what they use into a [`Program`].

use super::find::plain;
use super::{Definition, DefinitionKind, Flat, Kept, Module, ModuleId, Program, Reader, flat};
use crate::check::{is_binding_word, nameless, unknown_kind};
use crate::diagnostics::{Diagnostic, codes, most_told};
use crate::source::{FileId, Span};
use crate::syntax::{
    self,
    ast::{Block, ExprKind, Ident, Item, ItemKind},
};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Loads files and everything they use. Mistakes in the text are diagnostics, never errors.
pub fn load(files: &[PathBuf]) -> (Program, Vec<Diagnostic>) {
    load_for(files, &[])
}

/// The same, for further texts that will be evaluated with its names: values of parameters.
pub fn load_for(files: &[PathBuf], words: &[String]) -> (Program, Vec<Diagnostic>) {
    Loader::default().load(files, words)
}

/// The same from what a run has kept of its files.
pub fn load_kept(kept: Kept, words: &[String]) -> (Program, Vec<Diagnostic>) {
    let mut loader = Loader::default();
    let roots = kept.roots.clone();
    loader.program.kept = Some(Arc::new(kept));
    loader.load(&roots, words)
}

/// The same through a reader: texts that are not saved yet, and trees that are kept.
pub fn load_through(
    files: &[PathBuf],
    words: &[String],
    reader: Rc<dyn Reader>,
) -> (Program, Vec<Diagnostic>) {
    let loader = Loader {
        reader: Some(reader),
        ..Loader::default()
    };
    loader.load(files, words)
}

/// The attribute by which the library says it.
const FOR_URL: &str = "for_url";

/// A top-level block: its module and name.
pub(super) type Key = (ModuleId, String);

#[derive(Default)]
pub(super) struct Loader {
    pub(super) program: Program,
    pub(super) found: Vec<Diagnostic>,
    /// What reads texts in place of the file system.
    reader: Option<Rc<dyn Reader>>,
    by_path: HashMap<PathBuf, ModuleId>,
    /// Files being read, to see cycles of `use`.
    pub(super) stack: Vec<ModuleId>,
    /// Blocks before their `extends` is worked in.
    pub(super) raw: IndexMap<Key, Flat>,
    /// How much more `extends` may copy.
    pub(super) copies_left: usize,
    /// For how many files that are not there another of nearly their name was looked for.
    pub(super) looked_for: usize,
}

impl Loader {
    fn load(mut self, files: &[PathBuf], words: &[String]) -> (Program, Vec<Diagnostic>) {
        for file in files {
            let id = self.file(file, &file.display().to_string(), None);
            if let Some(id) = id.filter(|id| !self.program.roots.contains(id)) {
                self.program.roots.push(id);
            }
        }
        self.library(words);
        self.flatten();
        (self.program, self.found)
    }

    /// Reads a file as a module; `user` is the `use` that asks for it.
    pub(super) fn file(&mut self, path: &Path, name: &str, user: Option<Span>) -> Option<ModuleId> {
        let key = match &self.program.kept {
            None => path.canonicalize().unwrap_or_else(|_| path.to_path_buf()),
            Some(_) => super::kept::plain(path),
        };
        if let Some(id) = self.by_path.get(&key) {
            return Some(*id);
        }
        let read = match (&self.program.kept, &self.reader) {
            (Some(kept), _) => kept.read(path),
            (None, Some(reader)) => reader.read(path, user.is_some()),
            (None, None) => super::read(path, user.is_some()),
        };
        let text = match read {
            Ok(bytes) => text_of(bytes),
            Err(error) => {
                let found = self.unusable(
                    codes::FILE_UNREADABLE,
                    name,
                    path,
                    user,
                    format!("cannot read `{name}`: {}", plain(&error)),
                    "paths are relative to the file that names them",
                );
                self.found.push(found);
                return None;
            }
        };
        let text = match text {
            Ok(text) => text,
            Err(problem) => {
                let problem = format!("`{name}` is not a text file: {problem}");
                let help = "a scenario is UTF-8 text: save it as that; or was another file meant?";
                let found = self.unusable(codes::FILE_NOT_TEXT, name, path, user, problem, help);
                self.found.push(found);
                return None;
            }
        };
        if user.is_none() && text.trim().is_empty() {
            let problem = format!("`{name}` is empty");
            let help = "write a `scenario name { … }` into it";
            let found = self.unusable(codes::FILE_EMPTY, name, path, user, problem, help);
            self.found.push(found);
            return None;
        }
        let file = self
            .program
            .sources
            .add(name, Some(path.to_path_buf()), text);
        if let Some(found) = second_mark(file, &self.program.sources.get(file).text) {
            self.found.push(found);
        }
        let hidden = syntax::secrets::literals(&self.program.sources.get(file).text);
        self.program.sources.hide(file, hidden);
        let id = self.new_module(name);
        self.by_path.insert(key, id);
        self.read(id, file);
        Some(id)
    }

    /// A file that cannot be used: said where it is named, or of itself.
    fn unusable(
        &mut self,
        rule: codes::Rule,
        name: &str,
        path: &Path,
        user: Option<Span>,
        message: String,
        help: &str,
    ) -> Diagnostic {
        let span = user.unwrap_or_else(|| {
            let file = self.program.sources.add(name, Some(path.to_path_buf()), "");
            if rule == codes::FILE_UNREADABLE {
                self.program.unreadable.push(file);
            }
            Span::new(file, 0, 0)
        });
        Diagnostic::error(rule, span, message).help(help)
    }

    pub(super) fn std(&mut self, name: &str) -> Option<ModuleId> {
        if let Some(id) = self.program.standard.get(name) {
            return Some(*id);
        }
        let files = crate::stdlib::module(name);
        if files.is_empty() {
            return None;
        }
        let id = self.new_module(&format!("std.{name}"));
        self.program.standard.insert(name.to_string(), id);
        if let [(name, text)] = files.as_slice() {
            let file = self.program.sources.add(format!("std/{name}"), None, *text);
            self.read(id, file);
        }
        Some(id)
    }

    /// Reads the files of the library's modules that are made of several: each defines what it
    /// is called after, so one whose name no text has is not needed.
    fn library(&mut self, words: &[String]) {
        // a server may have a `url` alone, and then its engine is in the library
        let plain = self.raw.values().any(|flat| {
            let mut servers = flat.children_of("server");
            servers.any(|server| server.attrs.contains_key("url"))
        });
        if plain {
            self.std("engines");
        }
        let mut standard: Vec<_> = self.program.standard.clone().into_iter().collect();
        standard.sort();
        for (module, id) in standard {
            let files = crate::stdlib::module(&module);
            for (name, text) in files.iter().filter(|_| files.len() > 1) {
                let stem = Path::new(name).file_stem().unwrap_or_default();
                let stem = stem.to_string_lossy().into_owned();
                let wanted = (plain && for_url(text))
                    || words.iter().any(|word| word.contains(&stem))
                    || self
                        .program
                        .sources
                        .iter()
                        .any(|(_, file)| file.path.is_some() && file.text.contains(&stem));
                if wanted {
                    let file = self.program.sources.add(format!("std/{name}"), None, *text);
                    self.read(id, file);
                } else {
                    // known all the same, to be suggested
                    let definition = Definition {
                        span: Span::default(),
                        doc: None,
                        kind: DefinitionKind::Broken,
                    };
                    self.program.modules[id.0].names.insert(stem, definition);
                }
            }
        }
    }

    fn new_module(&mut self, name: &str) -> ModuleId {
        let id = ModuleId(self.program.modules.len());
        self.program.modules.push(Module {
            name: name.to_string(),
            ..Module::default()
        });
        id
    }

    fn read(&mut self, id: ModuleId, file: FileId) {
        let text = self.program.sources.get(file).text.clone();
        let (ast, found) = match &self.reader {
            Some(reader) => reader.parse(file, &text),
            None => {
                let (ast, found) = syntax::parse_all(file, &text);
                (Arc::new(ast), found)
            }
        };
        self.found.extend(found);
        self.program.modules[id.0].files.push(file);
        self.program.modules[id.0].asts.push(ast.clone());
        self.stack.push(id);
        for item in &ast.items {
            self.item(id, file, item);
        }
        self.stack.pop();
    }

    fn item(&mut self, id: ModuleId, file: FileId, item: &Item) {
        match &item.kind {
            ItemKind::Use(used) => self.used(id, file, used, item),
            ItemKind::Param(b) => self.define(
                id,
                &b.name,
                item,
                DefinitionKind::Param(Arc::new(b.value.clone())),
            ),
            ItemKind::Let(b) => self.define(
                id,
                &b.name,
                item,
                DefinitionKind::Let(Arc::new(b.value.clone())),
            ),
            ItemKind::Block(block) => self.block(id, block, item),
            ItemKind::Attr(attr) if is_binding_word(&attr.name.text) => {
                self.found.push(nameless(&attr.name));
            }
            ItemKind::Attr(attr) => self.found.push(
                Diagnostic::error(
                    codes::MISPLACED,
                    item.span,
                    format!("`{}` is set outside of any block", attr.name.text),
                )
                .help(format!(
                    "for a value of your own write `let {} = …`",
                    attr.name.text
                )),
            ),
            ItemKind::Check(_) => self.found.push(
                Diagnostic::error(
                    codes::MISPLACED,
                    item.span,
                    "a check stands outside of any scenario",
                )
                .help("move it into the `scenario { … }` whose phases it reads"),
            ),
            ItemKind::Exclude(_) => self.found.push(
                Diagnostic::error(
                    codes::MISPLACED,
                    item.span,
                    "`exclude when` stands outside of a matrix",
                )
                .help("move it into the scenario's `matrix { … }`"),
            ),
            ItemKind::Error => {}
        }
    }

    fn block(&mut self, id: ModuleId, block: &Block, item: &Item) {
        let flat = flat::own(block, item, id, "file", &mut self.found);
        let Some(name) = &flat.name else {
            // of a kind that has no names, or is not known, the place is what is wrong
            self.found.push(unknown_kind(&flat.kind, "file"));
            return;
        };
        let name = name.clone();
        let kind = DefinitionKind::Block(Arc::new(flat.clone()));
        let known = self.define_as(id, &name, item, kind);
        self.raw.entry((id, known)).or_insert(flat);
    }

    pub(super) fn define(&mut self, id: ModuleId, name: &Ident, item: &Item, kind: DefinitionKind) {
        self.define_as(id, name, item, kind);
    }

    /// Gives a module a name. What it is kept as: where the name is taken, a hidden one, because
    /// what is wrong in it is wrong all the same.
    fn define_as(
        &mut self,
        id: ModuleId,
        name: &Ident,
        item: &Item,
        kind: DefinitionKind,
    ) -> String {
        let definition = |kind| Definition {
            span: name.span,
            doc: item.doc.clone(),
            kind,
        };
        let names = &mut self.program.modules[id.0].names;
        let before = names.get_mut(&name.text);
        if let Some(before) = before.filter(|b| !matches!(b.kind, DefinitionKind::Broken)) {
            let mut found = Diagnostic::error(
                codes::DUPLICATE,
                name.span,
                format!("the name `{}` is taken", name.text),
            )
            .says("defined again")
            .label(before.span, "first defined here")
            .help("give one of them another name");
            if let (DefinitionKind::Module(a), DefinitionKind::Module(b)) = (&before.kind, &kind)
                && a == b
                && let Some(line) = self
                    .program
                    .sources
                    .removal_with(item.span, item.doc_lines())
            {
                found = found.fix("delete the second", line, "", true);
            }
            // of a text that repeats itself all over, as many as are told
            let length = self.program.sources.get(name.span.file).text.len();
            if self.found.len() < most_told(length) {
                self.found.push(found);
            }
            let alike = match (&before.kind, &kind) {
                (DefinitionKind::Block(a), DefinitionKind::Block(b)) => a.kind.text == b.kind.text,
                (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
            };
            // there is no telling which of the two the file means where it says the name
            if !alike {
                before.kind = DefinitionKind::Broken;
            }
            let hidden = super::hidden(&name.text, names.len());
            let kind = match kind {
                // nobody sets it
                DefinitionKind::Param(value) => DefinitionKind::Let(value),
                kind => kind,
            };
            if !matches!(kind, DefinitionKind::Module(_) | DefinitionKind::Broken) {
                names.insert(hidden.clone(), definition(kind));
            }
            return hidden;
        }
        names.insert(name.text.clone(), definition(kind));
        name.text.clone()
    }
}

/// Whether a file of the library has the engine of servers that name none and have a `url`.
fn for_url(text: &str) -> bool {
    // most have not, and are not parsed for it
    text.contains(FOR_URL)
        && syntax::parse(FileId::default(), text)
            .0
            .items
            .iter()
            .any(|item| match &item.kind {
                ItemKind::Block(block) => block.body.iter().any(|item| match &item.kind {
                    ItemKind::Attr(attr) => {
                        attr.name.text == FOR_URL && attr.value.kind == ExprKind::Bool(true)
                    }
                    _ => false,
                }),
                _ => false,
            })
}

/// The bytes as text, or why they are none.
/// Tools that join files put one mark before another. Nobody sees it, and other programs read it as
/// part of the first word.
fn second_mark(file: FileId, text: &str) -> Option<Diagnostic> {
    let rest = text.trim_start_matches('\u{FEFF}');
    let span = Span::new(file, 0, text.len() - rest.len());
    (span.end > 0).then(|| {
        Diagnostic::error(codes::SYNTAX, span, "a second mark of the byte order (BOM)")
            .says("it cannot be seen")
            .help("a file begins with one at most")
            .fix("remove it", span, "", true)
    })
}

pub(crate) fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Err("it is UTF-16".to_string());
    }
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(format!("byte {at} is 0"));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let before = &error.as_bytes()[..at];
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        format!("byte {at}, on line {line}, is not UTF-8")
    })?;
    // a mark of the byte order is no part of the text
    Ok(match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_string(),
        None => text,
    })
}
