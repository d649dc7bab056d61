//! What is said of an `extends` whose block is not there: where there is one of that name, or which
//! there are.

use super::{Beside, DefinitionKind, Flat, Module, ModuleId, Program, beside};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::syntax::ast::{Ident, Path as NamePath};

/// Of so many blocks of other files is one looked for.
const MOST_COMPARED: usize = 500;

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
    let there = through_modules(program, looked_in, kind);
    let outside = first || !last;
    if outside && let Some((_, there)) = there.iter().find(|(name, _)| *name == wanted) {
        return nearest_name(diagnostic, there, path.span);
    }
    // of the names only those that could be extended are worth a word
    let fits = |kind_of: &DefinitionKind| match kind_of {
        DefinitionKind::Block(block) => last && block.kind.text == *kind,
        DefinitionKind::Module(_) => !last,
        _ => false,
    };
    let names = looked_in.names.iter();
    let known: Vec<&str> = names
        .filter(|(_, definition)| fits(&definition.kind))
        .map(|(name, _)| name.as_str())
        .collect();
    if let Some(near) = nearest(&part.text, known.iter().copied()) {
        return nearest_name(diagnostic, near, part.span);
    }
    let names = there.iter().map(|(name, _)| *name);
    if first
        && let Some(near) = nearest(wanted, names)
        && let Some((_, there)) = there.iter().find(|(name, _)| *name == near)
    {
        return nearest_name(diagnostic, there, path.span);
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
    if outside && let Some(help) = in_a_file_beside(program, path, kind, wanted) {
        return diagnostic.help(help);
    }
    match last {
        false => diagnostic.help("a module is bound with `use` at the top of the file"),
        true if !first && known.is_empty() => {
            diagnostic.help(format!("`{}` has no {kind}", looked_in.name))
        }
        true if !first => {
            diagnostic.help(format!("`{}` has: {}", looked_in.name, known.join(", ")))
        }
        true => diagnostic.help(format!(
            "what is extended is a `{kind}` at the top level of a file, outside of any scenario"
        )),
    }
}

fn listed(names: &[String]) -> String {
    let more = if names.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", names[..names.len().min(LISTED)].join(", "))
}

/// The blocks of a kind at the top level of a module, by their names.
fn blocks_of<'m>(module: &'m Module, kind: &'m str) -> impl Iterator<Item = &'m str> {
    let names = module.names.iter();
    names.filter_map(move |(name, definition)| match &definition.kind {
        DefinitionKind::Block(block) if block.kind.text == kind && !super::is_hidden(name) => {
            Some(name.as_str())
        }
        _ => None,
    })
}

/// The blocks of a kind that the files have which this one uses: their names there, and here.
fn through_modules<'p>(
    program: &'p Program,
    looked_in: &'p Module,
    kind: &'p str,
) -> Vec<(&'p str, String)> {
    let modules = looked_in.names.iter().filter_map(|(alias, definition)| {
        let DefinitionKind::Module(id) = definition.kind else {
            return None;
        };
        Some((alias, program.module(id)))
    });
    let named = modules.flat_map(|(alias, module)| {
        blocks_of(module, kind).map(move |name| (name, format!("{alias}.{name}")))
    });
    named.take(MOST_COMPARED).collect()
}

/// That a file of the folder has it, which the one that extends it does not use.
fn in_a_file_beside(
    program: &Program,
    path: &NamePath,
    kind: &str,
    wanted: &str,
) -> Option<String> {
    let others = beside(program, path.span.file, &|_| true);
    let has = |other: &&Beside| other.blocks_of(kind).any(|name| name == wanted);
    let other = others.iter().find(has)?;
    Some(format!(
        "it is in `{}.scn`: write `{}` at the top, and `extends {}` here",
        other.stem,
        other.used(),
        other.named(wanted)
    ))
}
