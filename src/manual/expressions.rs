//! Operators, and names that are always there, from the schema.

use super::part::{Part, code};
use super::{Entry, Page};
use crate::schema::{Form, NAMES, OPERATORS};

pub fn page() -> Page {
    let table = |first: &str, forms: &[Form]| {
        let rows = forms
            .iter()
            .map(|one| vec![written(one), one.doc.into(), code(one.example)]);
        Part::table(&[first, "says", "example"], rows.collect())
    };
    let mut parts = vec![Part::text(
        "Operators, from those that bind least to those that bind most; brackets bind anew: \
         `(a or b) and c`.",
    )];
    parts.extend(table("written", OPERATORS));
    parts.push(Part::Heading(2, "Names that are always there".into()));
    parts.push(Part::text(
        "Names of a file, its blocks and its axes are found by themselves; these need no definition.",
    ));
    parts.extend(table("name", NAMES));
    Page {
        file: "expressions.md".into(),
        title: "Expressions".into(),
        summary: "What values are made with: the operators, and the names that are always there."
            .into(),
        parts,
    }
}

/// One for each word that a form is asked for by.
pub fn entries() -> Vec<Entry> {
    let of = |what: &'static str, forms: &'static [Form]| {
        let words = |one: &'static Form| one.words.iter().map(move |word| (*word, one));
        forms.iter().flat_map(words).map(move |(word, one)| Entry {
            name: word.into(),
            what: what.into(),
            parts: [
                Part::Text(written(one)),
                Part::text(one.doc),
                Part::Code(one.example.into()),
            ]
            .into_iter()
            .chain(fields(word))
            .collect(),
        })
    };
    let operators = of("an operator", OPERATORS);
    operators
        .chain(of("a name that is always there", NAMES))
        .collect()
}

/// The names of this one's fields, as `case` has them.
fn fields(name: &str) -> Option<Part> {
    let of = |form: &Form| {
        let field = form.words[0].strip_prefix(name)?.strip_prefix('.')?;
        (!field.is_empty()).then(|| vec![code(form.words[0]), form.doc.into()])
    };
    Part::table(&["field", "says"], NAMES.iter().filter_map(of).collect())
}

fn written(form: &Form) -> String {
    let forms: Vec<String> = form.written.iter().map(|one| code(one)).collect();
    forms.join(", ")
}
