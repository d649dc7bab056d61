//! What is served, and on what: models, GPUs, and the host they stand in.

use super::{Attribute, Kind, Naming, Type, default, optional, required};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);
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

pub(super) const KINDS: &[Kind] = &[
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
            super::simulator_kinds::ALSO,
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
            super::simulator_kinds::ALSO,
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
                "What each of them gives at most, in each direction: `tp-over-slow-link` sums it up.",
            ),
            optional(
                "latency",
                TIME,
                "The time of an empty message over one of them, for the same sum.",
            ),
        ],
        free: None,
        checks: false,
        implicit: &[],
    },
];
