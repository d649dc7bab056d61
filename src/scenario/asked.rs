//! What a workload asks: a request for each of its rows. There may be many of these, so they hold
//! what they differ in alone, and share texts with the values that they are made of.

use super::Thunk;
use crate::eval::Value;
use crate::load::random::Random;
use crate::load::spec::Media;
use serde::ser::{SerializeSeq, SerializeStruct};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::path::Path;
use std::sync::Arc;

#[derive(Debug)]
pub struct WorkloadSpec {
    pub name: String,
    pub api: String,
    /// Further fields of every request's body.
    pub body: Arc<Map<String, Json>>,
    /// What is the same in all requests.
    pub asks: Asks,
    /// One request per row; request number i is made from request i mod n.
    pub requests: Arc<Vec<RequestSpec>>,
    /// The rows, for `accept`.
    pub rows: Arc<Vec<Value>>,
    /// When an answer is accepted; none where answers are not judged.
    pub accept: Option<Thunk>,
}

/// What all requests of a workload have in common.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Asks {
    /// How many tokens of random words a prompt has, where it is of these.
    pub input: Option<Random>,
    pub max_tokens: Option<Random>,
    pub temperature: Option<f64>,
    pub ignore_eos: bool,
    pub stream: bool,
}

/// A request but for what all have in common.
#[derive(Debug, PartialEq)]
pub struct RequestSpec {
    pub system: Option<Arc<str>>,
    /// Empty where the prompt is of random words.
    pub content: Box<[PartSpec]>,
}

impl RequestSpec {
    /// One that asks nothing, of a workload whose requests could not be made.
    pub fn empty() -> Self {
        Self {
            system: None,
            content: Box::default(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartSpec {
    Text(Arc<str>),
    Url { kind: Media, url: Arc<str> },
    File { kind: Media, path: Arc<Path> },
}

impl PartSpec {
    /// What it is beside text.
    pub fn media(&self) -> Option<Media> {
        match self {
            Self::Text(_) => None,
            Self::Url { kind, .. } | Self::File { kind, .. } => Some(*kind),
        }
    }
}

impl WorkloadSpec {
    /// Whether answers are judged.
    pub fn accepts(&self) -> bool {
        self.accept.is_some()
    }

    /// Whether a plan says the same of both.
    pub fn asks_as(&self, other: &Self) -> bool {
        self.name == other.name
            && self.api == other.api
            && self.accepts() == other.accepts()
            && self.asks == other.asks
            && (Arc::ptr_eq(&self.requests, &other.requests) || self.requests == other.requests)
            && (Arc::ptr_eq(&self.body, &other.body) || self.body == other.body)
    }

    /// What the request of a row asks, as one text: what is no text stands as `[image: source]`.
    pub fn question(&self, row: usize) -> Option<String> {
        let request = self.requests.get(row % self.requests.len().max(1))?;
        let part = |part: &PartSpec| match part {
            PartSpec::Text(text) => text.to_string(),
            // the data itself says nothing to a reader
            PartSpec::Url { kind, url } if url.starts_with("data:") => {
                format!("[{}]", kind.name())
            }
            PartSpec::Url { kind, url } => format!("[{}: {url}]", kind.name()),
            PartSpec::File { kind, path } => {
                let name = path.file_name().unwrap_or(path.as_os_str());
                format!("[{}: {}]", kind.name(), name.to_string_lossy())
            }
        };
        let parts: Vec<String> = request.content.iter().map(part).collect();
        Some(parts.join("\n"))
    }
}

/// Plans say of each request all that it asks.
impl Serialize for WorkloadSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_struct("WorkloadSpec", 5)?;
        out.serialize_field("name", &self.name)?;
        out.serialize_field("api", &self.api)?;
        if !self.body.is_empty() {
            out.serialize_field("body", &self.body)?;
        }
        out.serialize_field("requests", &Requests(self))?;
        out.serialize_field("accepts", &self.accepts())?;
        out.end()
    }
}

/// A workload's requests, each with what is common.
struct Requests<'a>(&'a WorkloadSpec);

impl Serialize for Requests<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_seq(Some(self.0.requests.len()))?;
        for request in self.0.requests.iter() {
            out.serialize_element(&Whole(request, &self.0.asks))?;
        }
        out.end()
    }
}

struct Whole<'a>(&'a RequestSpec, &'a Asks);

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(request, asks) = self;
        let mut out = serializer.serialize_struct("RequestSpec", 7)?;
        if let Some(system) = &request.system {
            out.serialize_field("system", system)?;
        }
        out.serialize_field("content", &request.content)?;
        if let Some(input) = &asks.input {
            out.serialize_field("input", input)?;
        }
        out.serialize_field("max_tokens", &asks.max_tokens)?;
        out.serialize_field("temperature", &asks.temperature)?;
        out.serialize_field("ignore_eos", &asks.ignore_eos)?;
        out.serialize_field("stream", &asks.stream)?;
        out.end()
    }
}
