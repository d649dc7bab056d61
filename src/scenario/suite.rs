//! What a suite allows: GPUs, time, and whether the first failure ends it.

use crate::eval::{Evaluator, Nothing, Params, Scope, Value};
use crate::resolve::{Flat, Program};
use crate::schema;
use std::time::Duration;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteLimits {
    pub name: String,
    pub gpus: Option<u64>,
    pub timeout: Option<Duration>,
    pub stop_early: bool,
}

/// What a suite says; mistakes in it are found with the other constants.
pub fn suite_limits(program: &Program, params: &Params, suite: &Flat) -> SuiteLimits {
    let eval = Evaluator::new(program, params, &Nothing);
    let value = |name: &str| {
        let attribute = schema::kind("suite").and_then(|kind| kind.attribute(name));
        let written = attribute.zip(suite.attrs.get(name));
        written.map_or(Value::None, |(attribute, attr)| {
            let scope = Scope::of(suite.module).inside(suite).in_module(attr.module);
            eval.attribute(attribute, &attr.expr, &scope)
        })
    };
    SuiteLimits {
        name: suite.title().to_string(),
        gpus: super::context::as_whole(&value("gpus")),
        timeout: super::context::as_duration(&value("timeout")),
        stop_early: super::context::as_bool(&value("stop_early")).unwrap_or(false),
    }
}
