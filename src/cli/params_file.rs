//! `--params FILE`: parameters from a TOML, YAML or JSON file, as texts like those of `-p`.

use crate::eval::Value;
use crate::eval::formats::{self, Data};
use crate::units::source_form;
use std::path::Path;

/// Longest file of parameters, in bytes.
const LONGEST: u64 = 1 << 20;

/// One parameter of the file.
pub struct Given {
    pub name: String,
    /// As `-p` takes it.
    pub text: String,
}

/// Reads a file of parameters. A table in it holds those of a file that is used by its name:
/// `common = { rounds = 3 }` is `common.rounds=3`.
///
/// # Errors
/// In words: it cannot be read, its ending is another, or a mistake with its place in the file.
pub fn read(path: &Path, is_param: &dyn Fn(&str) -> bool) -> Result<Vec<Given>, String> {
    let shown = path.display();
    let cannot = |error| format!("cannot read `{shown}`: {}", crate::resolve::plain(&error));
    let length = std::fs::metadata(path).map_err(cannot)?.len();
    if length > LONGEST {
        return Err(format!(
            "`{shown}` is longer than 1 MiB: that is no file of parameters"
        ));
    }
    let bytes = std::fs::read(path).map_err(cannot)?;
    let text = crate::resolve::text_of(bytes)
        .map_err(|why| format!("`{shown}` is not a text file: {why}"))?;
    let read = match path.extension().and_then(|ending| ending.to_str()) {
        Some("toml") => toml(&text),
        Some("yaml" | "yml") => formats::yaml(&text),
        Some("json") => formats::json(&text, 1),
        _ => {
            return Err(format!(
                "what `{shown}` holds cannot be told from its name; parameters stand in a .toml, .yaml, .yml or .json file"
            ));
        }
    };
    let value = read.map_err(|(line, column, why)| format!("{shown}:{line}:{column}: {why}"))?;
    let mut given = Vec::new();
    match &value {
        Value::Record(_) => gather("", &value, is_param, &mut given).map_err(|name| {
            format!("`{shown}`: `{name}` is null, which is no value; leave the line out")
        })?,
        Value::None => {}
        other => {
            return Err(format!(
                "`{shown}` holds {}; parameters are names with values: `rounds = 3`",
                other.describe()
            ));
        }
    }
    Ok(given)
}

fn gather(
    before: &str,
    value: &Value,
    is_param: &dyn Fn(&str) -> bool,
    given: &mut Vec<Given>,
) -> Result<(), String> {
    let Value::Record(fields) = value else {
        return Ok(());
    };
    for (key, value) in fields.iter() {
        let name = format!("{before}{key}");
        match value {
            Value::Record(_) if before.is_empty() && !is_param(&name) => {
                gather(&format!("{name}."), value, is_param, given)?;
            }
            Value::Text(text) => given.push(Given {
                name,
                text: text.to_string(),
            }),
            value => {
                let text = source(value).ok_or_else(|| name.clone())?;
                given.push(Given { name, text });
            }
        }
    }
    Ok(())
}

/// A value as the language writes it; none for what it has no word for.
pub fn source(value: &Value) -> Option<String> {
    Some(match value {
        Value::Bool(truth) => truth.to_string(),
        Value::Number(q) => source_form(*q),
        Value::Text(text) => quoted(text),
        Value::List(items) => {
            let items: Option<Vec<String>> = items.iter().map(source).collect();
            format!("[{}]", items?.join(", "))
        }
        Value::Record(fields) => {
            let field =
                |(key, value): (&String, &Value)| Some(format!("{key} = {}", source(value)?));
            let fields: Option<Vec<String>> = fields.iter().map(field).collect();
            format!("{{ {} }}", fields?.join(", "))
        }
        _ => return None,
    })
}

/// As a text of the language that is no template.
fn quoted(text: &str) -> String {
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace("${", "$${");
    format!("\"{escaped}\"")
}

fn toml(text: &str) -> Result<Value, (usize, usize, String)> {
    let data: Data = ::toml::from_str(text).map_err(|error: ::toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..at).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        let said = error.message().lines().next().unwrap_or_default();
        let said = match said {
            "integer number overflowed" | "floating-point number overflowed" => formats::TOO_LARGE,
            "duplicate key" => "this name stands here twice: keep one of them",
            said => said,
        };
        let said = said.to_string();
        (line, column, said)
    })?;
    Ok(data.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let given = read(&path, &|name| name == "layout")
            .map_err(|why| why.replace(&format!("{}/", folder.path().display()), ""))?;
        let texts = given.iter().map(|g| format!("{}={}", g.name, g.text));
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        Ok(texts)
    }

    #[test]
    fn three_formats_give_the_same_texts() {
        let expected = [
            "common.rounds=4",
            "fast=true",
            "layout={ tp = 2 }",
            "limit=250ms",
            "rounds=3",
            "sizes=[1, 2.5]",
            r#"words=["a \"b\"", "$${c} $1"]"#,
        ];
        let toml = "rounds = 3\nlimit = '250ms'\nfast = true\nsizes = [1, 2.5]\nwords = ['a \"b\"', '${c} $1']\nlayout = { tp = 2 }\n[common]\nrounds = 4\n";
        assert_eq!(of("p.toml", toml).unwrap(), expected);
        let yaml = "rounds: 3\nlimit: 250ms\nfast: true\nsizes: [1, 2.5]\nwords: ['a \"b\"', '${c} $1']\nlayout: {tp: 2}\ncommon: {rounds: 4}\n";
        assert_eq!(of("p.yaml", yaml).unwrap(), expected);
        let json = r#"{"rounds":3,"limit":"250ms","fast":true,"sizes":[1,2.5],"words":["a \"b\"","${c} $1"],"layout":{"tp":2},"common":{"rounds":4}}"#;
        assert_eq!(of("p.json", json).unwrap(), expected);
        assert!(of("p.yaml", "").unwrap().is_empty());
    }

    #[test]
    fn what_is_wrong_with_a_file_is_said_with_its_place() {
        let wrong = |name: &str, text: &str| of(name, text).unwrap_err();
        assert!(wrong("p.toml", "a = 1\nb = = 2\n").starts_with("p.toml:2:5: "));
        assert!(wrong("p.json", "{\n\"a\": }").starts_with("p.json:2:6: "));
        for (text, expected) in [
            (
                "a = 1\nb = 1979-05-27\n",
                "dates and times are no values here: write it as a text",
            ),
            (
                "a = 1\nb = 07:32:00\n",
                "dates and times are no values here: write it as a text",
            ),
            (
                "a = 1\nb = 99999999999999999999\n",
                "this number has more digits than are kept: write",
            ),
            (
                "a = 1\nb = 1e999\n",
                "this number is too large: write it as a text",
            ),
            ("a = 1\nb = inf\n", "this number is not finite: write"),
            ("b = 1\nb = 2\n", "this name stands here twice: keep one"),
        ] {
            let said = wrong("p.toml", text);
            let what = said.strip_prefix("p.toml:2:");
            assert!(what.is_some_and(|what| what.contains(expected)), "{said}");
        }
        assert!(wrong("p.ini", "a = 1").contains("cannot be told"));
        assert!(wrong("p.yaml", "- 1").contains("holds a list"));
        assert!(wrong("p.yaml", "a: null").contains("`a` is null"));
    }
}
