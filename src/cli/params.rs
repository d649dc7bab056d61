//! `-p name=value` and `--params FILE`: parameters from outside.

use super::load::no_such;
use super::params_file;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Evaluator, Nothing, Params, Scope, Shape, Value};
use crate::plan::{From, ParamValue};
use crate::resolve::{DefinitionKind, ModuleId, Program};
use crate::syntax;
use crate::syntax::ast::{ExprKind, ItemKind};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// What is wrong with a parameter.
pub enum Wrong {
    Said(String),
    /// At its declaration.
    Found(Box<Diagnostic>),
}

/// Parameters as a command takes them.
pub struct Taken {
    /// Those that were given.
    pub params: Params,
    /// Their texts, as they may be shown.
    pub shown: IndexMap<String, String>,
    /// All that there are, and what each is.
    pub values: Vec<ParamValue>,
}

/// Sets the `param` of that name in every file that was read, and with `common.name=value` only
/// that of the file that a root file uses as `common`. Also the texts as they may be shown.
/// `broken`: names may stand in the part of a file that could not be read.
pub fn params(
    program: &Program,
    given: &[String],
    files: &[PathBuf],
    broken: bool,
) -> Result<Taken, Vec<Wrong>> {
    let known = known_params(program);
    let none = Params::new();
    let eval = Evaluator::new(program, &none, &Nothing);
    let (mut params, mut shown) = (Params::new(), IndexMap::new());
    let mut origins: HashMap<&Key, From> = HashMap::new();
    let mut wrong = Vec::new();
    let texts = texts(given, files, &|name| known.contains_key(name), &mut wrong);
    for Text { name, value, from } in texts {
        let (name, value) = (name.as_str(), value.as_str());
        let Some(keys) = known.get(name) else {
            if broken {
                continue;
            }
            let known = known.keys().map(String::as_str);
            let said = no_such("param", name, known);
            wrong.push(Wrong::Said(match from {
                None => said,
                Some((file, line)) => format!("`{}`: {said}", params_file::place(file, line)),
            }));
            continue;
        };
        for key in keys {
            let (module, own) = key;
            let default = eval.definition(*module, own);
            if matches!(default, Value::Error) {
                continue;
            }
            let given = match from {
                None => format!("-p {name}={value}"),
                Some((file, line)) => {
                    format!("{name} = {value}` in `{}", params_file::place(file, line))
                }
            };
            let value_of = match value_of(&eval, value, (own, from.is_some()), &default) {
                Ok(value) => value,
                Err(why) => {
                    // of a name in other files the same would be said again
                    wrong.push(unfit(program, *module, own, &given, &why, &default));
                    break;
                }
            };
            let secret = matches!(value_of, Value::Secret(_));
            let text = if secret { "***" } else { value };
            shown.insert(name.to_string(), text.to_string());
            params.insert((*module, own.clone()), value_of);
            let file = from.map(|(file, _)| From::File(file.display().to_string()));
            origins.insert(key, file.unwrap_or(From::Option));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let values = values(&eval, &known, &params, &origins);
    Ok(Taken {
        params,
        shown,
        values,
    })
}

/// A `param`: the file that defines it, and its name there.
type Key = (ModuleId, String);

/// All parameters in the order of their files, each by the shortest name that is its own.
fn values(
    eval: &Evaluator<'_>,
    known: &IndexMap<String, Vec<Key>>,
    params: &Params,
    origins: &HashMap<&Key, From>,
) -> Vec<ParamValue> {
    let mut names: IndexMap<&Key, &str> = IndexMap::new();
    for (name, keys) in known {
        for key in keys {
            // one of several has a name of its own where a root file uses it by one
            let own = names.entry(key).or_insert(name);
            if known[*own].len() > 1 && keys.len() == 1 {
                *own = name;
            }
        }
    }
    let value = |(key, name): (&Key, &str)| {
        let default = || eval.definition(key.0, &key.1);
        let value = params.get(key).cloned().unwrap_or_else(default);
        let text = match &value {
            Value::Error => return None,
            Value::Secret(_) => "***".to_string(),
            // in quotes, so that it is no word
            Value::Text(_) => params_file::source(&value).unwrap_or_default(),
            value => value.shown().unwrap_or_else(|| value.describe()),
        };
        Some(ParamValue {
            name: name.to_string(),
            value: text,
            from: origins.get(key).cloned().unwrap_or(From::Default),
        })
    };
    names.into_iter().filter_map(value).collect()
}

/// A parameter from outside, and the file that it is from, if any.
struct Text<'a> {
    name: String,
    value: String,
    /// And the line there, where that can be told.
    from: Option<(&'a Path, Option<usize>)>,
}

/// All that were given, the strongest last: those of files, then those of `-p`.
fn texts<'a>(
    given: &[String],
    files: &'a [PathBuf],
    is_param: &dyn Fn(&str) -> bool,
    wrong: &mut Vec<Wrong>,
) -> Vec<Text<'a>> {
    let mut texts = Vec::new();
    for file in files {
        let read = params_file::read(file, is_param).unwrap_or_else(|found| {
            wrong.extend(found.into_iter().map(Wrong::Said));
            Vec::new()
        });
        texts.extend(read.into_iter().map(|given| Text {
            name: given.name,
            value: given.text,
            from: Some((file, given.line)),
        }));
    }
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            let said = format!("`-p {text}`: write `-p name=value`");
            wrong.push(Wrong::Said(said));
            continue;
        };
        texts.push(Text {
            name: name.trim().to_string(),
            value: value.to_string(),
            from: None,
        });
    }
    texts
}

/// By what a `-p` may call them: the params of all files by their name, those of files that a
/// root file uses also behind the name it uses them by.
fn known_params(program: &Program) -> IndexMap<String, Vec<Key>> {
    let mut known: IndexMap<String, Vec<Key>> = IndexMap::new();
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

/// A parameter's text as a value of its default's type; or why it is none. `of_file`: it is from a
/// file, whose lists have no words for what has a unit but texts.
fn value_of(
    eval: &Evaluator<'_>,
    text: &str,
    (name, of_file): (&str, bool),
    default: &Value,
) -> Result<Value, String> {
    match default {
        // a text is taken as it is, quoted or not
        Value::Text(_) => Ok(as_text(text)),
        Value::Secret(_) => Ok(Value::Secret(text.into())),
        // of any type: what is no other value is a text, so that paths need no quotes
        Value::None => Ok(read(eval, text).unwrap_or_else(|_| as_text(text))),
        _ => {
            let value = match (of_file, read(eval, text)?) {
                (true, value) => unquoted(eval, value, default),
                (false, value) => value,
            };
            match unlike(&value, default, name) {
                None => Ok(value),
                Some((at, of, _)) if at == name => Err(format!("this is {of}")),
                Some((at, of, due)) => Err(format!("`{at}` is {of}, and not {due}")),
            }
        }
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

/// With the entries of lists and fields of records that are texts, where the default has others,
/// read as what they say: `[1s, 2s]` of a YAML file holds texts.
fn unquoted(eval: &Evaluator<'_>, value: Value, default: &Value) -> Value {
    match (value, default) {
        (Value::Text(text), due) if !matches!(due, Value::Text(_) | Value::None) => {
            read(eval, &text).unwrap_or(Value::Text(text))
        }
        (Value::List(items), Value::List(entries)) => match entries.first() {
            Some(due) => {
                let items = items.iter().map(|item| unquoted(eval, item.clone(), due));
                Value::list(items.collect())
            }
            None => Value::List(items),
        },
        (Value::Record(fields), Value::Record(known)) => {
            let field = |(key, value): (&String, &Value)| {
                let value = match known.get(key) {
                    Some(due) => unquoted(eval, value.clone(), due),
                    None => value.clone(),
                };
                (key.clone(), value)
            };
            Value::record(fields.iter().map(field))
        }
        (value, _) => value,
    }
}

/// The first that is of another type than in the default: its place, what it is, and what is due
/// there. Entries of a list are as those of the default's list, where these are alike.
fn unlike(value: &Value, default: &Value, at: &str) -> Option<(String, String, String)> {
    let fits = match (value, default) {
        (Value::Number(a), Value::Number(b)) => a.dimension == b.dimension,
        (Value::Unknown(Shape::Any), _) | (_, Value::None) => true,
        (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
    };
    if !fits {
        return Some((at.to_string(), value.describe(), default.describe()));
    }
    match (value, default) {
        (Value::List(items), Value::List(entries)) => {
            let due = entries.first()?;
            if entries.iter().any(|other| unlike(other, due, "").is_some()) {
                return None;
            }
            let mut items = items.iter().enumerate();
            items.find_map(|(index, item)| unlike(item, due, &format!("{at}[{index}]")))
        }
        (Value::Record(fields), Value::Record(known)) => known.iter().find_map(|(key, due)| {
            let field = fields.get(key)?;
            unlike(field, due, &format!("{at}.{key}"))
        }),
        _ => None,
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
