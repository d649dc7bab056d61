//! `flags({ … })`: a record as the words of a command line.

use super::Value;
use crate::units::number;
use indexmap::IndexMap;

/// The words, each flag before its values.
///
/// # Errors
/// What of it is no word, as sentences name it.
pub(super) fn words(fields: &IndexMap<String, Value>) -> Result<Vec<Value>, String> {
    let mut words = Vec::new();
    for (name, value) in fields {
        if matches!(value, Value::Bool(false)) {
            continue;
        }
        words.push(Value::text(match name.starts_with('-') {
            true => name.clone(),
            false => format!("--{}", name.replace('_', "-")),
        }));
        match value {
            Value::None | Value::Bool(true) => {}
            Value::List(items) => {
                for item in items.iter() {
                    words.push(word(name, item)?);
                }
            }
            value => words.push(word(name, value)?),
        }
    }
    Ok(words)
}

fn word(name: &str, value: &Value) -> Result<Value, String> {
    let unfit = || format!("{} as `{name}`", value.describe());
    Ok(match value {
        Value::Text(_) | Value::Secret(_) => value.clone(),
        Value::Number(q) if q.dimension.is_none() => Value::text(number(q.value, 15)),
        Value::Bool(truth) => Value::text(truth.to_string()),
        Value::Record(_) => Value::text(value.to_json().ok_or_else(unfit)?.to_string()),
        _ => return Err(unfit()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{Dimension, Quantity};

    #[test]
    fn a_record_becomes_words() {
        let json = Value::record([("a".to_string(), Value::plain(1.0))]);
        let fields = IndexMap::from([
            ("max_num_seqs".to_string(), Value::plain(64.0)),
            ("trust-remote-code".to_string(), Value::None),
            ("enable_x".to_string(), Value::Bool(true)),
            ("no_y".to_string(), Value::Bool(false)),
            ("-O".to_string(), Value::text("3")),
            (
                "sizes".to_string(),
                Value::list(vec![Value::plain(1.0), Value::plain(2.5)]),
            ),
            ("extra".to_string(), json),
        ]);
        let words = words(&fields).unwrap();
        let words: Vec<String> = words.iter().filter_map(Value::shown).collect();
        assert_eq!(
            words.join(" "),
            "--max-num-seqs 64 --trust-remote-code --enable-x -O 3 --sizes 1 2.5 --extra {\"a\":1}"
        );
    }

    #[test]
    fn what_is_no_word_is_named() {
        let bytes = Value::Number(Quantity::new(1e9, Dimension::DATA));
        let fields = IndexMap::from([("swap".to_string(), bytes)]);
        let why = words(&fields).unwrap_err();
        assert!(why.contains("data") && why.contains("`swap`"), "{why}");
    }
}
