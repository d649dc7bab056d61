//! What is written and read by nothing: a `use`, a `let`, a `param`, a workload or model of a
//! scenario, and a scenario that never runs.

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Flat, Module, ModuleId, Program, beside, is_hidden};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind, StrPart, UseTarget};
use std::cell::LazyCell;
use std::collections::HashSet;
use std::sync::Arc;

/// What expressions read: names, and what stands behind the dots of other names.
#[derive(Default)]
struct Names<'a> {
    read: HashSet<&'a str>,
    fields: HashSet<&'a str>,
}

pub(super) fn check(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for id in program.user_modules() {
        let module = program.module(id);
        for ast in &module.asts {
            let mut names = Names::default();
            ast.items.iter().for_each(|item| in_item(item, &mut names));
            // where a part of the file could not be read, it may be what reads the module
            let broken = ast.items.iter().any(is_broken);
            for item in ast.items.iter().filter(|_| !broken) {
                found.extend(unused_module(item, &names.read).map(|one| {
                    match program.sources.removal_with(item.span, item.doc_lines()) {
                        Some(line) => one.fix("delete this line", line, "", true),
                        None => one,
                    }
                }));
            }
        }
        definitions(program, id, &mut found);
        let nothing = LazyCell::new(|| runs_nothing(module));
        for (name, definition) in &module.names {
            if let DefinitionKind::Block(flat) = &definition.kind
                && flat.kind.text == "scenario"
                && !program.is_base(id, name)
                && !flat.incomplete
            {
                scenario(program, flat, &|| *nothing, &mut found);
            }
        }
    }
    found
}

fn is_broken(item: &Item) -> bool {
    match &item.kind {
        ItemKind::Error => true,
        ItemKind::Block(block) => block.body.iter().any(is_broken),
        _ => false,
    }
}

fn unused_module(item: &Item, names: &HashSet<&str>) -> Option<Diagnostic> {
    let ItemKind::Use(used) = &item.kind else {
        return None;
    };
    let name = match (&used.alias, &used.target) {
        (Some(alias), _) => alias.text.clone(),
        (None, UseTarget::Module(path)) => path.parts.last()?.text.clone(),
        (None, UseTarget::File { path, .. }) => {
            let stem = std::path::Path::new(path).file_stem()?;
            stem.to_string_lossy().into_owned()
        }
    };
    (!names.contains(name.as_str())).then(|| unused(&name, item.span, "delete this line"))
}

/// The `let`s and `param`s of a file that tests something, and its workloads and models where no
/// other file uses it: what a file without a scenario defines is there for others, of which not all
/// need be read here.
fn definitions(program: &Program, id: ModuleId, found: &mut Vec<Diagnostic>) {
    let module = program.module(id);
    let runs = |definition: &DefinitionKind| {
        matches!(definition, DefinitionKind::Block(flat)
            if flat.kind.text == "scenario" && flat.children_of("phase").next().is_some())
    };
    let broken = module
        .asts
        .iter()
        .any(|ast| ast.items.iter().any(is_broken));
    if broken || !module.names.values().any(|one| runs(&one.kind)) {
        return;
    }
    let (mut own, mut others) = (Names::default(), Names::default());
    for item in module.asts.iter().flat_map(|ast| &ast.items) {
        in_item(item, &mut own);
    }
    let mut shared = false;
    for other in program.user_modules().map(|other| program.module(other)) {
        if uses(other, id) {
            shared = true;
            let items = other.asts.iter().flat_map(|ast| &ast.items);
            items.for_each(|item| in_item(item, &mut others));
        }
    }
    let templates = has_own_template(module);
    let said = |name: &&String| !is_hidden(name);
    for (name, definition) in module.names.iter().filter(|(name, _)| said(name)) {
        let help = match &definition.kind {
            DefinitionKind::Let(_) => "delete it, or use it".to_string(),
            // a page of one's own may show what a parameter was
            DefinitionKind::Param(_) if !templates => {
                "delete it, or use it: nobody need set it".into()
            }
            DefinitionKind::Block(flat) if !shared && !flat.incomplete => match how_used(flat) {
                Some(help) => help,
                None => continue,
            },
            _ => continue,
        };
        let read = own.read.contains(name.as_str()) || others.fields.contains(name.as_str());
        if !read && !on_purpose(name) {
            found.push(unused(name, definition.span, &help));
        }
    }
}

/// A name that begins so is there though nothing reads it.
fn on_purpose(name: &str) -> bool {
    name.starts_with('_')
}

fn uses(module: &Module, other: ModuleId) -> bool {
    let mut names = module.names.values();
    names.any(|one| matches!(one.kind, DefinitionKind::Module(id) if id == other))
}

/// Whether a report of the file has a template that is not the library's.
fn has_own_template(module: &Module) -> bool {
    fn own(item: &Item) -> bool {
        match &item.kind {
            ItemKind::Attr(attr) if attr.name.text == "template" => match &attr.value.kind {
                ExprKind::Str(parts) => {
                    !matches!(&parts[..], [StrPart::Text(text)] if text.starts_with("std:"))
                }
                _ => true,
            },
            ItemKind::Block(block) => block.body.iter().any(own),
            _ => false,
        }
    }
    module.asts.iter().flat_map(|ast| &ast.items).any(own)
}

fn unused(name: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::warning(codes::UNUSED, span, format!("nothing reads `{name}`")).help(help)
}

fn scenario(
    program: &Program,
    flat: &Flat,
    nothing: &dyn Fn() -> bool,
    found: &mut Vec<Diagnostic>,
) {
    if flat.children_of("phase").next().is_none() {
        if is_for_others(program, flat, nothing) {
            return;
        }
        let message = format!("the {} has no phases, so it never runs", flat.called());
        found.push(
            Diagnostic::warning(codes::UNUSED, flat.head(), message).help(
                "give it some: `phase steady { workload = …, concurrency = 4, requests = 200 }`",
            ),
        );
        return;
    }
    let names = names_in(flat);
    for (name, attr) in &flat.lets {
        if !names.contains(name.as_str()) && !on_purpose(name) && !is_hidden(name) {
            found.push(unused(name, attr.name.span, "delete it, or use it"));
        }
    }
    for child in &flat.children {
        if let Some(help) = how_used(child)
            && !child.is_nameless()
            && !names.contains(child.title())
        {
            found.push(unused(child.title(), child.head(), &help));
        }
    }
}

/// Whether a file has no scenario that runs, and no suite that names some.
fn runs_nothing(module: &Module) -> bool {
    let mut kinds = module
        .names
        .values()
        .filter_map(|definition| match &definition.kind {
            DefinitionKind::Block(other) => Some(other),
            _ => None,
        });
    !kinds.any(|other| match other.kind.text.as_str() {
        "scenario" => other.children_of("phase").next().is_some(),
        kind => kind == "suite",
    })
}

/// Whether a scenario without phases is there for files that are not read: one of them extends it,
/// or it stands in a file that runs `nothing`, and has nothing that would read a phase.
fn is_for_others(program: &Program, flat: &Flat, nothing: &dyn Fn() -> bool) -> bool {
    let shows = |child: &Arc<Flat>| matches!(child.kind.text.as_str(), "report" | "rank");
    let plain = flat.checks.is_empty() && !flat.children.iter().any(shows);
    plain && nothing() || beside(program, flat.module).given(flat.title()).is_some()
}

/// How a workload or a model is used; none of other blocks.
fn how_used(flat: &Flat) -> Option<String> {
    match flat.kind.text.as_str() {
        "workload" => Some(format!("name it in a phase: `workload = {}`", flat.title())),
        "model" => Some(format!("name it in a server: `model = {}`", flat.title())),
        _ => None,
    }
}

/// All names that the expressions of a block read, and of the blocks in it.
pub fn names_in(flat: &Flat) -> HashSet<&str> {
    let mut names = Names::default();
    in_block(flat, &mut names);
    names.read
}

/// All names that an expression reads.
pub fn names_of(expr: &Expr) -> HashSet<&str> {
    let mut names = Names::default();
    in_expr(expr, &mut names);
    names.read
}

fn in_block<'a>(flat: &'a Flat, names: &mut Names<'a>) {
    for attr in flat.attrs.values().chain(flat.lets.values()) {
        in_expr(&attr.expr, names);
    }
    for check in &flat.checks {
        in_expr(&check.expr, names);
        let more = check.when.iter().chain(&check.because);
        more.for_each(|expr| in_expr(expr, names));
    }
    flat.excludes
        .iter()
        .for_each(|(expr, _)| in_expr(expr, names));
    flat.children
        .iter()
        .for_each(|child| in_block(child, names));
}

fn in_item<'a>(item: &'a Item, names: &mut Names<'a>) {
    match &item.kind {
        ItemKind::Param(binding) | ItemKind::Let(binding) => in_expr(&binding.value, names),
        ItemKind::Attr(attr) => in_expr(&attr.value, names),
        ItemKind::Exclude(expr) => in_expr(expr, names),
        ItemKind::Check(check) => {
            in_expr(&check.expr, names);
            let more = check.when.iter().chain(&check.because);
            more.for_each(|expr| in_expr(expr, names));
        }
        ItemKind::Block(block) => {
            let parent = block.extends.iter().filter_map(|path| path.parts.first());
            names.read.extend(parent.map(|part| part.text.as_str()));
            let members = block
                .extends
                .iter()
                .flat_map(|path| path.parts.iter().skip(1));
            names.fields.extend(members.map(|part| part.text.as_str()));
            block.body.iter().for_each(|item| in_item(item, names));
        }
        ItemKind::Use(_) | ItemKind::Error => {}
    }
}

fn in_expr<'a>(expr: &'a Expr, names: &mut Names<'a>) {
    match &expr.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Number { .. } | ExprKind::Error => {}
        ExprKind::Name(name) => {
            names.read.insert(name);
        }
        ExprKind::Str(parts) => {
            for part in parts {
                if let StrPart::Interpolation(expr) = part {
                    in_expr(expr, names);
                }
            }
        }
        ExprKind::List(items) => items.iter().for_each(|item| in_expr(item, names)),
        ExprKind::Record(fields) => fields.iter().for_each(|f| in_expr(&f.value, names)),
        ExprKind::Comprehension { body, loops, cond } => {
            in_expr(body, names);
            loops.iter().for_each(|one| in_expr(&one.values, names));
            cond.iter().for_each(|cond| in_expr(cond, names));
        }
        ExprKind::Field { base, field } => {
            names.fields.insert(&field.text);
            in_expr(base, names);
        }
        ExprKind::Index { base, index } => {
            in_expr(base, names);
            in_expr(index, names);
        }
        ExprKind::Call { args, .. } => args.iter().for_each(|arg| in_expr(&arg.value, names)),
        ExprKind::Unary { value, .. } => in_expr(value, names),
        ExprKind::Binary { left, right, .. } => {
            in_expr(left, names);
            in_expr(right, names);
        }
        ExprKind::If { cond, then, other } => {
            [cond, then, other]
                .into_iter()
                .for_each(|e| in_expr(e, names));
        }
    }
}
