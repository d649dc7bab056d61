//! `use`: modules of the standard library and files of the pack.

use super::beside::meant_file;
use super::find::without_dots;
use super::load::Loader;
use super::{Definition, DefinitionKind, ModuleId};
use crate::diagnostics::{Diagnostic, codes};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Ident, Item, Path as NamePath, Use, UseTarget};
use std::path::Path;

/// Whether a path, and the file that it leads to, end as files of the language do.
fn is_scenario_file(path: &Path) -> bool {
    let real = path.canonicalize();
    let ends = |path: &Path| path.extension().is_some_and(|end| end == "scn");
    ends(path) && real.as_deref().map_or(true, ends)
}

/// Each look for a file of nearly a name reads a folder: a text of thousands of such names is none
/// with a few slips.
const MOST_LOOKED_FOR: usize = 100;

impl Loader {
    pub(super) fn used(&mut self, id: ModuleId, file: FileId, used: &Use, item: &Item) {
        let (target, name) = match &used.target {
            UseTarget::Module(path) => {
                let name = path.parts.last().cloned();
                (self.module_path(id, file, path), name)
            }
            UseTarget::File { path, span } => {
                let base = self.program.sources.get(file).folder();
                let Some(base) = base.map(Path::to_path_buf) else {
                    return;
                };
                let full = base.join(path);
                let library = path.strip_prefix("std.");
                if let Some(name) = library.filter(|name| crate::stdlib::names().contains(name)) {
                    self.found.push(
                        Diagnostic::error(
                            codes::UNKNOWN_MODULE,
                            *span,
                            format!("`{path}` is a module, not a file"),
                        )
                        .help(format!(
                            "the library is named without quotes: use std.{name}"
                        ))
                        .fix(
                            "remove the quotes",
                            *span,
                            path.clone(),
                            true,
                        ),
                    );
                    let name = Ident {
                        text: name.to_string(),
                        span: *span,
                    };
                    let name = used.alias.as_ref().unwrap_or(&name);
                    return self.define(id, name, item, DefinitionKind::Broken);
                }
                let stem = full
                    .file_stem()
                    .map(|s| s.to_string_lossy().into_owned())
                    .unwrap_or_default();
                if used.alias.is_none() && !is_name(&stem) {
                    self.found.push(
                        Diagnostic::error(
                            codes::MISPLACED,
                            *span,
                            format!("`{stem}` cannot be a name"),
                        )
                        .help(format!("give it one: use \"{path}\" as {}", as_name(&stem)))
                        .fix(
                            "give it a name",
                            Span {
                                start: span.end,
                                ..*span
                            },
                            format!(" as {}", as_name(&stem)),
                            false,
                        ),
                    );
                }
                let name = Ident {
                    text: stem,
                    span: *span,
                };
                // what is read is quoted in messages: no other file than those of the language
                if !is_scenario_file(&full) {
                    let message = format!("`{path}` is no `.scn` file");
                    let help = "name a file that ends in `.scn`, and is no link to another one";
                    let found = Diagnostic::error(codes::UNKNOWN_MODULE, *span, message);
                    self.found.push(found.help(help));
                    self.file_meant(id, file, path, *span);
                    let name = used.alias.as_ref().unwrap_or(&name);
                    return self.define(id, name, item, DefinitionKind::Broken);
                }
                let target = self.file(
                    &full,
                    &without_dots(&full).display().to_string(),
                    Some(*span),
                );
                if target.is_none() && !full.exists() {
                    self.file_meant(id, file, path, *span);
                }
                (target, Some(name))
            }
        };
        let Some(name) = used.alias.clone().or(name) else {
            return;
        };
        let Some(target) = target else {
            return self.define(id, &name, item, DefinitionKind::Broken);
        };
        if let Some(from) = self.stack.iter().position(|open| *open == target) {
            let name_of = |id: &ModuleId| self.program.module(*id).name.clone();
            let mut chain: Vec<String> = self.stack[from..].iter().map(name_of).collect();
            chain.push(name_of(&target));
            self.found.push(
                Diagnostic::error(
                    codes::USE_CYCLE,
                    item.span,
                    "files use each other in a circle",
                )
                .help(chain.join(" → "))
                .help("move what both need into a third file"),
            );
            return self.define(id, &name, item, DefinitionKind::Broken);
        }
        self.define(id, &name, item, DefinitionKind::Module(target));
    }

    /// Adds the file of nearly that name to what was said last: that a path leads to none.
    fn file_meant(&mut self, id: ModuleId, file: FileId, path: &str, span: Span) {
        let user = self.program.sources.get(file).path.as_deref();
        // what a run has kept is all that is read
        let user =
            user.filter(|_| self.program.kept.is_none() && self.looked_for < MOST_LOOKED_FOR);
        let meant = user.and_then(|user| meant_file(user, path));
        self.looked_for += 1;
        let Some((meant, mut said)) = meant.and_then(|meant| Some((meant, self.found.pop()?)))
        else {
            return;
        };
        let text = meant.display().to_string();
        said.help.insert(0, format!("did you mean `{text}`?"));
        let fixed = said.fix("the nearest file", span, format!("\"{text}\""), false);
        self.found.push(fixed);
        // what is read through the right name is not a second mistake
        let stem = meant
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned());
        let broken = Definition {
            span,
            doc: None,
            kind: DefinitionKind::Broken,
        };
        let names = &mut self.program.modules[id.0].names;
        names.entry(stem.unwrap_or_default()).or_insert(broken);
    }

    fn module_path(&mut self, user: ModuleId, file: FileId, path: &NamePath) -> Option<ModuleId> {
        let parts: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let found = match parts.as_slice() {
            ["std", name] => self.std(name),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        let known: Vec<String> = crate::stdlib::names()
            .iter()
            .map(|n| format!("std.{n}"))
            .collect();
        let written = parts.join(".");
        let mut diagnostic = Diagnostic::error(
            codes::UNKNOWN_MODULE,
            path.span,
            format!("there is no module `{written}`"),
        );
        let whole = format!("std.{written}");
        let near = known.iter().map(String::as_str).find(|name| *name == whole);
        let near =
            near.or_else(|| crate::check::nearest(&written, known.iter().map(String::as_str)));
        diagnostic = match near {
            Some(near) => {
                // what is read through the right name is not a second mistake
                if let Some(name) = near.strip_prefix("std.") {
                    let meant = Ident {
                        text: name.to_string(),
                        span: path.span,
                    };
                    self.program.modules[user.0]
                        .names
                        .entry(meant.text.clone())
                        .or_insert(Definition {
                            span: meant.span,
                            doc: None,
                            kind: DefinitionKind::Broken,
                        });
                }
                diagnostic.help(format!("did you mean `{near}`?")).fix(
                    "the nearest name",
                    path.span,
                    near,
                    false,
                )
            }
            None if self.stands_beside(file, &parts) => {
                self.program.modules[user.0].lacks_a_module = true;
                let quoted = format!("\"./{}.scn\"", parts.join("/"));
                diagnostic
                    .help(format!("a file is named in quotes: use {quoted}"))
                    .fix("name the file", path.span, quoted, false)
            }
            None => {
                // a module of the library brings no names of its own: they are read through it
                self.program.modules[user.0].lacks_a_module |= parts.first() != Some(&"std");
                diagnostic.help(format!(
                    "the standard library has {}; a file is named in quotes: use \"./common.scn\"",
                    known.join(", ")
                ))
            }
        };
        self.found.push(diagnostic);
        None
    }

    /// Whether what was written as a module is a file of the folder.
    fn stands_beside(&self, file: FileId, parts: &[&str]) -> bool {
        let Some(folder) = self.program.sources.get(file).folder() else {
            return false;
        };
        let path = folder.join(format!("{}.scn", parts.join("/")));
        // what a run has kept is all that is read
        self.program.kept.is_none() && path.is_file()
    }
}

/// Whether a file can be called so in another.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The nearest text that can be a name.
pub(crate) fn as_name(text: &str) -> String {
    let name: String = text
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect();
    if is_name(&name) {
        name
    } else {
        format!("m_{name}")
    }
}
