//! The kinds an engine is described with: how a sort of server is launched, found ready, asked,
//! flushed and read. Engines are data in the standard library; no code knows one by name.

use super::{Attribute, Kind, Naming, Stage, Type, default, optional, required, staged};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);

const fn launch(attribute: Attribute) -> Attribute {
    staged(Stage::Launch, attribute)
}

/// What an engine's expressions may read of the server that uses it.
pub(super) const IMPLICIT: &[&str] = &[
    "model",
    "layout",
    "options",
    "arguments",
    "environment",
    "host",
    "port",
    "scn",
    "version",
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "engine",
        doc: "A sort of server: how it is launched, found ready, asked, flushed and read. The library has those of common engines. Its `expect`s are constraints of options and layouts, checked for each server before anything starts.",
        naming: Naming::Required,
        parents: &["file"],
        attributes: &[
            launch(optional(
                "command",
                Type::List(&Type::Any),
                "The program and its words; lists are spliced in, `none` is left out. An engine without one is only for servers that already run.",
            )),
            launch(default(
                "gpus",
                Type::Int(0),
                "0",
                "GPUs that a server needs.",
            )),
            launch(optional(
                "served_name",
                Type::Text,
                "What requests call the model, where that is not the model's path.",
            )),
            launch(optional(
                "context",
                Type::Count(Dimension::TOKENS),
                "The longest sequence that a server takes, prompt and answer together; left out, the model's `context`.",
            )),
            launch(optional(
                "prefix_cache",
                Type::Bool,
                "Whether what prompts have in common is computed once and kept; left out, it is not known.",
            )),
            launch(optional(
                "temperature",
                Type::Ratio,
                "The sampling temperature of requests that say none, unless the model's own generation config says one; left out, it is not known, or answers do not depend on it.",
            )),
            launch(optional(
                "random_weights",
                Type::Bool,
                "Whether the model's weights are random, and so are its answers; left out, they are not.",
            )),
            default(
                "for_url",
                Type::Bool,
                "false",
                "Of the library's engines, the one of a server that names none and has a `url`.",
            ),
            launch(optional(
                "metrics",
                Type::Text,
                "Where figures are read, as Prometheus text: `GET /metrics`; none where the server is set up to show none.",
            )),
            super::simulator_kinds::ALSO,
        ],
        free: None,
        checks: true,
        implicit: IMPLICIT,
    },
    Kind {
        name: "api",
        doc: "An API of the engine, by the name that workloads use.",
        naming: Naming::Required,
        parents: &["engine"],
        attributes: &[
            required(
                "protocol",
                Type::Choice(&["openai_chat", "openai_completions"]),
                "What requests and answers look like.",
            ),
            required(
                "path",
                Type::Text,
                "Where requests are posted, such as `/v1/chat/completions`.",
            ),
            default(
                "max_tokens",
                Type::Text,
                "\"max_tokens\"",
                "The body's field for the longest answer.",
            ),
            default(
                "stream_usage",
                Type::Bool,
                "true",
                "Whether `stream_options.include_usage` is understood.",
            ),
            default(
                "ignore_eos",
                Type::Bool,
                "false",
                "Whether `ignore_eos` is understood.",
            ),
            default(
                "audio",
                Type::Choice(&["input_audio", "audio_url"]),
                "\"input_audio\"",
                "How sound stands in a request: `input_audio`, OpenAI's own (base64 and its format), or `audio_url`, as images do.",
            ),
            default(
                "done_marker",
                Type::Bool,
                "true",
                "Whether a stream ends with `data: [DONE]`.",
            ),
            default(
                "keep_alive",
                Type::Bool,
                "true",
                "Whether a connection stays open after an answer. Where a server closes it without saying so, a request on it may fail: with `false` each request has its own.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "ready",
        doc: "When a server is ready: an answer, not an open port. A server's own `ready` overrides the engine's.",
        naming: Naming::Never,
        parents: &["engine", "server"],
        attributes: &[
            optional(
                "request",
                Type::Text,
                "What is asked, such as `GET /health`: a server that answers with 2xx is ready.",
            ),
            optional(
                "every",
                TIME,
                "How often it is asked; where nothing says it, every second.",
            ),
            optional(
                "timeout",
                TIME,
                "How long a server may take to be ready; where nothing says it, 10 minutes.",
            ),
            optional(
                "answers",
                Type::Bool,
                "Whether a first request must be answered too, for a server that says it is ready before it is.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "stop",
        doc: "How a server is asked to end; what is left after the grace is killed.",
        naming: Naming::Never,
        parents: &["engine"],
        attributes: &[
            default(
                "signal",
                Type::Choice(&["TERM", "INT", "QUIT", "HUP"]),
                "\"TERM\"",
                "The signal that asks.",
            ),
            default(
                "grace",
                TIME,
                "10s",
                "How long it may take; what is left is then killed.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "version",
        doc: "How the engine's version is found, for the results, for its metrics, and to hold it against the `version` of the server: a request to the running server or a command, and a pattern whose first group is the version. Where both are said, the command is run if the server does not tell.",
        naming: Naming::Never,
        parents: &["engine"],
        attributes: &[
            optional(
                "request",
                Type::Text,
                "What is asked, such as `GET /version`.",
            ),
            launch(optional(
                "command",
                Type::List(&Type::Any),
                "The program and its words that print it, such as `[\"tiny-serve\", \"--version\"]`, where scn launches the server. Where its program is that of the engine's command, it is the server's `program`.",
            )),
            required(
                "pattern",
                Type::Text,
                "A regular expression with one group.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "flags",
        doc: "How the options of a server become words of its command.",
        naming: Naming::Never,
        parents: &["engine"],
        attributes: &[
            default(
                "spelling",
                Type::Choice(&["--kebab-case", "--snake_case"]),
                "\"--kebab-case\"",
                "How an option's name becomes a flag: `max_num_seqs` is `--max-num-seqs` or `--max_num_seqs`.",
            ),
            default(
                "yes",
                Type::Text,
                "\"--{}\"",
                "What is passed for an option that is `true`; `{}` is the option's name.",
            ),
            optional(
                "no",
                Type::Text,
                "What is passed for an option that is `false`; left out, nothing.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "option",
        doc: "An option that servers may set in `options`: what it takes, and how it is passed.",
        naming: Naming::Required,
        parents: &["engine"],
        attributes: &[
            default(
                "type",
                Type::Choice(&[
                    "string", "secret", "bool", "int", "number", "ratio", "tok", "s", "duration",
                    "GiB", "data", "data/req", "data/tok", "data/img", "list", "record",
                ]),
                "\"string\"",
                "What its value must be, and how it is passed: a `duration` as `0.5s`, `data` as `1000B`, `data/req` as `1000B/req` (so with `/tok` and `/img`), `s` and `GiB` as bare numbers of these. A `secret` is a text that nothing shows.",
            ),
            optional(
                "choices",
                Type::List(&Type::Text),
                "The texts that it takes; beside a `type` of numbers, instead of one.",
            ),
            optional(
                "min",
                Type::Any,
                "The least number that it takes, in its own unit.",
            ),
            optional(
                "above",
                Type::Any,
                "What its number must be more than, in its own unit.",
            ),
            optional(
                "max",
                Type::Any,
                "The largest number that it takes, in its own unit.",
            ),
            optional(
                "pattern",
                Type::Text,
                "A regular expression that its text matches.",
            ),
            launch(optional(
                "value",
                Type::Any,
                "What is passed where the server sets nothing.",
            )),
            launch(optional(
                "default",
                Type::Any,
                "What the engine itself takes where nothing is passed; for constraints and plans.",
            )),
            optional(
                "flag",
                Type::Text,
                "The flag, where the spelling rule does not give it.",
            ),
            optional(
                "variable",
                Type::Text,
                "The environment variable that it is passed in instead: what is secret does not stand in a process listing.",
            ),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "memory",
        doc: "How a server uses the memory of its GPUs. With it, a model that cannot fit the `gpu` of a server is an error.",
        naming: Naming::Never,
        parents: &["engine"],
        attributes: &[
            launch(optional(
                "unknown",
                Type::Text,
                "Why nothing can be said of this server: part of it is kept elsewhere, ….",
            )),
            launch(default(
                "share",
                Type::Ratio,
                "100%",
                "The share of a GPU's memory for weights and KV cache together.",
            )),
            launch(default(
                "cache_share",
                Type::Ratio,
                "100%",
                "The share of what the weights leave that the KV cache may take.",
            )),
            launch(default(
                "preallocates",
                Type::Bool,
                "false",
                "Whether the KV cache is taken whole at the start: what requests use of it does not show in the GPU's memory.",
            )),
            launch(optional(
                "weights",
                Type::Text,
                "How the weights are stored, as an option calls it (`fp8`, `half`); left out, as the model says.",
            )),
            launch(optional(
                "cache",
                Type::Text,
                "How the KV cache is stored, as an option calls it; left out or `auto`, in 16 bits.",
            )),
            launch(optional(
                "sequence",
                Type::Count(Dimension::TOKENS),
                "The sequence without room for which a server does not start.",
            )),
            launch(optional(
                "block",
                Type::Count(Dimension::TOKENS),
                "Tokens of one block of the KV cache, for `fit(…).kv_blocks`.",
            )),
            launch(optional(
                "attention_ranks",
                Type::Int(1),
                "GPUs that attention is split over; left out, `layout.tp`.",
            )),
            launch(optional(
                "expert_ranks",
                Type::Int(1),
                "GPUs that the experts are split over; left out, `layout.tp`.",
            )),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "action",
        doc: "Something that a running server can be asked to do. `flush` and every name that begins with it empty caches.",
        naming: Naming::Required,
        parents: &["engine"],
        attributes: &[
            required(
                "request",
                Type::Text,
                "What is asked, such as `POST /reset_prefix_cache`.",
            ),
            optional("body", Type::Record, "The request's JSON body."),
            default("retry", Type::Int(0), "0", "How often it is tried again."),
            default("every", TIME, "1s", "The time between tries."),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "metric",
        doc: "A figure of the engine's own, sampled from its Prometheus text and read as `sut.kv_usage.max`.",
        naming: Naming::Required,
        parents: &["engine"],
        attributes: &[
            optional(
                "type",
                Type::Choice(&["gauge", "counter"]),
                "A gauge goes up and down; a counter only up. Of every metric that is not worked out.",
            ),
            default(
                "unit",
                Type::Text,
                "\"\"",
                "Its unit: `req`, `tok`, `s`, `ratio`, or empty for a count.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "value",
                    Type::Any,
                    "What it is worked out of, in place of a series: what counters of the engine rose by, numbers, and `+ - * /`. It has `.mean` over the whole case, and `mean(sut.prefix_hit_rate, during = steady)`.",
                ),
            ),
            optional(
                "series",
                Type::Any,
                "Its name in the Prometheus text; values of several label sets are added. Where versions call it differently, a record: `{ \">=0.9.2\" = \"new\", \"<0.9.2\" = \"old\" }`; a version that no key has lacks the metric.",
            ),
            optional(
                "idle",
                Type::Any,
                "The value that it has when the server rests: a phase that quiesces waits for it.",
            ),
            launch(optional(
                "lacking",
                Type::Text,
                "Why a server that is set up so has nothing to say in it, such as `\"its prefix cache is turned off\"`; none where it has.",
            )),
        ],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
    Kind {
        name: "role",
        doc: "A part that processes of the server play, known by their title; memory is reported by role.",
        naming: Naming::Required,
        parents: &["engine"],
        attributes: &[required(
            "title",
            Type::Text,
            "A regular expression that the process's title matches.",
        )],
        free: None,
        checks: false,
        implicit: IMPLICIT,
    },
];
