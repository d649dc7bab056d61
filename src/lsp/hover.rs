//! What is known of the thing under the pointer, as Markdown.

use super::cursor::{Pointed, holds, pointed, word};
use super::names::{Meaning, Names, Scope, Thing, What};
use super::walk::Node;
use crate::eval::{Evaluator, Nothing, Params, Scope as EvalScope, Value};
use crate::manual;
use crate::resolve::{ModuleId, Program};
use crate::schema::{self, EXTENDS, STATEMENTS};
use crate::source::{FileId, Span};
use crate::syntax::ast::{Block, ExprKind, ItemKind, UseTarget};

/// The longest value that is shown, in characters.
const LONGEST: usize = 200;

/// The text, and the place that it is about.
pub fn hover(
    program: &Program,
    module: ModuleId,
    file: FileId,
    offset: usize,
) -> Option<(String, Span)> {
    let names = Names { program };
    let found = pointed(names, module, file, offset);
    if let Some(shown) = found.and_then(|found| of(names, &found, offset)) {
        return Some(shown);
    }
    let text = &program.sources.get(file).text;
    let (start, end) = word(text, offset);
    let statement = STATEMENTS
        .iter()
        .chain([&EXTENDS])
        .find(|one| one.name == &text[start..end])?;
    Some((entry(statement.name)?, Span::new(file, start, end)))
}

fn of(names: Names<'_>, found: &Pointed<'_>, offset: usize) -> Option<(String, Span)> {
    let scope = &found.scope;
    let shown = |meaning: &Meaning<'_>, span| Some((meant(names, meaning)?, span));
    match found.node {
        Node::Kind(block) => Some((entry(&block.kind.text)?, block.kind.span)),
        Node::Key(key, kind) => {
            let known = kind.and_then(|kind| entry(&format!("{}.{}", kind.name, key.text)));
            Some((known.or_else(|| option(names, scope, &key.text))?, key.span))
        }
        Node::Defined(name, target) => {
            // what cannot be said by its name alone is not known by it
            let meaning = names.name(&name.text, scope)?;
            (meaning.span == Some(target)).then(|| shown(&meaning, name.span))?
        }
        Node::Use(used) => match &used.target {
            UseTarget::Module(path) => {
                let parts: Vec<&str> = path.parts.iter().map(|part| part.text.as_str()).collect();
                Some((entry(&parts.join("."))?, path.span))
            }
            UseTarget::File { span, .. } => {
                let name = super::names::used_as(used)?;
                shown(&names.top_level(scope.module, &name.text)?, *span)
            }
        },
        Node::Parent(path, _) => shown(&names.path(path, scope.module)?, path.span),
        Node::Argument(name, function) => Some((entry(&function.text)?, name.span)),
        Node::Expr(expr) => match &expr.kind {
            ExprKind::Name(_) => shown(&names.expr(expr, scope)?, expr.span),
            ExprKind::Field { field, .. } => shown(&names.expr(expr, scope)?, field.span),
            ExprKind::Number { unit, .. } => Some((entry(&unit.as_ref()?.text)?, expr.span)),
            ExprKind::Call { function, .. } if holds(function.span, offset) => {
                Some((entry(&function.text)?, function.span))
            }
            _ => None,
        },
    }
}

/// What the manual says under exactly this name.
pub fn entry(name: &str) -> Option<String> {
    let found = manual::find(name).ok()?;
    Some(manual::in_markdown(found.first()?))
}

/// An option of the engine of the server around.
fn option(names: Names<'_>, scope: &Scope<'_>, name: &str) -> Option<String> {
    let [.., server, options] = scope.blocks.as_slice() else {
        return None;
    };
    if options.kind.text != "options" {
        return None;
    }
    let engine = names.of_engine(server, scope, scope.module);
    let (item, _) = engine
        .into_iter()
        .find(|(_, block)| is(block, "option", name))?;
    let mut text = code(names.program, item.span);
    text.extend(item.doc.iter().map(|doc| format!("\n\n{doc}")));
    Some(text)
}

fn is(block: &Block, kind: &str, name: &str) -> bool {
    block.kind.text == kind && block.name.as_ref().is_some_and(|own| own.text == name)
}

/// What is known of a name.
pub fn meant(names: Names<'_>, meaning: &Meaning<'_>) -> Option<String> {
    let program = names.program;
    let name = &meaning.name;
    let mut text = match &meaning.thing {
        Thing::Module(id) => {
            let module = program.module(*id);
            if module.name.starts_with("std.") {
                return entry(&module.name);
            }
            let docs = module.asts.iter().filter_map(|ast| ast.doc.as_deref());
            let docs: Vec<&str> = docs.collect();
            return Some(format!("`{}`\n\n{}", module.name, docs.join("\n")));
        }
        Thing::Value { what, expr, module } => {
            let written = program.sources.shown(expr.span);
            let equals = match what {
                What::Loop => "in",
                _ => "=",
            };
            let mut text = format!("```scn\n{} {name} {equals} {written}\n```", what.word());
            let value = computed(program, *what, name, expr, *module);
            if let Some(value) = value.filter(|value| *value != written) {
                text.push_str(&format!("\n\nvalue: `{value}`"));
            }
            text
        }
        Thing::Block { block, .. } => {
            let parent = block.extends.as_ref().map_or_else(String::new, |path| {
                format!(" extends {}", program.sources.shown(path.span))
            });
            format!("```scn\n{} {name}{parent}\n```", block.kind.text)
        }
        Thing::Implicit(_) => format!("`{name}` is always there: it needs no definition"),
        Thing::Metric(metric) => return entry(metric.name).or(Some(metric.doc.into())),
        Thing::Series(series) => {
            format!(
                "`{name}`: {}\n\n{}",
                series.dimension.describe(),
                series.doc
            )
        }
        Thing::EngineMetric(block) => code(program, around(block)?),
        Thing::Failures => "Failed requests by class.".into(),
        Thing::FailureClass => return entry(&format!("failures.{name}")),
        Thing::Case => "another case of the scenario".into(),
        Thing::Roles(_) => "The server's processes by role.".into(),
        Thing::Role => format!("the process role `{name}`"),
        Thing::Stat(stat) => schema::stat_doc(stat)?.into(),
        Thing::Unread => return entry(name),
    };
    if let Some(doc) = meaning.doc {
        text.push_str(&format!("\n\n{doc}"));
    }
    Some(text)
}

/// A block from its first word to the end of its last item.
fn around(block: &Block) -> Option<Span> {
    let last = block.body.last()?;
    Some(block.kind.span.to(last.span))
}

fn code(program: &Program, span: Span) -> String {
    format!("```scn\n{}\n```", program.sources.shown(span))
}

/// The value of a constant, where it can be told here.
fn computed(
    program: &Program,
    what: What,
    name: &str,
    expr: &crate::syntax::ast::Expr,
    module: ModuleId,
) -> Option<String> {
    let params = Params::new();
    let eval = Evaluator::new(program, &params, &Nothing);
    let global = program.module(module).names.get(name);
    let value = match what {
        What::Loop => return None,
        What::Param | What::Let if global.is_some() => eval.definition(module, name),
        _ => eval.eval(expr, &EvalScope::of(module)),
    };
    if let Value::Secret(_) = value {
        return Some("a secret".into());
    }
    let shown = value.shown().filter(|_| eval.take_found().is_empty())?;
    let short: String = shown.chars().take(LONGEST).collect();
    Some(if short.len() < shown.len() {
        format!("{short}…")
    } else {
        short
    })
}

/// The first line of what is known of a name, for lists.
pub fn detail(names: Names<'_>, meaning: &Meaning<'_>) -> String {
    let unit = |dimension: crate::units::Dimension| dimension.describe();
    match &meaning.thing {
        Thing::Module(id) => names.program.module(*id).name.clone(),
        Thing::Value { what, expr, .. } => {
            let written = names.program.sources.shown(expr.span);
            let line = written.lines().next().unwrap_or_default().to_string();
            format!("{} = {line}", what.word())
        }
        Thing::Block { block, .. } => block.kind.text.clone(),
        Thing::Implicit(_) => "always there".into(),
        Thing::Metric(metric) => unit(metric.dimension),
        Thing::Series(series) => unit(series.dimension),
        Thing::EngineMetric(_) => "of the engine".into(),
        Thing::Stat(stat) => schema::stat_doc(stat).unwrap_or_default().into(),
        Thing::Failures | Thing::FailureClass => "a count of requests".into(),
        Thing::Case => "a case".into(),
        Thing::Roles(_) | Thing::Role => "processes".into(),
        Thing::Unread => String::new(),
    }
}

/// The doc comment of the item that a block is, for outlines.
pub fn first_line(item: &crate::syntax::ast::Item) -> String {
    let doc = item.doc.as_deref().unwrap_or_default();
    let doc = doc.lines().next().unwrap_or_default();
    match &item.kind {
        ItemKind::Block(block) if doc.is_empty() => block.kind.text.clone(),
        _ => doc.to_string(),
    }
}
