//! Makes of a row what a scenario would: a server of the library's engine, model and GPU.

use super::drive::Bench;
use super::table::Asked;
use crate::library::{Known, Layout, Wanted, called, library, made, mentioned};
use crate::sim::Setup;
use std::collections::HashMap;
use std::sync::Arc;

/// The library, and the setups that were made of it.
pub struct Setups {
    engines: Vec<Known>,
    models: Vec<Known>,
    gpus: Vec<Known>,
    made: HashMap<String, Result<Arc<Setup>, String>>,
}

/// A server that was made for a row.
#[derive(Debug, Clone)]
pub struct Made {
    pub setup: Arc<Setup>,
    /// The library's names of its engine, its model and its GPU.
    pub engine: String,
    pub model: String,
    pub gpu: String,
    /// What the row did not say, and was taken.
    pub taken: String,
}

impl Default for Setups {
    fn default() -> Self {
        Self {
            engines: library("engines"),
            models: library("models"),
            gpus: library("gpus"),
            made: HashMap::new(),
        }
    }
}

impl Setups {
    /// The server of a run, or why there is none.
    pub fn of(&mut self, asked: &Asked) -> Result<Made, String> {
        let named = asked.engine.iter();
        let (engine, version) = named
            .filter_map(|text| mentioned(&self.engines, text))
            .next()
            .ok_or("its engine is none of the library")?;
        let model = called(&self.models, &asked.model)
            .ok_or_else(|| format!("the library has no model `{}`", asked.model))?;
        let gpu = called(&self.gpus, &asked.gpu)
            .ok_or_else(|| format!("the library has no GPU `{}`", asked.gpu))?;
        let wanted = wanted(engine, version.as_deref(), model, gpu, asked)?;
        let text = wanted.text();
        let setup = match self.made.get(&text) {
            Some(known) => known.clone(),
            None => {
                let made = made(&text).map(Arc::new).map_err(|why| why.message);
                self.made.insert(text, made.clone());
                made
            }
        }?;
        let taken = wanted.described(&setup);
        Ok(Made {
            setup,
            engine: engine.name.clone(),
            model: model.name.clone(),
            gpu: gpu.name.clone(),
            taken,
        })
    }
}

/// Tokens that a server takes at least, prompt and answer together.
const SHORTEST_CONTEXT: u32 = 8192;

/// What a row asks for.
fn wanted<'a>(
    engine: &'a Known,
    version: Option<&'a str>,
    model: &'a Known,
    gpu: &'a Known,
    asked: &'a Asked,
) -> Result<Wanted<'a>, String> {
    let weights = match asked.precision.as_str() {
        "" => None,
        "bf16" | "fp16" => Some("bf16"),
        "fp8" | "int8" | "int4" | "mxfp4" | "nvfp4" => Some(asked.precision.as_str()),
        // which of the two a model comes in, it says itself
        "fp4" if model.text.contains("\"mxfp4\"") => None,
        "fp4" => Some("nvfp4"),
        other => return Err(format!("how many bytes `{other}` takes is not known")),
    };
    // no source runs a model at all of its context: what a server must have room for is the
    // longest of its requests, or as much as is common
    let longest = asked.bench.as_ref().map_or(0, Bench::longest);
    let settings = asked.settings.iter();
    let options = settings
        .filter(|(name, _)| engine.options.contains(name))
        .map(|(name, value)| (name.as_str(), value.as_str()));
    Ok(Wanted {
        engine: &engine.name,
        version,
        model: &model.name,
        gpu: &gpu.name,
        weights,
        context: Some(longest.max(SHORTEST_CONTEXT).into()),
        layout: Layout {
            tp: asked.tp,
            pp: asked.pp,
            dp: asked.dp,
            ep: asked.ep,
        },
        options: options.collect(),
    })
}
