//! Renaming: every place that says a name says another one, and nothing else changes its meaning.

use super::names::{Names, Scope};
use super::navigate::{named, references};
use super::walk::{Node, walk};
use crate::check::check;
use crate::diagnostics::{Diagnostic, Severity};
use crate::resolve::{ModuleId, Program};
use crate::source::{FileId, Span};
use crate::syntax::ast::{ItemKind, Use};
use crate::syntax::is_reserved;
use std::collections::HashMap;

/// Kinds of blocks whose names expressions say, and nothing else does.
const KINDS: &[&str] = &[
    "model", "gpu", "engine", "workload", "server", "phase", "scenario", "suite", "report",
];

/// The name at a place, and where it is defined. Errors: why it cannot be renamed.
pub fn prepare(
    program: &Program,
    module: ModuleId,
    file: FileId,
    offset: usize,
) -> Result<(Span, Span), String> {
    let Some(found) = named(program, module, file, offset) else {
        return Err("nothing that a file defines is named here".into());
    };
    let target = found.target;
    if program.sources.get(target.file).path.is_none() {
        return Err("this is defined in the standard library".into());
    }
    let names = Names { program };
    let mut why = None;
    for id in program.user_modules() {
        walk(names, id, &mut |node, scope| {
            let refused = match node {
                Node::Use(used) => unnamed(used, target),
                Node::Defined(name, _) if name.span == target => kind_of(names, scope, target),
                _ => None,
            };
            why = why.take().or(refused);
        });
    }
    match why {
        Some(why) => Err(why),
        None => Ok((found.span, target)),
    }
}

/// A `use` that gives what it names no name of its own.
fn unnamed(used: &Use, target: Span) -> Option<String> {
    let own = super::names::used_as(used)?;
    (own.span == target && used.alias.is_none()).then(|| {
        format!(
            "`{0}` is the module's own name: write `as {0}` behind it first",
            own.text
        )
    })
}

/// A block of a kind whose names are said in ways that are not followed.
fn kind_of(names: Names<'_>, scope: &Scope<'_>, target: Span) -> Option<String> {
    let body = scope.blocks.last().map_or(&[][..], |block| &block.body);
    let items = body.iter().chain(names.items(scope.module));
    let mut blocks = items.filter_map(|item| match &item.kind {
        ItemKind::Block(block) => Some(block),
        _ => None,
    });
    let block = blocks.find(|block| block.name.as_ref().is_some_and(|name| name.span == target))?;
    let kind = block.kind.text.as_str();
    (!KINDS.contains(&kind)).then(|| format!("the name of a `{kind}` cannot be changed here"))
}

/// What is to be replaced by the new name, by file. Errors: why that cannot be a name at all.
pub fn places(program: &Program, target: Span, new: &str) -> Result<Vec<Span>, String> {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let name = new.starts_with(first) && new.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !name {
        return Err(format!("`{new}` cannot be a name: letters, digits and `_`"));
    }
    if is_reserved(new) {
        return Err(format!("`{new}` is a word of the language"));
    }
    Ok(references(program, target)
        .iter()
        .map(|one| one.span)
        .collect())
}

/// The texts of the files with the name replaced.
pub fn replaced(program: &Program, places: &[Span], new: &str) -> HashMap<FileId, String> {
    // the text of each file up to the place, and where that ends in the old one
    let mut texts: HashMap<FileId, (String, usize)> = HashMap::new();
    let mut places = places.to_vec();
    places.sort_unstable();
    for span in places {
        let source = &program.sources.get(span.file).text;
        let (text, end) = texts.entry(span.file).or_default();
        let Some(between) = source.get(*end..span.start as usize) else {
            continue;
        };
        text.push_str(between);
        text.push_str(new);
        *end = span.end as usize;
    }
    let whole = texts.into_iter().map(|(file, (mut text, end))| {
        text.push_str(&program.sources.get(file).text[end..]);
        (file, text)
    });
    whole.collect()
}

/// What is wrong afterwards and was not before, in words.
pub fn clash(
    before: (&Program, Vec<Diagnostic>),
    after: (&Program, Vec<Diagnostic>),
) -> Option<String> {
    let errors = |(program, mut found): (&Program, Vec<Diagnostic>)| {
        found.extend(check(program));
        found.retain(|d| d.severity == Severity::Error);
        found
    };
    let sources = &after.0.sources;
    let (before, after) = (errors(before), errors(after));
    let mut counts: HashMap<&str, isize> = HashMap::new();
    before
        .iter()
        .for_each(|d| *counts.entry(d.code).or_default() -= 1);
    after
        .iter()
        .for_each(|d| *counts.entry(d.code).or_default() += 1);
    let new = after.iter().find(|d| counts[d.code] > 0);
    new.map(|d| sources.conceal(&d.message).into_owned())
}
