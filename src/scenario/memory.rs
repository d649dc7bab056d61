//! Whether a server's model fits the GPUs that the server is for: the sum, and the error where
//! it does not come out.

use super::ClusterSpec;
use super::context::{Context, as_bool, as_number, as_text, member};
use super::gpu;
use crate::cost::{Architecture, Budget, Fit, Mla, Moe, Precision, Ranks, Step, Tower, Window};
use crate::diagnostics::{Diagnostic, codes};
use crate::eval::{Scope, Value};
use crate::resolve::Flat;
use crate::source::Span;
use crate::units::number;
use serde::Serialize;

/// More GPUs than this are not proposed.
const MOST_RANKS: f64 = 64.0;

/// What a server's model takes of each GPU.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MemorySpec {
    /// The name of the GPU's block.
    pub gpu: String,
    /// Where the engine takes its KV cache whole at the start.
    #[serde(skip)]
    pub pool: Option<Pool>,
    /// What a tensor-parallel step takes, of a few and of many tokens, where all of it is known.
    #[serde(skip)]
    pub steps: Vec<Step>,
    #[serde(flatten)]
    pub sum: Sum,
}

/// What an engine takes of each GPU at its start, in bytes, and leaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pool {
    /// Weights and KV cache; none where the model is not known.
    pub taken: Option<f64>,
    /// What it leaves beside them.
    pub left: f64,
}

/// Bytes are of one GPU.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Sum {
    Known {
        fits: bool,
        gpu_bytes: f64,
        /// What the engine may take for weights and KV cache.
        allowed_bytes: f64,
        weights_bytes: f64,
        /// What is left for the KV cache, at most.
        cache_bytes: f64,
        cache_bytes_per_token: f64,
        /// Tokens of one block of it, where the engine says that.
        #[serde(skip_serializing_if = "Option::is_none")]
        block_tokens: Option<f64>,
        /// The longest sequence that has room there, in tokens; none without a limit.
        longest_sequence: Option<f64>,
        /// The least time of a token of a single sequence: its weights are read once.
        #[serde(skip_serializing_if = "Option::is_none")]
        token_seconds: Option<f64>,
    },
    Unknown {
        unknown: String,
        /// It is for whoever wrote the file to say.
        #[serde(skip)]
        lacks: bool,
    },
}

/// The sum of a server of which the GPU is known, with the place that says it. What does not fit is
/// reported.
pub(super) fn lower(
    cx: &Context<'_>,
    server: &Flat,
    (written, place): (&Value, Span),
    engine: &Flat,
    model: &Value,
    scope: &Scope,
    cluster: Option<&ClusterSpec>,
) -> Option<MemorySpec> {
    let gpu = match written {
        Value::Block(block) => block.flat.title().to_string(),
        Value::Record(_) => "GPU".to_string(),
        _ => return None,
    };
    let figure = |name| as_number(&member(cx.eval, written, "gpu", name, place));
    let memory = figure("memory")?;
    let (model, ranks, budget) = match sides(cx, engine, model, scope, memory) {
        Ok(sides) => sides,
        Err(why) => {
            let (unknown, lacks) = match why {
                Why::Lacks(why) => (why, true),
                Why::Unknown(why) => (why, false),
            };
            let sum = Sum::Unknown { unknown, lacks };
            let pool = pool(cx, engine, scope, memory, None);
            return Some(MemorySpec {
                gpu,
                pool,
                steps: Vec::new(),
                sum,
            });
        }
    };
    let fit = Fit::of(&model, ranks, budget);
    if !fit.fits() {
        report(cx, (server, place), &gpu, &model, ranks, &fit);
    }
    Some(MemorySpec {
        gpu,
        pool: pool(cx, engine, scope, memory, Some(&fit)),
        steps: steps(cx, (written, place), &model, ranks, (&fit, cluster)),
        sum: Sum::Known {
            fits: fit.fits(),
            gpu_bytes: memory,
            allowed_bytes: fit.allowed(),
            weights_bytes: fit.weights.rank,
            cache_bytes: fit.room().max(0.0),
            cache_bytes_per_token: fit.cache.per_token(),
            block_tokens: engine
                .child("memory")
                .and_then(|block| as_number(&cx.attr_in(block, "block", scope)))
                .filter(|tokens| *tokens >= 1.0),
            longest_sequence: Some(fit.longest()).filter(|tokens| tokens.is_finite()),
            token_seconds: figure("bandwidth")
                .filter(|bandwidth| *bandwidth > 0.0)
                .map(|bandwidth| fit.weights.read / bandwidth),
        },
    })
}

/// Why a sum is not known.
pub(super) enum Why {
    /// A figure that the file could say.
    Lacks(String),
    /// What nobody can tell of this server.
    Unknown(String),
}

impl Why {
    pub(super) fn words(self) -> String {
        match self {
            Self::Lacks(why) | Self::Unknown(why) => why,
        }
    }
}

/// Sequences that are answered together, and tokens of a prompt that are taken at once, of the
/// steps that a link is judged by.
const TOGETHER: f64 = 64.0;
const CHUNK: f64 = 2048.0;

/// Steps over several GPUs; none where attention is not split as the rest is.
fn steps(
    cx: &Context<'_>,
    gpu: (&Value, Span),
    model: &Architecture,
    ranks: Ranks,
    (fit, cluster): (&Fit, Option<&ClusterSpec>),
) -> Vec<Step> {
    let gpu = gpu::lower(cx, gpu);
    let bytes = model
        .moe
        .and_then(|moe| moe.weights)
        .unwrap_or(model.weights)
        .bytes;
    let rates =
        gpu.and_then(|gpu| gpu.rates(bytes, cluster.and_then(|it| it.wire(ranks.tensor as u64))));
    match rates {
        Some(rates) if ranks.tensor > 1.0 && ranks.attention == ranks.tensor => [TOGETHER, CHUNK]
            .map(|tokens| Step::of(model, ranks, &fit.weights, rates, tokens))
            .into(),
        _ => Vec::new(),
    }
}

/// What an engine that preallocates leaves of a GPU; none where it does not say how much it takes.
fn pool(
    cx: &Context<'_>,
    engine: &Flat,
    scope: &Scope,
    memory: f64,
    fit: Option<&Fit>,
) -> Option<Pool> {
    let block = engine.child("memory")?;
    let attr = |attribute| cx.attr_in(block, attribute, scope);
    if as_bool(&attr("preallocates")) != Some(true) {
        return None;
    }
    let taken = fit.map(|fit| fit.weights.rank + fit.room().max(0.0));
    let whole = as_number(&attr("cache_share")).unwrap_or(1.0) >= 1.0;
    let left = match taken {
        Some(taken) => memory - taken,
        None if whole => memory * (1.0 - as_number(&attr("share")).unwrap_or(1.0)),
        None => return None,
    };
    // with all of it, the engine decides by itself how much it takes
    (left > 0.0).then_some(Pool { taken, left })
}

/// The model, how it is split, and what the engine may take; or why that is not known.
pub(super) fn sides(
    cx: &Context<'_>,
    engine: &Flat,
    model: &Value,
    scope: &Scope,
    memory: f64,
) -> Result<(Architecture, Ranks, Budget), Why> {
    let name = engine.title();
    let Some(block) = engine.child("memory") else {
        let why = format!("{name} does not tell how it uses a GPU's memory");
        return Err(Why::Lacks(why));
    };
    let attr = |attribute| cx.attr_in(block, attribute, scope);
    if let Some(why) = as_text(&attr("unknown")) {
        return Err(Why::Unknown(why));
    }
    let precision = |attribute| match as_text(&attr(attribute)) {
        None => Ok(None),
        Some(word) if word == "auto" => Ok(None),
        Some(word) => Precision::named(&word)
            .map(Some)
            .ok_or_else(|| Why::Unknown(format!("it is not known how many bytes `{word}` takes"))),
    };
    let mut model = architecture(model).map_err(Why::Lacks)?;
    if let Some(weights) = precision("weights")? {
        model.weights = weights;
        model.moe = model.moe.map(|moe| Moe {
            weights: None,
            ..moe
        });
    }
    let layout = |axis| match cx.eval.local("layout", scope) {
        Value::Record(fields) => fields.get(axis).and_then(as_number).unwrap_or(1.0),
        _ => 1.0,
    };
    let tensor = layout("tp");
    let ranks = Ranks {
        tensor,
        attention: as_number(&attr("attention_ranks")).unwrap_or(tensor),
        experts: as_number(&attr("expert_ranks")).unwrap_or(tensor),
        stages: layout("pp"),
    };
    let budget = Budget {
        memory,
        share: as_number(&attr("share")).unwrap_or(1.0),
        cache_share: as_number(&attr("cache_share")).unwrap_or(1.0),
        cache: precision("cache")?.unwrap_or(Precision::BF16),
        sequence: as_number(&attr("sequence")).unwrap_or(0.0),
    };
    Ok((model, ranks, budget))
}

/// The figures of a `model` block, or which of them it does not say.
fn architecture(model: &Value) -> Result<Architecture, String> {
    let figure = |name: &str| maybe(model, name);
    let needed =
        |name: &str| figure(name).ok_or_else(|| format!("the model does not say its `{name}`"));
    let weights = |of: &Value| field(of, "weights").as_ref().and_then(as_text);
    let (hidden, heads) = (needed("hidden")?, needed("heads")?);
    let moe = part(model, "moe").map(|moe| Moe {
        experts: all(moe, "experts"),
        top_k: all(moe, "top_k"),
        shared: all(moe, "shared"),
        intermediate: all(moe, "intermediate"),
        first_dense: all(moe, "first_dense"),
        weights: weights(moe).and_then(|word| Precision::named(&word)),
    });
    // without it, a model of experts alone has no dense layer
    let intermediate = match &moe {
        Some(moe) if moe.first_dense == 0.0 => figure("intermediate").unwrap_or(0.0),
        _ => needed("intermediate")?,
    };
    let tower = |tower: &Value| Tower {
        layers: all(tower, "layers"),
        hidden: all(tower, "hidden"),
        intermediate: all(tower, "intermediate"),
        gated: flag(tower, "gated"),
    };
    Ok(Architecture {
        layers: needed("layers")?,
        cross_layers: figure("cross_layers").unwrap_or(0.0),
        hidden,
        heads,
        kv_heads: figure("kv_heads").unwrap_or(heads),
        head_dim: figure("head_dim").unwrap_or(hidden / heads),
        intermediate,
        gated: flag(model, "gated"),
        vocab: needed("vocab")?,
        tied: flag(model, "tied_embeddings"),
        weights: stored(model)?,
        moe,
        mla: part(model, "mla").map(|mla| Mla {
            q_rank: all(mla, "q_rank"),
            kv_rank: all(mla, "kv_rank"),
            nope: all(mla, "nope"),
            rope: all(mla, "rope"),
            value: all(mla, "value"),
        }),
        window: figure("sliding_window").map(|size| Window {
            layers: figure("sliding_layers").unwrap_or(0.0),
            size,
        }),
        towers: ["vision", "audio"]
            .iter()
            .filter_map(|name| part(model, name).map(tower))
            .collect(),
    })
}

/// How the model's weights are stored: as it says, or as the name of its quantisation tells.
fn stored(model: &Value) -> Result<Precision, String> {
    let text = |name| field(model, name).as_ref().and_then(as_text);
    match text("weights").or_else(|| text("quantization")) {
        None => Ok(Precision::BF16),
        Some(word) => Precision::named(&word).ok_or_else(|| {
            format!("how many bytes `{word}` takes is not known: say the model's `weights`")
        }),
    }
}

fn field(of: &Value, name: &str) -> Option<Value> {
    match of {
        Value::Record(fields) => fields.get(name).cloned(),
        _ => None,
    }
}

fn part<'v>(of: &'v Value, name: &str) -> Option<&'v Value> {
    match of {
        Value::Record(fields) => fields.get(name).filter(|v| matches!(v, Value::Record(_))),
        _ => None,
    }
}

fn maybe(of: &Value, name: &str) -> Option<f64> {
    as_number(&field(of, name)?)
}

/// A figure that the schema requires, or gives a default.
fn all(of: &Value, name: &str) -> f64 {
    maybe(of, name).unwrap_or(0.0)
}

fn flag(of: &Value, name: &str) -> bool {
    field(of, name).as_ref().and_then(as_bool).unwrap_or(false)
}

fn report(
    cx: &Context<'_>,
    (server, place): (&Flat, Span),
    gpu: &str,
    model: &Architecture,
    ranks: Ranks,
    fit: &Fit,
) {
    let budget = fit.budget;
    let gib = |bytes: f64| format!("{} GiB", number(bytes / f64::from(1u32 << 30), 4));
    let tokens = |count: f64| format!("{} tok", number(count, 15));
    let alone = fit.weights.rank >= fit.allowed();
    let allowed = match budget.share {
        1.0 => gib(budget.memory),
        share => format!(
            "{}% of {} = {}",
            number(share * 100.0, 4),
            gib(budget.memory),
            gib(fit.allowed())
        ),
    };
    let weights = gib(fit.weights.rank);
    let (needs, has) = if alone {
        (format!("{weights} of weights"), allowed)
    } else {
        let sequence = format!(
            "{} of KV cache for one sequence of {}",
            gib(fit.sequence()),
            tokens(budget.sequence)
        );
        let left = gib(fit.allowed() - fit.weights.rank);
        let room = match budget.cache_share {
            1.0 => left,
            share => format!(
                "{}% of {left} = {}",
                number(share * 100.0, 4),
                gib(fit.room())
            ),
        };
        let has = format!("{room}: {allowed}, less {weights} of weights");
        (sequence, has)
    };
    let message = format!("the model does not fit: each {gpu} needs {needs}, and has {has}");
    let mut diagnostic = Diagnostic::error(codes::DOES_NOT_FIT, place, message)
        .label(cx.place(server, "model"), "this model");
    let split = |ranks: &[(&str, f64)]| {
        let named = ranks.iter().filter(|(_, n)| *n > 1.0);
        let named: Vec<String> = named.map(|(name, n)| format!("{name} = {n}")).collect();
        match named.is_empty() {
            true => String::new(),
            false => format!(" over {}", named.join(", ")),
        }
    };
    let axes = [("tp", ranks.tensor), ("pp", ranks.stages)];
    let mut sum = format!("the weights are {}{}", gib(fit.weights.model), split(&axes));
    if !alone {
        let kib = fit.cache.per_token() / 1024.0;
        sum.push_str(&format!("; a token's KV cache is {} KiB", number(kib, 4)));
    }
    diagnostic = diagnostic.help(format!(
        "{sum}; activations and the engine's own buffers come on top"
    ));
    let larger = larger(model, ranks, budget).map(|tp| format!("`layout {{ tp = {tp} }}`"));
    let longest = Some(fit.longest()).filter(|longest| !alone && *longest >= 1.0);
    let shorter = longest.map(|longest| format!("sequences of at most {}", tokens(longest)));
    let ways: Vec<String> = larger.into_iter().chain(shorter).collect();
    diagnostic = diagnostic.help(match ways.as_slice() {
        [] => "take a GPU with more memory, more pipeline stages (`pp`), or weights of fewer bits"
            .to_string(),
        ways => format!("it fits with {}", ways.join(", or with ")),
    });
    cx.eval.report(diagnostic);
}

/// The least number of tensor-parallel ranks, twice what there are or more, with which it fits.
fn larger(model: &Architecture, ranks: Ranks, budget: Budget) -> Option<f64> {
    let factors = [2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    factors.into_iter().find_map(|factor| {
        let more = Ranks {
            tensor: ranks.tensor * factor,
            attention: ranks.attention * factor,
            experts: ranks.experts * factor,
            stages: ranks.stages,
        };
        let whole = model.heads % more.attention == 0.0 && more.tensor <= MOST_RANKS;
        (whole && Fit::of(model, more, budget).fits()).then_some(more.tensor)
    })
}

impl MemorySpec {
    /// `weights 15 GiB, at most 113.6 GiB for the KV cache`
    pub fn words(&self) -> String {
        let gib = |bytes: f64| format!("{} GiB", number(bytes / f64::from(1u32 << 30), 4));
        match &self.sum {
            Sum::Unknown { unknown, .. } => format!("memory on {}: not known, {unknown}", self.gpu),
            Sum::Known {
                weights_bytes,
                cache_bytes,
                longest_sequence,
                allowed_bytes,
                token_seconds,
                ..
            } => {
                let mut words = format!(
                    "each {}: weights {} of {}, at most {} for KV cache",
                    self.gpu,
                    gib(*weights_bytes),
                    gib(*allowed_bytes),
                    gib(*cache_bytes),
                );
                if let Some(tokens) = longest_sequence {
                    words.push_str(&format!(" ({} tokens)", number(*tokens, 15)));
                }
                if let Some(seconds) = token_seconds {
                    let ms = number(seconds * 1000.0, 3);
                    words.push_str(&format!(", {ms} ms a token at least"));
                }
                words
            }
        }
    }
}
