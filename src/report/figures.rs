//! Figures in words and in fixed units.

use super::model::Figure;
use crate::units::{Dimension, Quantity, column_unit, display_precise, number, parse_unit};

/// What stands where there is no value.
pub(super) const NONE: &str = "–";

/// Marks a percentile of too few values in tables.
pub(super) const FEW: &str = "†";

/// Marks a figure of a phase that did not wholly run in tables.
pub(super) const CUT: &str = "‡";

/// The figure as people read it; a dash where it is unavailable.
pub(super) fn shown(figure: &Figure) -> &str {
    if figure.unavailable.is_some() {
        NONE
    } else {
        &figure.text
    }
}

/// [`shown`] with six digits, where three would hide a difference; shares stay in per cent.
pub(super) fn precise(figure: &Figure) -> String {
    match (figure.value, figure.dimension, &figure.unavailable) {
        (Some(value), Some(dimension), None) if !dimension.is_none() => {
            let value = display_precise(Quantity::new(value, dimension));
            match &figure.between {
                Some(bounds) => format!("{value} ({})", bounds.shown(dimension)),
                None => value,
            }
        }
        _ => shown(figure).into(),
    }
}

/// The value in a column's fixed unit, with twelve digits; none where there is no number.
pub(super) fn in_column_unit(figure: &Figure) -> Option<String> {
    let value = figure.value.filter(|v| v.is_finite())?;
    let (_, factor) = column(figure.dimension.unwrap_or(Dimension::NONE));
    Some(number(value / factor, 12))
}

/// A column's unit, and how many base units it has.
pub(super) fn column(dimension: Dimension) -> (String, f64) {
    let unit = column_unit(dimension);
    match parse_unit(&unit) {
        Some((factor, _)) => (unit, factor),
        None => (unit, 1.0),
    }
}

/// A length of time as people say it: `850 ms`, `12.3 s`, `3 min 12 s`, `2 h 5 min`.
pub(super) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.into();
    }
    if seconds < 60.0 {
        return Quantity::seconds(seconds).to_string();
    }
    let whole = seconds.round() as u64;
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes, rest) {
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Arguments as a shell would take them; for people to copy.
pub(super) fn shell(arguments: impl IntoIterator<Item = String>) -> String {
    let quoted = arguments.into_iter().map(|argument| {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
        if !argument.is_empty() && argument.chars().all(safe) {
            argument
        } else {
            format!("'{}'", argument.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// A command without the places that it wrote its results to: a finished run's folder is never
/// written again, so a command that is to be repeated must not name it.
pub(super) fn again(command: Vec<String>) -> Vec<String> {
    const PLACES: [&str; 2] = ["--out", "--json"];
    let mut kept = Vec::new();
    let mut words = command.into_iter();
    while let Some(word) = words.next() {
        if word == "--" {
            kept.push(word);
            kept.extend(words.by_ref());
        } else if PLACES.contains(&word.as_str()) {
            words.next();
        } else if !PLACES.iter().any(|place| {
            word.strip_prefix(place)
                .is_some_and(|rest| rest.starts_with('='))
        }) {
            kept.push(word);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_command_names_no_folder_of_the_run_before() {
        let of = |command: &str| again(command.split(' ').map(String::from).collect()).join(" ");
        assert_eq!(
            of("scn run a.scn --out runs/x -p n=1 --json - b"),
            "scn run a.scn -p n=1 b"
        );
        assert_eq!(
            of("scn run --out=x --json=y a.scn -- --out"),
            "scn run a.scn -- --out"
        );
    }

    #[test]
    fn times_read_well() {
        assert_eq!(duration(0.85), "850 ms");
        assert_eq!(duration(192.2), "3 min 12 s");
        assert_eq!(duration(120.0), "2 min");
        assert_eq!(duration(7500.0), "2 h 5 min");
        assert_eq!(duration(f64::NAN), "–");
    }

    #[test]
    fn columns_have_one_unit_and_no_noise() {
        let ms = Figure::quantity(Quantity::seconds(0.0123));
        assert_eq!(in_column_unit(&ms).as_deref(), Some("12.3"));
        let slow = Figure::quantity(Quantity::seconds(90.0));
        assert_eq!(in_column_unit(&slow).as_deref(), Some("90000"));
        assert_eq!(in_column_unit(&Figure::unavailable("no")), None);
        assert_eq!(in_column_unit(&Figure::text("x")), None);
    }

    #[test]
    fn commands_can_be_copied() {
        let command = ["vllm", "serve", "it's", "a b", ""].map(String::from);
        assert_eq!(shell(command), r"vllm serve 'it'\''s' 'a b' ''");
    }
}
