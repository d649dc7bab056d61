//! What data files mean: YAML, JSON, JSON lines and CSV as values, each mistake with its place.

use super::Value;
use super::written::Cells;
use crate::diagnostics::codes;
use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Longest data file, in bytes: a run keeps a copy of it.
pub(super) const LONGEST_FILE: u64 = 16 << 20;

/// Whole numbers beyond this are not all told apart by what numbers are kept in.
const EXACT: u64 = 1 << 53;

/// The endings that are read.
pub(super) const ENDINGS: &str = ".yaml, .yml, .json, .jsonl and .csv";

/// Why there is no data.
#[derive(Debug, Clone)]
pub(super) struct Wrong {
    pub rule: codes::Rule,
    pub message: String,
    /// The same of further rows.
    pub more: Vec<String>,
    pub help: String,
}

/// What a text holds.
#[derive(Debug)]
pub(super) struct Parsed {
    pub value: Value,
    /// Where each row starts, from 1, where a row has lines of its own.
    pub lines: Vec<usize>,
    /// How numbers are written that would be written otherwise.
    pub cells: Cells,
}

/// What a text holds, by the ending of the file's name. A mistake names its place.
pub(super) fn parsed(name: &str, text: &str) -> Result<Parsed, Wrong> {
    let malformed = |mistakes: Mistakes| mistakes.of(name);
    match Path::new(name).extension().and_then(|e| e.to_str()) {
        Some("yaml" | "yml") => {
            let read = yaml(text).map_err(Mistakes::one);
            read.map(without_lines).map_err(malformed)
        }
        Some("json") => {
            let read = json(text, 1).map_err(Mistakes::one);
            read.map(without_lines).map_err(malformed)
        }
        Some("jsonl") => lines(text).map_err(malformed),
        Some("csv") => table(text).map_err(malformed),
        _ => Err(Wrong {
            rule: codes::BAD_ARGUMENT,
            message: format!("what `{name}` holds cannot be told from its name"),
            more: Vec::new(),
            help: format!("data files end in {ENDINGS}"),
        }),
    }
}

fn without_lines(value: Value) -> Parsed {
    Parsed {
        value,
        lines: Vec::new(),
        cells: Cells::default(),
    }
}

/// Line, column (both from 1), and what is wrong there.
type Mistake = (usize, usize, String);

/// So many rows that are wrong are named.
const NAMED: usize = 10;

/// The first of what is wrong with a file's rows, and how many more there are.
#[derive(Default)]
struct Mistakes {
    first: Vec<Mistake>,
    more: usize,
}

impl Mistakes {
    fn one(mistake: Mistake) -> Self {
        Self {
            first: vec![mistake],
            more: 0,
        }
    }

    fn add(&mut self, mistake: Mistake) {
        match self.first.len() < NAMED {
            true => self.first.push(mistake),
            false => self.more += 1,
        }
    }

    /// All of them; none where nothing is wrong.
    fn all(self) -> Result<(), Self> {
        match self.first.is_empty() {
            true => Ok(()),
            false => Err(self),
        }
    }

    fn of(self, name: &str) -> Wrong {
        let said = |(line, column, why): &Mistake| format!("{name}:{line}:{column}: {why}");
        let mut said = self.first.iter().map(said);
        let message = said.next().unwrap_or_default();
        let mut more: Vec<String> = said.collect();
        match self.more {
            0 => {}
            1 => more.push("and so is 1 row more".into()),
            many => more.push(format!("and so are {many} rows more")),
        }
        let help = match more.is_empty() {
            true => "mend the data file at that line and column",
            false => "mend the data file at these lines",
        };
        Wrong {
            rule: codes::BAD_DATA,
            message,
            more,
            help: help.into(),
        }
    }
}

/// YAML 1.2, one document; `yes` and `on` are texts.
pub(crate) fn yaml(text: &str) -> Result<Value, Mistake> {
    let nodes = LONGEST_FILE as usize;
    let budget = serde_saphyr::budget! { max_nodes: nodes, max_events: 2 * nodes };
    let options = serde_saphyr::options! { budget: budget, strict_booleans: true, with_snippet: false, emit_comments: false };
    let data: Data = serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let at = error.location();
        let (line, column) = at.map_or((1, 1), |at| (at.line() as usize, at.column() as usize));
        let said = yaml_mistake(&error).unwrap_or_else(|| error.to_string());
        // the place is told apart
        let said = said.split(" at line ").next().unwrap_or(&said);
        let said = said.lines().next().unwrap_or(said);
        (
            line,
            column,
            said.trim_start_matches("error: ").trim().to_string(),
        )
    })?;
    Ok(data.0)
}

/// What is wrong and what to do, where the reader would speak of its own settings.
fn yaml_mistake(error: &serde_saphyr::Error) -> Option<String> {
    use serde_saphyr::Error as E;
    Some(match error {
        E::DuplicateMappingKey { key, .. } => twice(key.as_deref().unwrap_or("this key")),
        E::MultipleDocuments { .. } => {
            "a second document begins here: a file holds one; put the others in files of their own, or make a list of them".into()
        }
        E::NonFiniteFloat { value, .. } => format!("`{value}`: {NOT_FINITE}"),
        E::InvalidBinaryBase64 { .. } | E::BinaryNotUtf8 { .. } => {
            "what is behind `!!binary` is no text: leave the tag out, and the letters are taken as they are".into()
        }
        _ => return None,
    })
}

fn twice(key: &str) -> String {
    format!("`{key}` stands here twice: keep one of them")
}

const NOT_FINITE: &str =
    "this number is not finite: write one that is, leave it out, or write it as a text, in quotes";

/// Of a number that no reader of data keeps.
pub(crate) const TOO_LARGE: &str = "this number is too large: write it as a text, in quotes";

const TOO_LONG: &str = "this number has more digits than are kept: write it as a text, in quotes";

/// What stands for the key where TOML has a date or a time.
const TOML_DATE: &str = "$__toml_private_datetime";

/// JSON; its first line is line `first` of the file.
pub(crate) fn json(text: &str, first: usize) -> Result<Value, Mistake> {
    let data: Data = serde_json::from_str(text).map_err(|error| {
        let said = error.to_string();
        let said = match said.split(" at line ").next().unwrap_or(&said) {
            "number out of range" => TOO_LARGE.into(),
            said => said.to_string(),
        };
        (error.line() + first - 1, error.column().max(1), said)
    })?;
    Ok(data.0)
}

/// One value per line; empty lines say nothing.
fn lines(text: &str) -> Result<Parsed, Mistakes> {
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    let mut mistakes = Mistakes::default();
    let written = text.lines().enumerate();
    for (at, line) in written.filter(|(_, line)| !line.trim().is_empty()) {
        match json(line.trim_end(), at + 1) {
            Ok(row) => rows.push(row),
            Err(mistake) => mistakes.add(mistake),
        }
        lines.push(at + 1);
    }
    mistakes.all()?;
    Ok(Parsed {
        lines,
        ..without_lines(Value::list(rows))
    })
}

/// What stands in every line of a table of one column, and parts cells elsewhere.
fn parted_by(text: &str) -> Option<&'static str> {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let header = lines.next()?;
    let signs = [("`;`", ';'), ("tabs", '\t'), ("`|`", '|')];
    let mut signs = signs.iter().filter(|(_, sign)| header.contains(*sign));
    let (shown, sign) = signs.next()?;
    lines.all(|line| line.contains(*sign)).then_some(*shown)
}

/// A list of records with the header's keys. A column of which every cell is a number holds
/// numbers, one of `true` and `false` truths, any other texts; an empty cell is `none`. How a number
/// is written is kept for texts that it becomes a part of.
fn table(text: &str) -> Result<Parsed, Mistakes> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let bad = |error: csv::Error| {
        let line = error.position().map_or(1, |at| at.line() as usize);
        let said = match error.kind() {
            csv::ErrorKind::UnequalLengths {
                expected_len, len, ..
            } => format!("this row has {len} cells, the header {expected_len}"),
            _ => error.to_string(),
        };
        (line, 1, said)
    };
    let header = reader
        .headers()
        .map_err(|error| Mistakes::one(bad(error)))?;
    let header = header.clone();
    if let (1, Some(sign)) = (header.len(), parted_by(text)) {
        let why = format!(
            "these cells are parted by {sign}, and those of a CSV file by commas: save it with commas"
        );
        return Err(Mistakes::one((1, 1, why)));
    }
    let mut keys: Vec<&str> = Vec::new();
    for key in &header {
        if key.is_empty() || keys.contains(&key) {
            let why = match key.is_empty() {
                true => "a column has no name".to_string(),
                false => format!("two columns are called `{key}`"),
            };
            return Err(Mistakes::one((1, 1, why)));
        }
        keys.push(key);
    }
    let (mut rows, mut mistakes): (Vec<csv::StringRecord>, _) = (Vec::new(), Mistakes::default());
    for row in reader.records() {
        match row {
            Ok(row) => rows.push(row),
            Err(error) => mistakes.add(bad(error)),
        }
    }
    mistakes.all()?;
    let cells = |index: usize| {
        let cells = rows.iter().filter_map(move |row| row.get(index));
        cells.filter(|cell| !cell.is_empty())
    };
    let kinds: Vec<fn(&str) -> Option<Value>> = (0..keys.len())
        .map(|index| {
            let all = |kind: fn(&str) -> Option<Value>| cells(index).all(|c| kind(c).is_some());
            if all(number) {
                number
            } else if all(truth) {
                truth
            } else {
                |cell: &str| Some(Value::text(cell))
            }
        })
        .collect();
    let record = |row: &csv::StringRecord| {
        let fields = keys.iter().zip(row).zip(&kinds);
        Value::record(fields.map(|((key, cell), kind)| {
            let value = (!cell.is_empty()).then(|| kind(cell)).flatten();
            (key.to_string(), value.unwrap_or(Value::None))
        }))
    };
    let line = |row: &csv::StringRecord| row.position().map_or(1, |at| at.line() as usize);
    let lines = rows.iter().map(line).collect();
    let records: Vec<Value> = rows.iter().map(record).collect();
    let names: Vec<Arc<str>> = keys.iter().map(|key| Arc::from(*key)).collect();
    let mut cells = Cells::default();
    for (row, record) in rows.iter().zip(&records) {
        if let Value::Record(record) = record {
            let written = names.iter().zip(row);
            written.for_each(|(name, cell)| cells.keep(record, name, cell));
        }
    }
    Ok(Parsed {
        value: Value::list(records),
        lines,
        cells,
    })
}

/// A cell that is a number as JSON writes them: `007` and `1e999` are texts.
fn number(cell: &str) -> Option<Value> {
    let data: Data = serde_json::from_str(cell).ok()?;
    matches!(data.0, Value::Number(_)).then_some(data.0)
}

fn truth(cell: &str) -> Option<Value> {
    cell.parse().ok().map(Value::Bool)
}

/// A value as data files hold it: none, truths, bare numbers, texts, lists and records.
pub(crate) struct Data(pub Value);

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Data)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false, null, a list or a record")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Reader)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Value, E> {
        whole(number.unsigned_abs(), number as f64)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Value, E> {
        whole(number, number as f64)
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Value, E> {
        Err(E::custom(TOO_LONG))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Value, E> {
        Err(E::custom(TOO_LONG))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Value, E> {
        match number.is_finite() {
            true => Ok(Value::plain(number)),
            false => Err(E::custom(NOT_FINITE)),
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Data(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut fields = indexmap::IndexMap::new();
        while let Some(key) = entries.next_key_seed(NewKey(&fields))? {
            let Data(value) = entries.next_value()?;
            fields.insert(key, value);
        }
        Ok(Value::Record(Arc::new(fields)))
    }
}

/// A key that the record has not yet; the mistake is told where the second one stands.
struct NewKey<'a>(&'a indexmap::IndexMap<String, Value>);

impl<'de> de::DeserializeSeed<'de> for NewKey<'_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NewKey<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text as a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<String, E> {
        match self.0.contains_key(key) {
            _ if key == TOML_DATE => Err(E::custom(
                "dates and times are no values here: write it as a text, in quotes",
            )),
            false => Ok(key.to_string()),
            true => Err(E::custom(twice(key))),
        }
    }
}

fn whole<E: de::Error>(magnitude: u64, number: f64) -> Result<Value, E> {
    match magnitude <= EXACT {
        true => Ok(Value::plain(number)),
        false => Err(E::custom(TOO_LONG)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> String {
        match parsed(name, text) {
            Ok(read) => read.value.shown().unwrap(),
            Err(wrong) => wrong.message,
        }
    }

    #[test]
    fn each_format_gives_the_same_values() {
        let yaml = "- {name: a, tp: 2, moe: true, note: null}\n- name: b\n  tp: 4.5\n  moe: false\n  note: yes\n";
        let json = r#"[{"name":"a","tp":2,"moe":true,"note":null},{"name":"b","tp":4.5,"moe":false,"note":"yes"}]"#;
        let lines = "{\"name\":\"a\",\"tp\":2,\"moe\":true,\"note\":null}\n\n{\"name\":\"b\",\"tp\":4.5,\"moe\":false,\"note\":\"yes\"}\r\n";
        let table = "name, tp,moe,note\na,2,true,\n\"b\",4.5,false,yes\n";
        let expected = "[{name=a,tp=2,moe=true,note=none}, {name=b,tp=4.5,moe=false,note=yes}]";
        for (name, text) in [
            ("m.yaml", yaml),
            ("m.json", json),
            ("m.jsonl", lines),
            ("m.csv", table),
        ] {
            assert_eq!(of(name, text), expected, "{name}");
        }
        assert_eq!(
            of("zip.csv", "code\n0123\n99\n"),
            "[{code=0123}, {code=99}]"
        );
    }

    #[test]
    fn mistakes_name_their_place() {
        assert_eq!(
            of("m.json", "{\n  \"a\": 1,\n  \"a\": 2\n}"),
            "m.json:3:5: `a` stands here twice: keep one of them"
        );
        assert!(of("m.jsonl", "{}\n{}\n[1,\n").starts_with("m.jsonl:3:3: EOF"));
        let yaml = of("m.yaml", "a: 1\nb: [1, 2\nc: 3\n");
        assert!(
            yaml.starts_with("m.yaml:3:") || yaml.starts_with("m.yaml:2:"),
            "{yaml}"
        );
        assert!(!yaml.contains('\n'), "{yaml}");
        for (text, expected) in [
            ("a: 1\na: 2\n", "2:1: `a` stands here twice: keep one"),
            (
                "a: 1\n---\nb: 2\n",
                "3:1: a second document begins here: a file holds one",
            ),
            ("a: .inf\n", "1:4: `.inf`: this number is not finite: write"),
            ("a: .nan\n", "1:4: `.nan`: this number is not finite: write"),
            (
                "a: !!binary \"!!\"\n",
                "1:13: what is behind `!!binary` is no text: leave",
            ),
            (
                "a: !!binary gICA\n",
                "1:13: what is behind `!!binary` is no text: leave",
            ),
        ] {
            let said = of("m.yaml", text);
            assert!(said.starts_with(&format!("m.yaml:{expected}")), "{said}");
        }
        assert_eq!(
            of("m.csv", "a,b\n1,2\n3\n"),
            "m.csv:3:1: this row has 1 cells, the header 2"
        );
        assert_eq!(
            of("m.csv", "a,a\n1,2\n"),
            "m.csv:1:1: two columns are called `a`"
        );
        assert!(of("m.json", "12345678901234567890").contains("write it as a text"));
        assert!(of("m.toml", "a = 1").contains("cannot be told"));
    }

    #[test]
    fn hostile_data_ends_as_an_error() {
        let deep = "[".repeat(1 << 20);
        assert!(of("m.json", &deep).contains("recursion limit"));
        assert!(of("m.yaml", &deep).starts_with("m.yaml:"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for n in 1..12 {
            let refs = vec![format!("*a{}", n - 1); 10].join(", ");
            bomb += &format!("a{n}: &a{n} [{refs}]\n");
        }
        assert!(of("m.yaml", &bomb).starts_with("m.yaml:"));
    }
}
