//! Templates: minijinja with the result model, strict about names and bounded in work.

use super::error::TemplateError;
use super::filters;
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use std::collections::HashSet;

/// Instructions that one page may take: some million cells.
const FUEL: u64 = 20_000_000;
/// The most bytes of one page.
const LONGEST: usize = 64 << 20;

/// A template of the standard library: `std:summary.md.j2`.
pub fn std_template(name: &str) -> Option<&'static str> {
    crate::stdlib::template(name.strip_prefix("std:")?)
}

/// The names of the standard library's templates: `std:summary.md.j2`.
pub fn std_templates() -> Vec<String> {
    crate::stdlib::templates()
        .map(|(name, _)| format!("std:{name}"))
        .collect()
}

/// Whether a template can be read: syntax, and names of filters and tests where they are used is
/// left to rendering. For `lint`.
pub fn check_template(name: &str, text: &str) -> Result<(), Box<TemplateError>> {
    let mut env = environment();
    let added = env.add_template(name, text);
    added.map_err(|e| explain(&e, name, text, None))
}

/// The names that a template takes from what it is given; none of one that cannot be read.
pub(super) fn names_in(text: &str) -> HashSet<String> {
    let env = environment();
    let template = env.template_from_str(text);
    template.map_or_else(|_| HashSet::new(), |t| t.undeclared_variables(false))
}

/// Renders a page.
pub(super) fn render(
    name: &str,
    text: &str,
    context: &Value,
) -> Result<String, Box<TemplateError>> {
    let mut env = environment();
    env.add_template(name, text)
        .map_err(|e| explain(&e, name, text, None))?;
    let mut page = Bounded(Vec::new());
    let template = env
        .get_template(name)
        .map_err(|e| explain(&e, name, text, None))?;
    // names that neither a loop nor a `set` makes: they must come from the context
    let free = template.undeclared_variables(false);
    let rendered = template.render_captured_to(context.clone(), &mut page);
    rendered.map_err(|e| explain(&e, name, text, Some((context, &free))))?;
    Ok(String::from_utf8_lossy(&page.0).into_owned())
}

fn environment<'a>() -> Environment<'a> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env.set_fuel(Some(FUEL));
    env.set_debug(true);
    let mut syntax = SyntaxConfig::builder();
    syntax
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true);
    if let Ok(syntax) = syntax.build() {
        // only wrong delimiters fail, and these are the usual ones
        env.set_syntax(syntax);
    }
    env.set_loader(|name| Ok(std_template(name).map(String::from)));
    filters::add(&mut env);
    env
}

/// Takes a page of bounded size.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The engine's error in words of ours, with its place and the names that come near.
fn explain(
    error: &Error,
    name: &str,
    text: &str,
    context: Option<(&Value, &HashSet<String>)>,
) -> Box<TemplateError> {
    let (context, free) = context.unzip();
    // an include or a macro wraps the error that matters
    let mut error = error;
    while let Some(inner) = std::error::Error::source(error).and_then(|e| e.downcast_ref::<Error>())
    {
        error = inner;
    }
    let name = error.name().unwrap_or(name);
    let text = std_template(name).unwrap_or(text);
    let range = error.range().filter(|r| text.get(r.clone()).is_some());
    let part = range.clone().map(|r| &text[r]);
    let line = error.line().filter(|line| *line > 0);
    let column = range.map(|r| {
        let start = text[..r.start].rfind('\n').map_or(0, |at| at + 1);
        text[start..r.start].chars().count() + 1
    });
    let (message, help) = match error.kind() {
        ErrorKind::UndefinedError => undefined(part, context, free),
        ErrorKind::UnknownFilter => {
            let unknown = part.and_then(|p| p.rsplit('|').next()).map(str::trim);
            let near = unknown.and_then(|n| nearest(n, filters::NAMES.iter().copied()));
            (said(error), near.map(|n| format!("did you mean `{n}`?")))
        }
        ErrorKind::OutOfFuel => (
            format!("it takes more than {FUEL} steps"),
            Some("a loop within a loop over many rows? a template shows results, it does not compute them".into()),
        ),
        ErrorKind::WriteFailure => (format!("the page is longer than {LONGEST} bytes"), None),
        ErrorKind::TemplateNotFound => (
            said(error),
            Some("a template can include the standard ones (`std:summary.md.j2`)".into()),
        ),
        _ => (said(error), None),
    };
    Box::new(TemplateError {
        name: name.into(),
        line,
        column,
        message,
        source_line: line
            .and_then(|line| text.lines().nth(line - 1))
            .map(|line| super::text::short(line, 200)),
        help,
    })
}

fn said(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

/// What is undefined, and what there is instead. A path is followed as far as it leads from the
/// page's own names; behind a loop's variable, all field names of the model are near ones.
fn undefined(
    part: Option<&str>,
    context: Option<&Value>,
    free: Option<&HashSet<String>>,
) -> (String, Option<String>) {
    let Some(path) = part.and_then(first_path) else {
        return ("something here is not defined".into(), None);
    };
    let message = |name: &str| format!("`{name}` is not defined");
    let (Some(context), Some(free)) = (context, free) else {
        return (message(path), None);
    };
    let names: Vec<&str> = path.split('.').collect();
    let mut known = Vec::new();
    let mut missing = names.last().copied().unwrap_or_default();
    if free.contains(names[0]) {
        let mut value = context.clone();
        for name in names {
            match value.get_attr(name).ok().filter(|v| !v.is_undefined()) {
                Some(inner) => value = inner,
                None => {
                    missing = name;
                    break;
                }
            }
        }
        known.extend(keys(&value));
    } else {
        field_names(context, 0, &mut known);
    }
    let help = match nearest(missing, known.iter().map(String::as_str)) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if (1..=12).contains(&known.len()) => Some(format!("there is: {}", known.join(", "))),
        None => None,
    };
    (message(path), help)
}

/// The first dotted name in a piece of a template.
fn first_path(part: &str) -> Option<&str> {
    let start = part.find(|c: char| c.is_alphabetic() || c == '_')?;
    let rest = &part[start..];
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '.'));
    Some(rest[..end.unwrap_or(rest.len())].trim_end_matches('.'))
}

fn keys(value: &Value) -> Vec<String> {
    let names = value.try_iter().into_iter().flatten();
    names
        .filter_map(|key| key.as_str().map(String::from))
        .collect()
}

/// All names of fields within a value; lists by their first item.
fn field_names(value: &Value, depth: usize, found: &mut Vec<String>) {
    if depth > 8 {
        return;
    }
    match value.kind() {
        minijinja::value::ValueKind::Map => {
            for key in keys(value) {
                if let Ok(inner) = value.get_attr(&key) {
                    field_names(&inner, depth + 1, found);
                }
                if !found.contains(&key) {
                    found.push(key);
                }
            }
        }
        minijinja::value::ValueKind::Seq => {
            if let Some(first) = value.try_iter().into_iter().flatten().next() {
                field_names(&first, depth + 1, found);
            }
        }
        _ => {}
    }
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.chars().count() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}
