//! The scenario itself and its matrix.

use super::{Kind, Naming, Type, default, optional};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "scenario",
        doc: "A test: servers, the load on them in phases, what must hold, and what to report. Every cell of its matrix is a case.",
        naming: Naming::Required,
        parents: &["file"],
        attributes: &[
            default(
                "tags",
                Type::List(&Type::Text),
                "[]",
                "Words about it, for whoever reads a plan or a result: `per_commit`, `nightly`.",
            ),
            optional(
                "name",
                Type::Text,
                "The case's id, in place of the one that its axis values make (`tp=2,concurrency=16`).",
            ),
            default(
                "sample",
                TIME,
                "500ms",
                "The interval between two samples of memory, GPUs and the engine's metrics.",
            ),
            default(
                "timeout",
                TIME,
                "1h",
                "The longest that one case may take, the starts of its servers not counted. One that takes longer is broken off with an error.",
            ),
            default(
                "retry",
                Type::Int(0),
                "0",
                "How often a case is run again whose server did not start, or died. What it had measured stays beside it, and the result says so; a check that failed is never a reason.",
            ),
            optional(
                "estimate",
                TIME,
                "About how long one case takes, for `scn plan`; left out, it is worked out from the phases.",
            ),
            default(
                "isolate",
                Type::Bool,
                "false",
                "Start fresh servers for every case. Without it, cases that describe the same servers share one start of them.",
            ),
            default(
                "worlds",
                Type::List(&Type::Choice(&["real", "sim", "mock"])),
                "[\"real\", \"sim\", \"mock\"]",
                "Where it may run: on servers that are launched (`real`), in the simulator in virtual time (`sim`), on the simulator behind HTTP in real time (`mock`). A run elsewhere (`scn run --on …`) leaves it out, and says so.",
            ),
            default(
                "infeasible",
                Type::Choice(&["error", "skip"]),
                "\"error\"",
                "What becomes of a case that cannot work: its engine's constraints object, its model does not fit, or its GPUs are not there. It is an error before anything starts, or with `skip` a row with its reason in plans and reports, of which nothing runs.",
            ),
        ],
        free: None,
        checks: true,
        implicit: &["case", "scenario"],
    },
    Kind {
        name: "matrix",
        doc: "Axes that multiply into cases: each attribute is an axis with its list of values, which everything in the scenario may read by name. An axis may read those above it; `exclude when` takes cells out.",
        naming: Naming::Never,
        parents: &["scenario"],
        attributes: &[],
        free: Some(Type::List(&Type::Any)),
        checks: false,
        implicit: &[],
    },
];
