//! Makes of a row what a scenario would: a server of the library's engine, model and GPU.

use super::names::{Known, called, library, mentioned};
use super::table::Asked;
use crate::diagnostics::{Diagnostic, Severity};
use crate::resolve::{Reader, load_through};
use crate::scenario::{compile_simulated, scenarios};
use crate::sim::Setup;
use crate::source::FileId;
use crate::syntax::ast::Ast;
use crate::syntax::parse;
use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
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
        let text = scenario(engine, version.as_deref(), model, gpu, asked)?;
        let setup = match self.made.get(&text) {
            Some(known) => known.clone(),
            None => {
                let made = compiled(&text).map(Arc::new);
                self.made.insert(text, made.clone());
                made
            }
        }?;
        let version = version.map_or("a version that is not stated".to_string(), |v| v);
        let taken = format!(
            "{} {version}: steps of {} tokens, {} requests at once, {} blocks of {} tokens{}",
            engine.name,
            setup.profile.tokens,
            setup.profile.sequences,
            setup.blocks.count,
            setup.blocks.tokens,
            match setup.host.overlaps {
                true => ", host and GPU at once",
                false => "",
            }
        );
        Ok(Made { setup, taken })
    }
}

/// Tokens that a server takes at least, prompt and answer together.
const SHORTEST_CONTEXT: u32 = 8192;

/// The file that says so.
fn scenario(
    engine: &Known,
    version: Option<&str>,
    model: &Known,
    gpu: &Known,
    asked: &Asked,
) -> Result<String, String> {
    let weights = match asked.precision.as_str() {
        "" => None,
        "bf16" | "fp16" => Some("bf16"),
        "fp8" | "int8" | "int4" | "mxfp4" | "nvfp4" => Some(asked.precision.as_str()),
        // which of the two a model comes in, it says itself
        "fp4" if model.text.contains("\"mxfp4\"") => None,
        "fp4" => Some("nvfp4"),
        other => return Err(format!("how many bytes `{other}` takes is not known")),
    };
    let weights = weights.map_or(String::new(), |word| format!("weights = \"{word}\"\n"));
    // no source runs a model at all of its context: what a server must have room for is the
    // longest of its requests, or as much as is common
    let longest = asked.bench.as_ref().map_or(0, |b| b.prompt + b.output);
    let context = longest.max(SHORTEST_CONTEXT);
    let version = version.map_or(String::new(), |v| format!("version = \"{v}\"\n"));
    let settings = asked.settings.iter();
    let options: String = settings
        .filter(|(name, _)| engine.options.contains(name))
        .map(|(name, value)| format!("{name} = {value}\n"))
        .collect();
    let (tp, pp, dp, ep) = (asked.tp, asked.pp, asked.dp, asked.ep);
    Ok(format!(
        "use std.engines\nuse std.models\nuse std.gpus\n\
         model served extends models.{} {{\n{weights}context = {context} tok\n}}\n\
         workload asked {{ prompt = \"\" }}\n\
         scenario row {{\nserver sut {{\nengine = engines.{}\nmodel = served\ngpu = gpus.{}\n\
         {version}layout {{ tp = {tp}, pp = {pp}, dp = {dp}, ep = {ep} }}\n\
         options {{ {options} }}\n}}\nphase all {{ workload = asked, requests = 1 }}\n}}\n",
        model.name, engine.name, gpu.name
    ))
}

/// One file, that is not on disk.
struct One(String);

impl Reader for One {
    fn read(&self, _: &Path, _: bool) -> io::Result<Vec<u8>> {
        Ok(self.0.clone().into_bytes())
    }

    fn parse(&self, file: FileId, text: &Arc<str>) -> (Arc<Ast>, Vec<Diagnostic>) {
        let (ast, found) = parse(file, text);
        (Arc::new(ast), found)
    }
}

fn compiled(text: &str) -> Result<Setup, String> {
    let reader = Rc::new(One(text.to_string()));
    let (program, mut found) = load_through(&[PathBuf::from("row.scn")], &[], reader);
    let compiled = compile_simulated(&program, &Default::default(), &scenarios(&program), None);
    found.extend(compiled.found);
    let error = found.iter().find(|d| d.severity == Severity::Error);
    let case = compiled.cases.into_iter().next();
    let server = case.and_then(|case| case.servers.into_iter().next());
    match (server.and_then(|server| server.simulated.clone()), error) {
        (_, Some(error)) => Err(error.message.clone()),
        (Some(simulated), None) => simulated,
        (None, None) => Err("it makes no server".to_string()),
    }
}
