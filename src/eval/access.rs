//! Fields and indexes: of records, blocks, modules, phases and servers.

use super::{BlockValue, Evaluator, Handle, Query, SeriesRef, Shape, Stretch, Value};
use crate::check::nearest;
use crate::diagnostics::{Diagnostic, codes};
use crate::resolve::{ModuleId, is_hidden};
use crate::schema::{self, Shape as MetricShape};
use crate::source::Span;
use crate::syntax::ast::Ident;
use indexmap::IndexMap;
use std::sync::Arc;

/// So many names of those that there are stand in a message.
const LISTED: usize = 60;

impl Evaluator<'_> {
    /// `engines.builtin`: a name of another module.
    pub(super) fn member(&self, module: ModuleId, field: &Ident) -> Value {
        let names = &self.program.module(module).names;
        if names.contains_key(&field.text) {
            return self.global(module, &field.text, field.span);
        }
        let name = &self.program.module(module).name;
        let known = names.keys().map(String::as_str);
        let known: Vec<&str> = known.filter(|name| !is_hidden(name)).collect();
        self.unknown(
            codes::UNKNOWN_NAME,
            field,
            format!("`{name}` has no `{}`", field.text),
            &known,
            "it has",
        )
    }

    /// A name of a module of the standard library that was read.
    pub fn standard(&self, module: &str, name: &str) -> Option<Value> {
        let id = *self.program.standard.get(module)?;
        Some(self.global(id, name, Span::default()))
    }

    pub(super) fn field(&self, value: Value, base: Span, field: &Ident, whole: Span) -> Value {
        match value {
            Value::Error => Value::Error,
            Value::Unavailable(reason) => Value::Unavailable(reason),
            Value::Record(fields) => match fields.get(&field.text) {
                Some(value) => value.clone(),
                None => self.no_field(&fields, field),
            },
            Value::Block(block) => self.block_field(&block, field),
            Value::Handle(handle) => self.measured_field(handle, field, whole),
            other => {
                let message = format!("{} has no fields", other.describe());
                self.report(
                    Diagnostic::error(codes::TYPE_MISMATCH, field.span, message)
                        .label(base, other.describe())
                        .help(format!(
                            "leave out `.{}`, or name a block, a phase or a record before it",
                            field.text
                        )),
                );
                Value::Error
            }
        }
    }

    /// An attribute of a block: as written, by its schema default, or none.
    pub fn block_field(&self, block: &Arc<BlockValue>, field: &Ident) -> Value {
        let flat = &block.flat;
        if let Some(attr) = flat.attrs.get(&field.text) {
            let name = format!("{}.{}", flat.title(), field.text);
            let key = (Arc::as_ptr(&attr.expr) as usize, usize::MAX - 1, name);
            return self.guarded(key, attr.expr.span, || {
                self.eval(&attr.expr, &block.scope.in_module(attr.module))
            });
        }
        if let Some(child) = flat
            .children
            .iter()
            .find(|c| c.name.is_none() && c.kind.text == field.text)
        {
            return Value::Block(Arc::new(BlockValue::new(child.clone(), &block.scope)));
        }
        let Some(kind) = schema::kind(&flat.kind.text) else {
            return Value::Error;
        };
        if let Some(attribute) = kind.attribute(&field.text) {
            return self.default_of(attribute);
        }
        if kind.children().any(|child| child.name == field.text) {
            return Value::None;
        }
        let known: Vec<&str> = flat
            .attrs
            .keys()
            .map(String::as_str)
            .chain(kind.attributes.iter().map(|a| a.name))
            .collect();
        let message = format!("a `{}` has no attribute `{}`", kind.name, field.text);
        self.unknown(codes::UNKNOWN_FIELD, field, message, &known, "it has")
    }

    fn measured_field(&self, handle: Handle, field: &Ident, whole: Span) -> Value {
        let name = field.text.as_str();
        match handle {
            Handle::Ending(_) => {
                let message = format!("{} has no fields", handle.describe());
                let help = format!("leave out `.{name}`: it is a text");
                self.report(
                    Diagnostic::error(codes::TYPE_MISMATCH, field.span, message).help(help),
                );
                Value::Error
            }
            Handle::Case { case } => self.of_case(case, field),
            Handle::Of { case, of } => {
                self.in_case(&case, || self.measured_field(*of, field, whole))
            }
            Handle::Phase { phase } => {
                if let Some(load) = self.measurements.load(&phase, name) {
                    return Value::Handle(Handle::Load { phase, load });
                }
                if name == "name" {
                    return Value::Text(phase);
                }
                if crate::schema::phase_metric(name).is_some() {
                    return self.metric(Stretch { phase, load: None }, field, whole, &[]);
                }
                let loads = self.measurements.loads(&phase);
                let loads: Vec<&str> = loads.iter().map(AsRef::as_ref).collect();
                self.metric(Stretch { phase, load: None }, field, whole, &loads)
            }
            Handle::Load { phase, load } => self.metric(
                Stretch {
                    phase,
                    load: Some(load),
                },
                field,
                whole,
                &[],
            ),
            Handle::Distribution {
                phase,
                load,
                metric,
            } => {
                let share = name.strip_prefix('p').filter(|digits| {
                    matches!(digits.len(), 1 | 2) && digits.bytes().all(|b| b.is_ascii_digit())
                });
                let other = match name {
                    "avg" | "average" => Some("mean"),
                    "median" => Some("p50"),
                    "std" | "stdev" | "sd" => Some("stddev"),
                    "n" | "len" => Some("count"),
                    _ => None,
                };
                if let Some(right) = other {
                    let message = format!("{metric} has no statistic `{name}`");
                    self.report(
                        Diagnostic::error(codes::UNKNOWN_METRIC, field.span, message)
                            .help(format!("did you mean `{right}`?"))
                            .fix("the nearest name", field.span, right, false),
                    );
                    return Value::Error;
                }
                if let (Some(share), false) = (share, schema::DISTRIBUTION_STATS.contains(&name)) {
                    let message = format!("{metric} has no statistic `{name}`");
                    let text = self.program.sources.text(whole);
                    let of = text.strip_suffix(&format!(".{name}")).unwrap_or(metric);
                    self.report(
                        Diagnostic::error(codes::UNKNOWN_METRIC, field.span, message)
                            .help(format!("write percentile({of}, {share}%)")),
                    );
                    return Value::Error;
                }
                if !schema::DISTRIBUTION_STATS.contains(&name) {
                    return self.unknown(
                        codes::UNKNOWN_METRIC,
                        field,
                        format!("{metric} has no statistic `{name}`"),
                        schema::DISTRIBUTION_STATS,
                        "it has",
                    );
                }
                self.read(
                    Query::Statistic {
                        of: Stretch { phase, load },
                        metric,
                        stat: name.into(),
                    },
                    whole,
                )
            }
            Handle::Failures { phase, load } => {
                let known: Vec<&str> = crate::load::record::FailureClass::ALL
                    .iter()
                    .map(|class| class.name())
                    .collect();
                if !known.contains(&name) {
                    return self.unknown(
                        codes::UNKNOWN_METRIC,
                        field,
                        format!("there is no failure class `{name}`"),
                        &known,
                        "classes are",
                    );
                }
                self.read(
                    Query::Failures {
                        of: Stretch { phase, load },
                        class: name.into(),
                    },
                    whole,
                )
            }
            Handle::Server { server } if name == "roles" => Value::Handle(Handle::Roles { server }),
            Handle::Server { server } => self.server_series(server, field),
            Handle::Roles { server } => {
                let roles = self.measurements.roles(&server);
                match roles.iter().find(|role| role.as_ref() == name) {
                    Some(role) => Value::Handle(Handle::Role {
                        server,
                        role: role.clone(),
                    }),
                    None => {
                        let known: Vec<&str> = roles.iter().map(AsRef::as_ref).collect();
                        self.unknown(
                            codes::UNKNOWN_METRIC,
                            field,
                            format!("`{server}` has no process role `{name}`"),
                            &known,
                            "its roles are",
                        )
                    }
                }
            }
            Handle::Role { server, role } => {
                let known = [
                    "memory",
                    "memory_anon",
                    "memory_file",
                    "memory_shared",
                    "memory_pss",
                    "pss",
                    "uss",
                ];
                match schema::server_series(name).filter(|series| known.contains(&series.name)) {
                    Some(series) => Value::Handle(Handle::Series {
                        server,
                        series: format!("roles.{role}.{}", series.name).into(),
                        dimension: series.dimension,
                    }),
                    None => self.unknown(
                        codes::UNKNOWN_METRIC,
                        field,
                        format!("a role has no series `{name}`"),
                        &known,
                        "it has",
                    ),
                }
            }
            Handle::Series {
                server,
                series,
                dimension,
            } => {
                if !schema::SERIES_STATS.contains(&name) {
                    return self.unknown(
                        codes::UNKNOWN_METRIC,
                        field,
                        format!("a series has no statistic `{name}`"),
                        schema::SERIES_STATS,
                        "it has",
                    );
                }
                let series = SeriesRef {
                    server,
                    name: series,
                    dimension,
                };
                self.read(
                    Query::SeriesStat {
                        series,
                        stat: name.into(),
                    },
                    whole,
                )
            }
        }
    }

    fn metric(&self, of: Stretch, field: &Ident, whole: Span, loads: &[&str]) -> Value {
        if field.text == "failures" {
            return Value::Handle(Handle::Failures {
                phase: of.phase,
                load: of.load,
            });
        }
        match schema::phase_metric(&field.text) {
            Some(metric) if metric.shape == MetricShape::Scalar => self.read(
                Query::Scalar {
                    of,
                    metric: metric.name,
                },
                whole,
            ),
            Some(metric) => Value::Handle(Handle::Distribution {
                phase: of.phase,
                load: of.load,
                metric: metric.name,
            }),
            None => {
                let other = match field.text.as_str() {
                    "latency" | "e2el" => Some("e2e"),
                    "errors" | "failures_count" => Some("failed"),
                    "error_rate" | "failure_rate" => Some("failed / requests"),
                    "throughput" => Some("output_throughput"),
                    "rps" | "qps" => Some("request_rate"),
                    "time_to_first_token" => Some("ttft"),
                    _ => None,
                };
                if let Some(right) = other {
                    let message = format!("a phase has no metric `{}`", field.text);
                    let diagnostic = Diagnostic::error(codes::UNKNOWN_METRIC, field.span, message);
                    self.report(match right.split_once(" / ") {
                        Some((part, whole)) => {
                            let phase = of.load.as_ref().map_or(of.phase.to_string(), |load| {
                                format!("{}.{load}", of.phase)
                            });
                            diagnostic.help(format!(
                                "divide: `{phase}.{part} / {phase}.{whole}`; or use `success_rate`"
                            ))
                        }
                        None => diagnostic.help(format!("did you mean `{right}`?")).fix(
                            "the nearest name",
                            field.span,
                            right,
                            false,
                        ),
                    });
                    return Value::Error;
                }
                let servers = self.measurements.cases().map(|(cases, _)| cases);
                let servers = servers.iter().flat_map(|cases| &cases.servers);
                if let Some(server) = servers.into_iter().find(|s| s.as_ref() == field.text) {
                    let message = format!("a phase has no metric `{server}`");
                    self.report(
                        Diagnostic::error(codes::UNKNOWN_METRIC, field.span, message).help(format!(
                            "a server is read by its own name: `{server}.memory.max`; over phases: growth({server}.memory, from = …, to = {})",
                            of.phase
                        )),
                    );
                    return Value::Error;
                }
                // one that lacks its name may be called so
                if loads.iter().any(|load| is_hidden(load)) {
                    return Value::Error;
                }
                let message = format!("a phase has no metric `{}`", field.text);
                if let Some(value) = self.joined_statistic(field, &message) {
                    return value;
                }
                let known: Vec<&str> = loads
                    .iter()
                    .copied()
                    .chain(schema::PHASE_METRICS.iter().map(|m| m.name))
                    .chain(["failures"])
                    .collect();
                self.unknown(codes::UNKNOWN_METRIC, field, message, &known, "it has")
            }
        }
    }

    fn server_series(&self, server: Arc<str>, field: &Ident) -> Value {
        if let Some(series) = schema::server_series(&field.text) {
            return Value::Handle(Handle::Series {
                server,
                series: series.name.into(),
                dimension: series.dimension,
            });
        }
        let engine = self.measurements.engine_metrics(&server);
        if let Some((name, dimension)) = engine.iter().find(|(name, _)| name.as_ref() == field.text)
        {
            return Value::Handle(Handle::Series {
                server,
                series: name.clone(),
                dimension: *dimension,
            });
        }
        // one of the engine's metrics has lost its name
        if engine.iter().any(|(name, _)| is_hidden(name)) {
            return Value::Error;
        }
        let message = format!("the server `{server}` has no series `{}`", field.text);
        if let Some(value) = self.other_series(field, &message) {
            return value;
        }
        let known: Vec<&str> = schema::SERVER_SERIES
            .iter()
            .map(|s| s.name)
            .chain(engine.iter().map(|(name, _)| name.as_ref()))
            .chain(["roles"])
            .collect();
        self.unknown(codes::UNKNOWN_METRIC, field, message, &known, "it has")
    }

    pub(super) fn index(&self, of: Value, at: Value, base: Span, index: Span) -> Value {
        match (of, at) {
            (Value::Error, _) | (_, Value::Error) => Value::Error,
            (Value::Unavailable(why), _) | (_, Value::Unavailable(why)) => Value::Unavailable(why),
            // which entry it will be is not known yet
            (Value::List(_) | Value::Unknown(Shape::Any), Value::Unknown(Shape::Number(d)))
                if d.is_none() || d.is_count() =>
            {
                Value::Unknown(Shape::Any)
            }
            (Value::List(_), Value::Unknown(Shape::Any))
            | (Value::Record(_), Value::Unknown(Shape::Text | Shape::Any))
            | (
                Value::Unknown(Shape::Any),
                Value::Number(_) | Value::Text(_) | Value::Unknown(Shape::Text | Shape::Any),
            ) => Value::Unknown(Shape::Any),
            (Value::Record(fields), Value::Text(key)) => match fields.get(key.as_ref()) {
                Some(value) => value.clone(),
                None => {
                    let field = Ident {
                        text: key.to_string(),
                        span: index,
                    };
                    self.no_field(&fields, &field)
                }
            },
            (Value::List(items), Value::Number(q)) if q.dimension.is_none() => {
                let at = if q.value.fract() == 0.0 && q.value >= 0.0 {
                    items.get(q.value as usize)
                } else {
                    None
                };
                match at {
                    Some(value) => value.clone(),
                    None => {
                        let message = format!(
                            "there is no entry {} in a list of {}; entries count from 0",
                            q.value,
                            items.len()
                        );
                        let diagnostic = Diagnostic::error(codes::OUT_OF_RANGE, index, message);
                        self.report(match items.len() {
                            0 => diagnostic.help("the list is empty"),
                            n => {
                                diagnostic.help(format!("write a whole number from 0 to {}", n - 1))
                            }
                        });
                        Value::Error
                    }
                }
            }
            (of, at) => {
                let message = format!("{} cannot be indexed with {}", of.describe(), at.describe());
                let dotted = match (&of, &at) {
                    (Value::Handle(_), Value::Text(name)) => {
                        Some(format!("{}.{name}", self.program.sources.text(base)))
                    }
                    _ => None,
                };
                let whole = Span {
                    end: index.end + 1,
                    ..base.to(index)
                };
                let diagnostic = Diagnostic::error(codes::TYPE_MISMATCH, base.to(index), message);
                self.report(match dotted {
                    Some(text) => diagnostic
                        .help(format!("a figure is read with a dot: `{text}`"))
                        .fix("write a dot", whole, text, false),
                    None => {
                        diagnostic.help("a list is indexed with a number, a record with a text")
                    }
                });
                Value::Error
            }
        }
    }

    /// Reports a field that a record has not; of a data file's with its place there.
    fn no_field(&self, fields: &Arc<IndexMap<String, Value>>, field: &Ident) -> Value {
        let known: Vec<&str> = fields.keys().map(String::as_str).collect();
        let name = &field.text;
        let Some(row) = self.program.data.row(fields) else {
            let message = format!("this record has no `{name}`");
            return self.unknown(codes::UNKNOWN_FIELD, field, message, &known, "it has");
        };
        let message = format!("{row} has no `{name}`");
        // where other rows have it, the data is to be mended
        if !row.others_have(name) {
            return self.unknown(codes::UNKNOWN_FIELD, field, message, &known, "it has");
        }
        let found = Diagnostic::error(codes::UNKNOWN_FIELD, field.span, message);
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("other rows have it, this one has `{near}`: mend the data file"),
            None => "other rows have it: give it to this one too, as `null` or an empty cell where it says nothing, or read it with get(row, \"…\", none)".into(),
        };
        self.report(found.help(help));
        Value::Error
    }

    /// Reports a name that is not among the known ones, with the nearest, or with the first of them.
    pub(super) fn unknown(
        &self,
        rule: codes::Rule,
        field: &Ident,
        message: String,
        known: &[&str],
        has: &str,
    ) -> Value {
        let diagnostic = Diagnostic::error(rule, field.span, message);
        self.report(match nearest(&field.text, known.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).fix(
                "the nearest name",
                field.span,
                near,
                false,
            ),
            None if known.is_empty() => diagnostic,
            None => {
                let more = if known.len() > LISTED { ", …" } else { "" };
                let listed = known[..known.len().min(LISTED)].join(", ");
                diagnostic.help(format!("{has}: {listed}{more}"))
            }
        });
        Value::Error
    }
}
