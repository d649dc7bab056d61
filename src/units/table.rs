//! The units that can be written, as one table of names, factors and prefixes.

use super::Dimension;

/// Which prefixes a unit takes.
#[derive(Clone, Copy, PartialEq)]
enum Prefix {
    None,
    /// k M G T P (decimal).
    Up,
    /// n u µ m.
    Down,
    /// Decimal, and Ki Mi Gi Ti.
    Binary,
}

struct Row {
    name: &'static str,
    factor: f64,
    dimension: Dimension,
    prefix: Prefix,
}

const fn row(name: &'static str, factor: f64, dimension: Dimension, prefix: Prefix) -> Row {
    Row {
        name,
        factor,
        dimension,
        prefix,
    }
}

/// Base names; a name with `bps` is bits per second, so an eighth of a byte.
const ROWS: &[Row] = &[
    row("%", 0.01, Dimension::NONE, Prefix::None),
    row("s", 1.0, Dimension::TIME, Prefix::Down),
    row("min", 60.0, Dimension::TIME, Prefix::None),
    row("h", 3600.0, Dimension::TIME, Prefix::None),
    row("d", 86400.0, Dimension::TIME, Prefix::None),
    row("B", 1.0, Dimension::DATA, Prefix::Binary),
    row("bit", 0.125, Dimension::DATA, Prefix::Up),
    row(
        "bps",
        0.125,
        Dimension::DATA.per(Dimension::TIME),
        Prefix::Up,
    ),
    row("req", 1.0, Dimension::REQUESTS, Prefix::None),
    row("tok", 1.0, Dimension::TOKENS, Prefix::Up),
    row("img", 1.0, Dimension::IMAGES, Prefix::None),
    row("clip", 1.0, Dimension::CLIPS, Prefix::None),
    row("video", 1.0, Dimension::VIDEOS, Prefix::None),
    row("FLOP", 1.0, Dimension::COMPUTE, Prefix::Up),
    row("J", 1.0, Dimension::ENERGY, Prefix::Up),
    row("Wh", 3600.0, Dimension::ENERGY, Prefix::Up),
    row("W", 1.0, Dimension::ENERGY.per(Dimension::TIME), Prefix::Up),
    row("USD", 1.0, Dimension::MONEY, Prefix::None),
];

const UP: &[(&str, f64)] = &[("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)];
const DOWN: &[(&str, f64)] = &[("m", 1e-3), ("u", 1e-6), ("µ", 1e-6), ("n", 1e-9)];
const BINARY: &[(&str, f64)] = &[
    ("Ki", 1024.0),
    ("Mi", 1_048_576.0),
    ("Gi", 1_073_741_824.0),
    ("Ti", 1_099_511_627_776.0),
];

/// A unit as written (`MB`, `tok/s`, `USD/Mtok`, `%`): its factor to base units and dimension.
pub fn parse_unit(text: &str) -> Option<(f64, Dimension)> {
    match text.split_once('/') {
        None => simple(text),
        Some((above, below)) => {
            let (up, over) = simple(above)?;
            let (down, under) = simple(below)?;
            Some((up / down, over.per(under)))
        }
    }
}

fn simple(text: &str) -> Option<(f64, Dimension)> {
    if let Some(row) = ROWS.iter().find(|row| row.name == text) {
        return Some((row.factor, row.dimension));
    }
    ROWS.iter().find_map(|row| {
        let prefix = text.strip_suffix(row.name)?;
        let factor = match row.prefix {
            Prefix::None => None,
            Prefix::Up => find(UP, prefix),
            Prefix::Down => find(DOWN, prefix),
            Prefix::Binary => find(UP, prefix).or_else(|| find(BINARY, prefix)),
        }?;
        Some((factor * row.factor, row.dimension))
    })
}

fn find(prefixes: &[(&str, f64)], name: &str) -> Option<f64> {
    prefixes
        .iter()
        .find(|(prefix, _)| *prefix == name)
        .map(|(_, factor)| *factor)
}

/// Every simple unit in common use, for completion and for tests.
pub fn known_units() -> &'static [&'static str] {
    &[
        "%", "ns", "us", "ms", "s", "min", "h", "d", "B", "kB", "MB", "GB", "TB", "KiB", "MiB",
        "GiB", "TiB", "bps", "Mbps", "Gbps", "req", "tok", "ktok", "Mtok", "img", "clip", "video",
        "FLOP", "GFLOP", "TFLOP", "J", "kJ", "Wh", "kWh", "W", "kW", "USD", "req/s", "req/min",
        "tok/s", "img/s", "clip/s", "video/s", "MB/s", "GB/s", "TB/s", "GiB/s", "TFLOP/s", "USD/h",
        "USD/Mtok", "MB/req", "kB/req", "B/tok", "J/tok", "ms/tok",
    ]
}

/// Units that the writer may have meant: another spelling first, then the nearest by letters.
pub fn suggest_units(text: &str) -> Vec<&'static str> {
    let spelled = match text {
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "msec" | "millis" | "milliseconds" => Some("ms"),
        "m" | "mins" | "minute" | "minutes" => Some("min"),
        "hr" | "hrs" | "hour" | "hours" => Some("h"),
        "mb" | "Mb" | "megabytes" => Some("MB"),
        "gb" | "Gb" | "gigabytes" => Some("GB"),
        "kb" | "KB" | "K" => Some("kB"),
        "mib" | "Mib" => Some("MiB"),
        "gib" | "Gib" | "G" => Some("GiB"),
        "token" | "tokens" | "toks" => Some("tok"),
        "request" | "requests" | "reqs" | "r" => Some("req"),
        "rps" | "qps" | "r/s" | "requests/s" => Some("req/s"),
        "tps" | "tokens/s" | "toks/s" => Some("tok/s"),
        "image" | "images" => Some("img"),
        "pct" | "percent" => Some("%"),
        "$" | "usd" | "dollar" | "dollars" => Some("USD"),
        "GBps" => Some("GB/s"),
        "MBps" => Some("MB/s"),
        "TFLOPS" | "TFLOPs" | "tflops" => Some("TFLOP/s"),
        _ => None,
    };
    if let Some(unit) = spelled {
        return vec![unit];
    }
    // the same letters, in capitals or not: one unit alone is meant
    let lower = text.to_lowercase();
    let mut same = known_units()
        .iter()
        .filter(|unit| unit.to_lowercase() == lower);
    if let (Some(unit), None) = (same.next(), same.next()) {
        return vec![unit];
    }
    let mut near: Vec<(usize, &'static str)> = known_units()
        .iter()
        .map(|unit| {
            (
                strsim::damerau_levenshtein(&text.to_lowercase(), &unit.to_lowercase()),
                *unit,
            )
        })
        .filter(|(distance, unit)| *distance <= 1.max(unit.len() / 3))
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, unit)| unit).collect()
}
