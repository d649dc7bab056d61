//! A server: its engine, layout, options and environment.

use super::{Attribute, Kind, Naming, Stage, Type, default, optional, staged};
use crate::units::Dimension;

const TIME: Type = Type::Quantity(Dimension::TIME);
const DATA: Type = Type::Quantity(Dimension::DATA);
const REQUESTS: Type = Type::Count(Dimension::REQUESTS);
const PER_REQUEST: Type = Type::Quantity(Dimension::DATA.per(Dimension::REQUESTS));
const RATE: Type = Type::Quantity(Dimension::REQUESTS.per(Dimension::TIME));

pub(super) const KINDS: &[Kind] = &[
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
                "version",
                Type::Text,
                "The engine's version: `\"0.8.5\"`, `\"0.8\"` for any of these, `\">=0.11\"` or `\">=0.9, <0.11\"`. What that version lacks is an error before anything starts, and a server of another version is an error of the run.",
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
            optional(
                "balance",
                Type::Choice(&["least_loaded", "round_robin", "weighted", "prefix"]),
                "How replicas share requests out: to the one with the least to do, those that wait counted four times, as an engine's own balancer does (`least_loaded`, also where nothing is said); in turn (`round_robin`); in turn, to some more often than to others (`weighted`); to the one that holds most of the prompt, unless it has far more to do than others (`prefix`). Only the simulator is told: a scenario that says it has `worlds = [\"sim\"]`.",
            ),
            optional(
                "weights",
                Type::List(&Type::Int(1)),
                "How often each replica gets a request, in relation to the others, where `balance` is `weighted`: [2, 1, 1].",
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
        name: "faults",
        doc: "What a simulated server does wrong, for testing checks and those who write them. Options of the built-in engine that have the same names do the same. Only the simulator plays them: the scenario has `worlds = [\"sim\"]`, or `[\"sim\", \"mock\"]`. All follows from the seed.",
        naming: Naming::Never,
        parents: &["server"],
        attributes: FAULTS,
        free: None,
        checks: false,
        implicit: &[],
    },
];

const FAULTS: &[Attribute] = &[
    default(
        "seed",
        Type::Int(0),
        "0",
        "For everything random among them.",
    ),
    default(
        "fail_rate",
        Type::Ratio,
        "0%",
        "Share of requests that are refused.",
    ),
    default(
        "fail_status",
        Type::Int(400),
        "500",
        "Status of those refusals.",
    ),
    default(
        "cut_rate",
        Type::Ratio,
        "0%",
        "Share of answers whose connection is dropped in the middle.",
    ),
    optional(
        "stall_after",
        Type::Int(0),
        "After so many answered requests nothing is sent any more.",
    ),
    optional(
        "die_after",
        Type::Int(1),
        "The server ends after so many answered requests.",
    ),
    optional(
        "crash_after",
        Type::Int(1),
        "After so many answered requests the worker of one replica crashes, chosen by the seed: what it had breaks off, and the other replicas get what comes. Without another replica the server ends, unless there is a `crash_restart`.",
    ),
    optional(
        "crash_restart",
        TIME,
        "How long after a crash another worker is there, with an empty cache; until then a server without another replica answers 503. Left out, it never is.",
    ),
    default(
        "jitter",
        Type::Ratio,
        "0%",
        "How far, at most, the time of a step may be off, as a share: up to a half.",
    ),
    default(
        "slow_replicas",
        Type::Int(0),
        "0",
        "So many replicas, the first ones, are slow.",
    ),
    default(
        "slowdown",
        Type::Ratio,
        "2",
        "How many times as long these take for a step.",
    ),
    optional(
        "grow_at_start",
        DATA,
        "Memory taken at the start. Where this or another of the following is said, the server has a `memory`, that is all of them together; else that is not decided in virtual time.",
    ),
    optional(
        "leak",
        PER_REQUEST,
        "Memory kept for ever with every request.",
    ),
    optional(
        "leak_token",
        Type::Quantity(Dimension::DATA.per(Dimension::TOKENS)),
        "Memory kept for ever with every token of an answer.",
    ),
    optional(
        "leak_image",
        Type::Quantity(Dimension::DATA.per(Dimension::IMAGES)),
        "Memory kept for ever with every image.",
    ),
    optional(
        "leak_abort",
        PER_REQUEST,
        "Memory kept for ever with every request whose client went away.",
    ),
    optional(
        "leak_step",
        DATA,
        "Memory kept for ever, all at once, after every `leak_step_every` requests.",
    ),
    default(
        "leak_step_every",
        REQUESTS,
        "100 req",
        "After how many requests a `leak_step` comes.",
    ),
    optional(
        "sawtooth",
        PER_REQUEST,
        "Memory kept with every request until it comes to `sawtooth_top`, and then given back: garbage that is collected. No leak.",
    ),
    default(
        "sawtooth_top",
        DATA,
        "100 MB",
        "What a `sawtooth` comes to before it is given back.",
    ),
    optional(
        "warm_up",
        DATA,
        "Memory taken while the server warms up, the most with the first requests. No leak.",
    ),
    default(
        "warm_up_requests",
        REQUESTS,
        "100 req",
        "After how many requests a `warm_up` has all but a part of 1/e (37%) of its memory.",
    ),
    optional(
        "cache",
        PER_REQUEST,
        "Memory kept with every request until it comes to `cache_size`: a bounded cache that fills. No leak.",
    ),
    default(
        "cache_size",
        DATA,
        "100 MB",
        "What a `cache` comes to at most.",
    ),
];
