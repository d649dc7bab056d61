//! The HTTP client of one target: made once, used by every request of a load.

use crate::load::answer::Limits;
use crate::load::detail::{Cleaner, chain};
use crate::load::kept::Kept;
use crate::load::protocol::{RequestError, encode};
use crate::load::spec::{Media, Part, Request, Target};
use bytes::Bytes;
use reqwest::Url;
use reqwest::header::{CONTENT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;
use std::path::PathBuf;
use std::sync::{Arc, Once};
use std::time::Duration;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Idle connections are dropped before servers drop them (uvicorn: after 5 s), so that no
/// request runs into a connection that is being closed.
pub(super) const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// How long `/v1/models` may take.
const MODELS_TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no client, or no list of models. No text holds a header's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    #[error("the server's URL {url} cannot be used: {why}; write it like http://127.0.0.1:8000")]
    Url { url: String, why: String },
    #[error(
        "the header {name} cannot be sent: its name or value has characters HTTP does not allow \
         (the value is not shown); if it comes from env(), look for a line end in it"
    )]
    Header { name: String },
    #[error("the CA file {path} cannot be used: {why}; it must hold PEM certificates")]
    CaFile { path: PathBuf, why: String },
    #[error("the HTTP client cannot be set up: {why}")]
    Setup { why: String },
    #[error("asked {url} for its models: {why}")]
    Refused { url: String, why: String },
    #[error("asked {url} for its models: {why}; name the model in the server block instead")]
    Models { url: String, why: String },
}

/// Sees a stream's bytes as they arrive: the request's index, when (seconds on the run's clock),
/// and the bytes. Called on the load's thread: it must be quick.
pub type Tap = Arc<dyn Fn(u64, f64, &Bytes) + Send + Sync>;

/// Sends requests to one [`Target`]. Cheap to share in an `Arc`; one pool of connections.
pub struct Client {
    pub(super) http: reqwest::Client,
    /// The same, but each request has a connection of its own.
    pub(super) fresh: reqwest::Client,
    pub(super) kept: Kept,
    pub(super) target: Target,
    pub(super) url: Url,
    pub(super) cleaner: Cleaner,
    pub(super) limits: Limits,
    pub(super) tap: Option<Tap>,
}

/// A request in its API's words, ready to be sent.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub(super) body: Bytes,
    pub(super) stream: bool,
    /// The workload's row it was made from.
    pub row: usize,
    pub images: u32,
    pub clips: u32,
    pub videos: u32,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.target).finish()
    }
}

impl Client {
    /// A client for this target. HTTP/1.1 with keep-alive (where the API has it), no redirects, no
    /// retries but that of a connection closed while it was kept, no proxy for loopback addresses.
    /// Also raises this process's limit of open files as far as allowed:
    /// an open loop against a stalled server needs a connection per request.
    ///
    /// # Errors
    /// A URL or header that HTTP does not allow, or a CA file that cannot be read.
    pub fn new(target: &Target) -> Result<Self, ClientError> {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // An error means that a provider is there already, which is as good.
            let _ = rustls::crypto::ring::default_provider().install_default();
            raise_open_files();
        });
        let url = parse_url(target)?;
        let authorities = authorities(target)?;
        let build = |most_idle: usize| {
            let mut builder = reqwest::Client::builder()
                .http1_only()
                .tcp_nodelay(true)
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .connect_timeout(CONNECT_TIMEOUT)
                .pool_idle_timeout(IDLE_TIMEOUT)
                .pool_max_idle_per_host(most_idle)
                .user_agent(concat!("scn/", env!("CARGO_PKG_VERSION")))
                .default_headers(headers(target)?);
            if is_loopback(&url) {
                builder = builder.no_proxy();
            }
            if let Some(certificates) = &authorities {
                builder = builder.tls_certs_merge(certificates.clone());
            } else if url.scheme() == "http" {
                // Without TLS the system's certificates need not be read, nor exist.
                builder = builder.tls_certs_only([]);
            }
            builder.build().map_err(|error| ClientError::Setup {
                why: chain(&error.without_url()),
            })
        };
        let fresh = build(0)?;
        let http = match target.api.keep_alive {
            true => build(usize::MAX)?,
            false => fresh.clone(),
        };
        Ok(Self {
            http,
            fresh,
            kept: Kept::default(),
            cleaner: cleaner(target, &url),
            target: target.clone(),
            url,
            limits: Limits::default(),
            tap: None,
        })
    }

    /// The same client with other limits for the size of answers.
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The same client, which also shows none of these values.
    pub fn with_secrets(mut self, secrets: &[String]) -> Self {
        self.cleaner.add(secrets.iter().map(String::as_str));
        self
    }

    /// The same client with a tap on the bytes of its streams, for what a [`Record`] does not
    /// keep, such as the built-in engine's stamps.
    ///
    /// [`Record`]: crate::load::record::Record
    pub fn with_tap(mut self, tap: Tap) -> Self {
        self.tap = Some(tap);
        self
    }

    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Puts a request in the API's words.
    ///
    /// # Errors
    /// What the API does not know; ask once before a load, to refuse it as a whole.
    pub fn prepare(&self, request: &Request) -> Result<Prepared, RequestError> {
        let of = |media: Media| {
            let parts = request.content.iter();
            let found = parts.filter(|p| matches!(p, Part::Media { kind, .. } if *kind == media));
            found.count() as u32
        };
        Ok(Prepared {
            body: encode(&self.target, request)?.into(),
            stream: request.stream,
            row: request.row,
            images: of(Media::Image),
            clips: of(Media::Audio),
            videos: of(Media::Video),
        })
    }

    /// The models' names from `GET /v1/models`, in the server's order.
    ///
    /// # Errors
    /// No connection, a status other than 2xx, or something else than a list of models.
    pub async fn models(&self) -> Result<Vec<String>, ClientError> {
        #[derive(Deserialize)]
        struct List {
            data: Vec<Model>,
        }
        #[derive(Deserialize)]
        struct Model {
            id: String,
        }
        let shown = format!("{}/v1/models", self.target.shown_url());
        let failed = |why: String| ClientError::Models {
            url: shown.clone(),
            why: self.cleaner.line(&why),
        };
        let url = format!("{}/v1/models", self.target.base_url.trim_end_matches('/'));
        let response = self
            .fresh
            .get(url)
            .timeout(MODELS_TIMEOUT)
            .send()
            .await
            .map_err(|error| failed(chain(&error.without_url())))?;
        let status = response.status();
        if let Some(why) = compressed(&response) {
            return Err(failed(why));
        }
        let body = self.read_start(response, 4 << 20).await;
        if !status.is_success() {
            let why = format!("status {status}, {}", start(&body));
            return Err(match status.as_u16() {
                401 | 403 => ClientError::Refused {
                    url: shown.clone(),
                    why: self.cleaner.line(&why),
                },
                _ => failed(why),
            });
        }
        let list: List = serde_json::from_slice(&body)
            .map_err(|error| failed(format!("no list of models ({error}): {}", start(&body))))?;
        Ok(list.data.into_iter().map(|model| model.id).collect())
    }

    /// Asks the server something else than for an answer: a path, and its status and body as
    /// text (at most 1 MiB) without secrets.
    ///
    /// # Errors
    /// No connection, or no answer within 10 s; in one line.
    pub async fn ask(
        &self,
        method: reqwest::Method,
        path: &str,
        body: Option<&serde_json::Value>,
    ) -> Result<(u16, String), String> {
        let url = format!("{}{path}", self.target.base_url.trim_end_matches('/'));
        let mut request = self.fresh.request(method, url).timeout(MODELS_TIMEOUT);
        if let Some(body) = body {
            request = request.json(body);
        }
        let failed = |error: reqwest::Error| {
            let remedy = match self.url.scheme() == "http"
                && error.is_request()
                && !error.is_connect()
                && !error.is_timeout()
            {
                // what speaks TLS closes the connection, or answers with an alert
                true => " (does this port speak TLS? its `url` starts with `https://` then)",
                false => self.tls_remedy(&error),
            };
            let text = chain(&error.without_url());
            self.cleaner.line(&format!("{text}{remedy}"))
        };
        let response = request.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let body = self.read_start(response, 1 << 20).await;
        let body = self.cleaner.text(&String::from_utf8_lossy(&body));
        Ok((status, body))
    }

    /// What to do where TLS is why there is no connection, as an end of a sentence.
    pub(super) fn tls_remedy(&self, error: &reqwest::Error) -> &'static str {
        // rustls' errors are boxed too deeply to be asked for their kind
        let text = chain(error);
        if text.contains("UnknownIssuer") {
            match self.target.ca_file {
                None => {
                    " (this machine does not know who signed the certificate: name the signer's certificate with `ca_file = \"ca.pem\"`)"
                }
                Some(_) => " (the certificate is not signed by what `ca_file` holds)",
            }
        } else if text.contains("InvalidContentType") {
            " (this port does not speak TLS: its `url` starts with `http://`)"
        } else {
            ""
        }
    }

    /// The first bytes of a body, at most `most`, for as long as they come within 2 s.
    pub(super) async fn read_start(&self, mut response: reqwest::Response, most: usize) -> Vec<u8> {
        let mut body = Vec::new();
        let read = async {
            while let Ok(Some(bytes)) = response.chunk().await {
                body.extend_from_slice(&bytes);
                if body.len() >= most {
                    break;
                }
            }
        };
        // What had come by then is what there is to show.
        let _ = tokio::time::timeout(Duration::from_secs(2), read).await;
        body.truncate(most);
        body
    }
}

/// That a body is compressed, which none that was asked for is, and what to do about it.
pub(super) fn compressed(response: &reqwest::Response) -> Option<String> {
    let value = response.headers().get(CONTENT_ENCODING)?;
    let coding = String::from_utf8_lossy(value.as_bytes());
    (!coding.trim().eq_ignore_ascii_case("identity")).then(|| {
        format!(
            "the answer is compressed (Content-Encoding: {coding}), which is not read: turn \
             compression off in the server, or in the proxy before it"
        )
    })
}

fn start(body: &[u8]) -> String {
    crate::load::detail::start_of(body)
}

fn parse_url(target: &Target) -> Result<Url, ClientError> {
    let unusable = |why: &str| ClientError::Url {
        url: format!("{}{}", target.shown_url(), target.api.path),
        why: why.to_owned(),
    };
    let base = Url::parse(&target.base_url).map_err(|error| unusable(&error.to_string()))?;
    if !["http", "https"].contains(&base.scheme()) {
        return Err(unusable("it is neither http nor https"));
    }
    if base.query().is_some() || base.fragment().is_some() {
        return Err(unusable("it has a query or a fragment"));
    }
    if !target.api.path.starts_with('/') {
        return Err(unusable("the API's path does not start with a slash"));
    }
    let base = base.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}{}", target.api.path)).map_err(|error| unusable(&error.to_string()))
}

/// The certificates of the target's CA file, where it has one.
fn authorities(target: &Target) -> Result<Option<Vec<reqwest::Certificate>>, ClientError> {
    let Some(path) = &target.ca_file else {
        return Ok(None);
    };
    let unusable = |why: String| ClientError::CaFile {
        path: path.clone(),
        why,
    };
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| unusable(chain(&error)))?;
    if certificates.is_empty() {
        return Err(unusable("there is no certificate in it".into()));
    }
    Ok(Some(certificates))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || bare
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

fn headers(target: &Target) -> Result<HeaderMap, ClientError> {
    let mut map = HeaderMap::new();
    for (name, value) in &target.headers {
        let refused = |_| ClientError::Header { name: name.clone() };
        let key = HeaderName::try_from(name.as_str()).map_err(|_| refused(()))?;
        let mut value = HeaderValue::try_from(value.as_str()).map_err(|_| refused(()))?;
        value.set_sensitive(true);
        map.append(key, value);
    }
    Ok(map)
}

fn cleaner(target: &Target, url: &Url) -> Cleaner {
    let in_url = [Some(url.username()), url.password(), url.query()];
    let values = target.headers.iter().map(|(_, value)| value.as_str());
    Cleaner::new(values.chain(in_url.into_iter().flatten()))
}

/// The soft limit up to the hard one; where that fails the old limit stays, and a request that
/// meets it says so.
fn raise_open_files() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}
