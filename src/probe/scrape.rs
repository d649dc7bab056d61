//! Reads an engine's `/metrics` at a steady pace, into the metrics that its engine block names.

use super::prometheus::{Exposition, Selector, parse};
use super::recorder::Recorder;
use super::{Reading, Unavailable};
use crate::units::Dimension;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url, redirect};
use std::error::Error as _;
use std::path::PathBuf;
use std::time::Duration;

/// One answer may take so long; a server under load answers late.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Longer answers are refused.
const MAX_BODY: usize = 32 << 20;

/// Where metrics come from and which are wanted.
#[derive(Clone)]
pub struct MetricsTarget {
    /// `http://127.0.0.1:8000/metrics`
    pub url: String,
    /// Sent with every request; the values may be secret and are never shown.
    pub headers: Vec<(String, String)>,
    /// A PEM file of certificates to trust besides the system's.
    pub ca_file: Option<PathBuf>,
    /// How often to ask. Making the answer costs the server time: a second is a good pace.
    pub every: Duration,
    pub metrics: Vec<EngineMetric>,
}

/// One metric of an engine, as its `metric` block says.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineMetric {
    /// The series' name here: `running`. A histogram makes `<name>.sum` and `<name>.count`.
    pub name: String,
    pub kind: MetricKind,
    /// The server's name for it, with or without a filter: `x`, `x{label="value"}`.
    pub series: String,
    /// What other versions of the server call it: looked for where that is not there.
    pub others: Vec<String>,
    /// Why the server has none, where that is known before it is asked.
    pub lacks: Option<String>,
    pub dimension: Dimension,
    pub reduce: Reduce,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    Gauge,
    Counter,
    Histogram,
}

/// How the values of several label sets become one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reduce {
    #[default]
    Sum,
    Max,
}

impl EngineMetric {
    /// The series that it makes here, and their dimensions.
    pub fn series_names(&self) -> Vec<(String, Dimension)> {
        match self.kind {
            MetricKind::Gauge | MetricKind::Counter => vec![(self.name.clone(), self.dimension)],
            MetricKind::Histogram => vec![
                (format!("{}.sum", self.name), self.dimension),
                (format!("{}.count", self.name), Dimension::NONE),
            ],
        }
    }
}

/// Header values stay out of debug output.
impl std::fmt::Debug for MetricsTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let headers: Vec<&str> = self.headers.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("MetricsTarget")
            .field("url", &shown(&self.url))
            .field("headers", &headers)
            .field("every", &self.every)
            .field("metrics", &self.metrics)
            .finish_non_exhaustive()
    }
}

/// A client for one target. Its connections live on the runtime that first uses it.
pub struct Scraper {
    client: Client,
    url: String,
    /// The address without user, password and query.
    shown: String,
    metrics: Vec<(EngineMetric, Reading<Vec<Selector>>)>,
}

impl Scraper {
    /// # Errors
    /// A header, a certificate file or an address that cannot be used.
    pub fn new(target: &MetricsTarget) -> Reading<Self> {
        // reqwest panics without a provider; a second installation only fails.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut headers = HeaderMap::new();
        headers.insert(
            reqwest::header::ACCEPT,
            HeaderValue::from_static("text/plain;version=0.0.4"),
        );
        for (name, value) in &target.headers {
            let bad = || Unavailable(format!("the header `{name}` cannot be sent"));
            let key = HeaderName::try_from(name.as_str()).map_err(|_| bad())?;
            let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| bad())?;
            value.set_sensitive(true);
            headers.insert(key, value);
        }
        let mut builder = Client::builder()
            .default_headers(headers)
            .timeout(TIMEOUT)
            .redirect(same_origin());
        if is_local(&target.url) {
            builder = builder.no_proxy();
        }
        if let Some(path) = &target.ca_file {
            let certificates = std::fs::read(path)
                .map_err(|error| error.to_string())
                .and_then(|pem| {
                    reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| error.to_string())
                })
                .map_err(|error| {
                    let path = path.display();
                    Unavailable(format!(
                        "the certificates in {path} cannot be read: {error}"
                    ))
                })?;
            builder = builder.tls_certs_merge(certificates);
        }
        let client = builder
            .build()
            .map_err(|error| Unavailable(format!("no HTTP client for metrics: {error}")))?;
        let metrics = target
            .metrics
            .iter()
            .map(|metric| {
                let names = std::iter::once(&metric.series).chain(&metric.others);
                let selectors: Result<Vec<Selector>, _> = names.map(|name| name.parse()).collect();
                let selectors = match &metric.lacks {
                    Some(why) => Err(Unavailable(why.clone())),
                    None => selectors.map_err(|error| Unavailable(error.to_string())),
                };
                (metric.clone(), selectors)
            })
            .collect();
        Ok(Self {
            client,
            url: target.url.clone(),
            shown: shown(&target.url),
            metrics,
        })
    }

    /// Says of all metrics of a target why there are none.
    pub fn refuse(target: &MetricsTarget, why: &Unavailable, time: f64, recorder: &mut Recorder) {
        for metric in &target.metrics {
            for (name, dimension) in metric.series_names() {
                recorder.record(&name, dimension, time, Err(why.clone()));
            }
        }
    }

    /// Asks once.
    ///
    /// # Errors
    /// No answer, a status other than 200, or an answer too long.
    pub async fn fetch(&self) -> Reading<String> {
        let failed = |what: String| Unavailable(format!("GET {} {what}", self.shown));
        let broken = |error: reqwest::Error| failed(format!("failed: {}", cause(&error)));
        let mut response = self.client.get(&self.url).send().await.map_err(broken)?;
        let status = response.status();
        if status != reqwest::StatusCode::OK {
            return Err(failed(format!(
                "answered {status}; does the server offer metrics, and does it need a flag for it?"
            )));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(failed(format!("answered more than {} MiB", MAX_BODY >> 20)));
            }
            body.extend_from_slice(&chunk);
        }
        String::from_utf8(body).map_err(|_| failed("answered something that is not text".into()))
    }

    /// Puts an answer's figures into series, or why there are none.
    pub fn record(&self, answer: &Reading<String>, time: f64, recorder: &mut Recorder) {
        let exposition = answer.as_ref().map(|text| parse(text));
        for (metric, selectors) in &self.metrics {
            let value = |suffix: &str| {
                let selectors = selectors.as_ref().map_err(Clone::clone)?;
                let exposition = exposition.as_ref().map_err(|error| (*error).clone())?;
                let values = selectors.iter();
                let mut values = values.map(|s| self.value(metric, s, exposition, suffix));
                let first = values.next();
                let first = first.unwrap_or_else(|| Err(Unavailable("it has no name".into())));
                first.or_else(|why| values.find_map(Result::ok).ok_or(why))
            };
            let suffixes = match metric.kind {
                MetricKind::Histogram => &["_sum", "_count"][..],
                MetricKind::Gauge | MetricKind::Counter => &[""],
            };
            for ((name, dimension), suffix) in metric.series_names().iter().zip(suffixes) {
                recorder.record(name, *dimension, time, value(suffix));
            }
        }
    }

    fn value(
        &self,
        metric: &EngineMetric,
        selector: &Selector,
        exposition: &Exposition<'_>,
        suffix: &str,
    ) -> Reading<f64> {
        let values = selector.values(exposition, suffix);
        let reduced = match metric.reduce {
            Reduce::Sum => values.reduce(|a, b| a + b),
            Reduce::Max => values.reduce(f64::max),
        };
        reduced.ok_or_else(|| {
            let series = format!("{}{suffix}", metric.series);
            Unavailable(if exposition.samples.is_empty() {
                format!(
                    "GET {} answered no metrics in Prometheus' format",
                    self.shown
                )
            } else if let Some(kind) = exposition.types.get(selector.name.as_str()) {
                let kind = kind.name();
                let name = &selector.name;
                format!("the server's /metrics has no series `{series}`, though a {kind} `{name}`")
            } else {
                format!("the server's /metrics has no series `{series}`")
            })
        })
    }
}

/// Follows redirects (`/metrics` to `/metrics/` is common) only to the same host and port: the
/// headers may hold a key.
fn same_origin() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let first = attempt.previous().first().map(Url::origin);
        if attempt.previous().len() <= 3 && first == Some(attempt.url().origin()) {
            attempt.follow()
        } else {
            attempt.stop()
        }
    })
}

/// Whether an address is on this machine: no proxy of the environment reaches it.
fn is_local(url: &str) -> bool {
    let host = Url::parse(url)
        .ok()
        .and_then(|url| url.host_str().map(str::to_string));
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// An address as people may see it: without user, password, query and fragment.
fn shown(url: &str) -> String {
    let Ok(mut url) = Url::parse(url) else {
        return "an address that is no URL".into();
    };
    // Both fail only for addresses that cannot hold them.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

/// What lies at the bottom of a client error (`Connection refused`), without its address.
fn cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", TIMEOUT.as_secs());
    }
    let mut deepest: &dyn std::error::Error = match error.source() {
        Some(source) => source,
        None if error.is_builder() => return "the address is no URL".into(),
        None => return "the connection broke".into(),
    };
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets() {
        assert_eq!(
            shown("http://me:key@host:8000/metrics?token=abc#x"),
            "http://host:8000/metrics"
        );
        assert!(!shown("::key::").contains("key"));
    }

    #[test]
    fn debug_output_has_no_header_values() {
        let target = MetricsTarget {
            url: "http://u:hidden@127.0.0.1/metrics".into(),
            headers: vec![("authorization".into(), "Bearer hidden".into())],
            ca_file: None,
            every: Duration::from_secs(1),
            metrics: Vec::new(),
        };
        let text = format!("{target:?}");
        assert!(
            text.contains("authorization") && !text.contains("hidden"),
            "{text}"
        );
        let bad = MetricsTarget {
            headers: vec![("x-key".into(), "hidden\n".into())],
            ..target
        };
        let Err(Unavailable(why)) = Scraper::new(&bad) else {
            panic!("a line break cannot be sent")
        };
        assert!(why.contains("x-key") && !why.contains("hidden"), "{why}");
    }

    #[test]
    fn only_this_machine_is_local() {
        assert!(is_local("http://127.0.0.1:1/metrics") && is_local("http://[::1]:1/"));
        assert!(is_local("http://localhost/") && !is_local("http://10.0.0.1/"));
        assert!(!is_local("http://localhost.example/"));
    }
}
