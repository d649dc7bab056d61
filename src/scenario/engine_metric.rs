//! A metric of an engine: what it is called in which versions.

use super::context::{Context, as_number};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::Value;
use crate::resolve::Flat;
use crate::units::{Dimension, parse_unit};
use crate::versions::{Version, Versions};
use serde::Serialize;

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineMetric {
    pub name: String,
    pub counter: bool,
    /// What it is called, in the order in which it is looked for.
    pub series: Vec<SeriesName>,
    pub dimension: Dimension,
    /// The value to which it returns when the server rests, in base units.
    pub idle: Option<f64>,
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
        !self.series.iter().any(may)
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

/// The spec of a `metric` block; `None` after what is wrong has been reported.
pub(super) fn lower(cx: &Context<'_>, block: &Flat) -> Option<EngineMetric> {
    let unit = cx.text(block, "unit").unwrap_or_default();
    let dimension = match unit.as_str() {
        "" | "ratio" => Dimension::NONE,
        unit => match parse_unit(unit) {
            Some((1.0, dimension)) => dimension,
            _ => {
                cx.eval.report(
                    Diagnostic::error(
                        codes::UNKNOWN_UNIT,
                        cx.place(block, "unit"),
                        format!("an engine's metric cannot have the unit `{unit}`"),
                    )
                    .help("it is one of: req, tok, s, B, ratio, or empty for a count"),
                );
                return None;
            }
        },
    };
    Some(EngineMetric {
        name: block.title().to_string(),
        counter: cx.text(block, "type")? == "counter",
        series: series(cx, block)?,
        dimension,
        idle: as_number(&cx.attr(block, "idle")),
    })
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
            dimension: Dimension::NONE,
            idle: None,
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
