//! Values against the types of the schema.

use super::{BlockValue, Evaluator, Handle, Scope, Value};
use crate::diagnostics::{Diagnostic, codes};
use crate::load::random::{Law, Random};
use crate::load::spec::Arrival;
use crate::resolve::{DefinitionKind, FlatAttr};
use crate::schema::{Attribute, Type};
use crate::source::Span;
use crate::syntax::ast::{Expr, ItemKind};
use crate::units::{Dimension, column_unit, number, parse_unit};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// The largest value of an attribute, in base units: whole numbers are exact up to here.
const LARGEST: f64 = 9_007_199_254_740_992.0;

/// The longest time, in seconds: some thirty years.
const LONGEST: f64 = 1e9;

/// How a value of a type is written.
fn how(ty: Type) -> Option<String> {
    Some(match ty {
        Type::Bool => "write `true` or `false`".to_string(),
        Type::Int(_) => "write a whole number, as 4, without quotes and unit".to_string(),
        Type::Text | Type::File | Type::SecretText => "a text stands in quotes: \"…\"".to_string(),
        Type::Quantity(Dimension::TIME) => "write it with its unit: 30s, 250ms, 5min".to_string(),
        Type::Quantity(Dimension::DATA) => "write it with its unit: 500MB, 1.5 GiB".to_string(),
        Type::Quantity(d) => format!("write it with its unit: 10 {}", column_unit(d)),
        Type::Count(d) => format!("write a number: 20, or 20 {}", column_unit(d)),
        Type::Ratio => "write a share: 99%".to_string(),
        Type::Drawn(of) | Type::Ramped(of) => return how(*of),
        Type::Arrival => "poisson() is how requests come that do not know of each other".into(),
        Type::Choice(choices) => format!("it is one of: \"{}\"", choices.join("\", \"")),
        _ => return None,
    })
}

/// Whether that is a number as it is written, without a unit.
fn is_digits(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

impl Evaluator<'_> {
    /// The attribute's value, checked against its type. Measured values are reported where the
    /// attribute is constant.
    pub fn attribute(&self, attribute: &Attribute, expr: &Expr, scope: &Scope) -> Value {
        let value = self.known(&format!("`{}`", attribute.name), expr, scope);
        self.typed(attribute.name, attribute.ty, value, expr.span)
    }

    /// The same as it is written: a record that stands for a block is one.
    pub fn written(&self, attribute: &Attribute, attr: &FlatAttr, scope: &Scope) -> Value {
        match &attr.block {
            Some(flat) => Value::Block(Arc::new(BlockValue::new(flat.clone(), scope))),
            None => self.attribute(attribute, &attr.expr, scope),
        }
    }

    /// The value that an attribute has where it is not written.
    pub fn default_of(&self, attribute: &Attribute) -> Value {
        let Some(text) = attribute.default else {
            return Value::None;
        };
        // defaults are constants of this program, so each is read once
        static READ: LazyLock<Mutex<HashMap<&'static str, Value>>> = LazyLock::new(Mutex::default);
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = read.get(text) {
            return value.clone();
        }
        let value = self.constant(text);
        read.insert(text, value.clone());
        value
    }

    fn constant(&self, text: &str) -> Value {
        let source = format!("let it = {text}");
        let (ast, _) = crate::syntax::parse(crate::source::FileId::default(), &source);
        match ast.items.first().map(|item| &item.kind) {
            Some(ItemKind::Let(binding)) => {
                self.eval(&binding.value, &Scope::of(crate::resolve::ModuleId(0)))
            }
            _ => Value::None,
        }
    }

    /// A value against a type; `None` stands for absence and fits every type.
    pub fn typed(&self, name: &str, ty: Type, value: Value, span: Span) -> Value {
        if !self.shapes && matches!(value, Value::Unknown(_) | Value::Between(_)) {
            self.say_measured(&format!("`{name}`"), span, self.read_within(span));
            return Value::Error;
        }
        let mismatch = |needs: &str, value: &Value| {
            let message = format!("`{name}` takes {needs}, this is {}", value.describe());
            let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
            let quoted = !matches!(ty, Type::List(_) | Type::Record | Type::Block(_));
            match value {
                Value::Text(text)
                    if quoted
                        && text.len() <= 20
                        && (text.starts_with(|c: char| c.is_ascii_digit())
                            || matches!(text.as_ref(), "true" | "false")) =>
                {
                    let written = self.program.sources.text(span);
                    // where it comes from elsewhere, the quotes are there
                    let literal = written.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
                    let here = literal == Some(text.as_ref());
                    let help = format!("without quotes, if that is what was meant: {text}");
                    let diagnostic = diagnostic.help(help);
                    match here {
                        true => diagnostic.fix("remove the quotes", span, text.as_ref(), false),
                        false => diagnostic,
                    }
                }
                // `version = 0.11`
                Value::Number(_)
                    if matches!(ty, Type::Text | Type::File)
                        && is_digits(self.program.sources.text(span)) =>
                {
                    let text = format!("\"{}\"", self.program.sources.text(span));
                    diagnostic
                        .help(format!("a text stands in quotes: {text}"))
                        .fix("put it in quotes", span, text, false)
                }
                Value::Number(_) if matches!(ty, Type::Text) => {
                    let text = self.program.sources.text(span);
                    match text.len() <= 60 && !text.contains('\n') {
                        true => diagnostic.help(format!("write it as a text: `\"${{{text}}}\"`")),
                        false => diagnostic.help("a text stands in quotes: \"…\""),
                    }
                }
                _ => match how(ty) {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                },
            }
        };
        let refuse = |diagnostic: Diagnostic| {
            self.report(diagnostic);
            Value::Error
        };
        match (ty, value) {
            (_, value @ (Value::Error | Value::None)) | (Type::Any, value) => value,
            (Type::Bool, value @ Value::Bool(_)) => value,
            (Type::Bool, value) => refuse(mismatch("true or false", &value)),
            (Type::Int(least), Value::Number(q)) if q.dimension.is_none() => {
                if q.value.is_finite() && q.value.fract() != 0.0 {
                    let message = format!("`{name}` takes a whole number, this is {q}");
                    let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, span, message);
                    return refuse(diagnostic.help("write a whole number, as 2"));
                }
                if q.value > LARGEST {
                    let message = format!("`{name}` cannot be so large: {q}");
                    let diagnostic = Diagnostic::error(codes::OUT_OF_RANGE, span, message);
                    return refuse(diagnostic.help("write a number below 10^15"));
                }
                if q.value < least as f64 {
                    let message = format!("`{name}` is at least {least}, this is {}", q.value);
                    let diagnostic = Diagnostic::error(codes::OUT_OF_RANGE, span, message);
                    return refuse(diagnostic.help(format!("write {least} or more")));
                }
                Value::Number(q)
            }
            (Type::Int(_), Value::Number(q)) => refuse(
                mismatch("a plain number without a unit", &Value::Number(q))
                    .says(format!("this is {q}")),
            ),
            (Type::Int(_), value) => refuse(mismatch("a whole number", &value)),
            (Type::Text, value @ Value::Text(_)) | (Type::File, value @ Value::Text(_)) => value,
            (Type::Text, Value::Secret(_)) => refuse(
                Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    span,
                    format!("`{name}` is printed, so it cannot be a secret"),
                )
                .help(format!(
                    "secrets are for `api_key`, `headers` and `environment`; a text that may be shown can be a `param`, set with `-p {name}=…`"
                )),
            ),
            (Type::Text | Type::File, value) => refuse(mismatch("a text", &value)),
            (Type::SecretText, value @ (Value::Text(_) | Value::Secret(_))) => value,
            (Type::SecretText, value) => refuse(mismatch("a text", &value)),
            (Type::Quantity(d), Value::Number(q)) if q.dimension == d => {
                self.not_negative(name, q, span)
            }
            (Type::Count(d), Value::Number(q)) if q.dimension == d => self.counted(name, q, span),
            (Type::Count(d), Value::Number(q)) if q.dimension.is_none() => {
                self.counted(name, crate::units::Quantity::new(q.value, d), span)
            }
            (Type::Quantity(d), Value::Number(q)) if q.dimension.is_none() => {
                self.bare(name, d, q.value, span)
            }
            (Type::Quantity(d) | Type::Count(d), value @ Value::Number(_)) => {
                let message = format!(
                    "`{name}` takes {}, this is {}",
                    d.describe(),
                    value.describe()
                );
                let diagnostic = Diagnostic::error(codes::DIMENSIONS, span, message);
                let help = match self.per_what(d, &value, span) {
                    Some(text) => format!("write per what: `{text}`, if that is what was meant"),
                    None => how(ty).unwrap_or_default(),
                };
                refuse(diagnostic.help(help))
            }
            (Type::Quantity(d) | Type::Count(d), value) => refuse(mismatch(&d.describe(), &value)),
            (Type::Ratio, Value::Number(q)) if q.dimension.is_none() => {
                self.not_negative(name, q, span)
            }
            (Type::Ratio, value) => refuse(mismatch("a share: 99% or a bare number", &value)),
            (Type::Choice(choices), Value::Text(text)) => {
                if choices.contains(&text.as_ref()) {
                    return Value::Text(text);
                }
                let message = format!("`{name}` cannot be \"{text}\"");
                let diagnostic = Diagnostic::error(codes::BAD_CHOICE, span, message);
                refuse(
                    match crate::check::nearest(&text, choices.iter().copied()) {
                        Some(near) => diagnostic.help(format!("did you mean \"{near}\"?")).fix(
                            "the nearest choice",
                            span,
                            format!("\"{near}\""),
                            false,
                        ),
                        None => diagnostic.help(format!("it is one of: {}", choices.join(", "))),
                    },
                )
            }
            (Type::Choice(choices), value) => {
                refuse(mismatch(&format!("one of {}", choices.join(", ")), &value))
            }
            (Type::List(of), Value::List(items)) => {
                let items: Vec<Value> = items
                    .iter()
                    .map(|item| self.typed(name, *of, item.clone(), span))
                    .collect();
                if items.iter().any(|item| matches!(item, Value::Error)) {
                    Value::Error
                } else {
                    Value::list(items)
                }
            }
            (Type::List(_), Value::Text(file)) if name == "rows" && super::data::is_data_file(&file) => {
                let written = self.program.sources.text(span);
                let found = mismatch("a list", &Value::Text(file));
                let help = format!("the rows of a file are `data({written})`");
                refuse(found.help(help).fix("read it", span, format!("data({written})"), false))
            }
            (Type::List(_), value) => {
                refuse(mismatch("a list", &value).help("put it in brackets: [ … ]"))
            }
            (Type::Many(of), Value::List(items)) => {
                self.typed(name, Type::List(of), Value::List(items), span)
            }
            (Type::Many(of), value) => match self.typed(name, *of, value, span) {
                Value::Error => Value::Error,
                one => Value::list(vec![one]),
            },
            (Type::Drawn(of), Value::Random(random)) => {
                self.drawn(name, *of, std::sync::Arc::unwrap_or_clone(random), span)
            }
            (Type::Ramped(_), value @ Value::Ramp(_)) => value,
            (Type::Drawn(of) | Type::Ramped(of), value) => self.typed(name, *of, value, span),
            (Type::Arrival, value @ Value::Arrival(_)) => value,
            (Type::Arrival, value @ Value::Text(_)) => {
                match &value {
                    Value::Text(text) if text.as_ref() == "constant" => {
                        Value::Arrival(Arrival::Constant)
                    }
                    Value::Text(text) if text.as_ref() == "poisson" => {
                        Value::Arrival(Arrival::Poisson)
                    }
                    Value::Text(text) => {
                        let near =
                            crate::check::nearest(text, ["poisson", "constant", "gamma"].into_iter());
                        let message = format!("`{name}` cannot be \"{text}\"");
                        let found = Diagnostic::error(codes::BAD_CHOICE, span, message);
                        // these two need no figure, so a text does for them
                        let simple = near.filter(|near| *near != "gamma");
                        refuse(match (near, simple) {
                            (_, Some(near)) => found.help(format!("did you mean \"{near}\"?")).fix(
                                "the nearest choice",
                                span,
                                format!("\"{near}\""),
                                false,
                            ),
                            (Some(_), None) => found.help("did you mean gamma(shape = 0.5)?"),
                            (None, None) => found
                                .help("it is one of: poisson(), constant(), gamma(shape = 0.5)"),
                        })
                    }
                    _ => value,
                }
            }
            (Type::Arrival, value) => refuse(mismatch(
                "one of poisson(), constant(), gamma(shape = 0.5)",
                &value,
            )),
            (Type::Record, value @ (Value::Record(_) | Value::Block(_))) => value,
            (Type::Record, value) => {
                refuse(mismatch("a record", &value).help("write { key = value }"))
            }
            (Type::Block(kind), Value::Block(block)) if block.flat.kind.text == kind => {
                Value::Block(block)
            }
            (Type::Block("server"), value @ Value::Handle(Handle::Server { .. })) => value,
            (Type::Block("scenario"), Value::Record(_)) => {
                refuse(mismatch("the name of a scenario", &Value::record([])))
            }
            (Type::Block(kind), Value::Record(fields)) => self.record_as(kind, fields, span),
            (Type::Block(kind), value) => {
                let article = if kind.starts_with(['a', 'e', 'o']) {
                    "an"
                } else {
                    "a"
                };
                let diagnostic = mismatch(&format!("{article} {kind}"), &value);
                let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '_');
                refuse(match (kind, value) {
                    ("model", Value::Text(text)) => {
                        let text = format!("{{ path = \"{text}\" }}");
                        diagnostic
                            .help(format!("a model's path: `model = {text}`"))
                            .fix("write its path", span, text, false)
                    }
                    ("engine" | "gpu", Value::Text(text))
                        if crate::stdlib::has(&format!("{kind}s"), &text) =>
                    {
                        let name = format!("{kind}s.{text}");
                        diagnostic
                            .help(format!("name it without quotes: `{name}`"))
                            .fix("name it", span, name, false)
                    }
                    ("engine", _) => diagnostic.help(
                        "name one of the library: `engine = engines.builtin`, with `use std.engines`",
                    ),
                    ("workload", Value::Text(text)) if !is_name(&text) => diagnostic.help(format!(
                        "give it a block: `workload some_name {{ prompt = \"{text}\" }}`"
                    )),
                    (kind, Value::Text(text)) => {
                        let through = self.through_a_module(kind, &text, span);
                        let name = through.as_deref().unwrap_or(&text);
                        let said = diagnostic.help(format!("name it without quotes: `{name}`"));
                        match &through {
                            Some(name) => said.fix("name it", span, name.as_str(), false),
                            None => said,
                        }
                    }
                    (kind, _) => diagnostic.help(format!(
                        "name {article} `{kind}` that is defined: `{kind} some_name {{ … }}`"
                    )),
                })
            }
        }
    }

    /// How a block is named here that a file has which the one at hand uses.
    fn through_a_module(&self, kind: &str, name: &str, span: Span) -> Option<String> {
        let mut modules = self.program.modules.iter();
        let here = modules.find(|module| module.files.contains(&span.file))?;
        let is_kind = |one: &DefinitionKind| match one {
            DefinitionKind::Block(flat) => flat.kind.text == kind,
            _ => false,
        };
        let own = here.names.get(name);
        if own.is_some_and(|own| is_kind(&own.kind)) {
            return None;
        }
        here.names.iter().find_map(|(alias, definition)| {
            let DefinitionKind::Module(id) = definition.kind else {
                return None;
            };
            let there = self.program.module(id).names.get(name)?;
            is_kind(&there.kind).then(|| format!("{alias}.{name}"))
        })
    }

    /// `1 MB/req` for `1MB` where data per request is due: the writer's own number, as written.
    fn per_what(&self, due: Dimension, value: &Value, span: Span) -> Option<String> {
        let Value::Number(q) = value else { return None };
        let unit = column_unit(due);
        let (above, below) = unit.split_once('/')?;
        let (_, above) = parse_unit(above)?;
        let written = self.program.sources.text(span);
        let digits = |c: char| c.is_ascii_digit() || matches!(c, '.' | '_');
        let own = written.trim_start_matches(digits);
        let number = &written[..written.len() - own.len()];
        let own = own.trim();
        let literal = !number.is_empty() && parse_unit(own).is_some();
        (literal && q.dimension == above).then(|| format!("{number} {own}/{below}"))
    }

    fn not_negative(&self, name: &str, q: crate::units::Quantity, span: Span) -> Value {
        let most = match q.dimension {
            Dimension::TIME => LONGEST,
            // a GPU does ten times so many operations in a second
            d if d == Dimension::COMPUTE.per(Dimension::TIME) => LARGEST * 1e6,
            _ => LARGEST,
        };
        if q.value < 0.0 || q.value.is_nan() || q.value > most {
            let negative = q.value < 0.0;
            let few = if negative { "less than 0" } else { "so large" };
            let message = format!("`{name}` cannot be {few}: {q}");
            let written = self.program.sources.text(span).strip_prefix('-');
            let diagnostic = Diagnostic::error(codes::OUT_OF_RANGE, span, message);
            self.report(match written.filter(|_| negative) {
                Some(without) => diagnostic.help(format!(
                    "without the sign, if that is what was meant: `{}`",
                    without.trim()
                )),
                None if negative => diagnostic.help("write 0 or more"),
                None => diagnostic.help("is the unit right?"),
            });
            return Value::Error;
        }
        Value::Number(q)
    }

    fn counted(&self, name: &str, q: crate::units::Quantity, span: Span) -> Value {
        if q.value.fract() != 0.0 && q.value.is_finite() {
            let written = number(q.value, 15);
            let message = format!("`{name}` is a whole number, this is {written}");
            let (low, high) = (q.value.floor(), q.value.ceil());
            let help = format!("write `{low}` or `{high}`; `round(…)` makes a whole one");
            self.report(Diagnostic::error(codes::TYPE_MISMATCH, span, message).help(help));
            return Value::Error;
        }
        self.not_negative(name, q, span)
    }

    /// A bare number where a unit is due.
    fn bare(&self, name: &str, dimension: Dimension, value: f64, span: Span) -> Value {
        let unit = match column_unit(dimension).as_str() {
            // attributes that are durations are mostly written in seconds
            "ms" => "s".to_string(),
            other => other.to_string(),
        };
        let text = format!(
            "{}{}{unit}",
            number(value, 15),
            if unit.contains('/') { " " } else { "" }
        );
        let message = format!("`{name}` is {} and needs its unit", dimension.describe());
        let diagnostic =
            Diagnostic::error(codes::MISSING_UNIT, span, message).says("a bare number");
        let written = self.program.sources.text(span);
        let is_number = written.replace('_', "").parse::<f64>().is_ok();
        self.report(match is_number {
            true if dimension == Dimension::TIME => {
                // both are as likely, so `--unsafe-fixes` makes neither, and an editor offers both
                let millis = format!("{}ms", number(value, 15));
                diagnostic
                    .help(format!("write `{text}` or `{millis}`, whichever was meant"))
                    .fix("in seconds", span, text, false)
                    .fix("in milliseconds", span, millis, false)
            }
            true => diagnostic
                .help(format!("write `{text}`, if that is what was meant"))
                .fix("add the likely unit", span, text, false),
            // its value comes from somewhere else
            false => diagnostic.help(format!("multiply it by its unit: `… * 1{unit}`")),
        });
        Value::Error
    }

    /// A distribution where a value of a type may be one: of its dimension, and of what it takes.
    fn drawn(&self, name: &str, of: Type, mut random: Random, span: Span) -> Value {
        let (Type::Quantity(due) | Type::Count(due)) = of else {
            return Value::Error;
        };
        let is_count = matches!(of, Type::Count(_));
        if random.dimension.is_none() && is_count {
            random.dimension = due;
        }
        if random.dimension != due {
            let (given, due) = (random.dimension, due.describe());
            let message = match given.is_none() {
                true => format!("`{name}` draws {due}, and the distribution's values have no unit"),
                false => format!("`{name}` draws {due}, this is of {}", given.describe()),
            };
            let rule = match given.is_none() {
                true => codes::MISSING_UNIT,
                false => codes::DIMENSIONS,
            };
            let found = Diagnostic::error(rule, span, message);
            self.report(found.help(match is_count {
                true => "write its values as such: uniform(50 tok, 100 tok)",
                false => "write its values with their unit: uniform(100ms, 2s)",
            }));
            return Value::Error;
        }
        // what a value alone may be, the ends of a distribution may be
        let ends: Vec<f64> = match &random.law {
            Law::Constant(value) => vec![*value],
            Law::Uniform { low, high } => vec![*low, *high],
            Law::Zipf { most, .. } => vec![*most],
            Law::Empirical(values) => values.to_vec(),
            Law::Normal { mean, stddev, .. } | Law::Lognormal { mean, stddev, .. } => {
                // these are rounded as they are drawn
                vec![mean.round(), stddev.round()]
            }
        };
        let wrong = |end: &f64| {
            let q = crate::units::Quantity::new(*end, due);
            let one = match is_count {
                true => self.counted(name, q, span),
                false => self.not_negative(name, q, span),
            };
            matches!(one, Value::Error)
        };
        match ends.iter().any(wrong) {
            true => Value::Error,
            false => Value::Random(std::sync::Arc::new(random)),
        }
    }

    /// A record where a block is due: its keys are the kind's attributes.
    fn record_as(
        &self,
        kind: &str,
        fields: std::sync::Arc<indexmap::IndexMap<String, Value>>,
        span: Span,
    ) -> Value {
        let Some(kind) = crate::schema::kind(kind) else {
            return Value::Error;
        };
        for key in fields.keys() {
            let child = crate::check::is_child(key) && kind.children().any(|k| k.name == key);
            if kind.free.is_none() && kind.attribute(key).is_none() && !child {
                let message = format!("a `{}` has no attribute `{key}`", kind.name);
                let known: Vec<&str> = kind.attributes.iter().map(|a| a.name).collect();
                let diagnostic = Diagnostic::error(codes::UNKNOWN_ATTRIBUTE, span, message);
                // blocks with names of their own, as a cluster's nodes
                let named = kind.children().any(|child| child.name == key);
                self.report(match crate::check::nearest(key, known.iter().copied()) {
                    _ if named => diagnostic.help(format!(
                        "`{key}` blocks have names, so they stand in a block: {} some_name {{ {key} other_name {{ … }} }}; name that one here",
                        kind.name
                    )),
                    Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                    None if known.is_empty() => diagnostic,
                    None => diagnostic.help(format!("it has: {}", known.join(", "))),
                });
                return Value::Error;
            }
        }
        if let Some(missing) = kind
            .attributes
            .iter()
            .find(|a| a.required && !fields.contains_key(a.name))
        {
            let message = format!("this {} says no `{}`", kind.name, missing.name);
            let diagnostic = Diagnostic::error(codes::MISSING_ATTRIBUTE, span, message);
            self.report(diagnostic.help(format!("add `{} = …`: {}", missing.name, missing.doc)));
            return Value::Error;
        }
        Value::Record(fields)
    }
}
