//! What is made of the results: ranks, reports, and the suites that run them.

use super::{Kind, Naming, Stage, Type, default, optional, required, staged};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "rank",
        doc: "Which of the scenario's cases is best: results, the summary and the terminal give each its place. A case without the figure has none.",
        naming: Naming::Required,
        parents: &["scenario"],
        attributes: &[
            staged(
                Stage::Measured,
                optional("highest", Type::Any, "The figure of which more is better."),
            ),
            staged(
                Stage::Measured,
                optional("lowest", Type::Any, "The figure of which less is better."),
            ),
            staged(
                Stage::Measured,
                optional(
                    "within",
                    Type::Any,
                    "Axes of the matrix, or what is worked out of them: only cases that agree in them are compared; left out, all are.",
                ),
            ),
        ],
        free: None,
        checks: false,
        implicit: &["case", "scenario"],
    },
    Kind {
        name: "report",
        doc: "A file to write: a template over the results, or a table of columns with a row per case. At the top level it is a base to extend.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[
            optional(
                "template",
                Type::Text,
                "`std:summary.md.j2`, or a template file of the pack.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "columns",
                    Type::Any,
                    "What stands in a row: a list of expressions, or a record of header = expression. Its headers name the units in CSV and JSON; JSON is a list with a record for each row, or all results where there are no columns.",
                ),
            ),
            staged(
                Stage::Measured,
                optional(
                    "series",
                    Type::Any,
                    "Rows of time and value, in place of columns, as CSV or JSON: a list of series of a server (`sut.memory`), and of requests that had ended by then (`steady.requests`).",
                ),
            ),
            optional(
                "each",
                Type::Choice(&["run", "scenario", "server", "case", "phase", "round"]),
                "One file for each of these, and what stands in it is of that one alone: `to` then tells them apart, by `${case.name}`, `${phase.name}`, `${round}` (from 0) and `${scenario}`. Phases and rounds are those of measured phases that send load; a `server` is one with the cases that share it. Left out, what goes to one path stands in one file.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "phase",
                    Type::Block("phase"),
                    "The phase that is `phase` in its columns; left out, the only measured one that sends load. With `each = \"phase\"` it is each of them in its own file.",
                ),
            ),
            staged(
                Stage::Measured,
                optional(
                    "note",
                    Type::Text,
                    "What stands below the table of a case, in Markdown and in JSON of series; a template has it as `report.notes`.",
                ),
            ),
            optional(
                "format",
                Type::Choice(&["csv", "md", "markdown", "json", "junit", "environment"]),
                "The format of all files of a report without a template; left out, the ending of each says it (.csv, .md, .json, .xml), and a file without such an ending has the format of the first that has one. Where a report names files of its own and inherits the format of a table, endings say it too. `environment` is what is known of the machine, its GPUs and the engines, as text, or as JSON where `to` ends in .json.",
            ),
            required(
                "to",
                Type::Many(&Type::Text),
                "Where to write, below the run's `reports` folder; `github:summary` is the step summary. A `case.name` that would be several folders, as `org/model` is, stands in it as the case's own folder is called.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &["case", "scenario", "phase", "round"],
    },
    Kind {
        name: "suite",
        doc: "A set of scenarios, as CI runs them: `scn run PACK --suite NAME`.",
        naming: Naming::Required,
        parents: &["file"],
        attributes: &[
            required(
                "scenarios",
                Type::List(&Type::Block("scenario")),
                "The scenarios, each once, in the order in which they run: a launch of servers comes with the first case that needs it, and all cases that share it run on it. One of another file is named with that file: `use \"./local.scn\"` at the top, and `local.smoke` here.",
            ),
            optional(
                "gpus",
                Type::Int(0),
                "How many GPUs the machine has that runs it. A scenario of it that needs more at once is an error; one with `infeasible = \"skip\"` leaves out the cases that do, with the reason, in `scn plan --suite` and `scn run --suite`.",
            ),
            optional(
                "timeout",
                TIME,
                "The longest that `scn run --suite` may take, the starts of servers counted too. Then the run is stopped in order, with an error; reports are written.",
            ),
            default(
                "stop_early",
                Type::Bool,
                "false",
                "End `scn run --suite` once all cases of a scenario have run and one of them failed, had an error or no data. Checks across cases are judged at the end, and end nothing.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
];
