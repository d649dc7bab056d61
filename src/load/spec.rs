//! What a load is, as plain data: the requests, their pace and where they go.

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
    /// An http(s) URL or a `data:` URL.
    ImageUrl(String),
}

/// One stretch of load on one server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// So many clients; each sends its next request when its last is answered and it has thought.
    Closed { concurrency: u64, think: Duration },
    /// Requests are due at times of their own, whatever the server does.
    Open { rate_per_s: f64, arrival: Arrival },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arrival {
    Poisson,
    Constant,
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
    /// Whether a stream ends with `data: [DONE]`; where not, the end of the body ends it.
    pub done_marker: bool,
    /// Whether connections are used again; where not, each request has its own.
    pub keep_alive: bool,
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
