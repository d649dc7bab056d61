//! Builtin functions, from the schema.

use super::part::{Part, code};
use super::{Entry, Page, examples};
use crate::schema::{BUILTINS, Builtin};

pub fn page() -> Page {
    let mut parts = vec![Part::text(
        "A name before `(` is always a builtin, so a phase may be called `text` or `min`. \
         Arguments are given in order, or by name: `percentile(distribution = steady.ttft, \
         share = 99%)`.",
    )];
    let rows = BUILTINS.iter().map(|builtin| {
        vec![
            format!("[{0}](#{0})", builtin.name),
            code(builtin.signature),
            builtin.doc.into(),
        ]
    });
    parts.extend(Part::table(
        &["builtin", "called as", "gives"],
        rows.collect(),
    ));
    for builtin in BUILTINS {
        parts.push(Part::Heading(2, builtin.name.into()));
        parts.extend(described(builtin));
    }
    Page {
        file: "builtins.md".into(),
        title: "Builtins".into(),
        summary:
            "The functions that expressions may call: signature, meaning, and an example of each."
                .into(),
        parts,
    }
}

pub fn entries() -> Vec<Entry> {
    let entry = |builtin: &Builtin| Entry {
        name: builtin.name.into(),
        what: "a builtin".into(),
        parts: described(builtin),
    };
    BUILTINS.iter().map(entry).collect()
}

fn described(builtin: &Builtin) -> Vec<Part> {
    let mut parts = vec![Part::Text(code(builtin.signature)), Part::text(builtin.doc)];
    parts.extend(examples::of_builtin(builtin.name));
    parts
}
