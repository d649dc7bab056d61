//! A phase and its loads.

use super::context::{Context, as_number, as_whole, drawn};
use super::workload::{self, OVERRIDES, Overrides};
use super::{LoadSpec, PhaseSpec, ServerSpec, WorkloadSpec};
use crate::check::is_whole;
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{BlockValue, Handle, Value};
use crate::load::protocol::audio_data;
use crate::load::random::Random;
use crate::load::spec::{Arrival, AudioPart, Load, Media, Pace, Protocol};
use crate::resolve::Flat;
use crate::resolve::FlatAttr;
use crate::syntax::ast::{Expr, ExprKind, Ident};
use indexmap::{IndexMap, IndexSet};
use std::sync::Arc;
use std::time::Duration;

/// Attributes that make a phase a load of its own.
const LOADING: &[&str] = &[
    "workload",
    "server",
    "requests",
    "duration",
    "concurrency",
    "think",
    "rate",
    "arrival",
    "batch",
    "drain",
];

/// What a load has beside what makes it one: a phase of several has it for none of them.
const BESIDE: &[&str] = &["timeout", "seed"];

pub(super) fn lower(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    servers: &[ServerSpec],
) -> Option<PhaseSpec> {
    let cx = &cx.inside(flat);
    let when = cx.attr(flat, "when");
    let skipped = match &when {
        Value::Bool(false) => flat.attrs.get("when").map(|attr| {
            format!(
                "`{}` does not hold",
                super::context::one_line(&cx.program.sources.shown(attr.expr.span))
            )
        }),
        _ => None,
    };
    let idle = cx.duration(flat, "idle");
    let children: Vec<&Arc<Flat>> = flat.children_of("load").collect();
    let beside = |name: &str| BESIDE.contains(&name) || OVERRIDES.contains(&name);
    let of_loads = |name: &str| !children.is_empty() && beside(name);
    let own = flat
        .attrs
        .keys()
        .find(|name| LOADING.contains(&name.as_str()) || of_loads(name));
    if let (Some(_), [first, ..]) = (flat.attrs.get("idle"), children.as_slice()) {
        cx.eval.report(
            Diagnostic::error(
                codes::CONTRADICTION,
                cx.place(flat, "idle"),
                "a phase either is idle or has a load",
            )
            .label(first.head(), "a load block")
            .help("make two phases of it"),
        );
        return None;
    }
    if let (Some(own), [first, ..]) = (own, children.as_slice())
        && own != "duration"
    {
        cx.eval.report(
            Diagnostic::error(
                codes::CONTRADICTION,
                cx.place(flat, own),
                "this phase has a load of its own and `load` blocks",
            )
            .label(first.head(), "a load block")
            .help("move the attributes into another `load name { … }`"),
        );
        return None;
    }
    let loads = if children.is_empty() {
        match (own, idle) {
            (None, _) => Vec::new(),
            (Some(own), Some(_)) => {
                cx.eval.report(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        cx.place(flat, own),
                        "a phase either is idle or has a load",
                    )
                    .label(cx.place(flat, "idle"), "idle")
                    .help("make two phases of it"),
                );
                return None;
            }
            (Some(_), None) => vec![load(cx, flat, None, skipped.is_some(), servers)?],
        }
    } else {
        let loads: Vec<Option<LoadSpec>> = children
            .iter()
            .map(|child| {
                let absent = skipped.is_some();
                load(&cx.inside(child), child, Some(flat), absent, servers)
            })
            .collect();
        loads.into_iter().collect::<Option<Vec<LoadSpec>>>()?
    };
    let quiet = flat.attrs.contains_key("idle") || cx.flag(flat, "quiesce").unwrap_or(true);
    if loads.is_empty() && !quiet && is_whole(flat) {
        cx.eval.report(
            Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("the phase `{}` does nothing", flat.title()))
                .help("give it a load: `workload = …, requests = 20, concurrency = 4`; or quiet: `idle = 10s`"),
        );
        return None;
    }
    Some(PhaseSpec {
        name: flat.title().to_string(),
        doc: flat.doc.clone(),
        skipped,
        measured: cx.flag(flat, "measured").unwrap_or(true),
        idle,
        quiesce: cx.flag(flat, "quiesce").unwrap_or(false),
        flush: cx.flag(flat, "flush").unwrap_or(false),
        repeat: cx.whole(flat, "repeat").unwrap_or(1).max(1),
        pause: cx.duration(flat, "pause").unwrap_or(Duration::ZERO),
        loads,
    })
}

/// A load's attributes; one of several in a phase takes the phase's `duration` where it has none.
/// `absent`: this case leaves out its phase.
fn load(
    cx: &Context<'_>,
    flat: &Arc<Flat>,
    phase: Option<&Flat>,
    absent: bool,
    servers: &[ServerSpec],
) -> Option<LoadSpec> {
    let server = server(cx, flat, servers);
    let workload = workload(cx, flat)?;
    let mut pace = pace(cx, flat)?;
    let mut requests = as_number(&cx.attr(flat, "requests")).map(|n| n.round() as u64);
    let mut duration = cx
        .duration(flat, "duration")
        .or_else(|| phase.and_then(|phase| cx.duration(phase, "duration")));
    if pace == Pace::Batch {
        requests = cx.whole(flat, "batch");
        duration = None;
    }
    let ends = |flat: &Flat| {
        ["requests", "duration"]
            .iter()
            .any(|name| flat.attrs.contains_key(*name))
    };
    if requests.is_none() && duration.is_none() {
        if ends(flat) || phase.is_some_and(ends) || !is_whole(flat) {
            return None;
        }
        cx.eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                format!("the load of `{}` never ends", flat.title()),
            )
            .help(
                "say `requests = 200`, or `duration = 60s`, or both: whichever comes first ends it",
            ),
        );
        return None;
    }
    if requests == Some(0) || duration == Some(Duration::ZERO) {
        let name = if requests == Some(0) {
            "requests"
        } else {
            "duration"
        };
        cx.eval.report(
            Diagnostic::error(
                codes::OUT_OF_RANGE,
                cx.place(flat, name),
                format!("`{name}` is more than 0"),
            )
            .help(format!("write a larger one, or leave `{name}` out")),
        );
        return None;
    }
    if let Pace::Open {
        rate_per_s,
        ramp: Some(ramp),
        ..
    } = &mut pace
    {
        if duration.is_none() {
            cx.eval.report(
                Diagnostic::error(
                    codes::MISSING_ATTRIBUTE,
                    cx.place(flat, "rate"),
                    "a ramp is over the load's `duration`, and there is none",
                )
                .help("say how long it takes: `duration = 60s`"),
            );
            return None;
        }
        *rate_per_s = ramp.mean_per_s();
    }
    let server = server?;
    // a phase that this case leaves out sends nothing that the server could not take
    if !absent {
        check_api(cx, flat, server, &workload)?;
        check_modalities(cx, flat, server, &workload)?;
        check_context(cx, flat, server, &workload)?;
    }
    let seed = cx.whole(flat, "seed").unwrap_or(0);
    Some(LoadSpec {
        load: Load {
            name: phase.map(|_| flat.title().to_string()),
            pace,
            requests,
            duration,
            drain: cx.duration(flat, "drain"),
            timeout: cx
                .duration(flat, "timeout")
                .unwrap_or(Duration::from_secs(600)),
            seed,
            lengths_seed: seed,
        },
        seeded: flat.attrs.contains_key("seed"),
        server: server.name.clone(),
        workload,
    })
}

/// More is a slip of the pen: there are fewer ports, and no machine sends as many.
const MOST_CLIENTS: u64 = 100_000;
const MOST_RATE: f64 = 1e6;

fn too_much(cx: &Context<'_>, flat: &Flat, name: &str, most: &str) {
    let message = format!("`{name}` is at most {most}");
    cx.eval.report(
        Diagnostic::error(codes::OUT_OF_RANGE, cx.place(flat, name), message)
            .help("write a smaller one; several machines make a larger load"),
    );
}

fn pace(cx: &Context<'_>, flat: &Flat) -> Option<Pace> {
    let (rate, concurrency) = (cx.attr(flat, "rate"), cx.attr(flat, "concurrency"));
    if matches!(rate, Value::Error) || matches!(concurrency, Value::Error) {
        return None;
    }
    let contradiction = |name: &str, other: &str| {
        cx.eval.report(
            Diagnostic::error(codes::CONTRADICTION, cx.place(flat, name), format!("`{name}` and `{other}` cannot both be said"))
                .label(cx.place(flat, other), format!("`{other}`"))
                .help("`concurrency` (and `think`) make a closed loop, `rate` (and `arrival`) an open one"),
        );
    };
    if flat.attrs.contains_key("batch") {
        let others = [
            "rate",
            "arrival",
            "concurrency",
            "think",
            "requests",
            "duration",
        ];
        if let Some(other) = others.iter().find(|name| flat.attrs.contains_key(**name)) {
            cx.eval.report(
                Diagnostic::error(
                    codes::CONTRADICTION,
                    cx.place(flat, "batch"),
                    format!("`batch` and `{other}` cannot both be said"),
                )
                .label(cx.place(flat, other), format!("`{other}`"))
                .help("a batch is so many requests at once, and then it is over; `repeat` sends it again"),
            );
            return None;
        }
        let size = cx.whole(flat, "batch")?;
        if size > MOST_CLIENTS {
            let most = "100000, as each request takes a connection of its own";
            too_much(cx, flat, "batch", most);
            return None;
        }
        return Some(Pace::Batch);
    }
    let ramp = match &rate {
        Value::Ramp(ramp) => Some(*ramp),
        _ => None,
    };
    let highest = ramp.map(|ramp| ramp.from_per_s.max(ramp.to_per_s));
    match as_number(&rate).or(highest) {
        Some(rate) => {
            let closed = ["concurrency", "think"];
            if let Some(name) = closed.iter().find(|name| flat.attrs.contains_key(**name)) {
                contradiction(name, "rate");
                return None;
            }
            if rate <= 0.0 {
                cx.eval.report(
                    Diagnostic::error(
                        codes::OUT_OF_RANGE,
                        cx.place(flat, "rate"),
                        "`rate` is more than 0",
                    )
                    .help("write at least a little: 0.1 req/s"),
                );
                return None;
            }
            if rate > MOST_RATE {
                too_much(
                    cx,
                    flat,
                    "rate",
                    "1000000 req/s, which no client here can send",
                );
                return None;
            }
            let arrival = match cx.attr(flat, "arrival") {
                Value::Arrival(arrival) => arrival,
                _ => Arrival::Poisson,
            };
            Some(Pace::Open {
                rate_per_s: rate,
                arrival,
                ramp,
            })
        }
        None => {
            if flat.attrs.contains_key("arrival") {
                cx.eval.report(
                    Diagnostic::error(
                        codes::CONTRADICTION,
                        cx.place(flat, "arrival"),
                        "`arrival` is for an open loop",
                    )
                    .help("give it a rate: `rate = 10 req/s`"),
                );
                return None;
            }
            let concurrency = as_whole(&concurrency).unwrap_or(1);
            if concurrency > MOST_CLIENTS {
                let most = "100000, as each client takes a connection of its own";
                too_much(cx, flat, "concurrency", most);
                return None;
            }
            Some(Pace::Closed {
                concurrency,
                think: drawn(&cx.attr(flat, "think"))
                    .unwrap_or_else(|| Random::from(Duration::ZERO)),
            })
        }
    }
}

fn server<'s>(cx: &Context<'_>, flat: &Flat, servers: &'s [ServerSpec]) -> Option<&'s ServerSpec> {
    if let Some(attr) = flat.attrs.get("server") {
        return match cx.eval.eval(&attr.expr, &cx.scope.in_module(attr.module)) {
            Value::Handle(Handle::Server { server }) => {
                servers.iter().find(|s| s.name == server.as_ref())
            }
            Value::Error => None,
            other => {
                let message = format!(
                    "`server` names a server of the scenario, this is {}",
                    other.describe()
                );
                cx.eval.report(Diagnostic::error(
                    codes::TYPE_MISMATCH,
                    attr.expr.span,
                    message,
                ));
                None
            }
        };
    }
    let blocks = cx.flat.children_of("server").count();
    if blocks > 1 {
        let names: Vec<&str> = cx.flat.children_of("server").map(|s| s.title()).collect();
        cx.eval.report(
            Diagnostic::error(
                codes::MISSING_ATTRIBUTE,
                flat.head(),
                "the scenario has several servers, and this load names none",
            )
            .help(format!("say `server = {}`", names.join("`, or `server = "))),
        );
        return None;
    }
    servers.first()
}

fn workload(cx: &Context<'_>, flat: &Flat) -> Option<WorkloadSpec> {
    let over = Overrides::of(cx, flat)?;
    match cx.attr(flat, "workload") {
        Value::Block(block) => workload::lower(cx, &block, &over),
        Value::Record(fields) => workload::lower(cx, &as_block(cx, flat, &fields), &over),
        Value::None if !is_whole(flat) => None,
        Value::None => {
            cx.eval.report(
                Diagnostic::error(codes::MISSING_ATTRIBUTE, flat.head(), format!("`{}` says no `workload`", flat.title()))
                    .help("define one: `workload hello { prompt = \"Say hello.\", output = 16 }`, and name it: `workload = hello`"),
            );
            None
        }
        Value::Error => None,
        other => {
            let message = format!(
                "`workload` names a workload block, this is {}",
                other.describe()
            );
            cx.eval.report(Diagnostic::error(
                codes::TYPE_MISMATCH,
                cx.place(flat, "workload"),
                message,
            ));
            None
        }
    }
}

/// `workload = { prompt = "…" }`: a record does for a block, its values standing as attributes.
fn as_block(cx: &Context<'_>, flat: &Flat, fields: &IndexMap<String, Value>) -> Arc<BlockValue> {
    let span = cx.place(flat, "workload");
    let ident = |text: &str| Ident {
        text: text.to_string(),
        span,
    };
    let attr = |name: &String| {
        Arc::new(FlatAttr {
            name: ident(name),
            doc: None,
            expr: Arc::new(Expr {
                span,
                kind: ExprKind::Name(name.clone()),
            }),
            module: flat.module,
        })
    };
    let mut block = Flat::empty(ident("workload"), flat.module);
    block.name = Some(ident(flat.title()));
    block.attrs = fields
        .keys()
        .map(|name| (name.clone(), attr(name)))
        .collect();
    let values = fields
        .iter()
        .map(|(name, value)| (name.as_str(), value.clone()));
    Arc::new(BlockValue {
        scope: cx.scope.with_values(values),
        flat: Arc::new(block),
    })
}

/// The engine must have the API, and understand what the workload asks of it.
fn check_api(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let place = cx.place(flat, "workload");
    let Some(api) = server.apis.get(&workload.api) else {
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
    if workload.requests.iter().any(|r| r.ignore_eos) && !api.ignore_eos {
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
    let mut parts = workload.requests.iter().flat_map(|r| &r.content);
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
fn check_modalities(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let Some(taken) = &server.modalities else {
        return Some(());
    };
    let parts = workload.requests.iter().flat_map(|r| &r.content);
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
fn check_context(
    cx: &Context<'_>,
    flat: &Flat,
    server: &ServerSpec,
    workload: &WorkloadSpec,
) -> Option<()> {
    let Some(context) = server.context else {
        return Some(());
    };
    let reach = |random: &Option<Random>| random.as_ref().map_or(0.0, Random::reach);
    let asked = workload.requests.iter();
    let longest = asked
        .map(|r| (reach(&r.input), reach(&r.max_tokens)))
        .max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1)));
    let Some((input, output)) = longest.filter(|(input, output)| input + output > context) else {
        return Some(());
    };
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
