//! `-p name=value` and `--params FILE`: parameters from outside.

use super::load::no_such;
use super::params_file;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Nothing, Params, Scope, Shape, Value};
use crate::resolve::{DefinitionKind, ModuleId, Program};
use crate::syntax;
use crate::syntax::ast::{ExprKind, ItemKind};
use indexmap::IndexMap;
use std::path::{Path, PathBuf};

/// What is wrong with a parameter.
pub enum Wrong {
    Said(String),
    /// At its declaration.
    Found(Box<Diagnostic>),
}

/// Sets the `param` of that name in every file that was read, and with `common.name=value` only
/// that of the file that a root file uses as `common`. Also the texts as they may be shown.
/// `broken`: names may stand in the part of a file that could not be read.
pub fn params(
    program: &Program,
    given: &[String],
    files: &[PathBuf],
    broken: bool,
) -> Result<(Params, IndexMap<String, String>), Wrong> {
    let known = known_params(program);
    let none = Params::new();
    let eval = Evaluator::new(program, &none, &Nothing);
    let (mut params, mut shown) = (Params::new(), IndexMap::new());
    for Text { name, value, from } in texts(given, files, &|name| known.contains_key(name))? {
        let (name, value) = (name.as_str(), value.as_str());
        let Some(keys) = known.get(name) else {
            if broken {
                continue;
            }
            let known = known.keys().map(String::as_str);
            let said = no_such("param", name, known);
            return Err(Wrong::Said(match from {
                None => said,
                Some(file) => format!("`{}`: {said}", file.display()),
            }));
        };
        for (module, own) in keys {
            let default = eval.definition(*module, own);
            if matches!(default, Value::Error) {
                continue;
            }
            let given = match from {
                None => format!("-p {name}={value}"),
                Some(file) => format!("{name} = {value}` in `{}", file.display()),
            };
            let value_of = value_of(&eval, value, &default)
                .map_err(|why| unfit(program, *module, own, &given, &why, &default))?;
            let secret = matches!(value_of, Value::Secret(_));
            let text = if secret { "***" } else { value };
            shown.insert(name.to_string(), text.to_string());
            params.insert((*module, own.clone()), value_of);
        }
    }
    Ok((params, shown))
}

/// A parameter from outside, and the file that it is from, if any.
struct Text<'a> {
    name: String,
    value: String,
    from: Option<&'a Path>,
}

/// All that were given, the strongest last: those of files, then those of `-p`.
fn texts<'a>(
    given: &[String],
    files: &'a [PathBuf],
    is_param: &dyn Fn(&str) -> bool,
) -> Result<Vec<Text<'a>>, Wrong> {
    let mut texts = Vec::new();
    for file in files {
        let read = params_file::read(file, is_param).map_err(Wrong::Said)?;
        texts.extend(read.into_iter().map(|given| Text {
            name: given.name,
            value: given.text,
            from: Some(file),
        }));
    }
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            return Err(Wrong::Said(format!("`-p {text}`: write `-p name=value`")));
        };
        texts.push(Text {
            name: name.trim().to_string(),
            value: value.to_string(),
            from: None,
        });
    }
    Ok(texts)
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

/// A parameter's text as a value of its default's type; or why it is none.
fn value_of(eval: &Evaluator<'_>, text: &str, default: &Value) -> Result<Value, String> {
    match default {
        // a text is taken as it is, quoted or not
        Value::Text(_) => Ok(as_text(text)),
        Value::Secret(_) => Ok(Value::Secret(text.into())),
        // of any type: what is no other value is a text, so that paths need no quotes
        Value::None => Ok(read(eval, text).unwrap_or_else(|_| as_text(text))),
        _ => same_type(read(eval, text)?, default),
    }
}

fn as_text(text: &str) -> Value {
    Value::text(text.trim_matches('"'))
}

/// A text as the value that it is in a file; or why it is none.
fn read(eval: &Evaluator<'_>, text: &str) -> Result<Value, String> {
    let source = format!("let it = {text}\n");
    let (ast, found) = syntax::parse(crate::source::FileId::default(), &source);
    let value = match (found.first(), ast.items.first().map(|item| &item.kind)) {
        (None, Some(ItemKind::Let(binding))) => eval.eval(&binding.value, &Scope::of(ModuleId(0))),
        (Some(problem), _) => return Err(problem.message.clone()),
        _ => return Err("this is not a value".into()),
    };
    match eval.take_found().first() {
        Some(problem) => Err(problem.message.clone()),
        None => Ok(value),
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
        Err(format!("this is {}", value.describe()))
    }
}

/// That a text is no value of its parameter, at the parameter's declaration.
fn unfit(
    program: &Program,
    module: ModuleId,
    name: &str,
    given: &str,
    why: &str,
    default: &Value,
) -> Wrong {
    let expected = default.describe();
    let message = format!("`{given}` does not fit: `{name}` takes {expected} ({why})");
    let Some((definition, example)) =
        program
            .module(module)
            .names
            .get(name)
            .and_then(|definition| match &definition.kind {
                DefinitionKind::Param(expr) => {
                    let literal = matches!(
                        expr.kind,
                        ExprKind::Bool(_)
                            | ExprKind::Number { .. }
                            | ExprKind::List(_)
                            | ExprKind::Record(_)
                    );
                    let written = program.sources.text(expr.span).to_string();
                    let example = if literal {
                        Some(written)
                    } else {
                        default.shown()
                    };
                    Some((definition, example))
                }
                _ => None,
            })
    else {
        return Wrong::Said(message);
    };
    let mut found = Diagnostic::error(codes::TYPE_MISMATCH, definition.span, message)
        .says(format!("declared here, with {expected} as its default"));
    if let Some(example) = example.filter(|text| text.chars().count() <= 60) {
        found = found.help(format!("for example `-p {}`", shell_word(name, &example)));
    }
    Wrong::Found(Box::new(found))
}

/// `name=value`, as a shell takes it for one word.
fn shell_word(name: &str, value: &str) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._-/%:,+".contains(c);
    match value.chars().all(safe) {
        true => format!("{name}={value}"),
        false => format!("'{name}={}'", value.replace('\'', r"'\''")),
    }
}
