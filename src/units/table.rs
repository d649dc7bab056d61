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

/// A unit by its name without a prefix.
pub struct Unit {
    pub name: &'static str,
    /// How many base units of the dimension it is.
    pub factor: f64,
    pub dimension: Dimension,
    /// What one of it is, as a noun without an article.
    pub doc: &'static str,
    prefix: Prefix,
}

impl Unit {
    /// The prefixes that it takes, with their factors.
    pub fn prefixes(&self) -> impl Iterator<Item = &'static (&'static str, f64)> {
        let (up, down, binary) = (&PREFIXES[..5], &PREFIXES[5..9], &PREFIXES[9..]);
        let (first, second) = match self.prefix {
            Prefix::None => (&[][..], &[][..]),
            Prefix::Up => (up, &[][..]),
            Prefix::Down => (down, &[][..]),
            Prefix::Binary => (up, binary),
        };
        first.iter().chain(second)
    }
}

const fn unit(
    name: &'static str,
    factor: f64,
    dimension: Dimension,
    prefix: Prefix,
    doc: &'static str,
) -> Unit {
    Unit {
        name,
        factor,
        dimension,
        doc,
        prefix,
    }
}

/// Base names; a name with `bps` is bits per second, so an eighth of a byte.
pub const UNITS: &[Unit] = &[
    unit("%", 0.01, Dimension::NONE, Prefix::None, "hundredth"),
    unit("s", 1.0, Dimension::TIME, Prefix::Down, "second"),
    unit("min", 60.0, Dimension::TIME, Prefix::None, "minute"),
    unit("h", 3600.0, Dimension::TIME, Prefix::None, "hour"),
    unit(
        "d",
        86400.0,
        Dimension::TIME,
        Prefix::None,
        "day of 24 hours",
    ),
    unit("B", 1.0, Dimension::DATA, Prefix::Binary, "byte"),
    unit(
        "bit",
        0.125,
        Dimension::DATA,
        Prefix::Up,
        "bit: an eighth of a byte",
    ),
    unit(
        "bps",
        0.125,
        Dimension::DATA.per(Dimension::TIME),
        Prefix::Up,
        "bit per second, as links are rated",
    ),
    unit("req", 1.0, Dimension::REQUESTS, Prefix::None, "request"),
    unit(
        "tok",
        1.0,
        Dimension::TOKENS,
        Prefix::Up,
        "token, by the model's own tokenizer",
    ),
    unit("img", 1.0, Dimension::IMAGES, Prefix::None, "image"),
    unit("clip", 1.0, Dimension::CLIPS, Prefix::None, "clip of audio"),
    unit("video", 1.0, Dimension::VIDEOS, Prefix::None, "video"),
    unit(
        "FLOP",
        1.0,
        Dimension::COMPUTE,
        Prefix::Up,
        "floating-point operation",
    ),
    unit("J", 1.0, Dimension::ENERGY, Prefix::Up, "joule"),
    unit("Wh", 3600.0, Dimension::ENERGY, Prefix::Up, "watt hour"),
    unit(
        "W",
        1.0,
        Dimension::ENERGY.per(Dimension::TIME),
        Prefix::Up,
        "watt: a joule per second",
    ),
    unit("USD", 1.0, Dimension::MONEY, Prefix::None, "US dollar"),
];

/// Prefixes and their factors: five up, four down, four binary.
pub const PREFIXES: &[(&str, f64)] = &[
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
    ("T", 1e12),
    ("P", 1e15),
    ("m", 1e-3),
    ("u", 1e-6),
    ("µ", 1e-6),
    ("n", 1e-9),
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
    if let Some(unit) = UNITS.iter().find(|unit| unit.name == text) {
        return Some((unit.factor, unit.dimension));
    }
    UNITS.iter().find_map(|unit| {
        let written = text.strip_suffix(unit.name)?;
        let (_, factor) = unit.prefixes().find(|(name, _)| *name == written)?;
        Some((factor * unit.factor, unit.dimension))
    })
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
        "mb" | "Mb" | "M" | "megabytes" => Some("MB"),
        "gb" | "Gb" | "gigabytes" => Some("GB"),
        "kb" | "KB" | "K" | "k" => Some("kB"),
        "mib" | "Mib" | "Mi" => Some("MiB"),
        "gib" | "Gib" | "G" | "Gi" => Some("GiB"),
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
