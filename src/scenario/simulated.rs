//! A server as the simulator plays it: its model on its GPUs, and its engine's profile.

use super::context::{Context, as_bool, as_number, as_text, as_whole, member};
use super::memory;
use super::server::{filled, part};
use crate::cost::{AllReduce, Device, Fit, Format, Gemm, Host, Kernels, KvBlocks, Reserve};
use crate::eval::{BlockValue, Scope, Value};
use crate::resolve::Flat;
use crate::sim::{Balance, Faults, FrontEnd, Passes, Profile, Setup};
use crate::source::Span;
use std::sync::Arc;

/// Tokens of a block where the engine does not say.
const BLOCK: u32 = 16;

/// The setup of a server, or what is not known of it.
pub(super) fn lower(
    cx: &Context<'_>,
    (engine, scope): (&Flat, &Scope),
    model: &Value,
    (gpu, place): (&Value, Span),
    (balance, faults): (Balance, Faults),
) -> Result<Setup, String> {
    let name = engine.title();
    let block = engine
        .child("simulator")
        .ok_or_else(|| format!("{name} does not say how it is simulated"))?;
    let device = device(cx, gpu, place)?;
    let (architecture, ranks, budget) =
        memory::sides(cx, engine, model, scope, device.memory).map_err(memory::Why::words)?;
    let fit = Fit::of(&architecture, ranks, budget);
    let attr = |name| cx.attr_in(block, name, scope);
    let number = |name| as_number(&attr(name)).unwrap_or(0.0);
    let flag = |name| as_bool(&attr(name)).unwrap_or(false);
    let whole = |name: &str| number_of(&cx.attr_in(block, name, scope));
    let profile = Profile {
        passes: match as_text(&attr("passes")).as_deref() {
            Some("prompts_first") => Passes::PromptsFirst,
            _ => Passes::Mixed,
        },
        tokens: whole("tokens"),
        sequences: whole("sequences"),
        chunked: flag("chunked"),
        reserve: number("reserve"),
    };
    let reserve = Reserve {
        tokens: f64::from(profile.tokens),
        sequences: f64::from(profile.sequences),
        other: number("buffers"),
        ranks: number("rank_buffers"),
    };
    let reserve = match flag("reserves_memory") {
        true => reserve.bytes(&architecture, ranks),
        false => 0.0,
    };
    let tokens = engine
        .child("memory")
        .map(|memory| number_of(&cx.attr_in(memory, "block", scope)))
        .filter(|tokens| *tokens > 0);
    let blocks = KvBlocks::of(&fit, reserve, tokens.unwrap_or(BLOCK));
    if blocks.count == 0 {
        return Err("the model's weights leave no room for KV cache".to_string());
    }
    let context = as_number(&cx.attr_in(engine, "context", scope));
    let own = match model {
        Value::Record(fields) => fields.get("context").and_then(as_number),
        _ => None,
    };
    Ok(Setup {
        model: architecture,
        ranks,
        cache: budget.cache,
        device,
        fabrics: Vec::new(),
        host: Host {
            step: number("step"),
            sequence: number("sequence"),
            overlaps: flag("overlaps"),
            gap: number("gap"),
            graphs: number("graphs"),
            layer: number("layer"),
            expert_layer: number("expert_layer"),
            floor: number("floor"),
        },
        profile,
        blocks,
        prefix_cache: as_bool(&cx.attr_in(engine, "prefix_cache", scope)) == Some(true),
        context: context.or(own).map_or(u32::MAX, |tokens| tokens as u32),
        replicas: whole("replicas").max(1),
        lockstep: flag("lockstep"),
        balance,
        front: FrontEnd {
            delay: number("request_delay"),
            request: number("request"),
            token: number("request_token"),
            submit: number("submit"),
            chunk: number("chunk"),
        },
        faults,
    })
}

fn number_of(value: &Value) -> u32 {
    as_whole(value).map_or(0, |count| u32::try_from(count).unwrap_or(u32::MAX))
}

/// The GPU with what its kernels reach; what its block does not say is as the schema has it.
fn device(cx: &Context<'_>, gpu: &Value, place: Span) -> Result<Device, String> {
    if matches!(gpu, Value::None) {
        return Err("it names no `gpu`".to_string());
    }
    let figure = |name: &'static str| {
        let value = as_number(&member(cx.eval, gpu, "gpu", name, place));
        value
            .filter(|value| *value > 0.0)
            .ok_or_else(|| format!("the GPU does not say its `{name}`"))
    };
    let bandwidth = figure("bandwidth")?;
    let compute = part(cx, gpu, "compute", place);
    let format = |names: [&str; 2], input: f64, gemm: &str| {
        let flops = names.iter().find_map(|name| number(&compute, name))?;
        let gemm = self::gemm(cx, gpu, gemm, place);
        Some(Format { flops, input, gemm })
    };
    let kernels = or_defaults(cx, gpu, "efficiency", place);
    let kernel = |name| number(&kernels, name).unwrap_or(0.0);
    Ok(Device {
        memory: figure("memory")?,
        bandwidth,
        // without a link it is alone
        link: figure("link").unwrap_or(bandwidth),
        sixteen: format(["bf16", "bf16"], 2.0, "bf16")
            .ok_or("the GPU does not say its `compute.bf16`")?,
        eight: format(["fp8", "int8"], 1.0, "fp8"),
        four: format(["fp4", "fp4"], 0.5, "fp4"),
        kernels: Kernels {
            attention_start: kernel("attention_start"),
            attention_compute: kernel("attention_compute"),
            attention_memory: kernel("attention_memory"),
            elementwise_start: kernel("elementwise_start"),
            elementwise_memory: kernel("elementwise_memory"),
            expert_start: kernel("expert_start"),
            expert_compute: kernel("expert_compute"),
            expert_memory: kernel("expert_memory"),
        },
        all_reduce: all_reduce(&part(cx, gpu, "all_reduce", place)),
    })
}

fn gemm(cx: &Context<'_>, gpu: &Value, name: &str, place: Span) -> Gemm {
    let written = match gpu {
        Value::Block(block) => block
            .flat
            .children_of("gemm")
            .find(|child| child.title() == name)
            .map(|child| Value::Block(Arc::new(BlockValue::new(child.clone(), &block.scope)))),
        _ => None,
    };
    let written = written.unwrap_or_else(|| Value::record([]));
    let of = filled(cx, &written, "gemm", place);
    let share = |name| number(&of, name).unwrap_or(1.0);
    Gemm {
        start: number(&of, "start").unwrap_or(0.0),
        compute: share("compute"),
        memory: share("memory"),
        blend: share("bend").max(1.0),
    }
}

fn all_reduce(value: &Value) -> Vec<AllReduce> {
    let list = |name: &str| -> Vec<f64> {
        match value {
            Value::Record(fields) => match fields.get(name) {
                Some(Value::List(items)) => items.iter().filter_map(as_number).collect(),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    };
    let (ranks, start) = (list("ranks"), list("start"));
    let (bandwidth, half) = (list("bandwidth"), list("half"));
    let rows = ranks.iter().zip(start).zip(bandwidth.iter().zip(half));
    rows.map(|((ranks, start), (bandwidth, half))| AllReduce {
        ranks: *ranks,
        start,
        bandwidth: *bandwidth,
        half,
    })
    .collect()
}

/// A part of a block, with the schema's defaults where it is not written at all.
fn or_defaults(cx: &Context<'_>, of: &Value, kind: &'static str, place: Span) -> Value {
    match part(cx, of, kind, place) {
        Value::None => filled(cx, &Value::record([]), kind, place),
        written => written,
    }
}

fn number(of: &Value, name: &str) -> Option<f64> {
    match of {
        Value::Record(fields) => fields.get(name).and_then(as_number),
        _ => None,
    }
}
