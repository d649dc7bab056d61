//! The other files of a folder, as far as their names go: for a name that is not here and is there,
//! and for a scenario that they build on.

use super::{Program, as_name, is_name, read, text_of};
use crate::source::FileId;
use crate::syntax::ast::{Ast, Block, ItemKind, UseTarget};
use crate::syntax::parse;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// In a folder of more files none is looked at; nor is one that is longer.
const MOST_FILES: usize = 64;
const LONGEST: usize = 1 << 20;

/// A file of the folder.
pub(crate) struct Beside {
    /// Without its ending.
    pub(crate) stem: String,
    ast: Ast,
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

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.ast.items.iter().filter_map(|item| match &item.kind {
            ItemKind::Block(block) => Some(block),
            _ => None,
        })
    }

    /// The names of its blocks of a kind.
    pub(crate) fn blocks_of(&self, kind: &str) -> impl Iterator<Item = &str> {
        let of_kind = self.blocks().filter(move |block| block.kind.text == kind);
        of_kind.filter_map(|block| Some(block.name.as_ref()?.text.as_str()))
    }

    /// Its blocks that extend one of that name of a file that is called so.
    fn extending<'a>(&'a self, file: &str, name: &'a str) -> impl Iterator<Item = &'a Block> {
        let aliases = self.ast.items.iter().filter_map(|item| {
            let ItemKind::Use(used) = &item.kind else {
                return None;
            };
            let UseTarget::File { path, .. } = &used.target else {
                return None;
            };
            let path = Path::new(path);
            let leads = path.file_name().is_some_and(|last| last == file);
            let stem = path.file_stem()?.to_string_lossy().into_owned();
            let alias = used.alias.as_ref().map_or(stem, |alias| alias.text.clone());
            leads.then_some(alias)
        });
        let aliases: Vec<String> = aliases.collect();
        self.blocks().filter(move |block| {
            let parent = block.extends.as_ref();
            parent.is_some_and(|parent| match parent.parts.as_slice() {
                [module, block] => block.text == name && aliases.contains(&module.text),
                _ => false,
            })
        })
    }
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

/// The files of the folder of a file, but for itself, in order of their names: those that can be
/// read, and whose texts are wanted. None where a run has kept its files.
pub(crate) fn beside(
    program: &Program,
    file: FileId,
    wanted: &dyn Fn(&str) -> bool,
) -> Vec<Beside> {
    let source = program.sources.get(file);
    let (Some(folder), None) = (source.folder(), &program.kept) else {
        return Vec::new();
    };
    let here = match folder.as_os_str().is_empty() {
        true => Path::new("."),
        false => folder,
    };
    let own = source.path.as_deref().and_then(Path::file_name);
    let Ok(entries) = std::fs::read_dir(here) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    let is_other = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "scn") && path.file_name() != own
    };
    let mut paths: Vec<_> = paths.filter(is_other).take(MOST_FILES + 1).collect();
    if paths.len() > MOST_FILES {
        return Vec::new();
    }
    paths.sort_unstable();
    let read = |path: &PathBuf| read_beside(path, wanted);
    paths.iter().filter_map(read).collect()
}

fn read_beside(path: &Path, wanted: &dyn Fn(&str) -> bool) -> Option<Beside> {
    let short = std::fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST as u64);
    let text = text_of(read(path, true).ok().filter(|_| short)?).ok()?;
    if !wanted(&text) {
        return None;
    }
    let (ast, _) = parse(FileId::default(), &text);
    let stem = path.file_stem()?.to_str()?.to_string();
    Some(Beside { stem, ast })
}

/// The names that scenarios of other files of the folder define which extend this one; none where
/// there are no such scenarios.
pub(crate) fn given_beside(program: &Program, file: FileId, name: &str) -> Option<HashSet<String>> {
    let source = program.sources.get(file);
    let own = source.path.as_deref().and_then(Path::file_name);
    let own = own.and_then(|own| own.to_str())?;
    // most files need not be parsed for it
    let wanted = |text: &str| text.contains(own) && text.contains("extends");
    let mut out = None;
    for other in beside(program, file, &wanted) {
        for block in other.extending(own, name) {
            defined(block, out.get_or_insert_default());
        }
    }
    out
}
