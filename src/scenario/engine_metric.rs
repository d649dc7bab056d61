//! A metric of an engine: what it is called in which versions.

use super::context::{Context, as_number, as_text};
use super::formula::{self, Formula};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::units::{Dimension, parse_unit};
use crate::versions::{Version, Versions};
use serde::Serialize;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineMetric {
    pub name: String,
    pub counter: bool,
    /// What it is called, in the order in which it is looked for; nothing where it is worked out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<SeriesName>,
    /// What it is worked out of, where it is not the engine's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub formula: Option<Formula>,
    pub dimension: Dimension,
    /// The value to which it returns when the server rests, in base units.
    pub idle: Option<f64>,
    /// Why a server that scn starts so has nothing to say in it, where that follows from its options.
    #[serde(skip)]
    pub off: Option<String>,
}

/// What a metric is called in the Prometheus text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesName {
    /// In these versions; none in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
    pub name: String,
}

impl EngineMetric {
    /// Whether no version of those that a server may be of has it.
    pub fn lacking(&self, stated: &Versions) -> bool {
        let may = |series: &SeriesName| {
            let of = series.versions.as_ref();
            of.is_none_or(|versions| versions.meets(stated))
        };
        self.formula.is_none() && !self.series.iter().any(may)
    }

    /// Its names in a version, or in any where the version is not known; none where that version
    /// lacks it. What another version calls it comes last: a build may be called strangely.
    pub fn names(&self, version: Option<&Version>) -> Option<Vec<&str>> {
        let has = |series: &&SeriesName| match (version, &series.versions) {
            (Some(version), Some(versions)) => versions.has(version),
            _ => true,
        };
        let (own, others): (Vec<&SeriesName>, Vec<&SeriesName>) = self.series.iter().partition(has);
        let all = own.iter().chain(&others).map(|series| &*series.name);
        (!own.is_empty()).then(|| all.collect())
    }
}

/// The metrics of an engine: its own, and then those that are worked out of them. What is wrong in
/// one has been reported, and it is left out.
pub(super) fn all(cx: &Context<'_>, engine: &Flat) -> Vec<EngineMetric> {
    let worked_out = |block: &&Arc<Flat>| block.attrs.contains_key("value");
    let blocks = || engine.children_of("metric");
    let own = blocks().filter(|block| !worked_out(block));
    let mut all: Vec<EngineMetric> = own.filter_map(|block| measured(cx, block)).collect();
    let others = blocks().filter(worked_out);
    let others: Vec<_> = others
        .filter_map(|block| derived(cx, block, &all))
        .collect();
    all.extend(others);
    // `metrics = if … then none else …`: a mistake in it is no `none`
    let shows_none = || matches!(cx.attr(engine, "metrics"), Value::None);
    if engine.attrs.contains_key("metrics") && shows_none() {
        for metric in &mut all {
            metric.off = Some("its metrics are turned off".into());
        }
    }
    all
}

/// A metric with a `value`.
fn derived(cx: &Context<'_>, block: &Flat, own: &[EngineMetric]) -> Option<EngineMetric> {
    for name in ["series", "type", "idle"] {
        if let Some(attr) = block.attrs.get(name) {
            let message = format!("`value` and `{name}` cannot both be said");
            cx.eval.report(
                Diagnostic::error(codes::CONTRADICTION, attr.name.span, message)
                    .label(cx.place(block, "value"), "worked out here")
                    .help(format!(
                        "drop `{name}`: what is worked out is not read from the server"
                    )),
            );
            return None;
        }
    }
    let value = block.attrs.get("value")?;
    let inside = cx.at(&cx.scope.in_module(value.module));
    let (formula, dimension) = formula::lower(&inside, &value.expr, own)?;
    let said = block.attrs.contains_key("unit");
    if said && unit(cx, block)? != dimension {
        let message = format!(
            "`value` is {}, which `unit` does not say",
            dimension.describe()
        );
        cx.eval.report(
            Diagnostic::error(codes::TYPE_MISMATCH, cx.place(block, "unit"), message)
                .help("leave `unit` out: it follows from the counters"),
        );
        return None;
    }
    Some(EngineMetric {
        name: block.title().to_string(),
        counter: false,
        series: Vec::new(),
        formula: Some(formula),
        dimension,
        idle: None,
        off: off(cx, block),
    })
}

/// A metric that the server has; `None` after what is wrong has been reported.
fn measured(cx: &Context<'_>, block: &Flat) -> Option<EngineMetric> {
    let missing = ["type", "series"]
        .into_iter()
        .find(|name| !block.attrs.contains_key(*name));
    if let Some(name) = missing.filter(|_| is_whole(block)) {
        let message = format!("the {} has no `{name}`", block.called());
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, block.head(), message)
                .help("type = \"gauge\", series = \"tiny:running\"; or work it out: value = increase(hits) / increase(queries)"),
        );
        return None;
    }
    let dimension = unit(cx, block)?;
    Some(EngineMetric {
        name: block.title().to_string(),
        counter: cx.text(block, "type")? == "counter",
        series: series(cx, block)?,
        formula: None,
        dimension,
        idle: as_number(&cx.attr(block, "idle")),
        off: off(cx, block),
    })
}

/// Why a server has nothing to say in a metric: itself, or in any.
fn off(cx: &Context<'_>, block: &Flat) -> Option<String> {
    as_text(&cx.attr(block, "lacking"))
}

/// The dimension that a metric's `unit` says.
fn unit(cx: &Context<'_>, block: &Flat) -> Option<Dimension> {
    let unit = cx.text(block, "unit").unwrap_or_default();
    match unit.as_str() {
        "" | "ratio" => Some(Dimension::NONE),
        unit => match parse_unit(unit) {
            Some((1.0, dimension)) => Some(dimension),
            _ => {
                cx.eval.report(
                    Diagnostic::error(
                        codes::UNKNOWN_UNIT,
                        cx.place(block, "unit"),
                        format!("an engine's metric cannot have the unit `{unit}`"),
                    )
                    .help("it is one of: req, tok, s, B, ratio, or empty for a count"),
                );
                None
            }
        },
    }
}

/// One name, or a record of names by version.
fn series(cx: &Context<'_>, block: &Flat) -> Option<Vec<SeriesName>> {
    let place = cx.place(block, "series");
    let wrong = |message: String| {
        cx.eval.report(
            Diagnostic::error(codes::TYPE_MISMATCH, place, message).help(
                "write its name, or names by version: { \">=0.9.2\" = \"new\", \"<0.9.2\" = \"old\" }",
            ),
        );
        None
    };
    match cx.attr(block, "series") {
        Value::Text(name) => Some(vec![SeriesName {
            versions: None,
            name: name.to_string(),
        }]),
        Value::Record(names) if !names.is_empty() => {
            let mut out = Vec::new();
            for (key, name) in names.iter() {
                let versions = match key.parse::<Versions>() {
                    Ok(versions) => Some(versions),
                    Err(error) => return wrong(format!("a key says versions, and {error}")),
                };
                let Value::Text(name) = name else {
                    return wrong(format!("`{key}` has a name, this is {}", name.describe()));
                };
                let name = name.to_string();
                out.push(SeriesName { versions, name });
            }
            Some(out)
        }
        Value::Error => None,
        other => wrong(format!("`series` is a name, this is {}", other.describe())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(names: &[(&str, &str)]) -> EngineMetric {
        let series = names.iter().map(|(versions, name)| SeriesName {
            versions: (!versions.is_empty()).then(|| versions.parse().unwrap()),
            name: name.to_string(),
        });
        EngineMetric {
            name: "m".into(),
            counter: false,
            series: series.collect(),
            formula: None,
            dimension: Dimension::NONE,
            idle: None,
            off: None,
        }
    }

    #[test]
    fn a_version_has_its_own_name_first() {
        let renamed = metric(&[(">=0.9.2", "new"), ("<0.9.2", "old")]);
        let names = |version: &str| renamed.names(Some(&version.parse().unwrap()));
        assert_eq!(names("0.8.5"), Some(vec!["old", "new"]));
        assert_eq!(names("0.11"), Some(vec!["new", "old"]));
        assert_eq!(renamed.names(None), Some(vec!["new", "old"]));
        let added = metric(&[(">=0.9.2", "new")]);
        assert_eq!(added.names(Some(&"0.8.5".parse().unwrap())), None);
        let lacks = |stated: &str| added.lacking(&stated.parse().unwrap());
        assert!(lacks("0.8.5") && !lacks("0.9") && !lacks(">=0.8"));
        assert!(!metric(&[("", "one")]).lacking(&"0.1".parse().unwrap()));
    }
}
