//! A server of the library's blocks, as the simulator plays it: a scenario of one file is written for
//! it, and compiled as every scenario is.

use crate::diagnostics::{Diagnostic, Severity, codes};
use crate::report::model::World;
use crate::resolve::{Reader, load_through};
use crate::scenario::{compile_in, scenarios};
use crate::sim::Setup;
use crate::source::FileId;
use crate::syntax::ast::Ast;
use crate::syntax::parse;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// A server, by names of the library.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted<'a> {
    pub engine: &'a str,
    /// Where it is not said, the newest.
    pub version: Option<&'a str>,
    pub model: &'a str,
    pub gpu: &'a str,
    /// How weights are stored, where not as the model says.
    pub weights: Option<&'a str>,
    /// Most tokens of a sequence, where not the model's.
    pub context: Option<u64>,
    pub layout: Layout,
    /// Names of the engine's options, and values as scenarios write them.
    pub options: Vec<(&'a str, &'a str)>,
}

/// Over how many GPUs it goes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    pub tp: u64,
    pub pp: u64,
    pub dp: u64,
    pub ep: u64,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            tp: 1,
            pp: 1,
            dp: 1,
            ep: 1,
        }
    }
}

/// Why there is no such server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmade {
    pub message: String,
    /// What else lint says, a line each.
    pub notes: Vec<String>,
}

impl From<String> for Unmade {
    fn from(message: String) -> Self {
        Self {
            message,
            notes: Vec::new(),
        }
    }
}

impl Wanted<'_> {
    /// The file that says so.
    pub fn text(&self) -> String {
        let weights = self.weights.map(|word| format!("weights = \"{word}\"\n"));
        let context = self.context.map(|most| format!("context = {most} tok\n"));
        let own: String = weights.into_iter().chain(context).collect();
        let version = self.version.map(|v| format!("version = \"{v}\"\n"));
        let options = self.options.iter();
        let options: String = options.map(|(name, v)| format!("{name} = {v}\n")).collect();
        let Layout { tp, pp, dp, ep } = self.layout;
        format!(
            "use std.engines\nuse std.models\nuse std.gpus\n\
             model served extends models.{} {{\n{own}}}\n\
             workload asked {{ prompt = \"\" }}\n\
             scenario row {{\nserver sut {{\nengine = engines.{}\nmodel = served\ngpu = gpus.{}\n\
             {}layout {{ tp = {tp}, pp = {pp}, dp = {dp}, ep = {ep} }}\n\
             options {{ {options} }}\n}}\nphase all {{ workload = asked, requests = 1 }}\n}}\n",
            self.model,
            self.engine,
            self.gpu,
            version.unwrap_or_default(),
        )
    }

    /// The setup, and what was taken for it, in words.
    pub fn described(&self, setup: &Setup) -> String {
        format!(
            "{} {}: steps of {} tokens, {} requests at once, {} blocks of {} tokens{}",
            self.engine,
            self.version.unwrap_or("a version that is not stated"),
            setup.profile.tokens,
            setup.profile.sequences,
            setup.blocks.count,
            setup.blocks.tokens,
            match setup.host.overlaps {
                true => ", host and GPU at once",
                false => "",
            }
        )
    }
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

/// The setup of a file with one server.
pub fn made(text: &str) -> Result<Setup, Unmade> {
    made_unless(text, |found| found.severity == Severity::Error)
}

/// The same of one of which its engine does not even warn: somebody who asks for a server by hand
/// asks for none with GPUs that do nothing.
pub fn made_as_meant(text: &str) -> Result<Setup, Unmade> {
    let warned = |found: &Diagnostic| found.code == codes::CONSTRAINT.0;
    made_unless(text, |found| {
        found.severity == Severity::Error || warned(found)
    })
}

fn made_unless(text: &str, refused: impl Fn(&Diagnostic) -> bool) -> Result<Setup, Unmade> {
    let reader = Rc::new(One(text.to_string()));
    let (program, mut found) = load_through(&[PathBuf::from("row.scn")], &[], reader);
    let compiled = compile_in(
        World::Sim,
        &program,
        &Default::default(),
        &scenarios(&program),
        None,
    );
    found.extend(compiled.found);
    let error = found.iter().find(|found| refused(found));
    if let Some(error) = error {
        let labels = error.labels.iter().map(|label| &label.text);
        let notes = labels.chain(&error.help).filter(|note| !note.is_empty());
        return Err(Unmade {
            message: error.message.clone(),
            notes: notes.cloned().collect(),
        });
    }
    let case = compiled.cases.into_iter().next();
    let server = case.and_then(|case| case.servers.into_iter().next());
    match server.and_then(|server| server.simulated.clone()) {
        Some(simulated) => Ok(simulated?),
        None => Err(Unmade::from("it makes no server".to_string())),
    }
}
