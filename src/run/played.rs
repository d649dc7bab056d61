//! A server that the built-in one plays: what it is to play is written to the case's folder.

use super::error;
use crate::mock::SETUP_METRICS;
use crate::report::model::WorldError;
use crate::scenario::{EngineMetric, SETUP, ServerSpec, Start, Word};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::path::Path;

/// The server as it is launched, beside whose log its setup lies. One that is not played is as it
/// was.
///
/// # Errors
/// The setup cannot be written.
pub(super) fn prepared<'s>(
    spec: &'s ServerSpec,
    log: &Path,
) -> Result<Cow<'s, ServerSpec>, WorldError> {
    let Some(Ok(setup)) = spec.simulated.as_ref().filter(|_| spec.played) else {
        return Ok(Cow::Borrowed(spec));
    };
    let file = log.with_extension("setup.json");
    let text = serde_json::to_value(setup).and_then(|mut setup| {
        setup[SETUP_METRICS] = names(&spec.metrics).into();
        serde_json::to_string_pretty(&setup)
    });
    let text = text.map_err(|why| why.to_string());
    if let Err(why) = text.and_then(|text| {
        let written = std::fs::write(&file, text + "\n");
        written.map_err(|why| why.to_string())
    }) {
        let message = format!("cannot write the setup {}: {why}", file.display());
        let help = Some("is the disk full, or may the folder not be written to?");
        return Err(error::other("setup_not_written", message, help));
    }
    let mut spec = spec.clone();
    if let Start::Launch { command, .. } = &mut spec.start {
        let file = file.display().to_string();
        let words = command.iter_mut().filter(|word| word.text == SETUP);
        words.for_each(|word| *word = Word::plain(&file));
    }
    Ok(Cow::Owned(spec))
}

/// What the engine calls its metrics, by their names here: as they are looked for where no version
/// is known.
fn names(metrics: &[EngineMetric]) -> Map<String, Value> {
    let named = |metric: &EngineMetric| {
        let series = *metric.names(None)?.first()?;
        Some((metric.name.clone(), Value::from(series)))
    };
    metrics.iter().filter_map(named).collect()
}
