//! The kinds a scenario is written with.

use super::{Attribute, Kind, Naming, Stage, Type, default, optional, required, staged};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);
const REQUESTS: Type = Type::Count(Dimension::REQUESTS);
const RATE: Type = Type::Quantity(Dimension::REQUESTS.per(Dimension::TIME));
const TOKENS: Type = Type::Count(Dimension::TOKENS);
const COMPUTE: Type = Type::Quantity(Dimension::COMPUTE.per(Dimension::TIME));

/// How numbers of weights are stored.
const PRECISION: Type = Type::Choice(&[
    "bf16", "fp16", "fp8", "int8", "mxfp8", "mxfp4", "nvfp4", "int4",
]);

const MODALITY: Type = Type::Choice(&["text", "image", "audio", "video"]);

const TOWER: &[Attribute] = &[
    required("layers", Type::Int(1), "Transformer layers."),
    required("hidden", Type::Int(1), "Width of the hidden state."),
    required("intermediate", Type::Int(1), "Width of a layer's MLP."),
    default(
        "gated",
        Type::Bool,
        "false",
        "Whether an MLP has three matrices, with a gate, or two.",
    ),
];

/// An encoder of what is no text.
const fn tower(name: &'static str, doc: &'static str) -> Kind {
    Kind {
        name,
        doc,
        naming: Naming::Never,
        parents: &["model"],
        attributes: TOWER,
        free: None,
        checks: false,
        implicit: &[],
    }
}

/// What a `load` and a phase with a load of its own share.
macro_rules! load_attributes {
    ($($more:expr),* $(,)?) => {
        &[
            optional("workload", Type::Block("workload"), "What each request asks."),
            optional("server", Type::Block("server"), "Which server is asked; may be left out where the scenario has one."),
            optional("requests", REQUESTS, "End after so many requests were started."),
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
            optional("drain", TIME, "How long requests in flight may go on after the end; without it, all of them are waited for."),
            default("timeout", TIME, "10min", "The longest that one request may take; then it has failed (`timeout`). What is in flight at the load's end is awaited so long at most; `drain` says less."),
            default("seed", Type::Int(0), "0", "Seed of everything random in this load. It is mixed with the names of the phase and of the load and with the number of the repetition: the same scenario draws the same again, and two loads with one seed draw apart. Only lengths and thinking times follow from a seed that is written, and the repetition, alone: they stay where a phase is renamed, and are the same in two loads of one seed."),
            $($more),*
        ]
    };
}

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "scenario",
        doc: "A test: servers, the load on them in phases, what must hold, and what to report. Every cell of its matrix is a case.",
        naming: Naming::Required,
        parents: &["file"],
        attributes: &[
            default(
                "tags",
                Type::List(&Type::Text),
                "[]",
                "Words about it, for whoever reads a plan or a result: `per_commit`, `nightly`.",
            ),
            optional(
                "name",
                Type::Text,
                "The case's id, in place of the one that its axis values make (`tp=2,concurrency=16`).",
            ),
            default(
                "sample",
                TIME,
                "500ms",
                "The interval between two samples of memory, GPUs and the engine's metrics.",
            ),
            default(
                "timeout",
                TIME,
                "1h",
                "The longest that one case may take, the starts of its servers not counted. One that takes longer is broken off with an error.",
            ),
            default(
                "retry",
                Type::Int(0),
                "0",
                "How often a case is run again whose server did not start, or died. What it had measured stays beside it, and the result says so; a check that failed is never a reason.",
            ),
            optional(
                "estimate",
                TIME,
                "About how long one case takes, for `scn plan`; left out, it is worked out from the phases.",
            ),
            default(
                "isolate",
                Type::Bool,
                "false",
                "Start fresh servers for every case. Without it, cases that describe the same servers share one start of them.",
            ),
            default(
                "infeasible",
                Type::Choice(&["error", "skip"]),
                "\"error\"",
                "What becomes of a case that cannot work: its engine's constraints object, its model does not fit, or its GPUs are not there. It is an error before anything starts, or with `skip` a row with its reason in plans and reports, of which nothing runs.",
            ),
        ],
        free: None,
        checks: true,
        implicit: &["case", "scenario"],
    },
    Kind {
        name: "matrix",
        doc: "Axes that multiply into cases: each attribute is an axis with its list of values, which everything in the scenario may read by name. An axis may read those above it; `exclude when` takes cells out.",
        naming: Naming::Never,
        parents: &["scenario"],
        attributes: &[],
        free: Some(Type::List(&Type::Any)),
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "model",
        doc: "A model: its path, and the figures of its `config.json` that engine constraints and memory follow from.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[
            required(
                "path",
                Type::Text,
                "A folder, a file or a hub name, as the engine takes it; `~` is the home folder.",
            ),
            optional(
                "served_name",
                Type::Text,
                "What requests call it, where that is not its path.",
            ),
            optional(
                "modalities",
                Type::List(&MODALITY),
                "What it takes: a workload with other content is an error. Left out, nobody knows.",
            ),
            optional("layers", Type::Int(1), "Transformer layers."),
            optional(
                "cross_layers",
                Type::Int(0),
                "Those of them that attend to an image's features, and keep nothing of the text.",
            ),
            optional("hidden", Type::Int(1), "Width of the hidden state."),
            optional("heads", Type::Int(1), "Attention heads for queries."),
            optional(
                "kv_heads",
                Type::Int(1),
                "Attention heads for keys and values; left out, as many as for queries.",
            ),
            optional(
                "head_dim",
                Type::Int(1),
                "Width of one head; left out, `hidden / heads`.",
            ),
            optional(
                "intermediate",
                Type::Int(1),
                "Width of a dense layer's MLP.",
            ),
            default(
                "gated",
                Type::Bool,
                "true",
                "Whether an MLP has three matrices, with a gate, or two.",
            ),
            optional("vocab", Type::Int(1), "Rows of the embedding."),
            default(
                "tied_embeddings",
                Type::Bool,
                "false",
                "Whether the output layer is the embedding once more.",
            ),
            optional(
                "sliding_layers",
                Type::Int(0),
                "Layers that keep the last `sliding_window` tokens only.",
            ),
            optional(
                "sliding_window",
                Type::Count(Dimension::TOKENS),
                "Tokens that these keep.",
            ),
            optional(
                "context",
                Type::Count(Dimension::TOKENS),
                "Longest sequence.",
            ),
            optional(
                "weights",
                PRECISION,
                "How the numbers of its layers' matrices are stored; embeddings, routers and encoders are taken as 16 bits. Left out, as `quantization` tells, or `bf16`.",
            ),
            optional(
                "quantization",
                Type::Text,
                "What engines call the way its weights are quantised: `fp8`, …; left out for none.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "moe",
        doc: "A mixture of experts in place of a layer's MLP.",
        naming: Naming::Never,
        parents: &["model"],
        attributes: &[
            required("experts", Type::Int(1), "Routed experts of a layer."),
            required("top_k", Type::Int(1), "Experts that a token goes to."),
            required("intermediate", Type::Int(1), "Width of one expert."),
            default(
                "shared",
                Type::Int(0),
                "0",
                "Experts that every token goes to.",
            ),
            default(
                "first_dense",
                Type::Int(0),
                "0",
                "Layers at the beginning that have a dense MLP.",
            ),
            optional(
                "weights",
                PRECISION,
                "How the experts' numbers are stored, where that is not as the model's.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "mla",
        doc: "Multi-head latent attention: keys and values are kept as one short vector.",
        naming: Naming::Never,
        parents: &["model"],
        attributes: &[
            required("q_rank", Type::Int(1), "Width of the latent queries."),
            required(
                "kv_rank",
                Type::Int(1),
                "Width of the latent keys and values.",
            ),
            required(
                "nope",
                Type::Int(1),
                "Dimensions of a head without rotary position.",
            ),
            required(
                "rope",
                Type::Int(1),
                "Dimensions of a head with rotary position.",
            ),
            required("value", Type::Int(1), "Dimensions of a head's values."),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    tower("vision", "The encoder of images and video."),
    tower("audio", "The encoder of sound."),
    Kind {
        name: "gpu",
        doc: "A GPU, as far as a model's fit and its least time follow from it.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[
            required(
                "memory",
                Type::Quantity(Dimension::DATA),
                "Its memory as the driver tells it, which is less than on the box.",
            ),
            optional(
                "bandwidth",
                Type::Quantity(Dimension::DATA.per(Dimension::TIME)),
                "What its memory gives at most.",
            ),
            optional(
                "link",
                Type::Quantity(Dimension::DATA.per(Dimension::TIME)),
                "What its link to the other GPUs of a host carries in each direction: NVLink where it has one, else PCIe.",
            ),
            optional(
                "price",
                Type::Quantity(Dimension::MONEY.per(Dimension::TIME)),
                "What one of it costs: `2.10 USD/h`. Prices differ by contract, so the library has none; `case.price` adds them up.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "compute",
        doc: "What a GPU computes at most with dense matrices, by how their numbers are stored.",
        naming: Naming::Never,
        parents: &["gpu"],
        attributes: &[
            optional("bf16", COMPUTE, "In 16 bits."),
            optional("fp8", COMPUTE, "In 8 bits, floating point."),
            optional("int8", COMPUTE, "In 8 bits, whole numbers."),
            optional("fp4", COMPUTE, "In 4 bits, floating point."),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "cluster",
        doc: "The host that servers run on, as it is stated: what its GPUs are and how many. A server that names it is checked against it before anything starts.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "node",
        doc: "The machine of a cluster: this host. A cluster has one.",
        naming: Naming::Required,
        parents: &["cluster"],
        attributes: &[
            required(
                "gpu",
                Type::Block("gpu"),
                "The sort of its GPUs, of `std.gpus` or of one's own.",
            ),
            required("gpus", Type::Int(1), "How many it has."),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "link",
        doc: "What connects GPUs of a node. Where a node states links, ranks that work together must be connected by a path of them; without any, all GPUs are.",
        naming: Naming::Required,
        parents: &["node"],
        attributes: &[
            required(
                "between",
                Type::List(&Type::Any),
                "Pairs of GPUs, counted from 0: `ring(4)`, `mesh(8)`, `[[0, 2], [1, 3]]`. A link goes both ways.",
            ),
            required(
                "bandwidth",
                Type::Quantity(Dimension::DATA.per(Dimension::TIME)),
                "What each of them gives at most, in each direction.",
            ),
            optional(
                "latency",
                TIME,
                "The time of an empty message over one of them.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "server",
        doc: "A server to test: one that is launched (engine, model, layout, options), or one that already runs (url).",
        naming: Naming::Required,
        parents: &["scenario"],
        attributes: &[
            optional(
                "engine",
                Type::Block("engine"),
                "How it is launched and asked; a server with a `url` alone speaks OpenAI's API.",
            ),
            optional(
                "model",
                Type::Block("model"),
                "The model it serves; for a `url`, left out, it is found through /v1/models.",
            ),
            optional(
                "gpu",
                Type::Block("gpu"),
                "The sort of GPU that it is for, of `std.gpus` or of one's own: a model that cannot fit is then an error before anything starts.",
            ),
            optional(
                "cluster",
                Type::Block("cluster"),
                "The host that it is for, in place of `gpu`: a layout that needs more GPUs than it has, or GPUs that no link connects, is then an error before anything starts.",
            ),
            optional(
                "url",
                Type::Text,
                "Where a server already runs: `http://127.0.0.1:8000`. Nothing is launched.",
            ),
            optional(
                "pid",
                Type::Int(1),
                "The process of a server that already runs on this host; its tree's memory and its GPUs' are then measured, and its end ends the case. A process that is not there is an error; one that does not listen on the port of the `url` gets a warning.",
            ),
            optional(
                "api_key",
                Type::SecretText,
                "Sent as `Authorization: Bearer …`; use env(\"NAME\").",
            ),
            default(
                "headers",
                Type::Record,
                "{}",
                "Further headers of every request; values may be env(\"NAME\").",
            ),
            default(
                "body",
                Type::Record,
                "{}",
                "Further fields of the JSON body of every request to this server.",
            ),
            optional(
                "ca_file",
                Type::File,
                "A PEM file of certificates to trust besides the system's.",
            ),
            default(
                "arguments",
                Type::List(&Type::Any),
                "[]",
                "Words passed to the engine's command as they are, unchecked.",
            ),
            optional(
                "program",
                Type::Text,
                "The program to start in place of the first word of the engine's command; `~` is the home folder.",
            ),
            optional(
                "setup",
                Type::File,
                "A script that installs the program; named by the error where the program is missing.",
            ),
            optional(
                "capacity",
                RATE,
                "What one replica is said to carry, from an earlier measurement: lint holds open loops against it, and plans show it.",
            ),
            optional(
                "port",
                Type::Int(1),
                "A fixed port; left out, a free one is chosen.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "log",
                    Type::Text,
                    "Where a copy of its log goes, below the run's `reports` folder: `log = \"logs/${case.name}.log\"`. Secrets are masked in it; the log itself is in the case's folder.",
                ),
            ),
            default(
                "pause",
                TIME,
                "0s",
                "How long it is waited after it has stopped, before the next server is started, so that drivers and sockets come to rest. No estimate counts it.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "layout",
        doc: "How a server is spread over GPUs. What of it an engine takes, and which combinations, is said by the constraints in its block.",
        naming: Naming::Never,
        parents: &["server"],
        attributes: &[
            default(
                "tp",
                Type::Int(1),
                "1",
                "Tensor-parallel ranks: so many GPUs share the work of each layer.",
            ),
            default(
                "pp",
                Type::Int(1),
                "1",
                "Pipeline stages: groups of GPUs that hold different layers.",
            ),
            default(
                "dp",
                Type::Int(1),
                "1",
                "Data-parallel replicas, each with a KV cache of its own.",
            ),
            default(
                "ep",
                Type::Int(1),
                "1",
                "Expert-parallel ranks: so many GPUs divide the experts of a layer among them.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "options",
        doc: "Options of the engine, checked against its `option` blocks and turned into flags.",
        naming: Naming::Never,
        parents: &["server"],
        attributes: &[],
        free: Some(Type::Any),
        checks: false,
        implicit: &[],
    },
    Kind {
        name: "environment",
        doc: "Environment variables of the server's processes.",
        naming: Naming::Never,
        parents: &["server", "engine"],
        attributes: &[],
        free: Some(Type::Any),
        checks: false,
        implicit: &[],
    },
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
    Kind {
        name: "rank",
        doc: "Which of the scenario's cases is best: results, the summary and the terminal give each its place. A case without the figure has none.",
        naming: Naming::Required,
        parents: &["scenario"],
        attributes: &[
            staged(
                Stage::Measured,
                optional("highest", Type::Any, "The figure of which more is better."),
            ),
            staged(
                Stage::Measured,
                optional("lowest", Type::Any, "The figure of which less is better."),
            ),
            staged(
                Stage::Measured,
                optional(
                    "within",
                    Type::Any,
                    "Axes: only cases that agree in them are compared; left out, all are.",
                ),
            ),
        ],
        free: None,
        checks: false,
        implicit: &["case", "scenario"],
    },
    Kind {
        name: "report",
        doc: "A file to write: a template over the results, or a table of columns with a row per case. At the top level it is a base to extend.",
        naming: Naming::Required,
        parents: &["file", "scenario"],
        attributes: &[
            optional(
                "template",
                Type::Text,
                "`std:summary.md.j2`, or a template file of the pack.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "columns",
                    Type::Any,
                    "What stands in a row: a list of expressions, or a record of header = expression.",
                ),
            ),
            staged(
                Stage::Measured,
                optional(
                    "series",
                    Type::Any,
                    "Rows of time and value, in place of columns, as CSV or JSON: a list of series of a server (`sut.memory`), and of requests that had ended by then (`steady.requests`).",
                ),
            ),
            optional(
                "each",
                Type::Choice(&["run", "scenario", "server", "case", "phase", "round"]),
                "One file for each of these, and what stands in it is of that one alone: `to` then tells them apart, by `${case.name}`, `${phase.name}`, `${round}` (from 0) and `${scenario}`. Phases and rounds are those of measured phases that send load; a `server` is one with the cases that share it. Left out, what goes to one path stands in one file.",
            ),
            staged(
                Stage::Measured,
                optional(
                    "note",
                    Type::Text,
                    "What stands below the table of a case, in Markdown and in JSON of series; a template has it as `report.notes`.",
                ),
            ),
            optional(
                "format",
                Type::Choice(&["csv", "md", "markdown", "json", "junit", "environment"]),
                "The format of a report without a template; left out, the ending of `to` says it (.csv, .md, .json, .xml). `environment` is what is known of the machine, its GPUs and the engines, as text, or as JSON where `to` ends in .json.",
            ),
            required(
                "to",
                Type::Many(&Type::Text),
                "Where to write, below the run's `reports` folder; `github:summary` is the step summary.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &["case", "scenario", "phase", "round"],
    },
    Kind {
        name: "suite",
        doc: "A set of scenarios, as CI runs them: `scn run PACK --suite NAME`.",
        naming: Naming::Required,
        parents: &["file"],
        attributes: &[
            required(
                "scenarios",
                Type::List(&Type::Block("scenario")),
                "The scenarios, in order.",
            ),
            optional(
                "gpus",
                Type::Int(0),
                "How many GPUs the machine has that runs it. A scenario of it that needs more at once is an error.",
            ),
            optional(
                "timeout",
                TIME,
                "The longest that `scn run --suite` may take, the starts of servers counted too. Then the run is stopped in order, with an error; reports are written.",
            ),
            default(
                "stop_early",
                Type::Bool,
                "false",
                "End `scn run --suite` once all cases of a scenario have run and one of them failed, had an error or no data. Checks across cases are judged at the end, and end nothing.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
];
