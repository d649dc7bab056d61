//! What the names of a file mean, and where that was written.

use crate::resolve::{DefinitionKind, ModuleId, Program, is_hidden};
use crate::schema::{MetricDef, SeriesDef};
use crate::source::Span;
use crate::syntax::ast::{Block, Expr, ExprKind, Ident, Item, ItemKind, Path, Use, UseTarget};
use std::collections::HashMap;
use std::rc::Rc;

/// No chain of `extends`, of names or of dots is followed further.
const DEEPEST: usize = 16;

/// What stands behind a name.
#[derive(Clone)]
pub enum Thing<'a> {
    Module(ModuleId),
    Value {
        what: What,
        expr: &'a Expr,
        module: ModuleId,
    },
    Block {
        block: &'a Block,
        module: ModuleId,
    },
    /// A name that a kind of block gives its expressions.
    Implicit(&'static str),
    Metric(&'static MetricDef),
    Series(&'static SeriesDef),
    /// A series that the engine tells, by its `metric` block.
    EngineMetric(&'a Block),
    Failures,
    FailureClass,
    /// The roles of a server's processes.
    Roles(Vec<(&'a Item, &'a Block)>),
    Role,
    /// What `at(…)` stands for: another case of the scenario.
    Case,
    Stat(&'static str),
    /// A part of the library that was not read, as nothing names it.
    Unread,
}

/// How a value got its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    Param,
    Let,
    Axis,
    Loop,
    Attribute,
}

impl What {
    pub fn word(self) -> &'static str {
        match self {
            Self::Param => "param",
            Self::Let => "let",
            Self::Axis => "axis",
            Self::Loop => "loop variable",
            Self::Attribute => "attribute",
        }
    }
}

/// A name's meaning.
#[derive(Clone)]
pub struct Meaning<'a> {
    pub name: String,
    /// Where it is defined; for what a scenario takes over and replaces, where its base does.
    pub span: Option<Span>,
    pub doc: Option<&'a str>,
    pub thing: Thing<'a>,
}

impl<'a> Meaning<'a> {
    pub fn new(name: &str, thing: Thing<'a>) -> Self {
        Self {
            name: name.to_string(),
            span: None,
            doc: None,
            thing,
        }
    }

    pub fn at(self, name: &Ident, item: Option<&'a Item>) -> Self {
        Self {
            span: Some(name.span),
            doc: item.and_then(|item| item.doc.as_deref()),
            ..self
        }
    }

    /// Whether expressions can say it by its name alone.
    pub fn is_value(&self) -> bool {
        match &self.thing {
            Thing::Block { block, .. } => {
                !matches!(block.kind.text.as_str(), "scenario" | "suite" | "report")
            }
            _ => true,
        }
    }
}

/// What an expression sees.
#[derive(Clone)]
pub struct Scope<'a> {
    pub module: ModuleId,
    /// The blocks around, outermost first.
    pub blocks: Rc<Vec<&'a Block>>,
    pub locals: Rc<HashMap<String, Meaning<'a>>>,
    /// The attribute whose value is looked at.
    pub key: Option<&'a Ident>,
}

impl<'a> Scope<'a> {
    pub fn of(module: ModuleId) -> Self {
        Self {
            module,
            blocks: Rc::default(),
            locals: Rc::default(),
            key: None,
        }
    }

    /// The kind of the innermost block; `file` outside of all.
    pub fn kind(&self) -> &'a str {
        self.blocks.last().map_or("file", |block| &block.kind.text)
    }
}

/// Looks names up.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    pub program: &'a Program,
}

impl<'a> Names<'a> {
    pub fn items(&self, module: ModuleId) -> impl Iterator<Item = &'a Item> + use<'a> {
        let asts = self.program.module(module).asts.iter();
        asts.flat_map(|ast| &ast.items)
    }

    /// What an item of a file defines.
    pub fn defined(&self, module: ModuleId, item: &'a Item) -> Option<Meaning<'a>> {
        let (name, thing) = match &item.kind {
            ItemKind::Param(b) => (b.name.clone(), value(What::Param, &b.value, module)),
            ItemKind::Let(b) => (b.name.clone(), value(What::Let, &b.value, module)),
            ItemKind::Block(block) => (block.name.clone()?, Thing::Block { block, module }),
            ItemKind::Use(used) => {
                let name = used_as(used)?;
                let known = self.program.module(module).names.get(&name.text)?;
                let DefinitionKind::Module(id) = known.kind else {
                    return None;
                };
                (name, Thing::Module(id))
            }
            _ => return None,
        };
        Some(Meaning::new(&name.text, thing).at(&name, Some(item)))
    }

    /// Everything that a file, or a module of the library, defines.
    pub fn module(&self, id: ModuleId) -> Vec<Meaning<'a>> {
        let mut all: Vec<Meaning<'a>> = self
            .items(id)
            .filter_map(|item| self.defined(id, item))
            .collect();
        for name in self.program.module(id).names.keys() {
            if is_hidden(name) {
                continue;
            }
            if self.program.module(id).name.starts_with("std.")
                && !all.iter().any(|known| known.name == *name)
            {
                all.push(Meaning::new(name, Thing::Unread));
            }
        }
        all
    }

    pub fn top_level(&self, module: ModuleId, name: &str) -> Option<Meaning<'a>> {
        let all = self.program.module(module);
        let items = all.items_called(name, defined_name).iter();
        let mut items = items.map(|(ast, item)| &all.asts[*ast].items[*item]);
        let mut defined = items.find_map(|item| self.defined(module, item));
        if defined.is_none() && self.program.module(module).names.contains_key(name) {
            defined = Some(Meaning::new(name, Thing::Unread));
        }
        defined
    }

    pub fn name(&self, name: &str, scope: &Scope<'a>) -> Option<Meaning<'a>> {
        let local = scope.locals.get(name).cloned();
        local.or_else(|| self.top_level(scope.module, name))
    }

    /// What `a.b` in an `extends` means.
    pub fn path(&self, path: &Path, module: ModuleId) -> Option<Meaning<'a>> {
        match path.parts.as_slice() {
            [name] => self.top_level(module, &name.text),
            [alias, name] => match self.top_level(module, &alias.text)?.thing {
                Thing::Module(id) => self.top_level(id, &name.text),
                _ => None,
            },
            _ => None,
        }
    }

    /// A block and what it extends, the block itself first.
    pub fn chain(&self, block: &'a Block, module: ModuleId) -> Vec<(ModuleId, &'a Block)> {
        let mut chain = vec![(module, block)];
        while let Some((module, last)) = chain.last().copied()
            && chain.len() < DEEPEST
            && let Some(path) = &last.extends
            && let Some(Thing::Block { block, module }) =
                self.path(path, module).map(|meaning| meaning.thing)
        {
            chain.push((module, block));
        }
        chain
    }

    /// The bodies of a block and of what it extends, its own first.
    pub fn bodies(
        &self,
        block: &'a Block,
        module: ModuleId,
    ) -> impl Iterator<Item = (ModuleId, &'a Item)> + use<'a> {
        let chain = self.chain(block, module).into_iter();
        chain.flat_map(|(id, block)| block.body.iter().map(move |item| (id, item)))
    }

    /// The names that a block gives what stands in it.
    pub fn locals(&self, block: &'a Block, scope: &Scope<'a>) -> Rc<HashMap<String, Meaning<'a>>> {
        let mut shared = scope.locals.clone();
        // most blocks add nothing, and see what is around them: that may be much
        if let Some(kind) = crate::schema::kind_in(&block.kind.text, scope.kind()) {
            // what a scenario calls `phase` or `round` itself stays that in its reports
            let own = |name: &str| kind.name == "report" && scope.locals.contains_key(name);
            for name in kind.implicit.iter().filter(|name| !own(name)) {
                let meaning = Meaning::new(name, Thing::Implicit(name));
                Rc::make_mut(&mut shared).insert((*name).into(), meaning);
            }
        }
        let scenario = block.kind.text == "scenario" && scope.blocks.is_empty();
        // the base first: what replaces a thing of it goes by the same name
        let chain = self.chain(block, scope.module).into_iter().rev();
        let items = chain.flat_map(|(module, block)| block.body.iter().map(move |i| (module, i)));
        let added: Vec<_> = items
            .flat_map(|(module, item)| self.local(item, module, scenario))
            .collect();
        if added.is_empty() {
            return shared;
        }
        let outer = shared.clone();
        let locals = Rc::make_mut(&mut shared);
        for mut meaning in added {
            if let Some(before) = locals.get(&meaning.name)
                && !outer.contains_key(&meaning.name)
            {
                meaning.span = before.span;
            }
            locals.insert(meaning.name.clone(), meaning);
        }
        shared
    }

    fn local(&self, item: &'a Item, module: ModuleId, scenario: bool) -> Vec<Meaning<'a>> {
        match &item.kind {
            ItemKind::Let(_) => self.defined(module, item).into_iter().collect(),
            ItemKind::Block(matrix) if scenario && matrix.kind.text == "matrix" => {
                let axes = matrix.body.iter().filter_map(|item| match &item.kind {
                    ItemKind::Attr(attr) => {
                        let thing = value(What::Axis, &attr.value, module);
                        Some(Meaning::new(&attr.name.text, thing).at(&attr.name, Some(item)))
                    }
                    _ => None,
                });
                axes.collect()
            }
            ItemKind::Block(block) if scenario && block.kind.text != "report" => {
                self.defined(module, item).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What an expression stands for, as far as it can be told without computing it.
    pub fn expr(&self, expr: &'a Expr, scope: &Scope<'a>) -> Option<Meaning<'a>> {
        self.expr_within(expr, scope, DEEPEST)
    }

    pub(super) fn expr_within(
        &self,
        expr: &'a Expr,
        scope: &Scope<'a>,
        left: usize,
    ) -> Option<Meaning<'a>> {
        let left = left.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, scope),
            ExprKind::Field { base, field } => {
                let base = self.expr_within(base, scope, left)?;
                self.member(&base, &field.text, scope, left)
            }
            ExprKind::Call { function, .. } if function.text == "at" => {
                Some(Meaning::new("at", Thing::Case))
            }
            _ => None,
        }
    }
}

/// The name that an item may define.
fn defined_name(item: &Item) -> Option<String> {
    match &item.kind {
        ItemKind::Param(binding) | ItemKind::Let(binding) => Some(binding.name.text.clone()),
        ItemKind::Block(block) => block.name.as_ref().map(|name| name.text.clone()),
        ItemKind::Use(used) => used_as(used).map(|name| name.text),
        _ => None,
    }
}

/// What a `use` calls what it names.
pub fn used_as(used: &Use) -> Option<Ident> {
    match (&used.alias, &used.target) {
        (Some(alias), _) => Some(alias.clone()),
        (None, UseTarget::Module(path)) => path.parts.last().cloned(),
        (None, UseTarget::File { path, span }) => Some(Ident {
            text: std::path::Path::new(path)
                .file_stem()?
                .to_string_lossy()
                .into_owned(),
            span: *span,
        }),
    }
}

pub fn value(what: What, expr: &Expr, module: ModuleId) -> Thing<'_> {
    Thing::Value { what, expr, module }
}
