//! Everything constant, evaluated at least once, so that mistakes are found also in what no
//! scenario uses: lets, params, workloads, models, engines and suites.

use super::cluster;
use super::compile::runs;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Evaluator, Nothing, Params, Scope, Value};
use crate::resolve::{DefinitionKind, Flat, ModuleId, Program};
use crate::schema::{self, Stage, Type};
use crate::syntax::ast::ExprKind;
use std::sync::Arc;

/// Evaluates what the files of the user define at their top level, scenarios apart.
pub fn constants(program: &Program, params: &Params) -> Vec<Diagnostic> {
    let eval = Evaluator::new(program, params, &Nothing);
    for id in program.user_modules() {
        for (name, definition) in &program.module(id).names {
            match &definition.kind {
                DefinitionKind::Let(_) | DefinitionKind::Param(_) => {
                    eval.definition(id, name);
                }
                DefinitionKind::Block(flat) if flat.kind.text == "suite" => {
                    suite(&eval, id, flat);
                }
                DefinitionKind::Block(flat) if flat.kind.text != "scenario" => {
                    block(&eval, flat, &Scope::of(id));
                }
                _ => {}
            }
        }
    }
    let mut found = eval.take_found();
    found.extend(super::namesakes::suites(program));
    found
}

/// The scenarios that a suite names, be they of this file or of one that it uses.
pub fn suite_scenarios(program: &Program, params: &Params, suite: &Flat) -> Vec<Arc<Flat>> {
    let eval = Evaluator::new(program, params, &Nothing);
    named(&eval, suite.module, suite)
}

fn named(eval: &Evaluator<'_>, module: ModuleId, suite: &Flat) -> Vec<Arc<Flat>> {
    let Some(attr) = suite.attrs.get("scenarios") else {
        return Vec::new();
    };
    let Some(attribute) = schema::kind("suite").and_then(|kind| kind.attribute("scenarios")) else {
        return Vec::new();
    };
    let scope = Scope::of(module).inside(suite).in_module(attr.module);
    let items = match eval.attribute(attribute, &attr.expr, &scope) {
        Value::List(items) => items,
        // one that is wrong leaves the others what they are
        _ => match eval.eval(&attr.expr, &scope) {
            Value::List(items) => items,
            _ => return Vec::new(),
        },
    };
    let block = |item: &Value| match item {
        Value::Block(block) if block.flat.kind.text == "scenario" => Some(block.flat.clone()),
        _ => None,
    };
    items.iter().filter_map(block).collect()
}

fn suite(eval: &Evaluator<'_>, module: ModuleId, suite: &Flat) {
    let scenarios = named(eval, module, suite);
    for (name, attr) in suite.attrs.iter().filter(|(name, _)| *name != "scenarios") {
        let attribute = schema::kind("suite").and_then(|kind| kind.attribute(name));
        if let Some(attribute) = attribute {
            let scope = Scope::of(module).inside(suite).in_module(attr.module);
            eval.attribute(attribute, &attr.expr, &scope);
        }
    }
    twice(eval, suite, &scenarios);
    let place = suite.attrs.get("scenarios").map(|attr| attr.expr.span);
    for flat in &scenarios {
        if let (false, Some(place)) = (runs(flat), place) {
            let message = format!(
                "the scenario `{}` has no phases, so it never runs",
                flat.title()
            );
            eval.report(
                Diagnostic::warning(codes::UNUSED, place, message)
                    .label(flat.head(), "a base for others")
                    .help("name the scenarios that extend it"),
            );
        }
    }
}

/// Reports a scenario that a suite names a second time: it runs once.
fn twice(eval: &Evaluator<'_>, suite: &Flat, scenarios: &[Arc<Flat>]) {
    let Some(attr) = suite.attrs.get("scenarios") else {
        return;
    };
    let place = |at: usize| match &attr.expr.kind {
        ExprKind::List(items) if items.len() == scenarios.len() => items[at].span,
        _ => attr.expr.span,
    };
    for (at, flat) in scenarios.iter().enumerate() {
        let before = &scenarios[..at];
        let Some(first) = before.iter().position(|one| one.head() == flat.head()) else {
            continue;
        };
        let name = flat.title();
        let message = format!("the suite names `{name}` twice, and a scenario runs once");
        let mut found = Diagnostic::error(codes::DUPLICATE, place(at), message);
        if place(first) != place(at) {
            found = found.says("the second").label(place(first), "the first");
        }
        eval.report(found.help("keep one of them; `repeat` of a phase, or a second scenario that extends it, measures again"));
    }
}

/// Every attribute of a block that can be told before a run, and of the blocks in it. Names that
/// only have a value in some use of the block stand for anything.
pub(super) fn block(eval: &Evaluator<'_>, flat: &Arc<Flat>, outer: &Scope) {
    let Some(kind) = schema::kind(&flat.kind.text) else {
        return;
    };
    let implicit = kind.implicit.iter().map(|name| (*name, Value::Error));
    let block = BlockValue::new(flat.clone(), &outer.with_values(implicit));
    for (name, attr) in &flat.attrs {
        let scope = block.scope.in_module(attr.module);
        if let Some(block) = &attr.block {
            self::block(eval, block, &scope);
            continue;
        }
        match kind.attribute(name) {
            Some(attribute) if attribute.stage == Stage::Measured => {}
            // what one answer is like is not known yet
            Some(attribute) if attribute.stage == Stage::Request && attribute.ty == Type::Bool => {}
            Some(attribute) => {
                eval.attribute(attribute, &attr.expr, &scope);
            }
            None => {
                eval.eval(&attr.expr, &scope);
            }
        }
    }
    for name in flat.lets.keys() {
        eval.local(name, &block.scope);
    }
    if kind.name == "cluster" {
        cluster::lower(eval, &Arc::new(BlockValue::new(flat.clone(), outer)));
    }
    for child in &flat.children {
        self::block(eval, child, &block.scope);
    }
}
