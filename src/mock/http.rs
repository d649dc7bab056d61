//! The HTTP side: which path answers what.

use super::answer::Wording;
use super::args::{Secret, ServeArgs, nanoseconds};
use super::chunk::Writer;
use super::error::ApiError;
use super::fault::{Fate, Faults};
use super::memory::Held;
use super::metrics::{MetricNames, Metrics};
use super::openai::{self, Endpoint, Limits};
use super::pacer::{Pacer, now_ns};
use super::source::Source;
use super::stream::{Run, half, silence};
use crate::sim::Setup;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Images come inside requests; more than this is a mistake.
const MOST_BODY_BYTES: usize = 512 << 20;
/// Lets the last answer get out before `--die-after` ends the process.
const LAST_WORDS: Duration = Duration::from_millis(50);

/// Most tokens of prompt and answer where neither an option nor a model says it.
const DEFAULT_CONTEXT: u64 = 32768;

/// Everything that requests share.
pub struct Engine {
    pub source: Source,
    pub wording: Wording,
    pub pacer: Pacer,
    pub ping_ns: Option<u64>,
    pub omit_usage: bool,
    pub omit_done: bool,
    limits: Limits,
    faults: Faults,
    api_key: Option<Secret>,
    /// When it gets ready; none is never.
    ready_ns: Option<u64>,
    delay_headers_ns: Option<u64>,
    created: u64,
    arrived: AtomicU64,
    answered: AtomicU64,
    metrics: Mutex<Metrics>,
    pub held: Held,
}

impl Engine {
    /// With a setup its tokens come from the simulator, and else as declared.
    pub fn new(
        args: &ServeArgs,
        simulated: Option<Setup>,
        names: MetricNames,
        pacer: Pacer,
    ) -> Self {
        let faults = &args.faults;
        let setup = simulated.as_ref();
        let wrong = args.faults(setup.map(|setup| &setup.faults));
        Self {
            wording: Wording::new(args.answers.answer.as_deref(), args.seed),
            ping_ns: faults.ping.map(nanoseconds),
            omit_usage: faults.omit_usage,
            omit_done: faults.omit_done,
            limits: Limits {
                model: args.model.clone(),
                context: args
                    .context
                    .unwrap_or_else(|| setup.map_or(DEFAULT_CONTEXT, |setup| setup.context.into())),
                answer_tokens: args.answers.answer_tokens,
                image_tokens: args.answers.image_tokens,
                audio_tokens: args.answers.audio_tokens,
                video_tokens: args.answers.video_tokens,
                block: setup.map_or(0, |setup| setup.blocks.tokens),
            },
            source: Source::new(args, simulated, &pacer),
            held: Held::new(wrong.common.memory),
            faults: wrong,
            api_key: args.api_key.clone(),
            ready_ns: match (faults.never_ready, faults.ready_after) {
                (true, _) => None,
                (false, after) => Some(now_ns() + after.map_or(0, nanoseconds)),
            },
            delay_headers_ns: faults.delay_headers.map(nanoseconds),
            created: seconds_since_1970(),
            arrived: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            metrics: Mutex::new(Metrics::new(names)),
            pacer,
        }
    }

    pub fn metrics(&self) -> MutexGuard<'_, Metrics> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request that was answered to its end, and dies if it was the last one.
    pub fn answered(&self) {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        if self.faults.dies(answered) {
            die(format!(
                "dies after {answered} answered requests (--die-after)"
            ));
        }
    }

    fn ready(&self) -> bool {
        self.ready_ns.is_some_and(|at| now_ns() >= at)
    }
}

/// Ends the process with status 3, once the last answer is out.
pub fn die(why: String) {
    tokio::spawn(async move {
        tokio::time::sleep(LAST_WORDS).await;
        eprintln!("scn serve: {why}");
        std::process::exit(3);
    });
}

pub fn router(engine: Arc<Engine>) -> Router {
    let not_found = || async { ApiError::http(404, "Not Found") };
    let not_allowed = || async { ApiError::http(405, "Method Not Allowed") };
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/completions", post(completions))
        .route("/v1/models", get(models))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .route("/reset_prefix_cache", post(reset_prefix_cache))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(from_fn_with_state(engine.clone(), guard))
        .with_state(engine)
}

/// What holds for everything below /v1: the key, and readiness.
async fn guard(State(engine): State<Arc<Engine>>, request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/v1") {
        if let Some(key) = &engine.api_key {
            let sent = request.headers().get(header::AUTHORIZATION);
            let sent = sent.and_then(|value| value.to_str().ok());
            let token = sent.and_then(|value| value.strip_prefix("Bearer "));
            if !token.is_some_and(|token| key.is(token)) {
                // vLLM's one error that is not an object.
                let body = json!({ "error": "Unauthorized" });
                return json_response(StatusCode::UNAUTHORIZED, body.to_string());
            }
        }
        if !engine.ready() {
            return ApiError::not_ready().into_response();
        }
    }
    next.run(request).await
}

async fn chat(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    answer(engine, Endpoint::Chat, request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn completions(State(engine): State<Arc<Engine>>, request: Request) -> Response {
    answer(engine, Endpoint::Completions, request)
        .await
        .unwrap_or_else(IntoResponse::into_response)
}

async fn answer(
    engine: Arc<Engine>,
    endpoint: Endpoint,
    request: Request,
) -> Result<Response, ApiError> {
    let received_ns = now_ns();
    let body = to_bytes(request.into_body(), MOST_BODY_BYTES)
        .await
        .map_err(|_| ApiError::http(413, "Request Entity Too Large"))?;
    let job = openai::read(endpoint, &body, &engine.limits)?;
    // A prompt with images is large, and an answer can take long.
    drop(body);
    let index = engine.arrived.fetch_add(1, Ordering::Relaxed);
    let answered = engine.answered.load(Ordering::Relaxed);
    let fate = engine.faults.fate(index, answered, job.tokens, job.stream);
    match fate {
        Fate::Refuse(status) => return Err(ApiError::declared(status)),
        Fate::WebPage => return Ok(web_page()),
        Fate::Answer { .. } | Fate::Cut { .. } | Fate::Stall => {}
    }
    let stream = job.stream;
    let id = format!("{received_ns:016x}{index:016x}");
    let writer = Writer::new(job.clone(), &id, seconds_since_1970(), &engine.limits.model);
    let mut run = Run::enter(engine.clone(), job, index, received_ns, fate);
    run.taken().await?;
    if let Some(delay) = engine.delay_headers_ns {
        engine.pacer.sleep_until(received_ns + delay).await;
    }
    let kind = match stream {
        true => "text/event-stream; charset=utf-8",
        false => "application/json",
    };
    let body = match (fate, stream) {
        (Fate::Stall, _) => Body::from_stream(silence(run)),
        (_, true) => Body::from_stream(run.events(writer)),
        (_, false) => match run.whole(&writer).await {
            (body, true) => Body::from_stream(half(body)),
            (body, false) => Body::from(body),
        },
    };
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}

fn web_page() -> Response {
    let page = "<!DOCTYPE html><html><body>This is not the API (--not-sse).</body></html>\n";
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

async fn health(State(engine): State<Arc<Engine>>) -> StatusCode {
    match engine.ready() {
        true => StatusCode::OK,
        false => StatusCode::SERVICE_UNAVAILABLE,
    }
}

async fn models(State(engine): State<Arc<Engine>>) -> Response {
    let limits = &engine.limits;
    let body = json!({ "object": "list", "data": [{
        "id": limits.model, "object": "model", "created": engine.created, "owned_by": "scn",
        "root": limits.model, "parent": null, "max_model_len": limits.context, "permission": [],
    }]});
    json_response(StatusCode::OK, body.to_string())
}

async fn metrics(State(engine): State<Arc<Engine>>) -> Response {
    let figures = engine.source.figures();
    let text = engine.metrics().text(&engine.limits.model, figures);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn version() -> Response {
    let body = json!({ "version": env!("CARGO_PKG_VERSION"), "engine": "scn builtin" });
    json_response(StatusCode::OK, body.to_string())
}

/// Where times are declared there is no prefix cache, so there is nothing to flush; the answer says
/// that.
async fn reset_prefix_cache(State(engine): State<Arc<Engine>>) -> Response {
    let (success, what) = match &engine.source {
        Source::Declared { .. } => (true, "none, so nothing to flush"),
        Source::Simulated(room) => match room.forget_prefixes() {
            true => (true, "flushed"),
            false => (false, "in use, so not flushed"),
        },
    };
    let body = json!({ "success": success, "scn": { "prefix_cache": what } });
    json_response(StatusCode::OK, body.to_string())
}

fn json_response(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        json_response(status, self.body().to_string())
    }
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
