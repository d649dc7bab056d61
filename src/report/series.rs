//! Series of a report: rows of time and value, from the record of the run.

use super::error::ReportError;
use super::model::{CaseResult, Part, ReportSeries, SeriesOf};
use super::part::window;
use super::text::cell;
use crate::store::RunFolder;
use crate::units::Dimension;
use serde::Serialize;

/// One series of one case. Times are seconds since the case began, values in base units.
#[derive(Debug, Serialize)]
pub(super) struct OfCase {
    scenario: String,
    case: String,
    /// As written.
    series: String,
    unit: String,
    /// Why it has no points, or no more of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    unavailable: Option<String>,
    points: Vec<(f64, f64)>,
}

/// The series of a case. `path` is its folder, relative to the run's.
///
/// Errors: a record that cannot be read.
pub(super) fn of_case(
    folder: &RunFolder,
    path: Option<&str>,
    case: &CaseResult,
    wanted: &[ReportSeries],
    part: Option<&Part>,
) -> Result<Vec<OfCase>, ReportError> {
    let within = window(case, part);
    let kept = |t: f64| within.is_none_or(|(from, to)| (from..=to).contains(&t));
    let round = part.and_then(|part| part.round);
    let mut all = Vec::new();
    for one in wanted {
        let (points, unit, unavailable) = match &one.of {
            SeriesOf::Server { server, series } => sampled(folder, path, server, series)?,
            SeriesOf::Requests { phase, load } => {
                ended(folder, path, phase, load.as_deref(), round)?
            }
        };
        let points: Vec<(f64, f64)> = points
            .into_iter()
            .filter(|(t, _)| kept(*t))
            .map(|(t, value)| (since(t, case.start_s), value))
            .collect();
        let nothing = || "nothing was recorded of it in this time".to_string();
        all.push(OfCase {
            scenario: case.scenario.clone(),
            case: case.case.clone(),
            series: one.text.clone(),
            unit,
            unavailable: unavailable.or_else(|| points.is_empty().then(nothing)),
            points,
        });
    }
    Ok(all)
}

/// To the microsecond: differences of times have digits that mean nothing.
fn since(t: f64, start: f64) -> f64 {
    ((t - start) * 1e6).round() / 1e6
}

type Found = (Vec<(f64, f64)>, String, Option<String>);

fn sampled(
    folder: &RunFolder,
    path: Option<&str>,
    server: &str,
    series: &str,
) -> Result<Found, ReportError> {
    let sets = path.map(|path| folder.samples(path)).transpose()?;
    let set = sets.as_ref().and_then(|sets| sets.get(server));
    Ok(match set.and_then(|set| set.series.get(series)) {
        Some(found) => (
            found.points.clone(),
            found
                .dimension
                .map(Dimension::unit_text)
                .unwrap_or_default(),
            found.unavailable.clone(),
        ),
        None => (Vec::new(), String::new(), Some("it was not sampled".into())),
    })
}

/// How many requests had ended, at the end of each.
fn ended(
    folder: &RunFolder,
    path: Option<&str>,
    phase: &str,
    load: Option<&str>,
    round: Option<u32>,
) -> Result<Found, ReportError> {
    let mut all = path
        .map(|path| folder.requests(path))
        .transpose()?
        .unwrap_or_default();
    let records = all.shift_remove(phase).unwrap_or_default();
    let its = records.iter().filter(|record| {
        (load.is_none() || record.load.as_deref() == load)
            && round.is_none_or(|round| record.round == round)
    });
    let mut ends: Vec<f64> = its.map(|r| r.end).filter(|t| t.is_finite()).collect();
    ends.sort_by(f64::total_cmp);
    let counted = ends.into_iter().zip(1_u32..);
    let points: Vec<(f64, f64)> = counted.map(|(t, n)| (t, f64::from(n))).collect();
    let none = points.is_empty();
    Ok((
        points,
        Dimension::REQUESTS.unit_text(),
        none.then(|| "no request of it ended".into()),
    ))
}

/// Long form, a row for each point; a series without any has a row that says why.
///
/// Errors: none but those of the CSV writer.
pub(super) fn csv(all: &[OfCase]) -> Result<Vec<u8>, ReportError> {
    let failed = |why: String| ReportError::Data {
        what: "the series".into(),
        why,
    };
    let mut out = csv::Writer::from_writer(Vec::new());
    let header = [
        "scenario",
        "case",
        "series",
        "t (s)",
        "value",
        "unit",
        "unavailable",
    ];
    out.write_record(header)
        .map_err(|e| failed(e.to_string()))?;
    for one in all {
        let names = [&one.scenario, &one.case, &one.series].map(|name| cell(name));
        let mut row = |t: String, value: String, why: &str| {
            let [scenario, case, series] = &names;
            let row = [scenario, case, series, &t, &value, &one.unit, &cell(why)];
            out.write_record(row).map_err(|e| failed(e.to_string()))
        };
        for (t, value) in &one.points {
            row(t.to_string(), value.to_string(), "")?;
        }
        if let Some(why) = &one.unavailable {
            row(String::new(), String::new(), why)?;
        }
    }
    out.into_inner().map_err(|e| failed(e.to_string()))
}

/// `{schema, series, notes}`.
///
/// Errors: none but those of the JSON writer.
pub(super) fn json(all: &[OfCase], notes: &[&str]) -> Result<Vec<u8>, ReportError> {
    let page = serde_json::json!({
        "schema": super::model::SCHEMA_VERSION,
        "series": all,
        "notes": notes,
    });
    let mut bytes = serde_json::to_vec_pretty(&page).map_err(|e| ReportError::Data {
        what: "the series as JSON".into(),
        why: e.to_string(),
    })?;
    bytes.push(b'\n');
    Ok(bytes)
}
