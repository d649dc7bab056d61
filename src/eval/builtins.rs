//! The builtin functions.

use super::{Evaluator, Handle, Link, Part, Shape, UNKNOWN_SECRET, Value, between, flags, ops};
use crate::diagnostics::{Diagnostic, codes};
use crate::load::spec::Media;
use crate::schema::{self, Builtin};
use crate::source::Span;
use crate::syntax::ast::{Arg, Expr, Ident};
use crate::units::{Dimension, Quantity, column_unit};
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

/// Most GPUs of which `ring` and `mesh` make pairs.
const MOST_LINKED: f64 = 256.0;

/// Arguments by parameter, in the order of the builtin's parameters.
#[derive(Clone)]
pub(super) struct Bound<'e> {
    pub values: Vec<Option<(Value, &'e Expr)>>,
    pub rest: Vec<(Value, &'e Expr)>,
    pub span: Span,
}

impl<'e> Bound<'e> {
    pub(super) fn value(&self, index: usize) -> &Value {
        self.values
            .get(index)
            .and_then(Option::as_ref)
            .map_or(&Value::None, |(value, _)| value)
    }

    /// The first argument.
    pub(super) fn first(&self) -> Option<&(Value, &'e Expr)> {
        self.values.first().and_then(Option::as_ref)
    }

    pub(super) fn expr(&self, index: usize) -> Option<&'e Expr> {
        self.values
            .get(index)
            .and_then(Option::as_ref)
            .map(|(_, expr)| *expr)
    }

    /// The other case that an argument is of, if any.
    fn case(&self) -> Option<Arc<str>> {
        self.values
            .iter()
            .flatten()
            .find_map(|(value, _)| match value {
                Value::Handle(Handle::Of { case, .. }) => Some(case.clone()),
                _ => None,
            })
    }

    /// Takes all arguments for those of one case; whether they are.
    fn take_case(&mut self, one: &str) -> bool {
        self.values.iter_mut().flatten().all(|(value, _)| {
            if let Value::Handle(Handle::Of { case, of }) = value {
                if case.as_ref() != one {
                    return false;
                }
                *value = Value::Handle((**of).clone());
            }
            true
        })
    }

    pub(super) fn span(&self, index: usize) -> Span {
        self.expr(index).map_or(self.span, |expr| expr.span)
    }
}

impl Evaluator<'_> {
    pub(super) fn call(&self, function: &Ident, args: &[(&Arg, Value)], span: Span) -> Value {
        // an unknown function is the checker's to report
        let Some(builtin) = schema::builtin(&function.text) else {
            return Value::Error;
        };
        if builtin.name == "at" {
            return self.at(args, span);
        }
        let Some(mut bound) = self.bind(builtin, args, span) else {
            return Value::Error;
        };
        if let Some(case) = bound.case() {
            return match bound.take_case(&case) {
                true => self.in_case(&case, || self.apply_all(builtin, &bound, span)),
                false => {
                    let message = format!("`{}` reads one case, not several", builtin.name);
                    self.report(
                        Diagnostic::error(codes::BAD_ARGUMENT, span, message)
                            .help("name its phases without `at`: they are of the same case"),
                    );
                    Value::Error
                }
            };
        }
        self.apply_all(builtin, &bound, span)
    }

    fn apply_all(&self, builtin: &Builtin, bound: &Bound<'_>, span: Span) -> Value {
        let all = bound.values.iter().flatten().chain(&bound.rest);
        if all.clone().any(|(value, _)| matches!(value, Value::Error)) {
            return Value::Error;
        }
        if let Some((Value::Unavailable(reason), _)) = all
            .clone()
            .find(|(v, _)| matches!(v, Value::Unavailable(_)))
        {
            return Value::Unavailable(reason.clone());
        }
        if let Some(value) = self.measuring(builtin.name, bound) {
            return value;
        }
        for (value, expr) in all.clone() {
            if let Some(error) = self.not_a_figure(value, expr) {
                return error;
            }
        }
        if all
            .clone()
            .any(|(value, _)| matches!(value, Value::Unknown(_)))
        {
            return self.unmeasured(builtin, bound);
        }
        self.apply(builtin, bound, span)
    }

    /// Puts arguments to parameters; `None` after what is wrong has been reported.
    fn bind<'e>(
        &self,
        builtin: &Builtin,
        args: &[(&'e Arg, Value)],
        span: Span,
    ) -> Option<Bound<'e>> {
        let mut bound = Bound {
            values: vec![None; builtin.parameters.len()],
            rest: Vec::new(),
            span,
        };
        let wrong = |span, message: String| {
            let diagnostic = Diagnostic::error(codes::BAD_ARGUMENT, span, message);
            self.report(diagnostic.help(format!("it is called as {}", builtin.signature)));
        };
        let mut next = 0;
        for (arg, value) in args {
            let index = match &arg.name {
                Some(name) => match builtin.parameters.iter().position(|p| *p == name.text) {
                    Some(index) => index,
                    None => {
                        wrong(
                            name.span,
                            format!("`{}` has no parameter `{}`", builtin.name, name.text),
                        );
                        return None;
                    }
                },
                None if builtin.variadic => {
                    bound.rest.push((value.clone(), &arg.value));
                    continue;
                }
                None => {
                    next += 1;
                    next - 1
                }
            };
            match bound.values.get_mut(index) {
                Some(slot @ None) => *slot = Some((value.clone(), &arg.value)),
                _ => {
                    wrong(
                        arg.value.span,
                        format!("`{}` takes no argument here", builtin.name),
                    );
                    return None;
                }
            }
        }
        let given = if builtin.variadic {
            bound.rest.len()
        } else {
            bound.values.iter().take_while(|v| v.is_some()).count()
        };
        if given < builtin.required {
            wrong(
                span,
                format!(
                    "`{}` needs {} argument{}, {given} given",
                    builtin.name,
                    builtin.required,
                    if builtin.required == 1 { "" } else { "s" }
                ),
            );
            return None;
        }
        Some(bound)
    }

    /// The shape of a call whose arguments are still to be measured.
    fn unmeasured(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let name = builtin.name;
        if name == "round"
            && let Some(error) = self.hidden_unit(bound)
        {
            return error;
        }
        let no_number = |value: &Value| {
            matches!(value, Value::Unknown(Shape::Text | Shape::Bool))
                || !matches!(
                    value,
                    Value::Unknown(_) | Value::Number(_) | Value::Between(_)
                )
        };
        match name {
            "abs" | "round" | "mod" if no_number(bound.value(0)) => {
                self.apply(builtin, bound, bound.span)
            }
            "mod" if no_number(bound.value(1)) => {
                self.wrong_argument(builtin, bound, 1, "a number")
            }
            "len" if ops::dimension_of(bound.value(0)).is_some() => {
                self.apply(builtin, bound, bound.span)
            }
            "range" | "ring" | "mesh"
                if no_number(bound.value(0))
                    || ops::dimension_of(bound.value(0)).is_some_and(|d| !d.is_none()) =>
            {
                self.apply(builtin, bound, bound.span)
            }
            "mod" => self.remainder_to_come(builtin, bound),
            "abs" | "round" => Value::Unknown(match bound.value(0) {
                Value::Unknown(shape) => shape.clone(),
                _ => Shape::Any,
            }),
            "min" | "max" => {
                let dimensions: Vec<_> = bound
                    .rest
                    .iter()
                    .map(|(v, e)| (ops::dimension_of(v), *e))
                    .collect();
                if let [(Some(first), _), others @ ..] = dimensions.as_slice() {
                    if let Some((other, expr)) =
                        others.iter().find(|(d, _)| d.is_some_and(|d| d != *first))
                    {
                        let other = other.map_or_else(String::new, |d| d.describe());
                        return self.fail(
                            codes::DIMENSIONS,
                            expr.span,
                            format!("`{name}` compares {} with {other}", first.describe()),
                        );
                    }
                    return Value::Unknown(Shape::Number(*first));
                }
                Value::Unknown(Shape::Any)
            }
            "fixed" => match ops::dimension_of(bound.value(0)) {
                Some(d) if !d.is_none() => self.needs_bare(bound.value(0), bound.span(0)),
                _ => Value::Unknown(Shape::Text),
            },
            "join" => Value::Unknown(Shape::Text),
            // what does not wait for the answer is checked now
            "contains_any" | "contains_all" | "matches" => {
                let text = match bound.value(0) {
                    Value::Unknown(Shape::Text | Shape::Any) => Value::text(""),
                    known => known.clone(),
                };
                let pattern = matches!(bound.value(1), Value::Unknown(_));
                if pattern {
                    return Value::Unknown(Shape::Bool);
                }
                let mut now = bound.clone();
                if let Some(Some((value, _))) = now.values.first_mut() {
                    *value = text;
                }
                match self.apply(builtin, &now, bound.span) {
                    Value::Error => Value::Error,
                    _ => Value::Unknown(Shape::Bool),
                }
            }
            "len" => Value::Unknown(Shape::Number(Dimension::NONE)),
            _ => Value::Unknown(Shape::Any),
        }
    }

    fn needs_bare(&self, value: &Value, span: Span) -> Value {
        let message = format!("`fixed` takes a bare number, this is {}", value.describe());
        self.report(
            Diagnostic::error(codes::DIMENSIONS, span, message)
                .help("divide by the unit to print it in: fixed(bench.e2e.mean / 1s, 2)"),
        );
        Value::Error
    }

    /// `round` of what has a unit: the whole numbers of which unit is not said.
    fn hidden_unit(&self, bound: &Bound<'_>) -> Option<Value> {
        let dimension = ops::dimension_of(bound.value(0))?;
        if dimension.is_none() || dimension.is_count() {
            return None;
        }
        let text = self.program.sources.text(bound.span(0));
        let text = if text.len() <= 60 { text } else { "…" };
        let unit = match dimension {
            Dimension::TIME => "1ms".to_string(),
            other => format!("1 {}", column_unit(other)),
        };
        let message = format!(
            "`round` takes a bare number, this is {}",
            dimension.describe()
        );
        self.report(
            Diagnostic::error(codes::DIMENSIONS, bound.span(0), message).help(format!(
                "divide by the unit to round to: `round({text} / {unit})`"
            )),
        );
        Some(Value::Error)
    }

    /// The remainder of what is still to be measured.
    fn remainder_to_come(&self, builtin: &Builtin, bound: &Bound<'_>) -> Value {
        let [a, b] = [0, 1].map(|index| ops::dimension_of(bound.value(index)));
        match (a, b) {
            (Some(a), Some(b)) if a != b && !(a.is_count() && b.is_none()) => {
                self.wrong_argument(builtin, bound, 1, &a.describe())
            }
            (Some(dimension), _) | (None, Some(dimension)) => {
                Value::Unknown(Shape::Number(dimension))
            }
            (None, None) => Value::Unknown(Shape::Any),
        }
    }

    /// Reports an argument that is not what the builtin needs there.
    fn wrong_argument(
        &self,
        builtin: &Builtin,
        bound: &Bound<'_>,
        index: usize,
        needs: &str,
    ) -> Value {
        let parameter = builtin.parameters.get(index).copied().unwrap_or("it");
        let message = format!(
            "`{}` takes {needs} as `{parameter}`, this is {}",
            builtin.name,
            bound.value(index).describe()
        );
        self.report(
            Diagnostic::error(codes::BAD_ARGUMENT, bound.span(index), message)
                .help(format!("it is called as {}", builtin.signature)),
        );
        Value::Error
    }

    fn apply(&self, builtin: &Builtin, bound: &Bound<'_>, span: Span) -> Value {
        let wrong = |index: usize, needs: &str| self.wrong_argument(builtin, bound, index, needs);
        if builtin.name == "round"
            && let Some(error) = self.hidden_unit(bound)
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
                let text = text.to_lowercase();
                let mut hits = words.iter().map(|word| match word {
                    Value::Text(word) => text.contains(&word.to_lowercase()),
                    _ => false,
                });
                Value::Bool(if builtin.name == "contains_any" {
                    hits.any(|hit| hit)
                } else {
                    hits.all(|hit| hit)
                })
            }
            ("contains_any" | "contains_all" | "matches", Value::None, _) => Value::Bool(false),
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
            ("len", Value::List(items), _) => Value::plain(items.len() as f64),
            ("len", Value::Record(fields), _) => Value::plain(fields.len() as f64),
            ("len", _, _) => wrong(0, "a text, a list or a record"),
            ("mod", Value::Number(a), Value::Number(b)) => {
                let counts = a.dimension.is_count() && b.dimension.is_none();
                if a.dimension != b.dimension && !counts {
                    return wrong(1, &a.dimension.describe());
                }
                if b.value == 0.0 {
                    return self.fail(
                        codes::ARITHMETIC,
                        bound.span(1),
                        "the remainder of a division by zero",
                    );
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
            ("round", Value::Number(q), _) => {
                Value::Number(Quantity::new(q.value.round(), q.dimension))
            }
            ("abs" | "round", _, _) => wrong(0, "a number"),
            ("range", Value::Number(q), _)
                if q.dimension.is_none() && q.value >= 0.0 && q.value <= 1e6 =>
            {
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
            ("join", Value::List(items), _) if items.contains(&Value::Error) => Value::Error,
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
            ("fixed", Value::Number(_), _) => wrong(1, "a whole number"),
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

    /// The extreme of values of which one is still to be measured, or could not be; none of others.
    fn extreme_to_come(&self, name: &str, values: &[Value], span: Span) -> Option<Value> {
        let lacking = values
            .iter()
            .find(|value| matches!(value, Value::Error | Value::Unavailable(_)));
        if let Some(value) = lacking {
            return Some(value.clone());
        }
        values
            .iter()
            .find(|value| matches!(value, Value::Unknown(_)))?;
        let mut dimensions = values.iter().filter_map(ops::dimension_of);
        let Some(first) = dimensions.next() else {
            return Some(Value::Unknown(Shape::Any));
        };
        Some(match dimensions.find(|other| *other != first) {
            None => Value::Unknown(Shape::Number(first)),
            Some(other) => {
                let message = format!(
                    "`{name}` compares {} with {}",
                    first.describe(),
                    other.describe()
                );
                self.report(
                    Diagnostic::error(codes::DIMENSIONS, span, message)
                        .help("all of the values have one unit: compare the others on their own"),
                );
                Value::Error
            }
        })
    }

    fn extreme(&self, name: &str, bound: &Bound<'_>) -> Value {
        let values: Vec<Value> = match bound.rest.as_slice() {
            [(Value::List(items), _)] => items.as_ref().clone(),
            rest => rest.iter().map(|(value, _)| value.clone()).collect(),
        };
        if let Some(value) = self.extreme_to_come(name, &values, bound.span) {
            return value;
        }
        let mut best: Option<Value> = None;
        for value in values {
            if let Some(open) = best
                .as_ref()
                .and_then(|b| between::extreme(name, b, &value))
            {
                best = Some(open);
                continue;
            }
            match (&value, &best) {
                (Value::Number(_) | Value::Between(_), None) => best = Some(value),
                (Value::Number(q), Some(Value::Number(b))) if q.dimension == b.dimension => {
                    if (q.value < b.value) == (name == "min") {
                        best = Some(value);
                    }
                }
                (Value::Number(_) | Value::Between(_), Some(b)) => {
                    let message = format!(
                        "`{name}` compares {} with {}",
                        b.describe(),
                        value.describe()
                    );
                    return self.fail(codes::DIMENSIONS, bound.span, message);
                }
                (other, _) => {
                    return self.fail(
                        codes::BAD_ARGUMENT,
                        bound.span,
                        format!("`{name}` takes numbers, this is {}", other.describe()),
                    );
                }
            }
        }
        best.unwrap_or_else(|| {
            self.report(
                Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    bound.span,
                    format!("`{name}` of an empty list"),
                )
                .help(format!("give it a value: `{name}(list + [0])`")),
            );
            Value::Error
        })
    }
}
