//! What a load asks, its server must take: the API, the content, the length.

use super::context::Context;
use super::workload::OVERRIDES;
use super::{ServerSpec, WorkloadSpec};
use crate::diagnostics::{Diagnostic, codes};
use crate::load::protocol::audio_data;
use crate::load::random::Random;
use crate::load::spec::{AudioPart, Media, Protocol};
use crate::resolve::{Flat, is_hidden};
use indexmap::IndexSet;

/// The engine must have the API, and understand what the workload asks of it.
pub(super) fn api(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let place = cx.place(flat, "workload");
    let Some(api) = server.apis.get(&workload.api) else {
        // it may be the one that has lost its name
        if server.apis.keys().any(|name| is_hidden(name)) {
            return None;
        }
        let known: Vec<&str> = server.apis.keys().map(String::as_str).collect();
        let message = format!("{} has no API `{}`", server.engine, workload.api);
        cx.eval.report(
            Diagnostic::error(codes::CONTRADICTION, place, message)
                .says(format!("the workload `{}` asks through it", workload.name))
                .help(match known.as_slice() {
                    [] => "its block lists none: api chat { protocol = \"openai_chat\", path = \"/v1/chat/completions\" }".to_string(),
                    known => format!("it has: {}", known.join(", ")),
                }),
        );
        return None;
    };
    let mut fine = Some(());
    let mut refuse = |message: String, help: &str| {
        cx.eval
            .report(Diagnostic::error(codes::CONTRADICTION, place, message).help(help));
        fine = None;
    };
    if workload.asks.ignore_eos && !api.ignore_eos {
        refuse(
            format!(
                "{}'s {} API does not understand `ignore_eos`",
                server.engine, workload.api
            ),
            "drop `ignore_eos` from the workload: answers may then be shorter than `output`",
        );
    }
    let only_text = |r: &super::RequestSpec| r.content.iter().all(|part| part.media().is_none());
    if api.protocol == Protocol::OpenaiCompletions
        && !workload
            .requests
            .iter()
            .all(|r| only_text(r) && r.system.is_none())
    {
        refuse(
            format!(
                "the completions API takes a prompt only, and `{}` has other parts than text, or a system message",
                workload.name
            ),
            "use the chat API: `api = \"chat\"`",
        );
        return fine;
    }
    let sound_by_url = |part: &super::PartSpec| match part {
        super::PartSpec::Url { kind, url } => *kind == Media::Audio && audio_data(url).is_none(),
        _ => false,
    };
    let mut parts = workload.requests.iter().flat_map(|r| r.content.iter());
    if api.audio == AudioPart::InputAudio && parts.any(sound_by_url) {
        refuse(
            format!(
                "{}'s {} API takes sound as data only, not by its URL",
                server.engine, workload.api
            ),
            "name a file of the pack: audio(\"speech.wav\")",
        );
    }
    fine
}

/// Content that the model does not take.
pub(super) fn modalities(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let Some(taken) = &server.modalities else {
        return Some(());
    };
    let parts = workload.requests.iter().flat_map(|r| r.content.iter());
    let asked = parts.filter_map(super::PartSpec::media);
    let others: IndexSet<&str> = asked
        .map(Media::name)
        .filter(|name| !taken.iter().any(|taken| taken == name))
        .collect();
    if others.is_empty() {
        return Some(());
    }
    let others = others.into_iter().collect::<Vec<_>>().join(" and ");
    let model = server.model.as_deref().unwrap_or("the model");
    let message = format!(
        "{model} takes no {others}, and `{}` sends it",
        workload.name
    );
    cx.eval.report(
        Diagnostic::error(codes::WRONG_MODALITY, cx.place(flat, "workload"), message)
            .says(format!("the model takes {}", taken.join(", ")))
            .help("ask a model that does; or, if this one does, say so in its `modalities`"),
    );
    None
}

/// A prompt and its answer have to lie within what the server takes.
pub(super) fn context(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let Some(context) = server.context else {
        return Some(());
    };
    let reach = |random: &Option<Random>| random.as_ref().map_or(0.0, Random::reach);
    let asks = &workload.asks;
    let (input, output) = (reach(&asks.input), reach(&asks.max_tokens));
    if input + output <= context {
        return Some(());
    }
    let name = OVERRIDES
        .iter()
        .find(|name| flat.attrs.contains_key(**name));
    let tokens = |n: f64| format!("{} tokens", n.ceil());
    let asks = match (input, output) {
        (0.0, output) => format!("answers of up to {}", tokens(output)),
        (input, 0.0) => format!("prompts of up to {}", tokens(input)),
        (input, output) => format!(
            "prompts and answers of up to {input:.0} + {output:.0} = {}",
            tokens(input + output)
        ),
    };
    let (who, help) = match server.context_set {
        true => (
            format!("the server `{}`", server.name),
            "ask for less, bound the distribution (`max = …`), or raise the server's option",
        ),
        false => (
            "the model".to_string(),
            "ask for less, or bound the distribution: `max = …`",
        ),
    };
    let message = format!(
        "`{}` asks for {asks}, and {who} takes {} in all",
        workload.name,
        tokens(context)
    );
    cx.eval.report(
        Diagnostic::error(
            codes::BEYOND_CONTEXT,
            cx.place(flat, name.unwrap_or(&"workload")),
            message,
        )
        .help(help),
    );
    None
}
