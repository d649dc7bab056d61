//! The names that the expressions of a scenario see, row by row.

use super::compile::runs;
use super::shared::Shared;
use crate::check::modules_of;
use crate::eval::{Binding, Handle, Layer, Scope, Value};
use crate::resolve::{Flat, ModuleId, Program};
use indexmap::IndexMap;
use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The names that a scenario's expressions see besides its module's: its lets and blocks, which are
/// the same in all cases, and over them its axes.
pub(super) struct Locals<'a> {
    pub program: &'a Program,
    flat: &'a Flat,
    /// The lets and blocks.
    own: Layer,
    /// What was to be defined by what is not known of it.
    meant: Vec<String>,
    modules: Vec<ModuleId>,
    /// How many nodes of expressions were visited in all cases.
    pub steps: Cell<u64>,
    /// How many GPUs the machine has, where a suite says so.
    pub gpus: Option<u64>,
    /// What its cases have in common, with each other and with those of other scenarios.
    pub shared: Rc<Shared>,
}

impl<'a> Locals<'a> {
    pub fn of(program: &'a Program, flat: &'a Flat) -> Self {
        let modules = modules_of(flat);
        let lets = flat.lets.iter().map(|(name, attr)| {
            let (expr, module) = (attr.expr.clone(), attr.module);
            (name.clone(), Binding::Lazy { expr, module })
        });
        let blocks = flat.children.iter().filter_map(|child| {
            let name = &child.name.as_ref()?.text;
            let handle = match child.kind.text.as_str() {
                "phase" => Handle::Phase {
                    phase: name.as_str().into(),
                },
                "server" => Handle::Server {
                    server: name.as_str().into(),
                },
                "report" | "rank" => return None,
                _ => return Some((name.clone(), Binding::Block(child.clone()))),
            };
            Some((name.clone(), Binding::Value(Value::Handle(handle))))
        });
        let mut names: HashMap<String, Binding> = lets.chain(blocks).collect();
        without_ambiguous(program, &modules, &mut names);
        let own = Layer {
            names: Arc::new(names),
            open: false,
        };
        let meant = flat.meant_names(&program.sources).into_iter();
        let known = |name: &String| {
            let mut modules = modules.iter().map(|id| program.module(*id));
            modules.any(|module| module.names.contains_key(name))
        };
        let meant = meant.filter(|name| !known(name)).collect();
        Self {
            program,
            flat,
            own,
            meant,
            modules,
            steps: Cell::default(),
            gpus: None,
            shared: Rc::default(),
        }
    }

    /// The names of a row of the matrix; `case` where that is known.
    pub fn scope(&self, axes: &IndexMap<String, Value>, case: Option<Binding>) -> Scope {
        let mut names = HashMap::new();
        let known = case.is_some();
        let implicit = [
            ("case", case),
            (
                "scenario",
                Some(Binding::Value(Value::text(self.flat.title()))),
            ),
        ];
        for (name, value) in implicit {
            let unset = Binding::Unset("it is known in phases, checks and reports");
            let binding = value.filter(|_| known).unwrap_or(unset);
            names.insert(name.to_string(), binding);
        }
        for (name, value) in axes {
            names.insert(name.clone(), Binding::Value(value.clone()));
        }
        let written = self.flat.child("matrix").into_iter();
        for name in written.flat_map(|matrix| matrix.attrs.keys()) {
            let later = Binding::Unset("an axis may read those above it: move it below");
            names.entry(name.clone()).or_insert(later);
        }
        for name in &self.meant {
            let known = names.entry(name.clone());
            known.or_insert(Binding::Value(Value::Error));
        }
        without_ambiguous(self.program, &self.modules, &mut names);
        let axes = Layer {
            names: Arc::new(names),
            // what a parent gives is not known, nor what those have that extend a base
            open: self.flat.lost_parent || !runs(self.flat),
        };
        // a layer of its own for each row: what is evaluated in one is remembered by its layer
        let own = Layer {
            names: self.own.names.clone(),
            open: false,
        };
        let scope = Scope::of(self.flat.module).with(Arc::new(axes));
        scope.with(Arc::new(own))
    }
}

/// A name with two meanings was reported, and neither is taken.
fn without_ambiguous(
    program: &Program,
    modules: &[ModuleId],
    names: &mut HashMap<String, Binding>,
) {
    for (name, binding) in names {
        let means = |id: &ModuleId| {
            let definition = program.module(*id).names.get(name);
            definition.is_some_and(|definition| definition.is_value())
        };
        if modules.iter().any(means) {
            *binding = Binding::Value(Value::Error);
        }
    }
}
