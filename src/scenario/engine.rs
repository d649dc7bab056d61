//! What an engine's block says of asking a server: APIs, readiness, actions, metrics, roles.

use super::context::{Context, as_duration, as_text};
use super::launch::words;
use super::{Action, EngineMetric, HttpRequest, Ready, StopSpec, VersionSpec, engine_metric};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Scope};
use crate::load::spec::{Api, AudioPart, Protocol};
use crate::resolve::Flat;
use indexmap::IndexMap;
use std::time::Duration;

pub(super) struct Asks {
    pub apis: IndexMap<String, Api>,
    pub ready: Ready,
    pub stop: StopSpec,
    pub version: Option<VersionSpec>,
    pub actions: Vec<Action>,
    pub metrics_request: Option<HttpRequest>,
    pub metrics: Vec<EngineMetric>,
    pub roles: Vec<(String, String)>,
}

/// `None` after something in the block that requests need has been reported.
pub(super) fn lower(
    cx: &Context<'_>,
    server: &Flat,
    engine: &BlockValue,
    scope: &Scope,
) -> Option<Asks> {
    let flat = &engine.flat;
    // the engine's blocks see what its own expressions see, not the scenario's names
    let user = cx;
    let cx = &cx.at(scope);
    let apis = flat
        .children_of("api")
        .map(|block| Some((block.title().to_string(), api(cx, block)?)));
    let apis: Vec<Option<(String, Api)>> = apis.collect();
    let asks = Asks {
        apis: apis.iter().flatten().cloned().collect(),
        ready: ready(user, server, flat, scope),
        stop: stop(cx, flat),
        version: flat.child("version").and_then(|block| version(cx, block)),
        actions: flat
            .children_of("action")
            .filter_map(|block| action(cx, block))
            .collect(),
        metrics_request: request(cx, flat, "metrics"),
        metrics: engine_metric::all(cx, flat),
        roles: flat
            .children_of("role")
            .filter_map(|block| {
                let title = cx.text(block, "title")?;
                check_pattern(cx, block, "title", &title);
                Some((block.title().to_string(), title))
            })
            .collect(),
    };
    // what it builds on is not known where its head was lost
    let known = apis.iter().all(Option::is_some) && !(flat.lost_its_head() && apis.is_empty());
    known.then_some(asks)
}

fn api(cx: &Context<'_>, block: &Flat) -> Option<Api> {
    Some(Api {
        protocol: match cx.text(block, "protocol")?.as_str() {
            "openai_completions" => Protocol::OpenaiCompletions,
            _ => Protocol::OpenaiChat,
        },
        path: cx.text(block, "path")?,
        max_tokens_field: cx.text(block, "max_tokens")?,
        stream_usage: cx.flag(block, "stream_usage")?,
        ignore_eos: cx.flag(block, "ignore_eos")?,
        audio: match cx.text(block, "audio")?.as_str() {
            "audio_url" => AudioPart::AudioUrl,
            _ => AudioPart::InputAudio,
        },
        done_marker: cx.flag(block, "done_marker")?,
        keep_alive: cx.flag(block, "keep_alive")?,
    })
}

/// The engine's `ready`, with what the server's own overrides.
fn ready(cx: &Context<'_>, server: &Flat, engine: &Flat, scope: &Scope) -> Ready {
    let (own, theirs) = (server.child("ready"), engine.child("ready"));
    let pick = |name: &str| {
        let written = |block: &Flat| block.attrs.contains_key(name);
        match (own, theirs) {
            (Some(block), _) if written(block) => cx.attr(block, name),
            (_, Some(block)) => cx.attr_in(block, name, scope),
            (Some(block), None) => cx.attr(block, name),
            (None, None) => crate::eval::Value::None,
        }
    };
    let timeout = as_duration(&pick("timeout"));
    if timeout == Some(Duration::ZERO) {
        let mut blocks = own.into_iter().chain(theirs);
        let place = blocks.find(|block| block.attrs.contains_key("timeout"));
        let message = "`timeout` is more than 0: no server is ready at once";
        cx.eval.report(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                cx.place(place.map_or(engine, |block| block), "timeout"),
                message,
            )
            .help("write how long it may take to be ready: `timeout = 10min`; or leave it out"),
        );
    }
    let request = as_text(&pick("request")).and_then(|text| {
        let block = own
            .filter(|block| block.attrs.contains_key("request"))
            .or(theirs)?;
        parse_request(cx, &text, cx.place(block, "request"))
    });
    Ready {
        request,
        every: as_duration(&pick("every")).unwrap_or(Duration::from_secs(1)),
        timeout: timeout.unwrap_or(Duration::from_secs(600)),
        answers: super::context::as_bool(&pick("answers")).unwrap_or(false),
    }
}

fn stop(cx: &Context<'_>, engine: &Flat) -> StopSpec {
    let block = engine.child("stop");
    StopSpec {
        signal: block
            .and_then(|b| cx.text(b, "signal"))
            .unwrap_or_else(|| "TERM".into()),
        grace: block
            .and_then(|b| cx.duration(b, "grace"))
            .unwrap_or(Duration::from_secs(10)),
    }
}

fn version(cx: &Context<'_>, block: &Flat) -> Option<VersionSpec> {
    let pattern = cx.text(block, "pattern")?;
    check_pattern(cx, block, "pattern", &pattern);
    let mut command = Vec::new();
    words(
        cx,
        &cx.attr(block, "command"),
        cx.place(block, "command"),
        &mut command,
    );
    let request = match block.attrs.contains_key("request") {
        true => Some(request(cx, block, "request")?),
        false => None,
    };
    if request.is_none() && command.is_empty() {
        let message = "this does not say how the version is found";
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, block.head(), message).help(
                "`request = \"GET /version\"`, or `command = [\"tiny-serve\", \"--version\"]`",
            ),
        );
        return None;
    }
    Some(VersionSpec {
        request,
        command,
        pattern,
    })
}

fn action(cx: &Context<'_>, block: &Flat) -> Option<Action> {
    Some(Action {
        name: block.title().to_string(),
        request: request(cx, block, "request")?,
        body: block
            .attrs
            .contains_key("body")
            .then(|| serde_json::Value::Object(cx.json(block, "body", &cx.scope))),
        retry: cx.whole(block, "retry").unwrap_or(0),
        every: cx
            .duration(block, "every")
            .unwrap_or(Duration::from_secs(1)),
    })
}

/// `GET /health` of an attribute.
fn request(cx: &Context<'_>, block: &Flat, name: &str) -> Option<HttpRequest> {
    let text = cx.text(block, name)?;
    parse_request(cx, &text, cx.place(block, name))
}

fn parse_request(cx: &Context<'_>, text: &str, place: crate::source::Span) -> Option<HttpRequest> {
    let parsed = text
        .split_once(' ')
        .map(|(method, path)| (method.trim(), path.trim()));
    match parsed {
        Some((method @ ("GET" | "POST" | "PUT" | "DELETE"), path)) if path.starts_with('/') => {
            Some(HttpRequest {
                method: method.into(),
                path: path.into(),
            })
        }
        _ => {
            cx.eval.report(
                Diagnostic::error(
                    codes::BAD_ARGUMENT,
                    place,
                    format!("`{text}` is not a request"),
                )
                .help("write the method and the path: \"GET /health\""),
            );
            None
        }
    }
}

fn check_pattern(cx: &Context<'_>, block: &Flat, name: &str, pattern: &str) {
    if let Err(error) = cx.program.patterns.check(pattern) {
        cx.eval.bad_pattern(&error, cx.place(block, name));
    }
}
