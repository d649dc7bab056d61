//! What all commands on scenarios do first: read, check, take parameters, select, compile.

use super::findings::Format;
use super::output::{self, Output};
use super::params::{Wrong, params};
use super::{Selection, exit};
use crate::check::{check_first, nearest, without_consequences};
use crate::diagnostics::{
    Diagnostic, Severity, codes, for_people, for_programs, has_errors, json, most_told, tidy,
};
use crate::eval::{Params, Value};
use crate::lint::{as_one, suppress};
use crate::plan::{Given, ParamValue};
use crate::report::model::World;
use crate::resolve::{self, Flat, Program};
use crate::scenario::{
    Case, SuiteLimits, bases, compile_in, constants, few_uses, scenarios, suite_limits,
    suite_scenarios, unevaluated,
};
use crate::source::{FileId, Sources};
use indexmap::{IndexMap, IndexSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Scenarios, read and compiled; with what was found.
pub struct Loaded {
    pub program: Program,
    pub params: Params,
    pub shown_params: IndexMap<String, String>,
    /// All parameters, those with their defaults too.
    pub param_values: Vec<ParamValue>,
    pub cases: Vec<Case>,
    pub found: Vec<Diagnostic>,
    pub secrets: Vec<String>,
    /// What the selected suite allows.
    pub suite: Option<SuiteLimits>,
}

/// Why a command ends before it has begun, on the command line's account.
pub enum Refused {
    /// In words, with the exit code.
    Said { message: String, code: u8 },
    /// Wrong usage that has a place in a file, and what has none, in words.
    Found(Box<Sources>, Vec<Diagnostic>, Vec<String>),
}

impl Refused {
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Said {
            message: message.into(),
            code: exit::USAGE,
        }
    }

    /// In one line.
    pub fn why(&self) -> String {
        match self {
            Self::Said { message, .. } => message.lines().next().unwrap_or_default().into(),
            Self::Found(_, found, _) => found
                .first()
                .map_or_else(String::new, |d| d.message.clone()),
        }
    }

    /// Prints it, and writes findings to where a program looks for results; the exit code.
    pub fn print(&self, results: &Output, format: Format) -> u8 {
        match self {
            Self::Said { message, code } => said(message, *code, results),
            Self::Found(sources, found, said) => {
                said.iter()
                    .for_each(|message| eprintln!("error: {message}"));
                invalid(sources, found, results, format)
            }
        }
    }
}

/// Says why nothing is done, also as JSON to where a program looks for results; the exit code.
pub fn said(message: &str, code: u8, results: &Output) -> u8 {
    eprintln!("error: {message}");
    let json = serde_json::json!({ "exit_code": code, "error": message });
    if let Err(error) = results.write(&json) {
        eprintln!("error: {error}");
    }
    code
}

/// Shows what is wrong, and writes it as JSON to where a program looks for results; the exit code.
fn invalid(sources: &Sources, found: &[Diagnostic], results: &Output, format: Format) -> u8 {
    format.show(sources, found);
    if let Err(error) = results.write(&json::to_json(sources, found)) {
        eprintln!("error: {error}");
    }
    exit::USAGE
}

/// What `plan` and `run` do first: finds out where results go, reads what is selected, and shows
/// what was found. Where that is no scenario to go on with, the exit code; what is wrong with it
/// is then in the results, as `scn lint --json` has it.
pub fn begin(
    selection: &Selection,
    json: Option<&Path>,
    out: Option<&Path>,
) -> Result<(Loaded, Output), u8> {
    let results = Output::find(json, out).map_err(output::complain)?;
    let format = selection.findings.format;
    let loaded = load(selection).map_err(|refused| refused.print(&results, format))?;
    if loaded.has_errors() {
        let sources = &loaded.program.sources;
        return Err(invalid(sources, &loaded.found, &results, format));
    }
    format.show(&loaded.program.sources, &loaded.found);
    if loaded.cases.is_empty() {
        let message = "nothing is selected: there is no scenario with phases in these files";
        let suites = loaded.program.root_blocks("suite");
        let suites: Vec<String> = suites.map(|(_, suite)| suite.title().into()).collect();
        let message = match suites.as_slice() {
            [] => message.to_string(),
            [one] => format!("{message}; their suite is selected with --suite {one}"),
            many => format!(
                "{message}; a suite of theirs is selected with --suite NAME, of {}",
                many.join(", ")
            ),
        };
        return Err(said(&message, exit::NOTHING, &results));
    }
    Ok((loaded, results))
}

impl Loaded {
    /// What the plan rests on from outside.
    pub fn given(&self) -> Given {
        Given {
            params: self.param_values.clone(),
            suite: self.suite.clone(),
        }
    }

    pub fn has_errors(&self) -> bool {
        has_errors(&self.found)
    }

    /// Whether a file of the command line cannot be read at all.
    pub fn has_unreadable(&self) -> bool {
        !self.program.unreadable.is_empty()
    }
}

/// Reads, checks and compiles what is selected.
pub fn load(selection: &Selection) -> Result<Loaded, Refused> {
    read(selection, false)
}

/// The same; with nothing selected also the scenarios of other files that suites name.
pub fn load_all(selection: &Selection) -> Result<Loaded, Refused> {
    read(selection, true)
}

fn read(selection: &Selection, suites: bool) -> Result<Loaded, Refused> {
    let (files, words) = named(selection)?;
    let read = resolve::load_for(&files, &words);
    compiled(read, selection, suites, suites)
}

/// As [`load_all`], with the texts that a reader has.
pub fn load_all_through(
    selection: &Selection,
    reader: Rc<dyn resolve::Reader>,
) -> Result<Loaded, Refused> {
    let (files, words) = named(selection)?;
    let read = resolve::load_through(&files, &words, reader);
    compiled(read, selection, true, true)
}

/// The files that a selection names, and texts that may name what the library holds.
fn named(selection: &Selection) -> Result<(Vec<PathBuf>, Vec<String>), Refused> {
    let files =
        resolve::find_files(&selection.paths).map_err(|error| Refused::usage(error.to_string()))?;
    let mut words = selection.params.clone();
    let texts = selection.params_files.iter();
    words.extend(texts.filter_map(|file| std::fs::read_to_string(file).ok()));
    Ok((files, words))
}

/// The same of what an editor has open, without parameters; so much is found as people are shown.
pub fn lint_read(read: (Program, Vec<Diagnostic>)) -> Result<Loaded, Refused> {
    let mut loaded = compiled(read, &Selection::default(), true, true)?;
    loaded.found = for_people(loaded.found);
    Ok(loaded)
}

/// What a run had read: all of its scenarios, from what it kept of their files.
pub fn load_kept(
    kept: resolve::Kept,
    params: &IndexMap<String, String>,
    world: World,
) -> Result<Loaded, Refused> {
    let params = params.iter().map(|(name, value)| format!("{name}={value}"));
    let selection = Selection {
        params: params.collect(),
        world,
        ..Selection::default()
    };
    let read = resolve::load_kept(kept, &selection.params);
    compiled(read, &selection, true, false)
}

fn compiled(
    read: (Program, Vec<Diagnostic>),
    selection: &Selection,
    suites: bool,
    lint: bool,
) -> Result<Loaded, Refused> {
    let (program, mut found) = read;
    let levels = selection.findings.levels().map_err(Refused::usage)?;
    let bytes = written(&program);
    let _allowance = crate::meter::allow(bytes);
    let (checked, dropped) = check_first(&program, most_told(bytes));
    found.extend(checked);
    let given = (&selection.params, &selection.params_files);
    let read = params(&program, given.0, given.1, has_errors(&found));
    let (params, shown_params, param_values) = match read {
        Ok(read) => (read.params, read.shown, read.values),
        Err(wrong) => return Err(unfit(program, found, wrong)),
    };
    found.extend(constants(&program, &params));
    // with mistakes in names there is no telling which scenarios a suite means
    let chosen = match chosen(&program, &params, selection, suites) {
        Err(refused) if !has_errors(&found) => return Err(refused),
        Err(_) => scenarios(&program),
        Ok(chosen) => chosen,
    };
    let mut suites = program.root_blocks("suite");
    let suite = selection.suite.as_ref().and_then(|name| {
        let (_, suite) = suites.find(|(_, suite)| suite.title() == name)?;
        Some(suite_limits(&program, &params, suite))
    });
    drop(suites);
    let gpus = suite.as_ref().and_then(|suite| suite.gpus);
    let compiled = compile_in(selection.world, &program, &params, &chosen, gpus);
    crate::meter::make_room();
    found.extend(compiled.found);
    let given = params.values().filter_map(|value| match value {
        Value::Secret(text) => Some(text.to_string()),
        _ => None,
    });
    let secrets = compiled
        .secrets
        .iter()
        .map(ToString::to_string)
        .chain(given)
        .collect();
    found.extend(bases(&program, &params, &found));
    let beside = unevaluated(&program, &params, &chosen, &compiled.cases, &found);
    found.extend(beside);
    few_uses(&mut found);
    without_consequences(&program.sources, &mut found);
    // where something is wrong, it may be what would have read the rest
    if has_errors(&found) {
        found.retain(|d| d.code != codes::UNUSED.0);
    }
    let rules = crate::lint::check(&program, &params, &chosen, &compiled.cases, &found);
    found.extend(rules);
    // keys are there where a scenario runs, and need not be where it is checked
    for one in found.iter_mut().filter(|_| lint) {
        if one.code == codes::UNSET_VARIABLE.0 {
            one.severity = Severity::Note;
        }
    }
    let roots = program
        .roots
        .iter()
        .flat_map(|id| &program.module(*id).files);
    let roots: Vec<FileId> = roots.copied().collect();
    let whole = lint && selection.is_everything() && !has_errors(&found);
    suppress(&program.sources, &mut found, &roots, whole);
    levels.apply(&mut found);
    let found = as_one(&program.sources, tidy(found));
    Ok(Loaded {
        suite,
        program,
        params,
        shown_params,
        param_values,
        cases: compiled.cases,
        found: for_programs(found, bytes, dropped),
        secrets,
    })
}

/// What is wrong with parameters: all of it.
fn unfit(program: Program, mut found: Vec<Diagnostic>, wrong: Vec<Wrong>) -> Refused {
    let (mut said, mut placed) = (Vec::new(), Vec::new());
    for one in wrong {
        match one {
            Wrong::Said(message) => said.push(message),
            Wrong::Found(one) => placed.push(*one),
        }
    }
    if placed.is_empty() {
        return Refused::usage(said.join("\nerror: "));
    }
    found.extend(placed);
    found.retain(|d| d.code != codes::UNUSED.0);
    Refused::Found(Box::new(program.sources), tidy(found), said)
}

/// How many bytes the files have that users wrote.
fn written(program: &Program) -> usize {
    let files = program.sources.iter().map(|(_, file)| file);
    let own = files.filter(|file| file.path.is_some());
    own.map(|file| file.text.len()).sum()
}

/// The selected scenarios: those of the root files, and those of other files that a suite of
/// theirs names.
fn chosen(
    program: &Program,
    params: &Params,
    selection: &Selection,
    everything: bool,
) -> Result<Vec<Arc<Flat>>, Refused> {
    let suites: Vec<_> = program.root_blocks("suite").collect();
    let mut all = scenarios(program);
    let mut chosen = all.clone();
    if let Some(name) = &selection.suite {
        let Some((_, suite)) = suites.iter().find(|(_, suite)| suite.title() == name) else {
            let known = suites.iter().map(|(_, suite)| suite.title());
            return Err(unknown("suite", name, known));
        };
        all = suite_scenarios(program, params, suite);
        chosen = all.clone();
    } else {
        for (_, suite) in &suites {
            all.extend(suite_scenarios(program, params, suite));
        }
        if everything {
            chosen = all.clone();
        }
    }
    if !selection.only.is_empty() {
        for name in &selection.only {
            if !all.iter().any(|flat| flat.title() == name) {
                let known = all.iter().map(|flat| flat.title());
                return Err(unknown("scenario", name, known));
            }
        }
        let named = |flat: &Arc<Flat>| selection.only.iter().any(|name| name == flat.title());
        chosen = all.into_iter().filter(named).collect();
    }
    Ok(chosen)
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Refused {
    Refused::Said {
        message: no_such(what, name, known),
        code: exit::NOTHING,
    }
}

/// That there is none of that name, and which there are.
pub fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    // a scenario that a suite names as well stands there once
    let known: IndexSet<&str> = known.collect();
    let known: Vec<&str> = known.into_iter().collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("the files hold no {what}"),
        None => format!("there are: {}", known.join(", ")),
    };
    format!("there is no {what} `{name}`; {help}")
}
