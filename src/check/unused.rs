//! What is written and read by nothing: a `use`, a `let`, a workload or model of a scenario, and
//! a scenario that never runs.

use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{DefinitionKind, Flat, Program};
use crate::source::Span;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind, StrPart, UseTarget};
use std::collections::HashSet;

pub(super) fn check(program: &Program) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for id in program.user_modules() {
        let module = program.module(id);
        for ast in &module.asts {
            let mut names = HashSet::new();
            ast.items.iter().for_each(|item| in_item(item, &mut names));
            // where a part of the file could not be read, it may be what reads the module
            let broken = ast.items.iter().any(is_broken);
            for item in ast.items.iter().filter(|_| !broken) {
                found.extend(unused_module(item, &names).map(|one| {
                    match program.sources.removal(item.span) {
                        Some(line) => one.fix("delete it", line, "", true),
                        None => one,
                    }
                }));
            }
        }
        for (name, definition) in &module.names {
            if let DefinitionKind::Block(flat) = &definition.kind
                && flat.kind.text == "scenario"
                && !program.is_base(id, name)
                && !flat.incomplete
            {
                scenario(flat, &mut found);
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

fn unused(name: &str, span: Span, help: &str) -> Diagnostic {
    Diagnostic::warning(codes::UNUSED, span, format!("nothing reads `{name}`")).help(help)
}

fn scenario(flat: &Flat, found: &mut Vec<Diagnostic>) {
    if flat.children_of("phase").next().is_none() {
        let message = format!(
            "the scenario `{}` has no phases, so it never runs",
            flat.title()
        );
        found.push(
            Diagnostic::warning(codes::UNUSED, flat.head(), message).help(
                "give it some: `phase steady { workload = …, concurrency = 4, requests = 200 }`",
            ),
        );
        return;
    }
    let mut names = HashSet::new();
    in_block(flat, &mut names);
    for (name, attr) in &flat.lets {
        if !names.contains(name.as_str()) {
            found.push(unused(name, attr.name.span, "delete it, or use it"));
        }
    }
    for child in &flat.children {
        let kind = child.kind.text.as_str();
        if matches!(kind, "workload" | "model") && !names.contains(child.title()) {
            let help = match kind {
                "workload" => format!("name it in a phase: `workload = {}`", child.title()),
                _ => format!("name it in a server: `model = {}`", child.title()),
            };
            found.push(unused(child.title(), child.head(), &help));
        }
    }
}

/// All names that the expressions of a block read, and of the blocks in it.
pub fn names_in(flat: &Flat) -> HashSet<&str> {
    let mut names = HashSet::new();
    in_block(flat, &mut names);
    names
}

fn in_block<'a>(flat: &'a Flat, names: &mut HashSet<&'a str>) {
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

fn in_item<'a>(item: &'a Item, names: &mut HashSet<&'a str>) {
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
            names.extend(parent.map(|part| part.text.as_str()));
            block.body.iter().for_each(|item| in_item(item, names));
        }
        ItemKind::Use(_) | ItemKind::Error => {}
    }
}

fn in_expr<'a>(expr: &'a Expr, names: &mut HashSet<&'a str>) {
    match &expr.kind {
        ExprKind::None | ExprKind::Bool(_) | ExprKind::Number { .. } | ExprKind::Error => {}
        ExprKind::Name(name) => {
            names.insert(name);
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
        ExprKind::Field { base, .. } => in_expr(base, names),
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
