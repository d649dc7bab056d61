//! What all commands on scenarios do first: read, check, take parameters, select, compile.

use super::{Selection, exit};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes, has_errors, tidy};
use crate::eval::{Evaluator, Nothing, Params, Scope, Shape, Value};
use crate::resolve::{self, DefinitionKind, Flat, ModuleId, Program};
use crate::scenario::{Case, compile_these, constants, scenarios, suite_scenarios};
use crate::syntax;
use crate::syntax::ast::ItemKind;
use indexmap::IndexMap;
use std::sync::Arc;

/// Scenarios, read and compiled; with what was found.
pub struct Loaded {
    pub program: Program,
    pub params: Params,
    pub shown_params: IndexMap<String, String>,
    pub cases: Vec<Case>,
    pub found: Vec<Diagnostic>,
    pub secrets: Vec<String>,
}

/// Why a command ends before it has begun, on the command line's account.
pub struct Refused {
    pub message: String,
    pub code: u8,
}

impl Refused {
    fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: exit::USAGE,
        }
    }

    /// Prints it, for the exit code.
    pub fn print(&self) -> u8 {
        eprintln!("error: {}", self.message);
        self.code
    }
}

impl Loaded {
    pub fn has_errors(&self) -> bool {
        has_errors(&self.found)
    }

    /// Whether a file of the command line is no text that could be a scenario at all.
    pub fn has_unusable(&self) -> bool {
        !self.program.unusable.is_empty()
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
    let files =
        resolve::find_files(&selection.paths).map_err(|error| Refused::usage(error.to_string()))?;
    let read = resolve::load_for(&files, &selection.params);
    compiled(read, selection, suites)
}

/// What a run had read: all of its scenarios, from what it kept of their files.
pub fn load_kept(
    kept: resolve::Kept,
    params: &IndexMap<String, String>,
) -> Result<Loaded, Refused> {
    let params = params.iter().map(|(name, value)| format!("{name}={value}"));
    let selection = Selection {
        params: params.collect(),
        ..Selection::default()
    };
    let read = resolve::load_kept(kept, &selection.params);
    compiled(read, &selection, true)
}

fn compiled(
    (program, mut found): (Program, Vec<Diagnostic>),
    selection: &Selection,
    suites: bool,
) -> Result<Loaded, Refused> {
    found.extend(crate::check::check(&program));
    let (params, shown_params) = params(&program, &selection.params, has_errors(&found))?;
    found.extend(constants(&program, &params));
    // with mistakes in names there is no telling which scenarios a suite means
    let chosen = match chosen(&program, &params, selection, suites) {
        Err(refused) if !has_errors(&found) => return Err(refused),
        Err(_) => scenarios(&program),
        Ok(chosen) => chosen,
    };
    let compiled = compile_these(&program, &params, &chosen);
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
    // where something is wrong, it may be what would have read the rest
    if has_errors(&found) {
        found.retain(|d| d.code != codes::UNUSED.0);
    }
    Ok(Loaded {
        program,
        params,
        shown_params,
        cases: compiled.cases,
        found: tidy(found),
        secrets,
    })
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
    let known: Vec<&str> = known.collect();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => format!("the files hold no {what}"),
        None => format!("there are: {}", known.join(", ")),
    };
    Refused {
        message: format!("there is no {what} `{name}`; {help}"),
        code: exit::NOTHING,
    }
}

/// `-p name=value`: sets the `param` of that name in every file that was read, and
/// `-p common.name=value` only that of the file that a root file uses as `common`.
fn params(
    program: &Program,
    given: &[String],
    broken: bool,
) -> Result<(Params, IndexMap<String, String>), Refused> {
    let known = known_params(program);
    let none = Params::new();
    let eval = Evaluator::new(program, &none, &Nothing);
    let (mut params, mut shown) = (Params::new(), IndexMap::new());
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Refused::usage(format!(
                "`-p {text}`: write `-p name=value`"
            )));
        };
        let name = name.trim();
        let Some(keys) = known.get(name) else {
            // it may stand in the part of a file that could not be read
            if broken {
                continue;
            }
            let known = known.keys().map(String::as_str);
            return Err(Refused::usage(unknown("param", name, known).message));
        };
        for (module, own) in keys {
            let default = eval.definition(*module, own);
            if matches!(default, Value::Error) {
                continue;
            }
            let value_of = value_of(&eval, value, &default)
                .map_err(|why| Refused::usage(format!("`-p {name}={value}`: {why}")))?;
            let secret = matches!(value_of, Value::Secret(_));
            let text = if secret { "***" } else { value };
            shown.insert(name.to_string(), text.to_string());
            params.insert((*module, own.clone()), value_of);
        }
    }
    Ok((params, shown))
}

/// By what a `-p` may call them: the params of all files by their name, those of files that a
/// root file uses also behind the name it uses them by.
fn known_params(program: &Program) -> IndexMap<String, Vec<(ModuleId, String)>> {
    let mut known: IndexMap<String, Vec<(ModuleId, String)>> = IndexMap::new();
    let of = |id: ModuleId| {
        let names = program.module(id).names.iter();
        names.filter(|(_, d)| matches!(d.kind, DefinitionKind::Param(_)))
    };
    for id in program.user_modules() {
        for (name, _) in of(id) {
            let key = (id, name.clone());
            known.entry(name.clone()).or_default().push(key);
        }
    }
    for root in &program.roots {
        for (alias, definition) in &program.module(*root).names {
            let DefinitionKind::Module(id) = definition.kind else {
                continue;
            };
            for (name, _) in of(id) {
                let keys = known.entry(format!("{alias}.{name}")).or_default();
                if !keys.contains(&(id, name.clone())) {
                    keys.push((id, name.clone()));
                }
            }
        }
    }
    known
}

/// A parameter's text as a value of its default's type.
fn value_of(eval: &Evaluator<'_>, text: &str, default: &Value) -> Result<Value, String> {
    match default {
        // a text is taken as it is, quoted or not
        Value::Text(_) | Value::None => Ok(Value::text(text.trim_matches('"'))),
        Value::Secret(_) => Ok(Value::Secret(text.into())),
        _ => {
            let source = format!("let it = {text}\n");
            let (ast, found) = syntax::parse(crate::source::FileId::default(), &source);
            let value = match (found.first(), ast.items.first().map(|item| &item.kind)) {
                (None, Some(ItemKind::Let(binding))) => {
                    eval.eval(&binding.value, &Scope::of(resolve::ModuleId(0)))
                }
                (Some(problem), _) => return Err(problem.message.clone()),
                _ => {
                    return Err(format!(
                        "this is not a value; the default is {}",
                        default.describe()
                    ));
                }
            };
            if let Some(problem) = eval.take_found().first() {
                return Err(problem.message.clone());
            }
            same_type(value, default)
        }
    }
}

fn same_type(value: Value, default: &Value) -> Result<Value, String> {
    let fits = match (&value, default) {
        (Value::Number(a), Value::Number(b)) => a.dimension == b.dimension,
        (Value::Unknown(Shape::Any), _) => true,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if fits {
        Ok(value)
    } else {
        Err(format!(
            "it takes {}, this is {}",
            default.describe(),
            value.describe()
        ))
    }
}
