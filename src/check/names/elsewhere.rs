//! Scenarios of other files, for a suite that names one which its file neither has nor uses.

use super::Walk;
use super::due::Due;
use crate::resolve::{as_name, is_name, read, text_of};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Item, ItemKind};
use crate::syntax::parse;
use std::path::{Path, PathBuf};

/// In a folder of more files none is looked at; nor is one that is longer.
const MOST_FILES: usize = 64;
const LONGEST: usize = 1 << 20;

/// So many of them are named.
const NAMED: usize = 4;

/// A file of scenarios.
struct Other {
    /// Without its ending.
    stem: String,
    scenarios: Vec<String>,
}

impl Other {
    /// What makes it known.
    fn used(&self) -> String {
        match is_name(&self.stem) {
            true => format!("use \"./{}.scn\"", self.stem),
            false => format!("use \"./{}.scn\" as {}", self.stem, as_name(&self.stem)),
        }
    }

    /// What its scenario is called then.
    fn named(&self, scenario: &str) -> String {
        match is_name(&self.stem) {
            true => format!("{}.{scenario}", self.stem),
            false => format!("{}.{scenario}", as_name(&self.stem)),
        }
    }
}

impl Walk<'_> {
    /// In which file beside this one a scenario is that is due here, or what there is.
    pub(super) fn elsewhere(&self, name: &str, span: Span) -> Option<String> {
        if self.due == Due::Fields {
            let file = self.program.sources.get(span.file).folder()?;
            let there = file.join(format!("{name}.scn")).is_file();
            let fresh = self.program.kept.is_none() && there;
            return fresh.then(|| format!("`use \"./{name}.scn\"` makes that file known here"));
        }
        if self.due != Due::Block("scenario") {
            return None;
        }
        let others = self.beside(span.file);
        let holds = |other: &&Other| other.scenarios.iter().any(|one| one == name);
        if let Some(other) = others.iter().find(holds) {
            let (used, named) = (other.used(), other.named(name));
            return Some(format!(
                "it is in `{}.scn`: write `{used}` at the top, and `{named}` here",
                other.stem
            ));
        }
        let first = others.first()?;
        let names = others
            .iter()
            .flat_map(|other| other.scenarios.iter().map(|one| other.named(one)));
        let names: Vec<String> = names.collect();
        let more = if names.len() > NAMED { ", …" } else { "" };
        let named = names[..names.len().min(NAMED)].join(", ");
        Some(format!(
            "those of files beside this one are {named}{more}, with `{}` at the top",
            first.used()
        ))
    }

    /// The files of the folder that have scenarios, in order of their names.
    fn beside(&self, file: FileId) -> Vec<Other> {
        let source = self.program.sources.get(file);
        let (Some(folder), None) = (source.folder(), &self.program.kept) else {
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
        paths.iter().filter_map(|path| scenarios_of(path)).collect()
    }
}

/// The scenarios of a file; none of one that has none, or cannot be read.
fn scenarios_of(path: &Path) -> Option<Other> {
    let short = std::fs::metadata(path).is_ok_and(|file| file.len() <= LONGEST as u64);
    let text = text_of(read(path, true).ok().filter(|_| short)?).ok()?;
    let (ast, _) = parse(FileId::default(), &text);
    let named = |item: &Item| match &item.kind {
        ItemKind::Block(block) if block.kind.text == "scenario" => {
            block.name.as_ref().map(|name| name.text.clone())
        }
        _ => None,
    };
    let scenarios: Vec<String> = ast.items.iter().filter_map(named).collect();
    let stem = path.file_stem()?.to_str()?.to_string();
    (!scenarios.is_empty()).then_some(Other { stem, scenarios })
}
