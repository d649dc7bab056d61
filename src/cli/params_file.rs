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
    /// Where it stands in the file, from 1, where that can be told.
    pub line: Option<usize>,
}

/// Reads a file of parameters. A table in it holds those of a file that is used by its name:
/// `common = { rounds = 3 }` is `common.rounds=3`.
///
/// # Errors
/// In words: it cannot be read, its ending is another, or mistakes with their places in the file.
pub fn read(path: &Path, is_param: &dyn Fn(&str) -> bool) -> Result<Vec<Given>, Vec<String>> {
    let (value, text) = value_of(path).map_err(|why| vec![why])?;
    let mut read = Read {
        text: &text,
        given: Vec::new(),
        nulls: Vec::new(),
        wrong: Vec::new(),
    };
    let shown = path.display();
    match &value {
        Value::Record(_) => read.gather("", &value, is_param),
        Value::None => {}
        other => read.wrong.push(format!(
            "`{shown}` holds {}; parameters are names with values: `rounds = 3`",
            other.describe()
        )),
    }
    for name in std::mem::take(&mut read.nulls) {
        let place = place(path, line_of(&text, &name));
        read.wrong.push(format!(
            "`{place}`: `{name}` is null, which is no value; leave the line out"
        ));
    }
    match read.wrong.is_empty() {
        true => Ok(read.given),
        false => Err(read.wrong),
    }
}

fn value_of(path: &Path) -> Result<(Value, String), String> {
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
    Ok((value, text))
}

/// `params.toml:3`, or without its line where that cannot be told.
pub fn place(path: &Path, line: Option<usize>) -> String {
    match line {
        Some(line) => format!("{}:{line}", path.display()),
        None => path.display().to_string(),
    }
}

/// What is read of a file.
struct Read<'t> {
    text: &'t str,
    given: Vec<Given>,
    /// Names of what has no value.
    nulls: Vec<String>,
    wrong: Vec<String>,
}

impl Read<'_> {
    fn gather(&mut self, before: &str, value: &Value, is_param: &dyn Fn(&str) -> bool) {
        let Value::Record(fields) = value else { return };
        for (key, value) in fields.iter() {
            let name = format!("{before}{key}");
            let text = match value {
                Value::Record(_) if before.is_empty() && !is_param(&name) => {
                    self.gather(&format!("{name}."), value, is_param);
                    continue;
                }
                Value::Text(text) => Some(text.to_string()),
                value => source(value),
            };
            match text {
                Some(text) => {
                    let line = line_of(self.text, &name);
                    self.given.push(Given { name, text, line });
                }
                None => self.nulls.push(name),
            }
        }
    }
}

/// The line, from 1, in which a name gets its value; of `common.rounds` one below `common`. The
/// readers of the formats do not tell.
fn line_of(text: &str, name: &str) -> Option<usize> {
    let sets = |line: &str, key: &str| {
        line.match_indices(key).any(|(at, _)| {
            let before = line[..at].trim_end_matches(['"', '\'']);
            let starts = before.trim_end();
            let apart = starts.is_empty() || starts.ends_with(['{', ',', '[', '.']);
            let behind = line[at + key.len()..].trim_start_matches(['"', '\'']);
            apart && behind.trim_start().starts_with([':', '=', ']', '.'])
        })
    };
    let (table, key) = match name.rsplit_once('.') {
        Some((table, key)) => (Some(table), key),
        None => (None, name),
    };
    let mut lines = text
        .lines()
        .enumerate()
        .skip_while(|(_, line)| match table {
            Some(table) => !sets(line, table),
            None => false,
        });
    lines
        .find(|(_, line)| sets(line, key))
        .map(|(at, _)| at + 1)
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
        let given = read(&path, &|name| name == "layout").map_err(|why| {
            why.join("\n")
                .replace(&format!("{}/", folder.path().display()), "")
        })?;
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
        let nulls = wrong("p.yaml", "a: null\nb: 1\nc: null");
        let expected = [
            "`p.yaml:1`: `a` is null, which",
            "`p.yaml:3`: `c` is null, which",
        ];
        let starts = nulls
            .lines()
            .zip(expected)
            .all(|(said, due)| said.starts_with(due));
        assert!(starts && nulls.lines().count() == 2, "{nulls}");
    }

    #[test]
    fn a_name_is_found_in_its_line() {
        let toml = "# rounds = 1\nrounds = 3\nlayout = { tp = 2 }\n[common]\nrounds = 4\n";
        let yaml = "rounds: 3\ncommon:\n  rounds: 4\n";
        let json = "{\n  \"common\": {\n    \"rounds\": 4 },\n  \"fast\": true\n}";
        for (text, name, line) in [
            (toml, "rounds", Some(2)),
            (toml, "layout", Some(3)),
            (toml, "common.rounds", Some(5)),
            (yaml, "common.rounds", Some(3)),
            (json, "common.rounds", Some(3)),
            (json, "fast", Some(4)),
            (json, "slow", None),
            ("common.rounds = 1", "common.rounds", Some(1)),
        ] {
            assert_eq!(line_of(text, name), line, "{name} in {text}");
        }
    }
}
