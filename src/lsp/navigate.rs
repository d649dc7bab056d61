//! Where a name is defined, and where it is used.

use super::cursor::holds;
use super::names::{Names, Thing, used_as};
use super::walk::{Occurrence, occurrences};
use crate::resolve::{ModuleId, Program};
use crate::source::{FileId, Span};
use crate::syntax::ast::ItemKind;

/// What is named at a place of a file.
pub fn named(
    program: &Program,
    module: ModuleId,
    file: FileId,
    offset: usize,
) -> Option<Occurrence> {
    let all = occurrences(Names { program }, module).into_iter();
    let here = all.filter(|one| one.span.file == file && holds(one.span, offset));
    here.min_by_key(|one| one.span.end - one.span.start)
}

/// Where that is defined: for a module, where its file begins.
pub fn definition(
    program: &Program,
    module: ModuleId,
    file: FileId,
    offset: usize,
) -> Option<Span> {
    let names = Names { program };
    let target = named(program, module, file, offset)?.target;
    let uses = names.items(module).find_map(|item| match &item.kind {
        ItemKind::Use(used) if used_as(used)?.span == target => names.defined(module, item),
        _ => None,
    });
    match uses.map(|meaning| meaning.thing) {
        Some(Thing::Module(id)) => {
            let file = program.module(id).files.first()?;
            Some(Span::new(*file, 0, 0))
        }
        _ => Some(target),
    }
}

/// Every place of the user's files that names what is defined there, in order.
pub fn references(program: &Program, target: Span) -> Vec<Occurrence> {
    let modules = program.user_modules();
    let all = modules.flat_map(|id| occurrences(Names { program }, id));
    let mut found: Vec<Occurrence> = all.filter(|one| one.target == target).collect();
    found.sort_unstable();
    found.dedup();
    found
}
