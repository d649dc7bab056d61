//! What a load is, as plain data: the requests, their pace and where they go.

use super::random::Random;
use crate::units::{Dimension, Quantity};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One request's content and limits, before it is put in the words of an API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Which of the workload's rows it was made from, from 0.
    pub row: usize,
    pub system: Option<String>,
    pub content: Vec<Part>,
    /// Most tokens the answer may have; none leaves it to the server.
    pub max_tokens: Option<u64>,
    pub temperature: Option<f64>,
    /// Ask the server to go on to `max_tokens` whatever the model says.
    pub ignore_eos: bool,
    pub stream: bool,
    /// Further fields of the request's body, as the scenario wrote them; the same for all rows.
    pub extra: Arc<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Text(String),
    Media {
        kind: Media,
        /// An http(s) URL or a `data:` URL.
        url: String,
    },
}

/// What beside text a request can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Media {
    Image,
    Audio,
    Video,
}

impl Media {
    /// As builtins and the `modalities` of models call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
        }
    }

    /// As a sentence names it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Image => "images",
            Self::Audio => "sound",
            Self::Video => "videos",
        }
    }

    /// Endings of files and what they are sent as, without `audio/` and `video/`; none of images,
    /// which are known by their bytes.
    pub fn endings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Image => &[],
            Self::Audio => &[
                ("wav", "wav"),
                ("mp3", "mp3"),
                ("flac", "flac"),
                ("ogg", "ogg"),
                ("opus", "opus"),
                ("m4a", "m4a"),
                ("aac", "aac"),
                ("webm", "webm"),
            ],
            Self::Video => &[
                ("mp4", "mp4"),
                ("webm", "webm"),
                ("mov", "quicktime"),
                ("mkv", "x-matroska"),
                ("avi", "x-msvideo"),
            ],
        }
    }

    /// `audio/wav`, by a file's ending in any case of letters.
    pub fn media_type(self, path: &std::path::Path) -> Option<String> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        let mut known = self.endings().iter();
        let (_, format) = known.find(|(known, _)| *known == ending)?;
        Some(format!("{}/{format}", self.name()))
    }
}

/// One stretch of load on one server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Load {
    /// The name of the `load` block; the phase's own load has none.
    pub name: Option<String>,
    pub pace: Pace,
    /// Ends after so many requests were started, or after so long, whichever comes first.
    pub requests: Option<u64>,
    pub duration: Option<Duration>,
    /// How long started requests may go on after the end; none waits for all of them.
    pub drain: Option<Duration>,
    /// The longest one request may take, from its actual send.
    pub timeout: Duration,
    /// For arrivals and everything random in the load. As the scenario says it, until a round
    /// begins: then [`of_load`](crate::load::seed::of_load) makes the round's own.
    pub seed: u64,
    /// For lengths and thinking times: [`seed`](Self::seed), and where the scenario writes one,
    /// the round's own without the names of phase and load
    /// ([`of_lengths`](crate::load::seed::of_lengths)).
    #[serde(skip)]
    pub lengths_seed: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// So many clients; each sends its next request when its last is answered and it has thought.
    Closed { concurrency: u64, think: Random },
    /// Requests are due at times of their own, whatever the server does.
    Open {
        /// The mean over the ramp's time, where there is one.
        rate_per_s: f64,
        arrival: Arrival,
        #[serde(skip_serializing_if = "Option::is_none")]
        ramp: Option<Ramp>,
    },
    /// All of the load's requests are sent at once.
    Batch,
}

/// How the gaps between requests are drawn; their mean is 1 / rate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    Poisson,
    Constant,
    /// Gaps of a gamma distribution: below a shape of 1 in bursts, at 1 Poisson, above it more
    /// even. More than 0.
    Gamma {
        shape: f64,
    },
}

impl Arrival {
    /// As it is written.
    pub fn text(self) -> String {
        match self {
            Self::Poisson => "poisson()".into(),
            Self::Constant => "constant()".into(),
            Self::Gamma { shape } => format!("gamma(shape = {shape})"),
        }
    }
}

/// A rate that changes over a load's duration.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    pub from_per_s: f64,
    pub to_per_s: f64,
    pub curve: Curve,
}

/// As it is written.
impl std::fmt::Display for Ramp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let per_s = |rate| Quantity::new(rate, Dimension::REQUESTS.per(Dimension::TIME));
        let (from, to) = (per_s(self.from_per_s), per_s(self.to_per_s));
        let curve = match self.curve {
            Curve::Linear => "",
            Curve::Exponential => ", curve = \"exponential\"",
        };
        write!(f, "ramp(from = {from}, to = {to}{curve})")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Curve {
    /// As much more in each second.
    Linear,
    /// By the same factor in each second.
    Exponential,
}

/// Where requests go and in which words, from a server block and its engine.
#[derive(Clone)]
pub struct Target {
    /// `http://127.0.0.1:8000`, without a slash at the end.
    pub base_url: String,
    /// What the request's `model` field says.
    pub model: String,
    pub api: Api,
    /// Sent with every request; the values may be secret and are never logged.
    pub headers: Vec<(String, String)>,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Fields added to every request's body.
    pub body: serde_json::Map<String, serde_json::Value>,
}

/// Shows the headers' names only: their values may be secret. The same goes for a name and
/// password in the URL.
impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Target")
            .field("base_url", &self.shown_url())
            .field("model", &self.model)
            .field("api", &self.api)
            .field("headers", &names)
            .field("ca_file", &self.ca_file)
            .field("body", &self.body)
            .finish()
    }
}

impl Target {
    /// The base URL for people: without a name, password, query or fragment.
    pub fn shown_url(&self) -> String {
        let url = self.base_url.split(['?', '#']).next().unwrap_or_default();
        match url.split_once("://") {
            Some((scheme, rest)) => {
                let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
                format!("{scheme}://{host}")
            }
            None => url
                .rsplit_once('@')
                .map_or(url, |(_, host)| host)
                .to_owned(),
        }
    }
}

/// One API of an engine, from its `api` block.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Api {
    pub protocol: Protocol,
    /// `/v1/chat/completions`
    pub path: String,
    /// The body's field for [`Request::max_tokens`]: `max_tokens` or `max_completion_tokens`.
    pub max_tokens_field: String,
    /// Whether `stream_options: {include_usage: true}` is understood.
    pub stream_usage: bool,
    /// Whether `ignore_eos` is understood; where not, a request that asks for it is an error.
    pub ignore_eos: bool,
    pub audio: AudioPart,
    /// Whether a stream ends with `data: [DONE]`; where not, the end of the body ends it.
    pub done_marker: bool,
    /// Whether connections are used again; where not, each request has its own.
    pub keep_alive: bool,
}

/// How sound stands in a chat request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AudioPart {
    /// OpenAI's own: base64 and its format.
    InputAudio,
    /// A URL, as of an image.
    AudioUrl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    OpenaiChat,
    OpenaiCompletions,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_shows_no_secret() {
        let target = Target {
            base_url: "https://me:hunter2@host:8000/x?key=q1w2e3".into(),
            model: "m".into(),
            api: Api {
                protocol: Protocol::OpenaiChat,
                path: "/v1/chat/completions".into(),
                max_tokens_field: "max_tokens".into(),
                stream_usage: true,
                ignore_eos: true,
                audio: AudioPart::InputAudio,
                done_marker: true,
                keep_alive: true,
            },
            headers: vec![("Authorization".into(), "Bearer sk-1".into())],
            ca_file: None,
            body: serde_json::Map::new(),
        };
        let shown = format!("{target:?}");
        assert!(shown.contains("Authorization"));
        assert!(shown.contains("https://host:8000/x\""));
        for secret in ["sk-1", "hunter2", "q1w2e3"] {
            assert!(!shown.contains(secret), "{shown}");
        }
    }
}
