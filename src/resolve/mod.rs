//! Names and imports: loads files and what they `use`, gathers the names of each module, and
//! flattens `extends`. The only IO is reading files of the pack.

mod around;
mod beside;
mod by_body;
mod extend;
mod find;
mod flat;
mod imports;
mod kept;
mod load;
mod meant;
mod merge;
mod misspelt;
mod no_parent;
mod reader;
mod records;

pub(crate) use beside::beside;
pub use find::{LoadError, find_files};
pub(crate) use find::{plain, read};
pub use flat::{Flat, FlatAttr, FlatCheck};
pub(crate) use imports::{as_name, is_name};
pub use kept::{Kept, KeptFile, KeptTemplate};
pub(crate) use load::text_of;
pub use load::{load, load_for, load_kept, load_through};
use meant::may_define;
pub use meant::unread_names;
pub use reader::Reader;

use crate::eval::{DataFiles, Patterns};
use crate::source::{FileId, Sources, Span};
use crate::syntax::ast::{Ast, Expr, ExprKind, Item};
use indexmap::IndexMap;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

/// Index of a module in a [`Program`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModuleId(pub usize);

/// Everything that was read: the files named on the command line (`roots`), and what they use.
#[derive(Debug, Clone, Default)]
pub struct Program {
    pub sources: Sources,
    pub modules: Vec<Module>,
    pub roots: Vec<ModuleId>,
    /// Modules of the standard library that were read, by name.
    pub standard: HashMap<String, ModuleId>,
    /// Files of the command line that could not be read at all.
    pub unreadable: Vec<FileId>,
    /// Top-level blocks that others extend: they need not be whole by themselves.
    pub bases: HashSet<(ModuleId, String)>,
    /// Where it was read from what a run kept, and not from the files.
    pub kept: Option<Arc<Kept>>,
    /// What `data(…)` has read, filled as expressions are evaluated.
    pub data: Arc<DataFiles>,
    /// What was read of regular expressions, filled as cases are compiled.
    pub patterns: Arc<Patterns>,
}

/// One file, or one module of the standard library (which may be several files).
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// `std.engines`, or the file's name as given.
    pub name: String,
    pub files: Vec<FileId>,
    pub asts: Vec<Arc<Ast>>,
    pub names: IndexMap<String, Definition>,
    /// It uses a module that there is not: what that one was meant to bring is not known.
    pub lacks_a_module: bool,
    /// What is known of the other files of its folder, once it was asked.
    beside: OnceLock<beside::Neighbours>,
    /// What `is_open` says, once it was asked.
    open: OnceLock<bool>,
    /// What `may_mean` looks up, once it was asked.
    meant: OnceLock<HashSet<String>>,
    /// What `items_called` looks up, once it was asked.
    called: OnceLock<HashMap<String, Vec<(usize, usize)>>>,
}

/// What a name of a module stands for, and where it was written.
#[derive(Debug, Clone)]
pub struct Definition {
    pub span: Span,
    pub doc: Option<String>,
    pub kind: DefinitionKind,
}

#[derive(Debug, Clone)]
pub enum DefinitionKind {
    Module(ModuleId),
    Param(Arc<Expr>),
    Let(Arc<Expr>),
    Block(Arc<Flat>),
    /// A `use` that failed and was reported: whatever is read from it is silent.
    Broken,
}

impl Definition {
    /// Whether expressions can mean it. Scenarios, suites and reports are named elsewhere only,
    /// so a phase may be called what its scenario is.
    pub fn is_value(&self) -> bool {
        match &self.kind {
            DefinitionKind::Block(flat) => {
                !matches!(flat.kind.text.as_str(), "scenario" | "suite" | "report")
            }
            _ => true,
        }
    }
}

impl Module {
    /// The top-level items that `name_of` gives a name, each by its file's and its own index, in
    /// order. It is to be the same `name_of` each time.
    pub fn items_called(
        &self,
        name: &str,
        name_of: fn(&Item) -> Option<String>,
    ) -> &[(usize, usize)] {
        let called = self.called.get_or_init(|| {
            let mut called: HashMap<String, Vec<(usize, usize)>> = HashMap::new();
            for (ast, of) in self.asts.iter().enumerate() {
                for (item, name) in of.items.iter().map(name_of).enumerate() {
                    if let Some(name) = name {
                        called.entry(name).or_default().push((ast, item));
                    }
                }
            }
            called
        });
        called.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether part of the file could not be read that may define a name, for all that is known.
    pub fn is_open(&self) -> bool {
        let mut items = self.asts.iter().flat_map(|ast| &ast.items);
        *self
            .open
            .get_or_init(|| self.lacks_a_module || items.any(may_define))
    }

    /// Whether a block of a kind that there is not may have been to define a name, at the top level.
    pub fn may_mean(&self, name: &str) -> bool {
        let items = self.asts.iter().flat_map(|ast| &ast.items);
        let names = self.meant.get_or_init(|| meant::by_unknown_blocks(items));
        names.contains(name)
    }
}

impl Program {
    pub fn module(&self, id: ModuleId) -> &Module {
        &self.modules[id.0]
    }

    /// The modules that users wrote: the root files and the files that these use.
    pub fn user_modules(&self) -> impl Iterator<Item = ModuleId> + '_ {
        let standard: HashSet<ModuleId> = self.standard.values().copied().collect();
        (0..self.modules.len())
            .map(ModuleId)
            .filter(move |id| !standard.contains(id))
    }

    /// Whether a top-level block is extended by another.
    pub fn is_base(&self, module: ModuleId, name: &str) -> bool {
        self.bases.contains(&(module, name.to_string()))
    }

    /// The library's engine of servers that name none and have a `url`, by its name; none where
    /// no such server was read.
    pub fn url_engine(&self) -> Option<&str> {
        let engines = self.module(*self.standard.get("engines")?);
        let written = |flat: &Flat| {
            (flat.attrs.get("for_url")).is_some_and(|attr| attr.expr.kind == ExprKind::Bool(true))
        };
        engines.names.iter().find_map(|(name, definition)| {
            let found = matches!(&definition.kind, DefinitionKind::Block(flat) if written(flat));
            found.then_some(name.as_str())
        })
    }

    /// All named blocks of a kind in the root files, in order.
    pub fn root_blocks<'a>(
        &'a self,
        kind: &'a str,
    ) -> impl Iterator<Item = (ModuleId, &'a Arc<Flat>)> {
        self.roots.iter().flat_map(move |id| {
            self.module(*id)
                .names
                .values()
                .filter_map(move |definition| match &definition.kind {
                    DefinitionKind::Block(flat) if flat.kind.text == kind => Some((*id, flat)),
                    _ => None,
                })
        })
    }
}

/// No name begins so.
const HIDDEN: char = '\u{1}';

/// What a block is kept as whose name another has, or that has none.
fn hidden(name: &str, number: usize) -> String {
    format!("{HIDDEN}{name} {number}")
}

/// Whether a name of a module is none that a text could say.
pub fn is_hidden(name: &str) -> bool {
    name.starts_with(HIDDEN)
}
