//! Values of expressions.

use crate::load::random::Random;
use crate::load::spec::{Arrival, Media, Ramp};
use crate::report::Ending;
use crate::resolve::Flat;
use crate::units::{Dimension, Quantity};
use indexmap::IndexMap;
use std::sync::Arc;

use super::between::Between;
use super::scope::Scope;

/// What an expression stands for.
#[derive(Debug, Clone)]
pub enum Value {
    /// Something was wrong and has been reported; everything accepts it silently.
    Error,
    None,
    Bool(bool),
    Number(Quantity),
    Text(Arc<str>),
    /// A text that nothing prints.
    Secret(Arc<str>),
    List(Arc<Vec<Value>>),
    Record(Arc<IndexMap<String, Value>>),
    /// A block; its attributes are evaluated when they are read.
    Block(Arc<BlockValue>),
    /// A part of a request.
    Part(Part),
    /// A distribution that requests draw from.
    Random(Arc<Random>),
    /// How the moments at which requests are due are drawn.
    Arrival(Arrival),
    /// A rate that changes.
    Ramp(Ramp),
    /// A cell of a report that leads somewhere.
    Link(Arc<Link>),
    /// Something that is measured, on the way to a figure: `stress`, `stress.ttft`, `sut.memory`.
    Handle(Handle),
    /// Will be measured, and then has this shape.
    Unknown(Shape),
    /// Was measured, but is only known to lie between two values.
    Between(Arc<Between>),
    /// Was to be measured, but could not be; why.
    Unavailable(Arc<str>),
}

/// What a cell shows, and where it leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub text: Arc<str>,
    pub url: Arc<str>,
}

/// A block with the scope in which its expressions are read.
#[derive(Debug, Clone)]
pub struct BlockValue {
    pub flat: Arc<Flat>,
    pub scope: Scope,
}

impl BlockValue {
    /// A block that stands in `outer`; its own `let`s are seen inside.
    pub fn new(flat: Arc<Flat>, outer: &Scope) -> Self {
        let scope = outer.in_module(flat.module).inside(&flat);
        Self { flat, scope }
    }

    /// Whether it is the same block in the same place, so that its attributes have the same values.
    pub fn same(&self, other: &Self) -> bool {
        // its own `let`s make a layer of its own each time
        let own = usize::from(!self.flat.lets.is_empty());
        Arc::ptr_eq(&self.flat, &other.flat) && self.scope.same_but(&other.scope, own)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Text(Arc<str>),
    /// A file of the pack, relative to the file that named it, or a URL.
    Media {
        kind: Media,
        source: Arc<str>,
        base: Option<std::path::PathBuf>,
    },
}

/// What is known of a value before it is measured.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    Number(Dimension),
    Bool,
    Text,
    Any,
}

/// A place in the measurements.
#[derive(Debug, Clone, PartialEq)]
pub enum Handle {
    /// `case.verdict`: how the case ends.
    Ending(Ending),
    Phase {
        phase: Arc<str>,
    },
    /// `at(tp = 2)`: another case, by its id.
    Case {
        case: Arc<str>,
    },
    /// A place in the measurements of another case.
    Of {
        case: Arc<str>,
        of: Box<Handle>,
    },
    /// One of a phase's loads.
    Load {
        phase: Arc<str>,
        load: Arc<str>,
    },
    /// A distribution of a phase or load; a statistic makes it a figure.
    Distribution {
        phase: Arc<str>,
        load: Option<Arc<str>>,
        metric: &'static str,
    },
    /// `stress.failures`: a class makes it a figure.
    Failures {
        phase: Arc<str>,
        load: Option<Arc<str>>,
    },
    Server {
        server: Arc<str>,
    },
    /// `sut.roles`
    Roles {
        server: Arc<str>,
    },
    /// `sut.roles.worker`
    Role {
        server: Arc<str>,
        role: Arc<str>,
    },
    /// A time series of a server; a statistic or `growth(…)` makes it a figure.
    Series {
        server: Arc<str>,
        series: Arc<str>,
        dimension: Dimension,
    },
}

impl Value {
    pub fn text(text: impl Into<Arc<str>>) -> Self {
        Self::Text(text.into())
    }

    pub fn plain(value: f64) -> Self {
        Self::Number(Quantity::plain(value))
    }

    pub fn list(items: Vec<Value>) -> Self {
        Self::List(Arc::new(items))
    }

    pub fn record(fields: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self::Record(Arc::new(fields.into_iter().collect()))
    }

    /// As a sentence names it: `a duration`, `a text`, `a list`, ….
    pub fn describe(&self) -> String {
        match self {
            Self::Error => "something broken".into(),
            Self::None => "none".into(),
            Self::Bool(_) => "true or false".into(),
            Self::Number(q) => q.dimension.describe(),
            Self::Text(_) => "a text".into(),
            Self::Secret(_) => "a secret text".into(),
            Self::List(_) => "a list".into(),
            Self::Record(_) => "a record".into(),
            Self::Block(block) => format!("a {}", block.flat.kind.text),
            Self::Part(_) => "a part of a request".into(),
            Self::Random(random) => match random.dimension.is_none() {
                true => "a distribution".into(),
                false => format!("a distribution of {}", random.dimension.describe()),
            },
            Self::Arrival(_) => "a process of arrivals".into(),
            Self::Ramp(_) => "a ramp".into(),
            Self::Link(_) => "a link".into(),
            Self::Handle(handle) => handle.describe(),
            Self::Unknown(shape) => match shape {
                Shape::Number(dimension) => dimension.describe(),
                Shape::Bool => "true or false".into(),
                Shape::Text => "a text".into(),
                Shape::Any => "a measured value".into(),
            },
            Self::Between(between) => between.dimension.describe(),
            Self::Unavailable(_) => "an unavailable figure".into(),
        }
    }

    /// Whether it depends on measurements.
    pub fn is_measured(&self) -> bool {
        matches!(
            self,
            Self::Unknown(_) | Self::Between(_) | Self::Unavailable(_) | Self::Handle(_)
        )
    }

    /// As reports and interpolation show it; none for secrets and for what has no text.
    pub fn shown(&self) -> Option<String> {
        Some(match self {
            Self::None => "none".into(),
            Self::Bool(b) => b.to_string(),
            Self::Number(q) => q.to_string(),
            Self::Text(text) => text.to_string(),
            Self::Link(link) => link.text.to_string(),
            Self::List(items) => {
                let items: Option<Vec<String>> = items.iter().map(Self::shown).collect();
                format!("[{}]", items?.join(", "))
            }
            Self::Record(fields) => {
                let fields: Option<Vec<String>> = fields
                    .iter()
                    .map(|(key, value)| Some(format!("{key}={}", value.shown()?)))
                    .collect();
                format!("{{{}}}", fields?.join(","))
            }
            Self::Block(block) => block.flat.title().to_string(),
            Self::Random(random) => random.to_string(),
            Self::Arrival(arrival) => arrival.text(),
            Self::Ramp(ramp) => ramp.to_string(),
            Self::Between(between) => between.shown(),
            Self::Unavailable(reason) => format!("unavailable: {reason}"),
            Self::Error | Self::Secret(_) | Self::Part(_) | Self::Handle(_) | Self::Unknown(_) => {
                return None;
            }
        })
    }

    /// What in it has no JSON form, and where: `tools[0].key`. None where all has one.
    pub fn without_json(&self) -> Option<(String, &Self)> {
        match self {
            Self::List(items) => items.iter().enumerate().find_map(|(i, item)| {
                let (path, value) = item.without_json()?;
                Some((format!("[{i}]{path}"), value))
            }),
            Self::Record(fields) => fields.iter().find_map(|(key, field)| {
                let (path, value) = field.without_json()?;
                Some((format!(".{key}{path}"), value))
            }),
            _ if self.to_json().is_some() => None,
            _ => Some((String::new(), self)),
        }
    }

    /// As JSON, for request bodies and flags; none where it has no JSON form.
    pub fn to_json(&self) -> Option<serde_json::Value> {
        use serde_json::Value as Json;
        Some(match self {
            Self::None => Json::Null,
            Self::Bool(b) => Json::Bool(*b),
            Self::Number(q) if q.value.fract() == 0.0 && q.value.abs() < 9e15 => {
                Json::from(q.value as i64)
            }
            Self::Number(q) => Json::from(q.value),
            Self::Text(text) => Json::String(text.to_string()),
            Self::List(items) => {
                Json::Array(items.iter().map(Self::to_json).collect::<Option<_>>()?)
            }
            Self::Record(fields) => Json::Object(
                fields
                    .iter()
                    .map(|(k, v)| Some((k.clone(), v.to_json()?)))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }
}

impl PartialEq for Value {
    /// Equality of the language: blocks are equal where they are the same block.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a.equals(*b),
            (Self::Between(a), Self::Between(b)) => a == b,
            (Self::Text(a), Self::Text(b)) | (Self::Secret(a), Self::Secret(b)) => a == b,
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Block(a), Self::Block(b)) => Arc::ptr_eq(&a.flat, &b.flat),
            (Self::Part(a), Self::Part(b)) => a == b,
            (Self::Random(a), Self::Random(b)) => a == b,
            (Self::Arrival(a), Self::Arrival(b)) => a == b,
            (Self::Ramp(a), Self::Ramp(b)) => a == b,
            (Self::Handle(a), Self::Handle(b)) => a == b,
            _ => false,
        }
    }
}

impl Handle {
    pub fn describe(&self) -> String {
        match self {
            Self::Ending(word) => format!("`case.{}`", word.name()),
            Self::Phase { phase } => format!("the phase `{phase}`"),
            Self::Case { case } => format!("the case `{case}`"),
            Self::Of { case, of } => format!("{} of the case `{case}`", of.describe()),
            Self::Load { phase, load } => format!("the load `{phase}.{load}`"),
            Self::Distribution { metric, .. } => format!("the distribution of {metric}"),
            Self::Failures { .. } => "the failures by class".into(),
            Self::Server { server } => format!("the server `{server}`"),
            Self::Roles { .. } => "the roles of a server".into(),
            Self::Role { role, .. } => format!("the role `{role}`"),
            Self::Series { server, series, .. } => format!("the series `{server}.{series}`"),
        }
    }

    /// The phase it is measured in.
    pub fn phase(&self) -> Option<&Arc<str>> {
        match self {
            Self::Phase { phase }
            | Self::Load { phase, .. }
            | Self::Distribution { phase, .. }
            | Self::Failures { phase, .. } => Some(phase),
            Self::Of { of, .. } => of.phase(),
            _ => None,
        }
    }
}
