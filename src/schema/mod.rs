//! The vocabulary as data: every kind of block, attribute, type, unit, default and doc; every
//! metric and every builtin. Holds no behaviour: the checker, completion, the manual and
//! `explain` read it, so that they cannot disagree.

mod builtins;
mod engine_kinds;
mod expressions;
mod load_kinds;
mod metrics;
mod model_kinds;
mod report_kinds;
mod scenario_kinds;
mod server_kinds;
mod simulator_kinds;
mod statements;

pub use builtins::{BUILTINS, Builtin, builtin};
pub use expressions::{Form, NAMES, OPERATORS};
pub use metrics::{
    DISTRIBUTION_STATS, MetricDef, PHASE_METRICS, RestsOn, SERIES_STATS, SERVER_SERIES, SeriesDef,
    Shape, phase_metric, rests_on, server_series, stat_doc,
};
pub use statements::{EXTENDS, STATEMENTS, Statement};

use crate::units::Dimension;

/// What an attribute's value must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    Bool,
    /// A whole number, at least the given one.
    Int(i64),
    Text,
    /// A text, or a secret that is never printed.
    SecretText,
    /// A quantity whose unit must be written.
    Quantity(Dimension),
    /// A quantity that a bare number also stands for, in base units: `requests = 20`.
    Count(Dimension),
    /// A share: `99%` or a number.
    Ratio,
    Choice(&'static [&'static str]),
    List(&'static Type),
    /// One, or a list of them.
    Many(&'static Type),
    /// A value of the type, or a distribution that each request draws its own from.
    Drawn(&'static Type),
    /// A rate, or a ramp from one to another.
    Ramped(&'static Type),
    /// How the moments at which requests are due are drawn: `poisson()`.
    Arrival,
    /// A record with keys of the writer's own.
    Record,
    /// A named block of the kind, or a record with its attributes.
    Block(&'static str),
    /// A file of the pack, as a path relative to the file that names it.
    File,
    /// Any value.
    Any,
}

/// When an attribute's expression is evaluated, and with which names beside those in scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before anything starts.
    Constant,
    /// For every request or answer of a workload: `row`, and `answer` where `accept` reads it.
    Request,
    /// From an engine's block, for one server: `model`, `layout`, `options`, `host`, `port`, ….
    Launch,
    /// After the case has run: metrics have values.
    Measured,
}

/// One attribute of a kind.
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    pub name: &'static str,
    pub ty: Type,
    pub required: bool,
    /// As it would be written; none where absence is a meaning of its own.
    pub default: Option<&'static str>,
    pub stage: Stage,
    pub doc: &'static str,
}

/// Attributes that make a phase a load of its own.
pub const LOADING: &[&str] = &[
    "workload",
    "server",
    "requests",
    "duration",
    "concurrency",
    "think",
    "rate",
    "arrival",
    "batch",
    "drain",
];

/// Whether blocks of a kind have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    Required,
    Never,
}

/// One kind of block.
#[derive(Debug, Clone, Copy)]
pub struct Kind {
    pub name: &'static str,
    pub doc: &'static str,
    pub naming: Naming,
    /// Where it may stand: names of kinds, `file` for the top level.
    pub parents: &'static [&'static str],
    pub attributes: &'static [Attribute],
    /// Attributes of the writer's own, all of this type (axes, options, variables).
    pub free: Option<Type>,
    /// Whether `expect` and `warn` may stand in it.
    pub checks: bool,
    /// Names that its expressions may use beside those in scope.
    pub implicit: &'static [&'static str],
}

const fn required(name: &'static str, ty: Type, doc: &'static str) -> Attribute {
    Attribute {
        name,
        ty,
        required: true,
        default: None,
        stage: Stage::Constant,
        doc,
    }
}

const fn optional(name: &'static str, ty: Type, doc: &'static str) -> Attribute {
    Attribute {
        name,
        ty,
        required: false,
        default: None,
        stage: Stage::Constant,
        doc,
    }
}

const fn default(
    name: &'static str,
    ty: Type,
    value: &'static str,
    doc: &'static str,
) -> Attribute {
    Attribute {
        name,
        ty,
        required: false,
        default: Some(value),
        stage: Stage::Constant,
        doc,
    }
}

const fn staged(stage: Stage, attribute: Attribute) -> Attribute {
    Attribute { stage, ..attribute }
}

/// All kinds, scenario kinds first.
pub fn kinds() -> impl Iterator<Item = &'static Kind> {
    [
        scenario_kinds::KINDS,
        model_kinds::KINDS,
        server_kinds::KINDS,
        load_kinds::KINDS,
        report_kinds::KINDS,
        engine_kinds::KINDS,
        simulator_kinds::KINDS,
    ]
    .into_iter()
    .flatten()
}

/// The kind of a block that stands in `parent` (`file` for the top level).
pub fn kind_in(name: &str, parent: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name && kind.parents.contains(&parent))
}

/// Any kind of that name, wherever it may stand.
pub fn kind(name: &str) -> Option<&'static Kind> {
    kinds().find(|kind| kind.name == name)
}

impl Kind {
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }

    /// The kinds that may stand in it.
    pub fn children(&self) -> impl Iterator<Item = &'static Kind> + use<> {
        let name = self.name;
        kinds().filter(move |kind| kind.parents.contains(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_consistent() {
        for kind in kinds() {
            assert!(!kind.doc.is_empty(), "{}", kind.name);
            for parent in kind.parents {
                let known = *parent == "file" || super::kind(parent).is_some();
                assert!(known, "{} stands in {parent}", kind.name);
            }
            let mut seen = HashSet::new();
            for attribute in kind.attributes {
                let name = attribute.name;
                assert!(seen.insert(name), "{}.{name} twice", kind.name);
                assert!(!attribute.doc.is_empty(), "{}.{name} has no doc", kind.name);
                if let Type::Block(of) = attribute.ty {
                    assert!(
                        super::kind(of).is_some(),
                        "{}.{name} names the kind {of}",
                        kind.name
                    );
                }
            }
        }
        for a in kinds() {
            for parent in a.parents {
                let same = kinds().filter(|b| b.name == a.name && b.parents.contains(parent));
                assert_eq!(same.count(), 1, "{}", a.name);
            }
        }
    }
}
