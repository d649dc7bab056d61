//! What templates can do with the result model besides what Jinja gives them.

use super::figures::{self, NONE};
use super::model::{Bounds, Figure, Verdict};
use super::tally::Sign;
use super::{markdown, tables, text};
use crate::syntax::ast::CheckLevel;
use crate::units::{Dimension, number};
use indexmap::IndexMap;
use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};

/// The names, for "did you mean".
pub(super) const NAMES: [&str; 20] = [
    "code",
    "duration",
    "fence",
    "fig",
    "figure_table",
    "mb",
    "md",
    "md_table",
    "metric",
    "ms",
    "num",
    "one_line",
    "pct",
    "phase_rows",
    "plain",
    "precise",
    "series_rows",
    "shell",
    "short",
    "sign",
];

pub(super) fn add(env: &mut Environment<'_>) {
    env.add_filter("plain", |v: &Value| string(v).map(|s| text::plain(&s)));
    env.add_filter("one_line", |v: &Value| {
        string(v).map(|s| text::one_line(&s))
    });
    env.add_filter("short", |v: &Value, most: usize| {
        string(v).map(|s| text::short(&s, most))
    });
    env.add_filter("md", |v: &Value| string(v).map(|s| markdown::escape(&s)));
    env.add_filter("code", |v: &Value| string(v).map(|s| markdown::code(&s)));
    env.add_filter("fence", |v: &Value| string(v).map(|s| markdown::fence(&s)));
    env.add_filter("shell", |v: &Value| {
        let arguments = v.try_iter()?.map(|a| string(&a));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        Ok::<_, Error>(figures::shell(arguments))
    });
    env.add_filter("again", |command: Vec<String>| figures::again(command));
    env.add_filter("fig", |v: &Value| string(v));
    env.add_filter("precise", precise);
    env.add_filter("ms", |v: &Value| scaled(v, 1e3, " ms"));
    env.add_filter("mb", |v: &Value| scaled(v, 1e-6, " MB"));
    env.add_filter("pct", |v: &Value| scaled(v, 100.0, " %"));
    env.add_filter("num", |v: &Value, options: Kwargs| {
        let digits: Option<i32> = options.get("digits")?;
        options.assert_all_used()?;
        Ok::<_, Error>(match amount(v)? {
            Some(n) => number(n, digits.unwrap_or(3).clamp(1, 15)),
            None => NONE.into(),
        })
    });
    env.add_filter("duration", |v: &Value| {
        Ok::<_, Error>(amount(v)?.map_or(NONE.into(), figures::duration))
    });
    env.add_filter("metric", |map: &Value, name: &str| {
        map.get_item(&Value::from(name)).map(|found| {
            if found.is_undefined() {
                Value::from(())
            } else {
                found
            }
        })
    });
    env.add_filter("sign", sign);
    env.add_filter("md_table", tables::md_table);
    env.add_filter("figure_table", tables::figure_table);
    env.add_filter("phase_rows", phase_rows);
    env.add_filter("series_rows", series_rows);
    env.add_test("available", |v: &Value| {
        Ok::<_, Error>(!v.is_none() && attribute(v, "unavailable")?.is_none_or(|u| u.is_none()))
    });
}

/// A text, a number or a figure as people read it; a dash for what is not there.
pub(super) fn string(value: &Value) -> Result<String, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => Ok(NONE.into()),
        ValueKind::Map => {
            let figure = figure(value)?;
            Ok(figures::shown(&figure).into())
        }
        ValueKind::Number if !value.is_integer() => Ok(number(f64::try_from(value.clone())?, 4)),
        _ => Ok(value.to_string()),
    }
}

/// A figure with six digits, where three would hide a difference.
fn precise(value: &Value) -> Result<String, Error> {
    if value.kind() == ValueKind::Map {
        Ok(figures::precise(&figure(value)?))
    } else {
        string(value)
    }
}

fn scaled(value: &Value, factor: f64, unit: &str) -> Result<String, Error> {
    Ok(match amount(value)? {
        Some(n) => format!("{}{unit}", number(n * factor, 3)),
        None => NONE.into(),
    })
}

/// The number of a figure, or a number itself, in base units.
fn amount(value: &Value) -> Result<Option<f64>, Error> {
    match value.kind() {
        ValueKind::Undefined => Err(ErrorKind::UndefinedError.into()),
        ValueKind::None => Ok(None),
        ValueKind::Number => Ok(Some(f64::try_from(value.clone())?)),
        ValueKind::Map => Ok(figure(value)?.value),
        other => Err(invalid(format!(
            "a figure or a number was expected, not a {other}"
        ))),
    }
}

pub(super) fn figure(value: &Value) -> Result<Figure, Error> {
    let text = |name: &str| {
        let found = attribute(value, name)?;
        Ok::<_, Error>(found.and_then(|v| v.as_str().map(String::from)))
    };
    let Some(shown) = text("text")? else {
        return Err(invalid("a figure was expected (with `text`, `value`, …)"));
    };
    let count = |name: &str| {
        let found = attribute(value, name)?.filter(|n| !n.is_none());
        found.map(u64::try_from).transpose()
    };
    let number = attribute(value, "value")?.filter(|v| !v.is_none());
    Ok(Figure {
        text: shown,
        unavailable: text("unavailable")?,
        cut: text("cut")?,
        ending: None,
        link: text("link")?,
        value: number.map(f64::try_from).transpose()?,
        samples: count("samples")?,
        needed: count("needed")?,
        between: bounds(value)?,
        dimension: text("unit")?.and_then(|unit| Dimension::of_unit_text(&unit)),
    })
}

fn bounds(value: &Value) -> Result<Option<Bounds>, Error> {
    let Some(bounds) = attribute(value, "between")?.filter(|b| !b.is_none()) else {
        return Ok(None);
    };
    Ok(Some(Bounds {
        least: f64::try_from(bounds.get_attr("least")?)?,
        most: f64::try_from(bounds.get_attr("most")?)?,
        why: string(&bounds.get_attr("why")?)?,
    }))
}

fn attribute(value: &Value, name: &str) -> Result<Option<Value>, Error> {
    let found = value.get_attr(name)?;
    Ok((!found.is_undefined()).then_some(found))
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidOperation, message.into())
}

/// `verdict | sign`, `verdict | sign(level)`: the sign that pages show in colour.
fn sign(verdict: &str, level: Option<&str>) -> Result<&'static str, Error> {
    let quoted = serde_json::Value::from(verdict);
    let verdict: Verdict = serde_json::from_value(quoted)
        .map_err(|_| invalid(format!("`{verdict}` is no verdict")))?;
    let level = match level {
        Some("warn") => CheckLevel::Warn,
        _ => CheckLevel::Expect,
    };
    Ok(Sign::of(verdict, level).emoji())
}

fn row(name: String, metrics: IndexMap<String, Value>) -> Value {
    let metrics: IndexMap<Value, Value> = metrics
        .into_iter()
        .map(|(key, value)| (Value::from(key), value))
        .collect();
    minijinja::context! { name => name, metrics => Value::from(metrics) }
}

fn entries(map: &Value) -> Result<Vec<(String, Value)>, Error> {
    map.try_iter()?
        .map(|key| Ok((string(&key)?, map.get_item(&key)?)))
        .collect()
}

/// `phases | phase_rows`: rows of `{name, metrics}` for `figure_table`: one per phase with
/// figures, and one per named load of a phase that has several. Only open loops keep their
/// `lateness`: a closed loop's requests are due when they can be sent.
fn phase_rows(phases: &Value) -> Result<Value, Error> {
    let mut rows = Vec::new();
    for phase in phases.try_iter()? {
        let mut name = string(&phase.get_attr("name")?)?;
        if !phase.get_attr("measured")?.is_true() {
            name.push_str(" (not measured)");
        }
        let mut all = entries(&phase.get_attr("metrics")?)?;
        if !phase.get_attr("open_loop")?.is_true() {
            all.retain(|(key, _)| !key.starts_with("lateness.") && !key.contains(".lateness."));
        }
        let loads: Vec<String> = all
            .iter()
            .filter_map(|(key, _)| key.strip_suffix(".requests").map(String::from))
            .collect();
        let of_load = |load: &str| {
            let own = all.iter().filter_map(|(key, value)| {
                let key = key.strip_prefix(load)?.strip_prefix('.')?;
                Some((key.to_string(), value.clone()))
            });
            own.collect::<IndexMap<_, _>>()
        };
        let own: IndexMap<String, Value> = all
            .iter()
            .filter(|(key, _)| {
                !loads.iter().any(|l| {
                    key.strip_prefix(l.as_str())
                        .is_some_and(|r| r.starts_with('.'))
                })
            })
            .cloned()
            .collect();
        if !own.is_empty() {
            rows.push(row(name.clone(), own));
        }
        rows.extend(
            loads
                .iter()
                .map(|load| row(format!("{name} / {load}"), of_load(load))),
        );
    }
    Ok(rows.into_iter().collect())
}

/// `server.metrics | series_rows(["memory", …])`: rows of `{name, metrics}` with `first`, `max`,
/// `last` and `growth` for each of the series, of the server and of its roles.
fn series_rows(metrics: &Value, series: &Value) -> Result<Value, Error> {
    let mut found: IndexMap<(usize, String), IndexMap<String, Value>> = IndexMap::new();
    let all = entries(metrics)?;
    for (at, series) in series.try_iter()?.enumerate() {
        let series = string(&series)?;
        for (key, value) in &all {
            let (role, rest) = match key.strip_prefix("roles.").and_then(|r| r.split_once('.')) {
                Some((role, rest)) => (Some(role), rest),
                None => (None, key.as_str()),
            };
            let name = match role {
                Some(role) => format!("{series}, {role}"),
                None => series.clone(),
            };
            let stat = match rest.strip_prefix(series.as_str()) {
                // the series itself is unavailable
                Some("") => "max",
                Some(stat) if stat.starts_with('.') => &stat[1..],
                _ => continue,
            };
            if matches!(stat, "first" | "max" | "last" | "growth") {
                let row = found.entry((at, name)).or_default();
                row.insert(stat.into(), value.clone());
            }
        }
    }
    // where one role is all that there is, it would be said twice
    let whole: Vec<_> = series
        .try_iter()?
        .enumerate()
        .map(|(at, series)| Ok((at, string(&series)?)))
        .collect::<Result<_, Error>>()?;
    let same = |key: &(usize, String), metrics: &IndexMap<String, Value>| {
        let of = whole.iter().find(|(at, _)| *at == key.0);
        let of = of.filter(|(_, name)| *name != key.1);
        of.and_then(|of| found.get(of)) == Some(metrics)
    };
    let rows = found.iter().filter(|(key, metrics)| !same(key, metrics));
    Ok(rows
        .map(|((_, name), metrics)| row(name.clone(), metrics.clone()))
        .collect())
}
