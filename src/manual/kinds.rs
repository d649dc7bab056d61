//! Kinds of blocks and their attributes, from the schema.

use super::part::{Part, code};
use super::{Entry, Page, examples};
use crate::schema::{self, Attribute, EXTENDS, Kind, Naming, STATEMENTS, Stage, Type};
use crate::units::{Dimension, known_units, parse_unit};

pub fn page() -> Page {
    let mut parts = vec![Part::text(
        "A block is `kind name { … }`. In its body stand attributes (`name = value`), blocks, \
         `let`s, and, where the kind says so, the checks `expect` and `warn`. Blocks that are \
         said to be named must have a name; the others have none. \
         Every attribute is a constant (it is worked out before anything starts), unless its row \
         says when it is worked out.",
    )];
    let rows = schema::kinds().map(|kind| {
        vec![
            format!("[{0}](#{0})", kind.name),
            parents(kind, code),
            kind.doc.to_string(),
        ]
    });
    parts.extend(Part::table(&["kind", "stands in", "says"], rows.collect()));
    parts.push(Part::text(
        "Beside blocks and attributes there are these statements:",
    ));
    let rows = STATEMENTS
        .iter()
        .map(|one| vec![code(one.form), one.places.into(), one.doc.into()]);
    parts.extend(Part::table(
        &["statement", "stands in", "says"],
        rows.collect(),
    ));
    parts.push(Part::Text(format!(
        "{}: {}",
        code(EXTENDS.form),
        EXTENDS.doc
    )));
    parts.extend(examples::of_head(EXTENDS.name));
    for kind in schema::kinds() {
        parts.push(Part::Heading(2, kind.name.into()));
        parts.extend(described(kind));
    }
    Page {
        file: "kinds.md".into(),
        title: "Kinds of blocks".into(),
        summary: "What a `.scn` file is made of: every kind of block, its attributes with type, unit and default, and examples.".into(),
        parts,
    }
}

/// Each statement, each kind, and each attribute as `kind.attribute`.
pub fn entries() -> Vec<Entry> {
    let attribute = |kind: &'static Kind, attribute: &'static Attribute| {
        let mut parts = vec![Part::text(attribute.doc)];
        parts.extend(Part::table(
            &HEADERS[1..4],
            vec![row(attribute)[1..4].to_vec()],
        ));
        if let Some(when) = stage(attribute.stage) {
            parts.push(Part::text(when));
        }
        if let Some(example) = examples::of_attribute(kind.name, attribute.name) {
            parts.push(Part::Heading(3, "Example".into()));
            parts.push(example);
        }
        Entry {
            name: format!("{}.{}", kind.name, attribute.name),
            what: format!("an attribute of `{}`", kind.name),
            parts,
        }
    };
    let statement = |one: &schema::Statement| {
        let mut parts = vec![
            Part::Text(code(one.form)),
            Part::text(one.doc),
            Part::Text(format!("Stands in {}.", one.places)),
        ];
        parts.extend(examples::of_statement(one.name));
        Entry {
            name: one.name.into(),
            what: "a statement".into(),
            parts,
        }
    };
    let mut entries: Vec<Entry> = STATEMENTS.iter().map(statement).collect();
    entries.push(Entry {
        name: EXTENDS.name.into(),
        what: "a word of a block's head".into(),
        parts: [
            Part::Text(code(EXTENDS.form)),
            Part::text(EXTENDS.doc),
            Part::Text(format!("Stands in {}.", EXTENDS.places)),
        ]
        .into_iter()
        .chain(examples::of_head(EXTENDS.name))
        .collect(),
    });
    for kind in schema::kinds() {
        entries.push(Entry {
            name: kind.name.into(),
            what: "a kind of block".into(),
            parts: described(kind),
        });
        entries.extend(kind.attributes.iter().map(|one| attribute(kind, one)));
    }
    entries
}

const HEADERS: &[&str] = &["attribute", "type", "unit", "default", "says"];

fn described(kind: &'static Kind) -> Vec<Part> {
    let mut parts = vec![Part::text(kind.doc)];
    let mut facts = format!(
        "{} Stands in {}.",
        match kind.naming {
            Naming::Required => "Named.",
            Naming::Never => "Not named.",
        },
        parents(kind, |parent| match parent {
            "file" => "a file, at the top level".into(),
            parent => format!("[{parent}](kinds.md#{parent})"),
        })
    );
    let children: Vec<String> = kind
        .children()
        .map(|child| format!("[{0}](kinds.md#{0})", child.name))
        .collect();
    if !children.is_empty() {
        facts.push_str(&format!(" Holds {}.", listed(&children)));
    }
    if kind.checks {
        facts.push_str(" Takes `expect` and `warn`.");
    }
    if !kind.implicit.is_empty() {
        let names: Vec<String> = kind.implicit.iter().map(|name| code(name)).collect();
        facts.push_str(&format!(" Its expressions may read {}.", listed(&names)));
    }
    parts.push(Part::Text(facts));
    if let Some(free) = kind.free {
        let text = format!(
            "Its attributes are the writer's own; each is {}.",
            one(&words(free))
        );
        parts.push(Part::Text(text));
    }
    let rows = kind.attributes.iter().map(|attribute| {
        let mut cells = row(attribute);
        if let Some(when) = stage(attribute.stage) {
            cells[4].push_str(&format!(" {when}"));
        }
        cells
    });
    parts.extend(Part::table(HEADERS, rows.collect()));
    let examples = examples::of_kind(kind.name);
    if !examples.is_empty() {
        let title = if examples.len() > 2 {
            "Examples"
        } else {
            "Example"
        };
        parts.push(Part::Heading(3, format!("{title} of `{}`", kind.name)));
        parts.extend(examples);
    }
    parts
}

fn row(attribute: &Attribute) -> Vec<String> {
    let default = match (attribute.required, attribute.default) {
        (true, _) => "must be said".into(),
        (false, Some(value)) => code(value),
        (false, None) => "none".into(),
    };
    vec![
        code(attribute.name),
        words(attribute.ty),
        units(attribute.ty),
        default,
        attribute.doc.into(),
    ]
}

/// When an attribute is worked out, if not before anything starts.
fn stage(stage: Stage) -> Option<&'static str> {
    match stage {
        Stage::Constant => None,
        Stage::Request => Some("Worked out for each request."),
        Stage::Launch => Some("Worked out for each server."),
        Stage::Measured => Some("Worked out when the case has run: it may read figures."),
    }
}

fn parents(kind: &Kind, shown: impl Fn(&str) -> String) -> String {
    let parents: Vec<String> = kind.parents.iter().map(|parent| shown(parent)).collect();
    listed(&parents)
}

/// `a, b and c`
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// What a value of the type is, as a cell of a table says it.
pub fn words(ty: Type) -> String {
    match ty {
        Type::Bool => "true or false".into(),
        Type::Int(least) => format!("whole number, at least {least}"),
        Type::Text => "text".into(),
        Type::SecretText => "text, or a secret".into(),
        Type::Quantity(dimension) => quantity(dimension),
        Type::Count(dimension) => quantity(dimension),
        Type::Ratio => "number, or a share".into(),
        Type::Choice(choices) => {
            let choices: Vec<String> = choices.iter().map(|c| format!("`\"{c}\"`")).collect();
            choices.join(", ")
        }
        Type::List(Type::Any) => "list".into(),
        Type::List(of) => format!("list, each {}", one(&words(*of))),
        Type::Many(of) => format!("{}, or a list of them", words(*of)),
        Type::Drawn(of) => format!("{}, or a distribution", words(*of)),
        Type::Ramped(of) => format!("{}, or a ramp", words(*of)),
        Type::Arrival => "`poisson()`, `constant()`, `gamma(shape = …)`".into(),
        Type::Record => "record".into(),
        Type::Block(kind) => format!("[{kind}](kinds.md#{kind})"),
        Type::File => "path of a file, from the file that names it".into(),
        Type::Any => "any value".into(),
    }
}

/// A dimension's name without its article.
pub fn quantity(dimension: Dimension) -> String {
    let text = dimension.describe();
    let bare = text.strip_prefix("an ").or_else(|| text.strip_prefix("a "));
    bare.unwrap_or(&text).to_string()
}

fn one(words: &str) -> String {
    match words.chars().next() {
        _ if words.starts_with("any ") => words.into(),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {words}"),
        _ => format!("a {words}"),
    }
}

/// The units in which a value of the type is written.
fn units(ty: Type) -> String {
    match ty {
        Type::Quantity(dimension) => units_of(dimension),
        Type::Count(dimension) => format!("{}, or none", units_of(dimension)),
        Type::Ratio => "`%`, or none".into(),
        Type::List(of) | Type::Many(of) | Type::Drawn(of) | Type::Ramped(of) => units(*of),
        _ => String::new(),
    }
}

/// The common units of a dimension.
pub fn units_of(dimension: Dimension) -> String {
    let fits = |unit: &&&str| parse_unit(unit).is_some_and(|(_, d)| d == dimension);
    let units: Vec<String> = known_units().iter().filter(fits).map(|u| code(u)).collect();
    units.join(" ")
}
