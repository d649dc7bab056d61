//! What a plan rests on from outside the scenarios: the values of parameters, where each is from,
//! and what the suite allows.

use super::page::Page;
use super::wrap::widest;
use super::{count, time_words};
use crate::scenario::SuiteLimits;
use serde_json::{Value, json};

/// Longer values are cut where people read them.
const LONGEST: usize = 200;

/// The widest that names get before their values move away from them.
const WIDEST: usize = 24;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// The parameters of all files that were read.
    pub params: Vec<ParamValue>,
    /// The suite that was selected.
    pub suite: Option<SuiteLimits>,
}

/// A parameter, and what it is in this plan.
#[derive(Debug, Clone, PartialEq)]
pub struct ParamValue {
    /// As `-p` takes it: `rounds`, and `common.rounds` of a file that is used as `common` where
    /// several have one of that name.
    pub name: String,
    /// As it is written in a file; `***` where it is secret.
    pub value: String,
    pub from: From,
}

/// Where a parameter's value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    Default,
    /// `-p name=value`.
    Option,
    /// `--params FILE`: the file.
    File(String),
}

impl From {
    fn words(&self) -> String {
        match self {
            Self::Default => "default".into(),
            Self::Option => "-p".into(),
            Self::File(file) => file.clone(),
        }
    }
}

impl Given {
    /// The parameters for machines.
    pub(super) fn params_json(&self) -> Value {
        let one = |param: &ParamValue| {
            let (from, file) = match &param.from {
                From::Default => ("default", None),
                From::Option => ("option", None),
                From::File(file) => ("file", Some(file)),
            };
            json!({ "name": param.name, "value": param.value, "from": from, "file": file })
        };
        self.params.iter().map(one).collect()
    }

    /// The selected suite for machines; null where there is none.
    pub(super) fn suite_json(&self) -> Value {
        let Some(suite) = &self.suite else {
            return Value::Null;
        };
        json!({
            "name": suite.name,
            "gpus": suite.gpus,
            "timeout_s": suite.timeout.map(|timeout| timeout.as_secs_f64()),
            "stop_early": suite.stop_early,
        })
    }
}

impl Page {
    pub(super) fn given(&mut self, given: &Given) {
        if let Some(suite) = &given.suite {
            let limits = [
                suite.gpus.map(|gpus| count(gpus, "GPU")),
                suite
                    .timeout
                    .map(|timeout| format!("at most {} in all", time_words(timeout.as_secs_f64()))),
                (suite.stop_early).then(|| "ends after the first scenario that fails".to_string()),
            ];
            let limits: Vec<String> = limits.into_iter().flatten().collect();
            let limits = match limits.is_empty() {
                true => "no limits".to_string(),
                false => limits.join("; "),
            };
            self.entry(2, "suite", 5, &[format!("{}: {limits}", suite.name)]);
        }
        if given.params.is_empty() {
            return;
        }
        self.heading("params");
        let width = widest(given.params.iter().map(|param| param.name.as_str()), WIDEST);
        for ParamValue { name, value, from } in &given.params {
            let cut: String = value.chars().take(LONGEST).collect();
            let more = if cut.len() < value.len() { "…" } else { "" };
            let line = format!("{cut}{more} ({})", from.words());
            self.entry(4, name, width, &[crate::report::text::one_line(&line)]);
        }
    }
}
