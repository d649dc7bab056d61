//! Measured runs, simulated with other constants; what was simulated once is not again.

use super::cases::Case;
use super::constants::{CONSTANTS, Constant, Owner};
use crate::validate::{Bench, carry_out};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

/// A constant of one GPU or one engine.
pub struct Parameter {
    pub constant: &'static Constant,
    /// The name of the block.
    pub of: String,
    /// What it is.
    pub before: f64,
    /// What it is fitted from.
    pub start: f64,
    /// Why it is not fitted.
    pub kept: Option<&'static str>,
}

/// That several servers of a block have several values of a constant.
const DIFFERS: &str = "it differs between servers";
/// A constant of 0 has no logarithm, and says that something is not there.
const NOTHING: &str = "it is 0";
/// Names were given, and its own is none of them.
pub const NOT_ASKED: &str = "it was not named";

impl Parameter {
    /// `gpu h200: gemm.bf16.start`
    pub fn name(&self) -> String {
        let kind = self.constant.owner.kind();
        format!("{kind} {}: {}", self.of, self.constant.path())
    }

    /// All that times of these cases depend on. With names, only what these name is fitted;
    /// `defaults` begins with the schema's values.
    pub fn of(cases: &[Case], names: &[String], defaults: bool) -> Vec<Self> {
        let mut found: Vec<Self> = Vec::new();
        for case in cases {
            let mut setup = case.setup.clone();
            for constant in &CONSTANTS {
                let Some(before) = constant.of(&mut setup) else {
                    continue;
                };
                let of = case.block(constant.owner);
                let same = |one: &&mut Self| std::ptr::eq(one.constant, constant) && one.of == of;
                if let Some(known) = found.iter_mut().find(same) {
                    if known.before != before {
                        known.kept = Some(DIFFERS);
                    }
                    continue;
                }
                let named = names.is_empty() || names.iter().any(|name| constant.is_named(name));
                let start = constant.default().filter(|_| defaults && named);
                let start = start.unwrap_or(before);
                found.push(Self {
                    constant,
                    of: of.to_string(),
                    before,
                    start,
                    kept: match (named, start > 0.0) {
                        (false, _) => Some(NOT_ASKED),
                        (true, false) => Some(NOTHING),
                        (true, true) => None,
                    },
                });
            }
        }
        for one in &mut found {
            if one.kept == Some(DIFFERS) {
                one.start = one.before;
            }
        }
        // by block, as they are written
        let place = |one: &Self| std::ptr::from_ref(one.constant);
        found.sort_by(|a, b| (&a.of, place(a)).cmp(&(&b.of, place(b))));
        found.sort_by_key(|one| one.constant.owner);
        found
    }
}

impl Case {
    fn block(&self, owner: Owner) -> &str {
        match owner {
            Owner::Gpu => &self.gpu,
            Owner::Engine => &self.engine,
        }
    }
}

/// The figures of a case, as predicted, in order; not a number where a run has none.
pub type Predicted = Arc<[f64]>;

/// Simulates cases, and remembers what came of it.
pub struct Simulator<'c> {
    pub cases: &'c [Case],
    pub parameters: &'c [Parameter],
    /// Of each case the parameters that it depends on.
    depends: Vec<Vec<usize>>,
    known: HashMap<(usize, Vec<u64>), Predicted>,
}

impl<'c> Simulator<'c> {
    pub fn new(cases: &'c [Case], parameters: &'c [Parameter]) -> Self {
        let depends = cases.iter().map(|case| {
            let mut setup = case.setup.clone();
            let mut own = |one: &Parameter| {
                one.kept != Some(DIFFERS)
                    && one.of == case.block(one.constant.owner)
                    && one.constant.of(&mut setup).is_some()
            };
            (0..parameters.len())
                .filter(|at| own(&parameters[*at]))
                .collect()
        });
        Self {
            depends: depends.collect(),
            cases,
            parameters,
            known: HashMap::new(),
        }
    }

    /// What cases come to with these values of all parameters.
    pub fn predict(&mut self, wanted: &[(usize, &[f64])]) -> Vec<Predicted> {
        let keys: Vec<_> = wanted
            .iter()
            .map(|(at, values)| self.key(*at, values))
            .collect();
        let mut missing: Vec<usize> = Vec::new();
        let mut asked = std::collections::HashSet::new();
        for (index, key) in keys.iter().enumerate() {
            if !self.known.contains_key(key) && asked.insert(key) {
                missing.push(index);
            }
        }
        let runs: Vec<(Cow<'_, _>, &Bench)> = (missing.iter())
            .map(|index| {
                let (at, values) = wanted[*index];
                let mut setup = self.cases[at].setup.clone();
                for parameter in &self.depends[at] {
                    let constant = self.parameters[*parameter].constant;
                    constant.set(&mut setup, values[*parameter]);
                }
                (Cow::Owned(setup), &self.cases[at].bench)
            })
            .collect();
        let done = carry_out(&runs);
        for (index, (run, (setup, bench))) in missing.iter().zip(done.iter().zip(&runs)) {
            let case = &self.cases[wanted[*index].0];
            let figures = case.figures.iter().map(|figure| {
                let read = |run| figure.metric.read(setup, case.gpus, (run, Some(bench)));
                run.as_ref().ok().and_then(read).unwrap_or(f64::NAN)
            });
            self.known.insert(keys[*index].clone(), figures.collect());
        }
        keys.iter().map(|key| self.known[key].clone()).collect()
    }

    fn key(&self, at: usize, values: &[f64]) -> (usize, Vec<u64>) {
        let own = self.depends[at]
            .iter()
            .map(|parameter| values[*parameter].to_bits());
        (at, own.collect())
    }
}
