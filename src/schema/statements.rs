//! What may stand in a file or a block beside attributes and blocks.

/// A statement: its first word, how it is written, where it may stand, and what it says.
#[derive(Debug, Clone, Copy)]
pub struct Statement {
    pub name: &'static str,
    pub form: &'static str,
    pub places: &'static str,
    pub doc: &'static str,
}

const fn statement(
    name: &'static str,
    form: &'static str,
    places: &'static str,
    doc: &'static str,
) -> Statement {
    Statement {
        name,
        form,
        places,
        doc,
    }
}

pub const STATEMENTS: &[Statement] = &[
    statement(
        "use",
        "use std.module, or use \"./file.scn\" as name",
        "a file",
        "Makes the definitions of a module of the library, or of another file, known: `engines.builtin`. The file may lie in another folder; a run keeps the text of all of them.",
    ),
    statement(
        "param",
        "param name = default",
        "a file",
        "A value that can be set from outside, with `-p name=value`; its default fixes its type.",
    ),
    statement(
        "let",
        "let name = value",
        "a file and any block",
        "A name for a value. In a scenario it may be a measured one: `let slow = steady.ttft.p99`.",
    ),
    statement(
        "expect",
        "expect name: condition when condition because \"text\"",
        "a scenario and an engine",
        "A check: where the condition does not hold, the case fails. Name, `when` and `because` may be left out. A check without data never passes. In an engine it is a constraint, found broken before anything starts.",
    ),
    statement(
        "warn",
        "warn name: condition when condition because \"text\"",
        "a scenario and an engine",
        "As `expect`, but nothing fails.",
    ),
    statement(
        "exclude",
        "exclude when condition",
        "a matrix",
        "Takes the cells out of a matrix in which the condition holds.",
    ),
];

/// What may stand in the head of a block.
pub const EXTENDS: Statement = statement(
    "extends",
    "kind name extends other { … }",
    "the head of a block",
    "The block is what the other one is, but for what is said anew: an attribute replaces that of the other, a block of the same kind and name changes that one, a check of the same name stands in its place, and what else is written is added. The other is a block of the same kind at the top level of a file; one of another file is named with that file: after `use \"base.scn\"`, its scenario `common` is `base.common`, and with `use \"base.scn\" as b` it is `b.common`.",
);
