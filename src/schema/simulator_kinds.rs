//! What the serving simulator needs to know: what of a GPU's figures real kernels reach, and how an
//! engine schedules. Constants were fitted to measured runs; docs/simulator.md says how.

use super::{
    Attribute, Kind, Naming, Stage, Type, default, engine_kinds, optional, required, staged,
};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);
const DATA: Type = Type::Quantity(Dimension::DATA);
const TOKENS: Type = Type::Count(Dimension::TOKENS);

const fn launch(attribute: Attribute) -> Attribute {
    staged(Stage::Launch, attribute)
}

const fn of_gpu(
    name: &'static str,
    naming: Naming,
    doc: &'static str,
    attributes: &'static [Attribute],
) -> Kind {
    Kind {
        name,
        doc,
        naming,
        parents: &["gpu"],
        attributes,
        free: None,
        checks: false,
        implicit: &[],
    }
}

/// What tables of measurements call it.
pub(super) const ALSO: Attribute = optional(
    "also",
    Type::List(&Type::Text),
    "What tables of measurements call it: `scn validate` finds it by these, by its own name and by its path.",
);

pub(super) const KINDS: &[Kind] = &[
    of_gpu(
        "gemm",
        Naming::Required,
        "What products of matrices reach of a GPU's figures, by how the numbers are stored: `bf16`, `fp8` or `fp4`. The simulator takes `start + [(operations / (compute · peak))^bend + (bytes / (memory · bandwidth))^bend]^(1/bend)`.",
        &[
            default("start", TIME, "4us", "The time of the smallest product."),
            default(
                "compute",
                Type::Ratio,
                "65%",
                "The share of `compute` that large products reach, at the clock that the GPU holds.",
            ),
            default(
                "memory",
                Type::Ratio,
                "80%",
                "The share of `bandwidth` that narrow ones reach.",
            ),
            default(
                "bend",
                Type::Ratio,
                "3",
                "How sharp the bend between the two is: with 1 they add up, with a large number the longer counts.",
            ),
        ],
    ),
    of_gpu(
        "efficiency",
        Naming::Never,
        "What other kernels reach of a GPU's figures, for the simulator.",
        &[
            default(
                "attention_start",
                TIME,
                "8us",
                "The time of a layer's smallest attention.",
            ),
            default(
                "attention_compute",
                Type::Ratio,
                "60%",
                "The share of `compute.bf16` that attention of prompts reaches.",
            ),
            default(
                "attention_memory",
                Type::Ratio,
                "80%",
                "The share of `bandwidth` at which attention reads keys and values.",
            ),
            default(
                "elementwise_start",
                TIME,
                "2us",
                "The time of the smallest elementwise kernel; a layer has four.",
            ),
            default(
                "elementwise_memory",
                Type::Ratio,
                "80%",
                "The share of `bandwidth` that these reach.",
            ),
            default(
                "expert_start",
                TIME,
                "20us",
                "What choosing experts, and gathering their tokens, takes at least in a layer.",
            ),
            default(
                "expert_compute",
                Type::Ratio,
                "35%",
                "The share of `compute` that the experts' grouped products reach.",
            ),
            default(
                "expert_memory",
                Type::Ratio,
                "80%",
                "The share of `bandwidth` at which these read their weights.",
            ),
        ],
    ),
    of_gpu(
        "all_reduce",
        Naming::Never,
        "An engine's own all-reduce between GPUs of a host, for the simulator: `start + 2(n−1)/n · bytes/bandwidth · (1 + half/(bytes + half))`. Left out, the `link` is taken as it is. Lists are as long as `ranks`.",
        &[
            required(
                "ranks",
                Type::List(&Type::Int(2)),
                "Numbers of ranks that were measured, ascending; between two of them the larger counts.",
            ),
            required("start", Type::List(&TIME), "The time of an empty message."),
            required(
                "bandwidth",
                Type::List(&Type::Quantity(Dimension::DATA.per(Dimension::TIME))),
                "What large messages reach.",
            ),
            required(
                "half",
                Type::List(&DATA),
                "The size of a message that takes half as long again as at that bandwidth.",
            ),
        ],
    ),
    Kind {
        name: "simulator",
        doc: "How the serving simulator plays this engine: how it schedules, what it keeps of a GPU's memory, and what its host and its front end take. Without it, servers of the engine cannot be simulated.",
        naming: Naming::Never,
        parents: &["engine"],
        attributes: SIMULATOR,
        free: None,
        checks: false,
        implicit: engine_kinds::IMPLICIT,
    },
];

const SIMULATOR: &[Attribute] = &[
    launch(default(
        "passes",
        Type::Choice(&["mixed", "prompts_first"]),
        "\"mixed\"",
        "`mixed`: a step takes what runs first, then what waits, out of one budget of tokens. `prompts_first`: prompts have steps of their own, which go first.",
    )),
    launch(default(
        "tokens",
        TOKENS,
        "8192 tok",
        "Most tokens of a step; with separate passes, of one that reads prompts.",
    )),
    launch(default(
        "sequences",
        Type::Int(1),
        "256",
        "Most requests that are worked on at once.",
    )),
    launch(default(
        "chunked",
        Type::Bool,
        "true",
        "Whether a prompt may be taken in parts.",
    )),
    launch(default(
        "reserve",
        Type::Ratio,
        "0%",
        "The share of the answers still to come for which blocks must be free before another request is taken. With 0%, what does not fit later is preempted and computed again; with 100%, nothing ever is.",
    )),
    launch(default(
        "replicas",
        Type::Int(1),
        "1",
        "Schedulers with a queue and a KV cache of their own.",
    )),
    launch(default(
        "lockstep",
        Type::Bool,
        "false",
        "Whether these take their steps together, because they share experts.",
    )),
    launch(default(
        "reserves_memory",
        Type::Bool,
        "true",
        "Whether activations and buffers are within the `share` of its `memory` block, as weights and KV cache are.",
    )),
    launch(default(
        "buffers",
        DATA,
        "0.22 GiB",
        "What it keeps of each GPU beside weights, KV cache and the activations of its largest step.",
    )),
    launch(default(
        "rank_buffers",
        DATA,
        "0.7 GiB",
        "And what more where ranks communicate.",
    )),
    launch(default(
        "step",
        TIME,
        "1ms",
        "What its host does for any step: scheduling, preparing inputs, reading results.",
    )),
    launch(default(
        "sequence",
        TIME,
        "8us",
        "And for each request of a step.",
    )),
    launch(default(
        "overlaps",
        Type::Bool,
        "false",
        "Whether that is done while the GPU works on the step before: then the longer of the two counts, and requests are taken a step earlier than they could be.",
    )),
    launch(default(
        "gap",
        TIME,
        "0.1ms",
        "What lies between two steps on the GPU either way.",
    )),
    launch(default(
        "graphs",
        TOKENS,
        "512 tok",
        "Most tokens of a step that runs from recorded graphs. Beyond, the host launches each kernel, and no step is shorter than that takes.",
    )),
    launch(default(
        "layer",
        TIME,
        "0.1ms",
        "What launching the kernels of a dense layer takes.",
    )),
    launch(default(
        "expert_layer",
        TIME,
        "0.1ms",
        "And those of a layer with experts.",
    )),
    launch(default(
        "floor",
        TIME,
        "0s",
        "No step is shorter, whatever it works on.",
    )),
    launch(default(
        "request_delay",
        TIME,
        "8ms",
        "What a request's way in and its answer's way out take, however idle the server.",
    )),
    launch(default(
        "request",
        TIME,
        "1ms",
        "Work of the front end, which does one thing at a time: reading a request.",
    )),
    launch(default(
        "request_token",
        TIME,
        "0.5us",
        "And for each token of its prompt.",
    )),
    launch(default(
        "submit",
        TIME,
        "50us",
        "Handing it to the engine, once those that came with it have been read too.",
    )),
    launch(default(
        "chunk",
        TIME,
        "57us",
        "Sending a chunk of an answer. Tokens that come while one of the same answer waits for it go along.",
    )),
];
