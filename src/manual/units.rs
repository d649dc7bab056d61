//! Units and dimensions, from the table of units.

use super::part::{Part, code};
use super::{Entry, Page, kinds};
use crate::units::{Base, Dimension, PREFIXES, UNITS, Unit, parse_unit};

pub fn page() -> Page {
    let mut parts = vec![Part::text(
        "A number and its unit stand on one line: `500MB` and `500 MB` are the same. A compound \
         unit is written without blanks (`10 tok/s` is a rate; `10 tok / s` divides by a name \
         `s`), and any two units make one: `MB/req`, `USD/Mtok`. `%` touches its number.",
    )];
    parts.push(Part::text(
        "Arithmetic and comparison are checked before anything runs: a duration is never compared \
         with an amount of data. A bare number where a unit is due is an error, but for counts \
         (`requests = 20`, `output = 64`).",
    ));
    parts.push(Part::Heading(2, "Units".into()));
    let rows = UNITS.iter().map(|unit| {
        vec![
            code(unit.name),
            unit.doc.into(),
            dimension(unit.dimension),
            is(unit.factor, unit.dimension),
            prefixes(unit),
        ]
    });
    let headers = ["unit", "says", "dimension", "is", "prefixes"];
    parts.extend(Part::table(&headers, rows.collect()));
    parts.push(Part::Heading(2, "Prefixes".into()));
    let rows = PREFIXES
        .iter()
        .map(|(name, factor)| vec![code(name), factor.to_string()]);
    parts.extend(Part::table(&["prefix", "times"], rows.collect()));
    parts.push(Part::Heading(2, "Dimensions".into()));
    parts.push(Part::text(
        "Every quantity has a dimension: one of these, a product or a quotient of them, or none \
         (a bare number or a share).",
    ));
    parts.push(Part::text(
        "Comparisons, `in` and `at` take two numbers for equal where they differ by no more than \
         the rounding of a few operations: `0.1s + 0.2s == 0.3s` holds. Whole numbers of base \
         units are compared exactly.",
    ));
    let rows = Base::ALL.map(|base| {
        let dimension = Dimension::of(base);
        vec![
            kinds::quantity(dimension),
            code(base.unit()),
            kinds::units_of(dimension),
        ]
    });
    let headers = ["dimension", "base unit", "common units"];
    parts.extend(Part::table(&headers, rows.to_vec()));
    Page {
        file: "units.md".into(),
        title: "Units and dimensions".into(),
        summary: "How quantities are written, and which belong together.".into(),
        parts,
    }
}

/// Units by their names, without prefixes.
pub fn entries() -> Vec<Entry> {
    UNITS.iter().filter_map(|unit| entry(unit.name)).collect()
}

/// Any unit that can be written: `MB`, `tok/s`.
pub fn entry(name: &str) -> Option<Entry> {
    let (factor, of) = parse_unit(name)?;
    let mut parts = Vec::new();
    if let Some(unit) = UNITS.iter().find(|unit| unit.name == name) {
        parts.push(Part::text(&format!("A {}.", unit.doc)));
        let prefixes = prefixes(unit);
        if !prefixes.is_empty() {
            parts.push(Part::Text(format!("Prefixes: {prefixes}.")));
        }
    }
    parts.push(Part::Text(format!("`1 {name}` is {}.", is(factor, of))));
    parts.push(Part::Text(format!("Dimension: {}.", dimension(of))));
    let others = kinds::units_of(of);
    if !others.is_empty() {
        parts.push(Part::Text(format!("Units of it: {others}.")));
    }
    Some(Entry {
        name: name.into(),
        what: "a unit".into(),
        parts,
    })
}

fn dimension(dimension: Dimension) -> String {
    match dimension.is_none() {
        true => "share".into(),
        false => kinds::quantity(dimension),
    }
}

/// `1000 B`
fn is(factor: f64, dimension: Dimension) -> String {
    let unit = dimension.unit_text();
    format!("{factor} {unit}").trim_end().into()
}

fn prefixes(unit: &Unit) -> String {
    let names: Vec<String> = unit.prefixes().map(|(name, _)| code(name)).collect();
    names.join(" ")
}
