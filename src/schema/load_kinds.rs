//! What is sent: workloads, phases and their loads.

use super::{Kind, Naming, Stage, Type, default, optional, staged};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);
const REQUESTS: Type = Type::Count(Dimension::REQUESTS);
const RATE: Type = Type::Quantity(Dimension::REQUESTS.per(Dimension::TIME));
const TOKENS: Type = Type::Count(Dimension::TOKENS);

/// What a `load` and a phase with a load of its own share.
macro_rules! load_attributes {
    ($($more:expr),* $(,)?) => {
        &[
            optional("workload", Type::Block("workload"), "What each request asks."),
            optional("server", Type::Block("server"), "Which server is asked; may be left out where the scenario has one."),
            optional("requests", REQUESTS, "End after so many requests were started. A closed loop over a workload with `rows` that says neither this nor a `duration` asks each row once."),
            optional("duration", TIME, "End after so long."),
            optional("concurrency", Type::Int(1), "Closed loop: so many clients, each with one request at a time. One that gets no connection waits 100 ms before its next request, or `think` where that is longer."),
            default("think", Type::Drawn(&TIME), "0s", "Closed loop: how long a client waits between an answer and its next request; with a distribution, each time anew."),
            optional("rate", Type::Ramped(&RATE), "Open loop: requests are due at this rate, whatever the server does. `ramp(from = 1 req/s, to = 20 req/s)` changes it over the `duration`."),
            default("arrival", Type::Arrival, "poisson()", "Open loop: how the moments at which requests are due are drawn."),
            optional("batch", Type::Int(1), "In place of a loop: so many requests, all sent at once and awaited."),
            optional("input", Type::Drawn(&TOKENS), "In place of the workload's own `input`."),
            optional("output", Type::Drawn(&TOKENS), "In place of the workload's own `output`."),
            optional("temperature", Type::Ratio, "In place of the workload's own `temperature`."),
            optional("ignore_eos", Type::Bool, "In place of the workload's own `ignore_eos`."),
            optional("drain", TIME, "How long requests in flight may go on after the end; without it, all of them are waited for. Loads of a phase that do not say it take their phase's."),
            default("timeout", TIME, "10min", "The longest that one request may take; then it has failed (`timeout`). What is in flight at the load's end is awaited so long at most; `drain` says less."),
            default("seed", Type::Int(0), "0", "Seed of everything random in this load. It is mixed with the names of the phase and of the load and with the number of the repetition: the same scenario draws the same again, and two loads with one seed draw apart. Only lengths and thinking times follow from a seed that is written, and the repetition, alone: they stay where a phase is renamed, and are the same in two loads of one seed."),
            $($more),*
        ]
    };
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "workload",
        doc: "What one request asks, how long its answer may be, and when the answer is accepted.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[
            staged(
                Stage::Request,
                optional(
                    "prompt",
                    Type::Text,
                    "The request's text; short for a `content` of one text.",
                ),
            ),
            staged(
                Stage::Request,
                optional(
                    "content",
                    Type::List(&Type::Any),
                    "The request's parts in order: text(\"…\"), image(\"file or URL\"), audio(\"file\"), video(\"file or URL\").",
                ),
            ),
            staged(
                Stage::Request,
                optional(
                    "system",
                    Type::Text,
                    "The system message of a chat request.",
                ),
            ),
            default(
                "api",
                Type::Choice(&["chat", "completions"]),
                "\"chat\"",
                "Which API is asked: `/v1/chat/completions` or `/v1/completions`.",
            ),
            optional(
                "input",
                Type::Drawn(&TOKENS),
                "In place of `prompt` and `content`: about so many tokens of random words, by the load's seed. Each word is one token in usual vocabularies; what the server counts (the figure `input`) differs by a few per cent and by its chat template. No two requests share a prefix.",
            ),
            optional(
                "output",
                Type::Drawn(&TOKENS),
                "Most tokens the answer may have (`max_tokens` of the request); left out, the server's own limit. With a distribution, each request draws its own.",
            ),
            optional(
                "temperature",
                Type::Ratio,
                "Sampling temperature; left out, the server's own.",
            ),
            default(
                "ignore_eos",
                Type::Bool,
                "false",
                "Have the server go on to `output` tokens though the model would end earlier, so that every answer has the same length.",
            ),
            default(
                "stream",
                Type::Bool,
                "true",
                "Ask for the answer as a stream; without one there is no TTFT.",
            ),
            default(
                "body",
                Type::Record,
                "{}",
                "Further fields of the request's JSON body, such as `top_k`.",
            ),
            optional(
                "rows",
                Type::List(&Type::Any),
                "Values that requests are made from in turn, again from the first after the last: expressions of the workload read theirs as `row`.",
            ),
            staged(
                Stage::Request,
                optional(
                    "accept",
                    Type::Bool,
                    "Whether the `answer` (its text) is right; a wrong one counts as failed, in a class of its own.",
                ),
            ),
        ],
        free: None,
        checks: false,
        implicit: &["row", "answer", "finish_reason"],
    },
    Kind {
        name: "phase",
        doc: "A stretch of load or quiet. Phases run in order; several `load` blocks in one run at once.",
        naming: Naming::Required,
        parents: &["scenario"],
        attributes: load_attributes![
            default(
                "measured",
                Type::Bool,
                "true",
                "Whether its figures are for checks; a warm-up's are not."
            ),
            optional(
                "idle",
                TIME,
                "No load: wait this long. With `quiesce` it is waited once memory has settled, and what moved meanwhile must settle again."
            ),
            default(
                "quiesce",
                Type::Bool,
                "false",
                "After the load: drain, flush the engine's caches, wait until memory, and what checks want the growth of, settles (30 s at most; a note says where it did not), and take a checkpoint."
            ),
            default(
                "flush",
                Type::Bool,
                "false",
                "Flush the engine's caches before the load."
            ),
            default(
                "repeat",
                Type::Int(1),
                "1",
                "Run the load so many times, one after the other; its figures are over all of them."
            ),
            default("pause", TIME, "0s", "Quiet between two repetitions."),
            optional(
                "when",
                Type::Bool,
                "Left out where this is false; checks on it are then skipped."
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "load",
        doc: "One of several loads that run at once in a phase. Its figures are read by its name: `mixed.text.ttft.p95`.",
        naming: Naming::Required,
        parents: &["phase"],
        attributes: load_attributes![],
        free: None,
        checks: false,
        implicit: &[],
    },
];
