//! What all commands on scenarios do first: read, check, take parameters, select, compile.

use super::{Selection, exit};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, has_errors, tidy};
use crate::eval::{Evaluator, Nothing, Params, Scope, Shape, Value};
use crate::resolve::{self, DefinitionKind, Program};
use crate::scenario::{Case, compile};
use crate::syntax::ast::ItemKind;
use crate::syntax;
use indexmap::IndexMap;
use std::collections::BTreeSet;

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
        Self { message: message.into(), code: exit::USAGE }
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
}

/// Reads, checks and compiles what is selected.
pub fn load(selection: &Selection) -> Result<Loaded, Refused> {
    let files = resolve::find_files(&selection.paths).map_err(|error| Refused::usage(error.to_string()))?;
    let (program, mut found) = resolve::load(&files);
    found.extend(crate::check::check(&program));
    let (params, shown_params) = params(&program, &selection.params)?;
    // with mistakes in names there is no telling which scenarios a suite means
    let chosen = match chosen(&program, &params, selection) {
        Err(refused) if !has_errors(&found) => return Err(refused),
        Err(_) => None,
        Ok(chosen) => chosen,
    };
    let compiled = compile(&program, &params, &|name| chosen.as_ref().is_none_or(|set| set.contains(name)));
    found.extend(compiled.found);
    let given = params.values().filter_map(|value| match value {
        Value::Secret(text) => Some(text.to_string()),
        _ => None,
    });
    let secrets = compiled.secrets.iter().map(ToString::to_string).chain(given).collect();
    Ok(Loaded {
        program,
        params,
        shown_params,
        cases: compiled.cases,
        found: tidy(found),
        secrets,
    })
}

/// The names of the selected scenarios; none where all are.
fn chosen(program: &Program, params: &Params, selection: &Selection) -> Result<Option<BTreeSet<String>>, Refused> {
    let mut chosen: Option<BTreeSet<String>> = None;
    if let Some(name) = &selection.suite {
        let suites: Vec<_> = program.root_blocks("suite").collect();
        let Some((_, suite)) = suites.iter().find(|(_, suite)| suite.title() == name) else {
            return Err(unknown("suite", name, suites.iter().map(|(_, suite)| suite.title())));
        };
        let eval = Evaluator::new(program, params, &Nothing);
        let scenarios = suite.attrs.get("scenarios").map(|attr| eval.eval(&attr.expr, &Scope::of(attr.module)));
        let mut names = BTreeSet::new();
        if let Some(Value::List(items)) = scenarios {
            names.extend(items.iter().filter_map(|item| match item {
                Value::Block(block) => Some(block.flat.title().to_string()),
                _ => None,
            }));
        }
        chosen = Some(names);
    }
    if !selection.only.is_empty() {
        let known: Vec<&str> = program.root_blocks("scenario").map(|(_, flat)| flat.title()).collect();
        for name in &selection.only {
            if !known.contains(&name.as_str()) {
                return Err(unknown("scenario", name, known.iter().copied()));
            }
        }
        let only: BTreeSet<String> = selection.only.iter().cloned().collect();
        chosen = Some(match chosen {
            Some(names) => names.intersection(&only).cloned().collect(),
            None => only,
        });
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
    Refused { message: format!("there is no {what} `{name}`; {help}"), code: exit::NOTHING }
}

/// `-p name=value`, against the `param`s of the root files.
fn params(program: &Program, given: &[String]) -> Result<(Params, IndexMap<String, String>), Refused> {
    let mut known = IndexMap::new();
    for id in &program.roots {
        for (name, definition) in &program.module(*id).names {
            if let DefinitionKind::Param(expr) = &definition.kind {
                known.insert(name.as_str(), (*id, expr));
            }
        }
    }
    let none = Params::new();
    let eval = Evaluator::new(program, &none, &Nothing);
    let (mut params, mut shown) = (Params::new(), IndexMap::new());
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Refused::usage(format!("`-p {text}`: write `-p name=value`")));
        };
        let Some((module, default)) = known.get(name) else {
            let refused = unknown("param", name, known.keys().copied());
            return Err(Refused::usage(refused.message));
        };
        let default = eval.eval(default, &Scope::of(*module));
        let value_of = value_of(&eval, value, &default)
            .map_err(|why| Refused::usage(format!("`-p {name}={value}`: {why}")))?;
        let secret = matches!(value_of, Value::Secret(_));
        shown.insert(name.to_string(), if secret { "***".into() } else { value.to_string() });
        params.insert(name.to_string(), value_of);
    }
    Ok((params, shown))
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
                (None, Some(ItemKind::Let(binding))) => eval.eval(&binding.value, &Scope::of(resolve::ModuleId(0))),
                (Some(problem), _) => return Err(problem.message.clone()),
                _ => return Err("this is not a value".into()),
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
    if fits { Ok(value) } else { Err(format!("it takes {}, this is {}", default.describe(), value.describe())) }
}
