//! The other files of a folder, as far as their names go: for a name that is not here and is there,
//! and for a scenario that they, or files of the folders around, build on. They are read once for a file, however often that is asked.

use super::around::around;
use super::{ModuleId, Program, as_name, is_name, read, text_of};
use crate::check::nearest;
use crate::source::FileId;
use crate::syntax::ast::{Ast, Block, ItemKind, UseTarget};
use crate::syntax::parse;
use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

/// In a folder of more files none is looked at; nor is one that is longer.
const MOST_FILES: usize = 64;
const LONGEST: usize = 1 << 20;

/// What is known of the files beside one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Neighbours {
    files: Vec<Beside>,
    /// The first file that has a block, by the block's kind and name.
    holders: HashMap<(String, String), usize>,
    /// What scenarios define that extend a block of the file itself, by that block's name.
    given: HashMap<String, HashSet<String>>,
}

/// A file of the folder.
#[derive(Debug, Clone)]
pub(crate) struct Beside {
    /// Without its ending.
    pub(crate) stem: String,
    scenarios: Vec<String>,
}

impl Beside {
    /// What makes it known.
    pub(crate) fn used(&self) -> String {
        match is_name(&self.stem) {
            true => format!("use \"./{}.scn\"", self.stem),
            false => format!("use \"./{}.scn\" as {}", self.stem, as_name(&self.stem)),
        }
    }

    /// What a block of it is called then.
    pub(crate) fn named(&self, block: &str) -> String {
        match is_name(&self.stem) {
            true => format!("{}.{block}", self.stem),
            false => format!("{}.{block}", as_name(&self.stem)),
        }
    }

    /// The names of its scenarios.
    pub(crate) fn scenarios(&self) -> &[String] {
        &self.scenarios
    }
}

impl Neighbours {
    /// The files that have scenarios, in order of their names.
    pub(crate) fn with_scenarios(&self) -> impl Iterator<Item = &Beside> {
        self.files.iter().filter(|file| !file.scenarios.is_empty())
    }

    /// The first file that has a block of that kind and name.
    pub(crate) fn holder(&self, kind: &str, name: &str) -> Option<&Beside> {
        let at = self.holders.get(&(kind.to_string(), name.to_string()))?;
        self.files.get(*at)
    }

    /// The names that those define who extend a block of this file; none where nobody does.
    pub(crate) fn given(&self, name: &str) -> Option<&HashSet<String>> {
        self.given.get(name)
    }

    fn add(&mut self, stem: String, ast: &Ast, own: &str) {
        self.give(ast, &|path| {
            path.file_name().is_some_and(|last| last == own)
        });
        let mut scenarios = Vec::new();
        for item in &ast.items {
            let ItemKind::Block(block) = &item.kind else {
                continue;
            };
            if let Some(name) = &block.name {
                let key = (block.kind.text.clone(), name.text.clone());
                self.holders.entry(key).or_insert(self.files.len());
                if block.kind.text == "scenario" {
                    scenarios.push(name.text.clone());
                }
            }
        }
        self.files.push(Beside { stem, scenarios });
    }

    /// Keeps what blocks of a file define that extend one of the file that `leads` says a path to.
    fn give(&mut self, ast: &Ast, leads: &dyn Fn(&Path) -> bool) {
        let aliases = aliases(ast, leads);
        for item in &ast.items {
            if let ItemKind::Block(block) = &item.kind
                && let Some(parent) = &block.extends
                && let [module, parent] = parent.parts.as_slice()
                && aliases.contains(&module.text)
            {
                defined(block, self.given.entry(parent.text.clone()).or_default());
            }
        }
    }
}

/// The names by which a file uses the one that `leads` says a path to.
fn aliases(ast: &Ast, leads: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let used = ast.items.iter().filter_map(|item| {
        let ItemKind::Use(used) = &item.kind else {
            return None;
        };
        let UseTarget::File { path, .. } = &used.target else {
            return None;
        };
        let path = Path::new(path);
        let stem = path.file_stem()?.to_string_lossy().into_owned();
        let alias = used.alias.as_ref().map_or(stem, |alias| alias.text.clone());
        leads(path).then_some(alias)
    });
    used.collect()
}

/// The names that a block defines: its values, its axes and its blocks.
fn defined(block: &Block, out: &mut HashSet<String>) {
    for item in &block.body {
        match &item.kind {
            ItemKind::Let(one) => {
                out.insert(one.name.text.clone());
            }
            ItemKind::Block(child) if child.kind.text == "matrix" => {
                let axes = child.body.iter().filter_map(|item| match &item.kind {
                    ItemKind::Attr(axis) => Some(axis.name.text.clone()),
                    _ => None,
                });
                out.extend(axes);
            }
            ItemKind::Block(child) => out.extend(child.name.iter().map(|name| name.text.clone())),
            _ => {}
        }
    }
}

/// The files of the folder of a module's file, but for itself, that can be read; none where a run has
/// kept its files.
pub(crate) fn beside(program: &Program, module: ModuleId) -> &Neighbours {
    let module = program.module(module);
    let look = || match module.files.first() {
        Some(file) => look(program, *file),
        None => Neighbours::default(),
    };
    module.beside.get_or_init(look)
}

fn look(program: &Program, file: FileId) -> Neighbours {
    let mut out = Neighbours::default();
    let source = program.sources.get(file);
    let (Some(folder), None) = (source.folder(), &program.kept) else {
        return out;
    };
    let here = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let own = source.path.as_deref().and_then(Path::file_name);
    let Ok(entries) = std::fs::read_dir(here) else {
        return out;
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "scn") && path.file_name() != own
    };
    let mut paths: Vec<_> = paths.filter(is_other).take(MOST_FILES + 1).collect();
    if paths.len() > MOST_FILES {
        return out;
    }
    paths.sort_unstable();
    let own = own.and_then(|own| own.to_str()).unwrap_or_default();
    for path in paths {
        if let Some((stem, ast)) = read_beside(&path, |_| true) {
            out.add(stem, &ast, own);
        }
    }
    if let Some(path) = &source.path {
        add_around(&mut out, path);
    }
    out
}

/// What files of other folders give this one.
fn add_around(out: &mut Neighbours, file: &Path) {
    let Ok(file) = file.canonicalize() else {
        return;
    };
    let name = file.file_name().and_then(|name| name.to_str());
    let names_it = |text: &str| name.is_some_and(|name| text.contains(name));
    for path in around(&file) {
        let Some((_, ast)) = read_beside(&path, names_it) else {
            continue;
        };
        let folder = path.parent().unwrap_or(&path);
        let leads = |used: &Path| folder.join(used).canonicalize().is_ok_and(|it| it == file);
        out.give(&ast, &leads);
    }
}

/// In a folder of more entries no file is looked for whose name is nearly what was written.
const MOST_ENTRIES: usize = 300;

/// The file that is meant by a path which leads to none: one of nearly the same name in that folder,
/// which is the user's own or below it. The user itself is not meant.
pub(super) fn meant_file(user: &Path, written: &str) -> Option<PathBuf> {
    let written = Path::new(written);
    let below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !written.components().all(below) {
        return None;
    }
    let here = match user.parent()? {
        empty if empty.as_os_str().is_empty() => Path::new("."),
        folder => folder,
    };
    let folder = here.join(written).parent()?.canonicalize().ok()?;
    if !folder.starts_with(here.canonicalize().ok()?) {
        return None;
    }
    let user = user.canonicalize().ok();
    let entries = std::fs::read_dir(folder).ok()?.take(MOST_ENTRIES + 1);
    let paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    if paths.len() > MOST_ENTRIES {
        return None;
    }
    let is_scenario = |path: &&PathBuf| path.extension().is_some_and(|end| end == "scn");
    let others = paths.iter().filter(is_scenario);
    let others = others.filter(|path| Some(*path) != user.as_ref() && path.is_file());
    // others would have to be escaped in quotes
    let plain = |stem: &&str| !stem.contains(['"', '$', '\\']) && !stem.contains(char::is_control);
    let stems = others.filter_map(|path| path.file_stem()?.to_str());
    let mut stems: Vec<&str> = stems.filter(plain).collect();
    stems.sort_unstable();
    let name = written.file_stem()?.to_str()?;
    let same = stems.iter().copied().find(|stem| *stem == name);
    let near = same.or_else(|| nearest(name, stems.iter().copied()))?;
    Some(written.with_file_name(format!("{near}.scn")))
}

/// The tree of a file of which the text is `wanted`.
fn read_beside(path: &Path, wanted: impl Fn(&str) -> bool) -> Option<(String, Ast)> {
    let short = std::fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST as u64);
    let text = text_of(read(path, true).ok().filter(|_| short)?).ok()?;
    if !wanted(&text) {
        return None;
    }
    let stem = path.file_stem()?.to_str()?.to_string();
    Some((stem, parse(FileId::default(), &text).0))
}
