//! What each builtin comes to, of values that are known.

use super::{Bound, words};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Link, Part, Shape, UNKNOWN_SECRET, Value, flags};
use crate::load::spec::Media;
use crate::schema::Builtin;
use crate::source::Span;
use crate::units::Quantity;
use crate::versions::Versions;
use std::sync::Arc;

/// Whether a link leads where it says, and runs nothing.
fn harmless(url: &str) -> bool {
    let path = || {
        let scheme = url
            .split(['/', '?', '#'])
            .next()
            .is_some_and(|head| head.contains(':'));
        !scheme && !url.starts_with("//")
    };
    let web = ["http://", "https://"]
        .iter()
        .any(|scheme| url.starts_with(scheme));
    !url.trim().is_empty() && !url.chars().any(char::is_control) && (web || path())
}

/// Whether something was wrong with one of them, which has been said.
fn any_wrong(items: &[Value]) -> bool {
    items.iter().any(|item| matches!(item, Value::Error))
}

/// Most GPUs of which `ring` and `mesh` make pairs.
const MOST_LINKED: f64 = 256.0;

/// What `fixed` takes for how many digits follow the point.
pub(super) const DIGITS: &str = "a whole number from 0 to 12";

pub(super) fn is_digits(value: &Value) -> bool {
    matches!(value, Value::Number(q) if q.dimension.is_none()
        && q.value.fract() == 0.0
        && (0.0..=12.0).contains(&q.value))
}

impl Evaluator<'_> {
    pub(super) fn apply(&self, builtin: &Builtin, bound: &Bound<'_>, span: Span) -> Value {
        let wrong = |index: usize, needs: &str| self.wrong_argument(builtin, bound, index, needs);
        if matches!(builtin.name, "round" | "floor" | "ceil")
            && let Some(error) = self.hidden_unit(builtin.name, bound)
        {
            return error;
        }
        match (builtin.name, bound.value(0), bound.value(1)) {
            ("text", Value::Text(text), _) => Value::Part(Part::Text(text.clone())),
            ("image" | "audio" | "video", Value::Text(source), _) => {
                let file = bound.expr(0).map_or(span.file, |expr| expr.span.file);
                let base = self
                    .program
                    .sources
                    .get(file)
                    .folder()
                    .map(std::path::Path::to_path_buf);
                Value::Part(Part::Media {
                    kind: match builtin.name {
                        "audio" => Media::Audio,
                        "video" => Media::Video,
                        _ => Media::Image,
                    },
                    source: source.clone(),
                    base,
                })
            }
            ("text" | "image" | "audio" | "video", _, _) => wrong(0, "a text"),
            ("contains_any" | "contains_all", Value::Text(_), Value::List(words))
                if !words.iter().all(|word| matches!(word, Value::Text(_))) =>
            {
                match words.iter().find(|word| !matches!(word, Value::Text(_))) {
                    Some(Value::Error) => Value::Error,
                    Some(Value::Secret(_)) => wrong(1, "a list of texts, none of them secret"),
                    _ => wrong(1, "a list of texts"),
                }
            }
            ("contains_any" | "contains_all", Value::Text(text), Value::List(words)) => {
                let text = words::Plain::new(text);
                let mut hits = words.iter().map(|word| match word {
                    Value::Text(word) => text.has(word),
                    _ => false,
                });
                Value::Bool(if builtin.name == "contains_any" {
                    hits.any(|hit| hit)
                } else {
                    hits.all(|hit| hit)
                })
            }
            ("contains_any" | "contains_all" | "matches", Value::None, _) => Value::Bool(false),
            ("contains_any" | "contains_all", Value::Text(_), Value::Text(_)) => {
                self.one_word(builtin, bound)
            }
            ("contains_any" | "contains_all", Value::Text(_), _) => wrong(1, "a list of texts"),
            ("contains_any" | "contains_all", _, _) => wrong(0, "a text"),
            ("version_in", Value::None, Value::Text(_)) => Value::Bool(false),
            ("version_in", Value::Text(version), Value::Text(others)) => {
                match (version.parse::<Versions>(), others.parse::<Versions>()) {
                    (Ok(version), Ok(others)) => Value::Bool(version.lies_in(&others)),
                    (Err(_), _) => wrong(0, "a version"),
                    (_, Err(_)) => wrong(1, "versions"),
                }
            }
            ("version_in", Value::Text(_) | Value::None, _) => wrong(1, "versions in quotes"),
            ("version_in", _, _) => wrong(0, "a version in quotes"),
            ("matches", Value::Text(text), Value::Text(pattern)) => {
                match regex::Regex::new(pattern) {
                    Ok(regex) => Value::Bool(regex.is_match(text)),
                    Err(error) => self.bad_pattern(&error, bound.span(1)),
                }
            }
            ("matches", Value::Text(_), _) => wrong(1, "a pattern in quotes"),
            ("matches", _, _) => wrong(0, "a text"),
            ("len", Value::Text(text), _) => Value::plain(text.chars().count() as f64),
            // what is wrong in it has been said, and what follows from its length is not meant
            ("len", Value::List(items), _) if any_wrong(items) => Value::Error,
            ("len", Value::List(items), _) => Value::plain(items.len() as f64),
            ("len", Value::Record(fields), _) => Value::plain(fields.len() as f64),
            ("len", _, _) => wrong(0, "a text, a list or a record"),
            ("mod", Value::Number(a), Value::Number(b)) => {
                let counts = a.dimension.is_count() && b.dimension.is_none();
                if a.dimension != b.dimension && !counts {
                    return wrong(1, &a.dimension.describe());
                }
                if b.value == 0.0 {
                    return self.remainder_by_zero(bound);
                }
                Value::Number(Quantity::new(
                    a.value - b.value * (a.value / b.value).floor(),
                    a.dimension,
                ))
            }
            ("mod", Value::Number(_), value) if !matches!(value, Value::Between(_)) => {
                wrong(1, "a number")
            }
            ("mod", value, _) if !matches!(value, Value::Number(_) | Value::Between(_)) => {
                wrong(0, "a number")
            }
            ("abs", Value::Between(between), _) => between.abs(),
            ("min" | "max", _, _) => self.extreme(builtin.name, bound),
            // the others are of numbers that are known
            (_, Value::Between(between), _) | (_, _, Value::Between(between)) => {
                Value::Unavailable(between.why.clone())
            }
            ("abs", Value::Number(q), _) => {
                Value::Number(Quantity::new(q.value.abs(), q.dimension))
            }
            ("round" | "floor" | "ceil", Value::Number(q), _) => {
                let whole = match builtin.name {
                    "floor" => q.value.floor(),
                    "ceil" => q.value.ceil(),
                    _ => q.value.round(),
                };
                Value::Number(Quantity::new(whole, q.dimension))
            }
            ("abs" | "round" | "floor" | "ceil", _, _) => wrong(0, "a number"),
            ("range", Value::Number(q), _)
                if q.dimension.is_none() && q.value >= 0.0 && q.value <= 1e6 =>
            {
                let bytes = q.value as usize * size_of::<Value>();
                if self.full_for(bytes, bound.span) {
                    return Value::Error;
                }
                Value::list(
                    (0..q.value as u64)
                        .map(|i| Value::plain(i as f64))
                        .collect(),
                )
            }
            ("range", _, _) => wrong(0, "a whole number up to a million"),
            ("ring" | "mesh", Value::Number(q), _)
                if q.dimension.is_none()
                    && q.value.fract() == 0.0
                    && (2.0..=MOST_LINKED).contains(&q.value) =>
            {
                let n = q.value as u64;
                let pairs: Vec<(u64, u64)> = match builtin.name {
                    // two are neighbours once
                    "ring" if n == 2 => vec![(0, 1)],
                    "ring" => (0..n).map(|i| (i, (i + 1) % n)).collect(),
                    _ => (0..n)
                        .flat_map(|i| (i + 1..n).map(move |j| (i, j)))
                        .collect(),
                };
                let pair = |(a, b): (u64, u64)| {
                    Value::list(vec![Value::plain(a as f64), Value::plain(b as f64)])
                };
                Value::list(pairs.into_iter().map(pair).collect())
            }
            ("ring" | "mesh", _, _) => wrong(0, "a whole number from 2 to 256"),
            // what is wrong with an item has been said where it stands
            ("join", Value::List(items), _)
                if items.iter().any(|item| matches!(item, Value::Error)) =>
            {
                Value::Error
            }
            ("join", Value::List(items), Value::Text(_))
                if items.iter().any(|item| matches!(item, Value::Unknown(_))) =>
            {
                Value::Unknown(Shape::Text)
            }
            ("join", Value::List(items), _) if any_wrong(items) => Value::Error,
            ("join", Value::List(items), Value::Text(separator)) => {
                let texts: Option<Vec<String>> = items.iter().map(Value::shown).collect();
                texts.map_or_else(
                    || wrong(0, "a list of texts"),
                    |texts| self.bounded(texts.join(separator), span),
                )
            }
            ("join", Value::List(_), _) => wrong(1, "a text"),
            ("join", _, _) => wrong(0, "a list"),
            ("keys", Value::Record(fields), _) => {
                Value::list(fields.keys().map(|key| Value::text(key.as_str())).collect())
            }
            ("keys", _, _) => wrong(0, "a record"),
            ("get", Value::Record(fields), Value::Text(key)) => fields
                .get(key.as_ref())
                .cloned()
                .unwrap_or_else(|| bound.value(2).clone()),
            ("get", Value::None, Value::Text(_)) => bound.value(2).clone(),
            ("get", Value::Record(_), _) => wrong(1, "a text"),
            ("get", _, _) => wrong(0, "a record"),
            ("flags", Value::Record(fields), _) => match flags::words(fields) {
                Ok(words) => Value::list(words),
                Err(what) => {
                    let message = format!("`flags` cannot pass {what}");
                    self.report(
                        Diagnostic::error(codes::BAD_ARGUMENT, bound.span(0), message).help(
                            "values are texts, bare numbers, true, false, none, and lists and records of these; divide a quantity by the unit that the flag takes",
                        ),
                    );
                    Value::Error
                }
            },
            ("flags", Value::None, _) => Value::list(Vec::new()),
            ("flags", _, _) => wrong(0, "a record"),
            ("link", Value::Text(text), Value::Text(url)) => match harmless(url) {
                true => Value::Link(Arc::new(Link {
                    text: text.clone(),
                    url: url.clone(),
                })),
                false => {
                    let message = format!("`link` does not lead to `{url}`");
                    self.report(
                        Diagnostic::error(codes::BAD_ARGUMENT, bound.span(1), message)
                            .help("write an http:// or https:// URL, or a path beside the report"),
                    );
                    Value::Error
                }
            },
            ("link", Value::Text(_), _) => wrong(1, "a text"),
            ("link", _, _) => wrong(0, "a text"),
            ("fixed", Value::Number(_), digits) if !is_digits(digits) => wrong(1, DIGITS),
            ("fixed", Value::Number(q), Value::Number(digits)) if q.dimension.is_none() => {
                Value::text(format!(
                    "{:.*}",
                    digits.value.clamp(0.0, 12.0) as usize,
                    q.value
                ))
            }
            ("fixed", Value::Number(_), Value::Number(_)) => {
                self.needs_bare(bound.value(0), bound.span(0))
            }
            ("fixed", Value::Number(_), _) => wrong(1, DIGITS),
            ("fixed", _, _) => wrong(0, "a bare number"),
            ("data", Value::Text(name), _) => self.data(name, bound.span(0)),
            ("data", _, _) => wrong(0, "a file name"),
            (
                "uniform" | "normal" | "lognormal" | "zipf" | "empirical" | "constant" | "poisson"
                | "gamma" | "ramp",
                _,
                _,
            ) => self.random(builtin, bound),
            ("env", Value::Text(name), default) => match std::env::var(name.as_ref()) {
                Ok(value) => self.secret(&value),
                Err(_) => match default {
                    Value::Text(text) => self.secret(text),
                    // it was set when the run was made
                    Value::None if bound.expr(1).is_none() && self.program.kept.is_some() => {
                        Value::Secret(UNKNOWN_SECRET.into())
                    }
                    Value::None if bound.expr(1).is_none() => {
                        let message = format!("the environment has no variable `{name}`");
                        self.report(
                            Diagnostic::error(codes::UNSET_VARIABLE, bound.span(0), message)
                                .says("not set where scn was started")
                                .help(format!("set it, or give a default: env(\"{name}\", none)")),
                        );
                        // the rest of the file can be looked at all the same
                        Value::Secret(UNKNOWN_SECRET.into())
                    }
                    other => other.clone(),
                },
            },
            ("env", _, _) => wrong(0, "a text"),
            ("secret", Value::Text(text) | Value::Secret(text), _) => self.secret(text),
            ("secret", _, _) => wrong(0, "a text"),
            (name, _, _) => self.fail(
                codes::BAD_ARGUMENT,
                span,
                format!("`{name}` cannot be called here"),
            ),
        }
    }

    /// A regular expression that cannot be read.
    pub fn bad_pattern(&self, error: &regex::Error, span: Span) -> Value {
        // the last line says what is wrong; those above draw the pattern again
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default();
        let why = last.trim().trim_start_matches("error: ");
        self.report(
            Diagnostic::error(
                codes::BAD_ARGUMENT,
                span,
                format!("this pattern cannot be read: {why}"),
            )
            .help("a sign that stands for itself is written with a backslash: \\( \\[ \\."),
        );
        Value::Error
    }
}
