//! What is said of an `extends` whose block is not there: where there is one of that name, or which
//! there are.

use super::{DefinitionKind, Flat, Module, ModuleId, Program, beside};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::{Ident, Path as NamePath};

/// Among so many names of a file is one looked for.
const MOST_NAMES: usize = 2000;

/// So many names are listed.
const LISTED: usize = 8;

/// `own` extends what is not there; `module` is the one that was looked in for `part`.
pub(super) fn found(
    program: &Program,
    own: &Flat,
    path: &NamePath,
    part: &Ident,
    module: ModuleId,
) -> Diagnostic {
    let diagnostic = Diagnostic::error(
        codes::UNKNOWN_NAME,
        part.span,
        format!("there is no `{}` to extend", part.text),
    );
    let looked_in = program.module(module);
    let last = path.parts.last().is_some_and(|last| last.span == part.span);
    let kind = &own.kind.text;
    let nearest_name = |diagnostic: Diagnostic, near: &str, span| {
        diagnostic.help(format!("did you mean `{near}`?")).fix(
            "the nearest name",
            span,
            near,
            false,
        )
    };
    let first = path.parts.len() == 1;
    // what a file that is used here has is read through the name of that file
    let wanted = path.parts.last().map_or("", |last| last.text.as_str());
    let outside = first || !last;
    if outside && let Some(there) = through_a_module(program, looked_in, kind, wanted) {
        return nearest_name(diagnostic, &there, path.span);
    }
    // of the names only those that could be extended are worth a word
    let fits = |kind_of: &DefinitionKind| match kind_of {
        DefinitionKind::Block(block) => last && block.kind.text == *kind,
        DefinitionKind::Module(_) => !last,
        _ => false,
    };
    let names = looked_in.names.iter().take(MOST_NAMES);
    let known: Vec<&str> = names
        .filter(|(_, definition)| fits(&definition.kind))
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(near) = nearest(&part.text, known.iter().copied()) {
        return nearest_name(diagnostic, near, part.span);
    }
    let others = modules(looked_in).flat_map(|(_, id)| blocks_of(program.module(id), kind));
    if first
        && let Some(near) = nearest(wanted, others)
        && let Some(there) = through_a_module(program, looked_in, kind, near)
    {
        return nearest_name(diagnostic, &there, path.span);
    }
    let definition = looked_in.names.get(&part.text);
    if let (true, Some(DefinitionKind::Module(id))) = (last, definition.map(|one| &one.kind)) {
        let inside = blocks_of(program.module(*id), kind);
        let inside: Vec<String> = inside.map(|name| format!("{}.{name}", part.text)).collect();
        return match inside.as_slice() {
            [] => diagnostic.help(format!("`{}` is a file, and it has no {kind}", part.text)),
            [one] => nearest_name(diagnostic, one, path.span),
            many => diagnostic.help(format!(
                "`{}` is a file: name a {kind} of it: {}",
                part.text,
                listed(many)
            )),
        };
    }
    if !last && crate::stdlib::names().contains(&part.text.as_str()) {
        return diagnostic.help(format!(
            "write `use std.{}` at the top of the file",
            part.text
        ));
    }
    if outside && let Some(help) = in_a_file_beside(program, own.module, kind, wanted) {
        return diagnostic.help(help);
    }
    match last {
        false => diagnostic.help("a module is bound with `use` at the top of the file"),
        true if !first && known.is_empty() => {
            diagnostic.help(format!("`{}` has no {kind}", looked_in.name))
        }
        true if !first => diagnostic.help(format!("`{}` has: {}", looked_in.name, listed(&known))),
        true => diagnostic.help(format!(
            "what is extended is a `{kind}` at the top level of a file, outside of any scenario"
        )),
    }
}

fn listed<T: AsRef<str>>(names: &[T]) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    let first = names.iter().take(LISTED).map(AsRef::as_ref);
    format!("{}{more}", first.collect::<Vec<_>>().join(", "))
}

/// The blocks of a kind at the top level of a module, by their names: of very many the first.
fn blocks_of<'m>(module: &'m Module, kind: &'m str) -> impl Iterator<Item = &'m str> {
    let names = module.names.iter().take(MOST_NAMES);
    names.filter_map(move |(name, definition)| {
        let fits = is_block(&definition.kind, kind) && !super::is_hidden(name);
        fits.then_some(name.as_str())
    })
}

fn is_block(definition: &DefinitionKind, kind: &str) -> bool {
    match definition {
        DefinitionKind::Block(block) => block.kind.text == kind,
        _ => false,
    }
}

/// The modules that a file uses, each with the name that it has there.
fn modules(file: &Module) -> impl Iterator<Item = (&str, ModuleId)> {
    let names = file.names.iter().take(MOST_NAMES);
    names.filter_map(|(alias, definition)| match definition.kind {
        DefinitionKind::Module(id) => Some((alias.as_str(), id)),
        _ => None,
    })
}

/// How a block is named that one of the modules which a file uses has.
fn through_a_module(
    program: &Program,
    looked_in: &Module,
    kind: &str,
    wanted: &str,
) -> Option<String> {
    modules(looked_in).find_map(|(alias, id)| {
        let there = program.module(id).names.get(wanted)?;
        is_block(&there.kind, kind).then(|| format!("{alias}.{wanted}"))
    })
}

/// That a file of the folder has it, which the one that extends it does not use.
fn in_a_file_beside(
    program: &Program,
    module: ModuleId,
    kind: &str,
    wanted: &str,
) -> Option<String> {
    let other = beside(program, module).holder(kind, wanted)?;
    Some(format!(
        "it is in `{}.scn`: write `{}` at the top, and `extends {}` here",
        other.stem,
        other.used(),
        other.named(wanted)
    ))
}
