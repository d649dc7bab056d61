//! Quantities as people read them, and as they can be read back.

use super::{Base, Dimension, Quantity, table::parse_unit};

/// Unit ladders by dimension, smallest first, with the least value (in that unit) it is used from.
const TIME: &[&str] = &["ns", "us", "ms", "s"];
const DATA: &[&str] = &["B", "kB", "MB", "GB", "TB"];
const COMPUTE: &[&str] = &["FLOP", "GFLOP", "TFLOP", "PFLOP"];

/// A short form for people: three significant digits or all of a whole number, and the unit
/// that a reader of the field expects (`12.3 ms`, `537 MB`, `1834 tok/s`).
pub fn display(q: Quantity) -> String {
    with(q, |v| number(v, 3))
}

/// The same with six digits, for evidence where three would hide a difference.
pub fn display_precise(q: Quantity) -> String {
    with(q, |v| number(v, 6))
}

fn with(q: Quantity, digits: impl Fn(f64) -> String) -> String {
    let unit = pick_unit(q);
    if unit.is_empty() {
        return digits(q.value);
    }
    match parse_unit(&unit) {
        Some((factor, _)) => format!("{} {unit}", digits(q.value / factor)),
        // a product of units has no written form; base units say it
        None => format!("{} {unit}", digits(q.value)),
    }
}

/// A form that reads back to the same quantity: all digits, base or usual units. Quantities
/// whose dimension has no written unit come out in base units joined by `·`.
pub fn source_form(q: Quantity) -> String {
    let unit = column_unit(q.dimension);
    // the largest numbers are none any more in a smaller unit
    let holds = |factor: f64| (q.value / factor).is_finite() || !q.value.is_finite();
    match parse_unit(&unit).filter(|(factor, _)| holds(*factor)) {
        Some((factor, _)) => format!("{} {unit}", q.value / factor),
        None if unit.is_empty() => format!("{}", q.value),
        None => format!("{} {}", q.value, q.dimension.unit_text()),
    }
}

/// A number with so many significant digits, whole numbers whole, without trailing zeros.
pub fn number(value: f64, digits: i32) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "not a number".into()
        } else {
            format!("{value}")
        };
    }
    if value == 0.0 {
        return "0".into();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-6..15).contains(&magnitude) {
        return format!("{value:.*e}", (digits - 1).max(0) as usize);
    }
    let decimals = (digits - 1 - magnitude).max(0) as usize;
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// The fixed unit of a column of figures (CSV headers, plots), so that rows can be compared:
/// milliseconds for times, megabytes for data, base units otherwise.
pub fn column_unit(d: Dimension) -> String {
    if d == Dimension::TIME {
        "ms".into()
    } else if d == Dimension::DATA {
        "MB".into()
    } else if d == Dimension::ENERGY.per(Dimension::TIME) {
        "W".into()
    } else if d == Dimension::MONEY.per(Dimension::TIME) {
        "USD/h".into()
    } else if d == Dimension::MONEY.per(Dimension::TOKENS) {
        "USD/Mtok".into()
    } else if d == Dimension::DATA.per(Dimension::TIME) {
        "MB/s".into()
    } else if d == Dimension::DATA.per(Dimension::REQUESTS) {
        "MB/req".into()
    } else {
        d.unit_text()
    }
}

fn pick_unit(q: Quantity) -> String {
    let d = q.dimension;
    if d.is_none() {
        return String::new();
    }
    // minutes and hours only where seconds would be hard to read
    if d == Dimension::TIME && q.value.abs() >= 6.0 * 3600.0 {
        return "h".into();
    }
    if d == Dimension::TIME && q.value.abs() >= 600.0 {
        return "min".into();
    }
    let fixed = column_unit(d);
    if matches!(fixed.as_str(), "W" | "USD/h" | "USD/Mtok") {
        return fixed;
    }
    let powers: Vec<(Base, i8)> = d.powers().collect();
    let above: Vec<&(Base, i8)> = powers.iter().filter(|(_, p)| *p > 0).collect();
    let below: Vec<&(Base, i8)> = powers.iter().filter(|(_, p)| *p < 0).collect();
    let ladder = match above.as_slice() {
        [(Base::Time, 1)] => TIME,
        [(Base::Data, 1)] => DATA,
        [(Base::Compute, 1)] => COMPUTE,
        _ => return d.unit_text(),
    };
    let suffix = match below.as_slice() {
        [] => String::new(),
        [(base, -1)] => format!("/{}", base.unit()),
        _ => return d.unit_text(),
    };
    if q.value == 0.0 {
        return format!("{}{suffix}", if ladder == TIME { "s" } else { ladder[0] });
    }
    let fits =
        |unit: &&&str| parse_unit(unit).is_some_and(|(factor, _)| q.value.abs() / factor >= 0.9995);
    let unit = ladder.iter().rev().find(fits).unwrap_or(&ladder[0]);
    format!("{unit}{suffix}")
}
