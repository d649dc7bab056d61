//! Reads files and what they use into a [`Program`].

use super::{Definition, DefinitionKind, Flat, Module, ModuleId, Program, flat};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};
use crate::syntax::{
    self,
    ast::{Block, Ident, Item, ItemKind, Path as NamePath, Use, UseTarget},
};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file or folder named on the command line that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("{path}: {source}; expected a `.scn` file or a folder that holds some")]
    Unreadable { path: String, source: std::io::Error },
    #[error("{path}: this folder holds no `.scn` file")]
    NoFiles { path: String },
}

/// The `.scn` files that paths of the command line stand for: files themselves, folders with all
/// that is below them (hidden folders apart), each once, in order.
pub fn find_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for path in paths {
        let unreadable = |source| LoadError::Unreadable { path: path.display().to_string(), source };
        let meta = std::fs::metadata(path).map_err(unreadable)?;
        if !meta.is_dir() {
            files.push(path.clone());
            continue;
        }
        let before = files.len();
        walk(path, &mut files, 0).map_err(unreadable)?;
        if files.len() == before {
            return Err(LoadError::NoFiles { path: path.display().to_string() });
        }
        files[before..].sort();
    }
    let mut seen = std::collections::HashSet::new();
    files.retain(|file| seen.insert(file.canonicalize().unwrap_or_else(|_| file.clone())));
    Ok(files)
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, depth: usize) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if kind.is_dir() && !hidden && depth < 16 {
            walk(&path, files, depth + 1)?;
        } else if kind.is_file() && path.extension().is_some_and(|e| e == "scn") {
            files.push(path);
        }
    }
    Ok(())
}

/// Loads files and everything they use. Mistakes in the text are diagnostics, never errors.
pub fn load(files: &[PathBuf]) -> (Program, Vec<Diagnostic>) {
    let mut loader = Loader::default();
    for file in files {
        let id = loader.file(file, &file.display().to_string(), None);
        if let Some(id) = id.filter(|id| !loader.program.roots.contains(id)) {
            loader.program.roots.push(id);
        }
    }
    // a server with a `url` alone speaks the plain API, whose engine is in the library
    if loader.raw.values().any(|flat| flat.children_of("server").any(|server| server.attrs.contains_key("url"))) {
        loader.std("engines");
    }
    loader.flatten();
    (loader.program, loader.found)
}

/// A top-level block: its module and name.
type Key = (ModuleId, String);

#[derive(Default)]
struct Loader {
    program: Program,
    found: Vec<Diagnostic>,
    by_path: HashMap<PathBuf, ModuleId>,
    /// Files being read, to see cycles of `use`.
    stack: Vec<ModuleId>,
    /// Blocks before their `extends` is worked in.
    raw: IndexMap<Key, Flat>,
}

impl Loader {
    /// Reads a file as a module; `user` is the `use` that asks for it.
    fn file(&mut self, path: &Path, name: &str, user: Option<Span>) -> Option<ModuleId> {
        let key = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        if let Some(id) = self.by_path.get(&key) {
            return Some(*id);
        }
        let text = match std::fs::read(path) {
            Ok(bytes) => text_of(bytes),
            Err(error) => {
                let file = self.program.sources.add(name, Some(path.to_path_buf()), "");
                let span = user.unwrap_or(Span::new(file, 0, 0));
                self.found.push(
                    Diagnostic::error(codes::FILE_UNREADABLE, span, format!("cannot read `{name}`: {error}"))
                        .help("paths are relative to the file that names them"),
                );
                return None;
            }
        };
        let (text, problem) = match text {
            Ok(text) => (text, None),
            Err(problem) => (String::new(), Some(problem)),
        };
        let file = self.program.sources.add(name, Some(path.to_path_buf()), text);
        if let Some(problem) = problem {
            self.found.push(
                Diagnostic::error(codes::FILE_NOT_TEXT, Span::new(file, 0, 0), format!("`{name}` is not a text file: {problem}"))
                    .help("a scenario is UTF-8 text; was another file meant?"),
            );
            return None;
        }
        if user.is_none() && self.program.sources.get(file).text.trim().is_empty() {
            self.found.push(
                Diagnostic::error(codes::FILE_EMPTY, Span::new(file, 0, 0), format!("`{name}` is empty"))
                    .help("write a `scenario name { … }` into it"),
            );
        }
        let id = self.new_module(name);
        self.by_path.insert(key, id);
        self.read(id, file);
        Some(id)
    }

    fn std(&mut self, name: &str) -> Option<ModuleId> {
        if let Some(id) = self.program.standard.get(name) {
            return Some(*id);
        }
        let files = crate::stdlib::module(name);
        if files.is_empty() {
            return None;
        }
        let id = self.new_module(&format!("std.{name}"));
        self.program.standard.insert(name.to_string(), id);
        for (name, text) in files {
            let file = self.program.sources.add(format!("std/{name}"), None, text);
            self.read(id, file);
        }
        Some(id)
    }

    fn new_module(&mut self, name: &str) -> ModuleId {
        let id = ModuleId(self.program.modules.len());
        self.program.modules.push(Module { name: name.to_string(), ..Module::default() });
        id
    }

    fn read(&mut self, id: ModuleId, file: FileId) {
        let text = self.program.sources.get(file).text.clone();
        let (ast, found) = syntax::parse(file, &text);
        self.found.extend(found);
        let ast = Arc::new(ast);
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
            ItemKind::Param(b) => self.define(id, &b.name, item, DefinitionKind::Param(Arc::new(b.value.clone()))),
            ItemKind::Let(b) => self.define(id, &b.name, item, DefinitionKind::Let(Arc::new(b.value.clone()))),
            ItemKind::Block(block) => self.block(id, block, item),
            ItemKind::Attr(attr) => self.found.push(
                Diagnostic::error(codes::MISPLACED, item.span, format!("`{}` is set outside of any block", attr.name.text))
                    .help(format!("for a value of your own write `let {} = …`", attr.name.text)),
            ),
            ItemKind::Check(_) => self.found.push(
                Diagnostic::error(codes::MISPLACED, item.span, "a check stands outside of any scenario")
                    .help("move it into the `scenario { … }` whose phases it reads"),
            ),
            ItemKind::Exclude(_) => self.found.push(
                Diagnostic::error(codes::MISPLACED, item.span, "`exclude when` stands outside of a matrix")
                    .help("move it into the scenario's `matrix { … }`"),
            ),
            ItemKind::Error => {}
        }
    }

    fn block(&mut self, id: ModuleId, block: &Block, item: &Item) {
        let flat = flat::own(block, item, id, &mut self.found);
        let Some(name) = &block.name else {
            self.found.push(
                Diagnostic::error(codes::MISPLACED, block.kind.span, format!("this `{}` has no name", block.kind.text))
                    .help(format!("write `{} some_name {{ … }}`", block.kind.text)),
            );
            return;
        };
        self.define(id, name, item, DefinitionKind::Block(Arc::new(flat.clone())));
        self.raw.entry((id, name.text.clone())).or_insert(flat);
    }

    fn used(&mut self, id: ModuleId, file: FileId, used: &Use, item: &Item) {
        let (target, name) = match &used.target {
            UseTarget::Module(path) => {
                let name = path.parts.last().cloned();
                (self.module_path(path), name)
            }
            UseTarget::File { path, span } => {
                let base = self.program.sources.get(file).folder().map(Path::to_path_buf);
                let Some(base) = base else {
                    return;
                };
                let full = base.join(path);
                let stem = full.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
                let shown = shown_path(&full);
                (self.file(&full, &shown, Some(*span)), Some(Ident { text: stem, span: *span }))
            }
        };
        let (Some(target), Some(name)) = (target, used.alias.clone().or(name)) else {
            return;
        };
        if self.stack.contains(&target) {
            let chain: Vec<&str> =
                self.stack.iter().map(|id| self.program.module(*id).name.as_str()).collect();
            self.found.push(
                Diagnostic::error(codes::USE_CYCLE, item.span, "files use each other in a circle")
                    .help(format!("{} → {}", chain.join(" → "), self.program.module(target).name))
                    .help("move what both need into a third file"),
            );
            return;
        }
        self.define(id, &name, item, DefinitionKind::Module(target));
    }

    fn module_path(&mut self, path: &NamePath) -> Option<ModuleId> {
        let parts: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let found = match parts.as_slice() {
            ["std", name] => self.std(name),
            _ => None,
        };
        if found.is_none() {
            let known: Vec<String> = crate::stdlib::names().iter().map(|n| format!("std.{n}")).collect();
            let mut diagnostic =
                Diagnostic::error(codes::UNKNOWN_MODULE, path.span, format!("there is no module `{}`", parts.join(".")));
            diagnostic = match crate::check::nearest(&parts.join("."), known.iter().map(String::as_str)) {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix("the nearest name", path.span, near, false),
                None => diagnostic.help(format!("the standard library has {}; a file is named in quotes: use \"./common.scn\"", known.join(", "))),
            };
            self.found.push(diagnostic);
        }
        found
    }

    fn define(&mut self, id: ModuleId, name: &Ident, item: &Item, kind: DefinitionKind) {
        let names = &mut self.program.modules[id.0].names;
        if let Some(before) = names.get(&name.text) {
            self.found.push(
                Diagnostic::error(codes::DUPLICATE, name.span, format!("the name `{}` is taken", name.text))
                    .says("defined again")
                    .label(before.span, "first defined here")
                    .help("give one of them another name"),
            );
            return;
        }
        names.insert(name.text.clone(), Definition { span: name.span, doc: item.doc.clone(), kind });
    }

    /// Works `extends` in, everywhere.
    fn flatten(&mut self) {
        let keys: Vec<Key> = self.raw.keys().cloned().collect();
        let mut done: HashMap<Key, Arc<Flat>> = HashMap::new();
        for key in &keys {
            self.top_level(key, &mut done, &mut Vec::new());
        }
        for (id, module) in self.program.modules.iter_mut().enumerate() {
            for (name, definition) in &mut module.names {
                if let DefinitionKind::Block(slot) = &mut definition.kind
                    && let Some(flat) = done.get(&(ModuleId(id), name.clone()))
                {
                    *slot = flat.clone();
                }
            }
        }
    }

    fn top_level(&mut self, key: &Key, done: &mut HashMap<Key, Arc<Flat>>, stack: &mut Vec<Key>) -> Option<Arc<Flat>> {
        if let Some(known) = done.get(key) {
            return Some(known.clone());
        }
        let own = self.raw.get(key)?.clone();
        stack.push(key.clone());
        let flat = Arc::new(self.extended(key.0, own, done, stack));
        stack.pop();
        done.insert(key.clone(), flat.clone());
        Some(flat)
    }

    /// A block with its parent, and its children with theirs.
    fn extended(&mut self, module: ModuleId, mut own: Flat, done: &mut HashMap<Key, Arc<Flat>>, stack: &mut Vec<Key>) -> Flat {
        let children = std::mem::take(&mut own.children);
        for child in children {
            let child = match child.extends {
                None if child.children.is_empty() => child,
                _ => Arc::new(self.extended(module, child.as_ref().clone(), done, stack)),
            };
            own.children.push(child);
        }
        let Some(path) = own.extends.clone() else { return own };
        match self.parent(module, &path, &own) {
            Some(parent) if stack.contains(&parent) => {
                self.found.push(
                    Diagnostic::error(codes::CYCLE, path.span, format!("`{}` extends itself", own.title()))
                        .help("let one of the blocks in the circle stand alone"),
                );
                own
            }
            Some(parent) => match self.top_level(&parent, done, stack) {
                Some(parent) => flat::merge(&parent, &own),
                None => own,
            },
            None => own,
        }
    }

    fn parent(&mut self, module: ModuleId, path: &NamePath, own: &Flat) -> Option<(ModuleId, String)> {
        let mut at = module;
        let (last, modules) = path.parts.split_last()?;
        for part in modules {
            match self.program.module(at).names.get(&part.text).map(|d| &d.kind) {
                Some(DefinitionKind::Module(id)) => at = *id,
                _ => {
                    self.found.push(unknown_parent(path, part, &self.program.module(at).names));
                    return None;
                }
            }
        }
        match self.program.module(at).names.get(&last.text).map(|d| &d.kind) {
            Some(DefinitionKind::Block(block)) if block.kind.text == own.kind.text => Some((at, last.text.clone())),
            Some(DefinitionKind::Block(block)) => {
                self.found.push(
                    Diagnostic::error(
                        codes::TYPE_MISMATCH,
                        path.span,
                        format!("a {} cannot extend a {}", own.kind.text, block.kind.text),
                    )
                    .says(format!("this is a {}", block.kind.text))
                    .label(own.head(), format!("this is a {}", own.kind.text)),
                );
                None
            }
            _ => {
                self.found.push(unknown_parent(path, last, &self.program.module(at).names));
                None
            }
        }
    }
}

fn unknown_parent(path: &NamePath, part: &Ident, names: &IndexMap<String, Definition>) -> Diagnostic {
    let diagnostic =
        Diagnostic::error(codes::UNKNOWN_NAME, part.span, format!("there is no `{}` to extend", part.text));
    match crate::check::nearest(&part.text, names.keys().map(String::as_str)) {
        Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
        None if path.parts.len() > 1 => diagnostic.help("is the module bound by a `use` above?"),
        None => diagnostic,
    }
}

/// The bytes as text, or why they are none.
fn text_of(bytes: Vec<u8>) -> Result<String, String> {
    if let Some(at) = bytes.iter().position(|b| *b == 0) {
        return Err(format!("byte {at} is 0"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("byte {at} is not UTF-8")
    })
}

/// A path for people: without `./` parts.
fn shown_path(path: &Path) -> String {
    path.components().filter(|c| !matches!(c, std::path::Component::CurDir)).collect::<PathBuf>().display().to_string()
}
