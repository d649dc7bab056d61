//! The Prometheus text format, version 0.0.4, as servers' `/metrics` answer it.
//!
//! Ours, because prometheus-parse 0.2.5 skips names with a colon (which engines' mostly have)
//! and splits labels at every comma, quoted or not.

use std::borrow::Cow;
use std::collections::HashMap;

/// A line with more labels than this is skipped.
const MAX_LABELS: usize = 128;
/// Samples after so many are skipped.
const MAX_SAMPLES: usize = 500_000;

/// What a `# TYPE` line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleType {
    Counter,
    Gauge,
    Histogram,
    Summary,
    Untyped,
}

impl SampleType {
    fn parse(word: &str) -> Self {
        match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            _ => Self::Untyped,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Untyped => "untyped series",
        }
    }
}

/// Labels in the order in which they were written.
pub type Labels<'a> = Vec<(&'a str, Cow<'a, str>)>;

/// One line's value. A histogram's lines are samples `x_bucket`, `x_sum` and `x_count`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample<'a> {
    pub name: &'a str,
    pub labels: Labels<'a>,
    /// May be NaN or infinite.
    pub value: f64,
}

/// One whole answer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Exposition<'a> {
    pub samples: Vec<Sample<'a>>,
    pub types: HashMap<&'a str, SampleType>,
    /// Lines that are not in the format.
    pub skipped: usize,
}

/// Reads what can be read of any text; lines that are not in the format are counted.
pub fn parse(text: &str) -> Exposition<'_> {
    let mut found = Exposition::default();
    for line in text.lines() {
        let line = line.trim_matches([' ', '\t', '\r']);
        if line.is_empty() {
            continue;
        }
        if let Some(comment) = line.strip_prefix('#') {
            let mut words = comment.split_ascii_whitespace();
            if let (Some("TYPE"), Some(name), Some(kind)) =
                (words.next(), words.next(), words.next())
            {
                found.types.insert(name, SampleType::parse(kind));
            }
            continue;
        }
        match sample(line) {
            Some(sample) if found.samples.len() < MAX_SAMPLES => found.samples.push(sample),
            _ => found.skipped += 1,
        }
    }
    found
}

fn sample(line: &str) -> Option<Sample<'_>> {
    let (name, rest) = word(line, |c| c == ':')?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => labels(inside)?,
        None if rest.starts_with([' ', '\t']) => (Labels::new(), rest),
        // `name {…}` is allowed too, and is handled by trimming below.
        None => return None,
    };
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) if labels.is_empty() => self::labels(inside)?,
        _ => (labels, rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse().ok()?;
    // A timestamp may follow, or an OpenMetrics exemplar.
    match words.next() {
        None => {}
        Some(next) if next.starts_with('#') || next.parse::<f64>().is_ok() => {}
        Some(_) => return None,
    }
    Some(Sample {
        name,
        labels,
        value,
    })
}

/// The name at the start of a text: letters, digits, `_`, and what else is allowed.
fn word(text: &str, also: fn(char) -> bool) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || also(c)))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let starts_well = name.starts_with(|c: char| !c.is_ascii_digit());
    starts_well.then_some((name, rest))
}

/// Labels up to the closing brace, and what follows it.
fn labels(mut text: &str) -> Option<(Labels<'_>, &str)> {
    let mut found = Labels::new();
    loop {
        text = text.trim_start();
        if let Some(rest) = text.strip_prefix('}') {
            return Some((found, rest));
        }
        if found.len() == MAX_LABELS {
            return None;
        }
        let (name, rest) = word(text, |_| false)?;
        let rest = rest.trim_start().strip_prefix('=')?.trim_start();
        let (value, rest) = quoted(rest.strip_prefix('"')?)?;
        found.push((name, value));
        text = rest.trim_start();
        match text.strip_prefix(',') {
            Some(rest) => text = rest,
            None if text.starts_with('}') => {}
            None => return None,
        }
    }
}

/// A label value up to its closing quote, and what follows.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped: Option<String> = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => {
                let rest = &text[at + 1..];
                return Some((escaped.map_or(Cow::Borrowed(&text[..at]), Cow::Owned), rest));
            }
            '\\' => {
                let value = escaped.get_or_insert_with(|| text[..at].to_string());
                match chars.next()?.1 {
                    'n' => value.push('\n'),
                    c @ ('\\' | '"') => value.push(c),
                    // As Prometheus does, an unknown escape stays as it is.
                    c => value.extend(['\\', c]),
                }
            }
            c => {
                if let Some(value) = &mut escaped {
                    value.push(c);
                }
            }
        }
    }
    None
}

/// Which series a metric is read from: `name`, or `name{label="value", …}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    pub name: String,
    pub labels: Vec<(String, String)>,
}

/// A selector that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no series: write a name, or name{{label=\"value\"}}")]
pub struct SelectorError(pub String);

impl std::str::FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        let error = || SelectorError(text.into());
        let (name, rest) = word(text.trim(), |c| c == ':').ok_or_else(error)?;
        let rest = rest.trim_start();
        let (labels, rest) = match rest.strip_prefix('{') {
            Some(inside) => labels(inside).ok_or_else(error)?,
            None => (Labels::new(), rest),
        };
        if !rest.is_empty() {
            return Err(error());
        }
        Ok(Self {
            name: name.into(),
            labels: labels
                .into_iter()
                .map(|(name, value)| (name.into(), value.into_owned()))
                .collect(),
        })
    }
}

impl Selector {
    /// The values of all label sets that match, of the series `name` + `suffix`.
    pub fn values<'a>(
        &'a self,
        exposition: &'a Exposition<'_>,
        suffix: &'a str,
    ) -> impl Iterator<Item = f64> + 'a {
        let matches = move |sample: &&Sample<'_>| {
            sample.name.strip_prefix(self.name.as_str()) == Some(suffix)
                && self.labels.iter().all(|(name, value)| {
                    let mut labels = sample.labels.iter();
                    labels.any(|(n, v)| n == name && v == value)
                })
        };
        exposition
            .samples
            .iter()
            .filter(matches)
            .map(|sample| sample.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(line: &str) -> Sample<'_> {
        sample(line).unwrap_or_else(|| panic!("`{line}` should be read"))
    }

    #[test]
    fn reads_names_labels_and_values() {
        let sample = one(r#"vllm:num_requests_running{engine="0",model_name="a,b=c}"} 3.0"#);
        assert_eq!(sample.name, "vllm:num_requests_running");
        assert_eq!(
            sample.labels,
            [("engine", "0".into()), ("model_name", "a,b=c}".into())]
        );
        assert_eq!(sample.value, 3.0);
        assert_eq!(one("up 1 1395066363000").value, 1.0);
        assert_eq!(one("a{} -2.5e-3").value, -0.0025);
        assert_eq!(one("a { x = \"1\" , } +Inf").value, f64::INFINITY);
        assert!(one("a NaN").value.is_nan());
        assert_eq!(one(r#"b{le="1"} 7 # {trace="x"} 0.5"#).value, 7.0);
    }

    #[test]
    fn reads_escapes() {
        assert_eq!(
            one(r#"a{path="C:\\x\"y\nz\q"} 1"#).labels[0].1,
            "C:\\x\"y\nz\\q"
        );
    }

    #[test]
    fn other_lines_are_counted_not_guessed() {
        let text = "a 1\n<html>\n1a 2\na{x=\"1\" 2\na{x=1} 2\na{x=\"1\"}\na one\na 1 2x\nb\r\n\n# c\nd 4\r\n";
        let found = parse(text);
        assert_eq!(found.samples.len(), 2);
        assert_eq!(found.skipped, 8);
        let many = format!("a{{{}}} 1", "x=\"1\",".repeat(MAX_LABELS + 1));
        assert_eq!(parse(&many).skipped, 1);
    }

    #[test]
    fn a_type_line_names_the_kind() {
        let found = parse("# HELP h words\n# TYPE h histogram\nh_sum 2\nh_count 1\n");
        assert_eq!(found.types["h"], SampleType::Histogram);
    }

    #[test]
    fn a_selector_takes_the_label_sets_that_match() {
        let found = parse("x{e=\"0\",m=\"t\"} 1\nx{e=\"1\",m=\"t\"} 2\nx_sum{e=\"1\"} 8\nxy 4\n");
        let values = |text: &str, suffix: &str| -> Vec<f64> {
            let selector: Selector = text.parse().unwrap();
            selector.values(&found, suffix).collect()
        };
        assert_eq!(values("x", ""), [1.0, 2.0]);
        assert_eq!(values("x{e=\"1\"}", ""), [2.0]);
        assert_eq!(values("x{m=\"t\",e=\"0\"}", ""), [1.0]);
        assert_eq!(values("x", "_sum"), [8.0]);
        assert!(values("x{e=\"2\"}", "").is_empty());
        for bad in ["", "1x", "x{", "x{e=1}", "x y", "x{e=\"1\"} z"] {
            assert!(bad.parse::<Selector>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(text in "(\\PC|[\n{}\"\\\\,= #])*") {
            let found = parse(&text);
            prop_assert!(found.samples.len() + found.skipped <= text.lines().count());
            let _ = text.parse::<Selector>();
        }

        #[test]
        fn what_was_written_is_read(
            name in "[a-zA-Z_:][a-zA-Z0-9_:]{0,12}",
            labels in prop::collection::vec(("[a-zA-Z_][a-z0-9_]{0,6}", "(\\PC|[\n\"\\\\]){0,10}"), 0..5),
            value in prop::num::f64::NORMAL | prop::num::f64::ZERO,
        ) {
            let escape = |v: &str| v.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let inside: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", escape(v))).collect();
            let line = format!("{name}{{{}}} {value:e}", inside.join(","));
            // Other line breaks than \n are part of a value and end no line.
            let read = sample(&line).expect("a line in the format");
            prop_assert_eq!(read.name, name);
            prop_assert_eq!(read.value, value);
            let pairs: Vec<(String, String)> =
                read.labels.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
            prop_assert_eq!(pairs, labels);
        }
    }
}
