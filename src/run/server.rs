//! A server of a launch: started or found, asked for its version and model, and stopped.

use super::Shared;
use super::attached::Attached;
use super::progress::Event;
use super::{error, gpus, version};
use crate::engine::launch::{LaunchError, LaunchEvent, Launcher, Running};
use crate::engine::log::LogLimit;
use crate::engine::port::Ports;
use crate::engine::process::{GuardProgram, Launch, StopReport};
use crate::engine::ready::{Answers, Ready};
use crate::load::client::{Client, ClientError};
use crate::load::record::{Outcome, Record};
use crate::load::spec::{Part, Request, Target};
use crate::probe::gpu::GpuScope;
use crate::probe::sampler::Targets;
use crate::probe::scrape::{EngineMetric, MetricKind, MetricsTarget, Reduce};
use crate::report::model::WorldError;
use crate::scenario::{HttpRequest, PORT, ServerSpec, Start, Word};
use crate::stop::{Stop, StopLevel};
use crate::store::Redactor;
use regex::Regex;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a server that already runs has to show itself.
const REACHABLE: Duration = Duration::from_secs(10);

/// How often metrics are asked for; making the answer costs the server time.
const SCRAPE: Duration = Duration::from_secs(1);

/// A server that can be asked.
pub struct Live {
    pub spec: ServerSpec,
    /// `http://127.0.0.1:20000`
    pub url: String,
    /// None for a server that scn did not start.
    pub running: Option<Running>,
    /// The process of one that scn did not start, where its `pid` is known.
    pub attached: Option<Attached>,
    pub model: String,
    pub version: Option<String>,
    /// What is to be said of it in the results of its cases.
    pub notes: Vec<String>,
    pub log: Option<PathBuf>,
    secrets: Vec<String>,
}

/// Starts or finds the server, and waits until it is ready.
pub async fn start(
    shared: &Shared,
    spec: &ServerSpec,
    log: &Path,
    stop: &Stop,
) -> Result<Live, WorldError> {
    let mut attached = None;
    let (url, running, log) = match &spec.start {
        Start::Running { url, pid } => {
            if let Some(pid) = *pid {
                let known = Redactor::new(shared.secrets.iter().cloned());
                attached = Some(Attached::find(&spec.name, pid, url, &known).await?);
            }
            (url.clone(), None, None)
        }
        Start::Launch {
            command,
            environment,
            port,
            ..
        } => {
            let running = launch(shared, spec, (command, environment), *port, log, stop).await?;
            (
                format!("http://127.0.0.1:{}", running.port),
                Some(running),
                Some(log.to_path_buf()),
            )
        }
    };
    let mut live = Live {
        spec: spec.clone(),
        model: spec.model.clone().unwrap_or_default(),
        url,
        running,
        attached,
        version: None,
        notes: Vec::new(),
        log,
        secrets: shared.secrets.clone(),
    };
    let mut asked = stop.clone();
    let known = tokio::select! {
        known = get_to_know(&mut live) => known,
        () = asked.reached(StopLevel::Finish) => Err(error::of_launch(&LaunchError::Interrupted(stop.level()), spec)),
    };
    match known {
        Ok(()) => Ok(live),
        Err(error) => {
            live.stop(stop).await;
            Err(error)
        }
    }
}

/// Asks a server what it is.
async fn get_to_know(live: &mut Live) -> Result<(), WorldError> {
    if live.running.is_none() {
        reachable(live).await?;
    }
    if live.spec.model.is_none() {
        live.model = find_model(live).await?;
    }
    live.version = version::ask(live).await;
    live.notes.extend(version::held(live)?);
    Ok(())
}

async fn launch(
    shared: &Shared,
    spec: &ServerSpec,
    (command, environment): (&[Word], &[(String, Word)]),
    port: Option<u16>,
    log: &Path,
    stop: &Stop,
) -> Result<Running, WorldError> {
    let guard = GuardProgram::this();
    let ports = match port {
        None => Ports::new(),
        Some(port) => Ports::only(port),
    }
    .map_err(|e| error::of_launch(&LaunchError::Port(e), spec))?;
    let fill = |word: &Word, port: u16| word.text.replace(PORT, &port.to_string());
    let secrets: Vec<String> = shared.secrets.clone();
    let template = |port: u16| Launch {
        program_and_args: command.iter().map(|word| fill(word, port)).collect(),
        env: environment
            .iter()
            .map(|(name, word)| (name.clone(), fill(word, port)))
            .collect(),
        cwd: None,
        log: log.to_path_buf(),
        log_limit: LogLimit::default(),
        secrets: secrets.clone(),
    };
    let events = |event: LaunchEvent| match event {
        LaunchEvent::Started { pid, port } => {
            shared.log(
                "server_started",
                serde_json::json!({ "server": spec.name, "pid": pid, "port": port }),
            );
        }
        LaunchEvent::PortTaken { port, by } => {
            shared.log(
                "port_taken",
                serde_json::json!({ "server": spec.name, "port": port, "by": by }),
            );
            shared.progress.event(Event::Note {
                text: format!(
                    "port {port} was taken by another program; {} starts again on another",
                    spec.name
                ),
            });
        }
    };
    let launcher = Launcher {
        guard: &guard,
        ports: &ports,
        client: &shared.http,
        stop,
        stop_signal: signal(&spec.stop.signal),
        grace: spec.stop.grace,
        events: &events,
    };
    let request = spec.ready.request.clone().unwrap_or(HttpRequest {
        method: "GET".into(),
        path: "/v1/models".into(),
    });
    let ready = Ready {
        method: reqwest::Method::from_bytes(request.method.as_bytes())
            .unwrap_or(reqwest::Method::GET),
        path: request.path,
        headers: headers(spec),
        every: spec.ready.every,
        timeout: spec.ready.timeout,
    };
    let answers = first_answer(spec, &shared.secrets);
    launcher
        .launch(template, &ready, answers.as_deref())
        .await
        .map_err(|e| error::of_launch(&e, spec))
}

/// Where `ready { answers = true }`: a first request, of one token.
fn first_answer(spec: &ServerSpec, secrets: &[String]) -> Option<Box<Answers>> {
    if !spec.ready.answers {
        return None;
    }
    let (spec, secrets) = (spec.clone(), secrets.to_vec());
    Some(Box::new(move |port| {
        let (spec, secrets) = (spec.clone(), secrets.clone());
        Box::pin(async move {
            let url = format!("http://127.0.0.1:{port}");
            let model = spec.model.clone().unwrap_or_default();
            let (_, api) = spec.apis.first().ok_or("the engine has no API")?;
            let target = target(&spec, &url, &model, api.clone());
            let client = Client::new(&target)
                .map_err(|e| e.to_string())?
                .with_secrets(&secrets);
            let request = Request {
                row: 0,
                system: None,
                content: vec![Part::Text("Hello".into())],
                max_tokens: Some(1),
                temperature: None,
                ignore_eos: false,
                stream: true,
                extra: Default::default(),
            };
            let clock = crate::clock::Clock::start();
            let record = client
                .send(&request, Record::default(), clock, Duration::from_secs(300))
                .await;
            match record.outcome {
                Outcome::Ok => Ok(()),
                Outcome::Failed(failure) => {
                    Err(format!("its first request failed: {}", failure.detail))
                }
            }
        })
    }))
}

/// A server that already runs must answer something before load is put on it.
async fn reachable(live: &Live) -> Result<(), WorldError> {
    let request = live.spec.ready.request.clone();
    let path = request.map_or_else(|| "/v1/models".to_string(), |r| r.path);
    let asked = tokio::time::timeout(
        REACHABLE,
        live.client(None)?.ask(reqwest::Method::GET, &path, None),
    )
    .await;
    let why = match asked {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(why)) => why,
        Err(_) => format!("no answer within {} s", REACHABLE.as_secs()),
    };
    Err(error::other(
        "server_unreachable",
        format!(
            "the server `{}` at {} does not answer: {why}",
            live.spec.name,
            live.shown_url()
        ),
        Some("is it running, and is the `url` right?"),
    ))
}

/// The first of the models that the server says it has.
async fn find_model(live: &Live) -> Result<String, WorldError> {
    let models = live.client(None)?.models().await;
    let why = match models {
        Ok(models) => match models.into_iter().next() {
            Some(model) => return Ok(model),
            None => "it lists none".to_string(),
        },
        Err(error @ ClientError::Refused { .. }) => return Err(refused(&live.spec, &error)),
        Err(error) => error.to_string(),
    };
    Err(error::other(
        "no_model",
        format!(
            "the server `{}` does not say which model it has: {why}",
            live.spec.name
        ),
        Some("name it in the server block: `model = { path = \"…\" }`"),
    ))
}

/// That a server wants a key, or another one.
fn refused(spec: &ServerSpec, error: &ClientError) -> WorldError {
    let mut headers = spec.headers.iter();
    let key = headers.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let (what, help) = match key {
        None => (
            "wants a key, and the server block gives none",
            "give one in the server block: `api_key = env(\"NAME\")`, with the key in the variable `NAME`",
        ),
        Some((_, key)) if matches!(key.text.trim(), "" | "Bearer") => (
            "refused the key, which is empty",
            "put the key into the variable that the server block's `api_key = env(\"NAME\")` names: \
             it is set, but empty",
        ),
        Some(_) => (
            "refused the key",
            "is the server block's `api_key` right? With `api_key = env(\"NAME\")` it is what the \
             variable `NAME` holds",
        ),
    };
    error::other(
        "key_refused",
        format!("the server `{}` {what}: {error}", spec.name),
        Some(help),
    )
}

impl Live {
    /// A client for one of the engine's APIs (any, where only other things are asked).
    pub fn client(&self, api: Option<&str>) -> Result<Client, WorldError> {
        let api = match api {
            Some(name) => self.spec.apis.get(name),
            None => self.spec.apis.values().next(),
        };
        let failed = |why: String| {
            error::other(
                "client",
                format!("the server `{}`: {why}", self.spec.name),
                None,
            )
        };
        let api = api
            .cloned()
            .ok_or_else(|| failed("its engine has no API".into()))?;
        Client::new(&target(&self.spec, &self.url, &self.model, api))
            .map(|client| client.with_secrets(&self.secrets))
            .map_err(|e| failed(e.to_string()))
    }

    /// Asks for something else than an answer: status and body.
    pub async fn ask(
        &self,
        request: &HttpRequest,
        body: Option<&serde_json::Value>,
    ) -> Result<(u16, String), String> {
        let client = self.client(None).map_err(|e| e.message)?;
        let method =
            reqwest::Method::from_bytes(request.method.as_bytes()).map_err(|e| e.to_string())?;
        client.ask(method, &request.path, body).await
    }

    /// The URL without a password.
    pub fn shown_url(&self) -> String {
        match reqwest::Url::parse(&self.url) {
            Ok(mut url) if url.password().is_some() => {
                let _ = url.set_password(Some("***"));
                url.to_string()
            }
            _ => self.url.clone(),
        }
    }

    /// Seconds from its start until it was ready; none for a server that ran already.
    pub fn ready_s(&self) -> Option<f64> {
        let running = self.running.as_ref()?;
        Some(running.ready_after.as_secs_f64())
    }

    /// How it ended, where it has.
    pub fn ended(&self) -> Option<String> {
        match &self.running {
            Some(running) => running.server.exited().map(|exit| exit.to_string()),
            None => self.attached.as_ref()?.ended(),
        }
    }

    /// Resolves when it has ended; never where its process is not known.
    pub async fn end(&self) {
        match (&self.running, &self.attached) {
            (Some(running), _) => running.server.ended().await,
            (None, Some(attached)) => attached.end().await,
            (None, None) => std::future::pending().await,
        }
    }

    /// Whether its end would be seen.
    pub fn is_watched(&self) -> bool {
        self.running.is_some() || self.attached.is_some()
    }

    /// What to sample of it.
    pub fn targets(&self, host: bool) -> Targets {
        let root = match (&self.running, &self.spec.start) {
            (Some(running), _) => Some(running.server.pid()),
            (None, Start::Running { pid, .. }) => *pid,
            _ => None,
        };
        // what leaves the server's tree comes back to its guard
        let guard = self.running.as_ref().and_then(|running| {
            crate::probe::procfile::stat(running.server.pid())
                .ok()
                .map(|stat| stat.ppid)
        });
        let metrics = self
            .spec
            .metrics_request
            .as_ref()
            .map(|request| MetricsTarget {
                url: format!("{}{}", self.url, request.path),
                headers: headers(&self.spec),
                ca_file: self.spec.ca_file.clone(),
                every: SCRAPE,
                metrics: self.metrics(),
            });
        // nothing of a simulated server has its engine's roles, or is on a GPU
        let roles = self.spec.roles.iter().filter(|_| !self.spec.played);
        let gpus = match self.spec.played {
            true => GpuScope::Nothing("it is simulated, and works on no GPU".into()),
            false => gpus::scope(&self.spec.start),
        };
        Targets {
            server: self.spec.name.clone(),
            roots: root.into_iter().collect(),
            guards: guard.into_iter().collect(),
            roles: roles
                .filter_map(|(name, title)| Some((name.clone(), Regex::new(title).ok()?)))
                .collect(),
            gpus,
            metrics,
            host,
        }
    }

    /// Its metrics, by what its version calls them.
    fn metrics(&self) -> Vec<EngineMetric> {
        let version = self.known_version();
        let one = |metric: &crate::scenario::EngineMetric| {
            let names = metric.names(version.as_ref());
            let lacks = names.is_none().then(|| {
                let said = self.version.as_deref().unwrap_or_default();
                let (engine, name) = (&self.spec.engine, &metric.name);
                format!("{engine} {said} has no `{name}`")
            });
            let mut names = names.into_iter().flatten().map(String::from);
            EngineMetric {
                name: metric.name.clone(),
                kind: if metric.counter {
                    MetricKind::Counter
                } else {
                    MetricKind::Gauge
                },
                series: names.next().unwrap_or_default(),
                others: names.collect(),
                lacks,
                dimension: metric.dimension,
                reduce: Reduce::Sum,
            }
        };
        let own = self.spec.metrics.iter();
        let own = own.filter(|metric| metric.formula.is_none());
        own.map(one).collect()
    }

    /// Texts that nothing shows.
    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    /// Stops a server that scn started; one that already ran is left alone.
    pub async fn stop(self, stop: &Stop) -> Option<StopReport> {
        let running = self.running?;
        let number = signal(&self.spec.stop.signal);
        Some(
            running
                .server
                .stop_or_hurry(number, self.spec.stop.grace, stop)
                .await,
        )
    }
}

fn target(spec: &ServerSpec, url: &str, model: &str, api: crate::load::spec::Api) -> Target {
    Target {
        base_url: url.to_string(),
        model: model.to_string(),
        api,
        headers: headers(spec),
        ca_file: spec.ca_file.clone(),
        body: spec.body.clone(),
    }
}

fn headers(spec: &ServerSpec) -> Vec<(String, String)> {
    spec.headers
        .iter()
        .map(|(name, value)| (name.clone(), value.text.clone()))
        .collect()
}

fn signal(name: &str) -> i32 {
    use nix::sys::signal::Signal;
    let signal = match name {
        "INT" => Signal::SIGINT,
        "QUIT" => Signal::SIGQUIT,
        "HUP" => Signal::SIGHUP,
        _ => Signal::SIGTERM,
    };
    signal as i32
}
